//! Asks a [`Condition`] of the facts, and keeps what was seen.

use super::{
    condition::Condition,
    state::{Engagement, Facts},
};
use serde::Serialize;
use serde_json::{Value, json};

/// One test that was made: what was asked, what was seen, what came of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Check {
    /// The condition as in the definition.
    pub asked: Value,
    /// The value seen.
    pub seen: Value,
    /// Whether it holds.
    pub holds: bool,
}

/// Whether `condition` holds, and each single test that was needed to know (parts after the deciding one are not asked).
pub fn evaluate(condition: &Condition, facts: &Facts) -> (bool, Vec<Check>) {
    let mut checks = Vec::new();
    let holds = ask(condition, facts, &mut checks);
    (holds, checks)
}

fn ask(condition: &Condition, facts: &Facts, checks: &mut Vec<Check>) -> bool {
    match condition {
        Condition::All { of } => of.iter().all(|c| ask(c, facts, checks)),
        Condition::Any { of } => of.iter().any(|c| ask(c, facts, checks)),
        Condition::Not { of } => !ask(of, facts, checks),
        leaf => {
            let (holds, seen) = look(leaf, facts);
            let asked = serde_json::to_value(leaf).unwrap_or(Value::Null);
            checks.push(Check { asked, seen, holds });
            holds
        }
    }
}

fn within(n: i64, at_least: Option<i64>, at_most: Option<i64>) -> bool {
    at_least.is_none_or(|least| n >= least) && at_most.is_none_or(|most| n <= most)
}

fn same(a: &str, b: &str) -> bool {
    a.to_lowercase() == b.to_lowercase()
}

fn look(leaf: &Condition, facts: &Facts) -> (bool, Value) {
    let cart = &facts.cart;
    let contact = &facts.contact;
    let orders = i64::from(contact.orders);
    let counted = |n: i64, least: &Option<i64>, most: &Option<i64>| (within(n, *least, *most), json!(n));
    let of_message = |message, pick: fn(&Engagement) -> bool| {
        let holds = facts.engagement.get(message).is_some_and(pick);
        (holds, json!(holds))
    };
    match leaf {
        Condition::CartValue { at_least, at_most, currency } => {
            let holds = cart.value.currency == *currency && within(cart.value.minor, *at_least, *at_most);
            (holds, json!(cart.value))
        }
        Condition::CartLines { at_least, at_most } => {
            counted(i64::try_from(cart.lines.len()).unwrap_or(i64::MAX), at_least, at_most)
        }
        Condition::ItemQuantity { at_least, at_most } => counted(
            cart.lines.iter().map(|l| i64::from(l.quantity)).fold(0, i64::saturating_add),
            at_least,
            at_most,
        ),
        Condition::HasProduct { id } => {
            let is = |field: &Option<String>| field.as_deref() == Some(id);
            let holds = cart.lines.iter().any(|l| is(&l.product_id) || is(&l.variant_id));
            (holds, json!(holds))
        }
        Condition::HasSku { sku } => {
            let holds = cart.lines.iter().any(|l| l.sku.as_deref().is_some_and(|s| same(s, sku)));
            (holds, json!(holds))
        }
        Condition::HasCategory { category } => {
            let holds = cart.lines.iter().any(|l| l.category.as_deref().is_some_and(|c| same(c, category)));
            (holds, json!(holds))
        }
        Condition::HasEmail {} => (contact.has_email, json!(contact.has_email)),
        Condition::HasPhone {} => (contact.has_phone, json!(contact.has_phone)),
        Condition::Language { is } => {
            (contact.language.is_some_and(|l| is.contains(&l)), json!(contact.language))
        }
        Condition::Country { is } => {
            (contact.country.is_some_and(|c| is.contains(&c)), json!(contact.country))
        }
        Condition::HasTag { tag } => {
            let holds = contact.tags.iter().any(|t| same(t, tag));
            (holds, json!(holds))
        }
        Condition::TraitEquals { name, value } => {
            let found = contact.traits.get(name);
            let holds = found.is_some_and(|f| match (f, value) {
                (Value::String(a), Value::String(b)) => same(a, b),
                (Value::Number(a), Value::Number(b)) => a.as_f64() == b.as_f64(),
                (a, b) => a == b,
            });
            (holds, found.cloned().unwrap_or(Value::Null))
        }
        Condition::OrdersCount { at_least, at_most } => counted(orders, at_least, at_most),
        Condition::FirstTimeBuyer {} => (orders == 0, json!(orders)),
        Condition::RepeatBuyer {} => (orders > 0, json!(orders)),
        Condition::Sent { message } => of_message(message, |e| e.sent),
        Condition::Opened { message } => of_message(message, |e| e.opened),
        Condition::Clicked { message } => of_message(message, |e| e.clicked),
        // The connectives are asked part by part in `ask`.
        Condition::All { .. } | Condition::Any { .. } | Condition::Not { .. } => (false, Value::Null),
    }
}
