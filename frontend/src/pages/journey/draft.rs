//! The draft of a journey: the published version and the changes made to it, in their order. It saves itself in this
//! browser and is judged by the code that will run it. Changes can be undone and made again until the page is left.

use std::collections::BTreeMap;

use cartwheel_domain::journey::{Change, Definition, Problem};
use leptos::prelude::*;

use super::Count;
use super::laid::{laid, sifted, target};
use crate::browser;

/// What happened at each node.
pub type Counts = BTreeMap<String, Count>;

/// What is typed into one field with no longer pause than this is one step back, milliseconds.
const PAUSE: i64 = 1_500;

/// The forms before, and those that were undone.
#[derive(Default)]
struct Steps {
    past: Vec<Vec<Change>>,
    ahead: Vec<Vec<Change>>,
    /// What the newest step is about, and when it was last added to.
    newest: Option<(String, i64)>,
}

/// A draft. Copies are the same draft.
#[derive(Clone, Copy)]
pub struct Draft {
    key: StoredValue<String>,
    published: StoredValue<Definition>,
    /// Number of the version it starts from.
    pub number: StoredValue<i64>,
    /// What has been changed, in order.
    pub changes: RwSignal<Vec<Change>>,
    steps: RwSignal<Steps>,
    /// How often the whole was set back or forth; what stands in fields is then out of date.
    pub turned: RwSignal<u32>,
    /// The newest form, to be drawn, whether sound or not.
    pub shown: Memo<Definition>,
    /// What is wrong with it.
    pub problems: Memo<Vec<Problem>>,
    /// Whether a change fits no more, since another version was published.
    pub unfit: Memo<bool>,
}

impl Draft {
    /// Takes up the draft kept for this journey, or starts an empty one. A draft that was made to an earlier version lies
    /// on top of this one; what of it has been published meanwhile is no change any more, and what fits no more is told.
    pub fn open(journey: &str, number: i64, published: Definition) -> Self {
        let key = format!("cw.draft.{journey}");
        let kept = browser::stored(&key).and_then(|kept| serde_json::from_str(&kept).ok());
        let changes = RwSignal::new(sifted(&published, kept.unwrap_or_default(), true));
        let (key, published) = (StoredValue::new(key), StoredValue::new(published));
        let drawn = Memo::new(move |_| {
            published.with_value(|published| changes.with(|changes| published.draft(changes)))
        });
        let shown = Memo::new(move |_| drawn.with(|(definition, _)| definition.clone()));
        let unfit = Memo::new(move |_| drawn.with(|(_, left)| !left.is_empty()));
        let problems = Memo::new(move |_| {
            drawn.with(|(definition, left)| match left.as_slice() {
                [] => definition.validate().err().unwrap_or_default(),
                left => left.to_vec(),
            })
        });
        let (number, steps) = (StoredValue::new(number), RwSignal::new(Steps::default()));
        Self { key, published, number, changes, steps, turned: RwSignal::new(0), shown, problems, unfit }
    }

    /// Makes a change, in place of an earlier one of the same thing where that comes to the same. A change back to what is
    /// published is none.
    pub fn change(&self, change: Change) {
        let before = self.changes.get_untracked();
        let after = self.published.with_value(|published| laid(published, &before, &change));
        if after == before {
            return;
        }
        let (about, now) = (target(&change), browser::now());
        self.steps.update(|steps| {
            let typing = steps.newest.as_ref().is_some_and(|(what, at)| *what == about && now - at < PAUSE);
            match steps.past.last() {
                // Typed back to where it began: no step at all.
                Some(last) if typing && *last == after => drop(steps.past.pop()),
                Some(_) if typing => {}
                _ => steps.past.push(before),
            }
            steps.ahead.clear();
            steps.newest = Some((about, now));
        });
        self.changes.set(after);
        self.keep();
    }

    /// Makes several changes as one step.
    pub fn change_all(&self, changes: &[Change]) {
        if let [change] = changes {
            return self.change(change.clone());
        }
        let before = self.changes.get_untracked();
        let after = self.published.with_value(|published| {
            changes.iter().fold(before.clone(), |list, change| laid(published, &list, change))
        });
        if after != before {
            self.leave(after);
        }
    }

    /// Whether there is a step to undo.
    pub fn can_undo(&self) -> bool {
        self.steps.with(|steps| !steps.past.is_empty())
    }

    /// Whether there is a step to make again.
    pub fn can_redo(&self) -> bool {
        self.steps.with(|steps| !steps.ahead.is_empty())
    }

    /// Undoes the newest step.
    pub fn undo(&self) {
        self.turn(|steps| (&mut steps.past, &mut steps.ahead));
    }

    /// Makes the step again that was undone last.
    pub fn redo(&self) {
        self.turn(|steps| (&mut steps.ahead, &mut steps.past));
    }

    fn turn(&self, way: impl Fn(&mut Steps) -> (&mut Vec<Vec<Change>>, &mut Vec<Vec<Change>>)) {
        let now = self.changes.get_untracked();
        let mut found = None;
        self.steps.update(|steps| {
            let (from, to) = way(steps);
            found = from.pop();
            if found.is_some() {
                to.push(now);
                steps.newest = None;
            }
        });
        if let Some(changes) = found {
            self.set(changes);
        }
    }

    /// Throws all changes away; they can be brought back.
    pub fn discard(&self) {
        self.leave(Vec::new());
    }

    /// Throws the changes away that fit no more.
    pub fn drop_unfit(&self) {
        let now = self.changes.get_untracked();
        self.leave(self.published.with_value(|published| sifted(published, now, false)));
    }

    fn leave(&self, changes: Vec<Change>) {
        let before = self.changes.get_untracked();
        self.steps.update(|steps| {
            steps.past.push(before);
            steps.ahead.clear();
            steps.newest = None;
        });
        self.set(changes);
    }

    /// Counts all changes as published.
    pub fn settle(&self) {
        self.steps.set(Steps::default());
        self.set(Vec::new());
    }

    fn set(&self, changes: Vec<Change>) {
        self.changes.set(changes);
        self.turned.update(|times| *times += 1);
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

#[cfg(test)]
mod tests {
    use cartwheel_domain::journey::{Place, default_recovery_journey};

    use super::*;

    fn draft() -> (Owner, Draft) {
        let owner = Owner::new();
        let draft = owner.with(|| Draft::open("journey_1", 1, default_recovery_journey()));
        (owner, draft)
    }

    fn holdout(draft: Draft) -> Option<i64> {
        draft.shown.get_untracked().holdout().map(|(_, percent)| percent)
    }

    #[test]
    fn a_later_change_of_the_same_thing_takes_its_place() {
        let (_owner, draft) = draft();
        draft.change(Change::SetHoldout { percent: 20 });
        draft.change(Change::SetHoldout { percent: 15 });
        assert_eq!(draft.changes.get_untracked(), [Change::SetHoldout { percent: 15 }]);
        assert_eq!(holdout(draft), Some(15));
    }

    #[test]
    fn a_change_back_is_none_and_no_step() {
        let (_owner, draft) = draft();
        draft.change(Change::SetHoldout { percent: 20 });
        draft.change(Change::SetHoldout { percent: 10 });
        assert!(draft.changes.get_untracked().is_empty() && !draft.can_undo());
    }

    #[test]
    fn an_impossible_value_is_named_at_its_field() {
        let (_owner, draft) = draft();
        draft.change(Change::SetHoldout { percent: 20 });
        draft.change(Change::SetHoldout { percent: 400 });
        assert_eq!(draft.problems.get_untracked().len(), 1);
        let id = draft.shown.get_untracked().holdout().map(|(id, _)| id.as_str().to_owned());
        assert!(draft.problem(id.as_deref(), "percent").is_some());
    }

    #[test]
    fn what_was_undone_is_made_again_until_something_else_is_done() {
        let (_owner, draft) = draft();
        let named = |name: &str| Change::SetName { name: name.to_owned() };
        draft.change(named("Spring"));
        // One field, typed in one go, is one step.
        draft.change(named("Spring!"));
        draft.change(Change::SetHoldout { percent: 20 });
        draft.undo();
        assert_eq!((holdout(draft), draft.can_redo()), (Some(10), true));
        draft.undo();
        assert!(draft.changes.get_untracked().is_empty() && !draft.can_undo());
        draft.redo();
        draft.redo();
        assert_eq!((holdout(draft), draft.can_redo(), draft.turned.get_untracked()), (Some(20), false, 4));
        draft.undo();
        draft.change(named("Summer"));
        assert!(!draft.can_redo());
    }

    #[test]
    fn what_fits_no_more_is_told_and_can_be_left_out() {
        let (_owner, draft) = draft();
        draft.change(Change::SetHoldout { percent: 20 });
        draft.change(Change::SetWait { node: "gone_1".parse().unwrap(), seconds: 60 });
        assert!(draft.unfit.get_untracked() && draft.problem(Some("gone_1"), "seconds").is_some());
        draft.drop_unfit();
        assert_eq!((draft.unfit.get_untracked(), holdout(draft)), (false, Some(20)));
    }

    #[test]
    fn several_changes_are_one_step() {
        let (_owner, draft) = draft();
        let nodes = ["wait_1", "mail_1"].iter().map(|id| id.parse().unwrap()).collect();
        draft.change_all(&draft.shown.get_untracked().removal(&nodes));
        assert_eq!(draft.shown.get_untracked().nodes.len(), default_recovery_journey().nodes.len() - 2);
        draft.undo();
        assert_eq!(draft.shown.get_untracked(), default_recovery_journey());
        assert!(!draft.can_undo());
        draft.redo();
        draft.change_all(&[]);
        draft.undo();
        assert!(!draft.can_undo() && draft.changes.get_untracked().is_empty());
    }

    #[test]
    fn a_node_moved_twice_is_one_change_and_moved_back_by_arranging_none() {
        let (_owner, draft) = draft();
        let to = |x, y| Change::Place { places: [("wait_1".parse().unwrap(), Place(x, y))].into() };
        draft.change(to(1, 2));
        draft.change(to(3, 4));
        assert_eq!(draft.changes.get_untracked(), [to(3, 4)]);
        draft.change(Change::Arrange);
        assert!(draft.changes.get_untracked().is_empty());
        draft.undo();
        assert_eq!(draft.shown.get_untracked().places.len(), 1);
    }

    #[test]
    fn what_was_discarded_can_be_brought_back_but_not_what_was_published() {
        let (_owner, draft) = draft();
        draft.change(Change::SetHoldout { percent: 20 });
        draft.discard();
        assert!(draft.changes.get_untracked().is_empty());
        draft.undo();
        assert_eq!(holdout(draft), Some(20));
        draft.settle();
        assert!(draft.changes.get_untracked().is_empty() && !draft.can_undo());
    }
}
