//! Languages of the console: one travels at a time, all are complete, none needs a reload to switch.
//!
//! The texts are functions of [`t`], made by `build.rs` from `lang/*.json`. They are plain calls, not signals: after a
//! switch the frame is drawn anew, and the address of the page brings every view back.

pub mod format;
pub mod intl;
mod load;
mod table;

pub use load::{rest, start, switch};
pub use table::{current, install};

use table::{counted, fill, text};

/// The texts. Each function answers in the language in use.
pub mod t {
    #![allow(missing_docs, reason = "each text is its own documentation; some are empty on purpose")]
    include!(concat!(env!("OUT_DIR"), "/texts.rs"));
}

/// A language of the console.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Lang {
    /// English
    #[default]
    En,
    /// German
    De,
    /// French
    Fr,
    /// Italian
    It,
}

impl Lang {
    /// All of them, in the order of the menu.
    pub const ALL: [Self; 4] = [Self::En, Self::De, Self::Fr, Self::It];

    /// The code used in file names, in storage and in `html lang`.
    pub const fn code(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::De => "de",
            Self::Fr => "fr",
            Self::It => "it",
        }
    }

    /// Its name in itself, so that those who read it find it.
    pub const fn own_name(self) -> &'static str {
        match self {
            Self::En => "English",
            Self::De => "Deutsch",
            Self::Fr => "Français",
            Self::It => "Italiano",
        }
    }

    /// The language of a tag such as `de-CH`.
    pub fn from_tag(tag: &str) -> Option<Self> {
        let code = tag.split(['-', '_']).next()?;
        Self::ALL.into_iter().find(|lang| lang.code().eq_ignore_ascii_case(code))
    }
}

#[cfg(test)]
mod tests;
