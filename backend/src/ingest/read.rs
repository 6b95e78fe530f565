//! Reads JSON from outside, key by key, and names the place of what is wrong as a JSON pointer (RFC 6901).
//!
//! Shops send a price as a number or as a text, an id as a number or as a text, and nothing as `null`, `""` or a
//! missing key. All of that is read; what cannot be meant is refused.

use cartwheel_domain::{
    money::{Currency, Money},
    settings::web_address,
};
use serde_json::{Map, Value};

/// A JSON object.
pub type Object = Map<String, Value>;

/// The longest id, key or name.
pub const MAX_ID: usize = 255;
/// The longest text shown to people; longer ones are cut.
pub const MAX_TEXT: usize = 500;

/// One thing that is wrong, or was read in another way than it was sent.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Problem {
    /// Where: a JSON pointer.
    pub pointer: String,
    /// What is wrong and what would be right.
    pub message: String,
}

impl Problem {
    /// A problem at a place.
    pub fn new(pointer: impl Into<String>, message: impl Into<String>) -> Self {
        Self { pointer: pointer.into(), message: message.into() }
    }

    /// The same problem seen from further out.
    pub fn under(mut self, prefix: &str) -> Self {
        self.pointer.insert_str(0, prefix);
        self
    }
}

/// A key as a step of a pointer.
pub fn escape(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

/// The first of several names that is there and says something.
pub fn first<'a, 'k>(object: &'a Object, names: &[&'k str]) -> Option<(&'k str, &'a Value)> {
    names.iter().find_map(|name| {
        let value = object.get(*name)?;
        let empty = value.is_null() || value.as_str().is_some_and(|s| s.trim().is_empty());
        (!empty).then_some((*name, value))
    })
}

fn cut(text: &str, most: usize) -> String {
    text.chars().filter(|c| !c.is_control() || *c == '\n').take(most).collect()
}

/// An id: text or a whole number. Anything else, and anything too long, is refused: a cut id is another id.
pub fn id(object: &Object, names: &[&str]) -> Result<Option<String>, Problem> {
    let Some((name, value)) = first(object, names) else { return Ok(None) };
    let place = || format!("/{}", escape(name));
    let text = match value {
        Value::String(s) => s.trim().to_owned(),
        Value::Number(n) if n.is_i64() || n.is_u64() => n.to_string(),
        _ => return Err(Problem::new(place(), "an id must be a text or a whole number")),
    };
    if text.len() > MAX_ID || text.chars().any(char::is_control) {
        return Err(Problem::new(
            place(),
            format!("an id has at most {MAX_ID} bytes and no control characters"),
        ));
    }
    Ok(Some(text))
}

/// A text for people; cut when too long, numbers taken as text, other things ignored.
pub fn text(object: &Object, names: &[&str]) -> Option<String> {
    let (_, value) = first(object, names)?;
    match value {
        Value::String(s) => Some(cut(s.trim(), MAX_TEXT)),
        Value::Number(n) => Some(n.to_string()),
        Value::Array(parts) => {
            let parts: Vec<&str> = parts.iter().filter_map(Value::as_str).take(20).collect();
            (!parts.is_empty()).then(|| cut(&parts.join(", "), MAX_TEXT))
        }
        _ => None,
    }
}

/// A text without anything that a mail program makes a link of by itself.
pub fn without_links(text: &str) -> String {
    let linked = |word: &&str| word.contains("://") || word.to_ascii_lowercase().starts_with("www.");
    if !text.split_whitespace().any(|word| linked(&word)) {
        return text.to_owned();
    }
    text.split_whitespace().filter(|word| !linked(word)).collect::<Vec<_>>().join(" ")
}

/// An absolute http(s) address; anything else is as good as none, for it must never reach a mail.
pub fn url(object: &Object, names: &[&str]) -> Option<String> {
    let (_, value) = first(object, names)?;
    let text = value.as_str()?.trim();
    web_address(text).then(|| text.to_owned())
}

/// Yes or no, also as text or number.
pub fn truth(object: &Object, names: &[&str]) -> bool {
    match first(object, names) {
        Some((_, Value::Bool(b))) => *b,
        Some((_, Value::Number(n))) => n.as_i64() == Some(1),
        Some((_, Value::String(s))) => matches!(s.trim(), "true" | "1" | "yes"),
        _ => false,
    }
}

/// The text of a decimal amount, from a number or a text.
fn decimal(value: &Value) -> Option<String> {
    match value {
        // The shortest text that reads back as the same number: 19.99 is "19.99", exactly. What is left of a sum in binary
        // (5.55e-17) is nothing.
        Value::Number(n) => {
            let text = n.to_string();
            let rest = n.as_f64().filter(|f| text.contains("e-") && f.abs() < 1e-6);
            Some(if rest.is_some() { "0".to_owned() } else { text })
        }
        Value::String(s) => Some(s.trim().to_owned()),
        _ => None,
    }
}

/// An amount in minor units of `currency`, from a number or a decimal text.
pub fn amount(value: &Value, currency: Currency) -> Result<i64, String> {
    let text = decimal(value).ok_or("an amount is a number or a text such as \"12.50\"")?;
    Money::parse_decimal(&text, currency).map(|m| m.minor).map_err(|e| e.to_string())
}

/// An amount that cannot be negative.
pub fn price(object: &Object, names: &[&str], currency: Currency) -> Result<Option<i64>, Problem> {
    let Some((name, value)) = first(object, names) else { return Ok(None) };
    match amount(value, currency) {
        Ok(minor) if minor >= 0 => Ok(Some(minor)),
        Ok(_) => Err(Problem::new(
            format!("/{}", escape(name)),
            "an amount of a cart or an order cannot be negative",
        )),
        Err(message) => Err(Problem::new(format!("/{}", escape(name)), message)),
    }
}

/// A whole number from 0 to a million, also as `2.0` or `"2"`.
pub fn quantity(object: &Object, names: &[&str]) -> Result<Option<u32>, Problem> {
    const MOST: u64 = 1_000_000;
    let Some((name, value)) = first(object, names) else { return Ok(None) };
    let number = match value {
        Value::Number(n) => n
            .as_u64()
            .or_else(|| n.as_f64().filter(|f| f.fract() == 0.0 && (0.0..=1e6).contains(f)).map(|f| f as u64)),
        Value::String(s) => s.trim().parse().ok(),
        _ => None,
    };
    match number {
        Some(n) if n <= MOST => Ok(u32::try_from(n).ok()),
        _ => {
            Err(Problem::new(format!("/{}", escape(name)), "a quantity is a whole number from 0 to 1000000"))
        }
    }
}

/// A currency code of ISO 4217.
pub fn currency(object: &Object, names: &[&str]) -> Result<Option<Currency>, Problem> {
    let Some((name, value)) = first(object, names) else { return Ok(None) };
    let place = format!("/{}", escape(name));
    let code = value
        .as_str()
        .ok_or_else(|| Problem::new(place.clone(), "a currency is a code of ISO 4217, such as \"EUR\""))?;
    code.parse()
        .map(Some)
        .map_err(|e: cartwheel_domain::money::MoneyError| Problem::new(place, e.to_string()))
}

/// An object under one of several names.
pub fn object<'a>(outer: &'a Object, names: &[&str]) -> Option<&'a Object> {
    first(outer, names).and_then(|(_, v)| v.as_object())
}

/// A list under one of several names, with the name it was found under.
pub fn list<'a, 'k>(
    outer: &'a Object,
    names: &[&'k str],
) -> Result<Option<(&'k str, &'a Vec<Value>)>, Problem> {
    match first(outer, names) {
        None => Ok(None),
        Some((name, Value::Array(items))) => Ok(Some((name, items))),
        Some((name, _)) => Err(Problem::new(format!("/{}", escape(name)), "this must be a list")),
    }
}

/// Where a NUL character stands, if any: no database takes one in a text. `raw` is the JSON the value was read from.
pub fn nul(raw: &str, value: &Value) -> Option<String> {
    if !raw.contains("\\u0000") {
        return None;
    }
    fn walk(value: &Value, at: &str) -> Option<String> {
        match value {
            Value::String(s) if s.contains('\0') => Some(at.to_owned()),
            Value::Array(items) => items.iter().enumerate().find_map(|(i, v)| walk(v, &format!("{at}/{i}"))),
            Value::Object(map) => map.iter().find_map(|(k, v)| {
                let place = format!("{at}/{}", escape(k));
                if k.contains('\0') { Some(place) } else { walk(v, &place) }
            }),
            _ => None,
        }
    }
    walk(value, "")
}

/// Names that would be more than names in a browser.
pub fn harmless(key: &str) -> bool {
    !matches!(key, "__proto__" | "constructor" | "prototype") && key.len() <= MAX_ID
}
