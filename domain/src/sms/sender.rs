//! As whom a text message comes.

use crate::contact_point::Phone;
use std::fmt;

/// As whom a text message comes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sender {
    /// A number that can be answered.
    Number(Phone),
    /// A name of at most eleven characters; nobody can answer it.
    Name(String),
    /// Numbers that Twilio chooses among: `MG` and 32 hex digits.
    Service(String),
}

impl Sender {
    /// A sender as a merchant writes it; `None` for what is none. A name has a letter, else it would be taken for a number (3GPP TS
    /// 23.040, section 9.1.2.5: eleven characters; networks take letters, digits and a few signs).
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if text.starts_with('+') {
            return text.parse().ok().map(Self::Number);
        }
        if coded(text, "MG") {
            return Some(Self::Service(text.to_owned()));
        }
        let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b' ' | b'-' | b'_' | b'&' | b'+');
        let named = (1..=11).contains(&text.len()) && text.bytes().all(plain);
        (named && text.bytes().any(|b| b.is_ascii_alphabetic())).then(|| Self::Name(text.to_owned()))
    }

    /// As it is written.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Number(number) => number.as_str(),
            Self::Name(text) | Self::Service(text) => text,
        }
    }

    /// Whether people can answer, and so can say STOP.
    pub const fn answerable(&self) -> bool {
        !matches!(self, Self::Name(_))
    }
}

impl fmt::Display for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

fn coded(text: &str, prefix: &str) -> bool {
    let hex = |rest: &str| rest.len() == 32 && rest.bytes().all(|b| b.is_ascii_hexdigit());
    text.strip_prefix(prefix).is_some_and(hex)
}

/// The id of an account at Twilio, `AC` and 32 hex digits; `None` for what is none.
pub fn account_id(text: &str) -> Option<&str> {
    Some(text.trim()).filter(|text| coded(text, "AC"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_names_and_services_are_told_apart() {
        let service = format!("MG{}", "0a".repeat(16));
        for (text, expected) in [
            ("+49 151 12345678", Some("+4915112345678")),
            ("Wheelhouse", Some("Wheelhouse")),
            (" Shop 24 ", Some("Shop 24")),
            (service.as_str(), Some(service.as_str())),
            ("", None),
            ("015112345678", None),
            ("12345", None),
            ("Wheelhouse GmbH", None),
            ("Bäcker", None),
            ("a\r\nb", None),
            ("+49abc", None),
        ] {
            assert_eq!(Sender::parse(text).as_ref().map(Sender::as_str), expected, "{text:?}");
        }
        assert!(!Sender::parse("Wheelhouse").is_some_and(|s| s.answerable()));
        assert_eq!(account_id(&format!("AC{}", "0a".repeat(16))).map(str::len), Some(34));
        for bad in ["", "AC", "MG0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a", "AC0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0/"] {
            assert_eq!(account_id(bad), None, "{bad}");
        }
    }
}
