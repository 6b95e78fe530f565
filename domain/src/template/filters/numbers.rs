//! Arithmetic. Whole numbers stay whole; what does not fit into 64 bits is an error, never a wrong number.

use super::{Args, Env};
use crate::template::error::Fault;
use crate::template::value::Value;

type Done = Result<Value, Fault>;

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Number {
    Int(i64),
    Float(f64),
}

/// The value as a number: text is read, what is no number is 0.
pub(crate) fn number(value: &Value) -> Number {
    match value {
        Value::Int(i) => Number::Int(*i),
        Value::Float(f) => Number::Float(*f),
        Value::Str(s) | Value::Html(s) => {
            let s = s.trim();
            match (s.parse::<i64>(), s.parse::<f64>()) {
                (Ok(i), _) => Number::Int(i),
                (_, Ok(f)) if f.is_finite() && s.bytes().any(|b| b.is_ascii_digit()) => Number::Float(f),
                _ => Number::Int(0),
            }
        }
        _ => Number::Int(0),
    }
}

pub(crate) fn value(number: Number) -> Done {
    match number {
        Number::Int(i) => Ok(Value::Int(i)),
        Number::Float(f) if f.is_finite() => Ok(Value::Float(f)),
        Number::Float(_) => Err(too_large()),
    }
}

fn too_large() -> Fault {
    Fault::value("this number is too large")
}

fn float(number: Number) -> f64 {
    match number {
        Number::Int(i) => i as f64,
        Number::Float(f) => f,
    }
}

fn apply(
    a: &Value,
    b: &Value,
    ints: impl FnOnce(i64, i64) -> Option<i64>,
    floats: impl FnOnce(f64, f64) -> f64,
) -> Done {
    match (number(a), number(b)) {
        (Number::Int(a), Number::Int(b)) => ints(a, b).map(Value::Int).ok_or_else(too_large),
        (a, b) => value(Number::Float(floats(float(a), float(b)))),
    }
}

pub(crate) fn add(a: &Value, b: &Value) -> Done {
    apply(a, b, i64::checked_add, |a, b| a + b)
}

fn first<'a>(args: &'a Args<'_>) -> &'a Value {
    args.get(0).unwrap_or(&Value::Nil)
}

pub(super) fn plus(input: &Value, args: &Args<'_>, _: &mut Env<'_>) -> Done {
    add(input, first(args))
}

pub(super) fn minus(input: &Value, args: &Args<'_>, _: &mut Env<'_>) -> Done {
    apply(input, first(args), i64::checked_sub, |a, b| a - b)
}

pub(super) fn times(input: &Value, args: &Args<'_>, _: &mut Env<'_>) -> Done {
    apply(input, first(args), i64::checked_mul, |a, b| a * b)
}

pub(super) fn divided_by(input: &Value, args: &Args<'_>, _: &mut Env<'_>) -> Done {
    refuse_zero(first(args))?;
    apply(input, first(args), floor_div, |a, b| a / b)
}

pub(super) fn modulo(input: &Value, args: &Args<'_>, _: &mut Env<'_>) -> Done {
    refuse_zero(first(args))?;
    // The remainder has the sign of the divisor, as in Ruby.
    apply(
        input,
        first(args),
        |a, b| if b == -1 { Some(0) } else { Some(a - b * floor_div(a, b)?) },
        |a, b| a - b * (a / b).floor(),
    )
}

fn floor_div(a: i64, b: i64) -> Option<i64> {
    let quotient = a.checked_div(b)?;
    if a % b != 0 && (a < 0) != (b < 0) { quotient.checked_sub(1) } else { Some(quotient) }
}

fn refuse_zero(divisor: &Value) -> Result<(), Fault> {
    if float(number(divisor)) == 0.0 {
        return Err(Fault::value("this divides by zero: guard it with `{% if %}`"));
    }
    Ok(())
}

pub(super) fn abs(input: &Value, _: &Args<'_>, _: &mut Env<'_>) -> Done {
    match number(input) {
        Number::Int(i) => i.checked_abs().map(Value::Int).ok_or_else(too_large),
        Number::Float(f) => value(Number::Float(f.abs())),
    }
}

pub(super) fn at_least(input: &Value, args: &Args<'_>, _: &mut Env<'_>) -> Done {
    let (a, b) = (number(input), number(first(args)));
    value(if float(a) < float(b) { b } else { a })
}

pub(super) fn at_most(input: &Value, args: &Args<'_>, _: &mut Env<'_>) -> Done {
    let (a, b) = (number(input), number(first(args)));
    value(if float(a) > float(b) { b } else { a })
}

pub(super) fn ceil(input: &Value, _: &Args<'_>, _: &mut Env<'_>) -> Done {
    whole(input, f64::ceil)
}

pub(super) fn floor(input: &Value, _: &Args<'_>, _: &mut Env<'_>) -> Done {
    whole(input, f64::floor)
}

fn whole(input: &Value, round: impl FnOnce(f64) -> f64) -> Done {
    match number(input) {
        Number::Int(i) => Ok(Value::Int(i)),
        Number::Float(f) => {
            let rounded = round(f);
            // 2^63 as a float: from there on the number does not fit.
            if rounded.abs() < 9_223_372_036_854_775_808.0 {
                Ok(Value::Int(rounded as i64))
            } else {
                Err(too_large())
            }
        }
    }
}

/// Half goes away from zero. With digits, the result has at most that many after the point.
pub(super) fn round(input: &Value, args: &Args<'_>, _: &mut Env<'_>) -> Done {
    let digits = args.int(0, 0)?.clamp(0, 15);
    if digits == 0 {
        return whole(input, f64::round);
    }
    match number(input) {
        Number::Int(i) => Ok(Value::Int(i)),
        Number::Float(f) => {
            let scale = 10f64.powi(i32::try_from(digits).unwrap_or(15));
            let scaled = f * scale;
            // A float this large has no digits to round.
            value(Number::Float(if scaled.abs() < 9e15 { scaled.round() / scale } else { f }))
        }
    }
}
