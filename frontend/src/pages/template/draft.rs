//! What is being written: the texts of a version and the changes made to them. It saves itself in this browser.

use std::collections::BTreeMap;

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use crate::browser;

/// The fields of a text, as the server names them.
pub const FIELDS: [&str; 4] = ["subject", "preheader", "mjml", "text"];

/// Fields with what they shall hold; none for those that stay.
pub type Edit = [Option<String>; 4];

/// A draft as it lies in the browser.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Kept {
    /// The version it was begun on.
    base: i64,
    /// The fields that were changed.
    texts: BTreeMap<String, String>,
}

/// A draft. Copies are the same draft.
#[derive(Clone, Copy)]
pub struct Draft {
    saved: RwSignal<[String; 4]>,
    /// What stands in the fields.
    pub typed: [RwSignal<String>; 4],
    /// The version it was begun on.
    base: RwSignal<i64>,
    /// The version it lies on.
    version: i64,
}

impl Draft {
    /// Takes up the draft kept under this name, or starts an empty one. A draft that was begun on an earlier version lies on
    /// top of this one.
    pub fn open(name: &str, version: i64, saved: [String; 4]) -> Self {
        let key = format!("cw.draft.template.{name}");
        let kept = browser::stored(&key).and_then(|kept| serde_json::from_str::<Kept>(&kept).ok());
        let draft = Self::shut(version, saved);
        if let Some(kept) = kept {
            draft.lay(kept);
        }
        Effect::new(move |_| {
            let kept = draft.kept().map(|kept| serde_json::to_string(&kept).unwrap_or_default());
            browser::store(&key, kept.as_deref());
        });
        draft
    }

    /// Texts that are only read.
    pub fn shut(version: i64, saved: [String; 4]) -> Self {
        let typed = saved.clone().map(RwSignal::new);
        Self { saved: RwSignal::new(saved), typed, base: RwSignal::new(version), version }
    }

    fn lay(self, mut kept: Kept) {
        for (name, typed) in FIELDS.into_iter().zip(self.typed) {
            if let Some(text) = kept.texts.remove(name) {
                typed.set(text);
            }
        }
        self.base.set(kept.base);
    }

    /// What is to be kept; nothing while nothing is changed.
    fn kept(self) -> Option<Kept> {
        let changed = FIELDS.into_iter().zip(self.edit());
        let texts: BTreeMap<String, String> =
            changed.filter_map(|(name, text)| Some((name.to_owned(), text?))).collect();
        (!texts.is_empty()).then(|| Kept { base: self.base.get(), texts })
    }

    /// What has been changed.
    pub fn edit(self) -> Edit {
        let typed = self.typed.map(|typed| typed.get());
        self.saved.with(|saved| {
            let mut at = 0;
            typed.map(|typed| {
                at += 1;
                (typed != saved[at - 1]).then_some(typed)
            })
        })
    }

    /// Whether anything has been changed.
    pub fn is_changed(self) -> bool {
        self.edit().iter().any(Option::is_some)
    }

    /// Whether changes lie on a version that is newer than the one they were begun on.
    pub fn is_beneath(self) -> bool {
        self.base.get() < self.version && self.is_changed()
    }

    /// Counts all changes as saved.
    pub fn settle(self) {
        self.base.set(self.version);
        self.saved.set(self.typed.map(|typed| typed.get_untracked()));
    }

    /// Throws all changes away.
    pub fn discard(self) {
        self.base.set(self.version);
        for (typed, saved) in self.typed.into_iter().zip(self.saved.get_untracked()) {
            typed.set(saved);
        }
    }
}

/// What is wrong with a field, in the server's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The field; another word where it belongs to none.
    pub field: String,
    /// Where and what.
    pub message: String,
}

impl Finding {
    /// By its place in the input. The HTML that is made of a text counts as the text.
    pub fn at(path: &[String], message: String) -> Self {
        let field = match path.last().map_or("", String::as_str) {
            "html" => "mjml",
            other => other,
        };
        Self { field: field.to_owned(), message }
    }

    /// Whether there is a field it can stand at.
    pub fn has_field(&self) -> bool {
        FIELDS.contains(&self.field.as_str())
    }
}

/// What the server has found: while writing, and at the latest attempt to save.
#[derive(Clone, Copy, Default)]
pub struct Findings {
    /// By the preview.
    pub seen: RwSignal<Vec<Finding>>,
    /// By the attempt to save; until something else is typed.
    pub refused: RwSignal<Vec<Finding>>,
}

impl Findings {
    /// All of a field, those of the attempt first; the same is said once.
    pub fn of(self, field: &str) -> Vec<String> {
        let mut all: Vec<String> = Vec::new();
        for list in [self.refused, self.seen] {
            for one in list.get().into_iter().filter(|one| one.field == field) {
                if !all.contains(&one.message) {
                    all.push(one.message);
                }
            }
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts() -> [String; 4] {
        ["Hello", "About", "<mjml></mjml>", "Hello"].map(str::to_owned)
    }

    #[test]
    fn only_what_was_changed_is_sent_and_a_change_back_is_none() {
        Owner::new().with(|| {
            let draft = Draft::shut(1, texts());
            assert!(!draft.is_changed() && draft.kept().is_none());
            draft.typed[0].set("Good day".to_owned());
            assert_eq!(draft.edit(), [Some("Good day".to_owned()), None, None, None]);
            draft.typed[0].set("Hello".to_owned());
            assert!(!draft.is_changed());
            draft.typed[3].set("Good day".to_owned());
            draft.settle();
            assert!(!draft.is_changed() && draft.kept().is_none(), "what was saved is no change any more");
            assert_eq!(draft.typed[3].get(), "Good day");
        });
    }

    #[test]
    fn a_draft_of_an_earlier_version_lies_on_top_and_says_so() {
        Owner::new().with(|| {
            let draft = Draft::shut(3, texts());
            let kept = r#"{"base":2,"texts":{"mjml":"<mjml>x</mjml>","gone":"x"}}"#;
            draft.lay(serde_json::from_str(kept).unwrap());
            assert_eq!(draft.edit(), [None, None, Some("<mjml>x</mjml>".to_owned()), None]);
            assert!(draft.is_beneath());
            let kept = draft.kept().unwrap();
            assert_eq!((kept.base, kept.texts.len()), (2, 1), "it stays one of the earlier version");
            draft.discard();
            assert!(!draft.is_changed() && !draft.is_beneath());
        });
    }

    #[test]
    fn the_same_finding_is_told_once() {
        Owner::new().with(|| {
            let findings = Findings::default();
            let one = |field: &str, message: &str| Finding { field: field.into(), message: message.into() };
            findings.seen.set(vec![one("mjml", "line 2"), one("text", "line 1")]);
            findings.refused.set(vec![one("mjml", "line 2"), one("mjml", "line 3")]);
            assert_eq!(findings.of("mjml"), ["line 2", "line 3"]);
            assert!(findings.of("subject").is_empty());
        });
    }

    #[test]
    fn what_is_wrong_with_the_html_is_wrong_with_its_text() {
        let at = |path: &[&str]| {
            let path: Vec<String> = path.iter().map(|&part| part.to_owned()).collect();
            Finding::at(&path, String::new())
        };
        assert_eq!(at(&["input", "html"]).field, "mjml");
        assert!(at(&["draft", "subject"]).has_field() && !at(&["draft", "context"]).has_field());
        assert!(!at(&[]).has_field());
    }
}
