//! Sign-up and forgotten passwords, as their owner and as a stranger see them.

use super::{
    Sessions,
    mailbox::{Mailbox, SignUp},
    session::SignInError,
};
use crate::{
    accounts::mailbox::{Letter, Purpose},
    testing::{TestApp, mails},
};
use cartwheel_domain::{
    locale::Language,
    time::{DAY, HOUR, MINUTE, SECOND},
};
use cartwheel_entity::{member, membership, organisation, service_mail};
use cartwheel_macros::db_test;
use sea_orm::{ColumnTrait, PaginatorTrait, QueryFilter};

const OLD: &str = "correct horse battery";
const NEW: &str = "violet kettle under seven stairs";

fn sessions(app: &TestApp, sign_up: bool) -> Sessions {
    let sessions = Sessions::new(app.db().clone(), app.env().clone(), app.master_key()).expect("sessions");
    sessions.with_mailbox(Mailbox { sign_up })
}

async fn ask(sessions: &Sessions, purpose: Purpose, email: &str) -> Result<(), SignInError> {
    sessions.ask(purpose, email, Language::De, None).await
}

/// The token in the newest mail.
async fn token(app: &TestApp) -> String {
    match mails(app).await.pop().map(|mail| mail.letter) {
        Some(Letter::SignUp { token } | Letter::Reset { token }) => token,
        other => panic!("no mail with a link: {other:?}"),
    }
}

fn ben(token: &str) -> SignUp<'_> {
    SignUp {
        token,
        name: "Ben",
        organisation: "Lampen",
        agency: false,
        password: NEW,
        language: Language::De,
    }
}

#[db_test]
async fn whoever_reads_the_mailbox_makes_the_account(app: TestApp) {
    let sessions = sessions(&app, true);
    ask(&sessions, Purpose::SignUp, " Ben@New.example").await.expect("asked");
    let sent = mails(&app).await;
    assert_eq!((sent[0].to.as_str(), sent[0].language), ("ben@new.example", Language::De));
    let token = token(&app).await;
    let known = sessions.address_of(Purpose::SignUp, &token).await.expect("looked");
    assert_eq!(known.map(|e| e.to_string()).as_deref(), Some("ben@new.example"));
    assert!(sessions.address_of(Purpose::Reset, &token).await.expect("looked").is_none(), "for one purpose");

    for (wrong, field) in [
        (SignUp { name: " ", ..ben(&token) }, "name"),
        (SignUp { organisation: "a\u{202e}b", ..ben(&token) }, "organisation"),
        (SignUp { password: "password1", ..ben(&token) }, "password"),
    ] {
        let said = sessions.sign_up(wrong, "test").await.err();
        assert!(matches!(said, Some(SignInError::Invalid(f, _)) if f == field), "{field}: {said:?}");
    }
    let granted = sessions.sign_up(ben(&token), "test").await.expect("in");
    let (access, _) = sessions.authenticate(&granted.access_token).await.expect("asked").expect("signed in");
    assert!(matches!(sessions.sign_up(ben(&token), "test").await, Err(SignInError::NoLink)), "it works once");
    sessions.sign_in("ben@new.example", NEW, None, "test").await.expect("the password works");

    let mut tx = app.db().read().await.expect("a transaction");
    let system = tx.system().await.expect("all");
    let own = membership::Column::MemberId.eq(access.member.uuid());
    let own = system.find::<membership::Entity>().filter(own).all(system.on()).await.expect("rows");
    let [own] = own.as_slice() else { panic!("{own:?}") };
    assert_eq!(own.role, "owner");
    let made = organisation::Column::Id.eq(own.organisation_id);
    let made = system.find::<organisation::Entity>().filter(made).one(system.on()).await.expect("row");
    assert_eq!(made.map(|o| (o.name, o.kind)), Some(("Lampen".into(), "merchant".into())));
    assert!(crate::accounts::audit::verify(app.db()).await.expect("verified").is_empty());
}

/// Of two who use a link at once one gets in, and there is one account.
#[db_test]
async fn a_link_used_twice_at_once_makes_one_account(app: TestApp) {
    let sessions = sessions(&app, true);
    ask(&sessions, Purpose::SignUp, "ben@new.example").await.expect("asked");
    ask(&sessions, Purpose::SignUp, "ben@new.example").await.expect("asked again");
    let tokens: Vec<String> = mails(&app)
        .await
        .into_iter()
        .filter_map(|mail| if let Letter::SignUp { token } = mail.letter { Some(token) } else { None })
        .collect();
    let (a, b, c) = tokio::join!(
        sessions.sign_up(ben(&tokens[0]), "a"),
        sessions.sign_up(ben(&tokens[1]), "b"),
        sessions.sign_up(ben(&tokens[1]), "c")
    );
    assert_eq!([a.is_ok(), b.is_ok(), c.is_ok()].into_iter().filter(|ok| *ok).count(), 1);
    let mut tx = app.db().read().await.expect("a transaction");
    let system = tx.system().await.expect("all");
    assert_eq!(system.find::<member::Entity>().count(system.on()).await.expect("counted"), 1);
}

/// What is answered, and what is written, is the same for an address with an account and for one without.
#[db_test]
async fn a_stranger_learns_nothing_of_who_has_an_account(app: TestApp) {
    app.store("a").await;
    let sessions = sessions(&app, true);
    let mut seen = Vec::new();
    for purpose in [Purpose::SignUp, Purpose::Reset] {
        for email in ["a@owner.example", "nobody@owner.example"] {
            app.clock().advance(SECOND);
            ask(&sessions, purpose, email).await.expect("asked");
            seen.push(mails(&app).await.pop().expect("a row").letter);
        }
    }
    assert!(
        matches!(
            seen.as_slice(),
            [Letter::Known, Letter::SignUp { .. }, Letter::Reset { .. }, Letter::Nothing]
        ),
        "{seen:?}"
    );
    // Nothing in the rows that wait says to whom they go, or opens anything.
    let mut tx = app.db().read().await.expect("a transaction");
    let system = tx.system().await.expect("all");
    for row in system.find::<service_mail::Entity>().all(system.on()).await.expect("rows") {
        let shown = format!("{row:?}");
        assert!(!shown.contains("owner.example") && !shown.contains("cwm_"), "{shown}");
    }
}

#[db_test]
async fn a_forgotten_password_is_replaced_and_everybody_signed_out(app: TestApp) {
    app.store("a").await;
    let sessions = sessions(&app, false);
    let before = sessions.sign_in("a@owner.example", OLD, None, "thief").await.expect("in");
    ask(&sessions, Purpose::Reset, "a@owner.example").await.expect("asked");
    let first = token(&app).await;
    app.clock().advance(SECOND);
    ask(&sessions, Purpose::Reset, "a@owner.example").await.expect("asked again");
    let token = token(&app).await;
    assert!(matches!(
        sessions.reset(&token, "owner.example", "test").await,
        Err(SignInError::Invalid("password", _))
    ));
    sessions.sign_in("a@owner.example", OLD, None, "test").await.expect("until then the old one works");

    app.clock().advance(SECOND);
    let granted = sessions.reset(&token, NEW, "test").await.expect("changed");
    assert!(sessions.authenticate(&granted.access_token).await.expect("asked").is_some());
    assert!(sessions.authenticate(&before.access_token).await.expect("asked").is_none(), "the thief is out");
    assert!(matches!(sessions.sign_in("a@owner.example", OLD, None, "t").await, Err(SignInError::Refused)));
    assert!(matches!(sessions.reset(&first, NEW, "test").await, Err(SignInError::NoLink)), "overtaken");
    let told = mails(&app).await.pop().expect("a mail");
    assert_eq!((told.to.as_str(), told.letter), ("a@owner.example", Letter::PasswordChanged));
}

/// A change by its owner makes links that wait in the mailbox lead nowhere, and is told.
#[db_test]
async fn a_changed_password_overtakes_the_links_that_wait(app: TestApp) {
    app.store("a").await;
    let sessions = sessions(&app, false);
    ask(&sessions, Purpose::Reset, "a@owner.example").await.expect("asked");
    let token = token(&app).await;
    let granted = sessions.sign_in("a@owner.example", OLD, None, "test").await.expect("in");
    let (access, _) = sessions.authenticate(&granted.access_token).await.expect("asked").expect("in");
    app.clock().advance(SECOND);
    sessions.change_password(access, OLD, NEW, None).await.expect("changed");
    assert!(matches!(sessions.reset(&token, OLD, "test").await, Err(SignInError::NoLink)));
    assert_eq!(mails(&app).await.pop().expect("a mail").letter, Letter::PasswordChanged);
}

#[db_test]
async fn links_end_and_mailboxes_are_not_filled(app: TestApp) {
    app.store("a").await;
    let sessions = sessions(&app, true);
    for _ in 0..5 {
        ask(&sessions, Purpose::Reset, "a@owner.example").await.expect("asked");
    }
    assert_eq!(mails(&app).await.len(), 3, "three an hour");
    for _ in 0..5 {
        ask(&sessions, Purpose::Reset, "a@owner.example").await.expect("asked");
    }
    assert!(matches!(
        ask(&sessions, Purpose::Reset, "A@owner.example ").await,
        Err(SignInError::Throttled(1..=3_600))
    ));
    let old = token(&app).await;
    app.clock().advance(HOUR);
    assert!(matches!(sessions.reset(&old, NEW, "test").await, Err(SignInError::NoLink)), "an hour is over");
    ask(&sessions, Purpose::Reset, "a@owner.example").await.expect("asked");
    assert_eq!(mails(&app).await.len(), 4);

    // Mails of one moment have no order.
    app.clock().advance(SECOND);
    ask(&sessions, Purpose::SignUp, "ben@new.example").await.expect("asked");
    let day = token(&app).await;
    app.clock().advance(DAY - MINUTE);
    assert!(sessions.address_of(Purpose::SignUp, &day).await.expect("looked").is_some());
    app.clock().advance(MINUTE);
    assert!(sessions.address_of(Purpose::SignUp, &day).await.expect("looked").is_none());
    for wrong in ["", "no address", "a@b"] {
        let said = ask(&sessions, Purpose::SignUp, wrong).await.err();
        assert!(matches!(said, Some(SignInError::Invalid("email", _))), "{wrong}: {said:?}");
    }
}

/// Where the service sends no mails, or strangers are not let in, it says so.
#[db_test]
async fn what_is_not_offered_is_refused(app: TestApp) {
    let none = Sessions::new(app.db().clone(), app.env().clone(), app.master_key()).expect("sessions");
    let closed = sessions(&app, false);
    assert_eq!((none.ways(), closed.ways()), ((false, false), (true, false)));
    assert!(matches!(ask(&none, Purpose::Reset, "a@b.example").await, Err(SignInError::NotOffered)));
    assert!(matches!(ask(&closed, Purpose::SignUp, "a@b.example").await, Err(SignInError::NotOffered)));
    assert!(matches!(closed.sign_up(ben("cwm_x"), "test").await, Err(SignInError::NotOffered)));
}

/// Asking for one thing in vain takes nothing away from the other, and a new password ends the brake on guesses at the old one.
#[db_test]
async fn nobody_can_ask_recovery_away(app: TestApp) {
    app.store("a").await;
    let sessions = sessions(&app, true);
    for _ in 0..10 {
        ask(&sessions, Purpose::SignUp, "a@owner.example").await.expect("asked");
    }
    for n in 0..110 {
        let _ = sessions.sign_in("a@owner.example", &format!("wrong {n}"), None, "test").await;
    }
    assert!(matches!(
        sessions.sign_in("a@owner.example", OLD, None, "test").await,
        Err(SignInError::Throttled(_))
    ));
    app.clock().advance(SECOND);
    ask(&sessions, Purpose::Reset, "a@owner.example").await.expect("asked");
    sessions.reset(&token(&app).await, NEW, "test").await.expect("changed");
    sessions.sign_in("a@owner.example", NEW, None, "test").await.expect("no brake");
}
