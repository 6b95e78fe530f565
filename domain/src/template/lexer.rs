//! The words inside `{{ … }}` and `{% … %}`, each with its byte offset.

use super::error::{Fault, clip};
use super::limits::MAX_NAME_BYTES;

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Word<'s> {
    Name(&'s str),
    Text(&'s str),
    Int(i64),
    Float(f64),
    /// One of `. .. , : | [ ] ( ) = == != <> < > <= >=`.
    Sign(&'static str),
    End,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Token<'s> {
    pub word: Word<'s>,
    pub at: usize,
}

const SIGNS: [&str; 16] =
    ["..", "==", "!=", "<>", "<=", ">=", ".", ",", ":", "|", "[", "]", "(", ")", "<", ">"];

/// Splits `text`, which starts at byte `base` of the source.
pub(crate) fn lex(text: &str, base: usize) -> Result<Vec<Token<'_>>, Fault> {
    let bytes = text.as_bytes();
    let mut tokens = Vec::new();
    let mut i = 0;
    while i < bytes.len() {
        let at = base + i;
        let (word, len) = match bytes[i] {
            b if b.is_ascii_whitespace() => {
                i += 1;
                continue;
            }
            quote @ (b'"' | b'\'') => {
                let inner = &text[i + 1..];
                let end = inner
                    .find(char::from(quote))
                    .ok_or_else(|| Fault::syntax(at, "this text has no closing quotation mark"))?;
                (Word::Text(&inner[..end]), end + 2)
            }
            b if b.is_ascii_digit() || (b == b'-' && bytes.get(i + 1).is_some_and(u8::is_ascii_digit)) => {
                number(&text[i..], at)?
            }
            b if b.is_ascii_alphabetic() || b == b'_' => name(&text[i..], at)?,
            b'=' if bytes.get(i + 1) != Some(&b'=') => (Word::Sign("="), 1),
            _ => {
                let sign = SIGNS.iter().find(|s| text[i..].starts_with(**s)).ok_or_else(|| {
                    let c: String = text[i..].chars().take(1).collect();
                    Fault::syntax(at, format!("the character `{}` has no meaning here", clip(&c)))
                })?;
                (Word::Sign(sign), sign.len())
            }
        };
        tokens.push(Token { word, at });
        i += len;
    }
    tokens.push(Token { word: Word::End, at: base + text.len() });
    Ok(tokens)
}

fn name(text: &str, at: usize) -> Result<(Word<'_>, usize), Fault> {
    let mut len = text
        .bytes()
        .position(|b| !(b.is_ascii_alphanumeric() || b == b'_' || b == b'-'))
        .unwrap_or(text.len());
    if text[len..].starts_with('?') {
        len += 1;
    }
    if len > MAX_NAME_BYTES {
        return Err(Fault::syntax(at, format!("this name is longer than {MAX_NAME_BYTES} characters")));
    }
    Ok((Word::Name(&text[..len]), len))
}

fn number(text: &str, at: usize) -> Result<(Word<'_>, usize), Fault> {
    let digits =
        |from: usize| text[from..].bytes().position(|b| !b.is_ascii_digit()).map_or(text.len(), |n| from + n);
    let whole = digits(1);
    let rest = &text.as_bytes()[whole..];
    let too_large = |_| Fault::syntax(at, "this number is too large");
    if rest.first() == Some(&b'.') && rest.get(1).is_some_and(u8::is_ascii_digit) {
        let len = digits(whole + 1);
        let float: f64 = text[..len].parse().map_err(|_| Fault::syntax(at, "this is not a number"))?;
        if !float.is_finite() {
            return Err(Fault::syntax(at, "this number is too large"));
        }
        return Ok((Word::Float(float), len));
    }
    Ok((Word::Int(text[..whole].parse().map_err(too_large)?), whole))
}
