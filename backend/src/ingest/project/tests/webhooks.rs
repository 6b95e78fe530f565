//! What endpoints are told of carts and orders, in the transaction of their events.

use super::*;
use crate::webhooks::endpoint;
use cartwheel_entity::hook_delivery;

/// An endpoint that has chosen these kinds.
async fn listen(shop: &mut Shop, kinds: &[&str]) {
    let change = endpoint::Change {
        url: Some("https://hooks.example/".into()),
        kinds: Some(kinds.iter().map(|k| (*k).to_owned()).collect()),
        ..endpoint::Change::default()
    };
    let mut tx = shop.app.db().write().await.expect("a transaction");
    let with = (&shop.store.scope(), shop.app.env(), &shop.app.master_key());
    endpoint::create(&mut tx, with, false, &change).await.expect("made");
    tx.commit().await.expect("committed");
    shop.app.stores().forget(shop.store.id());
    shop.info = shop.app.stores().by_id(shop.store.id()).await.expect("a look").expect("the store");
}

async fn told(shop: &Shop) -> Vec<(String, Value)> {
    let rows = shop.all::<hook_delivery::Entity>().await;
    let body = |row: hook_delivery::Model| {
        let body: Value = serde_json::from_str(&row.body).expect("JSON");
        (row.kind, body["data"].clone())
    };
    let mut all: Vec<_> = rows.into_iter().map(body).collect();
    all.sort_by(|a, b| a.0.cmp(&b.0));
    all
}

fn cart(shop: &Shop, id: &str) -> Arrived {
    let who = json!({"userId": "u1", "context": {"traits": {"email": "ben@canary.example", "firstName": "Benedetta"}}});
    let lamp = json!({"cart_id": "c1", "product_id": "lamp", "name": "Desk lamp", "price": 39.90, "quantity": 2, "currency": "EUR"});
    shop.track(id, T, who, "Product Added", lamp)
}

fn order(shop: &Shop, id: &str, at: Millis) -> Arrived {
    let who = json!({"userId": "u1"});
    let bought = json!({"order_id": "o1", "cart_id": "c1", "total": 79.80, "currency": "EUR",
        "products": [{"product_id": "lamp", "price": 39.90, "quantity": 2}]});
    shop.track(id, at, who, "Order Completed", bought)
}

#[db_test]
async fn a_purchase_is_told_once_without_names_and_addresses(app: TestApp) {
    let mut shop = Shop::new(&app, "a").await;
    listen(&mut shop, &["cart.converted", "cart.recovered", "order.placed"]).await;
    shop.send(&[cart(&shop, "1")]).await;
    assert!(told(&shop).await.is_empty(), "a cart alone is nothing they have chosen");
    shop.send(&[order(&shop, "2", T + MINUTE)]).await;
    // The same order from another source, and a repeat.
    shop.send(&[order(&shop, "3", T + 2 * MINUTE), order(&shop, "2", T + MINUTE)]).await;
    let told = told(&shop).await;
    let kinds: Vec<&str> = told.iter().map(|(kind, _)| kind.as_str()).collect();
    assert_eq!(kinds, ["cart.converted", "order.placed"]);
    let (bought, placed) = (&told[0].1, &told[1].1);
    assert_eq!(placed["total"], json!({"amount": "79.80", "currency": "EUR"}));
    assert_eq!((placed["external_id"].as_str(), placed["test"].as_bool()), (Some("o1"), Some(false)));
    assert_eq!(
        (bought["cart_id"].clone(), bought["order_id"].clone()),
        (placed["cart_id"].clone(), placed["order_id"].clone())
    );
    assert!(bought["cart_id"].as_str().is_some_and(|id| id.starts_with("cart_")));
    let text = format!("{told:?}");
    for personal in ["canary", "Benedetta", "Desk lamp"] {
        assert!(!text.contains(personal), "{personal} is told: {text}");
    }
}

#[db_test]
async fn where_nobody_listens_nothing_is_written(app: TestApp) {
    let mut shop = Shop::new(&app, "a").await;
    shop.send(&[cart(&shop, "1"), order(&shop, "2", T + MINUTE)]).await;
    assert!(told(&shop).await.is_empty());
    listen(&mut shop, &["message.sent"]).await;
    shop.send(&[order(&shop, "4", T + HOUR)]).await;
    assert!(told(&shop).await.is_empty(), "nor what nobody has chosen");
}

/// Told in the transaction of the event: where that is taken back, nobody hears of it.
#[db_test]
async fn what_is_taken_back_is_not_told(app: TestApp) {
    let mut shop = Shop::new(&app, "a").await;
    listen(&mut shop, &["order.placed"]).await;
    let events = [order(&shop, "2", T)];
    let mut tx = app.db().write().await.expect("a transaction");
    let scoped = tx.enter(&StoreScope::shop(shop.info.id)).await.expect("the store");
    scoped.lock().await.expect("the lock");
    let all: Vec<&Arrived> = events.iter().collect();
    project(&scoped, &shop.info, app.env(), &shop.signals, &all).await.expect("projected");
    assert_eq!(scoped.find::<hook_delivery::Entity>().all(scoped.on()).await.expect("rows").len(), 1);
    drop(scoped);
    drop(tx);
    crate::testing::database::await_idle(app.db()).await;
    assert!(told(&shop).await.is_empty());
}

#[db_test]
async fn a_no_is_told(app: TestApp) {
    let mut shop = Shop::new(&app, "a").await;
    listen(&mut shop, &["contact.unsubscribed"]).await;
    let said = |action: &str| json!({"action": action, "method": "checkbox", "channel": "email", "purpose": "cart_email"});
    let call = json!({"type": "identify", "userId": "u1", "traits": {"email": "ben@canary.example", "consent": [said("given"), said("withdrawn")]}});
    shop.send(&[shop.read(Source::Api, "1", T, call)]).await;
    let told = told(&shop).await;
    let [(kind, data)] = &told[..] else { panic!("{told:?}") };
    assert_eq!(
        (kind.as_str(), data["action"].as_str(), data["channel"].as_str()),
        ("contact.unsubscribed", Some("withdrawn"), Some("email"))
    );
    assert!(!data.to_string().contains("canary"));
}
