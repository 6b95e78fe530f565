//! Runs, facts and definitions for tests.

use cartwheel_domain::{
    event::CartKind,
    ids::{CartId, ContactId, JourneyId, RunId, StoreId, VersionId},
    journey::{
        CartFacts, CartStatus, ContactFacts, Definition, Effect, Facts, JourneyState, LineFacts, NodeId,
        Outcome, RunContext, RunState, RunStatus, Transition, keys, step,
    },
    money::{Currency, Money},
    time::Millis,
};
use serde_json::{Value, json};
use uuid::Uuid;

/// 2026-11-02T10:00:00Z.
pub const T0: Millis = 1_793_613_600_000;

pub fn uuid(n: u64) -> Uuid {
    Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0000 | u128::from(n))
}

pub fn id(text: &str) -> NodeId {
    text.parse().expect("a node id")
}

/// A new run of contact `n` at the start of `def`, abandoned at `T0`.
pub fn run(def: &Definition, n: u64) -> RunState {
    let cart_id = CartId(uuid(n));
    RunState {
        store_id: StoreId(uuid(1)),
        journey_id: JourneyId(uuid(2)),
        version_id: VersionId(uuid(3)),
        run_id: RunId(uuid(n)),
        contact_id: ContactId(uuid(n)),
        cart_id,
        entry_key: keys::entry_key(cart_id, 0),
        node: def.start.clone(),
        visit: 0,
        status: RunStatus::Waiting,
        wake_at: T0,
        waiting_for: None,
        entered_at: T0,
        context: RunContext::default(),
    }
}

/// A contact of whom the hash makes a treated (or held-out) person at ten percent.
pub fn contact_in_group(held_out: bool) -> u64 {
    let bucket = |n| keys::holdout_bucket(StoreId(uuid(1)), JourneyId(uuid(2)), ContactId(uuid(n)));
    (1..).find(|n| (bucket(*n) < 1000) == held_out).expect("some contact is in each group")
}

/// An abandoned cart of 59.90 EUR with two lines.
pub fn facts() -> Facts {
    let line = |product: &str, sku: &str, category: &str, quantity| LineFacts {
        product_id: Some(product.into()),
        variant_id: Some(format!("{product}-v")),
        sku: Some(sku.into()),
        category: Some(category.into()),
        quantity,
    };
    Facts {
        journey: JourneyState::Active,
        cart: CartFacts {
            kind: CartKind::Cart,
            status: CartStatus::Abandoned,
            excluded: false,
            value: Money::new(5990, Currency::EUR),
            lines: vec![line("p1", "SKU-1", "Shoes", 1), line("p2", "SKU-2", "Socks", 3)],
        },
        contact: ContactFacts { has_email: true, ..ContactFacts::default() },
        zone: chrono_tz::Europe::Berlin,
        ordered_since_entry: false,
        engagement: Default::default(),
        reach: Default::default(),
        arrived: None,
    }
}

/// Writes an outcome into the run, as a commit does.
pub fn commit(run: &mut RunState, outcome: &Outcome) {
    run.context = outcome.context.clone();
    match &outcome.transition {
        Transition::Wait { node, visit, wake_at, wait_for } => {
            run.node = node.clone();
            run.visit = *visit;
            run.wake_at = *wake_at;
            run.waiting_for = wait_for.clone();
        }
        Transition::End { node, .. } => {
            run.node = node.clone();
            run.status = RunStatus::Ended;
            run.waiting_for = None;
        }
    }
}

/// A step and its commit.
pub fn advance(def: &Definition, run: &mut RunState, facts: &Facts, now: Millis) -> Outcome {
    let outcome = step(def, run, facts, now);
    commit(run, &outcome);
    outcome
}

/// Node and visit of each message an outcome sends.
pub fn sent(outcome: &Outcome) -> Vec<(String, u32)> {
    let send = |e: &Effect| match e {
        Effect::SendMessage { node, visit, .. } => Some((node.to_string(), *visit)),
        _ => None,
    };
    outcome.effects.iter().filter_map(send).collect()
}

/// The decisions of a trail, in order.
pub fn decisions(outcome: &Outcome) -> Vec<&'static str> {
    outcome.trail.iter().map(|t| t.decision.as_str()).collect()
}

/// A definition with these nodes, starting at `start`; form is checked, sense is not.
pub fn graph(nodes: Value) -> Definition {
    let text = json!({"schema": 1, "name": "test", "start": "start", "nodes": nodes}).to_string();
    Definition::from_json(&text).unwrap_or_else(|problems| panic!("{problems:?}\n{text}"))
}

pub fn trigger(next: &str) -> Value {
    json!({"type": "trigger", "on": ["cart", "checkout", "quote"], "next": next})
}

pub fn wait(seconds: i64, next: &str) -> Value {
    json!({"type": "wait", "seconds": seconds, "next": next})
}

pub fn message(next: &str) -> Value {
    json!({"type": "message", "channel": "email", "template": "t", "content_class": "informational",
        "purpose": "cart_email", "next": next})
}

pub fn exit() -> Value {
    json!({"type": "exit"})
}
