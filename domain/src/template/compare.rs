//! Equality, order and `contains`, each charged by what it looks at.

use std::cmp::Ordering;

use super::error::Fault;
use super::limits::Budget;
use super::value::Value;

/// Liquid's `==`: numbers by size, `empty` and `blank` by nature, everything else by content.
pub(crate) fn equal(a: &Value, b: &Value, budget: &mut Budget) -> Result<bool, Fault> {
    budget.step(1)?;
    Ok(match (a, b) {
        (Value::Empty, Value::Empty) | (Value::Blank, Value::Blank) | (Value::Nil, Value::Nil) => true,
        (Value::Empty, other) | (other, Value::Empty) => other.is_empty(),
        (Value::Blank, other) | (other, Value::Blank) => other.is_blank(),
        (Value::Bool(a), Value::Bool(b)) => a == b,
        (Value::Int(_) | Value::Float(_), Value::Int(_) | Value::Float(_)) => {
            numbers(a, b) == Some(Ordering::Equal)
        }
        (Value::Str(a) | Value::Html(a), Value::Str(b) | Value::Html(b)) => {
            a.len() == b.len() && {
                budget.scan(a.len())?;
                a == b
            }
        }
        (Value::Range(a, b), Value::Range(c, d)) => a == c && b == d,
        (Value::Array(a), Value::Array(b)) => {
            if a.len() != b.len() {
                return Ok(false);
            }
            for (a, b) in a.iter().zip(b.iter()) {
                if !equal(a, b, budget)? {
                    return Ok(false);
                }
            }
            true
        }
        (Value::Object(a), Value::Object(b)) => {
            if a.len() != b.len() {
                return Ok(false);
            }
            for ((ka, va), (kb, vb)) in a.iter().zip(b.iter()) {
                budget.scan(ka.len())?;
                if ka != kb || !equal(va, vb, budget)? {
                    return Ok(false);
                }
            }
            true
        }
        _ => false,
    })
}

/// The order of two values; none between values of different kinds, so that `<` is then false.
pub(crate) fn order(a: &Value, b: &Value, budget: &mut Budget) -> Result<Option<Ordering>, Fault> {
    budget.step(1)?;
    Ok(match (a, b) {
        (Value::Str(a) | Value::Html(a), Value::Str(b) | Value::Html(b)) => {
            budget.scan(a.len().min(b.len()))?;
            Some(a.cmp(b))
        }
        _ => numbers(a, b),
    })
}

fn numbers(a: &Value, b: &Value) -> Option<Ordering> {
    match (a, b) {
        (Value::Int(a), Value::Int(b)) => Some(a.cmp(b)),
        (Value::Int(a), Value::Float(b)) => (*a as f64).partial_cmp(b),
        (Value::Float(a), Value::Int(b)) => a.partial_cmp(&(*b as f64)),
        (Value::Float(a), Value::Float(b)) => a.partial_cmp(b),
        _ => None,
    }
}

/// `a contains b`: part of a text, element of a list, field of an object.
pub(crate) fn contains(a: &Value, b: &Value, budget: &mut Budget) -> Result<bool, Fault> {
    budget.step(1)?;
    match a {
        Value::Str(text) | Value::Html(text) => {
            if matches!(b, Value::Nil) {
                return Ok(false);
            }
            let part = b.to_text(budget)?;
            // The search is linear in both (two-way algorithm).
            budget.scan(text.len() + part.len())?;
            Ok(text.contains(&*part))
        }
        Value::Array(items) => {
            for item in items.iter() {
                if equal(item, b, budget)? {
                    return Ok(true);
                }
            }
            Ok(false)
        }
        Value::Object(fields) => Ok(b.as_str().is_some_and(|key| fields.contains_key(key))),
        Value::Range(from, to) => Ok(matches!(b, Value::Int(i) if from <= i && i <= to)),
        _ => Ok(false),
    }
}
