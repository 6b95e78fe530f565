//! What a journey can ask: one row for each test, for and against.

use crate::build::facts;
use cartwheel_domain::journey::{Condition, Engagement, Facts, evaluate};
use serde_json::{Value, json};

fn told() -> Facts {
    let mut f = facts();
    f.contact.language = Some(cartwheel_domain::locale::Language::De);
    f.contact.country = "CH".parse().ok();
    f.contact.tags = ["VIP".to_owned()].into();
    f.contact.orders = 2;
    f.contact.traits =
        json!({"tier": "Gold", "points": 12, "b2b": true}).as_object().cloned().unwrap_or_default();
    f.engagement.insert(crate::build::id("mail_1"), Engagement { sent: true, opened: true, clicked: false });
    f
}

fn ask(condition: Value) -> bool {
    let condition: Condition = serde_json::from_value(condition).expect("a condition");
    evaluate(&condition, &told()).0
}

#[test]
fn each_test_holds_and_fails() {
    let table = [
        (json!({"test": "cart_value", "at_least": 5990, "at_most": 5990, "currency": "EUR"}), true),
        (json!({"test": "cart_value", "at_least": 5991, "currency": "EUR"}), false),
        (json!({"test": "cart_value", "at_most": 5989, "currency": "EUR"}), false),
        (json!({"test": "cart_value", "at_least": 1, "currency": "USD"}), false),
        (json!({"test": "cart_lines", "at_least": 2}), true),
        (json!({"test": "cart_lines", "at_least": 3}), false),
        (json!({"test": "item_quantity", "at_least": 4, "at_most": 4}), true),
        (json!({"test": "item_quantity", "at_most": 3}), false),
        (json!({"test": "has_product", "id": "p2"}), true),
        (json!({"test": "has_product", "id": "p2-v"}), true),
        (json!({"test": "has_product", "id": "P2"}), false),
        (json!({"test": "has_sku", "sku": "sku-1"}), true),
        (json!({"test": "has_sku", "sku": "sku"}), false),
        (json!({"test": "has_category", "category": "socks"}), true),
        (json!({"test": "has_category", "category": "hats"}), false),
        (json!({"test": "has_email"}), true),
        (json!({"test": "has_phone"}), false),
        (json!({"test": "language", "is": ["fr", "de"]}), true),
        (json!({"test": "language", "is": ["fr"]}), false),
        (json!({"test": "country", "is": ["CH"]}), true),
        (json!({"test": "country", "is": ["DE", "AT"]}), false),
        (json!({"test": "has_tag", "tag": "vip"}), true),
        (json!({"test": "has_tag", "tag": "vi"}), false),
        (json!({"test": "trait_equals", "name": "tier", "value": "gold"}), true),
        (json!({"test": "trait_equals", "name": "points", "value": 12.0}), true),
        (json!({"test": "trait_equals", "name": "points", "value": "12"}), false),
        (json!({"test": "trait_equals", "name": "b2b", "value": true}), true),
        (json!({"test": "trait_equals", "name": "none", "value": false}), false),
        (json!({"test": "orders_count", "at_least": 2, "at_most": 2}), true),
        (json!({"test": "orders_count", "at_most": 1}), false),
        (json!({"test": "first_time_buyer"}), false),
        (json!({"test": "repeat_buyer"}), true),
        (json!({"test": "sent", "message": "mail_1"}), true),
        (json!({"test": "opened", "message": "mail_1"}), true),
        (json!({"test": "clicked", "message": "mail_1"}), false),
        (json!({"test": "sent", "message": "mail_2"}), false),
        (json!({"test": "all", "of": []}), true),
        (json!({"test": "any", "of": []}), false),
        (json!({"test": "not", "of": {"test": "has_phone"}}), true),
        (json!({"test": "all", "of": [{"test": "has_email"}, {"test": "has_phone"}]}), false),
        (json!({"test": "any", "of": [{"test": "has_phone"}, {"test": "has_email"}]}), true),
    ];
    for (condition, holds) in table {
        assert_eq!(ask(condition.clone()), holds, "{condition}");
    }
}

#[test]
fn checks_tell_what_was_seen_and_stop_where_it_is_decided() {
    let condition = json!({"test": "any", "of": [
        {"test": "not", "of": {"test": "country", "is": ["CH"]}}, {"test": "orders_count", "at_least": 1}, {"test": "has_email"}]});
    let condition: Condition = serde_json::from_value(condition).expect("a condition");
    let (holds, checks) = evaluate(&condition, &told());
    let seen: Vec<_> = checks.iter().map(|c| (c.asked["test"].clone(), c.seen.clone(), c.holds)).collect();
    assert!(holds);
    assert_eq!(seen, [(json!("country"), json!("CH"), true), (json!("orders_count"), json!(2), true)]);
}
