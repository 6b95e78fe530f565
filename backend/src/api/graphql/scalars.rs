//! Values that JSON has no exact form for.

use async_graphql::{InputValueError, InputValueResult, Scalar, ScalarType, SimpleObject, Value};
use cartwheel_domain::{
    money::{self, Currency},
    time::{Millis, parse_rfc3339, to_rfc3339},
};

/// An instant: RFC 3339 with milliseconds, UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Time(pub Millis);

/// An instant: RFC 3339 with milliseconds, UTC, such as `2026-11-22T10:00:00.000Z`.
#[Scalar]
impl ScalarType for Time {
    fn parse(value: Value) -> InputValueResult<Self> {
        match &value {
            Value::String(text) => parse_rfc3339(text)
                .map(Self)
                .ok_or_else(|| InputValueError::custom("an instant such as 2026-11-22T10:00:00Z")),
            _ => Err(InputValueError::expected_type(value)),
        }
    }

    fn to_value(&self) -> Value {
        Value::String(to_rfc3339(self.0))
    }
}

/// Any JSON value.
#[derive(Debug, Clone, PartialEq)]
pub struct Json(pub serde_json::Value);

/// Any JSON value, as it is.
#[Scalar]
impl ScalarType for Json {
    fn parse(value: Value) -> InputValueResult<Self> {
        Ok(Self(value.into_json()?))
    }

    fn to_value(&self) -> Value {
        Value::from_json(self.0.clone()).unwrap_or_default()
    }
}

/// An amount of one currency. Never a JSON number: those lose digits.
#[derive(Debug, Clone, SimpleObject)]
pub struct Money {
    /// Minor units (cents), as text.
    pub minor: String,
    /// ISO 4217.
    pub currency: String,
    /// Decimal form, `129.90`.
    pub decimal: String,
}

impl From<money::Money> for Money {
    fn from(m: money::Money) -> Self {
        Self { minor: m.minor.to_string(), currency: m.currency.code().into(), decimal: m.to_decimal() }
    }
}

/// An amount from its stored parts; an unknown currency is shown as euro rather than lost.
pub fn amount(minor: i64, currency: &str) -> Money {
    money::Money::new(minor, currency.parse().unwrap_or(Currency::EUR)).into()
}
