//! Orders of carts that are closed already.

use super::*;
use crate::carts::Abandoner;
use cartwheel_domain::time::DAY;
use cartwheel_entity::{event, shop_order};

/// A cart that was closed for age stays closed and keeps its events: an order of it is linked to it, and makes no second cart.
#[db_test]
async fn an_order_of_a_cart_closed_for_age_is_linked_to_it(app: TestApp) {
    let shop = Shop::new(&app, "a").await;
    let ann = json!({"userId": "u"});
    shop.send(&[shop.track("1", T, ann.clone(), "Cart Updated", cart("c", json!([lamp(1)])))]).await;
    let days = shop.info.settings.expire_after_days;
    app.clock().set(T + (i64::from(days) + 2) * DAY);
    let abandoner = Abandoner::new(
        app.db().clone(),
        app.env().clone(),
        Default::default(),
        app.stores().clone(),
        Default::default(),
    );
    while abandoner.tick().await.expect("judged").more {}
    while abandoner.expire().await.expect("closed").more {}
    let closed = shop.carts().await.remove(0);
    assert_eq!(closed.status, "expired");
    let now = app.env().now();
    shop.send(&[shop.track("2", now, ann, "Order Completed", order("o-1", "c", "42.00"))]).await;
    let [same] = &shop.carts().await[..] else { panic!("one cart") };
    assert_eq!((same.id, same.status.as_str()), (closed.id, "expired"));
    let orders = shop.all::<shop_order::Entity>().await;
    assert_eq!(orders.iter().map(|o| o.cart_id).collect::<Vec<_>>(), [Some(closed.id)]);
    let events = shop.all::<event::Entity>().await;
    assert!(events.iter().all(|e| e.cart_id == Some(closed.id)), "each event is still the cart's");
}

/// A checkout that its shop deletes when it is paid was bought, whichever is heard first.
#[db_test]
async fn an_order_of_a_deleted_checkout_is_its_end(app: TestApp) {
    let shop = Shop::new(&app, "a").await;
    let ann = json!({"userId": "u"});
    shop.send(&[
        shop.track("1", T, ann.clone(), "Cart Updated", cart("c", json!([lamp(1)]))),
        shop.track("2", T + 1, ann.clone(), "cart_deleted", json!({"cart_id": "c"})),
    ])
    .await;
    shop.send(&[shop.track("3", T + 2, ann, "Order Completed", order("o-1", "c", "42.00"))]).await;
    let [bought] = &shop.carts().await[..] else { panic!("one cart") };
    assert_eq!((bought.status.as_str(), bought.finished_at), ("converted", Some(T + 2)));
}
