use super::*;
use cartwheel_domain::order::bought;

const NOW: Millis = 1_772_445_900_000; // 2026-03-02T10:05:00Z

/// A cart after the published shape of Carts V3, with the customer we add to it.
pub(crate) fn cart(id: &str) -> Value {
    json!({
        "id": id, "customer_id": 44, "channel_id": 1, "email": "lea@example.com", "currency": {"code": "EUR"}, "tax_included": true,
        "base_amount": 60.0, "discount_amount": 0, "cart_amount": 59.97, "coupons": [{"code": "TEN", "id": "1"}], "locale": "de",
        "line_items": {
            "physical_items": [{"id": "l1", "variant_id": 66, "product_id": 77, "sku": "BELL", "name": "Bell", "url": "https://shop.example/bell", "quantity": 3,
                "image_url": "https://cdn.example/bell.jpg", "list_price": 20, "sale_price": 19.99, "options": [{"name": "Colour", "value": "Brass"}]}],
            "digital_items": [], "gift_certificates": [], "custom_items": [],
        },
        "created_time": "2026-03-02T09:00:00+00:00", "updated_time": "2026-03-02T10:00:00+00:00",
        "_customer": {"id": 44, "email": "lea@example.com", "first_name": "Lea", "company": "Frei AG", "date_modified": "2026-01-01T00:00:00Z"},
    })
}

/// An order after the published shape of Orders V2, with its lines.
pub(crate) fn order(id: u64, status: i64) -> Value {
    json!({
        "id": id, "customer_id": 44, "status_id": status, "cart_id": "c1", "total_inc_tax": "66.9700", "currency_code": "EUR", "refunded_amount": "0.0000",
        "date_created": "Mon, 02 Mar 2026 10:01:00 +0000", "date_modified": "Mon, 02 Mar 2026 10:02:00 +0000", "is_deleted": false, "customer_locale": "de",
        "billing_address": {"first_name": "Lea", "last_name": "Frei", "company": "", "email": "lea@example.com", "country_iso2": "CH", "phone": "+41446681800"},
        "lines": [{"id": 9, "product_id": 77, "variant_id": 66, "name": "Bell", "sku": "BELL", "quantity": 3, "price_inc_tax": "19.9900", "base_price": "20.0000"}],
    })
}

pub(crate) fn quote(id: u64, status: i64) -> Value {
    json!({
        "quoteId": id, "quoteNumber": "QN000042", "status": status, "userEmail": "buyer@rad.example", "grandTotal": "1190.00", "currency": {"currencyCode": "EUR"},
        "createdAt": 1_772_441_000, "updatedAt": 1_772_445_600, "expiredAt": 1_773_000_000, "bcOrderId": 0,
        "contactInfo": {"name": "Ada Rad", "email": "buyer@rad.example", "companyName": "Rad GmbH"}, "companyInfo": {"companyId": "12", "companyName": "Rad GmbH"},
        "salesRepInfo": {"salesRepName": "Sam"},
        "productsList": [{"itemId": "a", "productId": 77, "variantId": 66, "sku": "BELL", "productName": "Bell", "quantity": 10, "basePrice": "20.00", "offeredPrice": "17.50"}],
    })
}

fn read_as(kind: &str, body: &Value) -> Vec<Event> {
    let fetched = Fetched { kind: kind.into(), told_at: NOW - 1_000, received: NOW };
    translate(&fetched, body.as_object().expect("an object"), &StoreSettings::default()).expect("readable")
}

#[test]
fn a_cart_is_a_cart_with_exact_money() {
    let events = read_as("cart", &cart("c1"));
    let Body::Cart(change) = &events[0].body else { panic!("{events:?}") };
    assert_eq!(
        (
            change.kind,
            change.cart_token.as_deref(),
            change.total_minor,
            change.coupon.as_deref(),
            events[0].occurred_at
        ),
        (CartKind::Cart, Some("c1"), Some(5_997), Some("TEN"), NOW - 5 * MINUTE)
    );
    let Lines::Set(lines) = &change.lines else { panic!("{change:?}") };
    assert_eq!(
        (lines[0].quantity, lines[0].unit_minor, lines[0].variant.as_deref()),
        (3, 1_999, Some("Brass"))
    );
    assert_eq!(
        (events.len(), events[0].who.user_id.as_deref()),
        (1, Some("44")),
        "no word about mails, no permission"
    );
}

#[test]
fn consent_is_the_customers_own_word() {
    for (said, action) in [(true, "given"), (false, "withdrawn")] {
        let mut body = cart("c1");
        body["_customer"]["accepts_product_review_abandoned_cart_emails"] = json!(said);
        let events = read_as("cart", &body);
        let Body::Consent(list) = &events[1].body else { panic!("{events:?}") };
        assert_eq!((list[0].purpose.as_str(), list[0].action.as_str()), ("cart_email", action));
        body["cart_amount"] = json!(1);
        assert_eq!(read_as("cart", &body)[1].source_id, events[1].source_id, "another cart says nothing new");
    }
}

#[test]
fn each_status_means_what_the_platform_means_by_it() {
    use OrderState::{Awaiting, Cancelled, Purchased};
    for (status, expected) in [
        (0, None),
        (1, None),
        (2, Some(Purchased)),
        (4, Some(Purchased)),
        (5, Some(Cancelled)),
        (6, Some(Cancelled)),
        (7, Some(Awaiting)),
        (9, Some(Purchased)),
        (10, Some(Purchased)),
        (11, Some(Purchased)),
        (12, Some(Awaiting)),
        (14, Some(Purchased)),
        (99, None),
    ] {
        let events = read_as("order", &order(5, status));
        let state = events.first().map(|e| match &e.body {
            Body::Order(o) => (o.state, o.cart_token.clone()),
            other => panic!("{other:?}"),
        });
        assert_eq!(state, expected.map(|s| (Some(s), Some("c1".to_owned()))), "{status}");
        assert!(expected.is_none_or(bought));
    }
    let mut deleted = order(5, 11);
    deleted["is_deleted"] = json!(true);
    let Body::Order(change) = &read_as("order", &deleted)[0].body else { panic!("an order") };
    assert_eq!(
        (change.state, change.total.map(|t| t.minor), change.lines[0].unit_minor),
        (Some(Cancelled), Some(6_697), 1_999)
    );
    assert_eq!(change.placed_at, Some(NOW - 4 * MINUTE), "by the form of mails");
}

#[test]
fn a_quote_lives_until_it_is_ordered_or_over() {
    let events = read_as("quote", &quote(8, 0));
    let Body::Cart(change) = &events[0].body else { panic!("{events:?}") };
    assert_eq!(
        (
            change.kind,
            change.cart_token.as_deref(),
            change.number.as_deref(),
            change.total_minor,
            change.valid_until
        ),
        (CartKind::Quote, Some("quote:8"), Some("QN000042"), Some(119_000), Some(1_773_000_000_000))
    );
    let company = events[0].who.company.clone().expect("a company");
    assert_eq!((company.external_id.as_deref(), company.name.as_str()), (Some("12"), "Rad GmbH"));
    for status in [2, 3] {
        assert!(
            matches!(&read_as("quote", &quote(8, status))[0].body, Body::Cart(c) if matches!(c.lines, Lines::Set(_)))
        );
    }
    for status in [4, 5, 6] {
        assert!(
            matches!(&read_as("quote", &quote(8, status))[0].body, Body::Cart(c) if c.lines == Lines::Delete),
            "{status}"
        );
    }
    let mut ordered = quote(8, 4);
    ordered["bcOrderId"] = json!(301);
    let Body::Order(order) = &read_as("quote", &ordered)[0].body else { panic!("an order") };
    assert_eq!((order.external_id.as_str(), order.cart_token.as_deref()), ("301", Some("quote:8")));
    assert!(
        matches!(&read_as("quote_deleted", &json!({"id": 8}))[0].body, Body::Cart(c) if c.cart_token.as_deref() == Some("quote:8"))
    );
}

#[test]
fn whatever_is_missing_null_or_of_another_kind_is_no_fault() {
    let odd = [
        Value::Null,
        json!(""),
        json!([]),
        json!({}),
        json!(-1),
        json!(1e300),
        json!("x".repeat(3_000)),
        json!([[1]]),
    ];
    let mut read = 0;
    for (kind, whole, id) in
        [("cart", cart("c1"), "id"), ("order", order(5, 11), "id"), ("quote", quote(8, 0), "quoteId")]
    {
        for key in whole.as_object().expect("an object").keys().filter(|k| *k != id) {
            for value in &odd {
                let mut body = whole.clone();
                body[key] = value.clone();
                body["unknown"] = json!({"deep": [1]});
                read += read_as(kind, &body).len();
            }
        }
        let fetched = Fetched { kind: kind.into(), told_at: NOW, received: NOW };
        assert!(translate(&fetched, &Object::new(), &StoreSettings::default()).is_err(), "{kind}");
    }
    assert!(read > 200, "{read}");
}
