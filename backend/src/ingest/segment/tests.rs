use super::*;
use crate::ingest::{
    read,
    shopify::{Delivery, translate},
};
use cartwheel_domain::{
    event::{CartKind, Lines, OrderState},
    time::to_rfc3339,
};
use proptest::prelude::*;
use serde_json::json;

const NOW: i64 = 1_772_445_600_000;

fn parsed(source: Source, mut call: Value) -> Result<Parsed, Problem> {
    if let Some(call) = call.as_object_mut() {
        call.entry("messageId").or_insert(json!("m"));
        call.entry("userId").or_insert(json!("u"));
        call.entry("timestamp").or_insert(json!(to_rfc3339(NOW - 1_000)));
    }
    let settings = StoreSettings::default();
    let arrival = Arrival { received: NOW, sent_at: None };
    let around = Around {
        settings: &settings,
        source,
        arrival,
        context: None,
        path_type: None,
        fallback_id: "fallback",
        kept: false,
    };
    parse(&call.to_string(), &around)
}

fn track(event: &str, properties: Value) -> Parsed {
    parsed(Source::Api, json!({"type": "track", "event": event, "properties": properties})).expect("good")
}

fn cart(p: &Parsed) -> &cartwheel_domain::event::CartChange {
    match &p.event.body {
        Body::Cart(change) => change,
        other => panic!("no cart: {other:?}"),
    }
}

fn order(p: &Parsed) -> &cartwheel_domain::event::OrderChange {
    match &p.event.body {
        Body::Order(change) => change,
        other => panic!("no order: {other:?}"),
    }
}

fn pointer(call: Value) -> String {
    parsed(Source::Api, call).expect_err("bad").pointer
}

#[test]
fn segment_s_own_checkout() {
    let p = track(
        "Checkout Started",
        json!({"order_id": "50314b8e", "value": 30, "revenue": "25.00", "currency": "USD", "coupon": "hasbros", "checkout_id": "k", "recovery_url": "javascript:alert(1)",
        "products": [{"product_id": "507f1f77", "sku": "45790-32", "name": "Monopoly", "price": 19, "quantity": 1, "category": "Games", "url": "https://shop.example/m", "image_url": "//x/y.png"},
            {"product_id": 9_007_199_254_740_993_i64, "price": "3", "quantity": "2"}]}),
    );
    let change = cart(&p);
    assert_eq!(
        (change.kind, change.total_minor, change.currency.map(|c| c.to_string())),
        (CartKind::Checkout, Some(3000), Some("USD".into()))
    );
    assert_eq!(
        (change.recovery_url.as_ref(), change.coupon.as_deref(), change.checkout_token.as_deref()),
        (None, Some("hasbros"), Some("k"))
    );
    let Lines::Set(lines) = &change.lines else { panic!("lines") };
    assert_eq!(
        (lines[0].unit_minor, lines[0].image_url.as_ref(), lines[0].url.as_deref()),
        (1900, None, Some("https://shop.example/m"))
    );
    assert_eq!((lines[1].key.as_str(), lines[1].quantity, lines[1].unit_minor), ("9007199254740993", 2, 300));
}

#[test]
fn klaviyo_lists_the_whole_cart_beside_the_added_line() {
    let p = track(
        "Added to Cart",
        json!({"$value": 29.98, "AddedItemProductName": "B", "AddedItemProductID": "1112", "CheckoutURL": "https://shop.example/checkout",
        "Items": [{"ProductID": "1111", "SKU": "A", "ProductName": "A", "Quantity": 1, "ItemPrice": 9.99, "RowTotal": 9.99, "ProductURL": "https://shop.example/a", "ImageURL": "https://shop.example/a.png", "ProductCategories": ["Fiction", "Children"]},
            {"ProductID": "1112", "ProductName": "B", "Quantity": 1, "RowTotal": 19.99}]}),
    );
    let change = cart(&p);
    let Lines::Set(lines) = &change.lines else { panic!("lines") };
    assert_eq!(
        (change.total_minor, lines.len(), lines[0].category.as_deref(), lines[1].unit_minor),
        (Some(2998), 2, Some("Fiction, Children"), 1999)
    );
    assert_eq!(change.recovery_url.as_deref(), Some("https://shop.example/checkout"));
    let p = track(
        "Placed Order",
        json!({"OrderId": "1234", "$value": 29.98, "DiscountCode": "FREE", "Items": [{"ProductID": "1111", "ItemPrice": 9.99}]}),
    );
    assert_eq!(
        (order(&p).external_id.as_str(), order(&p).total.map(|t| t.minor), order(&p).state),
        ("1234", Some(2998), Some(OrderState::Purchased))
    );
}

#[test]
fn ga4_adds_items_and_refunds_transactions() {
    let p = track(
        "add_to_cart",
        json!({"currency": "USD", "value": 30.03, "items": [{"item_id": "SKU_1", "item_name": "Tee", "item_variant": "green", "price": 10.01, "quantity": 3}, {"item_id": "SKU_2", "price": 1}]}),
    );
    let Lines::AddAll(lines) = &cart(&p).lines else { panic!("lines") };
    assert_eq!(
        (
            lines.len(),
            lines[0].quantity,
            lines[0].unit_minor,
            lines[0].variant.as_deref(),
            cart(&p).total_minor
        ),
        (2, 3, 1001, Some("green"), None)
    );
    let p = track("refund", json!({"transaction_id": "T_1", "value": 10, "currency": "USD"}));
    let back = order(&p).refund.clone().expect("a refund");
    assert_eq!(
        (back.id.as_str(), back.minor, order(&p).total, order(&p).state),
        ("m", Some(1000), None, None)
    );
}

#[test]
fn identities_traits_and_consent() {
    let p = parsed(Source::Api, json!({"type": "identify", "anonymousId": 12, "traits": {"email": " Ann@Example.COM ", "phone": "0151 123", "firstName": "Ann", "company": {"id": 7, "name": "Ada"}, "address": {"country": "ch"},
        "plan": "gold", "__proto__": "x", "nested": {"a": 1}, "tags": ["vip", ""], "consent": [{"channel": "email", "purpose": "cart_email", "action": "given", "method": "checkbox", "wording": "Yes", "language": "en"}]}}))
    .expect("good");
    let who = &p.event.who;
    assert_eq!(
        (who.anonymous_id.as_deref(), who.email.as_ref().map(|e| e.as_str()), who.phone.as_ref()),
        (Some("12"), Some("ann@example.com"), None)
    );
    assert_eq!(
        (
            who.country.map(|c| c.to_string()),
            who.tags.clone(),
            who.traits.keys().cloned().collect::<Vec<_>>()
        ),
        (Some("CH".into()), vec!["vip".to_owned()], vec!["plan".to_owned()])
    );
    assert_eq!(who.company.as_ref().and_then(|c| c.external_id.as_deref()), Some("7"));
    assert!(matches!(&p.event.body, Body::Consent(list) if list.len() == 1));
    assert_eq!(p.notes.iter().map(|n| n.pointer.as_str()).collect::<Vec<_>>(), ["/traits/phone"]);
}

#[test]
fn problems_name_their_place() {
    let t =
        |event: &str, properties: Value| json!({"type": "track", "event": event, "properties": properties});
    assert_eq!(pointer(json!({"type": "poke"})), "/type");
    assert_eq!(pointer(json!({"type": "track"})), "/event");
    assert_eq!(pointer(json!({"type": "track", "event": "x", "properties": 7})), "/properties");
    assert_eq!(pointer(json!({"type": "identify", "traits": {"email": "nonsense"}})), "/traits/email");
    assert_eq!(
        pointer(
            json!({"type": "identify", "traits": {"consent": [{"purpose": "cart_email", "action": "maybe"}]}})
        ),
        "/traits/consent/0/action"
    );
    assert_eq!(pointer(t("Product Added", json!({"price": 1}))), "/properties");
    assert_eq!(pointer(t("Cart Updated", json!({}))), "/properties/products");
    assert_eq!(
        pointer(t(
            "Cart Updated",
            json!({"products": [{"product_id": "a"}, {"product_id": "b", "price": "x"}]})
        )),
        "/properties/products/1/price"
    );
    assert_eq!(
        pointer(t("Cart Updated", json!({"products": [], "currency": "EURO"}))),
        "/properties/currency"
    );
    assert_eq!(pointer(t("Order Completed", json!({}))), "/properties/order_id");
    assert_eq!(pointer(t("Order Completed", json!({"order_id": "1", "total": -5}))), "/properties/total");
    assert_eq!(
        pointer(t("Order Updated", json!({"order_id": "1", "status": "eaten"}))),
        "/properties/status"
    );
    assert_eq!(pointer(json!({"type": "group"})), "/groupId");
    assert_eq!(pointer(json!({"type": "alias"})), "/previousId");
    assert_eq!(pointer(t("x", json!({"note": "a\0"}))), "/properties/note");
    assert_eq!(parsed(Source::Api, json!([1])).map_err(|p| p.pointer), Err(String::new()));
}

#[test]
fn a_browser_names_its_cart_by_its_own_token() {
    let call = |context: Value| json!({"type": "track", "event": "Product Added", "context": context, "properties": {"cart_id": "c", "checkout_id": "k", "product_id": "a", "price": 1}});
    let p = parsed(Source::Snippet, call(json!({"cart_token": "0123456789abcdef", "restore_token": "rt"})))
        .expect("good");
    assert_eq!(
        (cart(&p).cart_token.as_deref(), cart(&p).checkout_token.as_deref(), p.restore_token.as_deref()),
        (Some("0123456789abcdef/c"), Some("0123456789abcdef/k"), Some("rt"))
    );
    let refused = |context| parsed(Source::Snippet, call(context)).expect_err("bad").pointer;
    assert_eq!(
        (refused(json!({})), refused(json!({"cart_token": "guess"}))),
        ("/properties/cart_token".into(), "/context/cart_token".into())
    );
}

#[test]
fn a_call_without_an_id_is_known_by_its_text_when_it_has_a_time() {
    let settings = StoreSettings::default();
    let arrival = Arrival { received: NOW, sent_at: None };
    let around = Around {
        settings: &settings,
        source: Source::Api,
        arrival,
        context: None,
        path_type: Some("page"),
        fallback_id: "fallback",
        kept: false,
    };
    let id = |text: &str| parse(text, &around).expect("good").event.source_id;
    assert_eq!(id(r#"{"userId":"u"}"#), "fallback");
    let timed = r#"{"userId":"u","timestamp":"2026-03-02T09:00:00Z"}"#;
    assert!(id(timed).starts_with("sha256:") && id(timed) == id(timed));
}

fn any_json() -> impl Strategy<Value = Value> {
    let text = prop::sample::select(vec![
        "",
        "\u{0}",
        "track",
        "Product Added",
        "Order Completed",
        "EUR",
        "12.50",
        "1e400",
        "-0",
        "a@b.cd",
        "\u{202e}x",
        "2026-03-02T09:00:00Z",
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(|f| json!(f)),
        text.prop_map(Value::from),
        "\\PC{0,24}".prop_map(Value::from),
    ];
    let keys = vec![
        "type",
        "event",
        "messageId",
        "userId",
        "anonymousId",
        "timestamp",
        "sentAt",
        "context",
        "properties",
        "traits",
        "email",
        "phone",
        "consent",
        "company",
        "address",
        "country",
        "tags",
        "cart_id",
        "cart_token",
        "checkout_id",
        "products",
        "Items",
        "price",
        "quantity",
        "ItemPrice",
        "RowTotal",
        "currency",
        "value",
        "total",
        "order_id",
        "status",
        "token",
        "id",
        "line_items",
        "key",
        "customer",
        "refunds",
        "transactions",
        "amount",
        "kind",
        "updated_at",
        "total_price",
        "discount_codes",
        "code",
        "email_marketing_consent",
        "orders_to_redact",
        "__proto__",
        "a/b~c",
    ];
    leaf.prop_recursive(4, 40, 5, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec((prop::sample::select(keys.clone()), inner), 0..9)
                .prop_map(|pairs| Value::Object(pairs.into_iter().map(|(k, v)| (k.to_owned(), v)).collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    #[test]
    fn hostile_calls_are_read_or_refused_in_place(call in any_json(), event in prop::sample::select(vec!["Product Added", "Product Removed", "Cart Updated", "Added to Cart", "Checkout Started", "Order Completed", "Order Refunded", "Quote Requested", "Exit Intent", "consent_changed"]), browser: bool) {
        let source = if browser { Source::Snippet } else { Source::Api };
        let wrapped = json!({"type": "track", "event": event, "properties": call, "context": {"cart_token": "0123456789abcdef"}});
        for one in [call.clone(), wrapped] {
            match parsed(source, one.clone()) {
                Ok(p) => {
                    prop_assert!(p.event.occurred_at <= NOW);
                    // What was read once is read again in the same way: late facts are folded from kept texts.
                    if let Body::Cart(change) = &p.event.body {
                        prop_assert!(change.total_minor.is_none_or(|t| t >= 0));
                    }
                }
                Err(problem) => prop_assert!(problem.pointer.is_empty() || problem.pointer.starts_with('/'), "{problem:?} in {one}"),
            }
        }
    }

    #[test]
    fn hostile_text_never_breaks_the_reader(text in "\\PC{0,200}") {
        let settings = StoreSettings::default();
        let arrival = Arrival { received: NOW, sent_at: None };
        let around = Around { settings: &settings, source: Source::Api, arrival, context: None, path_type: Some("track"), fallback_id: "f", kept: false };
        let _ = parse(&text, &around);
    }

    #[test]
    fn hostile_webhooks_are_read_or_refused(body in any_json(), topic in prop::sample::select(vec!["carts/create", "checkouts/update", "checkouts/delete", "orders/create", "orders/cancelled", "refunds/create", "customers/redact", "customers/data_request", "shop/redact"])) {
        if let Value::Object(body) = body {
            let delivery = Delivery { topic: topic.into(), event_id: "e".into(), triggered_at: None, received: NOW };
            if let Err(problem) = translate(&delivery, &body, &StoreSettings::default()) {
                prop_assert!(problem.pointer.starts_with('/'));
            }
        }
    }

    #[test]
    fn prices_are_exact_whatever_their_form(minor in 0i64..1_000_000_000) {
        let text = format!("{}.{:02}", minor / 100, minor % 100);
        let number: Value = serde_json::from_str(&text).expect("a number");
        for value in [number, json!(text)] {
            prop_assert_eq!(read::amount(&value, cartwheel_domain::money::Currency::EUR), Ok(minor));
        }
    }
}
