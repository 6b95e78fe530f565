//! Filters for markup and addresses.
//!
//! In a mail's HTML every value is escaped where it is put; `escape` and `newline_to_br` therefore return HTML that is
//! not escaped a second time. In plain text they do what they do in any Liquid.

use super::{Args, Env};
use crate::template::error::Fault;
use crate::template::escape;
use crate::template::url;
use crate::template::value::Value;

type Done = Result<Value, Fault>;

fn markup(text: String, env: &Env<'_>) -> Value {
    if env.html { Value::Html(text.into()) } else { Value::str(text) }
}

/// Bytes of the longest entity, `&quot;`.
const LONGEST_ENTITY: usize = 6;

pub(super) fn escape(input: &Value, _: &Args<'_>, env: &mut Env<'_>) -> Done {
    if env.html && matches!(input, Value::Html(_)) {
        return Ok(input.clone());
    }
    let text = input.to_text(env.budget)?;
    charge_entities(&text, env)?;
    Ok(markup(escape::html(&text), env))
}

pub(super) fn escape_once(input: &Value, _: &Args<'_>, env: &mut Env<'_>) -> Done {
    let text = input.to_text(env.budget)?;
    charge_entities(&text, env)?;
    let mut out = String::with_capacity(text.len());
    let mut rest = &*text;
    while let Some(at) = rest.find('&') {
        out.push_str(&escape::html(&rest[..at]));
        rest = &rest[at..];
        let len = entity_len(rest);
        if len > 0 {
            out.push_str(&rest[..len]);
            rest = &rest[len..];
        } else {
            out.push_str("&amp;");
            rest = &rest[1..];
        }
    }
    out.push_str(&escape::html(rest));
    Ok(markup(out, env))
}

fn charge_entities(text: &str, env: &mut Env<'_>) -> Result<(), Fault> {
    env.budget.scan(text.len())?;
    let special = text.bytes().filter(|b| matches!(b, b'&' | b'<' | b'>' | b'"' | b'\'')).count();
    env.budget.make(text.len() + special * LONGEST_ENTITY)
}

/// Length of the entity `text` begins with, or 0.
fn entity_len(text: &str) -> usize {
    let Some(end) = text.bytes().take(12).position(|b| b == b';') else { return 0 };
    let body = &text[1..end];
    let good = match body.strip_prefix('#') {
        Some(number) => !number.is_empty() && number.bytes().all(|b| b.is_ascii_hexdigit() || b == b'x'),
        None => !body.is_empty() && body.bytes().all(|b| b.is_ascii_alphanumeric()),
    };
    if good { end + 1 } else { 0 }
}

pub(super) fn newline_to_br(input: &Value, _: &Args<'_>, env: &mut Env<'_>) -> Done {
    let text = input.to_text(env.budget)?;
    env.budget.scan(text.len())?;
    let lines = text.bytes().filter(|b| *b == b'\n').count();
    charge_entities(&text, env)?;
    env.budget.make(text.len() + lines * "<br />".len())?;
    let trusted = matches!(input, Value::Html(_));
    let text = if env.html && !trusted { escape::html(&text) } else { text.to_string() };
    Ok(markup(text.replace("\r\n", "\n").replace('\n', "<br />\n"), env))
}

/// Takes out tags, comments, scripts and styles. The result is text, and is escaped as any text is.
pub(super) fn strip_html(input: &Value, _: &Args<'_>, env: &mut Env<'_>) -> Done {
    let text = input.to_text(env.budget)?;
    env.budget.make(text.len())?;
    let mut out = String::with_capacity(text.len());
    let mut rest = &*text;
    while let Some(at) = rest.find('<') {
        out.push_str(&rest[..at]);
        let tag = &rest[at..];
        let Some(end) = end_of_tag(tag, env)? else {
            out.push_str(tag);
            return Ok(Value::str(out));
        };
        rest = &tag[end..];
    }
    out.push_str(rest);
    Ok(Value::str(out))
}

/// Bytes up to the end of what opens with the `<` that `tag` starts with; none if it is never closed.
fn end_of_tag(tag: &str, env: &mut Env<'_>) -> Result<Option<usize>, Fault> {
    for (open, close) in [("<script", "</script>"), ("<style", "</style>"), ("<!--", "-->")] {
        if tag.get(..open.len()).is_some_and(|t| t.eq_ignore_ascii_case(open)) {
            env.budget.scan(tag.len())?;
            if let Some(end) = tag.find(close) {
                return Ok(Some(end + close.len()));
            }
        }
    }
    Ok(tag.find('>').map(|end| end + 1))
}

/// Form encoding: a space becomes `+`.
pub(super) fn url_encode(input: &Value, _: &Args<'_>, env: &mut Env<'_>) -> Done {
    let text = input.to_text(env.budget)?;
    env.budget.make(text.len().saturating_mul(3))?;
    Ok(Value::str(url::encode(&text).replace("%20", "+")))
}

/// Percent encoding that leaves the structure of an address alone.
pub(super) fn url_escape(input: &Value, _: &Args<'_>, env: &mut Env<'_>) -> Done {
    let text = input.to_text(env.budget)?;
    env.budget.make(text.len().saturating_mul(3))?;
    Ok(Value::str(url::tidy(&text)))
}

pub(super) fn url_decode(input: &Value, _: &Args<'_>, env: &mut Env<'_>) -> Done {
    let text = input.to_text(env.budget)?;
    env.budget.make(text.len())?;
    let hex = |b: u8| char::from(b).to_digit(16).and_then(|d| u8::try_from(d).ok());
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut i = 0;
    while i < bytes.len() {
        let pair = bytes.get(i + 1).copied().and_then(hex).zip(bytes.get(i + 2).copied().and_then(hex));
        match (bytes[i], pair) {
            (b'%', Some((high, low))) => {
                out.push(high * 16 + low);
                i += 2;
            }
            (b'+', _) => out.push(b' '),
            (b, _) => out.push(b),
        }
        i += 1;
    }
    Ok(Value::str(String::from_utf8_lossy(&out).into_owned()))
}
