//! The second factor, as its owner and as somebody who has only the password see it.

use super::{
    Sessions,
    grant::Grants,
    jwt::Access,
    mailbox::Mailbox,
    second_factor::Setup,
    session::{Granted, SignInError},
};
use crate::{
    accounts::{keys::Place, mailbox::Letter},
    testing::{TestApp, TestStore, mails},
};
use cartwheel_domain::time::{MINUTE, SECOND};
use cartwheel_entity::{member, organisation, second_factor};
use cartwheel_macros::db_test;
use futures_util::future::join_all;
use sea_orm::{ColumnTrait, QueryFilter, sea_query::Expr};
use totp_rs::{Builder, Secret, Totp};

const EMAIL: &str = "a@owner.example";
const PASSWORD: &str = "correct horse battery";

fn sessions(app: &TestApp) -> Sessions {
    let sessions = Sessions::new(app.db().clone(), app.env().clone(), app.master_key()).expect("sessions");
    sessions.with_mailbox(Mailbox { sign_up: false })
}

fn phone(setup: &Setup) -> Totp {
    let secret = Secret::try_from_base32(&setup.secret).expect("base32");
    Builder::new().with_secret(secret).build().expect("an app")
}

/// What the app shows at the test's time.
fn shown(app: &TestApp, phone: &Totp) -> String {
    phone.generate(u64::try_from(app.env().now() / 1000).expect("after 1970")).to_string()
}

async fn access(sessions: &Sessions, granted: &Granted) -> Access {
    sessions.authenticate(&granted.access_token).await.expect("asked").expect("alive").0
}

/// What the right password is answered with.
async fn challenge(sessions: &Sessions) -> String {
    match sessions.sign_in(EMAIL, PASSWORD, None, "test").await {
        Err(SignInError::SecondFactor(challenge)) => challenge,
        Ok(_) => panic!("let in without a code"),
        Err(e) => panic!("{e}"),
    }
}

async fn show(sessions: &Sessions, challenge: &str, code: &str) -> Result<Granted, SignInError> {
    sessions.second_factor(challenge, code, None, "test").await
}

/// Somebody with an app and recovery codes, and the session that set them up.
async fn set_up(app: &TestApp, sessions: &Sessions) -> (Totp, Vec<String>, Granted) {
    let here = sessions.sign_in(EMAIL, PASSWORD, None, "test").await.expect("in");
    let own = access(sessions, &here).await;
    let phone = phone(&sessions.start_second_factor(own, PASSWORD).await.expect("started"));
    let codes = sessions.confirm_second_factor(own, &shown(app, &phone)).await.expect("confirmed");
    app.clock().advance(MINUTE);
    (phone, codes, here)
}

#[db_test]
async fn once_it_is_on_the_password_alone_opens_nothing(app: TestApp) {
    app.store("a").await;
    let sessions = sessions(&app);
    let elsewhere = sessions.sign_in(EMAIL, PASSWORD, None, "test").await.expect("in");
    let (phone, codes, here) = set_up(&app, &sessions).await;
    assert_eq!(codes.len(), 10);
    assert!(sessions.authenticate(&elsewhere.access_token).await.expect("asked").is_none(), "others end");
    let (_, alive) = sessions.authenticate(&here.access_token).await.expect("asked").expect("alive");
    assert!(alive.coded, "whoever has set it up has shown a code");

    let challenge = challenge(&sessions).await;
    assert!(matches!(show(&sessions, &challenge, "000000").await, Err(SignInError::WrongCode)));
    let code = shown(&app, &phone);
    let granted = show(&sessions, &challenge, &format!("{} {}", &code[..3], &code[3..])).await.expect("in");
    assert!(
        sessions
            .authenticate(&granted.access_token)
            .await
            .expect("asked")
            .is_some_and(|(_, alive)| alive.coded)
    );
    let told: Vec<_> = mails(&app).await.into_iter().map(|mail| mail.letter).collect();
    assert_eq!(told, [Letter::SecondFactorOn]);
}

/// RFC 6238, section 5.2: a code is taken once, and none from before it.
#[db_test]
async fn a_code_is_taken_once(app: TestApp) {
    app.store("a").await;
    let sessions = sessions(&app);
    let (phone, ..) = set_up(&app, &sessions).await;
    let challenge = challenge(&sessions).await;
    let before = shown(&app, &phone);
    app.clock().advance(30 * SECOND);
    let code = shown(&app, &phone);
    show(&sessions, &challenge, &code).await.expect("in");
    for used in [&code, &before] {
        assert!(matches!(show(&sessions, &challenge, used).await, Err(SignInError::WrongCode)));
    }
    app.clock().advance(30 * SECOND);
    show(&sessions, &challenge, &shown(&app, &phone)).await.expect("the next one is good");
}

/// Of many requests with the same right code one is let in, and of many wrong ones five are looked at.
#[db_test]
async fn many_codes_at_once_are_judged_one_after_the_other(app: TestApp) {
    app.store("a").await;
    let sessions = sessions(&app);
    let (phone, codes, _) = set_up(&app, &sessions).await;
    let challenge = challenge(&sessions).await;
    let code = shown(&app, &phone);
    let answers = join_all((0..8).map(|_| show(&sessions, &challenge, &code))).await;
    assert_eq!(answers.iter().filter(|a| a.is_ok()).count(), 1);
    let used = &codes[0];
    let answers = join_all((0..4).map(|_| show(&sessions, &challenge, used))).await;
    assert!(answers.iter().filter(|a| a.is_ok()).count() <= 1, "a recovery code is taken once");

    app.clock().advance(31 * MINUTE);
    let challenge = self::challenge(&sessions).await;
    let guesses: Vec<String> = (0..12).map(|n| format!("{n:06}")).collect();
    let answers = join_all(guesses.iter().map(|guess| show(&sessions, &challenge, guess))).await;
    let judged = answers.iter().filter(|a| matches!(a, Err(SignInError::WrongCode))).count();
    assert_eq!(judged, 5);
    // Counted in the row: another process, or this one started anew, looks at no more of them.
    let elsewhere = self::sessions(&app);
    let right = shown(&app, &phone);
    let challenge = self::challenge(&elsewhere).await;
    let refused = show(&elsewhere, &challenge, &right).await;
    assert!(matches!(refused, Err(SignInError::Throttled(seconds)) if (1..=1_800).contains(&seconds)));
    app.clock().advance(30 * MINUTE);
    let challenge = self::challenge(&elsewhere).await;
    show(&elsewhere, &challenge, &shown(&app, &phone)).await.expect("half an hour later");
}

#[db_test]
async fn a_recovery_code_stands_in_once_and_the_mailbox_is_told(app: TestApp) {
    app.store("a").await;
    let sessions = sessions(&app);
    let (phone, codes, _) = set_up(&app, &sessions).await;
    let challenge = challenge(&sessions).await;
    let granted = show(&sessions, &challenge, &codes[3].to_uppercase()).await.expect("in");
    assert!(matches!(show(&sessions, &challenge, &codes[3]).await, Err(SignInError::WrongCode)));
    assert_eq!(mails(&app).await.pop().map(|m| m.letter), Some(Letter::RecoveryCodeUsed { left: 9 }));

    app.clock().advance(SECOND);
    let own = access(&sessions, &granted).await;
    let fresh = sessions.renew_recovery_codes(own, PASSWORD, &shown(&app, &phone)).await.expect("renewed");
    assert_eq!(mails(&app).await.pop().map(|m| m.letter), Some(Letter::RecoveryCodesRenewed));
    assert!(matches!(show(&sessions, &challenge, &codes[4]).await, Err(SignInError::WrongCode)), "overtaken");
    show(&sessions, &challenge, &fresh[4]).await.expect("in");
    assert_eq!(sessions.status(own.member).await.expect("asked").codes, 9);
}

/// A challenge stands for the password it was given for, and for ten minutes.
#[db_test]
async fn a_challenge_is_good_for_its_member_and_its_time(app: TestApp) {
    app.store("a").await;
    app.store("b").await;
    let sessions = sessions(&app);
    let (phone, ..) = set_up(&app, &sessions).await;
    let late = challenge(&sessions).await;
    app.clock().advance(10 * MINUTE);
    assert!(matches!(show(&sessions, &late, &shown(&app, &phone)).await, Err(SignInError::NoChallenge)));

    let good = challenge(&sessions).await;
    let mut forged =
        vec![String::new(), "cwc_".into(), "cwc_AAAA".into(), "nonsense".into(), good[4..].into()];
    for place in [5, 20, 30, good.len() - 3] {
        let mut other = good.clone();
        other.replace_range(place..=place, if &good[place..=place] == "A" { "B" } else { "A" });
        forged.push(other);
    }
    for challenge in forged {
        let refused = show(&sessions, &challenge, &shown(&app, &phone)).await;
        assert!(matches!(refused, Err(SignInError::NoChallenge)), "{challenge}");
    }
    let in_time = show(&sessions, &good, &shown(&app, &phone)).await.expect("in");
    app.clock().advance(30 * SECOND);
    let own = access(&sessions, &in_time).await;
    sessions.change_password(own, PASSWORD, "violet kettle under seven stairs", None).await.expect("changed");
    assert!(matches!(show(&sessions, &good, &shown(&app, &phone)).await, Err(SignInError::NoChallenge)));
}

/// Whoever has found an open browser can neither switch it off nor put their own app in its place.
#[db_test]
async fn a_stolen_session_changes_nothing(app: TestApp) {
    app.store("a").await;
    let sessions = sessions(&app);
    let stolen = sessions.sign_in(EMAIL, PASSWORD, None, "test").await.expect("in");
    let own = access(&sessions, &stolen).await;
    assert!(matches!(sessions.start_second_factor(own, "wrong").await, Err(SignInError::Refused)));
    assert!(matches!(sessions.confirm_second_factor(own, "123456").await, Err(SignInError::NotStarted)));

    let (phone, _, here) = set_up(&app, &sessions).await;
    let own = access(&sessions, &here).await;
    assert!(matches!(sessions.start_second_factor(own, PASSWORD).await, Err(SignInError::AlreadyOn)));
    let off = sessions.end_second_factor(own, "wrong", &shown(&app, &phone)).await;
    assert!(matches!(off, Err(SignInError::Refused)));
    for _ in 0..6 {
        assert!(sessions.renew_recovery_codes(own, "wrong", "000000").await.is_err());
    }
    let challenge = challenge(&sessions).await;
    let owner = show(&sessions, &challenge, &shown(&app, &phone)).await.expect("its tries are its owner's");
    app.clock().advance(30 * SECOND);
    let own = access(&sessions, &owner).await;
    let off = sessions.end_second_factor(own, PASSWORD, "000000").await;
    assert!(matches!(off, Err(SignInError::WrongCode)));
    assert!(sessions.status(own.member).await.expect("asked").since.is_some());

    sessions.end_second_factor(own, PASSWORD, &shown(&app, &phone)).await.expect("its owner may");
    assert_eq!(sessions.status(own.member).await.expect("asked").codes, 0);
    sessions.sign_in(EMAIL, PASSWORD, None, "test").await.expect("the password alone again");
    assert_eq!(mails(&app).await.pop().map(|m| m.letter), Some(Letter::SecondFactorOff));
}

/// An app that was begun and never shown a code of is not asked for.
#[db_test]
async fn what_was_only_begun_locks_nobody_out(app: TestApp) {
    app.store("a").await;
    let sessions = sessions(&app);
    let here = sessions.sign_in(EMAIL, PASSWORD, None, "test").await.expect("in");
    let own = access(&sessions, &here).await;
    let first = sessions.start_second_factor(own, PASSWORD).await.expect("started");
    sessions.sign_in(EMAIL, PASSWORD, None, "test").await.expect("no code is asked for");
    let second = sessions.start_second_factor(own, PASSWORD).await.expect("started again");
    let old = sessions.confirm_second_factor(own, &shown(&app, &phone(&first))).await;
    assert!(matches!(old, Err(SignInError::WrongCode)), "the first is forgotten");
    sessions.confirm_second_factor(own, &shown(&app, &phone(&second))).await.expect("on");
    assert!(second.uri.starts_with("otpauth://totp/Cartwheel:a%40owner.example?"), "{}", second.uri);
    assert!(second.qr.contains("<svg"), "{}", &second.qr[..80]);
}

async fn make_agency(app: &TestApp, store: &TestStore) {
    let mut tx = app.db().write().await.expect("a transaction");
    let system = tx.system().await.expect("all");
    system
        .update::<organisation::Entity>()
        .col_expr(organisation::Column::Kind, Expr::value("agency"))
        .filter(organisation::Column::Id.eq(store.keys.organisation_id.uuid()))
        .exec(system.on())
        .await
        .expect("changed");
    tx.commit().await.expect("committed");
}

/// Owners of agencies reach the shops of many: theirs stay closed until a code was shown.
#[db_test]
async fn an_agencys_owner_gets_in_with_a_code_alone(app: TestApp) {
    let store = app.store("a").await;
    make_agency(&app, &store).await;
    let sessions = sessions(&app);
    let grants = Grants::new(app.db().clone(), app.env().clone(), sessions.clone(), app.stores().clone());
    let open = async |granted: &Granted| {
        let viewer = grants.viewer(&granted.access_token).await.expect("asked").expect("somebody");
        let scope = grants.scope(&viewer, store.id()).await.expect("asked").is_some();
        assert_eq!(scope, viewer.organisation(store.keys.organisation_id).is_some());
        (scope, viewer.withheld)
    };
    let weak = sessions.sign_in(EMAIL, PASSWORD, None, "test").await.expect("in");
    assert_eq!(open(&weak).await, (false, true));
    let own = access(&sessions, &weak).await;
    assert!(sessions.status(own.member).await.expect("asked").required);

    let (phone, _, here) = set_up(&app, &sessions).await;
    assert_eq!(open(&here).await, (true, false));
    let own = access(&sessions, &here).await;
    let off = sessions.end_second_factor(own, PASSWORD, &shown(&app, &phone)).await;
    assert!(matches!(off, Err(SignInError::Required)));
    let key = grants.viewer(&store.keys.api_key).await.expect("asked").expect("a key");
    assert!(grants.scope(&key, store.id()).await.expect("asked").is_some(), "keys are no people");
}

/// The operator lets somebody in who has lost everything; an agency's owner then sets up another app.
#[db_test]
async fn the_operator_takes_a_lost_factor_away(app: TestApp) {
    app.store("a").await;
    let sessions = sessions(&app);
    let (.., here) = set_up(&app, &sessions).await;
    let row = {
        let mut tx = app.db().read().await.expect("a transaction");
        let system = tx.system().await.expect("all");
        let query = system.find::<member::Entity>().filter(member::Column::Email.eq(EMAIL));
        query.one(system.on()).await.expect("asked").expect("a member")
    };
    assert!(sessions.reset_second_factor(&row).await.expect("done"));
    assert!(!sessions.reset_second_factor(&row).await.expect("done"), "once");
    assert!(sessions.authenticate(&here.access_token).await.expect("asked").is_none());
    sessions.sign_in(EMAIL, PASSWORD, None, "test").await.expect("the password alone");
}

/// Neither seed nor recovery code stands in the database as it is shown.
#[db_test]
async fn a_stolen_database_shows_no_code(app: TestApp) {
    app.store("a").await;
    let sessions = sessions(&app);
    let here = sessions.sign_in(EMAIL, PASSWORD, None, "test").await.expect("in");
    let own = access(&sessions, &here).await;
    let setup = sessions.start_second_factor(own, PASSWORD).await.expect("started");
    let codes = sessions.confirm_second_factor(own, &shown(&app, &phone(&setup))).await.expect("on");
    let mut tx = app.db().read().await.expect("a transaction");
    let system = tx.system().await.expect("all");
    let factors = system.find::<second_factor::Entity>().all(system.on()).await.expect("rows");
    let kept = system.find::<cartwheel_entity::recovery_code::Entity>().all(system.on()).await.expect("rows");
    let text = format!("{factors:?}{kept:?}");
    assert!(!text.contains(&setup.secret));
    for code in codes {
        let plain = code.replace('-', "");
        let hash = crate::accounts::service::key_hash(&plain);
        assert!(!text.contains(&plain) && !text.contains(&code) && !text.contains(&hash), "{code}");
    }
    let another = Place::Factor(app.env().id());
    let moved = app.master_key().unseal(&system, another, &factors[0].sealed).await.expect("looked");
    assert!(moved.is_none(), "bound to its owner");
}
