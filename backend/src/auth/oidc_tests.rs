//! Sign-in at a provider, as its owner, as a thief and as a provider that lies see it.

use super::{
    Sessions,
    jwt::Access,
    mailbox::Mailbox,
    oidc::{Arrival, Back, Departure, Oidc},
    session::{Granted, SignInError},
};
use crate::{
    accounts::mailbox::Letter,
    config::{Provider, Secret},
    testing::{
        TestApp, mails,
        provider::{FakeProvider, query},
    },
};
use cartwheel_domain::{
    ids::MemberIdentityId,
    time::{HOUR, MINUTE, SECOND},
};
use cartwheel_macros::db_test;
use serde_json::{Value, json};

const EMAIL: &str = "a@owner.example";
const PASSWORD: &str = "correct horse battery";
const SITE: &str = "https://console.example";

fn settings(fake: &FakeProvider) -> Provider {
    Provider {
        id: "acme".into(),
        name: "Acme".into(),
        issuer: fake.issuer(),
        client_id: "cartwheel".into(),
        client_secret: Secret::new("secret"),
    }
}

fn sessions(app: &TestApp, fake: &FakeProvider) -> Sessions {
    let sessions = Sessions::new(app.db().clone(), app.env().clone(), app.master_key()).expect("sessions");
    let oidc = Oidc::new(&[settings(fake)], SITE, app.env()).expect("providers");
    sessions.with_mailbox(Mailbox { sign_up: false }).with_providers(oidc)
}

async fn signed_in(sessions: &Sessions, email: &str) -> (Granted, Access) {
    let granted = sessions.sign_in(email, PASSWORD, None, "test").await.expect("in");
    let access = sessions.authenticate(&granted.access_token).await.expect("asked").expect("alive").0;
    (granted, access)
}

/// Comes back as somebody the provider has signed in; `over` lies over what it says of them.
async fn back(
    app: &TestApp,
    sessions: &Sessions,
    fake: &FakeProvider,
    away: &Departure,
    subject: &str,
    over: Value,
) -> Result<Arrival, SignInError> {
    let code = fake.signed_in(&away.url, subject, app.env().now(), over);
    let back = Back { state: query(&away.url)["state"].clone(), code, ..Back::default() };
    sessions.come_back(&away.note, &back, None, "test").await.outcome
}

async fn enter(
    app: &TestApp,
    sessions: &Sessions,
    fake: &FakeProvider,
    subject: &str,
    over: Value,
) -> Result<Granted, SignInError> {
    let away = sessions.depart("acme", None).await.expect("a page");
    match back(app, sessions, fake, &away, subject, over).await? {
        Arrival::In(granted) => Ok(granted),
        Arrival::Connected => panic!("nothing was to be connected"),
    }
}

async fn connect(
    app: &TestApp,
    sessions: &Sessions,
    fake: &FakeProvider,
    email: &str,
    subject: &str,
) -> Result<Arrival, SignInError> {
    let (granted, _) = signed_in(sessions, email).await;
    let away = sessions.depart_to_connect(&granted.refresh_token, "acme", PASSWORD).await.expect("a page");
    back(app, sessions, fake, &away, subject, json!({})).await
}

#[db_test]
async fn a_connected_account_signs_its_owner_in_and_no_other_does(app: TestApp) {
    app.store("a").await;
    app.store("b").await;
    let fake = FakeProvider::start();
    let sessions = sessions(&app, &fake);
    // An address proves nothing: it is the same as a member's, and opens nothing.
    let same_address =
        enter(&app, &sessions, &fake, "mallory", json!({ "email": EMAIL, "email_verified": true })).await;
    assert!(matches!(same_address, Err(SignInError::Unconnected)));

    assert!(matches!(connect(&app, &sessions, &fake, EMAIL, "ann").await, Ok(Arrival::Connected)));
    assert!(
        matches!(connect(&app, &sessions, &fake, EMAIL, "ann").await, Ok(Arrival::Connected)),
        "twice is once"
    );
    let taken = connect(&app, &sessions, &fake, "b@owner.example", "ann").await;
    assert!(matches!(taken, Err(SignInError::Elsewhere)));
    let granted = enter(&app, &sessions, &fake, "ann", json!({})).await.expect("in");
    let (who, alive) = sessions.authenticate(&granted.access_token).await.expect("asked").expect("alive");
    let (_, own) = signed_in(&sessions, EMAIL).await;
    assert_eq!((who.member, alive.coded), (own.member, false), "another's sign-in is no code of ours");
    let list = sessions.identities(own.member).await.expect("listed");
    assert_eq!(list.len(), 1);
    assert_eq!(list[0].email.as_deref(), Some("ann@provider.example"));
    assert_eq!(sessions.provider_of(&list[0].issuer), Some("Acme"));

    let id = MemberIdentityId(list[0].id);
    let (_, other) = signed_in(&sessions, "b@owner.example").await;
    assert!(!sessions.disconnect(other, id, PASSWORD).await.expect("asked"), "not theirs");
    assert!(matches!(sessions.disconnect(own, id, "wrong").await, Err(SignInError::Refused)));
    assert!(sessions.disconnect(own, id, PASSWORD).await.expect("disconnected"));
    assert!(matches!(enter(&app, &sessions, &fake, "ann", json!({})).await, Err(SignInError::Unconnected)));
    let letters: Vec<_> = mails(&app).await.into_iter().map(|mail| mail.letter).collect();
    let provider = || "Acme".to_owned();
    assert_eq!(
        letters,
        [
            Letter::ProviderConnected { provider: provider() },
            Letter::ProviderDisconnected { provider: provider() }
        ]
    );
    app.allow_leftovers();
}

#[db_test]
async fn a_code_is_asked_for_after_the_provider_too(app: TestApp) {
    app.store("a").await;
    let fake = FakeProvider::start();
    let sessions = sessions(&app, &fake);
    connect(&app, &sessions, &fake, EMAIL, "ann").await.map(drop).expect("connected");
    let (_, own) = signed_in(&sessions, EMAIL).await;
    let setup = sessions.start_second_factor(own, PASSWORD).await.expect("started");
    let secret = totp_rs::Secret::try_from_base32(&setup.secret).expect("base32");
    let phone = totp_rs::Builder::new().with_secret(secret).build().expect("an app");
    let shown = |now: i64| phone.generate(u64::try_from(now / 1000).expect("after 1970")).to_string();
    sessions.confirm_second_factor(own, &shown(app.env().now())).await.expect("on");
    app.clock().advance(MINUTE);
    let Err(SignInError::SecondFactor(challenge)) = enter(&app, &sessions, &fake, "ann", json!({})).await
    else {
        panic!("let in without a code");
    };
    sessions.second_factor(&challenge, &shown(app.env().now()), None, "test").await.expect("in");
    app.allow_leftovers();
}

/// What a token must be (OpenID Connect Core 1.0, section 3.1.3.7); each is otherwise what would be let in.
#[db_test]
async fn a_token_that_is_not_for_us_now_is_refused(app: TestApp) {
    app.store("a").await;
    let fake = FakeProvider::start();
    let sessions = sessions(&app, &fake);
    connect(&app, &sessions, &fake, EMAIL, "ann").await.map(drop).expect("connected");
    let now = app.env().now() / 1000;
    for (what, over) in [
        ("another issuer", json!({ "iss": "https://evil.example" })),
        ("another audience", json!({ "aud": "somebody" })),
        ("several audiences", json!({ "aud": ["cartwheel", "somebody"] })),
        ("too old", json!({ "exp": now - 1 })),
        ("another nonce", json!({ "nonce": "x" })),
        ("no nonce", json!({ "nonce": null })),
        ("nobody", json!({ "sub": "" })),
        ("a name without end", json!({ "sub": "x".repeat(300) })),
    ] {
        let outcome = enter(&app, &sessions, &fake, "ann", over).await;
        assert!(matches!(outcome, Err(SignInError::Provider(_))), "{what}");
    }
    for (what, header, signature) in [
        ("unsigned", json!({ "alg": "none" }), Some("")),
        ("no signature", json!({}), Some("")),
        ("a secret in place of a key", json!({ "alg": "HS256" }), None),
        ("another algorithm", json!({ "alg": "RS256" }), None),
        ("a key nobody has", json!({ "kid": "../../keys" }), None),
        ("another's signature", json!({}), Some("AAAA")),
    ] {
        fake.header(header);
        fake.signature(signature);
        let outcome = enter(&app, &sessions, &fake, "ann", json!({})).await;
        assert!(matches!(outcome, Err(SignInError::Provider(_))), "{what}");
        app.clock().advance(2 * MINUTE);
    }
    fake.header(json!({ "alg": "HS256" }));
    fake.signature(None);
    fake.secret(Some("secret"));
    let outcome = enter(&app, &sessions, &fake, "ann", json!({})).await;
    assert!(matches!(outcome, Err(SignInError::Provider(_))), "our own secret is no key of the provider's");
    app.clock().advance(2 * MINUTE);
    fake.header(json!({}));
    fake.secret(None);
    enter(&app, &sessions, &fake, "ann", json!({})).await.map(drop).expect("the right one is let in");
    app.allow_leftovers();
}

/// An answer counts in the browser that asked, once, within ten minutes, from the provider that was asked.
#[db_test]
async fn an_answer_counts_where_it_was_asked_for(app: TestApp) {
    app.store("a").await;
    let fake = FakeProvider::start();
    let sessions = sessions(&app, &fake);
    connect(&app, &sessions, &fake, EMAIL, "ann").await.map(drop).expect("connected");
    let away = sessions.depart("acme", None).await.expect("a page");
    let other = sessions.depart("acme", None).await.expect("a page");
    let (state, other_state) = (query(&away.url)["state"].clone(), query(&other.url)["state"].clone());
    let code = || fake.signed_in(&away.url, "ann", app.env().now(), json!({}));
    let come = |note: String, back: Back| {
        let sessions = sessions.clone();
        async move { sessions.come_back(&note, &back, None, "test").await.outcome.map(drop) }
    };
    let of = |state: &str, code: String| Back { state: state.into(), code, ..Back::default() };

    for (what, note, back) in [
        ("no note", String::new(), of(&state, code())),
        ("another browser", other.note.clone(), of(&state, code())),
        ("another state", away.note.clone(), of(&other_state, code())),
        ("no state", away.note.clone(), of("", code())),
    ] {
        assert!(matches!(come(note, back).await, Err(SignInError::NoChallenge)), "{what}");
    }
    // A code that was got for another way out is of no use: the provider compares what each began with (PKCE).
    let swapped = come(other.note.clone(), of(&other_state, code())).await;
    assert!(matches!(swapped, Err(SignInError::Provider(_))), "{swapped:?}");
    let mut mixed = of(&state, code());
    mixed.iss = Some("https://evil.example".into());
    assert!(matches!(come(away.note.clone(), mixed).await, Err(SignInError::Provider(_))), "mix-up");
    for said in [state.clone(), String::new()] {
        let denied = Back { state: said, error: "access_denied".into(), ..Back::default() };
        assert!(matches!(come(away.note.clone(), denied).await, Err(SignInError::Refused)));
    }
    assert!(
        matches!(come(away.note.clone(), Back::default()).await, Err(SignInError::NoChallenge)),
        "nothing"
    );
    let failed = Back { state: state.clone(), error: "server_error\r\nx".into(), ..Back::default() };
    assert!(matches!(come(away.note.clone(), failed).await, Err(SignInError::Provider(_))));

    let good = code();
    come(away.note.clone(), of(&state, good.clone())).await.expect("in");
    assert!(matches!(come(away.note.clone(), of(&state, good)).await, Err(SignInError::Provider(_))), "once");
    let late = code();
    app.clock().advance(10 * MINUTE);
    assert!(
        matches!(come(away.note.clone(), of(&state, late)).await, Err(SignInError::NoChallenge)),
        "too late"
    );
    app.allow_leftovers();
}

#[db_test]
async fn connecting_takes_the_password_and_the_session_it_began_in(app: TestApp) {
    app.store("a").await;
    let fake = FakeProvider::start();
    let sessions = sessions(&app, &fake);
    let (granted, own) = signed_in(&sessions, EMAIL).await;
    let token = &granted.refresh_token;
    let wrong = sessions.depart_to_connect(token, "acme", "wrong").await;
    assert!(matches!(wrong, Err(SignInError::Refused)));
    for bad in ["", "cwr_x", &granted.access_token] {
        let outcome = sessions.depart_to_connect(bad, "acme", PASSWORD).await;
        assert!(matches!(outcome, Err(SignInError::Over)), "{bad}");
    }
    assert!(matches!(sessions.depart("none", None).await, Err(SignInError::NotOffered)));
    let away = sessions.depart_to_connect(token, "acme", PASSWORD).await.expect("a page");
    sessions.sign_out(token).await.expect("out");
    let outcome = back(&app, &sessions, &fake, &away, "ann", json!({})).await;
    assert!(matches!(outcome, Err(SignInError::Over)));
    assert!(sessions.identities(own.member).await.expect("listed").is_empty());
}

/// Keys are changed without a word, and a provider that is down is not waited for by everybody.
#[db_test]
async fn a_provider_changes_its_keys_and_may_be_down(app: TestApp) {
    app.store("a").await;
    let fake = FakeProvider::start();
    let sessions = sessions(&app, &fake);
    connect(&app, &sessions, &fake, EMAIL, "ann").await.map(drop).expect("connected");
    let told = |fake: &FakeProvider| fake.asked().iter().filter(|path| path.starts_with("/.well")).count();
    assert_eq!(told(&fake), 1, "asked once");
    app.clock().advance(2 * MINUTE);
    fake.renew_key("second");
    enter(&app, &sessions, &fake, "ann", json!({})).await.map(drop).expect("in by the new key");
    assert_eq!(told(&fake), 2);
    app.clock().advance(2 * HOUR);
    fake.silent(true);
    for _ in 0..5 {
        assert!(matches!(sessions.depart("acme", None).await, Err(SignInError::Provider(_))));
    }
    assert_eq!(told(&fake), 3, "asked once in ten seconds");
    fake.silent(false);
    app.clock().advance(11 * SECOND);
    enter(&app, &sessions, &fake, "ann", json!({})).await.map(drop).expect("in again");
    app.allow_leftovers();
}

#[test]
fn settings_that_cannot_be_are_named() {
    let env = crate::clock::Env::system();
    let good = Provider {
        id: "acme".into(),
        name: "Acme".into(),
        issuer: "https://accounts.example.com".into(),
        client_id: "x".into(),
        client_secret: Secret::new("canary"),
    };
    assert!(Oidc::new(std::slice::from_ref(&good), SITE, &env).is_ok());
    assert!(!format!("{good:?}").contains("canary"));
    for bad in [
        Provider { id: "Ac me".into(), ..good.clone() },
        Provider { id: String::new(), ..good.clone() },
        Provider { name: " ".into(), ..good.clone() },
        Provider { client_id: String::new(), ..good.clone() },
        Provider { issuer: "accounts.example.com".into(), ..good.clone() },
        Provider { issuer: "http://accounts.example.com".into(), ..good.clone() },
        Provider { issuer: "ftp://localhost".into(), ..good.clone() },
    ] {
        let said = Oidc::new(&[bad], SITE, &env).err().expect("refused").to_string();
        assert!(said.contains("[[providers]]") && !said.contains("canary"), "{said}");
    }
    assert!(Oidc::new(&[good.clone(), good], SITE, &env).is_err(), "two of one id");
}
