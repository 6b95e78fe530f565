//! Events come late, twice and in any order, and come to the same.

use super::*;
use proptest::{
    strategy::{Strategy, ValueTree},
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};
use sea_orm::QueryOrder;

#[db_test]
async fn an_order_that_comes_first_still_finishes_its_cart(app: TestApp) {
    let shop = Shop::new(&app, "a").await;
    let ann = json!({"userId": "u"});
    shop.send(&[shop.track("o", T + MINUTE, ann.clone(), "Order Completed", order("1", "c", "39.80"))]).await;
    shop.send(&[shop.track("1", T, ann.clone(), "Cart Updated", cart("c", json!([lamp(2)])))]).await;
    let [only] = &shop.carts().await[..] else { panic!("one cart") };
    assert_eq!((only.status.as_str(), only.item_count, only.idle_at), ("converted", 2, None));
    // The emptied cart that follows a purchase begins nothing; a filled one later does.
    shop.send(&[shop.track("2", T + 5 * MINUTE, ann.clone(), "Cart Updated", cart("c", json!([])))]).await;
    assert_eq!(shop.carts().await.len(), 1);
    shop.send(&[shop.track("3", T + 6 * MINUTE, ann, "Cart Updated", cart("c", json!([lamp(1)])))]).await;
    let carts = shop.carts().await;
    assert_eq!(carts.iter().map(|c| c.status.as_str()).collect::<Vec<_>>(), ["converted", "active"]);
}

#[db_test]
async fn a_late_order_splits_what_lies_on_both_sides(app: TestApp) {
    let shop = Shop::new(&app, "a").await;
    let ann = json!({"userId": "u"});
    shop.send(&[shop.track("1", T, ann.clone(), "Cart Updated", cart("c", json!([lamp(1)])))]).await;
    shop.send(&[shop.track("2", T + 10 * MINUTE, ann.clone(), "Cart Updated", cart("c", json!([lamp(3)])))])
        .await;
    shop.send(&[shop.track("o", T + MINUTE, ann, "Order Completed", order("1", "c", "19.90"))]).await;
    let carts = shop.carts().await;
    assert_eq!(
        carts.iter().map(|c| (c.status.as_str(), c.item_count)).collect::<Vec<_>>(),
        [("converted", 1), ("active", 3)]
    );
    assert!(carts[1].idle_at.is_some());
}

/// One fact of a random history.
fn history() -> impl Strategy<Value = Vec<(u8, i64, u8, u8)>> {
    // what (kind), when, which token, how many
    proptest::collection::vec((0u8..9, 0i64..8, 0u8..2, 1u8..4), 2..9)
}

fn event_of(shop: &Shop, index: usize, (kind, at, token, n): (u8, i64, u8, u8)) -> Arrived {
    let (id, token) = (format!("e{index}"), format!("t{token}"));
    let at = T + at * 3 * MINUTE + i64::try_from(index).unwrap_or(0);
    let who = json!({"userId": "u"});
    match kind {
        0 | 1 => shop.track(&id, at, who, "Cart Updated", cart(&token, json!([lamp(n.into())]))),
        2 => shop.track(&id, at, who, "Product Added", json!({"cart_id": token, "currency": "EUR", "product_id": "mug", "price": "3.50", "quantity": n})),
        3 => shop.track(&id, at, who, "Product Removed", json!({"cart_id": token, "currency": "EUR", "product_id": "mug", "quantity": 1})),
        4 => shop.track(&id, at, who, "Checkout Step Viewed", json!({"cart_id": token, "step": n})),
        5 => shop.track(&id, at, who, "Cart Updated", cart(&token, json!([]))),
        6 => shop.track(&id, at, who, "Order Completed", order(&format!("o{index}"), &token, "12.00")),
        7 => shop.track(&id, at, who, "Order Refunded", json!({"order_id": format!("o{}", index.saturating_sub(1)), "refund_id": "r", "total": "1.00", "currency": "EUR"})),
        _ => shop.track(&id, at, who, "Checkout Started", json!({"cart_id": token, "currency": "EUR", "products": [lamp(n.into())]})),
    }
}

/// Histories of at most one order: each arrives in order, shuffled with repeats, and backwards one by one, in stores
/// of their own, and all come to the same.
#[db_test]
async fn any_order_of_arrival_comes_to_the_same(app: TestApp) {
    // Twice as many where `CI` is set; the fold itself is held to 10,000 histories in `domain`.
    let many = if std::env::var_os("CI").is_some() { 2 } else { 1 };
    let cases = many * if app.db().dialect() == crate::db::Dialect::Sqlite { 60 } else { 15 };
    let mut runner =
        TestRunner::new_with_rng(Config::default(), TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]));
    for case in 0..cases {
        let mut facts = history().new_tree(&mut runner).expect("a history").current();
        let mut orders = 0;
        facts.retain(|f| f.0 != 6 || std::mem::replace(&mut orders, 1) == 0);
        let order = proptest::collection::vec(0..facts.len(), facts.len() * 2)
            .new_tree(&mut runner)
            .expect("an order")
            .current();
        let mut states = Vec::new();
        for way in 0..3 {
            let shop = Shop::new(&app, &format!("s{case}-{way}")).await;
            let mut all: Vec<Arrived> =
                facts.iter().enumerate().map(|(i, f)| event_of(&shop, i, *f)).collect();
            all.sort_by_key(|a| a.event.occurred_at);
            match way {
                0 => {
                    for one in &all {
                        shop.send(std::slice::from_ref(one)).await;
                    }
                }
                1 => {
                    for part in order.chunks(3) {
                        let part: Vec<Arrived> = part.iter().map(|i| all[*i].clone()).collect();
                        shop.send(&part).await;
                    }
                    shop.send(&all).await;
                }
                _ => {
                    for one in all.iter().rev() {
                        shop.send(std::slice::from_ref(one)).await;
                    }
                }
            }
            states.push(shop.state().await);
        }
        assert_eq!(states[0], states[1], "case {case}, shuffled: {facts:?}");
        assert_eq!(states[0], states[2], "case {case}, backwards: {facts:?}");
    }
}

#[db_test]
async fn tokens_lead_to_the_present_basket_and_remember_the_one_before(app: TestApp) {
    let shop = Shop::new(&app, "a").await;
    let ann = json!({"userId": "u"});
    shop.send(&[
        shop.track("1", T, ann.clone(), "Cart Updated", cart("c", json!([lamp(1)]))),
        shop.track("o", T + MINUTE, ann.clone(), "Order Completed", order("1", "c", "1.00")),
    ])
    .await;
    shop.send(&[shop.track("2", T + 5 * MINUTE, ann.clone(), "Cart Updated", cart("c", json!([lamp(2)])))])
        .await;
    shop.send(&[shop.track("3", T + 1, ann, "Cart Updated", cart("c", json!([lamp(7)])))]).await;
    let carts = shop.carts().await;
    assert_eq!(
        carts.iter().map(|c| (c.status.as_str(), c.item_count)).collect::<Vec<_>>(),
        [("converted", 7), ("active", 2)]
    );
    let mut tx = app.db().read().await.expect("a transaction");
    let scoped = tx.enter(&shop.store.scope()).await.expect("the store");
    let keys = scoped
        .find::<cart_key::Entity>()
        .order_by_asc(cart_key::Column::Kind)
        .all(scoped.on())
        .await
        .expect("keys");
    assert_eq!(
        keys.iter().map(|k| (k.kind.as_str(), k.cart_id)).collect::<Vec<_>>(),
        [("cart", carts[1].id), ("past_cart", carts[0].id)]
    );
}
