//! Sessions as an attacker and a forgetful browser see them.

use super::{
    http::{Site, routes},
    jwt::{ACCESS_SECONDS, Access, Tokens},
    session::{Sessions, SignInError},
};
use crate::testing::TestApp;
use actix_web::{http::StatusCode, test as http_test, web};
use cartwheel_domain::time::{MINUTE, SECOND};
use cartwheel_macros::db_test;

const PASSWORD: &str = "correct horse battery";

fn sessions(app: &TestApp) -> Sessions {
    Sessions::new(app.db().clone(), app.env().clone(), app.master_key()).expect("sessions")
}

#[db_test]
async fn signing_out_ends_the_access_token_too(app: TestApp) {
    app.store("a").await;
    let sessions = sessions(&app);
    let granted = sessions.sign_in("A@owner.example", PASSWORD, None, "test").await.expect("in");
    assert!(sessions.authenticate(&granted.access_token).await.expect("asked").is_some());
    sessions.sign_out(&granted.refresh_token).await.expect("out");
    assert!(sessions.authenticate(&granted.access_token).await.expect("asked").is_none());
    assert!(matches!(sessions.refresh(&granted.refresh_token).await, Err(SignInError::Over)));
}

#[db_test]
async fn a_refresh_token_shown_twice_ends_the_family(app: TestApp) {
    app.store("a").await;
    let sessions = sessions(&app);
    let first = sessions.sign_in("a@owner.example", PASSWORD, None, "test").await.expect("in");
    let second = sessions.refresh(&first.refresh_token).await.expect("rotated");
    app.clock().advance(MINUTE);
    assert!(matches!(sessions.refresh(&first.refresh_token).await, Err(SignInError::Over)));
    assert!(
        matches!(sessions.refresh(&second.refresh_token).await, Err(SignInError::Over)),
        "the thief's branch dies too"
    );
    assert!(sessions.authenticate(&second.access_token).await.expect("asked").is_none());
}

/// However often a thief has refreshed in the meantime.
#[db_test]
async fn any_old_token_of_a_family_ends_it(app: TestApp) {
    app.store("a").await;
    let sessions = sessions(&app);
    let stolen = sessions.sign_in("a@owner.example", PASSWORD, None, "test").await.expect("in");
    let mut thief = stolen.refresh_token.clone();
    for _ in 0..3 {
        app.clock().advance(MINUTE);
        thief = sessions.refresh(&thief).await.expect("rotated").refresh_token;
    }
    assert!(matches!(sessions.refresh(&stolen.refresh_token).await, Err(SignInError::Over)));
    assert!(matches!(sessions.refresh(&thief).await, Err(SignInError::Over)), "the thief is out");

    let again = sessions.sign_in("a@owner.example", PASSWORD, None, "test").await.expect("in");
    let rotated = sessions.refresh(&again.refresh_token).await.expect("rotated");
    let newer = sessions.refresh(&rotated.refresh_token).await.expect("rotated");
    let mut forged = newer.refresh_token.clone();
    forged.replace_range(40..44, if &forged[40..44] == "AAAA" { "BBBB" } else { "AAAA" });
    assert!(matches!(sessions.refresh(&forged).await, Err(SignInError::Over)));
    assert!(
        sessions.authenticate(&newer.access_token).await.expect("asked").is_some(),
        "a forged one ends nothing"
    );
    sessions.sign_out(&again.refresh_token).await.expect("out");
    assert!(sessions.authenticate(&newer.access_token).await.expect("asked").is_none());
}

/// Guesses that come all at once are not judged before the first of them is counted.
#[db_test]
async fn many_guesses_at_once_are_braked_too(app: TestApp) {
    app.store("a").await;
    let sessions = sessions(&app);
    let address = Some("192.0.2.7".parse().expect("an address"));
    let guess =
        async |n: usize| sessions.sign_in("a@owner.example", &format!("wrong {n}"), address, "test").await;
    let answers = futures_util::future::join_all((0..40).map(guess)).await;
    let judged = answers.iter().filter(|a| matches!(a, Err(SignInError::Refused))).count();
    assert_eq!(judged, 20);
}

#[db_test]
async fn a_lost_answer_may_be_asked_for_once_more(app: TestApp) {
    app.store("a").await;
    let sessions = sessions(&app);
    let first = sessions.sign_in("a@owner.example", PASSWORD, None, "test").await.expect("in");
    let lost = sessions.refresh(&first.refresh_token).await.expect("rotated, answer lost");
    app.clock().advance(2 * SECOND);
    let again = sessions.refresh(&first.refresh_token).await.expect("asked again");
    assert!(sessions.authenticate(&again.access_token).await.expect("asked").is_some());
    assert!(sessions.refresh(&lost.refresh_token).await.is_err(), "only one branch lives");
}

#[db_test]
async fn wrong_passwords_are_refused_alike_and_then_braked(app: TestApp) {
    app.store("a").await;
    let sessions = sessions(&app);
    let address = Some("192.0.2.1".parse().expect("an address"));
    for (email, password) in
        [("a@owner.example", "wrong"), ("nobody@owner.example", PASSWORD), ("not an address", PASSWORD)]
    {
        let said = sessions.sign_in(email, password, None, "test").await.err().map(|e| e.to_string());
        assert_eq!(said.as_deref(), Some("the e-mail address or the password is not right"));
    }
    for n in 0..20 {
        let _ = sessions.sign_in(&format!("x{n}@owner.example"), "wrong", address, "test").await;
    }
    assert!(matches!(
        sessions.sign_in("a@owner.example", PASSWORD, address, "test").await,
        Err(SignInError::Throttled(1..=300))
    ));
    app.clock().advance(6 * MINUTE);
    assert!(sessions.sign_in("a@owner.example", PASSWORD, address, "test").await.is_ok());
}

/// A browser without a session has done nothing wrong, and its console logs no error; one with a dead session has.
#[db_test]
async fn a_refresh_without_a_session_is_no_error(app: TestApp) {
    let site = Site { public_url: "http://localhost".into(), proxies: 0 };
    let data = (web::Data::new(sessions(&app)), web::Data::new(site));
    let service =
        http_test::init_service(actix_web::App::new().app_data(data.0).app_data(data.1).configure(routes));
    let service = service.await;
    let ask = || http_test::TestRequest::post().uri("/auth/refresh");
    let answer = http_test::call_service(&service, ask().to_request()).await;
    assert_eq!(answer.status(), StatusCode::NO_CONTENT);
    assert_eq!(answer.headers().get("cache-control").map(|v| v.as_bytes()), Some(b"no-store".as_slice()));
    let dead = ask().cookie(actix_web::cookie::Cookie::new("cartwheel", "cwr_dead"));
    assert_eq!(http_test::call_service(&service, dead.to_request()).await.status(), StatusCode::UNAUTHORIZED);
    let foreign = ask().insert_header(("origin", "https://evil.example"));
    assert_eq!(http_test::call_service(&service, foreign.to_request()).await.status(), StatusCode::FORBIDDEN);
}

/// What a caller writes about itself is not believed; what our own proxies saw is.
#[test]
fn behind_proxies_the_caller_is_who_the_outermost_saw() {
    let seen = |proxies, told: &[&str]| {
        let mut request = http_test::TestRequest::get().peer_addr(([10, 0, 0, 1], 1).into());
        for line in told {
            request = request.append_header(("x-forwarded-for", *line));
        }
        let site = Site { public_url: "http://localhost".into(), proxies };
        site.caller(&request.to_http_request()).map(|ip| ip.to_string()).unwrap_or_default()
    };
    assert_eq!(seen(0, &["1.1.1.1"]), "10.0.0.1");
    assert_eq!(seen(1, &["1.1.1.1, 2.2.2.2"]), "2.2.2.2");
    assert_eq!(seen(1, &["1.1.1.1", "2001:db8::7"]), "2001:db8::7");
    assert_eq!(seen(2, &["6.6.6.6, 1.1.1.1, 2.2.2.2"]), "1.1.1.1");
    for odd in [&[] as &[&str], &["unknown"], &[" "], &["1.1.1.1,"]] {
        assert_eq!(seen(1, odd), "10.0.0.1", "{odd:?}");
    }
}

#[test]
fn forged_tokens_are_refused() {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as B64};
    let env = crate::clock::Env::system();
    let (tokens, other) = (Tokens::new(&[1; 32]), Tokens::new(&[2; 32]));
    let (access, now) = (Access { member: env.id(), session: env.id() }, 1_800_000_000_000);
    let good = tokens.issue(access, now).expect("a token");
    assert_eq!(tokens.read(&good, now), Some(access));
    assert_eq!(tokens.read(&good, now + ACCESS_SECONDS * SECOND), None, "expired");
    assert_eq!(other.read(&good, now), None, "another key");
    let parts: Vec<&str> = good.split('.').collect();
    let header = |h: &str| format!("{}.{}.{}", B64.encode(h), parts[1], parts[2]);
    let mut forged = vec![
        header(r#"{"alg":"none"}"#),
        header(r#"{"alg":"HS512","typ":"JWT"}"#),
        header(r#"{"alg":"RS256"}"#),
        format!("{}.{}.", parts[0], parts[1]),
    ];
    let claims = String::from_utf8(B64.decode(parts[1]).expect("base64")).expect("text");
    for change in [
        claims.replace("\"exp\":", "\"exp\":\"9\",\"x\":"),
        claims.replace("cartwheel-console", "other"),
        claims.replace("\"iat\":", "\"iat\":-"),
    ] {
        forged.push(format!("{}.{}.{}", parts[0], B64.encode(change), parts[2]));
    }
    for n in 0..good.len() {
        let mut bytes = good.clone().into_bytes();
        bytes[n] = if bytes[n] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(bytes).expect("text");
        // The last character of a base64 signature carries two bits that decode to nothing.
        if n + 1 < good.len() {
            forged.push(changed);
        }
    }
    for token in forged {
        assert_eq!(tokens.read(&token, now), None, "{token}");
    }
}

/// Somebody new chooses a name and a password; a member joins another organisation with the password they have, and not
/// without it.
#[db_test]
async fn an_invitation_is_taken_up(app: TestApp) {
    use crate::auth::session::Join;
    use crate::{
        accounts::team::invitations,
        db::{OrganisationScope, Role},
    };
    use cartwheel_domain::{contact_point::EmailAddress, locale::Language};
    let (a, _) = (app.store("a").await, app.store("b").await);
    let sessions = sessions(&app);
    let owner = OrganisationScope::system(a.keys.organisation_id);
    let invite = async |email: &str| {
        let email: EmailAddress = email.parse().expect("an address");
        let mut tx = app.db().write().await.expect("a transaction");
        let made =
            invitations::invite(&mut tx, app.env(), &owner, &email, Role::Analyst).await.expect("invited");
        tx.commit().await.expect("committed");
        made.1
    };
    let join = async |token: &str, name: &str, password: &str| {
        sessions.join(Join { token, name, password, language: Language::Fr }, None, "test").await
    };
    let token = invite("new@team.example").await;
    for (name, password, field) in [
        ("", PASSWORD, "name"),
        ("New\nline", PASSWORD, "name"),
        ("New", "new@team.example", "password"),
        ("New", "12345678", "password"),
    ] {
        let refused = join(&token, name, password).await.err();
        assert!(matches!(refused, Some(SignInError::Invalid(f, _)) if f == field), "{name:?} {password}");
    }
    let granted = join(&token, "New", "sieben blaue Regenschirme").await.expect("in");
    assert!(sessions.authenticate(&granted.access_token).await.expect("asked").is_some());
    assert!(matches!(join(&token, "New", PASSWORD).await, Err(SignInError::NoInvitation)));
    sessions.sign_in("new@team.example", "sieben blaue Regenschirme", None, "test").await.expect("in");

    let token = invite("b@owner.example").await;
    let wrong = join(&token, "Somebody else", "not the password").await.err();
    assert!(matches!(wrong, Some(SignInError::Refused)), "{wrong:?}");
    join(&token, "", PASSWORD).await.expect("in");
}

/// However hard it is to guess.
#[db_test]
async fn a_password_that_has_leaked_is_not_taken(app: TestApp) {
    use crate::accounts::password::Breached;
    const LEAKED: &str = "sieben blaue Regenschirme";
    app.store("a").await;
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("leaked.txt");
    let sha1 = &ring::digest::SHA1_FOR_LEGACY_USE_ONLY;
    let line = hex::encode_upper(ring::digest::digest(sha1, LEAKED.as_bytes()));
    std::fs::write(&path, format!("{line}:3\n")).expect("written");
    let plain = sessions(&app);
    let careful = plain.clone().with_breached(Some(Breached::open(&path).expect("a list")));
    let granted = plain.sign_in("a@owner.example", PASSWORD, None, "test").await.expect("in");
    let (own, _) = plain.authenticate(&granted.access_token).await.expect("asked").expect("alive");
    let refused = careful.change_password(own, PASSWORD, LEAKED, None).await;
    assert!(matches!(refused, Err(SignInError::Invalid("password", _))));
    careful.change_password(own, PASSWORD, "acht gelbe Regenschirme", None).await.expect("another is taken");
    plain
        .change_password(own, "acht gelbe Regenschirme", LEAKED, None)
        .await
        .expect("without the list it is");
    app.allow_leftovers();
}

#[db_test]
async fn a_new_password_ends_all_other_sessions(app: TestApp) {
    use crate::auth::session::Which;
    app.store("a").await;
    app.store("b").await;
    let sessions = sessions(&app);
    let sign_in = async |password: &str| sessions.sign_in("a@owner.example", password, None, "test").await;
    let (here, there) = (sign_in(PASSWORD).await.expect("in"), sign_in(PASSWORD).await.expect("in"));
    let (own, _) = sessions.authenticate(&here.access_token).await.expect("asked").expect("alive");
    let other = sessions.sign_in("b@owner.example", PASSWORD, None, "test").await.expect("in");
    let (theirs, _) = sessions.authenticate(&other.access_token).await.expect("asked").expect("alive");
    assert_eq!(sessions.list(own.member).await.expect("listed").len(), 2);
    assert_eq!(
        sessions.end(own.member, Which::One(theirs.session)).await.expect("asked"),
        0,
        "another's session"
    );
    let wrong = sessions.change_password(own, "wrong", "sieben blaue Regenschirme", None).await;
    assert!(matches!(wrong, Err(SignInError::Refused)));
    let weak = sessions.change_password(own, PASSWORD, "password1", None).await;
    assert!(matches!(weak, Err(SignInError::Invalid("password", _))));
    sessions.change_password(own, PASSWORD, "sieben blaue Regenschirme", None).await.expect("changed");
    assert!(sessions.authenticate(&here.access_token).await.expect("asked").is_some());
    assert!(sessions.authenticate(&there.access_token).await.expect("asked").is_none());
    assert!(sessions.authenticate(&other.access_token).await.expect("asked").is_some());
    assert!(sign_in(PASSWORD).await.is_err());
    sign_in("sieben blaue Regenschirme").await.expect("in");
    assert_eq!(sessions.end(own.member, Which::But(own.session)).await.expect("ended"), 1);
}
