//! Guessing at a password: for a day, from everywhere, with the owner at home in the middle of it.

use super::{
    Sessions,
    http::{Site, routes},
    session::{Granted, SignInError},
};
use crate::testing::TestApp;
use actix_web::{
    cookie::{Cookie, SameSite},
    http::StatusCode,
    test as http_test, web,
};
use argon2::{Algorithm, Argon2, Params, Version, password_hash::PasswordHasher};
use cartwheel_domain::time::{DAY, HOUR, MINUTE, Millis};
use cartwheel_entity::member;
use cartwheel_macros::db_test;
use sea_orm::{ColumnTrait, QueryFilter, sea_query::Expr};
use std::net::{IpAddr, Ipv4Addr};

const OWNER: &str = "a@owner.example";
const PASSWORD: &str = "correct horse battery";

fn sessions(app: &TestApp) -> Sessions {
    Sessions::new(app.db().clone(), app.env().clone(), app.master_key()).expect("sessions")
}

/// Keeps the owner's password as a hash that is quickly made: thousands of guesses are judged here.
async fn quick(app: &TestApp, password: &str) {
    let params = Params::new(8, 1, 1, None).expect("the least there is");
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let hash = argon2.hash_password_with_salt(password.as_bytes(), &[7; 16]).expect("hashed").to_string();
    let mut tx = app.db().write().await.expect("a transaction");
    let system = tx.system().await.expect("all");
    let change = system.update::<member::Entity>().col_expr(member::Column::PasswordHash, Expr::value(hash));
    let done = change.filter(member::Column::Email.eq(OWNER)).exec(system.on()).await.expect("changed");
    assert_eq!(done.rows_affected, 1);
    tx.commit().await.expect("committed");
}

/// One of a thousand, and more.
fn elsewhere(n: u32) -> Option<IpAddr> {
    Some(Ipv4Addr::from(0x0a00_0000 + n).into())
}

async fn owner(sessions: &Sessions, device: Option<&str>) -> Result<Granted, SignInError> {
    let home = Some(Ipv4Addr::new(203, 0, 113, 5).into());
    sessions.sign_in_on(device, OWNER, PASSWORD, home, "home").await
}

/// Guesses from so many addresses, one each; says how many were judged.
async fn guesses(sessions: &Sessions, from: std::ops::Range<u32>, device: Option<&str>) -> usize {
    let mut judged = 0;
    for n in from {
        match sessions.sign_in_on(device, OWNER, &format!("guess {n}"), elsewhere(n), "bot").await {
            Err(SignInError::Refused) => judged += 1,
            Err(SignInError::Throttled(seconds)) => assert!((1..=3_600).contains(&seconds)),
            Ok(_) => panic!("a guess was right"),
            Err(e) => panic!("{e}"),
        }
    }
    judged
}

/// A thousand addresses guess for a day: a hundred guesses are judged in any hour, and the owner gets in all the while, on the
/// browser they have signed in on before, wrong keys and all.
#[db_test]
async fn a_day_of_guessing_from_everywhere(app: TestApp) {
    app.store("a").await;
    quick(&app, PASSWORD).await;
    let sessions = sessions(&app);
    let mut device = owner(&sessions, None).await.expect("in, before it begins").device;
    let (mut judged, mut tried, mut locked_out) = (Vec::<Millis>::new(), 0, 0);
    for minute in 0..24 * 60 {
        for n in 0..20 {
            let now = app.env().now();
            let known =
                guesses(&sessions, (minute * 20 + n) % 1_000..(minute * 20 + n) % 1_000 + 1, None).await;
            judged.extend(std::iter::repeat_n(now, known));
            tried += 1;
        }
        if minute % 60 == 59 {
            locked_out += usize::from(matches!(owner(&sessions, None).await, Err(SignInError::Throttled(_))));
            for _ in 0..3 {
                let wrong =
                    sessions.sign_in_on(Some(&device), OWNER, "wrong", elsewhere(5_000), "home").await;
                assert!(matches!(wrong, Err(SignInError::Refused)), "at home a slip is judged");
            }
            device = owner(&sessions, Some(&device)).await.expect("the owner is let in").device;
        }
        app.clock().advance(MINUTE);
    }
    let worst = judged.iter().map(|at| judged.iter().filter(|t| (*at - HOUR + 1..=*at).contains(*t)).count());
    let worst = worst.max().unwrap_or_default();
    println!(
        "guessing: {tried} tries, {} judged, {worst} in the worst hour, owner let in 24 of 24",
        judged.len()
    );
    assert_eq!(tried, 28_800);
    assert!(worst <= 100, "{worst} guesses judged in an hour");
    assert!(judged.len() >= 24 * 60, "the others were not braked by something else: {}", judged.len());
    assert!(locked_out >= 20, "without the cookie the owner is one of the crowd: {locked_out}");
}

/// A known browser has few tries, and they are its own.
#[db_test]
async fn a_known_browser_has_tries_of_its_own(app: TestApp) {
    app.store("a").await;
    quick(&app, PASSWORD).await;
    let sessions = sessions(&app);
    let device = owner(&sessions, None).await.expect("in").device;
    assert_eq!(guesses(&sessions, 0..40, Some(&device)).await, 10, "whoever has stolen the cookie");
    assert!(matches!(owner(&sessions, Some(&device)).await, Err(SignInError::Throttled(_))));
    assert!(owner(&sessions, None).await.is_ok(), "they count against nobody else");
    app.clock().advance(HOUR);
    assert!(owner(&sessions, Some(&device)).await.is_ok(), "an hour later");
    assert_eq!(guesses(&sessions, 0..300, None).await, 100, "the rest of the world");
    assert!(owner(&sessions, Some(&device)).await.is_ok());
}

/// Only a cookie that this service has given to this member, since the password was last changed, in the last year, is one.
#[db_test]
async fn a_cookie_that_is_not_the_owners_is_none(app: TestApp) {
    app.store("a").await;
    app.store("b").await;
    quick(&app, PASSWORD).await;
    let sessions = sessions(&app);
    let first = owner(&sessions, None).await.expect("in");
    let other = sessions.sign_in("b@owner.example", PASSWORD, None, "test").await.expect("in").device;
    assert_eq!(guesses(&sessions, 0..200, None).await, 100, "the account has none left");
    let mut forged =
        vec![other, String::new(), "cwd_".into(), "x".repeat(5_000), first.refresh_token.clone()];
    for n in 0..first.device.len() {
        let mut bytes = first.device.clone().into_bytes();
        bytes[n] = if bytes[n] == b'A' { b'B' } else { b'A' };
        forged.push(String::from_utf8(bytes).expect("text"));
    }
    forged.push(first.device[..first.device.len() - 4].to_owned());
    forged.push(format!("{}AAAA", first.device));
    let judged = guesses_with(&sessions, &forged).await;
    assert_eq!((judged, forged.len()), (0, 5 + first.device.len() + 2));
    assert!(owner(&sessions, Some(&first.device)).await.is_ok(), "the real one");

    // Whoever knew the old password has earned nothing by it.
    quick(&app, PASSWORD).await;
    let another = "sieben blaue Regenschirme";
    quick(&app, another).await;
    assert_eq!(guesses_with(&sessions, std::slice::from_ref(&first.device)).await, 0);
    // The browser the owner sits at is told with the next refresh.
    let renewed = sessions.refresh(&first.refresh_token).await.expect("the session lives").device;
    let home = sessions.sign_in_on(Some(&renewed), OWNER, another, None, "home").await;
    let device = home.expect("in").device;

    app.clock().advance(365 * DAY - 1);
    guesses(&sessions, 0..200, None).await;
    assert!(
        sessions.sign_in_on(Some(&device), OWNER, another, None, "home").await.is_ok(),
        "a day less than a year"
    );
    app.clock().advance(1);
    assert_eq!(guesses_with(&sessions, &[device]).await, 0, "a year");
}

async fn guesses_with(sessions: &Sessions, devices: &[String]) -> usize {
    let mut judged = 0;
    for (device, n) in devices.iter().zip(2_000..) {
        judged += guesses(sessions, n..n + 1, Some(device)).await;
    }
    judged
}

macro_rules! site {
    ($sessions:expr) => {{
        let site = Site { public_url: "https://cartwheel.example".into(), proxies: 0 };
        let (sessions, site) = (web::Data::new($sessions), web::Data::new(site));
        http_test::init_service(actix_web::App::new().app_data(sessions).app_data(site).configure(routes))
            .await
    }};
}

fn said(email: &str, password: &str) -> http_test::TestRequest {
    http_test::TestRequest::post()
        .uri("/auth/sign-in")
        .set_json(serde_json::json!({ "email": email, "password": password }))
}

/// To the letter, and to the hash: who asks cannot tell whether there is such an account, neither by what is answered nor by the
/// work that was done.
#[db_test]
async fn an_address_without_an_account_is_refused_like_one_with(app: TestApp) {
    app.store("a").await;
    let sessions = sessions(&app);
    let service = site!(sessions.clone());
    let long = "x".repeat(3_000);
    let mut seen = Vec::new();
    for email in
        [OWNER, " A@Owner.Example ", "nobody@owner.example", "not an address", "", "a@owner.example\u{0}"]
    {
        for password in ["wrong", "", long.as_str()] {
            sessions.hashed.lock().expect("the work").clear();
            let response = http_test::call_service(&service, said(email, password).to_request()).await;
            let (status, headers) = (response.status(), format!("{:?}", response.headers()));
            let body = http_test::read_body(response).await;
            let work = sessions.hashed.lock().expect("the work").clone();
            seen.push((status, headers, body, work));
        }
    }
    assert_eq!(seen[0].0, StatusCode::UNAUTHORIZED);
    assert_eq!(seen[0].3, ["$argon2id$v=19$m=19456,t=2,p=1"], "one hash, of the full size");
    assert_eq!(seen.len(), 18);
    seen.dedup();
    assert_eq!(seen.len(), 1, "{seen:?}");
}

/// One request is one try, whatever it is made of.
#[db_test]
async fn no_request_holds_more_than_one_try(app: TestApp) {
    app.store("a").await;
    let sessions = sessions(&app);
    let service = site!(sessions.clone());
    let one = serde_json::json!({ "email": OWNER, "password": "wrong" });
    let many: Vec<_> = (0..100).map(|_| one.clone()).collect();
    let twice = r#"{"email":"a@owner.example","password":"wrong","password":"correct horse battery"}"#;
    for body in [
        serde_json::json!(many).to_string(),
        serde_json::json!({ "email": OWNER, "password": ["a", "b"] }).to_string(),
        serde_json::json!({ "email": OWNER, "password": "wrong", "passwords": ["a"] }).to_string(),
        format!("{one}{one}"),
        format!("{one}\n{one}"),
        twice.into(),
    ] {
        let request = http_test::TestRequest::post().uri("/auth/sign-in");
        let request = request.insert_header(("content-type", "application/json")).set_payload(body.clone());
        let status = http_test::call_service(&service, request.to_request()).await.status();
        assert_eq!(status, StatusCode::BAD_REQUEST, "{body}");
    }
    assert!(sessions.hashed.lock().expect("the work").is_empty(), "nothing of it was judged");
    // And none over GraphQL: it gives no tokens out.
    let sdl = crate::api::sdl().to_lowercase();
    for word in ["signin(", "login", "accesstoken", "refreshtoken"] {
        assert!(!sdl.contains(word), "{word}");
    }
}

/// The cookie is hidden from scripts, goes to this host alone, stays when the session ends, and helps who comes with it.
#[db_test]
async fn the_browser_keeps_what_it_is_known_by(app: TestApp) {
    app.store("a").await;
    let sessions = sessions(&app);
    let service = site!(sessions.clone());
    let response = http_test::call_service(&service, said(OWNER, PASSWORD).to_request()).await;
    let cookie = |response: &actix_web::dev::ServiceResponse<_>, name: &str| {
        response.response().cookies().find(|c| c.name() == name).map(Cookie::into_owned)
    };
    let device = cookie(&response, "__Host-cartwheel-device").expect("the cookie");
    let session = cookie(&response, "__Host-cartwheel").expect("the session");
    let flags = (device.http_only(), device.secure(), device.same_site(), device.path(), device.domain());
    assert_eq!(flags, (Some(true), Some(true), Some(SameSite::Strict), Some("/"), None));
    assert_eq!(device.max_age().map(|d| d.whole_days()), Some(365));
    let body: serde_json::Value = http_test::read_body_json(response).await;
    assert!(!body.to_string().contains(device.value()), "scripts do not see it");

    let out = http_test::TestRequest::post().uri("/auth/sign-out").cookie(session);
    let response = http_test::call_service(&service, out.to_request()).await;
    assert_eq!(response.status(), StatusCode::NO_CONTENT);
    assert!(cookie(&response, "__Host-cartwheel-device").is_none(), "it is not taken back");

    quick(&app, PASSWORD).await;
    let response = http_test::call_service(&service, said(OWNER, PASSWORD).to_request()).await;
    let device = cookie(&response, "__Host-cartwheel-device").expect("a new one, for the hash is another");
    assert_eq!(guesses(&sessions, 0..200, None).await, 100);
    let without = http_test::call_service(&service, said(OWNER, PASSWORD).to_request()).await;
    assert_eq!(without.status(), StatusCode::TOO_MANY_REQUESTS);
    let with = http_test::call_service(&service, said(OWNER, PASSWORD).cookie(device).to_request()).await;
    assert_eq!(with.status(), StatusCode::OK);
}
