//! Writes a value so that it means only text in the place it is put.

use super::error::{Fault, TemplateErrorKind};
use super::html_state::{Attribute, HtmlState, RawText, UrlPart};
use super::url;

/// The five characters that mean something in HTML, as entities.
pub fn html(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    push_html(text, false, &mut out);
    out
}

fn push_html(text: &str, keep_entities: bool, out: &mut String) {
    let mut clean = 0;
    for (i, b) in text.bytes().enumerate() {
        let entity = match b {
            b'&' if !keep_entities => "&amp;",
            b'<' => "&lt;",
            b'>' => "&gt;",
            b'"' => "&quot;",
            b'\'' => "&#39;",
            0 => "\u{fffd}",
            _ => continue,
        };
        out.push_str(&text[clean..i]);
        out.push_str(entity);
        clean = i + 1;
    }
    out.push_str(&text[clean..]);
}

/// `text` as it must be written in `state`, and the state after it. `trusted` text is HTML already.
pub(crate) fn for_place(text: &str, trusted: bool, state: HtmlState) -> Result<(String, HtmlState), Fault> {
    let mut out = String::with_capacity(text.len() + 16);
    let next = match state {
        HtmlState::Text if trusted => {
            out.push_str(text);
            state.after(text)
        }
        HtmlState::Text | HtmlState::Raw(RawText::Plain(_)) => {
            push_html(text, trusted, &mut out);
            state
        }
        HtmlState::Raw(RawText::Script) => return Err(refuse("`<script>`")),
        HtmlState::Raw(RawText::Style) => {
            push_css(text, &mut out);
            state
        }
        HtmlState::Comment { .. } => {
            out.extend(text.chars().map(|c| if matches!(c, '-' | '<' | '>' | '!') { ' ' } else { c }));
            HtmlState::Comment { dashes: 0 }
        }
        HtmlState::TagName { .. } | HtmlState::Tag { .. } | HtmlState::AttributeName { .. } => {
            return Err(refuse("the name of a tag or attribute"));
        }
        HtmlState::Declaration => return Err(refuse("a declaration")),
        HtmlState::BeforeValue { tag, attribute } => {
            let part = push_attribute(text, trusted, attribute, 0, UrlPart::Start, &mut out)?;
            HtmlState::Value { tag, attribute, quote: 0, part }
        }
        HtmlState::Value { tag, attribute, quote, part } => {
            let part = push_attribute(text, trusted, attribute, quote, part, &mut out)?;
            HtmlState::Value { tag, attribute, quote, part }
        }
    };
    Ok((out, next))
}

fn push_attribute(
    text: &str,
    trusted: bool,
    attribute: Attribute,
    quote: u8,
    part: UrlPart,
    out: &mut String,
) -> Result<UrlPart, Fault> {
    let mut next = part;
    let mut value = String::new();
    match attribute {
        Attribute::Plain => push_html(text, trusted, &mut value),
        Attribute::Script => return Err(refuse("an attribute that holds code")),
        Attribute::Style => push_css(text, &mut value),
        Attribute::Url => {
            let plain = if trusted { unescape(text) } else { text.to_owned() };
            let (address, after) = url::for_place(&plain, part);
            push_html(&address, false, &mut value);
            next = after;
        }
    }
    if quote == 0 {
        // Without quotation marks a space would end the value.
        for c in value.chars() {
            match c {
                '\t' | '\n' | '\r' | '\u{c}' | ' ' | '=' | '`' => out.push_str(&format!("&#{};", c as u32)),
                c => out.push(c),
            }
        }
    } else {
        out.push_str(&value);
    }
    Ok(next)
}

/// A color, length or word; anything that could begin another declaration or load something is left out whole.
fn push_css(text: &str, out: &mut String) {
    let harmless = |c: char| c.is_ascii_alphanumeric() || " #.,%_-".contains(c);
    if text.chars().all(harmless) {
        out.push_str(text);
    }
}

/// Undoes [`html`].
pub(crate) fn unescape(html: &str) -> String {
    html.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&#39;", "'")
        .replace("&amp;", "&")
}

fn refuse(place: &str) -> Fault {
    Fault::new(
        TemplateErrorKind::Unsafe,
        format!("a value cannot be put into {place}: move it into text or a quoted attribute"),
    )
}
