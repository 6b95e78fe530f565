use super::*;
use crate::accounts::secrets;
use crate::{
    ingest::{InboxLimits, Limiter, http::tests::edge, webhook::configure, woo::tests::order},
    platforms::link,
    testing::{TestApp, TestStore},
};
use actix_web::{App, test};
use base64::Engine;
use cartwheel_domain::{
    settings::StoreSettings,
    time::{DAY, HOUR, MINUTE, to_rfc3339},
};
use cartwheel_entity::{cart, contact, event, shop_order};
use cartwheel_macros::db_test;
use proptest::{
    prelude::*,
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};
use ring::hmac;
use serde_json::Value;

const SECRET: &str = "a woo secret";

pub(super) fn sign(secret: &str, raw: &[u8]) -> String {
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()), raw);
    base64::engine::general_purpose::STANDARD.encode(tag)
}

struct Shop {
    app: TestApp,
    store: TestStore,
    edge: web::Data<Edge>,
}

impl Shop {
    async fn new(app: &TestApp) -> Self {
        let settings = StoreSettings { woo_url: "https://shop.example".into(), ..StoreSettings::default() };
        let store = app.store_with("a", false, settings).await;
        let edge = edge(app, InboxLimits::default(), Limiter::default());
        let mut tx = app.db().write().await.expect("a transaction");
        let scoped = tx.enter(&store.scope()).await.expect("the store");
        secrets::put(&scoped, &app.master_key(), app.env(), SecretKind::WooWebhook, SECRET)
            .await
            .expect("sealed");
        link::connect(&scoped, Platform::Woocommerce, false, app.env().now()).await.expect("connected");
        tx.commit().await.expect("committed");
        Self { app: app.clone(), store, edge }
    }

    async fn send(&self, topic: &str, body: &Value) -> (StatusCode, Value) {
        let raw = body.to_string().into_bytes();
        let signature = sign(SECRET, &raw);
        let (resource, event) = topic.split_once('.').expect("a topic");
        self.post(
            raw,
            &[
                ("x-wc-webhook-source", "https://shop.example/"),
                ("x-wc-webhook-topic", topic),
                ("x-wc-webhook-resource", resource),
                ("x-wc-webhook-event", event),
                ("x-wc-webhook-signature", &signature),
                ("x-wc-webhook-id", "3"),
                ("x-wc-webhook-delivery-id", "d1"),
            ],
        )
        .await
    }

    async fn post(&self, raw: Vec<u8>, headers: &[(&str, &str)]) -> (StatusCode, Value) {
        let service = test::init_service(App::new().app_data(self.edge.clone()).configure(configure)).await;
        let mut request =
            test::TestRequest::post().uri(&format!("/webhooks/woocommerce/{}", self.store.id()));
        for header in headers {
            request = request.insert_header(*header);
        }
        let response = test::call_service(&service, request.set_payload(raw).to_request()).await;
        let status = response.status();
        (status, serde_json::from_slice(&test::read_body(response).await).unwrap_or_default())
    }

    /// An order that was touched so long ago.
    fn order(&self, id: u64, status: &str, ms: i64) -> Value {
        let text = |at| to_rfc3339(at).trim_end_matches(".000Z").to_owned();
        let mut body = order(id, status);
        (body["billing"]["email"], body["billing"]["phone"]) =
            (json!(format!("p{id}@example.com")), json!(""));
        body["date_created_gmt"] = json!(text(self.app.env().now() - DAY));
        body["date_modified_gmt"] = json!(text(self.app.env().now() - ms));
        if matches!(status, "processing" | "completed" | "refunded") {
            body["date_paid_gmt"] = body["date_modified_gmt"].clone();
        }
        body
    }

    async fn rows<E: cartwheel_entity::Tenant>(&self) -> Vec<E::Model>
    where
        E::Model: Send + Sync,
    {
        let mut tx = self.app.db().read().await.expect("a transaction");
        let scoped = tx.enter(&self.store.scope()).await.expect("the store");
        scoped.find::<E>().all(scoped.on()).await.expect("rows")
    }

    async fn carts(&self) -> Vec<(String, i64, bool)> {
        let carts = self.rows::<cart::Entity>().await.into_iter();
        carts.map(|c| (c.status, c.total_minor, c.idle_at.is_some())).collect()
    }

    async fn link(&self) -> cartwheel_entity::platform_link::Model {
        self.rows::<cartwheel_entity::platform_link::Entity>().await.remove(0)
    }
}

#[db_test]
async fn a_pending_order_is_a_checkout_until_it_is_paid(app: TestApp) {
    let shop = Shop::new(&app).await;
    let pending = shop.order(41, "pending", 10 * MINUTE);
    for _ in 0..3 {
        assert_eq!(shop.send("order.created", &pending).await.0, StatusCode::OK);
    }
    assert_eq!(shop.carts().await, [("checkout".into(), 10_690, true)], "three times is once");
    assert_eq!(shop.rows::<event::Entity>().await.len(), 1);
    assert!(shop.rows::<shop_order::Entity>().await.is_empty(), "nobody has bought anything");
    let failed = shop.order(41, "failed", 5 * MINUTE);
    shop.send("order.updated", &failed).await;
    // The message about the payment overtakes nothing: the older ones come once more, after it.
    for body in [shop.order(41, "processing", MINUTE), failed, pending, shop.order(41, "on-hold", 3 * MINUTE)]
    {
        assert_eq!(shop.send("order.updated", &body).await.0, StatusCode::OK);
    }
    assert_eq!(shop.carts().await, [("converted".into(), 10_690, false)]);
    let order = shop.rows::<shop_order::Entity>().await.remove(0);
    assert_eq!(
        (order.external_id.as_str(), order.state.as_str(), order.total_minor),
        ("41", "purchased", 10_690)
    );
    assert_eq!(shop.rows::<contact::Entity>().await.len(), 1);
    assert!(shop.link().await.heard_at.is_some());
    shop.edge.inbox.close().await;
}

#[db_test]
async fn on_hold_is_bought_and_a_cancelled_order_is_over(app: TestApp) {
    let shop = Shop::new(&app).await;
    shop.send("order.created", &shop.order(1, "on-hold", HOUR)).await;
    assert!(
        shop.carts().await.iter().all(|(status, _, due)| status == "converted" && !due),
        "never reminded"
    );
    assert_eq!(shop.rows::<shop_order::Entity>().await[0].state, "awaiting");
    shop.send("order.updated", &shop.order(1, "cancelled", 30 * MINUTE)).await;
    assert_eq!(shop.rows::<shop_order::Entity>().await[0].state, "cancelled", "somebody had bought");

    shop.send("order.created", &shop.order(2, "pending", HOUR)).await;
    shop.send("order.updated", &shop.order(2, "cancelled", 20 * MINUTE)).await;
    shop.send("order.updated", &shop.order(2, "pending", HOUR)).await;
    let of =
        async |id: &str| shop.rows::<shop_order::Entity>().await.into_iter().find(|o| o.external_id == id);
    let left: Vec<_> =
        shop.carts().await.into_iter().filter(|(status, _, _)| status != "converted").collect();
    assert_eq!(left, [("expired".into(), 0, false)], "its page for paying is gone; nobody is sent there");
    assert_eq!(of("2").await.map(|o| o.state), Some("unfinished".into()), "nobody had bought");
    // The bank was late.
    shop.send("order.updated", &shop.order(2, "processing", 5 * MINUTE)).await;
    assert_eq!(of("2").await.map(|o| o.state), Some("purchased".into()));

    shop.send("order.created", &shop.order(3, "pending", HOUR)).await;
    shop.send("order.deleted", &json!({"id": 3})).await;
    assert!(shop.carts().await.iter().all(|(_, _, due)| !due));
    shop.edge.inbox.close().await;
}

#[db_test]
async fn nothing_that_is_not_genuine_changes_anything(app: TestApp) {
    let shop = Shop::new(&app).await;
    let raw = shop.order(1, "pending", MINUTE).to_string().into_bytes();
    let good = sign(SECRET, &raw);
    let topic = ("x-wc-webhook-topic", "order.created");
    let wrong = sign("another", &raw);
    for (body, headers) in [
        (raw.clone(), vec![topic]),
        (raw.clone(), vec![topic, ("x-wc-webhook-signature", "")]),
        (raw.clone(), vec![topic, ("x-wc-webhook-signature", wrong.as_str())]),
        (raw.clone(), vec![topic, ("x-wc-webhook-signature", "not base64!")]),
        ([raw.clone(), b" ".to_vec()].concat(), vec![topic, ("x-wc-webhook-signature", good.as_str())]),
        (
            raw.clone(),
            vec![
                topic,
                ("x-wc-webhook-signature", good.as_str()),
                ("x-wc-webhook-source", "https://staging.example/"),
            ],
        ),
        (b"webhook_id=3&order=1".to_vec(), vec![]),
    ] {
        assert_eq!(shop.post(body, &headers).await.0, StatusCode::UNAUTHORIZED, "{headers:?}");
    }
    assert_eq!(shop.link().await.refused.as_deref(), Some("other_shop"));
    let ping =
        shop.post(b"webhook_id=3".to_vec(), &[("content-type", "application/x-www-form-urlencoded")]).await;
    assert_eq!(ping.0, StatusCode::OK, "or WooCommerce would not take the address");
    let mut big = raw.clone();
    big.resize(crate::ingest::webhook::MAX_WEBHOOK + 1, b' ');
    assert_eq!(shop.post(big, &[topic]).await.0, StatusCode::PAYLOAD_TOO_LARGE);
    assert!(shop.rows::<event::Entity>().await.is_empty() && shop.link().await.heard_at.is_none());
    // Five answers that are none of 2xx and WooCommerce is silent for good: what is genuine is never refused.
    for (body, topic) in [
        ("{}", "order.created"),
        ("[1]", "order.created"),
        ("{", "order.created"),
        ("{\"id\":1}", "order"),
        ("{\"id\":1}", ""),
    ] {
        let signature = sign(SECRET, body.as_bytes());
        let headers = [
            ("x-wc-webhook-topic", topic),
            ("x-wc-webhook-signature", signature.as_str()),
            ("x-wc-webhook-event", "created"),
        ];
        let (status, said) = shop.post(body.into(), &headers).await;
        assert_eq!((status, said["accepted"].as_u64()), (StatusCode::OK, Some(0)), "{body}");
        assert!(said["errors"][0]["message"].is_string(), "{said}");
    }
    assert!(shop.rows::<event::Entity>().await.is_empty());
    assert_eq!(shop.link().await.refused.as_deref(), Some("unreadable"));
    shop.edge.inbox.close().await;
}

#[db_test]
async fn without_a_secret_nothing_is_believed(app: TestApp) {
    let shop = Shop::new(&app).await;
    let mut tx = app.db().write().await.expect("a transaction");
    let scoped = tx.enter(&shop.store.scope()).await.expect("the store");
    secrets::take_away(&scoped, SecretKind::WooWebhook).await.expect("gone");
    tx.commit().await.expect("committed");
    app.stores().forget(shop.store.id());
    let raw = shop.order(1, "pending", MINUTE).to_string().into_bytes();
    for secret in ["", SECRET] {
        let signature = sign(secret, &raw);
        let headers =
            [("x-wc-webhook-topic", "order.created"), ("x-wc-webhook-signature", signature.as_str())];
        assert_eq!(shop.post(raw.clone(), &headers).await.0, StatusCode::UNAUTHORIZED);
    }
    assert!(shop.rows::<event::Entity>().await.is_empty());
    shop.edge.inbox.close().await;
}

#[db_test]
async fn five_megabytes_and_ten_thousand_lines_are_taken(app: TestApp) {
    let shop = Shop::new(&app).await;
    let mut body = shop.order(1, "pending", MINUTE);
    let line = |n: usize| json!({"id": n, "name": "x".repeat(400), "product_id": n, "quantity": 1, "subtotal": "0.01", "subtotal_tax": "0"});
    body["line_items"] = (1..=10_000).map(line).collect();
    assert!(body.to_string().len() > 4_500_000);
    assert_eq!(shop.send("order.created", &body).await.0, StatusCode::OK);
    assert_eq!(shop.carts().await.len(), 1);
    shop.edge.inbox.close().await;
}

/// What somebody may do to a genuine delivery, and whether it is one afterwards.
#[derive(Debug, Clone)]
enum Abuse {
    None,
    Unsigned,
    Secret(String),
    Byte(prop::sample::Index, u8),
    Cut(prop::sample::Index),
    Append(Vec<u8>),
    Reencoded,
    Signature(prop::sample::Index),
    Source(&'static str),
}

fn abuse() -> impl Strategy<Value = Abuse> {
    prop_oneof![
        1 => Just(Abuse::None),
        1 => Just(Abuse::Unsigned),
        3 => "[a-z ]{0,20}".prop_map(Abuse::Secret),
        3 => (any::<prop::sample::Index>(), 1u8..).prop_map(|(at, by)| Abuse::Byte(at, by)),
        2 => any::<prop::sample::Index>().prop_map(Abuse::Cut),
        2 => prop::collection::vec(any::<u8>(), 1..9).prop_map(Abuse::Append),
        1 => Just(Abuse::Reencoded),
        2 => any::<prop::sample::Index>().prop_map(Abuse::Signature),
        1 => prop::sample::select(vec!["https://staging.example", "https://shop.example.evil.example", "https://shop.example/blog"]).prop_map(Abuse::Source),
    ]
}

/// Ten thousand deliveries that were tampered with, on the one judgement all of them meet.
#[::core::prelude::v1::test]
fn no_delivery_that_was_tampered_with_is_believed() {
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]);
    let mut runner = TestRunner::new_with_rng(Config::with_cases(10_000), rng);
    // With a space in it, so that writing the same JSON anew gives other bytes.
    let whole = order(1234, "pending").to_string().replacen(':', ": ", 1);
    let believed = std::cell::Cell::new(0_u32);
    let cases = (abuse(), "[a-zA-Z0-9]{8,40}", 0u64..1_000_000);
    let done = runner.run(&cases, |(abuse, secret, id)| {
        let mut raw = whole.replacen("1234", &id.to_string(), 1).into_bytes();
        let mut signature = Some(sign(&secret, &raw));
        let mut source = "https://shop.example/";
        let genuine = match &abuse {
            Abuse::None => true,
            Abuse::Unsigned => {
                signature = None;
                false
            }
            Abuse::Secret(other) => {
                signature = Some(sign(other, &raw));
                *other == secret
            }
            Abuse::Byte(at, by) => {
                let at = at.index(raw.len());
                raw[at] ^= by;
                false
            }
            Abuse::Cut(at) => {
                let at = at.index(raw.len());
                raw.truncate(at);
                false
            }
            Abuse::Append(more) => {
                raw.extend(more);
                false
            }
            Abuse::Reencoded => {
                let value: Value = serde_json::from_slice(&raw).expect("JSON");
                raw = value.to_string().into_bytes();
                false
            }
            Abuse::Signature(at) => {
                let mut text = signature.take().unwrap_or_default().into_bytes();
                let at = at.index(text.len() - 2);
                text[at] = if text[at] == b'A' { b'B' } else { b'A' };
                signature = String::from_utf8(text).ok();
                false
            }
            Abuse::Source(other) => {
                source = other;
                other.ends_with("/blog")
            }
        };
        let mut request = test::TestRequest::post().insert_header(("x-wc-webhook-source", source));
        if let Some(signature) = &signature {
            request = request.insert_header(("x-wc-webhook-signature", signature.as_str()));
        }
        let judgement = judge(Some(&secret), "https://shop.example", &request.to_http_request(), &raw);
        prop_assert_eq!(judgement == Judgement::Genuine, genuine, "{:?}", abuse);
        believed.set(believed.get() + u32::from(genuine));
        Ok(())
    });
    done.expect("none");
    assert!((500..4_000).contains(&believed.get()), "{believed:?}");
}
