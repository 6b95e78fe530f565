//! Filters on lists. A value that is no list is a list of itself; nil is an empty one.

use std::sync::Arc;

use super::{Args, Env, numbers};
use crate::template::compare;
use crate::template::error::Fault;
use crate::template::value::{Value, range_len};

type Done = Result<Value, Fault>;

/// The input as a list. Ranges are charged before they are written out.
pub(super) fn list(input: &Value, env: &mut Env<'_>) -> Result<Arc<Vec<Value>>, Fault> {
    Ok(match input {
        Value::Array(items) => {
            env.budget.step(items.len() as u64)?;
            items.clone()
        }
        Value::Nil => Arc::default(),
        Value::Range(a, b) => {
            env.budget.make_list(range_len(*a, *b))?;
            Arc::new((*a..=*b).map(Value::Int).collect())
        }
        other => Arc::new(vec![other.clone()]),
    })
}

/// The value of a field of an item, which may be a dotted path.
fn field(item: &Value, name: &str, env: &mut Env<'_>) -> Result<Value, Fault> {
    env.budget.scan(name.len())?;
    Ok(name.split('.').fold(item.clone(), |value, key| value.index(&Value::str(key))))
}

fn finished(items: Vec<Value>, env: &mut Env<'_>) -> Done {
    env.budget.make_list(items.len())?;
    Ok(Value::array(items))
}

pub(super) fn size(input: &Value, _: &Args<'_>, env: &mut Env<'_>) -> Done {
    if let Value::Str(s) | Value::Html(s) = input {
        env.budget.scan(s.len())?;
    }
    Ok(Value::Int(input.size().unwrap_or(0)))
}

pub(super) fn first(input: &Value, _: &Args<'_>, _: &mut Env<'_>) -> Done {
    Ok(input.first())
}

pub(super) fn last(input: &Value, _: &Args<'_>, _: &mut Env<'_>) -> Done {
    Ok(input.last())
}

pub(super) fn join(input: &Value, args: &Args<'_>, env: &mut Env<'_>) -> Done {
    let glue = if args.get(0).is_some() { args.text(0, env)? } else { " ".into() };
    let items = list(input, env)?;
    env.budget.make(glue.len().saturating_mul(items.len()))?;
    let mut out = String::new();
    for (i, item) in items.iter().enumerate() {
        let text = item.to_text(env.budget)?;
        env.budget.make(text.len())?;
        if i > 0 {
            out.push_str(&glue);
        }
        out.push_str(&text);
    }
    Ok(Value::str(out))
}

pub(super) fn map(input: &Value, args: &Args<'_>, env: &mut Env<'_>) -> Done {
    let name = args.text(0, env)?;
    let items = list(input, env)?;
    env.budget.make_list(items.len())?;
    let mut out = Vec::with_capacity(items.len());
    for item in items.iter() {
        out.push(field(item, &name, env)?);
    }
    Ok(Value::array(out))
}

/// Whether an item's field is the wanted value, or true where none is given.
fn matches(item: &Value, name: &str, wanted: Option<&Value>, env: &mut Env<'_>) -> Result<bool, Fault> {
    let value = field(item, name, env)?;
    match wanted {
        None | Some(Value::Nil) => Ok(value.is_truthy()),
        Some(wanted) => compare::equal(&value, wanted, env.budget),
    }
}

fn pick(input: &Value, args: &Args<'_>, env: &mut Env<'_>, keep: bool) -> Done {
    let name = args.text(0, env)?;
    let mut out = Vec::new();
    for item in list(input, env)?.iter() {
        if matches(item, &name, args.get(1), env)? == keep {
            out.push(item.clone());
        }
    }
    finished(out, env)
}

pub(super) fn filter_where(input: &Value, args: &Args<'_>, env: &mut Env<'_>) -> Done {
    pick(input, args, env, true)
}

pub(super) fn reject(input: &Value, args: &Args<'_>, env: &mut Env<'_>) -> Done {
    pick(input, args, env, false)
}

pub(super) fn find(input: &Value, args: &Args<'_>, env: &mut Env<'_>) -> Done {
    let name = args.text(0, env)?;
    for item in list(input, env)?.iter() {
        if matches(item, &name, args.get(1), env)? {
            return Ok(item.clone());
        }
    }
    Ok(Value::Nil)
}

pub(super) fn has(input: &Value, args: &Args<'_>, env: &mut Env<'_>) -> Done {
    let found = find(input, args, env)?;
    Ok(Value::Bool(!matches!(found, Value::Nil)))
}

pub(super) fn uniq(input: &Value, args: &Args<'_>, env: &mut Env<'_>) -> Done {
    let name = args.get(0).map(|n| n.to_text(env.budget)).transpose()?;
    let mut seen: Vec<Value> = Vec::new();
    let mut out = Vec::new();
    for item in list(input, env)?.iter() {
        let key = match &name {
            Some(name) => field(item, name, env)?,
            None => item.clone(),
        };
        let mut known = false;
        for other in &seen {
            if compare::equal(other, &key, env.budget)? {
                known = true;
                break;
            }
        }
        if !known {
            env.budget.make_list(2)?;
            seen.push(key);
            out.push(item.clone());
        }
    }
    Ok(Value::array(out))
}

pub(super) fn compact(input: &Value, args: &Args<'_>, env: &mut Env<'_>) -> Done {
    let name = args.get(0).map(|n| n.to_text(env.budget)).transpose()?;
    let mut out = Vec::new();
    for item in list(input, env)?.iter() {
        let key = match &name {
            Some(name) => field(item, name, env)?,
            None => item.clone(),
        };
        if !matches!(key, Value::Nil) {
            out.push(item.clone());
        }
    }
    finished(out, env)
}

pub(super) fn concat(input: &Value, args: &Args<'_>, env: &mut Env<'_>) -> Done {
    let other = args.get(0).unwrap_or(&Value::Nil);
    if !matches!(other, Value::Array(_) | Value::Range(..)) {
        return Err(Fault::value("`concat` joins two lists, and this is not a list"));
    }
    let (a, b) = (list(input, env)?, list(other, env)?);
    env.budget.make_list(a.len() + b.len())?;
    Ok(Value::array(a.iter().chain(b.iter()).cloned().collect()))
}

pub(super) fn reverse(input: &Value, _: &Args<'_>, env: &mut Env<'_>) -> Done {
    let items = list(input, env)?;
    env.budget.make_list(items.len())?;
    Ok(Value::array(items.iter().rev().cloned().collect()))
}

pub(super) fn sum(input: &Value, args: &Args<'_>, env: &mut Env<'_>) -> Done {
    let name = args.get(0).map(|n| n.to_text(env.budget)).transpose()?;
    let mut total = Value::Int(0);
    for item in list(input, env)?.iter() {
        let value = match &name {
            Some(name) => field(item, name, env)?,
            None => item.clone(),
        };
        total = numbers::add(&total, &value)?;
    }
    Ok(total)
}

/// `slice: start` and `slice: start, length`, of text in characters or of a list; a negative start counts from the end.
pub(super) fn slice(input: &Value, args: &Args<'_>, env: &mut Env<'_>) -> Done {
    let (start, length) = (args.int(0, 0)?, args.int(1, 1)?);
    let range = |len: usize| -> Option<(usize, usize)> {
        let len = i64::try_from(len).ok()?;
        let start = if start < 0 { start.checked_add(len)? } else { start };
        if start < 0 || start > len || length < 0 {
            return None;
        }
        Some((usize::try_from(start).ok()?, usize::try_from(length.min(len - start)).ok()?))
    };
    if let Value::Array(items) = input {
        let (start, count) = range(items.len()).unwrap_or((0, 0));
        return finished(items.iter().skip(start).take(count).cloned().collect(), env);
    }
    let text = input.to_text(env.budget)?;
    env.budget.make(text.len())?;
    let (start, count) = range(text.chars().count()).unwrap_or((0, 0));
    Ok(Value::str(text.chars().skip(start).take(count).collect::<String>()))
}
