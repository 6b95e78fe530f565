//! Filters on text.

use std::sync::Arc;

use super::{Args, Env};
use crate::template::error::Fault;
use crate::template::value::Value;

type Done = Result<Value, Fault>;

fn text(input: &Value, env: &mut Env<'_>) -> Result<Arc<str>, Fault> {
    input.to_text(env.budget)
}

/// A new text of about the length of the old one.
fn changed(input: &Value, env: &mut Env<'_>, change: impl FnOnce(&str) -> String) -> Done {
    let text = text(input, env)?;
    // Case mapping can triple a character.
    env.budget.make(text.len().saturating_mul(3))?;
    Ok(Value::str(change(&text)))
}

pub(super) fn append(input: &Value, args: &Args<'_>, env: &mut Env<'_>) -> Done {
    let (a, b) = (text(input, env)?, args.text(0, env)?);
    join(&a, &b, env)
}

pub(super) fn prepend(input: &Value, args: &Args<'_>, env: &mut Env<'_>) -> Done {
    let (a, b) = (text(input, env)?, args.text(0, env)?);
    join(&b, &a, env)
}

fn join(a: &str, b: &str, env: &mut Env<'_>) -> Done {
    env.budget.make(a.len() + b.len())?;
    Ok(Value::str([a, b].concat()))
}

pub(super) fn upcase(input: &Value, _: &Args<'_>, env: &mut Env<'_>) -> Done {
    changed(input, env, str::to_uppercase)
}

pub(super) fn downcase(input: &Value, _: &Args<'_>, env: &mut Env<'_>) -> Done {
    changed(input, env, str::to_lowercase)
}

pub(super) fn capitalize(input: &Value, _: &Args<'_>, env: &mut Env<'_>) -> Done {
    changed(input, env, |text| {
        let mut chars = text.chars();
        let first: String = chars.next().into_iter().flat_map(char::to_uppercase).collect();
        first + &chars.as_str().to_lowercase()
    })
}

pub(super) fn strip(input: &Value, _: &Args<'_>, env: &mut Env<'_>) -> Done {
    changed(input, env, |text| text.trim().to_owned())
}

pub(super) fn lstrip(input: &Value, _: &Args<'_>, env: &mut Env<'_>) -> Done {
    changed(input, env, |text| text.trim_start().to_owned())
}

pub(super) fn rstrip(input: &Value, _: &Args<'_>, env: &mut Env<'_>) -> Done {
    changed(input, env, |text| text.trim_end().to_owned())
}

pub(super) fn strip_newlines(input: &Value, _: &Args<'_>, env: &mut Env<'_>) -> Done {
    changed(input, env, |text| text.replace("\r\n", "").replace('\n', ""))
}

pub(super) fn replace(input: &Value, args: &Args<'_>, env: &mut Env<'_>) -> Done {
    let (text, from, to) = (text(input, env)?, args.text(0, env)?, args.text(1, env)?);
    env.budget.scan(text.len() + from.len())?;
    let hits = text.matches(&*from).count();
    env.budget.make(text.len().saturating_add(hits.saturating_mul(to.len())))?;
    Ok(Value::str(text.replace(&*from, &to)))
}

pub(super) fn remove(input: &Value, args: &Args<'_>, env: &mut Env<'_>) -> Done {
    let (text, from) = (text(input, env)?, args.text(0, env)?);
    env.budget.make(text.len() + from.len())?;
    Ok(Value::str(text.replace(&*from, "")))
}

pub(super) fn replace_first(input: &Value, args: &Args<'_>, env: &mut Env<'_>) -> Done {
    let (text, from, to) = (text(input, env)?, args.text(0, env)?, args.text(1, env)?);
    env.budget.make(text.len() + from.len() + to.len())?;
    Ok(Value::str(text.replacen(&*from, &to, 1)))
}

pub(super) fn remove_first(input: &Value, args: &Args<'_>, env: &mut Env<'_>) -> Done {
    let (text, from) = (text(input, env)?, args.text(0, env)?);
    env.budget.make(text.len() + from.len())?;
    Ok(Value::str(text.replacen(&*from, "", 1)))
}

pub(super) fn replace_last(input: &Value, args: &Args<'_>, env: &mut Env<'_>) -> Done {
    let (text, from, to) = (text(input, env)?, args.text(0, env)?, args.text(1, env)?);
    swap_last(&text, &from, &to, env)
}

pub(super) fn remove_last(input: &Value, args: &Args<'_>, env: &mut Env<'_>) -> Done {
    let (text, from) = (text(input, env)?, args.text(0, env)?);
    swap_last(&text, &from, "", env)
}

fn swap_last(text: &Arc<str>, from: &str, to: &str, env: &mut Env<'_>) -> Done {
    env.budget.make(text.len() + from.len() + to.len())?;
    Ok(match text.rfind(from) {
        Some(at) => Value::str([&text[..at], to, &text[at + from.len()..]].concat()),
        None => Value::Str(text.clone()),
    })
}

pub(super) fn truncate(input: &Value, args: &Args<'_>, env: &mut Env<'_>) -> Done {
    let text = text(input, env)?;
    let length = usize::try_from(args.int(0, 50)?).unwrap_or(0);
    let end = if args.get(1).is_some() { args.text(1, env)? } else { "...".into() };
    env.budget.make(text.len() + end.len())?;
    if text.chars().nth(length).is_none() {
        return Ok(Value::Str(text));
    }
    let keep = length.saturating_sub(end.chars().count());
    Ok(Value::str(text.chars().take(keep).chain(end.chars()).collect::<String>()))
}

pub(super) fn truncatewords(input: &Value, args: &Args<'_>, env: &mut Env<'_>) -> Done {
    let text = text(input, env)?;
    let count = usize::try_from(args.int(0, 15)?).unwrap_or(0).max(1);
    let end = if args.get(1).is_some() { args.text(1, env)? } else { "...".into() };
    env.budget.make(text.len() + end.len())?;
    let mut out = String::new();
    for (i, word) in text.split_whitespace().enumerate() {
        if i == count {
            out.push_str(&end);
            return Ok(Value::str(out));
        }
        if i > 0 {
            out.push(' ');
        }
        out.push_str(word);
    }
    Ok(Value::Str(text))
}

pub(super) fn split(input: &Value, args: &Args<'_>, env: &mut Env<'_>) -> Done {
    let (text, by) = (text(input, env)?, args.text(0, env)?);
    env.budget.scan(text.len() + by.len())?;
    let cost = |env: &mut Env<'_>, parts: usize| {
        // Each part is a shared text with its two counters.
        env.budget.make_list(parts)?;
        env.budget.make(parts.saturating_mul(16).saturating_add(text.len()))
    };
    let mut parts: Vec<Value> = if by.is_empty() {
        cost(env, text.chars().count())?;
        text.chars().map(|c| Value::str(c.encode_utf8(&mut [0; 4]) as &str)).collect()
    } else if &*by == " " {
        cost(env, text.split_whitespace().count())?;
        text.split_whitespace().map(Value::str).collect()
    } else {
        cost(env, text.matches(&*by).count() + 1)?;
        text.split(&*by).map(Value::str).collect()
    };
    while parts.last().is_some_and(Value::is_empty) {
        parts.pop();
    }
    Ok(Value::array(parts))
}
