//! Passkeys, as their owner and as whoever has copied something of them see it.

use super::{
    Sessions,
    grant::Grants,
    jwt::Access,
    mailbox::Mailbox,
    passkey::Passkeys,
    session::{Granted, SignInError},
};
use crate::{
    accounts::mailbox::Letter,
    testing::{
        TestApp, mails,
        passkey::{Device, PRESENT},
    },
};
use cartwheel_domain::time::{MINUTE, SECOND};
use cartwheel_entity::organisation;
use cartwheel_macros::db_test;
use futures_util::future::join_all;
use sea_orm::{ColumnTrait, QueryFilter, sea_query::Expr};
use serde_json::{Value, json};

const EMAIL: &str = "a@owner.example";
const PASSWORD: &str = "correct horse battery";
const SITE: &str = "https://console.example";

fn sessions(app: &TestApp) -> Sessions {
    let sessions = Sessions::new(app.db().clone(), app.env().clone(), app.master_key()).expect("sessions");
    sessions.with_mailbox(Mailbox { sign_up: false }).with_passkeys(Passkeys::at(SITE))
}

async fn signed_in(sessions: &Sessions, email: &str) -> Access {
    let granted = sessions.sign_in(email, PASSWORD, None, "test").await.expect("in");
    access(sessions, &granted).await.0
}

async fn access(sessions: &Sessions, granted: &Granted) -> (Access, bool) {
    let (own, alive) = sessions.authenticate(&granted.access_token).await.expect("asked").expect("alive");
    (own, alive.coded)
}

/// A device with a passkey of somebody, added a second before now.
async fn added(app: &TestApp, sessions: &Sessions, own: Access, id: &[u8]) -> Device {
    let mut device = Device::new(SITE, id);
    let begun = sessions.start_passkey(own, PASSWORD).await.expect("begun");
    sessions.add_passkey(own, &begun.note, &device.make(&begun.options), "Laptop").await.expect("added");
    app.clock().advance(SECOND);
    device
}

async fn show(sessions: &Sessions, note: &str, answer: &Value) -> Result<Granted, SignInError> {
    sessions.finish_passkey_sign_in(note, &answer.to_string(), None, "test").await
}

#[db_test]
async fn a_passkey_is_password_and_code_in_one(app: TestApp) {
    app.store("a").await;
    let sessions = sessions(&app);
    let own = signed_in(&sessions, EMAIL).await;
    let device = added(&app, &sessions, own, b"laptop").await;
    let begun = sessions.start_passkey_sign_in().expect("begun");
    assert_eq!(begun.options["publicKey"]["allowCredentials"], json!([]), "nobody is named");
    let granted = show(&sessions, &begun.note, &device.sign(&begun.options)).await.expect("in");
    let (who, coded) = access(&sessions, &granted).await;
    assert_eq!((who.member, coded), (own.member, true));
    let list = sessions.passkeys(own.member).await.expect("listed");
    assert_eq!(list.len(), 1);
    assert_eq!((list[0].name.as_str(), list[0].last_used_at), ("Laptop", Some(app.env().now())));

    let id = cartwheel_domain::ids::PasskeyId(list[0].id);
    assert!(matches!(sessions.remove_passkey(own, id, "wrong").await, Err(SignInError::Refused)));
    assert!(sessions.remove_passkey(own, id, PASSWORD).await.expect("removed"));
    assert!(!sessions.remove_passkey(own, id, PASSWORD).await.expect("nothing left"));
    app.clock().advance(SECOND);
    let begun = sessions.start_passkey_sign_in().expect("begun");
    let gone = show(&sessions, &begun.note, &device.sign(&begun.options)).await;
    assert!(matches!(gone, Err(SignInError::Refused)));
    let letters: Vec<_> = mails(&app).await.into_iter().map(|mail| mail.letter).collect();
    assert_eq!(letters, [Letter::PasskeyAdded, Letter::PasskeyRemoved]);
    app.allow_leftovers();
}

/// What was signed once opens one session, however often and however fast it is shown.
#[db_test]
async fn an_answer_counts_once(app: TestApp) {
    app.store("a").await;
    let sessions = sessions(&app);
    let own = signed_in(&sessions, EMAIL).await;
    let device = added(&app, &sessions, own, b"laptop").await;
    let begun = sessions.start_passkey_sign_in().expect("begun");
    let answer = device.sign(&begun.options);
    app.clock().advance(SECOND);
    let tries = join_all((0..5).map(|_| show(&sessions, &begun.note, &answer))).await;
    assert_eq!(tries.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    app.clock().advance(SECOND);
    assert!(matches!(show(&sessions, &begun.note, &answer).await, Err(SignInError::NoChallenge)));
    // What was begun before somebody came in by it is worth nothing either.
    let early = sessions.start_passkey_sign_in().expect("begun");
    app.clock().advance(SECOND);
    let late = sessions.start_passkey_sign_in().expect("begun");
    show(&sessions, &late.note, &device.sign(&late.options)).await.expect("in");
    let outcome = show(&sessions, &early.note, &device.sign(&early.options)).await;
    assert!(matches!(outcome, Err(SignInError::NoChallenge)));
    app.allow_leftovers();
}

#[db_test]
async fn what_is_not_signed_here_by_its_owner_opens_nothing(app: TestApp) {
    app.store("a").await;
    app.store("b").await;
    let sessions = sessions(&app);
    let own = signed_in(&sessions, EMAIL).await;
    let mut device = added(&app, &sessions, own, b"laptop").await;
    let other = signed_in(&sessions, "b@owner.example").await;
    let others = added(&app, &sessions, other, b"phone").await;
    let begun = sessions.start_passkey_sign_in().expect("begun");
    let another = sessions.start_passkey_sign_in().expect("begun");
    let good = device.sign(&begun.options);
    let mut wrong: Vec<(&str, Value)> = Vec::new();

    wrong.push(("for another challenge", device.sign(&another.options)));
    device.origin = "https://console.example.evil.example".into();
    wrong.push(("at a page that looks like ours", device.sign(&begun.options)));
    device.origin = SITE.into();
    device.rp = "evil.example".into();
    wrong.push(("for another site", device.sign(&begun.options)));
    device.rp = "console.example".into();
    device.flags = PRESENT;
    wrong.push(("without the owner's finger", device.sign(&begun.options)));
    let user =
        |of: &Device| base64::Engine::encode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, &of.user);
    let mut changed = good.clone();
    changed["response"]["userHandle"] = user(&others).into();
    wrong.push(("in somebody else's name", changed));
    let mut changed = others.sign(&begun.options);
    changed["response"]["userHandle"] = user(&device).into();
    wrong.push(("by somebody else's key in this name", changed));
    let mut changed = good.clone();
    changed["response"]["userHandle"] = Value::Null;
    wrong.push(("in no name", changed));
    let mut unknown = Device::new(SITE, b"unknown");
    unknown.user.clone_from(&device.user);
    wrong.push(("by an unknown key", unknown.sign(&begun.options)));
    unknown.id = b"laptop".to_vec();
    wrong.push(("by another key of the same name", unknown.sign(&begun.options)));
    for (place, name) in [
        ("signature", "a changed signature"),
        ("authenticatorData", "changed data"),
        ("clientDataJSON", "a changed page"),
    ] {
        let mut changed = good.clone();
        let text = changed["response"][place].as_str().expect("a text").to_owned();
        let at = text.len() / 2;
        let letter = if text.as_bytes()[at] == b'A' { "B" } else { "A" };
        changed["response"][place] = format!("{}{letter}{}", &text[..at], &text[at + 1..]).into();
        wrong.push((name, changed));
    }
    for junk in [json!(null), json!([]), json!({}), json!("x"), json!({ "id": "x".repeat(70_000) })] {
        wrong.push(("junk", junk));
    }
    for (what, answer) in &wrong {
        let outcome = show(&sessions, &begun.note, answer).await;
        assert!(matches!(outcome, Err(SignInError::Refused | SignInError::Throttled(_))), "{what}");
        app.clock().advance(1);
    }
    assert!(wrong.len() >= 17);
    app.clock().advance(61 * MINUTE);
    let begun = sessions.start_passkey_sign_in().expect("begun");
    device.flags = crate::testing::passkey::VERIFIED;
    show(&sessions, &begun.note, &device.sign(&begun.options)).await.expect("the right one is let in");
    app.allow_leftovers();
}

/// A copy of a key that counts is found by its counter.
#[db_test]
async fn a_counter_that_goes_back_is_a_copy(app: TestApp) {
    app.store("a").await;
    let sessions = sessions(&app);
    let own = signed_in(&sessions, EMAIL).await;
    let mut device = added(&app, &sessions, own, b"laptop").await;
    for (counter, good) in [(7, true), (8, true), (8, false), (3, false), (9, true)] {
        device.counter = counter;
        let begun = sessions.start_passkey_sign_in().expect("begun");
        let outcome = show(&sessions, &begun.note, &device.sign(&begun.options)).await;
        assert_eq!(outcome.is_ok(), good, "{counter}");
        app.clock().advance(SECOND);
    }
    app.allow_leftovers();
}

#[db_test]
async fn notes_are_signed_end_and_are_for_one_thing(app: TestApp) {
    app.store("a").await;
    let sessions = sessions(&app);
    let own = signed_in(&sessions, EMAIL).await;
    let device = added(&app, &sessions, own, b"laptop").await;
    let begun = sessions.start_passkey_sign_in().expect("begun");
    let answer = device.sign(&begun.options);
    let making = sessions.start_passkey(own, PASSWORD).await.expect("begun");
    let mut forged: Vec<String> = (0..begun.note.len())
        .map(|at| {
            let letter = if begun.note.as_bytes()[at] == b'A' { "B" } else { "A" };
            format!("{}{letter}{}", &begun.note[..at], &begun.note[at + 1..])
        })
        .collect();
    // The last letter has bits that mean nothing; base64 that has them set is refused as well.
    forged.extend(["", "A", "cwc_", &begun.note[..begun.note.len() - 4], &making.note].map(str::to_owned));
    forged.push("A".repeat(5_000));
    forged.push(format!("{}=", begun.note));
    for note in &forged {
        assert!(matches!(show(&sessions, note, &answer).await, Err(SignInError::NoChallenge)), "{note}");
    }
    app.clock().advance(10 * MINUTE);
    assert!(matches!(show(&sessions, &begun.note, &answer).await, Err(SignInError::NoChallenge)), "too old");
    app.allow_leftovers();
}

#[db_test]
async fn a_passkey_is_added_by_whoever_knows_the_password_in_the_same_session(app: TestApp) {
    app.store("a").await;
    let sessions = sessions(&app);
    let own = signed_in(&sessions, EMAIL).await;
    assert!(matches!(sessions.start_passkey(own, "wrong").await, Err(SignInError::Refused)));
    let begun = sessions.start_passkey(own, PASSWORD).await.expect("begun");
    assert_eq!(begun.options["publicKey"]["authenticatorSelection"]["residentKey"], "required");
    assert_eq!(begun.options["publicKey"]["authenticatorSelection"]["userVerification"], "required");
    let mut device = Device::new(SITE, b"laptop");
    let made = device.make(&begun.options);
    let elsewhere = signed_in(&sessions, EMAIL).await;
    let add = |who, name: &'static str| {
        let (sessions, note, made) = (sessions.clone(), begun.note.clone(), made.clone());
        async move { sessions.add_passkey(who, &note, &made, name).await }
    };
    assert!(matches!(add(elsewhere, "Laptop").await, Err(SignInError::NoChallenge)));
    for name in ["", "  ", "a\u{0}b", "\n"] {
        assert!(matches!(add(own, name).await, Err(SignInError::Invalid("name", _))), "{name:?}");
    }
    add(own, "  Laptop ").await.expect("added");
    assert!(matches!(add(own, "Again").await, Err(SignInError::AlreadyOn)));
    let begun = sessions.start_passkey(own, PASSWORD).await.expect("begun");
    let known = begun.options["publicKey"]["excludeCredentials"].as_array().expect("a list");
    assert_eq!(known.len(), 1, "the browser is told which it has");
    let mut unverified = Device::new(SITE, b"unverified");
    unverified.flags = PRESENT;
    let made = unverified.make(&begun.options);
    assert!(matches!(sessions.add_passkey(own, &begun.note, &made, "x").await, Err(SignInError::Refused)));
    for n in 1..20_u8 {
        added(&app, &sessions, own, &[n; 16]).await;
    }
    assert!(matches!(sessions.start_passkey(own, PASSWORD).await, Err(SignInError::TooMany)));
    app.allow_leftovers();
}

/// Owners of agencies reach the shops of many: a passkey is the code they must have.
#[db_test]
async fn a_passkey_opens_an_agency_to_its_owner(app: TestApp) {
    let store = app.store("a").await;
    let sessions = sessions(&app);
    let own = signed_in(&sessions, EMAIL).await;
    let device = added(&app, &sessions, own, b"laptop").await;
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
    let grants = Grants::new(app.db().clone(), app.env().clone(), sessions.clone(), app.stores().clone());
    let viewer = |token: String| {
        let grants = grants.clone();
        async move { grants.viewer(&token).await.expect("asked").expect("alive") }
    };
    let by_password = sessions.sign_in(EMAIL, PASSWORD, None, "test").await.expect("in");
    assert!(viewer(by_password.access_token).await.withheld);
    let begun = sessions.start_passkey_sign_in().expect("begun");
    let by_key = show(&sessions, &begun.note, &device.sign(&begun.options)).await.expect("in");
    assert!(!viewer(by_key.access_token).await.withheld);
    app.allow_leftovers();
}

#[db_test]
async fn where_browsers_have_none_none_are_offered(app: TestApp) {
    for url in [
        "http://127.0.0.1:8080",
        "http://console.example",
        "https://192.0.2.1",
        "https://[2001:db8::1]",
        "none",
    ] {
        assert!(Passkeys::at(url).is_none(), "{url}");
    }
    for url in [SITE, "http://localhost:8080", "https://console.example:8443"] {
        assert!(Passkeys::at(url).is_some(), "{url}");
    }
    app.store("a").await;
    let without = Sessions::new(app.db().clone(), app.env().clone(), app.master_key()).expect("sessions");
    let own = signed_in(&without, EMAIL).await;
    assert!(matches!(without.start_passkey_sign_in(), Err(SignInError::NotOffered)));
    assert!(matches!(without.start_passkey(own, PASSWORD).await, Err(SignInError::NotOffered)));
}
