use super::*;
use crate::{
    ingest::{InboxLimits, Rate},
    testing::{START, TestApp, TestStore},
    wake::Wake,
};
use actix_web::{App, dev::ServiceResponse, test};
use cartwheel_domain::time::SECOND;
use cartwheel_entity::{cart, contact, event};
use cartwheel_macros::db_test;
use proptest::{
    strategy::{Strategy, ValueTree},
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};
use std::io::Write;

pub(crate) fn edge(app: &TestApp, limits: InboxLimits, limiter: Limiter) -> web::Data<Edge> {
    web::Data::new(Edge {
        db: app.db().clone(),
        env: app.env().clone(),
        stores: app.stores().clone(),
        inbox: Inbox::start(
            app.db().clone(),
            app.env().clone(),
            Wake::default(),
            Arc::new(|_, _| {}),
            limits,
        ),
        master_key: app.master_key(),
        heard: Heard::default(),
        limiter,
    })
}

struct Call<'a> {
    path: &'a str,
    key: &'a str,
    body: Vec<u8>,
    headers: Vec<(&'a str, &'a str)>,
}

fn call<'a>(path: &'a str, key: &'a str, body: &Value) -> Call<'a> {
    Call {
        path,
        key,
        body: body.to_string().into_bytes(),
        headers: vec![("content-type", "application/json")],
    }
}

async fn send(edge: &web::Data<Edge>, call: Call<'_>) -> (StatusCode, Value, Option<String>) {
    let service = test::init_service(App::new().app_data(edge.clone()).configure(configure)).await;
    let mut request = test::TestRequest::post().uri(call.path).set_payload(call.body);
    for header in call.headers {
        request = request.insert_header(header);
    }
    if !call.key.is_empty() {
        let basic = base64::engine::general_purpose::STANDARD.encode(format!("{}:", call.key));
        request = request.insert_header((header::AUTHORIZATION, format!("Basic {basic}")));
    }
    let response: ServiceResponse = test::call_service(&service, request.to_request()).await;
    let retry = response.headers().get(header::RETRY_AFTER).and_then(|v| v.to_str().ok()).map(str::to_owned);
    assert_eq!(
        response.headers().get(header::ACCESS_CONTROL_ALLOW_ORIGIN).map(header::HeaderValue::as_bytes),
        Some(&b"*"[..])
    );
    let status = response.status();
    let body = test::read_body(response).await;
    (status, serde_json::from_slice(&body).unwrap_or(Value::Null), retry)
}

async fn rows<E: cartwheel_entity::Tenant>(app: &TestApp, store: &TestStore) -> Vec<E::Model>
where
    E::Model: Send + Sync,
{
    let mut tx = app.db().read().await.expect("a transaction");
    let scoped = tx.enter(&store.scope()).await.expect("the store");
    scoped.find::<E>().all(scoped.on()).await.expect("rows")
}

fn added(id: &str, price: Value) -> Value {
    json!({"type": "track", "event": "Product Added", "messageId": id, "userId": "u", "timestamp": "2026-03-02T09:59:00Z",
        "properties": {"cart_id": "c", "currency": "EUR", "product_id": "lamp", "price": price}})
}

#[db_test]
async fn of_a_batch_the_good_are_kept_and_the_bad_named(app: TestApp) {
    let (edge, store) = (edge(&app, InboxLimits::default(), Limiter::default()), app.store("a").await);
    let key = store.keys.write_key.as_str();
    let body = json!({"batch": [added("1", json!("19.90")), added("2", json!("much")), json!({"type": "track"}), 7, added("3", json!(-1))], "sentAt": "2026-03-02T10:00:00Z"});
    let (status, said, _) = send(&edge, call("/v1/batch", key, &body)).await;
    let places: Vec<_> = said["errors"]
        .as_array()
        .expect("errors")
        .iter()
        .map(|e| (e["index"].as_u64(), e["pointer"].as_str().unwrap_or_default().to_owned()))
        .collect();
    assert_eq!((status, said["accepted"].as_u64()), (StatusCode::OK, Some(1)));
    assert_eq!(
        places,
        [
            (Some(1), "/batch/1/properties/price".to_owned()),
            (Some(2), "/batch/2/event".to_owned()),
            (Some(3), "/batch/3".to_owned()),
            (Some(4), "/batch/4/properties/price".to_owned())
        ]
    );
    assert_eq!(
        (
            rows::<event::Entity>(&app, &store).await.len(),
            rows::<cart::Entity>(&app, &store).await[0].total_minor
        ),
        (1, 1990)
    );
    let (status, said, _) =
        send(&edge, call("/v1/batch", key, &json!({"batch": [added("9", json!({}))]}))).await;
    assert_eq!(
        (status, said["errors"][0]["pointer"].as_str()),
        (StatusCode::BAD_REQUEST, Some("/batch/0/properties/price"))
    );
    edge.inbox.close().await;
}

#[db_test]
async fn each_single_call_is_taken_and_its_key_not_kept(app: TestApp) {
    let (edge, store) = (edge(&app, InboxLimits::default(), Limiter::default()), app.store("a").await);
    let key = store.keys.write_key.as_str();
    for (path, body) in [
        (
            "/v1/identify",
            json!({"userId": "u", "traits": {"email": "ann@example.com", "phone": "+49 151 1234567"}}),
        ),
        ("/v1/page", json!({"userId": "u", "name": "Lamps", "writeKey": key})),
        ("/v1/screen", json!({"userId": "u", "name": "Lamps"})),
        ("/v1/group", json!({"userId": "u", "groupId": "g1", "traits": {"name": "Ada Ltd"}})),
        ("/v1/alias", json!({"userId": "u", "previousId": "browser"})),
        ("/v1/track", json!({"userId": "u", "event": "Anything", "properties": {}})),
    ] {
        let (status, said, _) = send(&edge, call(path, key, &body)).await;
        assert_eq!((status, said["success"].as_bool()), (StatusCode::OK, Some(true)), "{path}: {said}");
    }
    let kept = rows::<event::Entity>(&app, &store).await;
    assert_eq!(kept.len(), 6);
    assert!(kept.iter().all(|e| !e.raw.contains(key) && e.raw.contains("\"type\"")));
    let ann = rows::<contact::Entity>(&app, &store).await.remove(0);
    assert_eq!(
        (ann.email.as_deref(), ann.phone.as_deref(), ann.company_id.is_some()),
        (Some("ann@example.com"), Some("+491511234567"), true)
    );
    edge.inbox.close().await;
}

/// Calls without an id of their own are calls of their own, however the id is missing.
#[db_test]
async fn events_without_an_id_are_told_apart(app: TestApp) {
    let (store, edge) = (app.store("a").await, edge(&app, InboxLimits::default(), Limiter::default()));
    let mut sent = 0;
    for id in [Some(json!("")), Some(json!(null)), None] {
        for user in ["u", "v"] {
            let mut body = json!({"userId": user, "event": "Thing Done", "properties": {"messageId": "x"}});
            if let Some(id) = &id {
                body["messageId"] = id.clone();
            }
            let (status, said, _) = send(&edge, call("/v1/track", &store.keys.write_key, &body)).await;
            assert_eq!((status, &said["accepted"]), (StatusCode::OK, &json!(1)), "{said}");
            sent += 1;
        }
    }
    assert_eq!(rows::<event::Entity>(&app, &store).await.len(), sent);
}

/// What stands beside the events is kept with each of them, so it must be small.
#[db_test]
async fn a_batch_cannot_multiply_itself(app: TestApp) {
    let (store, edge) = (app.store("a").await, edge(&app, InboxLimits::default(), Limiter::default()));
    let events = vec![json!({"type": "page", "userId": "u"}); 50];
    let body = json!({"batch": events, "context": {"x": "y".repeat(3_000)}});
    let (status, said, _) = send(&edge, call("/v1/batch", &store.keys.write_key, &body)).await;
    assert_eq!(
        (status, said["errors"][0]["pointer"].as_str()),
        (StatusCode::BAD_REQUEST, Some("/context")),
        "{said}"
    );
    assert!(rows::<event::Entity>(&app, &store).await.is_empty());
}

/// A refused order leaves its cart open, and its owner reminded of what they have bought.
#[db_test]
async fn an_order_is_not_refused_for_a_line(app: TestApp) {
    let (store, edge) = (app.store("a").await, edge(&app, InboxLimits::default(), Limiter::default()));
    let products = json!([{"product_id": "lamp", "price": 20, "quantity": 1}, {"name": "Discount", "price": -5, "quantity": 1}]);
    let cart = json!({"userId": "u", "event": "Cart Updated", "timestamp": "2026-03-02T09:00:00Z", "properties": {"cart_id": "c", "products": [{"product_id": "lamp", "price": 20}]}});
    let order = json!({"userId": "u", "event": "Order Completed", "timestamp": "2026-03-02T09:10:00Z", "properties": {
        "order_id": "1", "cart_id": "c", "total": 15, "status": "gift-wrapped", "products": products}});
    let nothing = json!({"userId": "v", "event": "Order Completed", "properties": {"order_id": "2", "total": 5.55e-17}});
    for body in [cart, order, nothing] {
        let (status, said, _) = send(&edge, call("/v1/track", &store.keys.write_key, &body)).await;
        assert_eq!(status, StatusCode::OK, "{said}");
    }
    assert_eq!(rows::<cart::Entity>(&app, &store).await[0].status, "converted");
    let mut orders = rows::<cartwheel_entity::shop_order::Entity>(&app, &store).await;
    orders.sort_by(|a, b| a.external_id.cmp(&b.external_id));
    assert_eq!(
        (orders[0].total_minor, orders[0].lines.as_array().map(Vec::len), orders[1].total_minor),
        (1_500, Some(1), 0)
    );
}

#[db_test]
async fn a_beacon_with_the_public_key_in_its_body_is_a_browser(app: TestApp) {
    let (edge, store) = (edge(&app, InboxLimits::default(), Limiter::default()), app.store("a").await);
    let mut one = added("1", json!(5));
    one["anonymousId"] = json!("browser-1");
    one["context"] = json!({"cart_token": "0123456789abcdef0123"});
    let mut beacon = call("/v1/batch", "", &json!({"batch": [one], "writeKey": store.keys.public_key}));
    beacon.headers = vec![("content-type", "text/plain;charset=UTF-8")];
    let (status, said, _) = send(&edge, beacon).await;
    assert_eq!((status, said["accepted"].as_u64()), (StatusCode::OK, Some(1)), "{said}");
    assert_eq!(rows::<event::Entity>(&app, &store).await[0].source, "snippet");
    let (status, said, _) =
        send(&edge, call("/v1/track", &store.keys.public_key, &added("2", json!(5)))).await;
    assert_eq!(
        (status, said["errors"][0]["pointer"].as_str()),
        (StatusCode::BAD_REQUEST, Some("/properties/cart_token")),
        "a cart needs the browser's own token"
    );
    edge.inbox.close().await;
}

#[db_test]
async fn what_is_refused_is_refused_whole_and_says_why(app: TestApp) {
    let (edge, store) = (edge(&app, InboxLimits::default(), Limiter::default()), app.store("a").await);
    let key = store.keys.write_key.as_str();
    let good = json!({"batch": [added("1", json!(5))]});
    for (key, expected) in [
        ("", StatusCode::UNAUTHORIZED),
        ("cww_nobody", StatusCode::UNAUTHORIZED),
        (&"k".repeat(5000), StatusCode::UNAUTHORIZED),
    ] {
        assert_eq!(send(&edge, call("/v1/batch", key, &good)).await.0, expected);
    }
    for body in [
        "",
        "{",
        "[]",
        "7",
        "null",
        "{\"batch\":7}",
        "{\"batch\":{}}",
        "{}",
        "\u{feff}{}",
        "{\"batch\":[1,]}",
    ] {
        let bad = Call { path: "/v1/batch", key, body: body.into(), headers: vec![] };
        assert_eq!(send(&edge, bad).await.0, StatusCode::BAD_REQUEST, "{body}");
    }
    let not_utf8 = Call { path: "/v1/batch", key, body: vec![b'"', 0xff, b'"'], headers: vec![] };
    assert_eq!(send(&edge, not_utf8).await.0, StatusCode::BAD_REQUEST);
    let large = json!({"batch": [], "x": "x".repeat(MAX_BATCH)});
    assert_eq!(send(&edge, call("/v1/batch", key, &large)).await.0, StatusCode::PAYLOAD_TOO_LARGE);
    let mut long = added("1", json!(5));
    long["properties"]["note"] = json!("n".repeat(segment::MAX_EVENT));
    assert_eq!(send(&edge, call("/v1/track", key, &long)).await.0, StatusCode::PAYLOAD_TOO_LARGE);
    let (status, said, _) = send(&edge, call("/v1/batch", key, &json!({"batch": [long]}))).await;
    assert_eq!((status, said["errors"][0]["pointer"].as_str()), (StatusCode::BAD_REQUEST, Some("/batch/0")));
    let mut nul = added("1", json!(5));
    nul["properties"]["name"] = json!("a\0b");
    let (status, said, _) = send(&edge, call("/v1/track", key, &nul)).await;
    assert_eq!(
        (status, said["errors"][0]["pointer"].as_str()),
        (StatusCode::BAD_REQUEST, Some("/properties/name"))
    );
    assert_eq!(rows::<event::Entity>(&app, &store).await.len(), 0);
    edge.inbox.close().await;
    let (status, _, retry) = send(&edge, call("/v1/batch", key, &good)).await;
    assert_eq!((status, retry.is_some()), (StatusCode::SERVICE_UNAVAILABLE, true), "closed");
}

#[db_test]
async fn too_much_is_told_when_to_come_back(app: TestApp) {
    let rate = Rate { per_second: 1, burst: 3 };
    let (edge, store) = (edge(&app, InboxLimits::default(), Limiter::new(rate, rate)), app.store("a").await);
    let key = store.keys.write_key.as_str();
    let body =
        |n: usize| json!({"batch": (0..n).map(|i| added(&format!("{n}-{i}"), json!(1))).collect::<Vec<_>>()});
    assert_eq!(send(&edge, call("/v1/batch", key, &body(3))).await.0, StatusCode::OK);
    let (status, _, retry) = send(&edge, call("/v1/batch", key, &body(2))).await;
    assert_eq!((status, retry.as_deref()), (StatusCode::TOO_MANY_REQUESTS, Some("2")));
    app.clock().advance(2 * SECOND);
    assert_eq!(send(&edge, call("/v1/batch", key, &body(2))).await.0, StatusCode::OK);
    edge.inbox.close().await;
}

#[db_test]
async fn compressed_bodies_are_read_and_bombs_are_not(app: TestApp) {
    let (edge, store) = (edge(&app, InboxLimits::default(), Limiter::default()), app.store("a").await);
    let gzip = |text: &str| {
        let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        out.write_all(text.as_bytes()).expect("in memory");
        out.finish().expect("in memory")
    };
    let key = store.keys.write_key.as_str();
    let headers = vec![("content-encoding", "gzip"), ("content-type", "application/json")];
    let good = Call {
        path: "/v1/batch",
        key,
        body: gzip(&json!({"batch": [added("1", json!(5))]}).to_string()),
        headers: headers.clone(),
    };
    assert_eq!(send(&edge, good).await.0, StatusCode::OK);
    let bomb = Call { path: "/v1/batch", key, body: gzip(&" ".repeat(20 * MAX_BATCH)), headers };
    assert_eq!(send(&edge, bomb).await.0, StatusCode::PAYLOAD_TOO_LARGE);
    edge.inbox.close().await;
}

#[db_test]
async fn any_page_may_ask_first(app: TestApp) {
    let edge = edge(&app, InboxLimits::default(), Limiter::default());
    let service = test::init_service(App::new().app_data(edge.clone()).configure(configure)).await;
    let request =
        test::TestRequest::with_uri("/v1/batch").method(actix_web::http::Method::OPTIONS).to_request();
    let response = test::call_service(&service, request).await;
    assert_eq!(response.status(), StatusCode::NO_CONTENT);
    assert!(response.headers().contains_key(header::ACCESS_CONTROL_ALLOW_HEADERS));
    edge.inbox.close().await;
}

/// Anything a stranger may put where a value is expected.
fn hostile() -> impl Strategy<Value = Value> {
    let text = proptest::sample::select(vec![
        "",
        "\u{0}",
        "<script>",
        "__proto__",
        "1e999",
        "-0",
        "99999999999999999999",
        "ü😀\u{202e}",
        "2026-13-45T99:99:99Z",
        "a@b",
    ]);
    let leaf = proptest::prop_oneof![
        proptest::strategy::Just(Value::Null),
        proptest::arbitrary::any::<bool>().prop_map(Value::from),
        proptest::arbitrary::any::<i64>().prop_map(Value::from),
        proptest::arbitrary::any::<f64>().prop_map(|f| json!(f)),
        text.prop_map(Value::from),
        "\\PC{0,20}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        let key = proptest::sample::select(vec![
            "type",
            "event",
            "messageId",
            "userId",
            "anonymousId",
            "timestamp",
            "properties",
            "traits",
            "context",
            "products",
            "price",
            "quantity",
            "currency",
            "cart_id",
            "order_id",
            "email",
            "consent",
            "__proto__",
        ]);
        proptest::prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::vec((key, inner), 0..6)
                .prop_map(|pairs| Value::Object(pairs.into_iter().map(|(k, v)| (k.to_owned(), v)).collect())),
        ]
    })
}

#[db_test]
async fn hostile_bodies_never_break_and_never_take_the_good_along(app: TestApp) {
    let (edge, store) = (edge(&app, InboxLimits::default(), Limiter::default()), app.store("a").await);
    // Three calls each: 10,000 on SQLite where `CI` is set.
    let many = if std::env::var_os("CI").is_some() { 3_400 } else { 400 };
    let cases = if app.db().dialect() == crate::db::Dialect::Sqlite { many } else { many / 4 };
    let mut runner =
        TestRunner::new_with_rng(Config::default(), TestRng::from_seed(RngAlgorithm::ChaCha, &[3; 32]));
    for case in 0..cases {
        let bad = hostile().new_tree(&mut runner).expect("a value").current();
        let mut disguised = added(&format!("d{case}"), json!(1));
        disguised["properties"] = hostile().new_tree(&mut runner).expect("a value").current();
        let body = json!({"batch": [bad, added(&format!("good{case}"), json!(1)), disguised]});
        let (status, said, _) = send(&edge, call("/v1/batch", &store.keys.write_key, &body)).await;
        assert_eq!(status, StatusCode::OK, "{said} for {body}");
    }
    let kept = rows::<event::Entity>(&app, &store).await;
    assert_eq!(kept.iter().filter(|e| e.raw.contains("\"good")).count(), cases);
    assert!(edge.env.now() >= START);
    edge.inbox.close().await;
}
