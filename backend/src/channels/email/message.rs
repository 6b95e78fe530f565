//! From an [`Outgoing`] to the bytes of a mail (RFC 5322, MIME), built by lettre.

use super::mark::Mark;
use crate::channels::Outgoing;
use lettre::{
    Address,
    message::{
        Body, Mailbox, Message, MultiPart, SinglePart,
        header::{ContentTransferEncoding, ContentType, Header, HeaderName, HeaderValue},
    },
};
use std::time::{Duration, UNIX_EPOCH};

/// Why no mail can be made of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BuildError {
    /// A line break or control character where a header goes.
    #[error("the {0} holds a line break or another control character")]
    Control(&'static str),
    /// Not an address.
    #[error("the {0} is no e-mail address")]
    Address(&'static str),
    /// The unsubscribe address must be https (RFC 8058 section 3.1; http is for a machine of one's own).
    #[error("the unsubscribe address must begin with https://")]
    Unsubscribe,
    /// The library refuses.
    #[error("the message cannot be built: {0}")]
    Other(String),
}

macro_rules! text_header {
    ($(#[$doc:meta])* $name:ident, $header:literal) => {
        $(#[$doc])*
        #[derive(Clone)]
        struct $name(String);

        impl Header for $name {
            fn name() -> HeaderName {
                HeaderName::new_from_ascii_str($header)
            }

            fn parse(s: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
                Ok(Self(s.to_owned()))
            }

            fn display(&self) -> HeaderValue {
                // Long addresses must not be broken by an encoder; they are checked to be plain ASCII.
                HeaderValue::dangerous_new_pre_encoded(Self::name(), self.0.clone(), self.0.clone())
            }
        }
    };
}

text_header!(
    /// RFC 2369.
    ListUnsubscribe, "List-Unsubscribe"
);
text_header!(
    /// RFC 8058.
    ListUnsubscribePost, "List-Unsubscribe-Post"
);
text_header!(
    /// RFC 3834: robots do not answer it.
    AutoSubmitted, "Auto-Submitted"
);

fn plain(field: &'static str, text: &str) -> Result<(), BuildError> {
    if text.chars().any(|c| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')) {
        Err(BuildError::Control(field))
    } else {
        Ok(())
    }
}

fn mailbox(field: &'static str, name: &str, address: &str) -> Result<Mailbox, BuildError> {
    plain(field, name)?;
    plain(field, address)?;
    let address: Address = address.parse().map_err(|_| BuildError::Address(field))?;
    Ok(Mailbox::new((!name.trim().is_empty()).then(|| name.trim().to_owned()), address))
}

/// The Message-ID of a key: the same on every try, so that even a doubled hand-over is one message to mail programs.
pub fn message_id(key: &str, from: &str) -> String {
    let domain = from.rsplit_once('@').map_or("localhost", |(_, d)| d);
    let local: String = key.chars().filter(char::is_ascii_alphanumeric).take(64).collect();
    format!("<{local}@{domain}>")
}

/// Line ends as RFC 5322 wants them, and no NUL.
fn crlf(text: &str) -> String {
    if memchr::memchr2(b'\r', b'\0', text.as_bytes()).is_none() {
        return text.replace('\n', "\r\n");
    }
    let mut out = String::with_capacity(text.len() + text.len() / 32);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\r' | '\n' => {
                if c == '\r' && chars.peek() == Some(&'\n') {
                    chars.next();
                }
                out.push_str("\r\n");
            }
            '\0' => {}
            other => out.push(other),
        }
    }
    out
}

fn part(content_type: ContentType, text: &str) -> Result<SinglePart, BuildError> {
    // Quoted-printable always: no line too long, none that begins with a dot by accident, ASCII only.
    let body = Body::new_with_encoding(crlf(text), ContentTransferEncoding::QuotedPrintable)
        .map_err(|_| BuildError::Other("a part cannot be encoded".into()))?;
    Ok(SinglePart::builder().header(content_type).body(body))
}

/// The finished mail. The same message and key give the same bytes.
///
/// # Errors
/// [`BuildError`] that names the field.
pub fn build(message: &Outgoing, key: &str) -> Result<Vec<u8>, BuildError> {
    build_with(message, key, None)
}

/// The same, with what it is known by when it comes back.
///
/// # Errors
/// [`BuildError`] that names the field.
pub fn build_with(message: &Outgoing, key: &str, mark: Option<&Mark>) -> Result<Vec<u8>, BuildError> {
    plain("subject", &message.subject)?;
    let date = UNIX_EPOCH + Duration::from_millis(u64::try_from(message.date).unwrap_or(0));
    let mut builder = Message::builder()
        .date(date)
        .from(mailbox("sender", &message.from_name, &message.from)?)
        .to(mailbox("recipient", &message.to_name, &message.to)?)
        .subject(message.subject.clone())
        .message_id(Some(message_id(key, &message.from)))
        .header(AutoSubmitted("auto-generated".into()));
    if let Some(reply_to) = &message.reply_to {
        builder = builder.reply_to(mailbox("reply address", "", reply_to)?);
    }
    if let Some(url) = &message.unsubscribe {
        plain("unsubscribe address", url)?;
        let https = url.starts_with("https://")
            || url.starts_with("http://localhost")
            || url.starts_with("http://127.0.0.1");
        if !https || !url.is_ascii() || url.contains(['<', '>', ' ']) {
            return Err(BuildError::Unsubscribe);
        }
        builder = builder
            .header(ListUnsubscribe(format!("<{url}>")))
            .header(ListUnsubscribePost("List-Unsubscribe=One-Click".into()));
    }
    let boundary: String = key.chars().filter(char::is_ascii_alphanumeric).take(32).collect();
    let parts = MultiPart::alternative()
        .boundary(format!("=_cartwheel_{boundary}"))
        .singlepart(part(ContentType::TEXT_PLAIN, &message.text)?)
        .singlepart(part(ContentType::TEXT_HTML, &message.html)?);
    let mail = builder.multipart(parts).map_err(|e| BuildError::Other(e.to_string()))?;
    let mut bytes = Vec::new();
    for (name, value) in mark.map(Mark::headers).unwrap_or_default() {
        plain("reference", &value)?;
        bytes.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
    }
    bytes.extend(mail.formatted());
    Ok(bytes)
}

#[cfg(test)]
#[path = "message_tests.rs"]
mod tests;
