//! Addresses a message can go to: newtypes that parse once, at the edge.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::{fmt, str::FromStr};

/// Why an address was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ContactPointError {
    /// Not an addr-spec we would send to.
    #[error("this is not an e-mail address such as name@example.com")]
    Email,
    /// Not a number in international form.
    #[error("this is not a phone number in international form, such as +4915112345678")]
    Phone,
}

/// An e-mail address in canonical form: trimmed, domain in lower case, local part in lower case too.
///
/// RFC 5321 lets a host tell `Ann` from `ann`; none that shoppers use does, and treating them as two people
/// would write to one person twice. Line breaks, control characters, spaces, quotes and comments are refused:
/// such an address is either a mistake or an injection.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EmailAddress(String);

impl EmailAddress {
    /// The canonical text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What stands after the `@`.
    pub fn domain(&self) -> &str {
        self.0.rsplit_once('@').map_or("", |(_, domain)| domain)
    }

    /// `a•••@example.com`: enough for the owner to recognise, too little for a stranger to use.
    pub fn masked(&self) -> String {
        let first = self.0.chars().next().unwrap_or('•');
        format!("{first}•••@{}", self.domain())
    }
}

fn domain_ok(domain: &str) -> bool {
    let label_ok = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || c == '-' || (!c.is_ascii() && c.is_alphanumeric()))
    };
    domain.len() <= 253 && domain.contains('.') && domain.split('.').all(label_ok)
}

impl FromStr for EmailAddress {
    type Err = ContactPointError;

    fn from_str(text: &str) -> Result<Self, ContactPointError> {
        let text = text.trim();
        let (local, domain) = text.rsplit_once('@').ok_or(ContactPointError::Email)?;
        let char_ok = |c: char| {
            c.is_ascii_alphanumeric()
                || ".!#$%&'*+/=?^_`{|}~-".contains(c)
                || (!c.is_ascii() && c.is_alphanumeric())
        };
        let local_ok = !local.is_empty()
            && local.len() <= 64
            && local.chars().all(char_ok)
            && !local.starts_with('.')
            && !local.ends_with('.')
            && !local.contains("..");
        if !local_ok || text.len() > 254 || !domain_ok(domain) {
            return Err(ContactPointError::Email);
        }
        Ok(Self(format!("{}@{}", local.to_lowercase(), domain.to_lowercase())))
    }
}

impl fmt::Display for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Masked, so that a `{:?}` in a log names nobody.
impl fmt::Debug for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.masked())
    }
}

impl Serialize for EmailAddress {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for EmailAddress {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        String::deserialize(d)?.parse().map_err(serde::de::Error::custom)
    }
}

/// A phone number in E.164 form: `+` and 7 to 15 digits (ITU-T E.164).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Phone(String);

impl Phone {
    /// The canonical text, `+4915112345678`.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Phone {
    type Err = ContactPointError;

    fn from_str(text: &str) -> Result<Self, ContactPointError> {
        let mut digits = String::with_capacity(16);
        let rest = text.trim().strip_prefix('+').ok_or(ContactPointError::Phone)?;
        for c in rest.chars() {
            match c {
                '0'..='9' => digits.push(c),
                ' ' | '-' | '.' | '(' | ')' | '/' => {}
                _ => return Err(ContactPointError::Phone),
            }
        }
        if !(7..=15).contains(&digits.len()) || digits.starts_with('0') {
            return Err(ContactPointError::Phone);
        }
        Ok(Self(format!("+{digits}")))
    }
}

impl fmt::Display for Phone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Phone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tail = self.0.get(self.0.len().saturating_sub(2)..).unwrap_or("");
        write!(f, "+•••{tail}")
    }
}

impl Serialize for Phone {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Phone {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        String::deserialize(d)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn addresses_have_one_form() {
        let a: EmailAddress = " Ann.Lee+Shop@Example.COM ".parse().expect("valid");
        assert_eq!(a.as_str(), "ann.lee+shop@example.com");
        assert_eq!(format!("{a:?}"), "a•••@example.com");
        assert!("jürgen@müller.de".parse::<EmailAddress>().is_ok());
    }

    #[test]
    fn injections_and_mistakes_are_refused() {
        for bad in [
            "",
            "@",
            "a@b",
            "a b@example.com",
            "a@example.com\r\nBcc: x@y.z",
            "a\0@example.com",
            "\"a\"@example.com",
            "a@-example.com",
            "a..b@example.com",
            ".a@example.com",
            "a@example..com",
            "a@exa mple.com",
            "<a@example.com>",
            "a@example.com,b@example.com",
        ] {
            assert_eq!(bad.parse::<EmailAddress>(), Err(ContactPointError::Email), "{bad:?}");
        }
    }

    #[test]
    fn numbers_are_e164() {
        assert_eq!(
            "+49 (151) 123-456 78".parse::<Phone>().map(|p| p.to_string()),
            Ok("+4915112345678".into())
        );
        for bad in ["015112345678", "+0151123456", "+49abc", "+1", "+1234567890123456", ""] {
            assert_eq!(bad.parse::<Phone>(), Err(ContactPointError::Phone), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn parsing_is_idempotent(text in "\\PC{0,60}") {
            if let Ok(a) = text.parse::<EmailAddress>() {
                prop_assert_eq!(a.as_str().parse::<EmailAddress>(), Ok(a.clone()));
            }
            if let Ok(p) = text.parse::<Phone>() {
                prop_assert_eq!(p.as_str().parse::<Phone>(), Ok(p.clone()));
            }
        }
    }
}
