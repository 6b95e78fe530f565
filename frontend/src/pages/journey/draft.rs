//! The draft of a journey: the published version and the changes made to it. It saves itself in this browser and is
//! judged by the code that will run it.

use std::collections::BTreeMap;

use cartwheel_domain::journey::{Change, Definition, Problem};
use leptos::prelude::*;

use super::Count;
use crate::browser;

/// What happened at each node.
pub type Counts = BTreeMap<String, Count>;

/// A draft. Copies are the same draft.
#[derive(Clone, Copy)]
pub struct Draft {
    key: StoredValue<String>,
    published: StoredValue<Definition>,
    /// Number of the version it starts from.
    pub number: StoredValue<i64>,
    /// What has been changed, each thing once.
    pub changes: RwSignal<Vec<Change>>,
    /// The newest valid form, to be drawn.
    pub shown: Memo<Definition>,
    /// What is wrong with the newest form.
    pub problems: Memo<Vec<Problem>>,
}

impl Draft {
    /// Takes up the draft kept for this journey, or starts an empty one. A draft that was made to an earlier version lies
    /// on top of this one; what of it has been published meanwhile is no change any more.
    pub fn open(journey: &str, number: i64, published: Definition) -> Self {
        let key = format!("cw.draft.{journey}");
        let kept = browser::stored(&key).and_then(|kept| serde_json::from_str(&kept).ok());
        let mut kept: Vec<Change> = kept.unwrap_or_default();
        kept.retain(|change| !says_nothing(change, &published));
        let changes = RwSignal::new(kept);
        let (key, published) = (StoredValue::new(key), StoredValue::new(published));
        let judged = Memo::new(move |_| {
            published.with_value(|published| changes.with(|changes| published.with(changes)))
        });
        let shown = Memo::new(move |before: Option<&Definition>| {
            judged.get().unwrap_or_else(|_| before.cloned().unwrap_or_else(|| published.get_value()))
        });
        let problems = Memo::new(move |_| judged.get().err().unwrap_or_default());
        Self { key, published, number: StoredValue::new(number), changes, shown, problems }
    }

    /// Makes a change in place of an earlier one of the same thing. A change back to what is published is none.
    pub fn change(&self, change: Change) {
        self.changes.update(|changes| {
            changes.retain(|earlier| target(earlier) != target(&change));
            if !self.published.with_value(|published| says_nothing(&change, published)) {
                changes.push(change);
            }
        });
        self.keep();
    }

    /// Throws all changes away.
    pub fn discard(&self) {
        self.changes.set(Vec::new());
        self.keep();
    }

    fn keep(&self) {
        let changes = self.changes.get_untracked();
        let text = (!changes.is_empty()).then(|| serde_json::to_string(&changes).unwrap_or_default());
        self.key.with_value(|key| browser::store(key, text.as_deref()));
    }

    /// The problem of a field of a node, if there is one.
    pub fn problem(&self, node: Option<&str>, field: &str) -> Option<Problem> {
        self.problems.with(|problems| {
            problems
                .iter()
                .find(|problem| problem.node.as_deref() == node && problem.field.starts_with(field))
                .cloned()
        })
    }
}

/// Whether a change leaves everything as it is.
fn says_nothing(change: &Change, published: &Definition) -> bool {
    published.with(std::slice::from_ref(change)).is_ok_and(|with| with == *published)
}

/// What a change is about: the change without its value.
fn target(change: &Change) -> String {
    match change {
        Change::SetName { .. } => "name".to_owned(),
        Change::SetWait { node, .. } => format!("wait {}", node.as_str()),
        Change::SetHoldout { .. } => "holdout".to_owned(),
        Change::SetTemplate { node, .. } => format!("template {}", node.as_str()),
        Change::SetSubject { node, language, .. } => format!("subject {} {language:?}", node.as_str()),
        Change::SetWeight { node, branch, .. } => format!("weight {} {branch}", node.as_str()),
        Change::SetFrequencyCap { .. } => "cap".to_owned(),
        Change::SetQuietHours { .. } => "quiet".to_owned(),
        Change::SetCoolDown { .. } => "cool down".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use cartwheel_domain::journey::default_recovery_journey;

    use super::*;

    fn draft() -> (Owner, Draft) {
        let owner = Owner::new();
        let draft = owner.with(|| Draft::open("journey_1", 1, default_recovery_journey()));
        (owner, draft)
    }

    #[test]
    fn a_later_change_of_the_same_thing_takes_its_place() {
        let (_owner, draft) = draft();
        draft.change(Change::SetHoldout { percent: 20 });
        draft.change(Change::SetHoldout { percent: 15 });
        assert_eq!(draft.changes.get_untracked(), [Change::SetHoldout { percent: 15 }]);
        assert_eq!(draft.shown.get_untracked().holdout().map(|(_, percent)| percent), Some(15));
    }

    #[test]
    fn a_change_back_is_none() {
        let (_owner, draft) = draft();
        draft.change(Change::SetHoldout { percent: 20 });
        draft.change(Change::SetHoldout { percent: 10 });
        assert!(draft.changes.get_untracked().is_empty());
    }

    #[test]
    fn an_impossible_value_is_named_and_the_last_good_form_stays() {
        let (_owner, draft) = draft();
        draft.change(Change::SetHoldout { percent: 20 });
        draft.change(Change::SetHoldout { percent: 400 });
        assert_eq!(draft.problems.get_untracked().len(), 1);
        assert_eq!(draft.shown.get_untracked().schema, 1);
        let holdout = draft.shown.get_untracked().holdout().map(|(id, _)| id.as_str().to_owned());
        assert!(draft.problem(holdout.as_deref(), "percent").is_some());
    }
}
