use super::*;
use crate::{
    ingest::{InboxLimits, Limiter, http::tests::edge},
    testing::{TestApp, TestStore},
};
use actix_web::{App, test};
use cartwheel_domain::{
    ids::SuppressionId,
    time::{DAY, to_rfc3339},
};
use cartwheel_entity::{cart, contact, contact_identity, event, privacy_request, shop_order, suppression};
use cartwheel_macros::db_test;
use sea_orm::ActiveValue::Set;

const SECRET: &str = "hush";

struct Shop {
    app: TestApp,
    store: TestStore,
    edge: web::Data<Edge>,
}

impl Shop {
    async fn new(app: &TestApp) -> Self {
        let (store, edge) = (app.store("a").await, edge(app, InboxLimits::default(), Limiter::default()));
        let mut tx = app.db().write().await.expect("a transaction");
        let scoped = tx.enter(&store.scope()).await.expect("the store");
        secrets::put(&scoped, &app.master_key(), app.env(), SecretKind::Shopify, SECRET)
            .await
            .expect("sealed");
        tx.commit().await.expect("committed");
        Self { app: app.clone(), store, edge }
    }

    async fn send(&self, topic: &str, id: &str, body: &Value, secret: &str) -> StatusCode {
        let raw = body.to_string().into_bytes();
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()), &raw);
        self.post(topic, id, raw, &base64::engine::general_purpose::STANDARD.encode(tag)).await
    }

    async fn post(&self, topic: &str, id: &str, raw: Vec<u8>, signature: &str) -> StatusCode {
        let service = test::init_service(App::new().app_data(self.edge.clone()).configure(configure)).await;
        let request = test::TestRequest::post()
            .uri(&format!("/webhooks/shopify/{}", self.store.id()))
            .insert_header(("x-shopify-topic", topic))
            .insert_header(("x-shopify-event-id", id))
            .insert_header(("x-shopify-hmac-sha256", signature))
            .set_payload(raw)
            .to_request();
        test::call_service(&service, request).await.status()
    }

    async fn rows<E: cartwheel_entity::Tenant>(&self) -> Vec<E::Model>
    where
        E::Model: Send + Sync,
    {
        let mut tx = self.app.db().read().await.expect("a transaction");
        let scoped = tx.enter(&self.store.scope()).await.expect("the store");
        scoped.find::<E>().all(scoped.on()).await.expect("rows")
    }

    fn ago(&self, ms: i64) -> String {
        to_rfc3339(self.app.env().now() - ms)
    }

    fn checkout(&self, ms: i64, total: &str) -> Value {
        json!({
            "token": "k1", "cart_token": "c1", "email": "ann@example.com", "phone": "555-NOT-A-NUMBER", "currency": "USD",
            "created_at": self.ago(600_000), "updated_at": self.ago(ms), "total_price": total, "completed_at": null,
            "abandoned_checkout_url": "https://shop.example/recover?key=1", "buyer_accepts_marketing": true,
            "customer": {"id": 603_851_970_716_743_426_i64, "first_name": "Ann", "email": "ann@example.com"},
            "line_items": [{"key": "l1", "product_id": 788_032_119_674_292_922_i64, "title": "Lamp", "quantity": 2, "price": "10.00"}],
        })
    }
}

#[db_test]
async fn a_wrong_signature_changes_nothing(app: TestApp) {
    let shop = Shop::new(&app).await;
    let body = shop.checkout(60_000, "20.00");
    assert_eq!(shop.send("checkouts/create", "e1", &body, "another").await, StatusCode::UNAUTHORIZED);
    assert_eq!(
        shop.post("customers/redact", "e2", body.to_string().into(), "").await,
        StatusCode::UNAUTHORIZED
    );
    assert_eq!(
        shop.post("customers/redact", "e3", b"not even json".to_vec(), "AAAA").await,
        StatusCode::UNAUTHORIZED
    );
    assert!(
        shop.rows::<event::Entity>().await.is_empty()
            && shop.rows::<privacy_request::Entity>().await.is_empty()
    );
    let mut tampered = body.to_string().into_bytes();
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes()), &tampered);
    tampered.push(b' ');
    assert_eq!(
        shop.post("checkouts/create", "e4", tampered, &base64::engine::general_purpose::STANDARD.encode(tag))
            .await,
        StatusCode::UNAUTHORIZED
    );
    assert_eq!(shop.send("checkouts/create", "e5", &json!([]), SECRET).await, StatusCode::BAD_REQUEST);
    assert_eq!(
        shop.send("checkouts/create", "e6", &json!({"email": "x"}), SECRET).await,
        StatusCode::BAD_REQUEST
    );
    assert_eq!(
        shop.send("products/create", "e7", &json!({}), SECRET).await,
        StatusCode::OK,
        "what we did not ask for is not repeated"
    );
    shop.edge.inbox.close().await;
}

#[db_test]
async fn a_checkout_becomes_an_order_whatever_comes_twice_or_late(app: TestApp) {
    let shop = Shop::new(&app).await;
    let order = |status: &str| {
        json!({
            "id": 820_982_911_946_154_508_i64, "name": "#1001", "email": "ann@example.com", "currency": "USD", "total_price": "20.00",
            "financial_status": status, "checkout_token": "k1", "cart_token": "c1", "created_at": shop.ago(50_000), "updated_at": shop.ago(50_000),
            "line_items": [{"id": 1, "title": "Lamp", "quantity": 2, "price": "10.00"}], "discount_codes": [{"code": "TEN"}], "test": false,
        })
    };
    for (topic, id, body) in [
        ("checkouts/update", "2", shop.checkout(60_000, "20.00")),
        ("checkouts/create", "1", shop.checkout(120_000, "99.00")),
        ("checkouts/update", "2", shop.checkout(60_000, "20.00")),
    ] {
        assert_eq!(shop.send(topic, id, &body, SECRET).await, StatusCode::OK);
    }
    let open = shop.rows::<cart::Entity>().await.remove(0);
    assert_eq!(
        (open.kind.as_str(), open.total_minor, open.item_count, open.currency.as_str()),
        ("checkout", 2000, 2, "USD"),
        "the newer counts"
    );
    for (topic, body) in [("orders/paid", order("paid")), ("orders/create", order("pending"))] {
        assert_eq!(
            shop.send(topic, "o", &body, SECRET).await,
            StatusCode::OK,
            "one action, one id, two topics"
        );
    }
    // Shopify says once more that the checkout changed when it is completed.
    assert_eq!(shop.send("checkouts/update", "3", &shop.checkout(0, "20.00"), SECRET).await, StatusCode::OK);
    let carts = shop.rows::<cart::Entity>().await;
    assert_eq!(
        carts.iter().map(|c| (c.status.as_str(), c.idle_at)).collect::<Vec<_>>(),
        [("converted", None)]
    );
    let refund = json!({"id": 1, "order_id": 820_982_911_946_154_508_i64, "created_at": shop.ago(1_000), "transactions": [{"kind": "refund", "status": "success", "amount": "5.00"}]});
    assert_eq!(shop.send("refunds/create", "r", &refund, SECRET).await, StatusCode::OK);
    let stored = shop.rows::<shop_order::Entity>().await.remove(0);
    assert_eq!(
        (stored.external_id.as_str(), stored.state.as_str(), stored.total_minor, stored.refunded_minor),
        ("820982911946154508", "purchased", 2000, 500)
    );
    shop.edge.inbox.close().await;
}

#[db_test]
async fn an_erasure_leaves_no_name_and_keeps_the_no(app: TestApp) {
    let shop = Shop::new(&app).await;
    assert_eq!(
        shop.send("checkouts/create", "1", &shop.checkout(60_000, "20.00"), SECRET).await,
        StatusCode::OK
    );
    let customer = json!({"customer": {"id": 191_167, "email": "ann@example.com", "phone": "555"}, "orders_to_redact": [299_938], "data_request": {"id": 1}});
    assert_eq!(shop.send("customers/data_request", "2", &customer, SECRET).await, StatusCode::OK);
    // A no that was lifted once, and somebody else's, which stays lifted.
    let hash = |address| app.master_key().address_hash(shop.store.id(), "email", address);
    let lifted = ["ann@example.com", "ben@example.com"].map(|address| suppression::ActiveModel {
        store_id: Set(shop.store.id().uuid()),
        id: Set(app.env().id::<SuppressionId>().uuid()),
        channel: Set("email".into()),
        address_hash: Set(hash(address)),
        reason: Set("unsubscribed".into()),
        message_id: Set(None),
        created_at: Set(1),
        lifted_at: Set(Some(2)),
    });
    let mut tx = app.db().write().await.expect("a transaction");
    let scoped = tx.enter(&shop.store.scope()).await.expect("the store");
    scoped.insert::<suppression::Entity>(lifted.into()).await.expect("lifted");
    tx.commit().await.expect("committed");
    for _ in 0..2 {
        assert_eq!(shop.send("customers/redact", "3", &customer, SECRET).await, StatusCode::OK);
    }
    let people = shop.rows::<contact::Entity>().await;
    assert!(people.iter().all(|c| c.email.is_none()
        && c.first_name.is_none()
        && c.external_id.is_none()
        && c.erased_at.is_some()));
    assert!(shop.rows::<contact_identity::Entity>().await.is_empty());
    assert!(shop.rows::<event::Entity>().await.iter().all(|e| !e.raw.contains("ann@")));
    let noes = shop.rows::<suppression::Entity>().await;
    assert_eq!(noes.len(), 2);
    for no in noes {
        let stands = (no.reason.as_str(), no.lifted_at.is_none());
        assert_eq!(
            stands,
            if no.address_hash == hash("ann@example.com") {
                ("erased", true)
            } else {
                ("unsubscribed", false)
            }
        );
    }
    assert!(
        shop.rows::<cart::Entity>().await.iter().all(|c| c.recovery_url.is_none() && c.idle_at.is_none())
    );
    let mut requests = shop.rows::<privacy_request::Entity>().await;
    requests.sort_by(|a, b| a.kind.cmp(&b.kind));
    let told: Vec<_> = requests
        .iter()
        .map(|r| (r.kind.as_str(), r.due_at - r.received_at, r.completed_at.is_some()))
        .collect();
    assert_eq!(told, [("access", 30 * DAY, false), ("erase_contact", 30 * DAY, true)]);
    shop.edge.inbox.close().await;
}

#[db_test]
async fn the_end_of_a_shop_erases_everybody(app: TestApp) {
    let shop = Shop::new(&app).await;
    for n in 0..5 {
        let mut body = shop.checkout(60_000, "1.00");
        (body["token"], body["cart_token"]) = (json!(format!("k{n}")), json!(format!("c{n}")));
        (body["email"], body["customer"]) = (json!(format!("p{n}@example.com")), Value::Null);
        assert_eq!(shop.send("checkouts/create", &n.to_string(), &body, SECRET).await, StatusCode::OK);
    }
    assert_eq!(
        shop.send("shop/redact", "x", &json!({"shop_id": 1, "shop_domain": "a.myshopify.com"}), SECRET).await,
        StatusCode::OK
    );
    privacy::work(app.db(), app.env(), &app.master_key()).await.expect("done");
    assert!(shop.rows::<contact::Entity>().await.iter().all(|c| c.email.is_none() && c.erased_at.is_some()));
    assert!(shop.rows::<privacy_request::Entity>().await.iter().all(|r| r.completed_at.is_some()));
    shop.edge.inbox.close().await;
}
