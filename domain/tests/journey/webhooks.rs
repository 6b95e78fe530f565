//! The node that tells a program of the merchant that a run has come by.

use crate::build::*;
use cartwheel_domain::{
    ids::HookId,
    journey::{CartStatus, Code, Definition, Effect, JSON_SCHEMA, JourneyState, keys, step},
    time::MINUTE,
};
use serde_json::{Value, json};

fn endpoint() -> HookId {
    HookId(uuid(7))
}

/// Holdout of a tenth, then a loop that tells every minute.
fn looping() -> Definition {
    graph(json!({
        "start": trigger("control"),
        "control": {"type": "holdout", "percent": 10, "next": "tell"},
        "tell": {"type": "webhook", "endpoint": endpoint(), "fields": {"list": "a", "weight": 3, "hot": true, "none": null}, "next": "pause"},
        "pause": wait(60, "ask"),
        "ask": {"type": "condition", "if": {"test": "first_time_buyer"}, "yes": "tell", "no": "end"},
        "end": exit(),
    }))
}

#[test]
fn it_tells_once_for_each_visit_under_a_key_of_its_own() {
    let def = looping();
    assert_eq!(def.validate(), Ok(()));
    let mut run = run(&def, contact_in_group(false));
    let mut facts = facts();
    // Unlike a message it is not put off while the shopper is in the shop: nobody is disturbed.
    facts.cart.status = CartStatus::Active;
    let mut seen = Vec::new();
    for n in 0..3 {
        let at = T0 + n * 2 * MINUTE;
        let before = run.clone();
        let outcome = advance(&def, &mut run, &facts, at);
        assert_eq!(outcome, step(&def, &before, &facts, at), "a step that is repeated tells the same");
        let told: Vec<_> = outcome
            .effects
            .iter()
            .filter_map(|effect| match effect {
                Effect::CallWebhook { node, visit, endpoint: to, fields, send_key } => {
                    assert_eq!((*to, fields["weight"].clone()), (Some(endpoint()), json!(3)));
                    assert_eq!(*send_key, keys::send_key(run.store_id, run.run_id, node, *visit));
                    Some((*visit, send_key.clone()))
                }
                _ => None,
            })
            .collect();
        assert!(decisions(&outcome).contains(&"webhook_queued"));
        seen.extend(told);
    }
    assert_eq!(seen.iter().map(|(visit, _)| *visit).collect::<Vec<_>>(), [1, 2, 3]);
    seen.dedup_by(|a, b| a.1 == b.1);
    assert_eq!(seen.len(), 3, "each visit has its own key");
}

#[test]
fn whoever_is_held_out_is_told_of_to_nobody() {
    let def = looping();
    let mut run = run(&def, contact_in_group(true));
    let outcome = advance(&def, &mut run, &facts(), T0);
    assert_eq!(decisions(&outcome), ["entered", "held_out", "webhook_silenced", "wait_started"]);
    assert!(!outcome.effects.iter().any(|e| matches!(e, Effect::CallWebhook { .. })));
}

#[test]
fn a_pause_and_an_end_tell_nothing() {
    let def = looping();
    for (status, journey) in
        [(CartStatus::Abandoned, JourneyState::Paused), (CartStatus::Converted, JourneyState::Active)]
    {
        let mut run = run(&def, contact_in_group(false));
        let mut facts = facts();
        (facts.cart.status, facts.journey) = (status, journey);
        let outcome = advance(&def, &mut run, &facts, T0);
        assert!(!outcome.effects.iter().any(|e| matches!(e, Effect::CallWebhook { .. })));
    }
}

#[test]
fn what_cannot_be_told_is_refused_by_the_code() {
    let many: serde_json::Map<String, Value> = (0..21).map(|n| (n.to_string(), json!(n))).collect();
    let cases = [
        (json!({"fields": {"a": {"deep": 1}}}), "fields.a", Code::NotComparable),
        (json!({"fields": {"a": [1]}}), "fields.a", Code::NotComparable),
        (json!({"fields": {" ": 1}}), "fields. ", Code::Missing),
        (json!({"fields": {"a": "x".repeat(201)}}), "fields.a", Code::TooLong),
        (json!({"fields": many}), "fields", Code::TooLong),
    ];
    let with = |extra: &Value| {
        let mut node = json!({"type": "webhook", "next": "end"});
        node.as_object_mut().expect("an object").extend(extra.as_object().cloned().expect("an object"));
        json!({"schema": 1, "name": "x", "start": "start", "nodes": {"start": trigger("tell"), "tell": node, "end": exit()}})
    };
    for (extra, field, code) in cases {
        let def = Definition::from_json(&with(&extra).to_string()).expect("the form is right");
        let problems = def.validate().expect_err("refused");
        assert_eq!((problems[0].field.as_str(), problems[0].code, problems.len()), (field, code, 1));
    }
    for extra in [
        json!({"endpoint": "cart_01jdk3w5v8e0wr7k2m3n4p5q6r"}),
        json!({"endpoint": "https://example.com"}),
        json!({"url": "https://example.com"}),
    ] {
        assert!(Definition::from_json(&with(&extra).to_string()).is_err(), "{extra}");
    }
    let sound = with(&json!({"endpoint": endpoint(), "fields": {"a": "b"}}));
    assert_eq!(Definition::from_json(&sound.to_string()).and_then(|def| def.validate()), Ok(()));
    assert!(JSON_SCHEMA.contains("#/$defs/webhook"));
}

#[test]
fn it_may_not_come_before_the_holdout() {
    let def = graph(json!({
        "start": trigger("tell"),
        "tell": {"type": "webhook", "next": "control"},
        "control": {"type": "holdout", "percent": 10, "next": "end"},
        "end": exit(),
    }));
    let problems = def.validate().expect_err("refused");
    assert_eq!(problems[0].code, Code::MessageBeforeHoldout);
}
