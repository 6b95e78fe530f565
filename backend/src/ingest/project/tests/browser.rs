//! What the public key may and may not do.

use super::*;

#[db_test]
async fn a_browser_touches_only_what_its_own_token_opened(app: TestApp) {
    let shop = Shop::new(&app, "a").await;
    let (own, other) = ("0123456789abcdef", "fedcba9876543210");
    shop.send(&[
        shop.track(
            "1",
            T,
            json!({"userId": "u", "context": {"traits": {"email": "ann@example.com"}}}),
            "Cart Updated",
            cart("c", json!([lamp(1)])),
        ),
        shop.browser("2", T, own, "Cart Updated", cart("basket", json!([lamp(2)]))),
    ])
    .await;
    // The same ids from another browser, and the victim's address, select nothing of theirs.
    let mut forged = vec![
        shop.browser("f1", T + 1, other, "Cart Updated", cart("c", json!([]))),
        shop.browser("f2", T + 2, other, "Cart Updated", cart("basket", json!([]))),
        shop.browser("f3", T + 3, other, "Order Completed", order("9", "c", "1.00")),
        shop.browser("f4", T + 4, other, "Order Completed", order("9", "basket", "1.00")),
        shop.browser("f5", T + 5, other, "Cart Updated", cart(&format!("{own}/basket"), json!([lamp(9)]))),
    ];
    forged.push(shop.read(Source::Snippet, "f6", T + 6, json!({"type": "identify", "anonymousId": format!("a-{other}"), "userId": "u", "traits": {"email": "ann@example.com", "firstName": "Eve"}, "context": {"cart_token": other}})));
    forged.push(shop.browser("f7", T + 7, other, "Order Completed", json!({"order_id": "10", "total": 1})));
    shop.send(&forged).await;
    let carts = shop.carts().await;
    let counts: Vec<_> =
        carts.iter().filter(|c| c.source_at == T).map(|c| (c.status.as_str(), c.item_count)).collect();
    assert_eq!(counts, [("active", 1), ("active", 2)], "{carts:#?}");
    let ann = shop
        .all::<contact::Entity>()
        .await
        .into_iter()
        .find(|c| c.email.as_deref() == Some("ann@example.com"))
        .expect("ann");
    assert_eq!(
        (ann.first_name, ann.orders_count),
        (Some("Eve".into()), 0),
        "a browser fills gaps and orders nothing for others"
    );
    // A server's order ends the browser's cart by the id the browser gave.
    shop.send(&[shop.track(
        "s",
        T + MINUTE,
        json!({"userId": "w"}),
        "Order Completed",
        order("11", "basket", "39.80"),
    )])
    .await;
    let ended = shop
        .carts()
        .await
        .into_iter()
        .find(|c| c.source_at == T && c.item_count == 2)
        .expect("the browser's cart");
    assert_eq!(ended.status, "converted");
}

#[db_test]
async fn a_browser_cannot_change_an_order_a_server_told_of(app: TestApp) {
    let shop = Shop::new(&app, "a").await;
    shop.send(&[shop.track("1", T, json!({"userId": "u"}), "Order Completed", order("1", "c", "10.00"))])
        .await;
    shop.send(&[
        shop.browser("2", T + 1, "0123456789abcdef", "Order Cancelled", json!({"order_id": "1"})),
        shop.browser("3", T + 2, "0123456789abcdef", "Order Refunded", json!({"order_id": "1"})),
    ])
    .await;
    let stored = shop.all::<shop_order::Entity>().await.remove(0);
    assert_eq!((stored.state.as_str(), stored.refunded_minor), ("purchased", 0));
}
