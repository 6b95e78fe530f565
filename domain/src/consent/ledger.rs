//! The consent ledger's state machine: what a person's entries add up to, per channel and purpose.
//!
//! Entries arrive in any order and more than once; the state is a function of the set of them, ordered by the
//! instant at which each happened. At one instant the stricter entry counts last.

use super::types::{Channel, Method, Purpose, names};
use crate::time::{DAY, Millis};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How long the link of a confirmation mail may be pressed (compliance: a single-use token of at most 7 days).
pub const CONFIRM_WITHIN: Millis = 7 * DAY;

names! {
    /// What happened to a permission. The order is the order in which entries of one instant count.
    Action {
        /// Given; with [`Method::DoubleOptIn`] it waits for its confirmation.
        Given = "given",
        /// Taken over from a list: claimed.
        Imported = "imported",
        /// The confirmation link was pressed.
        Confirmed = "confirmed",
        /// Lapsed by time.
        Expired = "expired",
        /// Taken back.
        Withdrawn = "withdrawn",
        /// Objected to direct marketing as a whole.
        Objected = "objected",
    }
}

/// One entry of the ledger, as far as the state depends on it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Its id; an entry that comes twice counts once.
    pub id: String,
    /// On which channel.
    pub channel: Channel,
    /// What for.
    pub purpose: Purpose,
    /// What happened.
    pub action: Action,
    /// How; `None` where the action needs no method (withdrawn, objected, expired).
    pub method: Option<Method>,
    /// When it happened, not when we heard of it.
    pub at: Millis,
}

names! {
    /// Where a permission stands.
    State {
        /// A confirmation is awaited.
        Pending = "pending",
        /// Given.
        Given = "given",
        /// Lapsed.
        Expired = "expired",
        /// Taken back.
        Withdrawn = "withdrawn",
        /// Objected to.
        Objected = "objected",
    }
}

impl State {
    /// Whether the person said no.
    pub const fn is_no(self) -> bool {
        matches!(self, Self::Withdrawn | Self::Objected)
    }
}

/// A yes that stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Yes {
    /// When it became effective.
    pub at: Millis,
    /// How it came about.
    pub method: Method,
    /// The entries that prove it, oldest first.
    pub evidence: Vec<String>,
}

/// Where one permission stands, and since when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// The state.
    pub state: State,
    /// Since when.
    pub at: Millis,
    /// The entry that brought it about.
    pub evidence: String,
    /// What stands, at most one per method, the newest of each.
    pub yes: Vec<Yes>,
    /// First steps of a double opt-in that wait for the press of the link.
    pending: Vec<(Millis, String)>,
}

/// What all entries of one person add up to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ConsentState {
    standings: BTreeMap<(Channel, Purpose), Standing>,
    objected: Option<(Millis, String)>,
}

impl ConsentState {
    /// Where the permission for `purpose` on `channel` stands; `None` when it was never spoken of.
    pub fn standing(&self, channel: Channel, purpose: Purpose) -> Option<&Standing> {
        self.standings.get(&(channel, purpose))
    }

    /// All that was ever spoken of.
    pub fn standings(&self) -> impl Iterator<Item = (Channel, Purpose, &Standing)> {
        self.standings.iter().map(|((channel, purpose), standing)| (*channel, *purpose, standing))
    }

    /// The last objection to direct marketing, whatever channel it came by, and its entry.
    ///
    /// It lasts: only a later consent, for its own purpose, is stronger (Art. 21(3) GDPR).
    pub fn objected(&self) -> Option<(Millis, &str)> {
        self.objected.as_ref().map(|(at, id)| (*at, id.as_str()))
    }
}

/// Adds up the entries of one person, in whatever order they come.
pub fn fold<'a>(entries: impl IntoIterator<Item = &'a Entry>) -> ConsentState {
    let mut sorted: Vec<&Entry> = entries.into_iter().collect();
    sorted.sort_by(|a, b| (a.at, a.action, &a.id).cmp(&(b.at, b.action, &b.id)));
    sorted.dedup_by(|a, b| a.id == b.id);
    let mut state = ConsentState::default();
    for entry in sorted {
        state.take(entry);
    }
    state
}

impl ConsentState {
    fn take(&mut self, entry: &Entry) {
        if entry.action == Action::Objected && entry.purpose.is_marketing() {
            self.objected = Some((entry.at, entry.id.clone()));
        }
        let key = (entry.channel, entry.purpose);
        let before = self.standings.remove(&key);
        if let Some(after) = step(before, entry) {
            self.standings.insert(key, after);
        }
    }
}

/// One entry's effect on one permission.
fn step(before: Option<Standing>, entry: &Entry) -> Option<Standing> {
    let said_no = before.as_ref().is_some_and(|s| s.state.is_no());
    let claimed = entry.action == Action::Imported || entry.method == Some(Method::Imported);
    match entry.action {
        Action::Withdrawn => Some(ended(State::Withdrawn, entry)),
        Action::Objected => Some(ended(State::Objected, entry)),
        // What lapses is a yes, or one awaited; a no does not lapse.
        Action::Expired => match before {
            Some(s) if !s.state.is_no() => Some(ended(State::Expired, entry)),
            other => other,
        },
        Action::Confirmed => confirm(before, entry),
        Action::Given | Action::Imported => {
            let method = if claimed { Method::Imported } else { entry.method.unwrap_or(Method::Api) };
            if said_no && !method.is_act() {
                return before;
            }
            let mut standing = open(before, entry);
            if method == Method::DoubleOptIn {
                standing.pending.push((entry.at, entry.id.clone()));
            } else {
                standing.say(Yes { at: entry.at, method, evidence: vec![entry.id.clone()] });
            }
            Some(standing)
        }
    }
}

/// The press of the confirmation link: it counts when the first step is known, not too old and not undone since.
fn confirm(before: Option<Standing>, entry: &Entry) -> Option<Standing> {
    let mut standing = before?;
    let in_time = |at: Millis| entry.at - at <= CONFIRM_WITHIN;
    let first =
        standing.pending.iter().rev().find(|(at, _)| in_time(*at)).map(|(_, id)| vec![id.clone()]).or_else(
            // A ticked box whose address was then confirmed.
            || {
                standing
                    .yes
                    .iter()
                    .find(|y| y.method == Method::Checkbox && in_time(y.at))
                    .map(|y| y.evidence.clone())
            },
        );
    if let Some(mut evidence) = first {
        evidence.push(entry.id.clone());
        standing.evidence.clone_from(&entry.id);
        standing.say(Yes { at: entry.at, method: Method::DoubleOptIn, evidence });
    }
    Some(standing)
}

fn ended(state: State, entry: &Entry) -> Standing {
    Standing { state, at: entry.at, evidence: entry.id.clone(), yes: Vec::new(), pending: Vec::new() }
}

/// The standing a yes is added to: what stood before, or a fresh start after a no or a lapse.
fn open(before: Option<Standing>, entry: &Entry) -> Standing {
    match before {
        Some(s) if matches!(s.state, State::Given | State::Pending) => s,
        _ => ended(State::Pending, entry),
    }
}

impl Standing {
    fn say(&mut self, yes: Yes) {
        if self.state != State::Given {
            self.state = State::Given;
            self.at = yes.at;
            self.evidence = yes.evidence.last().cloned().unwrap_or_default();
        }
        self.yes.retain(|y| y.method != yes.method);
        self.yes.push(yes);
    }
}

#[cfg(test)]
#[path = "ledger_tests.rs"]
mod tests;
