//! The four texts of a mail as one value, and a library's texts taken over where they were changed meanwhile.

use serde::{Deserialize, Serialize};

/// The sources of one mail in one language and form of address.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Texts {
    /// Subject line, Liquid.
    pub subject: String,
    /// Preheader, Liquid.
    pub preheader: String,
    /// HTML part, MJML with Liquid.
    pub mjml: String,
    /// Plain-text part, Liquid.
    pub text: String,
}

/// The names of the four, in the order in which they are shown.
pub const FIELDS: [&str; 4] = ["subject", "preheader", "mjml", "text"];

/// Texts taken over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakenOver {
    /// What comes of it.
    pub texts: Texts,
    /// The fields that were changed locally and stay.
    pub kept: Vec<&'static str>,
}

impl Texts {
    /// The four, named as in [`FIELDS`].
    pub fn fields(&self) -> [(&'static str, &str); 4] {
        let [subject, preheader, mjml, text] = FIELDS;
        [(subject, &self.subject), (preheader, &self.preheader), (mjml, &self.mjml), (text, &self.text)]
    }
}

/// What comes of a library's texts in a store that has some of its own: a field that is as it was taken over last (`base`) follows the
/// library, one that was changed locally stays.
pub fn take_over(base: &Texts, library: &Texts, local: &Texts) -> TakenOver {
    let mut kept = Vec::new();
    let mut choose = |name: &'static str, base: &str, library: &str, local: &str| {
        if local != base && local != library {
            kept.push(name);
            return local.to_owned();
        }
        library.to_owned()
    };
    let [subject, preheader, mjml, text] = FIELDS;
    let texts = Texts {
        subject: choose(subject, &base.subject, &library.subject, &local.subject),
        preheader: choose(preheader, &base.preheader, &library.preheader, &local.preheader),
        mjml: choose(mjml, &base.mjml, &library.mjml, &local.mjml),
        text: choose(text, &base.text, &library.text, &local.text),
    };
    TakenOver { texts, kept }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(all: [&str; 4]) -> Texts {
        let [subject, preheader, mjml, text] = all.map(str::to_owned);
        Texts { subject, preheader, mjml, text }
    }

    #[test]
    fn what_was_changed_locally_stays_and_the_rest_follows() {
        let base = texts(["a", "b", "c", "d"]);
        let library = texts(["a2", "b2", "c2", "d"]);
        // Untouched; changed; changed to the very same; changed where the library was not.
        let local = texts(["a", "ours", "c2", "also ours"]);
        let taken = take_over(&base, &library, &local);
        assert_eq!(taken.texts, texts(["a2", "ours", "c2", "also ours"]));
        assert_eq!(taken.kept, ["preheader", "text"]);
    }

    #[test]
    fn one_side_alone_is_taken_as_it_is() {
        let (one, other) = (texts(["a", "b", "c", "d"]), texts(["e", "f", "g", "h"]));
        assert_eq!(take_over(&one, &other, &one), TakenOver { texts: other.clone(), kept: vec![] });
        assert_eq!(take_over(&one, &one, &other), TakenOver { texts: other, kept: FIELDS.to_vec() });
    }
}
