use super::*;
use crate::ingest::items;
use cartwheel_domain::order::bought;

/// 2026-03-02T10:05:00Z, five minutes after what the fixtures tell of.
const NOW: Millis = 1_772_445_900_000;
const KEY: &str = "wc_order_AbC123xyz";

/// An order after the published shape of REST v3, as a guest from Zurich leaves it.
pub(crate) fn order(id: u64, status: &str) -> Value {
    let mut body = json!({
        "id": id, "parent_id": 0, "number": id.to_string(), "order_key": KEY, "created_via": "checkout", "version": "11.0.1",
        "status": status, "currency": "CHF", "prices_include_tax": true, "customer_id": 0,
        "date_created_gmt": "2026-03-02T10:00:00", "date_modified_gmt": "2026-03-02T10:00:00", "date_paid_gmt": null,
        "discount_total": "0.00", "shipping_total": "7.00", "total": "106.90", "total_tax": "8.01",
        "customer_ip_address": "192.0.2.7", "customer_user_agent": "Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/140.0",
        "cart_hash": "f0c1d2", "payment_method": "stripe", "transaction_id": "",
        "billing": {"first_name": "Lea", "last_name": "Frei", "company": "", "country": "CH", "email": "lea@example.com", "phone": "+41 44 668 18 00"},
        "shipping": {"first_name": "Lea", "last_name": "Frei", "country": "CH"},
        "meta_data": [], "refunds": [], "coupon_lines": [],
    });
    body["line_items"] = json!([{
            "id": 11, "name": "Bike bell", "product_id": 93, "variation_id": 0, "quantity": 2, "sku": "BELL", "price": 46.2071,
            "subtotal": "92.41", "subtotal_tax": "7.49", "total": "92.41", "total_tax": "7.49",
            "image": {"id": "5", "src": "https://shop.example/bell.jpg"}, "meta_data": [{"id": 1, "key": "pa_colour", "value": "brass", "display_value": "Brass"}],
    }]);
    body
}

fn settings() -> StoreSettings {
    StoreSettings { woo_url: "https://shop.example/".into(), ..StoreSettings::default() }
}

fn read_as(topic: &str, body: &Value) -> Vec<Event> {
    let delivery = Delivery { topic: topic.into(), received: NOW };
    translate(&delivery, body.as_object().expect("an object"), &settings()).expect("readable")
}

fn with(mut body: Value, pairs: &[(&str, Value)]) -> Value {
    for (key, value) in pairs {
        body[*key] = value.clone();
    }
    body
}

#[test]
fn an_order_that_waits_for_its_payment_is_a_checkout_with_a_page_to_pay_it() {
    let events = read_as("order.created", &order(1234, "pending"));
    let [event] = events.as_slice() else { panic!("{events:?}") };
    let Body::Cart(change) = &event.body else { panic!("{event:?}") };
    assert_eq!(
        (event.kind, event.occurred_at, change.kind, change.checkout_token.as_deref(), change.total_minor),
        (EventKind::CheckoutStarted, NOW - 5 * MINUTE, CartKind::Checkout, Some("1234"), Some(10_690))
    );
    assert_eq!(
        change.recovery_url.as_deref(),
        Some("https://shop.example/checkout/order-pay/1234/?pay_for_order=true&key=wc_order_AbC123xyz")
    );
    let Lines::Set(lines) = &change.lines else { panic!("{change:?}") };
    let line = &lines[0];
    assert_eq!(
        (line.quantity, line.unit_minor, line.variant.as_deref(), line.variant_id.as_deref()),
        (2, 4_995, Some("Brass"), None),
        "with its tax, as the shop shows it"
    );
    let who = &event.who;
    assert_eq!(who.email.as_ref().map(ToString::to_string).as_deref(), Some("lea@example.com"));
    assert_eq!(
        (who.user_id.as_deref(), who.phone.as_ref().map(ToString::to_string)),
        (None, Some("+41446681800".into()))
    );
    assert!(who.company.is_none() && who.user_agent.is_some());
}

#[test]
fn each_state_means_what_the_shop_means_by_it() {
    use OrderState::{Awaiting, Cancelled, Purchased};
    let paid = json!("2026-03-02T10:00:00");
    for (status, paid_at, cart, order_state) in [
        ("pending", Value::Null, true, None),
        ("failed", Value::Null, true, None),
        ("checkout-draft", Value::Null, true, None),
        ("wc-pending", Value::Null, true, None),
        ("on-hold", Value::Null, false, Some(Awaiting)),
        ("processing", paid.clone(), false, Some(Purchased)),
        ("processing", Value::Null, false, Some(Purchased)),
        ("completed", paid.clone(), false, Some(Purchased)),
        ("refunded", paid.clone(), false, Some(Purchased)),
        ("cancelled", Value::Null, true, Some(Cancelled)),
        ("cancelled", paid.clone(), false, Some(Cancelled)),
        ("trash", Value::Null, true, Some(Cancelled)),
        ("shipped", paid.clone(), false, Some(Purchased)),
        ("partially-paid", Value::Null, false, Some(Awaiting)),
        ("auto-draft", Value::Null, false, None),
    ] {
        let events = read_as("order.updated", &with(order(7, status), &[("date_paid_gmt", paid_at.clone())]));
        let has_cart = events.iter().any(|e| matches!(e.body, Body::Cart(_)));
        let state = events.iter().find_map(|e| match &e.body {
            Body::Order(change) => Some((change.newest_counts, change.state)),
            _ => None,
        });
        assert_eq!((has_cart, state), (cart, order_state.map(|s| (true, Some(s)))), "{status} {paid_at}");
        let open =
            events.iter().any(|e| matches!(&e.body, Body::Cart(c) if !matches!(c.lines, Lines::Delete)));
        assert!(
            !(open && order_state.is_some_and(bought)),
            "{status}: nobody is reminded of what they bought"
        );
    }
}

#[test]
fn what_nobody_left_is_no_cart() {
    for made_by in ["admin", "subscription"] {
        let body = with(order(7, "pending"), &[("created_via", json!(made_by))]);
        assert!(read_as("order.created", &body).is_empty(), "{made_by}");
    }
    assert_eq!(
        read_as("order.created", &with(order(7, "pending"), &[("created_via", json!("store-api"))])).len(),
        1
    );
    assert!(read_as("product.updated", &order(7, "pending")).is_empty());
    assert!(read_as("action.woocommerce_add_to_cart", &json!({"action": "x", "arg": "y"})).is_empty());
}

#[test]
fn a_yes_is_taken_where_it_is_said_and_nowhere_else() {
    let consents = |meta: Value| {
        let body = with(order(7, "pending"), &[("meta_data", meta)]);
        read_as("order.created", &body)
            .into_iter()
            .filter(|e| matches!(e.body, Body::Consent(_)))
            .collect::<Vec<_>>()
    };
    let meta = |key: &str, value: Value| json!([{"id": 1, "key": key, "value": value}]);
    for (key, value) in [
        ("_wc_other/cartwheel/marketing", json!("1")),
        ("mailchimp_woocommerce_is_subscribed", json!(true)),
        ("_mc4wp_optin", json!("yes")),
    ] {
        let found = consents(meta(key, value));
        let Body::Consent(list) = &found[0].body else { panic!("{found:?}") };
        assert_eq!(
            (list[0].purpose.as_str(), list[0].action.as_str(), list[0].evidence["meta"].as_str()),
            ("marketing_email", "given", Some(key))
        );
        assert_eq!(found[0].source_id, format!("consent:7:{key}"), "the next change says nothing new");
    }
    for meta in [
        json!([]),
        Value::Null,
        meta("_wc_other/cartwheel/marketing", json!("0")),
        meta("_wc_other/cartwheel/marketing", json!("")),
        meta("mailchimp_woocommerce_is_subscribed", json!({"a": 1})),
        meta("terms_and_conditions", json!("1")),
        meta("newsletter_offered", json!("1")),
    ] {
        assert!(consents(meta.clone()).is_empty(), "{meta}");
    }
}

#[test]
fn money_times_and_ids_are_read_exactly() {
    let body = with(
        order(7, "processing"),
        &[
            ("id", json!(9_007_199_254_740_993_i64)),
            ("currency", json!("JPY")),
            ("total", json!("1000.00")),
            ("date_paid_gmt", json!("2026-03-02T09:58:00")),
            ("refunds", json!([{"id": 5, "reason": "", "total": "-250"}, {"id": 6, "total": "-50.00"}])),
        ],
    );
    let events = read_as("order.updated", &body);
    let Body::Order(change) = &events[0].body else { panic!("{events:?}") };
    assert_eq!(
        (
            change.external_id.as_str(),
            change.total.map(|t| t.minor),
            change.refunded_total_minor,
            change.placed_at
        ),
        ("9007199254740993", Some(1000), Some(300), Some(NOW - 7 * MINUTE))
    );
    let ahead = with(order(7, "pending"), &[("date_modified_gmt", json!("2026-03-02T11:00:00"))]);
    assert_eq!(read_as("order.updated", &ahead)[0].occurred_at, NOW, "a shop's clock may be ahead");
    for bad in [json!({}), json!({"id": null}), json!({"id": {"a": 1}}), json!({"id": "x".repeat(300)})] {
        let delivery = Delivery { topic: "order.updated".into(), received: NOW };
        let said = translate(&delivery, bad.as_object().expect("an object"), &settings());
        assert_eq!(said.map_err(|p| p.pointer), Err("/id".into()), "{bad}");
    }
}

#[test]
fn the_page_for_paying_is_the_shops_own_and_nothing_else() {
    let link = |pairs: &[(&str, Value)], shop: &str| {
        let settings = StoreSettings { woo_url: shop.into(), ..StoreSettings::default() };
        let delivery = Delivery { topic: "order.updated".into(), received: NOW };
        let body = with(order(7, "pending"), pairs);
        let events = translate(&delivery, body.as_object().expect("an object"), &settings).expect("readable");
        match &events[0].body {
            Body::Cart(change) => change.recovery_url.clone(),
            other => panic!("{other:?}"),
        }
    };
    let own = "https://shop.example/kasse/order-pay/7/?pay_for_order=true&key=k";
    assert_eq!(
        link(&[("payment_url", json!(own))], "https://shop.example").as_deref(),
        Some(own),
        "a translated page"
    );
    let elsewhere = link(&[("payment_url", json!("https://evil.example/pay"))], "https://shop.example/wp");
    assert!(elsewhere.is_some_and(|l| l.starts_with("https://shop.example/wp/checkout/order-pay/7/")));
    assert_eq!(
        link(&[("order_key", json!("k&redirect=https://evil.example"))], "https://shop.example"),
        None
    );
    assert_eq!(link(&[], ""), None, "no shop is connected");
}

#[test]
fn the_same_order_by_a_webhook_and_by_the_api_is_one_event() {
    let body = order(7, "pending");
    let (hook, poll) = (read_as("order.created", &body), read_as("order.updated", &body));
    assert_eq!(hook[0].source_id, poll[0].source_id);
    let changed = with(body, &[("total", json!("99.00"))]);
    assert_ne!(
        read_as("order.updated", &changed)[0].source_id,
        hook[0].source_id,
        "two changes in one second are two"
    );
}

#[test]
fn customers_are_people_and_a_deleted_order_is_over() {
    let body = json!({"id": 25, "date_modified_gmt": "2026-03-02T10:00:00", "email": "joao@example.com", "first_name": "João", "last_name": "Silva",
        "billing": {"email": "joao@example.com", "company": "Silva Lda", "country": "PT"}, "meta_data": []});
    let events = read_as("customer.updated", &body);
    assert_eq!(
        (events.len(), events[0].kind, events[0].who.user_id.as_deref()),
        (1, EventKind::Identified, Some("25"))
    );
    assert_eq!(events[0].who.company.as_ref().map(|c| c.name.as_str()), Some("Silva Lda"));
    let over = read_as("order.deleted", &json!({"id": 7}));
    assert!(matches!(&over[0].body, Body::Cart(c) if c.lines == Lines::Delete));
    assert!(
        matches!(&over[1].body, Body::Order(o) if o.state == Some(OrderState::Cancelled) && o.total.is_none())
    );
}

#[test]
fn whatever_is_missing_null_or_of_another_kind_is_no_fault() {
    let whole = order(7, "pending");
    let keys: Vec<String> =
        whole.as_object().expect("an object").keys().filter(|k| *k != "id").cloned().collect();
    let odd = [
        Value::Null,
        json!(""),
        json!([]),
        json!({}),
        json!(-1),
        json!("é".repeat(3_000)),
        json!([[1, 2]]),
        json!({"a": {"b": 1}}),
    ];
    let mut read = 0;
    for status in ["pending", "processing", "cancelled", "refunded"] {
        for key in &keys {
            for value in &odd {
                let body = with(
                    order(7, status),
                    &[(key.as_str(), value.clone()), ("unknown", json!({"deep": [1]}))],
                );
                read += read_as("order.updated", &body).len();
            }
        }
    }
    assert!(read > 500, "{read}");
    let mut many = order(7, "pending");
    many["line_items"] = (0..items::MAX_ITEMS)
        .map(|n| json!({"id": n, "name": "x", "quantity": 1, "subtotal": "1.00"}))
        .collect();
    let Body::Cart(change) = &read_as("order.updated", &many)[0].body else { panic!("a cart") };
    assert!(matches!(&change.lines, Lines::Set(lines) if lines.len() == items::MAX_ITEMS));
    many["line_items"].as_array_mut().expect("lines").push(json!({"id": 1}));
    let delivery = Delivery { topic: "order.updated".into(), received: NOW };
    let said = translate(&delivery, many.as_object().expect("an object"), &settings());
    assert_eq!(said.map_err(|p| p.pointer), Err("/line_items".into()));
}
