//! The JSON schema says the same as the code: a small reader of the part of JSON Schema 2020-12 it uses.

use crate::{
    generate::{Shape, journey},
    rng::Rng,
};
use cartwheel_domain::journey::{Awaited, Change, Definition, EXAMPLES, JSON_SCHEMA, MAX_SECONDS, Place};
use serde_json::{Map, Value, json};

struct Schema(Value);

impl Schema {
    fn accepts(&self, value: &Value) -> bool {
        self.holds(&self.0, value)
    }

    fn holds(&self, schema: &Value, value: &Value) -> bool {
        let Value::Object(rules) = schema else { return schema == &json!(true) };
        rules.iter().all(|(word, rule)| self.rule(rules, word, rule, value))
    }

    fn rule(&self, rules: &Map<String, Value>, word: &str, rule: &Value, value: &Value) -> bool {
        let all = |check: &dyn Fn(&Value) -> bool| rule.as_array().is_some_and(|r| r.iter().all(check));
        let count = || rule.as_array().map_or(0, |r| r.iter().filter(|s| self.holds(s, value)).count());
        let number = |n: &Value| n.as_i64().or_else(|| n.as_u64().map(|_| i64::MAX));
        let size = |n: usize, most: bool| {
            rule.as_u64().is_some_and(|r| if most { n as u64 <= r } else { n as u64 >= r })
        };
        let text = value.as_str().map(|s| s.chars().count());
        match word {
            "$schema" | "$id" | "$defs" | "title" | "description" => true,
            "$ref" => {
                let name = rule.as_str().and_then(|r| r.strip_prefix("#/$defs/")).expect("a local reference");
                self.holds(&self.0["$defs"][name], value)
            }
            "type" => match rule {
                Value::String(name) => is(name, value),
                _ => !all(&|name| !is(name.as_str().unwrap_or(""), value)),
            },
            "const" => rule == value,
            "enum" => !all(&|allowed| allowed != value),
            "oneOf" => count() == 1,
            "anyOf" => count() >= 1,
            "required" => value
                .as_object()
                .is_none_or(|o| all(&|name| name.as_str().is_some_and(|n| o.contains_key(n)))),
            "properties" => value
                .as_object()
                .is_none_or(|o| o.iter().all(|(k, v)| rule.get(k).is_none_or(|s| self.holds(s, v)))),
            "additionalProperties" => value.as_object().is_none_or(|o| {
                let known = |k: &str| rules.get("properties").is_some_and(|p| p.get(k).is_some());
                o.iter().all(|(k, v)| known(k) || self.holds(rule, v))
            }),
            "propertyNames" => {
                value.as_object().is_none_or(|o| o.keys().all(|k| self.holds(rule, &json!(k))))
            }
            "minProperties" => value.as_object().is_none_or(|o| size(o.len(), false)),
            "maxProperties" => value.as_object().is_none_or(|o| size(o.len(), true)),
            "items" => value.as_array().is_none_or(|a| a.iter().all(|v| self.holds(rule, v))),
            "minItems" => value.as_array().is_none_or(|a| size(a.len(), false)),
            "maxItems" => value.as_array().is_none_or(|a| size(a.len(), true)),
            "uniqueItems" => value.as_array().is_none_or(|a| (0..a.len()).all(|i| !a[..i].contains(&a[i]))),
            "minimum" => number(value).is_none_or(|n| n >= rule.as_i64().unwrap_or(0)),
            "maximum" => number(value).is_none_or(|n| n <= rule.as_i64().unwrap_or(0)),
            "minLength" => text.is_none_or(|n| size(n, false)),
            "maxLength" => text.is_none_or(|n| size(n, true)),
            "pattern" => value.as_str().is_none_or(|s| pattern(rule.as_str().unwrap_or(""), s)),
            other => panic!("the test does not know {other}"),
        }
    }
}

fn is(name: &str, value: &Value) -> bool {
    match name {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        other => panic!("the test does not know the type {other}"),
    }
}

fn pattern(rule: &str, s: &str) -> bool {
    let name = |most: usize| {
        (1..=most).contains(&s.len())
            && s.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"_-".contains(&b))
    };
    let upper = |n: usize| s.len() == n && s.bytes().all(|b| b.is_ascii_uppercase());
    match rule {
        "^[a-z0-9_-]{1,40}$" => name(40),
        "^[a-z0-9_-]{1,64}$" => name(64),
        "^[A-Z]{3}$" => upper(3),
        "^[A-Z]{2}$" => upper(2),
        "^([01][0-9]|2[0-3]):[0-5][0-9]$" => {
            s.len() == 5 && s.parse::<cartwheel_domain::schedule::LocalTime>().is_ok()
        }
        "^hook_[0-7][0-9a-hjkmnp-tv-z]{25}$" => s.parse::<cartwheel_domain::ids::HookId>().is_ok(),
        other => panic!("the test does not know the pattern {other}"),
    }
}

fn schema() -> Schema {
    Schema(serde_json::from_str(JSON_SCHEMA).expect("JSON"))
}

#[test]
fn every_example_is_valid_by_schema_and_by_code() {
    for (name, text) in EXAMPLES {
        let def = Definition::from_json(text).unwrap_or_else(|p| panic!("{name}: {p:?}"));
        assert_eq!(def.validate(), Ok(()), "{name}");
        for json in [text.to_owned(), def.to_json()] {
            let value = serde_json::from_str(&json).expect("JSON");
            assert!(schema().accepts(&value), "{name}: the schema refuses {json}");
        }
    }
}

#[test]
fn what_validates_is_accepted_by_the_schema() {
    let schema = schema();
    for seed in 0..500 {
        let def = journey(&mut Rng::new(seed), Shape::ANY);
        let value = serde_json::from_str(&def.to_json()).expect("JSON");
        assert!(schema.accepts(&value), "seed {seed}: {}", def.to_json());
        let places = def.nodes.keys().map(|id| (id.clone(), Place(2_000, -2_000))).collect();
        let moved = def.with(&[Change::Place { places }]).expect("sound").to_json();
        assert!(schema.accepts(&serde_json::from_str(&moved).expect("JSON")), "seed {seed}: {moved}");
    }
}

#[test]
fn what_the_schema_refuses_the_code_refuses_too() {
    let schema = schema();
    let base: Value = serde_json::from_str(EXAMPLES[2].1).expect("JSON");
    let bad = [
        ("/schema", json!(2)),
        ("/name", json!("")),
        ("/start", json!("Left")),
        ("/places", json!({"Left": [1, 2]})),
        ("/places", json!({"left": [1]})),
        ("/places", json!({"left": [1, 2001]})),
        ("/places", json!({"left": [-2001, 1]})),
        ("/places", json!({"left": [1, 0.5]})),
        ("/settings/extra", json!(1)),
        ("/settings/quiet_hours", json!({"from": "24:00", "to": "08:00"})),
        ("/settings/frequency_cap", json!({"messages": 0, "window_seconds": 1})),
        ("/nodes/pause/seconds", json!(-1)),
        ("/nodes/pause/seconds", json!(MAX_SECONDS + 1)),
        ("/nodes/pause/seconds", json!("1h")),
        ("/nodes/pause/minutes", json!(1)),
        ("/nodes/control/percent", json!(101)),
        ("/nodes/plain/template", json!("Recovery 1")),
        ("/nodes/plain/channel", json!("post")),
        ("/nodes/plain/content_class", json!("transactional")),
        ("/nodes/plain/purpose", json!("service")),
        ("/nodes/plain/subject", json!({"es": "x"})),
        ("/nodes/words/branches", json!([])),
        ("/nodes/large/if", json!({"test": "has_pet"})),
        ("/nodes/large/if", json!({"test": "has_email", "of": []})),
        ("/nodes/left/on", json!([])),
        ("/nodes/left/on", json!(["cart", "cart"])),
        ("/nodes/left/re_entry", json!({"rule": "again", "after_seconds": 1, "at_most": 1})),
        ("/nodes/done/next", json!("left")),
        ("/nodes/bought/on", json!("order_refunded")),
        ("/nodes/bought/type", json!("aim")),
    ];
    for (path, value) in bad {
        let mut changed = base.clone();
        let (parent, key) = path.rsplit_once('/').expect("a path");
        changed
            .pointer_mut(parent)
            .and_then(Value::as_object_mut)
            .expect("an object")
            .insert(key.into(), value.clone());
        assert!(!schema.accepts(&changed), "the schema takes {path} = {value}");
        let text = changed.to_string();
        assert!(
            Definition::from_json(&text).and_then(|d| d.validate()).is_err(),
            "the code takes {path} = {value}"
        );
    }
}

#[test]
fn the_schema_lists_every_event_that_can_be_waited_for() {
    let listed = &schema().0["$defs"]["wait_for_event"]["properties"]["events"]["items"]["enum"];
    let mut listed: Vec<String> = serde_json::from_value(listed.clone()).expect("a list of names");
    let mut known: Vec<String> = cartwheel_domain::event::EventKind::ALL
        .iter()
        .map(|k| k.as_str().to_owned())
        .chain(["opened".into(), "clicked".into()])
        .filter(|name| name.parse::<Awaited>().is_ok())
        .collect();
    listed.sort();
    known.sort();
    assert_eq!(listed, known);
}
