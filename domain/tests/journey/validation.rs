//! Each thing that can be wrong, told with its node and its field, and all of them at once.

use crate::build::*;
use cartwheel_domain::journey::Definition;
use serde_json::{Value, json};

/// The problems of a definition with these nodes and settings.
fn told(nodes: Value, settings: Value) -> Vec<String> {
    let text = json!({"schema": 1, "name": "test", "start": "start", "settings": settings, "nodes": nodes})
        .to_string();
    let result = Definition::from_json(&text).and_then(|def| def.validate());
    result.err().into_iter().flatten().map(|p| p.to_string()).collect()
}

fn nodes(nodes: Value) -> Vec<String> {
    told(nodes, json!({}))
}

/// A valid journey with one node between trigger and exit.
fn with(node: Value) -> Vec<String> {
    nodes(json!({"start": trigger("x"), "x": node, "end": exit()}))
}

#[test]
fn each_field_of_each_node() {
    let wait_for = |change: fn(&mut Value)| {
        let mut v = json!({"type": "wait_for_event", "events": ["clicked"], "timeout_seconds": 5, "happened": "end", "timed_out": "end"});
        change(&mut v);
        v
    };
    let mail = |change: fn(&mut Value)| {
        let mut v = message("end");
        change(&mut v);
        v
    };
    let branches = |b: Value| json!({"type": "split", "branches": b});
    let asks = |test: Value| json!({"type": "condition", "if": test, "yes": "end", "no": "end"});
    let nested =
        |n: usize| (0..n).fold(json!({"test": "has_email"}), |inner, _| json!({"test": "not", "of": inner}));
    let table: Vec<(Value, &[&str])> = vec![
        (wait(-5, "end"), &["node \"x\", seconds: must be at least 0"]),
        (wait(31_536_001, "end"), &["node \"x\", seconds: must be at most 31536000"]),
        (wait(0, "end"), &[]),
        (wait_for(|_| ()), &[]),
        (wait_for(|v| v["timeout_seconds"] = json!(0)), &["node \"x\", timeout_seconds: must be at least 1"]),
        (wait_for(|v| v["events"] = json!([])), &["node \"x\", events: must not be empty"]),
        (
            wait_for(|v| v["events"] = json!(["opened", "opened"])),
            &["node \"x\", events: \"opened\" stands here twice"],
        ),
        (
            wait_for(|v| v["message"] = json!("x")),
            &["node \"x\", message: \"x\" is no message of this journey"],
        ),
        (mail(|v| v["template"] = json!("")), &["node \"x\", template: must not be empty"]),
        (
            mail(|v| {
                v.as_object_mut().map(|o| o.remove("template"));
            }),
            &["node \"x\", template: must not be empty"],
        ),
        (
            mail(|v| v["template"] = json!("A b")),
            &["node \"x\", template: \"A b\" is no template key: 1 to 64 of a-z, 0-9, _ and -"],
        ),
        (
            mail(|v| v["subject"] = json!({"de": "a\r\nBcc: b"})),
            &["node \"x\", subject.de: must be one line without control characters"],
        ),
        (mail(|v| v["subject"] = json!({"en": ""})), &["node \"x\", subject.en: must not be empty"]),
        (
            mail(|v| v["channel"] = json!("post")),
            &["node \"x\", channel: journeys send on the channels email, sms and push, not on post"],
        ),
        (
            mail(|v| v["channel"] = json!("sms")),
            &[
                "node \"x\", purpose: not a purpose of this channel: cart_email; give cart_sms or sms_marketing for sms",
            ],
        ),
        (
            mail(|v| {
                (v["channel"], v["purpose"]) = (json!("sms"), json!("sms_marketing"));
                v["subject"] = json!({"de": "Hallo"});
            }),
            &["node \"x\", subject: a message on the channel sms has no subject"],
        ),
        (
            mail(|v| {
                (v["channel"], v["purpose"]) = (json!("push"), json!("push"));
                v["subject"] = json!({"de": "Hallo"});
            }),
            &["node \"x\", subject: a message on the channel push has no subject"],
        ),
        (
            mail(|v| v["content_class"] = json!("transactional")),
            &[
                "node \"x\", content_class: a journey sends informational or promotional content, not transactional",
            ],
        ),
        (
            mail(|v| v["purpose"] = json!("cart_sms")),
            &[
                "node \"x\", purpose: not a purpose of this channel: cart_sms; give cart_email or marketing_email for email",
            ],
        ),
        (
            json!({"type": "holdout", "percent": 101, "next": "end"}),
            &["node \"x\", percent: must be at most 100"],
        ),
        (
            json!({"type": "holdout", "percent": -1, "next": "end"}),
            &["node \"x\", percent: must be at least 0"],
        ),
        (
            json!({"type": "goal", "on": "order_refunded", "next": "end"}),
            &["node \"x\", on: \"order_refunded\" is no goal; give order_placed"],
        ),
        (branches(json!([{"weight": 1, "next": "end"}])), &["node \"x\", branches: must be at least 2"]),
        (
            branches(json!([{"weight": 0, "next": "end"}, {"weight": 10_001, "next": "end"}])),
            &[
                "node \"x\", branches.0.weight: must be at least 1",
                "node \"x\", branches.1.weight: must be at most 10000",
            ],
        ),
        (
            asks(json!({"test": "cart_lines"})),
            &["node \"x\", if: give at_least or at_most, the lower not above the upper"],
        ),
        (
            asks(json!({"test": "orders_count", "at_least": 2, "at_most": 1})),
            &["node \"x\", if: give at_least or at_most, the lower not above the upper"],
        ),
        (asks(json!({"test": "any", "of": []})), &["node \"x\", if.of: must not be empty"]),
        (
            asks(json!({"test": "country", "is": ["DE", "DE"]})),
            &["node \"x\", if.is: \"DE\" stands here twice"],
        ),
        (asks(json!({"test": "has_sku", "sku": " "})), &["node \"x\", if.sku: must not be empty"]),
        (
            asks(json!({"test": "trait_equals", "name": "a", "value": [1]})),
            &["node \"x\", if.value: must be a text, a number, true or false"],
        ),
        (
            asks(json!({"test": "opened", "message": "end"})),
            &["node \"x\", if.message: \"end\" is no message of this journey"],
        ),
        (asks(nested(7)), &[]),
        (asks(nested(8)), &["node \"x\", if: longer than 8 levels"]),
    ];
    for (node, expected) in table {
        assert_eq!(with(node.clone()), expected, "{node}");
    }
}

#[test]
fn the_trigger() {
    let start = |t: Value| nodes(json!({"start": t, "m": message("end"), "end": exit()}));
    let trigger = |extra: Value| {
        let mut v = json!({"type": "trigger", "on": ["cart"], "next": "m"});
        v.as_object_mut().into_iter().for_each(|o| o.extend(extra.as_object().cloned().unwrap_or_default()));
        v
    };
    assert_eq!(start(trigger(json!({}))), [""; 0]);
    assert_eq!(start(trigger(json!({"on": []}))), ["node \"start\", on: must not be empty"]);
    assert_eq!(
        start(trigger(json!({"filter": {"test": "sent", "message": "m"}}))),
        ["node \"start\", filter.message: \"m\" is no message of this journey"]
    );
    assert_eq!(
        start(trigger(json!({"re_entry": {"rule": "again", "after_seconds": -1, "at_most": 1}}))),
        [
            "node \"start\", re_entry.after_seconds: must be at least 0",
            "node \"start\", re_entry.at_most: must be at least 2"
        ]
    );
}

#[test]
fn the_graph() {
    assert_eq!(
        nodes(json!({"start": trigger("m"), "m": message("gone"), "end": exit()})),
        [
            "node \"m\", next: there is no node \"gone\"",
            "node \"end\": no way leads here from the start",
            "node \"m\": no way leads from here to an exit",
            "node \"start\": no way leads from here to an exit"
        ]
    );
    assert_eq!(
        nodes(json!({"start": trigger("w"), "w": wait(5, "start"), "end": exit(), "two": trigger("end")})),
        [
            "node \"two\": a second trigger; a journey has one, which may name several kinds of cart",
            "node \"w\", next: \"start\" is the trigger, where runs begin; nothing leads back to it",
            "node \"end\": no way leads here from the start",
            "node \"start\": no way leads from here to an exit",
            "node \"w\": no way leads from here to an exit"
        ]
    );
    assert_eq!(
        nodes(json!({"start": trigger("w"), "w": wait(5, "w")})),
        ["nodes: no way leads from here to an exit"]
    );
    assert_eq!(
        nodes(json!({"start": exit()})),
        ["start: \"start\" is no trigger; a journey starts with one"]
    );
    let question = json!({"type": "condition", "if": {"test": "has_email"}, "yes": "b", "no": "end"});
    assert_eq!(
        nodes(
            json!({"start": trigger("a"), "a": question, "b": wait(0, "c"), "c": message("a"), "end": exit()})
        ),
        ["node \"a\": a loop in which nothing waits: a, b, c"]
    );
    assert_eq!(
        nodes(
            json!({"start": trigger("a"), "a": question, "b": wait(1, "c"), "c": message("a"), "end": exit()})
        ),
        [""; 0]
    );
}

#[test]
fn nobody_slips_past_the_holdout() {
    let question = json!({"type": "condition", "if": {"test": "has_email"}, "yes": "h", "no": "n"});
    let holdout = json!({"type": "holdout", "percent": 10, "next": "m"});
    assert_eq!(
        nodes(
            json!({"start": trigger("q"), "q": question, "h": holdout, "m": message("end"), "n": message("end"), "end": exit()})
        ),
        ["node \"n\": this message can come before the holdout \"h\", so the silent group would hear of it"]
    );
    assert_eq!(
        nodes(
            json!({"start": trigger("h"), "h": holdout, "m": {"type": "holdout", "percent": 10, "next": "end"}, "end": exit()})
        ),
        ["node \"m\": a second holdout; a journey has one at most"]
    );
}

#[test]
fn settings() {
    let plain = json!({"start": trigger("end"), "end": exit()});
    let quotes = json!({"start": {"type": "trigger", "on": ["quote"], "next": "end"}, "end": exit()});
    assert_eq!(
        told(
            plain.clone(),
            json!({"cool_down_seconds": -1, "frequency_cap": {"messages": 0, "window_seconds": 0}})
        ),
        [
            "settings.cool_down_seconds: must be at least 0",
            "settings.frequency_cap.messages: must be at least 1",
            "settings.frequency_cap.window_seconds: must be at least 1"
        ]
    );
    let on = json!({"exit_on_purchase": false});
    assert_eq!(
        told(plain, on.clone()),
        ["settings.exit_on_purchase: must be true: a run for a cart or a checkout ends with the purchase"]
    );
    assert_eq!(told(quotes, on), [""; 0]);
}

#[test]
fn what_cannot_be_read_names_its_node_and_all_are_told() {
    let text = r#"{"schema": 7, "name": "x", "start": "a", "nodes": {
        "a": {"type": "trigger", "on": ["cart"], "next": "b", "colour": "red"},
        "b": {"type": "wait", "seconds": 1.5, "next": "c"},
        "B!": {"type": "exit"},
        "c": {"type": "exit"}, "c": {"type": "exit"},
        "d": {"type": "teleport"}}}"#;
    let told: Vec<String> =
        Definition::from_json(text).err().into_iter().flatten().map(|p| p.to_string()).collect();
    assert_eq!(told.len(), 6, "{told:#?}");
    let starts = [
        "schema: schema 7 is unknown",
        "node \"a\": unknown field `colour`",
        "node \"b\": invalid type: floating point `1.5`",
        "node \"B!\": a node id has 1 to 40 characters",
        "node \"c\": \"c\" stands here twice",
        "node \"d\": unknown variant `teleport`",
    ];
    for (said, start) in told.iter().zip(starts) {
        assert!(said.starts_with(start), "{said}");
    }
}

#[test]
fn a_field_twice_or_a_field_too_many_is_refused() {
    for text in [
        r#"{"schema": 1, "schema": 1, "name": "x", "start": "a", "nodes": {}}"#,
        r#"{"schema": 1, "name": "x", "start": "a", "nodes": {}, "note": 1}"#,
        r#"{"schema": 1, "name": "x", "start": "a", "nodes": {"a": {"type": "wait", "seconds": 1, "seconds": 2, "next": "a"}}}"#,
        r#"{"schema": 1, "name": "x", "start": "a", "nodes": {"a": {"type": "condition", "if": {"test": "has_email", "x": 1}, "yes": "a", "no": "a"}}}"#,
        r#"{"schema": 1, "name": "x", "start": "a", "nodes": {"a": {"type": "exit", "next": "a"}}}"#,
    ] {
        assert!(Definition::from_json(text).is_err(), "{text}");
    }
}
