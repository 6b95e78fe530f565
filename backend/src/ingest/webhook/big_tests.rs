use super::*;
use crate::{
    accounts::secrets,
    ingest::{InboxLimits, Limiter, http::tests::edge, webhook::configure},
    platforms::link,
    testing::{START, TestApp, TestStore},
};
use actix_web::{App, test};
use base64::Engine;
use cartwheel_domain::settings::StoreSettings;
use cartwheel_entity::{event, platform_hint, platform_link};
use cartwheel_macros::db_test;
use proptest::{
    prelude::*,
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};
use ring::hmac;

const CLIENT: &str = "client-secret-of-the-account";
const OURS: &str = "header-secret";

fn sign(client: &str, id: &str, at: i64, body: &[u8]) -> String {
    let tag = hmac::sign(
        &hmac::Key::new(hmac::HMAC_SHA256, client.as_bytes()),
        &[format!("{id}.{at}.").as_bytes(), body].concat(),
    );
    format!("v1,{}", base64::engine::general_purpose::STANDARD.encode(tag))
}

struct Shop {
    app: TestApp,
    store: TestStore,
    edge: web::Data<Edge>,
}

impl Shop {
    async fn new(app: &TestApp) -> Self {
        let settings = StoreSettings { bigcommerce_store: "abc123".into(), ..StoreSettings::default() };
        let store = app.store_with("a", false, settings).await;
        let mut tx = app.db().write().await.expect("a transaction");
        let scoped = tx.enter(&store.scope()).await.expect("the store");
        for (kind, text) in [(SecretKind::BigcommerceClient, CLIENT), (SecretKind::BigcommerceHeader, OURS)] {
            secrets::put(&scoped, &app.master_key(), app.env(), kind, text).await.expect("sealed");
        }
        link::connect(&scoped, Platform::Bigcommerce, false, app.env().now()).await.expect("connected");
        tx.commit().await.expect("committed");
        Self { app: app.clone(), store, edge: edge(app, InboxLimits::default(), Limiter::default()) }
    }

    async fn send(&self, body: &Value) -> StatusCode {
        let raw = body.to_string().into_bytes();
        let at = self.app.env().now() / 1_000;
        let signature = sign(CLIENT, "msg_1", at, &raw);
        self.post(
            raw,
            &[
                ("webhook-id", "msg_1"),
                ("webhook-timestamp", &at.to_string()),
                ("webhook-signature", &signature),
                ("x-cartwheel-secret", OURS),
            ],
        )
        .await
    }

    async fn post(&self, raw: Vec<u8>, headers: &[(&str, &str)]) -> StatusCode {
        let service = test::init_service(App::new().app_data(self.edge.clone()).configure(configure)).await;
        let mut request =
            test::TestRequest::post().uri(&format!("/webhooks/bigcommerce/{}", self.store.id()));
        for header in headers {
            request = request.insert_header(*header);
        }
        test::call_service(&service, request.set_payload(raw).to_request()).await.status()
    }

    async fn rows<E: cartwheel_entity::Tenant>(&self) -> Vec<E::Model>
    where
        E::Model: Send + Sync,
    {
        let mut tx = self.app.db().read().await.expect("a transaction");
        let scoped = tx.enter(&self.store.scope()).await.expect("the store");
        scoped.find::<E>().all(scoped.on()).await.expect("rows")
    }

    async fn hints(&self) -> Vec<(String, String, bool)> {
        let rows = self.rows::<platform_hint::Entity>().await;
        let mut found: Vec<_> =
            rows.into_iter().map(|h| (h.kind, h.resource, h.next_at == Some(h.received_at))).collect();
        found.sort();
        found
    }
}

fn told(scope: &str, data: Value, hash: &str) -> Value {
    json!({"scope": scope, "store_id": "1025646", "data": data, "hash": hash, "created_at": START / 1_000, "producer": "stores/abc123"})
}

#[db_test]
async fn a_webhook_is_a_hint_and_a_repeat_is_none(app: TestApp) {
    let shop = Shop::new(&app).await;
    let created = told("store/cart/created", json!({"type": "cart", "id": "c1"}), "h1");
    for _ in 0..1_000 / 50 {
        assert_eq!(shop.send(&created).await, StatusCode::OK);
    }
    for (scope, data, hash) in [
        ("store/cart/lineItem/updated", json!({"type": "cart_line_item", "id": "l1", "cartId": "c1"}), "h2"),
        ("store/cart/abandoned", json!({"type": "cart", "id": "c1", "token": "1eed6d"}), "h3"),
        ("store/channel/2/cart/updated", json!({"type": "cart", "id": "c2"}), "h4"),
        ("store/cart/converted", json!({"type": "cart", "id": "c1", "orderId": 250}), "h5"),
        ("store/cart/deleted", json!({"type": "cart", "id": "c1"}), "h6"),
        (
            "store/order/statusUpdated",
            json!({"type": "order", "id": 250, "status": {"new_status_id": 11}}),
            "h7",
        ),
        ("store/quote/created", json!({"quote_id": 8, "quote_uuid": "u"}), "h8"),
        ("store/quote/deleted", json!({"quote_id": 8, "quote_uuid": "u"}), "h9"),
        ("store/product/updated", json!({"type": "product", "id": 1}), "ha"),
    ] {
        assert_eq!(shop.send(&told(scope, data, hash)).await, StatusCode::OK, "{scope}");
    }
    let hint = |kind: &str, resource: &str, at_once| (kind.to_owned(), resource.to_owned(), at_once);
    assert_eq!(
        shop.hints().await,
        [
            hint("cart", "c1", true),
            hint("cart", "c1", true),
            hint("cart", "c1", true),
            hint("cart", "c2", true),
            hint("cart_deleted", "c1", false),
            hint("order", "250", true),
            hint("order", "250", true),
            hint("quote", "8", true),
            hint("quote_deleted", "8", true),
        ]
    );
    let tokens: Vec<_> =
        shop.rows::<platform_hint::Entity>().await.into_iter().filter_map(|h| h.token).collect();
    assert_eq!(tokens, ["1eed6d"]);
    assert!(shop.rows::<event::Entity>().await.is_empty(), "nothing in it is believed");
    shop.edge.inbox.close().await;
}

#[db_test]
async fn what_is_not_genuine_is_refused_and_what_cannot_be_read_is_not(app: TestApp) {
    let shop = Shop::new(&app).await;
    let mut elsewhere = told("store/cart/created", json!({"id": "c1"}), "h1");
    elsewhere["producer"] = json!("stores/other");
    assert_eq!(
        shop.send(&elsewhere).await,
        StatusCode::UNAUTHORIZED,
        "another store's account, the same secrets"
    );
    assert_eq!(shop.post(elsewhere.to_string().into(), &[]).await, StatusCode::UNAUTHORIZED);
    for odd in [
        json!({}),
        json!([]),
        told("store/cart/created", json!({}), "h"),
        told("store/cart/created", json!({"id": "../../v2/orders"}), "h"),
        told("store/order/created", json!({"id": {"a": 1}}), "h"),
    ] {
        assert_eq!(shop.send(&odd).await, StatusCode::OK, "{odd}");
    }
    assert!(shop.hints().await.is_empty());
    let link = shop.rows::<platform_link::Entity>().await.remove(0);
    assert_eq!((link.heard_at, link.refused.as_deref()), (None, Some("unreadable")));
    shop.edge.inbox.close().await;
}

#[derive(Debug, Clone)]
enum Abuse {
    None,
    Client(String),
    Header(String),
    NoHeader,
    Byte(prop::sample::Index),
    Id,
    Time(i64),
    Version,
    Second,
    Old(i64),
}

fn abuse() -> impl Strategy<Value = Abuse> {
    prop_oneof![
        2 => Just(Abuse::None),
        3 => "[a-z-]{0,20}".prop_map(Abuse::Client),
        3 => "[a-z-]{0,20}".prop_map(Abuse::Header),
        1 => Just(Abuse::NoHeader),
        3 => any::<prop::sample::Index>().prop_map(Abuse::Byte),
        1 => Just(Abuse::Id),
        2 => (-5i64..=5).prop_map(Abuse::Time),
        1 => Just(Abuse::Version),
        1 => Just(Abuse::Second),
        2 => (-10i64..=10).prop_map(Abuse::Old),
    ]
}

#[::core::prelude::v1::test]
fn no_delivery_that_was_tampered_with_is_believed() {
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[9; 32]);
    let mut runner = TestRunner::new_with_rng(Config::with_cases(10_000), rng);
    let now = START;
    let done = runner.run(&(abuse(), 0u32..), |(abuse, n)| {
        let mut raw = told("store/cart/created", json!({"id": n}), "h").to_string().into_bytes();
        let (mut id, mut at) = ("msg_1".to_owned(), now / 1_000);
        if let Abuse::Old(days) = abuse {
            at += days * 86_400;
        }
        let mut signatures = sign(CLIENT, &id, at, &raw);
        let mut header = Some(OURS.to_owned());
        let genuine_one = match &abuse {
            Abuse::None => true,
            Abuse::Client(other) => {
                signatures = sign(other, &id, at, &raw);
                other == CLIENT
            }
            Abuse::Header(other) => {
                header = Some(other.clone());
                other == OURS
            }
            Abuse::NoHeader => {
                header = None;
                false
            }
            Abuse::Byte(place) => {
                let place = place.index(raw.len());
                raw[place] ^= 1;
                false
            }
            Abuse::Id => {
                id = "msg_2".into();
                false
            }
            Abuse::Time(by) => {
                at += by;
                *by == 0
            }
            Abuse::Version => {
                signatures = signatures.replacen("v1,", "v2,", 1);
                false
            }
            Abuse::Second => {
                signatures = format!("v1,AAAA v2,{signatures} {signatures}");
                true
            }
            Abuse::Old(days) => (-3..=0).contains(days),
        };
        let mut request = test::TestRequest::post()
            .insert_header(("webhook-id", id))
            .insert_header(("webhook-timestamp", at.to_string()))
            .insert_header(("webhook-signature", signatures));
        if let Some(header) = header {
            request = request.insert_header(("x-cartwheel-secret", header));
        }
        let request = request.to_http_request();
        prop_assert_eq!(genuine((Some(CLIENT), Some(OURS)), &request, &raw, now), genuine_one, "{:?}", abuse);
        prop_assert!(
            !genuine((None, Some(OURS)), &request, &raw, now)
                && !genuine((Some(CLIENT), None), &request, &raw, now)
        );
        Ok(())
    });
    done.expect("none");
}
