//! What a person does with steps on the drawing: copies, cuts, puts in, doubles, takes out, moves. Each is one step to undo.

use std::collections::BTreeSet;

use cartwheel_domain::journey::{Change, Definition, MAX_NODES, Node, NodeId};
use leptos::prelude::*;

use super::selection::Selection;
use super::surface::Surface;
use crate::browser;
use crate::i18n::t;
use crate::pages::journey::draft::Draft;
use crate::ui::Toasts;

/// Where the last copy is kept, so that a button can put it in without asking for the clipboard, in another journey too.
const KEPT: &str = "cw.steps";

/// The hand of whoever may change the journey. Copies are the same.
#[derive(Clone, Copy)]
pub struct Hand {
    /// What it changes.
    pub draft: Draft,
    /// What it has chosen.
    pub selection: Selection,
    surface: Surface,
    toasts: Toasts,
}

/// Why a text is not put in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Refusal {
    /// It is no copy of steps.
    NoSteps,
    /// There would be too many.
    TooMany,
}

/// The change that puts a copied text in after the chosen steps, and the steps that are new.
fn graft(
    shown: &Definition,
    chosen: &BTreeSet<NodeId>,
    text: &str,
) -> Result<(Change, BTreeSet<NodeId>), Refusal> {
    let clip = Definition::from_json(text.trim()).map_err(|_| Refusal::NoSteps)?;
    if clip.nodes.len() > MAX_NODES + 3 {
        return Err(Refusal::TooMany);
    }
    let (after, way) = shown.way_after(chosen).ok_or(Refusal::NoSteps)?;
    let change = shown.graft(&clip, &after, &way).ok_or(Refusal::NoSteps)?;
    let Change::Graft { nodes, .. } = &change else { return Err(Refusal::NoSteps) };
    if shown.nodes.len() + nodes.len() > MAX_NODES {
        return Err(Refusal::TooMany);
    }
    let new = nodes.keys().cloned().collect();
    Ok((change, new))
}

/// The steps of a clip: all but its beginning and its end.
fn steps(clip: &Definition) -> i64 {
    clip.nodes.values().filter(|node| !matches!(node, Node::Trigger(_) | Node::Exit(_))).count() as i64
}

impl Hand {
    /// A hand on a drawing.
    pub fn new(draft: Draft, selection: Selection, surface: Surface, toasts: Toasts) -> Self {
        Self { draft, selection, surface, toasts }
    }

    /// The chosen steps as text, for the clipboard.
    pub fn copied(&self) -> Option<String> {
        let clip = self.draft.shown.with_untracked(|shown| shown.clip(&self.selection.now()))?;
        let text = clip.to_json();
        browser::store(KEPT, Some(&text));
        self.toasts.done(t::steps_copied(steps(&clip)));
        Some(text)
    }

    /// The same, put on the clipboard by a button.
    pub fn copy(&self) {
        if let Some(text) = self.copied() {
            browser::copy(&text);
        }
    }

    /// Puts in what was copied last.
    pub fn paste(&self) {
        self.put_in(&browser::stored(KEPT).unwrap_or_default());
    }

    /// Puts a text in after the chosen steps; one that is no copy of steps is refused.
    pub fn put_in(&self, text: &str) {
        let found = self.draft.shown.with_untracked(|shown| graft(shown, &self.selection.now(), text));
        match found {
            Ok((change, new)) => {
                self.draft.change_all(&[change]);
                self.toasts.done(t::steps_pasted(new.len() as i64));
                self.take(new);
            }
            Err(Refusal::NoSteps) => self.toasts.failed(t::paste_refused()),
            Err(Refusal::TooMany) => self.toasts.failed(t::paste_many(&MAX_NODES.to_string())),
        }
    }

    /// Chooses new steps and goes to the first.
    fn take(&self, new: BTreeSet<NodeId>) {
        let first = self
            .draft
            .shown
            .with_untracked(|shown| shown.in_drawing_order(&new).first().map(|id| (*id).clone()));
        self.selection.set(new);
        if let Some(first) = first {
            self.surface.focus(first.as_str());
        }
    }

    /// The chosen steps once more, after them.
    pub fn double(&self) {
        let clip = self.draft.shown.with_untracked(|shown| shown.clip(&self.selection.now()));
        if let Some(clip) = clip {
            self.put_in(&clip.to_json());
        }
    }

    /// Takes the chosen steps out.
    pub fn remove(&self) {
        let changes = self.draft.shown.with_untracked(|shown| shown.removal(&self.selection.now()));
        if changes.is_empty() {
            return;
        }
        self.draft.change_all(&changes);
        self.toasts.done(t::steps_removed(changes.len() as i64));
        self.selection.only("");
        if let Some(frame) = self.surface.element() {
            // Where the keyboard was is gone.
            let _ = frame.focus();
        }
    }

    /// Copies the chosen steps and takes them out; the text is for the clipboard.
    pub fn cut(&self) -> Option<String> {
        let text = self.copied();
        if text.is_some() {
            self.remove();
        }
        text
    }

    /// The same, put on the clipboard by a button.
    pub fn cut_away(&self) {
        if let Some(text) = self.cut() {
            browser::copy(&text);
        }
    }

    /// Chooses all.
    pub fn choose_all(&self) {
        self.selection.set(self.draft.shown.with_untracked(|shown| shown.nodes.keys().cloned().collect()));
    }

    /// Moves nodes by so many pixels of the drawing.
    pub fn shift(&self, nodes: &BTreeSet<NodeId>, by: (i32, i32)) {
        let places = self.surface.picture.with_untracked(|picture| picture.places(nodes, by));
        if by != (0, 0) && !places.is_empty() {
            // What was let go stays under the hand.
            self.surface.hold();
            self.draft.change_all(&[Change::Place { places }]);
        }
    }

    /// Gives all nodes back to the automatic drawing.
    pub fn arrange(&self) {
        self.draft.change_all(&[Change::Arrange]);
    }
}

#[cfg(test)]
mod tests {
    use cartwheel_domain::journey::{Blueprint, default_recovery_journey};

    use super::*;

    fn ids(names: &[&str]) -> BTreeSet<NodeId> {
        names.iter().map(|name| name.parse().unwrap()).collect()
    }

    #[test]
    fn a_copy_is_put_into_another_journey() {
        let clip = default_recovery_journey().clip(&ids(&["wait_1", "mail_1"])).unwrap();
        assert_eq!(steps(&clip), 2);
        let empty = Blueprint::Empty.definition("Mine", 10);
        let (change, new) = graft(&empty, &BTreeSet::new(), &format!("\n{} ", clip.to_json())).unwrap();
        assert_eq!(new, ids(&["wait_1", "message_1"]));
        assert_eq!(empty.with(&[change]).unwrap().nodes.len(), empty.nodes.len() + 2);
    }

    #[test]
    fn what_is_no_copy_is_refused_and_so_is_too_much() {
        let journey = default_recovery_journey();
        for text in
            ["", "hello", "{}", "[1]", r#"{"schema":2}"#, &Blueprint::Empty.definition("x", 0).to_json()]
        {
            assert_eq!(graft(&journey, &BTreeSet::new(), text).err(), Some(Refusal::NoSteps), "{text}");
        }
        let mut grown = journey.clone();
        let all = journey.to_json();
        loop {
            match graft(&grown, &ids(&["wait_4"]), &all) {
                Ok((change, _)) => grown = grown.draft(&[change]).0,
                Err(refusal) => break assert_eq!(refusal, Refusal::TooMany),
            }
        }
        assert!((MAX_NODES - 9..=MAX_NODES).contains(&grown.nodes.len()), "{}", grown.nodes.len());
    }
}
