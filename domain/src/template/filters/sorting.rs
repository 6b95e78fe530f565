//! `sort` and `sort_natural`: stable, and in an order that is total whatever the list holds.

use std::cmp::Ordering;
use std::sync::Arc;

use super::arrays::list;
use super::{Args, Env};
use crate::template::error::Fault;
use crate::template::value::Value;

/// What a value sorts by. Kinds are kept apart: numbers, text, the rest, and what is missing last.
#[derive(Debug, PartialEq)]
enum Key {
    Number(f64, Option<i64>),
    Text(Arc<str>),
    Other,
    Missing,
}

impl Key {
    fn rank(&self) -> u8 {
        match self {
            Self::Number(..) => 0,
            Self::Text(_) => 1,
            Self::Other => 2,
            Self::Missing => 3,
        }
    }

    fn order(&self, other: &Self) -> Ordering {
        match (self, other) {
            // Whole numbers that share a float are told apart by themselves, and stand before that float.
            (Self::Number(a, ai), Self::Number(b, bi)) => {
                a.total_cmp(b).then_with(|| bi.is_some().cmp(&ai.is_some())).then_with(|| ai.cmp(bi))
            }
            (Self::Text(a), Self::Text(b)) => a.cmp(b),
            _ => self.rank().cmp(&other.rank()),
        }
    }
}

pub(super) fn sort(input: &Value, args: &Args<'_>, env: &mut Env<'_>) -> Result<Value, Fault> {
    sorted(input, args, env, |value, _| {
        Ok(match value {
            Value::Int(i) => Key::Number(i as f64, Some(i)),
            Value::Float(f) => Key::Number(f + 0.0, None),
            Value::Str(s) | Value::Html(s) => Key::Text(s),
            Value::Nil => Key::Missing,
            _ => Key::Other,
        })
    })
}

pub(super) fn sort_natural(input: &Value, args: &Args<'_>, env: &mut Env<'_>) -> Result<Value, Fault> {
    sorted(input, args, env, |value, env| {
        if matches!(value, Value::Nil) {
            return Ok(Key::Missing);
        }
        let text = value.to_text(env.budget)?;
        env.budget.make(text.len().saturating_mul(3))?;
        Ok(Key::Text(text.to_lowercase().into()))
    })
}

fn sorted(
    input: &Value,
    args: &Args<'_>,
    env: &mut Env<'_>,
    key: impl Fn(Value, &mut Env<'_>) -> Result<Key, Fault>,
) -> Result<Value, Fault> {
    let name = args.get(0).cloned();
    let items = list(input, env)?;
    // One list of keys and values, one result.
    env.budget.make_list(items.len().saturating_mul(4))?;
    let mut keyed = Vec::with_capacity(items.len());
    let mut longest = 0;
    for item in items.iter() {
        let by = name.as_ref().map_or_else(|| item.clone(), |name| item.index(name));
        let key = key(by, env)?;
        if let Key::Text(text) = &key {
            longest = longest.max(text.len());
        }
        keyed.push((key, item.clone()));
    }
    let depth = u64::from(usize::BITS - keyed.len().leading_zeros());
    env.budget.step((keyed.len() as u64).saturating_mul(depth).saturating_mul(longest as u64 / 32 + 1))?;
    keyed.sort_by(|a, b| a.0.order(&b.0));
    Ok(Value::array(keyed.into_iter().map(|(_, item)| item).collect()))
}
