//! Random valid journeys: every node is reachable and leads out, every circle rests, messages come after the holdout.

use super::rng::Rng;
use cartwheel_domain::journey::Definition;
use serde_json::{Map, Value, json};

/// What a generated journey may contain.
#[derive(Clone, Copy)]
pub struct Shape {
    /// Nodes between the trigger and the exit.
    pub nodes: usize,
    /// The longest wait, seconds.
    pub longest: i64,
    /// How many of a hundred resting nodes lead back.
    pub loops: usize,
}

impl Shape {
    pub const ANY: Self = Self { nodes: 24, longest: 30 * 86_400, loops: 30 };
}

const EVENTS: [&str; 7] = [
    "clicked",
    "opened",
    "cart_updated",
    "product_viewed",
    "checkout_started",
    "order_placed",
    "coupon_applied",
];

/// A journey of that shape for this stream of numbers.
pub fn journey(rng: &mut Rng, shape: Shape) -> Definition {
    let count = 1 + rng.below(shape.nodes);
    let name = |i: usize| if i > count { "end".to_owned() } else { format!("n{i}") };
    let holdout = rng.chance(60).then(|| 1 + rng.below(count));
    let mut nodes = Map::new();
    let re_entry = if rng.chance(50) {
        json!({"rule": "once"})
    } else {
        json!({"rule": "again", "after_seconds": rng.between(0, 86_400), "at_most": rng.between(2, 4)})
    };
    let first = json!({"type": "trigger", "on": ["cart", "checkout", "quote"], "re_entry": re_entry, "next": name(1)});
    nodes.insert("start".into(), first);
    let first_message = holdout.unwrap_or(0);
    for i in 1..=count {
        // Nothing leads past the holdout but through it.
        let furthest = match holdout {
            Some(h) if i < h => h,
            _ => count + 1,
        };
        let ahead = |rng: &mut Rng| name(rng.between(i as i64 + 1, furthest as i64) as usize);
        let (next, other) = (name(i + 1), ahead(rng));
        let after_rest = if rng.chance(shape.loops) { name(1 + rng.below(i)) } else { other.clone() };
        let messages: Vec<String> =
            (first_message + 1..i).map(name).filter(|n| nodes.get(n).is_some_and(is_message)).collect();
        let node = match rng.below(100) {
            _ if holdout == Some(i) => {
                json!({"type": "holdout", "percent": rng.between(0, 100), "next": next})
            }
            0..35 if i > first_message => {
                let (channel, purpose) = *rng.pick(&[
                    ("email", "cart_email"),
                    ("email", "marketing_email"),
                    ("sms", "cart_sms"),
                    ("push", "push"),
                ]);
                json!({"type": "message", "channel": channel, "template": format!("t{i}"),
                "content_class": "informational", "purpose": purpose, "next": next})
            }
            35 if i > first_message => json!({"type": "webhook", "fields": {"n": i}, "next": next}),
            0..36 => json!({"type": "update_contact", "add_tags": [*rng.pick(&["vip", "left once"])],
                "set_traits": {"tier": *rng.pick(&["gold", "silver"])}, "next": next}),
            36..40 => {
                let days = ["monday", "wednesday", "saturday"];
                let days: Vec<&str> = days.into_iter().filter(|_| rng.chance(50)).collect();
                json!({"type": "wait_until", "time": *rng.pick(&["00:00", "02:30", "09:00", "23:59"]), "weekdays": days, "next": next})
            }
            40..55 => json!({"type": "wait", "seconds": rng.between(0, shape.longest), "next": next}),
            55..70 => {
                let mut events: Vec<&str> = EVENTS.into_iter().filter(|_| rng.chance(40)).collect();
                if events.is_empty() {
                    events.push(EVENTS[rng.below(EVENTS.len())]);
                }
                json!({"type": "wait_for_event", "events": events, "timeout_seconds": rng.between(1, shape.longest),
                    "message": (!messages.is_empty()).then(|| rng.pick(&messages).clone()), "happened": after_rest, "timed_out": next})
            }
            70..85 => {
                json!({"type": "condition", "if": condition(rng, &messages, 0), "yes": next, "no": other})
            }
            85..88 => {
                let mut channels = vec!["email", "sms", "push"];
                if rng.chance(50) {
                    channels.remove(rng.below(3));
                }
                let ways: Vec<Value> =
                    channels.iter().map(|channel| json!({"channel": channel, "next": ahead(rng)})).collect();
                json!({"type": "channel_choice", "ways": ways, "by_preference": rng.chance(50), "none": next})
            }
            88..93 => {
                json!({"type": "split", "branches": [{"weight": rng.between(1, 9), "label": "a", "next": next},
                {"weight": rng.between(1, 9), "next": other}, {"weight": 1, "next": ahead(rng)}]})
            }
            _ => json!({"type": "goal", "on": "order_placed", "next": next}),
        };
        nodes.insert(name(i), node);
    }
    nodes.insert("end".into(), json!({"type": "exit"}));
    let text = json!({"schema": 1, "name": "generated", "start": "start", "nodes": nodes}).to_string();
    Definition::from_json(&text).unwrap_or_else(|problems| panic!("{problems:?}\n{text}"))
}

fn is_message(node: &Value) -> bool {
    node["type"] == "message"
}

/// A random condition; `messages` may be asked about.
pub fn condition(rng: &mut Rng, messages: &[String], depth: usize) -> Value {
    let parts = |rng: &mut Rng| {
        (0..1 + rng.below(3)).map(|_| condition(rng, messages, depth + 1)).collect::<Vec<_>>()
    };
    match rng.below(if depth < 3 { 12 } else { 9 }) {
        0 => json!({"test": "cart_value", "at_least": rng.between(0, 20_000), "currency": "EUR"}),
        1 => json!({"test": "cart_lines", "at_least": rng.between(0, 5)}),
        2 => json!({"test": "item_quantity", "at_most": rng.between(0, 9)}),
        3 => json!({"test": "has_sku", "sku": "SKU-1"}),
        4 => json!({"test": "language", "is": ["de", "fr"]}),
        5 => json!({"test": "orders_count", "at_least": 1}),
        6 => json!({"test": "first_time_buyer"}),
        7 => json!({"test": "trait_equals", "name": "tier", "value": "gold"}),
        8 if !messages.is_empty() => {
            json!({"test": *rng.pick(&["sent", "opened", "clicked"]), "message": rng.pick(messages)})
        }
        9 => json!({"test": "all", "of": parts(rng)}),
        10 => json!({"test": "any", "of": parts(rng)}),
        11 => json!({"test": "not", "of": condition(rng, messages, depth + 1)}),
        _ => json!({"test": "has_email"}),
    }
}
