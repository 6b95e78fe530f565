//! Languages, forms of address, countries and zones.

use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// A language we write in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// English
    En,
    /// German
    De,
    /// French
    Fr,
    /// Italian
    It,
}

impl Language {
    /// All of them, in the order shown to people.
    pub const ALL: [Self; 4] = [Self::En, Self::De, Self::Fr, Self::It];

    /// Two letters of ISO 639-1.
    pub const fn code(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::De => "de",
            Self::Fr => "fr",
            Self::It => "it",
        }
    }

    /// The language of a tag such as `de-CH`, `fr_FR` or `en`; `None` for one we do not write in.
    pub fn of_tag(tag: &str) -> Option<Self> {
        let primary = tag.trim().split(['-', '_']).next()?.to_ascii_lowercase();
        Self::ALL.into_iter().find(|l| l.code() == primary)
    }

    /// Whether the language tells formal from informal address.
    pub const fn has_formality(self) -> bool {
        !matches!(self, Self::En)
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl FromStr for Language {
    type Err = LocaleError;

    fn from_str(text: &str) -> Result<Self, LocaleError> {
        Self::of_tag(text).ok_or_else(|| LocaleError::Language(text.chars().take(16).collect()))
    }
}

/// Sie or du, vous or tu, Lei or tu.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Formality {
    /// Sie, vous, Lei
    Formal,
    /// du, tu
    Informal,
}

impl Formality {
    /// As stored and sent.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Formal => "formal",
            Self::Informal => "informal",
        }
    }
}

impl FromStr for Formality {
    type Err = LocaleError;

    fn from_str(text: &str) -> Result<Self, LocaleError> {
        match text {
            "formal" => Ok(Self::Formal),
            "informal" => Ok(Self::Informal),
            other => Err(LocaleError::Formality(other.chars().take(16).collect())),
        }
    }
}

/// A country by ISO 3166-1 alpha-2, upper case.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Country([u8; 2]);

impl Country {
    /// The two letters.
    pub fn code(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("ZZ")
    }
}

impl FromStr for Country {
    type Err = LocaleError;

    fn from_str(text: &str) -> Result<Self, LocaleError> {
        let upper = text.trim().to_ascii_uppercase();
        match <[u8; 2]>::try_from(upper.as_bytes()) {
            Ok(bytes) if bytes.iter().all(u8::is_ascii_uppercase) => {
                // The one common alias: the United Kingdom's reserved code.
                Ok(Self(if &bytes == b"UK" { *b"GB" } else { bytes }))
            }
            _ => Err(LocaleError::Country(text.chars().take(16).collect())),
        }
    }
}

impl fmt::Display for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl fmt::Debug for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl Serialize for Country {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(self.code())
    }
}

impl<'de> Deserialize<'de> for Country {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        String::deserialize(d)?.parse().map_err(serde::de::Error::custom)
    }
}

/// Reads an IANA zone name; `None` for one that does not exist, so that the caller falls back and reports it.
pub fn zone(name: &str) -> Option<chrono_tz::Tz> {
    name.trim().parse().ok()
}

/// Why a language, country or form was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LocaleError {
    /// Not one of ours.
    #[error("\"{0}\" is not one of the languages en, de, fr, it")]
    Language(String),
    /// Neither of the two.
    #[error("\"{0}\" is neither formal nor informal")]
    Formality(String),
    /// Not two letters.
    #[error("\"{0}\" is not a country code of two letters, such as DE")]
    Country(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_of_platforms_are_understood() {
        for (tag, language) in
            [("de-CH", Language::De), ("fr_FR", Language::Fr), ("IT", Language::It), ("en-US", Language::En)]
        {
            assert_eq!(Language::of_tag(tag), Some(language), "{tag}");
        }
        assert_eq!(Language::of_tag("pt-BR"), None);
        assert_eq!(Language::of_tag(""), None);
    }

    #[test]
    fn uk_is_gb() {
        assert_eq!("uk".parse::<Country>().map(|c| c.to_string()), Ok("GB".into()));
        assert!("Deutschland".parse::<Country>().is_err());
    }

    #[test]
    fn unknown_zones_are_none() {
        assert!(zone("Europe/Berlin").is_some());
        assert!(zone("Mars/Olympus").is_none());
    }
}
