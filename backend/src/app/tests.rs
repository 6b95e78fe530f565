//! Strangers at every door of the whole application.

use super::*;
use crate::{
    channels::fake::Fake,
    db::{Dialect, StoreScope},
    testing::{START, TestApp, door::whole, flow::Flow},
};
use actix_web::{
    http::{Method, StatusCode},
    test::{TestRequest, call_service, init_service, read_body},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use cartwheel_domain::{
    ids::RequestId,
    time::{DAY, HOUR, MINUTE, to_rfc3339},
};
use cartwheel_entity::{contact, event, privacy_request};
use cartwheel_macros::db_test;
use proptest::{
    prelude::{Strategy, any},
    sample::select,
    strategy::ValueTree,
    test_runner::{Config as Runs, RngAlgorithm, TestRng, TestRunner},
};
use sea_orm::ActiveValue::Set;
use serde_json::json;

/// One request of somebody who means harm, or whose program is broken.
#[derive(Debug, Clone)]
struct Knock {
    method: &'static str,
    path: String,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
}

fn knocks(store: String, keys: Vec<String>) -> impl Strategy<Value = Knock> {
    let word = proptest::prop_oneof![
        4 => "[A-Za-z0-9_.~%-]{0,60}",
        1 => select(vec![store, "..%2f..%2fetc%2fpasswd".into(), "%00".into(), "%ff%fe".into(), "a".repeat(3_000), "{}".into(), "%F0%9F%98%80".into()]),
    ];
    let door = select(vec![
        "/v1/batch",
        "/v1/track",
        "/v1/identify",
        "/v1/page",
        "/webhooks/shopify/{}",
        "/webhooks/stripe",
        "/c/{}",
        "/o/{}.gif",
        "/r/{}",
        "/r/{}/cart.json",
        "/u/{}",
        "/graphql",
        "/graphql/ws",
        "/auth/sign-in",
        "/auth/second-factor",
        "/auth/refresh",
        "/auth/sign-out",
        "/auth/invitation",
        "/auth/join",
        "/auth/ways",
        "/auth/ask",
        "/auth/link",
        "/auth/sign-up",
        "/auth/reset",
        "/auth/passkey/start",
        "/auth/passkey/finish",
        "/auth/provider/start",
        "/auth/provider/connect",
        "/auth/provider/back",
        "/auth/provider/back?state={}&code={}",
        "/s/{}.js",
        "/demo-shop/{}",
        "/demo-shop/config.json",
        "/inbox/{}/{}/html",
        "/assets/{}",
        "/healthz",
        "/readyz",
        "/{}",
        "/{}/{}",
    ]);
    let method = select(vec!["GET", "POST", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH"]);
    let key = proptest::prop_oneof![select(keys), "[ -~]{0,80}"];
    let name = select(vec![
        "authorization",
        "content-type",
        "content-encoding",
        "cookie",
        "origin",
        "x-shopify-hmac-sha256",
        "x-shopify-topic",
        "stripe-signature",
        "x-shopify-event-id",
        "x-forwarded-for",
        "user-agent",
        "accept-language",
        "if-none-match",
        "range",
        "accept-encoding",
    ]);
    let said = proptest::prop_oneof![
        3 => key.prop_map(|k| format!("Bearer {k}")),
        3 => select(vec!["application/json", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "gzip", "deflate", "bytes=0-", "*"]).prop_map(str::to_owned),
        2 => "[ -~]{0,200}",
    ];
    let json = proptest::prop_oneof![
        select(vec![
            r#"{"batch":[]}"#,
            r#"{"batch":[null,1,"x",{},[]]}"#,
            r#"{"type":"track","userId":"u","event":"Cart Updated","properties":{"products":{}}}"#,
            r#"{"query":"{__schema{types{name}}}"}"#,
            r#"{"query":"mutation{a:b c:d}","variables":[1]}"#,
            r#"[{"query":"{viewer{id}}"}]"#,
            r#"{"email":"a@b.example","password":"x"}"#,
            r#"{"email":{"$ne":1},"password":[]}"#,
            r#"{"purpose":"reset","email":"a@owner.example"}"#,
            r#"{"purpose":"sign_up","email":"\u0000@b.example","language":"xx"}"#,
            r#"{"purpose":"sign_up","token":"cwm_\u0000"}"#,
            r#"{"token":"cwm_x","name":"","organisation":"","password":"x"}"#,
            r#"{"token":"cwm_x","password":""}"#,
            r#"{"note":"AAAA","credential":{"id":[],"rawId":null}}"#,
            r#"{"provider":"none","password":"x"}"#,
            "{",
            "[[[[[[[[[[",
            "null",
            "\u{feff}{}",
            r#"{"id":1e999}"#,
        ])
        .prop_map(|t| t.as_bytes().to_vec()),
        proptest::collection::vec(any::<u8>(), 0..300),
        (1usize..200).prop_map(|n| "[".repeat(n * 100).into_bytes()),
    ];
    let headers = proptest::collection::vec((name, said), 0..5);
    (method, door, proptest::collection::vec(word, 2), headers, json).prop_map(
        |(method, door, words, headers, body)| {
            let path = door.replacen("{}", &words[0], 1).replacen("{}", &words[1], 1);
            Knock { method, path, headers, body }
        },
    )
}

/// None panics, none hangs, none is answered as our fault, and what was accepted before and in between is kept.
#[db_test]
async fn strangers_at_every_door(app: TestApp) {
    let store = app.store("a").await;
    let whole = whole(&app).await;
    let service = init_service(WebApp::new().configure(whole.routes())).await;
    let many = if std::env::var_os("CI").is_some() { 10_000 } else { 600 };
    let cases = if app.db().dialect() == crate::db::Dialect::Sqlite { many } else { many / 5 };
    let keys = vec![store.keys.public_key.clone(), "x".into(), String::new()];
    let strategy = knocks(store.id().to_string(), keys);
    let mut runner =
        TestRunner::new_with_rng(Runs::default(), TestRng::from_seed(RngAlgorithm::ChaCha, &[9; 32]));
    let basic = format!("Basic {}", STANDARD.encode(format!("{}:", store.keys.write_key)));
    let mut good = 0;
    for case in 0..cases {
        let knock = strategy.new_tree(&mut runner).expect("a request").current();
        // What no client could put on the wire does not reach a handler.
        let Ok(uri) = knock.path.parse::<actix_web::http::Uri>() else { continue };
        let method = Method::from_bytes(knock.method.as_bytes()).expect("a method");
        let mut request =
            TestRequest::default().method(method).uri(&uri.to_string()).set_payload(knock.body.clone());
        for (name, value) in &knock.headers {
            request = request.insert_header((*name, value.as_str()));
        }
        let response = call_service(&service, request.to_request()).await;
        let status = response.status();
        assert!(!status.is_server_error(), "{status} for {knock:?}");
        let body = read_body(response).await;
        assert!(!String::from_utf8_lossy(&body).contains("panicked"), "{knock:?}");
        if case % 100 == 0 {
            let call = json!({"type": "track", "messageId": format!("good{case}"), "timestamp": to_rfc3339(START), "userId": "u",
                "event": "Cart Updated", "properties": {"cart_id": "c", "products": [{"product_id": "lamp", "price": 1, "quantity": 1}]}});
            let request =
                TestRequest::post().uri("/v1/track").insert_header(("authorization", basic.as_str()));
            let response = call_service(&service, request.set_json(call).to_request()).await;
            assert_eq!(response.status(), StatusCode::OK, "after {knock:?}");
            good += 1;
        }
    }
    let mut tx = app.db().read().await.expect("a transaction");
    let scoped = tx.enter(&store.scope()).await.expect("the store");
    let kept = scoped.find::<event::Entity>().all(scoped.on()).await.expect("events");
    assert_eq!(kept.iter().filter(|e| e.raw.contains("\"good")).count(), good);
    drop(tx);
    whole.close().await;
    app.allow_leftovers();
}

/// A process that was killed comes back and goes on at once: on SQLite nobody else can hold what it held.
#[db_test]
async fn a_start_on_sqlite_waits_for_no_lease(app: TestApp) {
    let flow = Flow::new(&app, Fake::forgetful()).await;
    flow.left("ann@example.com").await;
    flow.drain().await;
    app.clock().advance(HOUR + MINUTE);
    flow.engine().tick().await.expect("a step");
    app.dies("dispatch.handed_over", 1, flow.dispatcher().tick()).await;
    flow.left("ben@example.com").await;
    app.dies("engine.claimed", 1, flow.engine().tick()).await;

    let whole = whole(&app).await;
    let alone = u64::from(app.db().dialect() == Dialect::Sqlite);
    assert_eq!(whole.parts().engine.rescue().await.expect("rescued"), alone, "the run");
    assert_eq!(whole.parts().dispatcher.rescue().await.expect("rescued"), alone, "the message");
    whole.close().await;
    app.allow_leftovers();
}

/// A whole store's erasure that was only taken in is done by the loops of a worker.
#[db_test]
async fn the_loops_erase_a_store_that_is_to_be_forgotten(app: TestApp) {
    let (store, other) = (app.store("a").await, app.store("b").await);
    for n in 0..3 {
        store.contact(&format!("ann{n}@example.com")).await;
    }
    other.contact("ben@example.com").await;
    let request = privacy_request::ActiveModel {
        store_id: Set(store.id().uuid()),
        id: Set(app.env().id::<RequestId>().uuid()),
        kind: Set("erase_store".into()),
        source: Set("shopify".into()),
        source_id: Set("e1".into()),
        contact_id: Set(None),
        payload: Set(json!({})),
        received_at: Set(START),
        due_at: Set(START + 30 * DAY),
        completed_at: Set(None),
        outcome: Set(None),
    };
    let mut tx = app.db().write().await.expect("a transaction");
    let scoped = tx.enter(&store.scope()).await.expect("the store");
    scoped.insert::<privacy_request::Entity>(vec![request]).await.expect("kept");
    tx.commit().await.expect("committed");

    let whole = whole(&app).await;
    let workers = whole.work();
    let done = async {
        loop {
            let mut tx = app.db().read().await.expect("a transaction");
            let scoped = tx.enter(&store.scope()).await.expect("the store");
            let rows = scoped.find::<privacy_request::Entity>().all(scoped.on()).await.expect("requests");
            if rows[0].completed_at.is_some() {
                return rows[0].outcome.clone();
            }
            drop(tx);
            tokio::task::yield_now().await;
        }
    };
    let outcome = tokio::time::timeout(Duration::from_secs(30), done).await.expect("a loop does it");
    assert_eq!(outcome.as_deref(), Some("erased"));
    workers.stop().await;
    let named = async |scope: StoreScope| {
        let mut tx = app.db().read().await.expect("a transaction");
        let scoped = tx.enter(&scope).await.expect("the store");
        let all = scoped.find::<contact::Entity>().all(scoped.on()).await.expect("contacts");
        all.into_iter().filter(|c| c.email.is_some()).count()
    };
    assert_eq!((named(store.scope()).await, named(other.scope()).await), (0, 1), "and no other store's");
    whole.close().await;
    app.allow_leftovers();
}

/// Stripe's door: only what Stripe signed just now is kept, once.
#[db_test]
async fn stripe_is_heard_by_its_signature_alone(app: TestApp) {
    use crate::testing::stripe::{event, signature};
    let whole = whole(&app).await;
    let service = init_service(WebApp::new().configure(whole.routes())).await;
    let body = event("evt_1", "invoice.paid", "cus_x").to_string();
    let now = app.env().now() / 1_000;
    let knock = async |signed: String, body: String| {
        let request = TestRequest::post().uri("/webhooks/stripe").insert_header(("stripe-signature", signed));
        call_service(&service, request.set_payload(body).to_request()).await.status()
    };
    for (signed, sent) in [
        (String::new(), body.clone()),
        (signature("whsec_other", now, body.as_bytes()), body.clone()),
        (signature("whsec_door", now - 301, body.as_bytes()), body.clone()),
        (signature("whsec_door", now, body.as_bytes()), body.replace("cus_x", "cus_y")),
    ] {
        assert_eq!(knock(signed, sent).await, StatusCode::UNAUTHORIZED);
    }
    let kept = async || {
        let mut tx = app.db().read().await.expect("a transaction");
        let system = tx.system().await.expect("all");
        system.find::<cartwheel_entity::billing_event::Entity>().all(system.on()).await.expect("events").len()
    };
    assert_eq!(kept().await, 0, "nothing of it is kept");
    for _ in 0..3 {
        assert_eq!(knock(signature("whsec_door", now, body.as_bytes()), body.clone()).await, StatusCode::OK);
    }
    assert_eq!(kept().await, 1);
    assert_eq!(knock(signature("whsec_door", now, b"{"), "{".into()).await, StatusCode::BAD_REQUEST);
    whole.close().await;
    app.allow_leftovers();
}

/// Each caller of the API is told how they stand, and whoever sends too much when to come back; nobody else feels it.
#[db_test]
async fn callers_of_the_api_know_how_they_stand(app: TestApp) {
    let store = app.store("a").await;
    let whole = crate::testing::door::whole_at(&app, 100).await;
    let service = init_service(WebApp::new().configure(whole.routes())).await;
    let ask = async |key: Option<&str>| {
        let mut request = TestRequest::post()
            .uri("/graphql")
            .set_json(json!({ "query": "{ viewer { organisations { id } } }" }));
        if let Some(key) = key {
            request = request.insert_header(("authorization", format!("Bearer {key}")));
        }
        let response = call_service(&service, request.to_request()).await;
        let header = |name: &str| response.headers().get(name).map(|v| v.to_str().expect("text").to_owned());
        let told = [header("ratelimit-policy"), header("ratelimit"), header("retry-after")];
        (response.status(), told.map(Option::unwrap_or_default))
    };
    let key = Some(store.keys.api_key.as_str());
    let (status, told) = ask(key).await;
    assert_eq!(
        (status, told),
        (StatusCode::OK, ["\"default\";q=500;w=5", "\"default\";r=499;t=1", ""].map(str::to_owned))
    );
    let (_, told) = ask(key).await;
    assert_eq!(told[1], "\"default\";r=498;t=1");
    // Strangers, and whoever shows what is no key, share what their address has.
    for n in 0..50 {
        let (status, _) = ask((n % 2 == 0).then_some("cwa_no_such_key")).await;
        assert_ne!(status, StatusCode::TOO_MANY_REQUESTS, "{n}");
    }
    for shown in [None, Some("cwa_no_such_key")] {
        let (status, told) = ask(shown).await;
        assert_eq!(
            (status, told[1].as_str(), told[2].as_str()),
            (StatusCode::TOO_MANY_REQUESTS, "\"default\";r=0;t=5", "1")
        );
    }
    assert_eq!(ask(key).await.0, StatusCode::OK);
    app.clock().advance(100);
    assert_ne!(ask(None).await.0, StatusCode::TOO_MANY_REQUESTS);
    whole.close().await;
    app.allow_leftovers();
}
