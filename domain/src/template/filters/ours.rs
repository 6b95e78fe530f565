//! `default`, and the filters no other Liquid has.

use super::{Args, Env};
use crate::template::error::Fault;
use crate::template::money;
use crate::template::value::Value;

/// The argument where the input is nil, false or empty; `allow_false: true` lets false stand.
pub(super) fn default(input: &Value, args: &Args<'_>, _: &mut Env<'_>) -> Result<Value, Fault> {
    let allow_false = args.named("allow_false").is_some_and(Value::is_truthy);
    let missing = match input {
        Value::Nil => true,
        Value::Bool(false) => !allow_false,
        other => other.is_empty(),
    };
    Ok(if missing { args.get(0).cloned().unwrap_or_else(|| Value::str("")) } else { input.clone() })
}

/// Marks the end of a chain whose HTML is to stand as it is.
///
/// Only HTML the system vouches for, and what `capture` has made with its values escaped, is written as it is. Text
/// that came in from outside stays escaped: a shopper's words can never become markup.
pub(super) fn raw(input: &Value, _: &Args<'_>, _: &mut Env<'_>) -> Result<Value, Fault> {
    Ok(input.clone())
}

/// An amount `{minor, currency}` (or `{amount, currency}`, minor units too) as the reader writes it; nothing for nil.
pub(super) fn money(input: &Value, _: &Args<'_>, env: &mut Env<'_>) -> Result<Value, Fault> {
    if matches!(input, Value::Nil) {
        return Ok(Value::Nil);
    }
    let text = of_value(input, &env.reader.locale).ok_or_else(|| {
        Fault::value("`money` takes an amount with its currency, as `cart.total` or `item.price` are")
    })?;
    env.budget.make(text.len())?;
    Ok(Value::str(text))
}

/// The written form of a value that is an amount with a currency.
pub(super) fn of_value(value: &Value, locale: &str) -> Option<String> {
    let Value::Object(fields) = value else { return None };
    let amount = fields.get("minor").or_else(|| fields.get("amount"));
    match (amount, fields.get("currency")) {
        (Some(Value::Int(minor)), Some(Value::Str(code))) => money::format_code(*minor, code, locale),
        _ => None,
    }
}

/// `{{ n | pluralize: 'item', 'items' }}`: the first word for exactly one, the second for all else.
///
/// French says the singular for zero as well.
pub(super) fn pluralize(input: &Value, args: &Args<'_>, env: &mut Env<'_>) -> Result<Value, Fault> {
    let one = match input {
        Value::Int(1) => true,
        Value::Int(0) => env.reader.language() == "fr",
        _ => false,
    };
    Ok(args.get(usize::from(!one)).cloned().unwrap_or_default())
}
