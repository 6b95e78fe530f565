//! A change as a view sees it: whether it is under way, what the server refused, and the fault if it failed.

use graphql_client::GraphQLQuery;
use leptos::prelude::*;
use serde_json::Value;

use super::Fault;
use super::post::{parts, read};
use super::query::ask;

/// What the server would not do, for a reason a person can mend.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The field of the input it is about.
    pub field: String,
    /// A stable word.
    pub code: String,
    /// The server's own words, in English.
    pub message: String,
}

/// An answer that says what was refused.
pub trait Refusing {
    /// The first refusal; none when it was done.
    fn refusal(&self) -> Option<Refusal>;
}

/// A change and its latest outcome. Copies are the same change.
#[derive(Clone, Copy)]
pub struct Change {
    /// Whether it is under way.
    pub busy: RwSignal<bool>,
    /// The fault of the latest attempt.
    pub fault: RwSignal<Option<Fault>>,
    /// What was refused at the latest attempt.
    pub refusal: RwSignal<Option<Refusal>>,
}

impl Default for Change {
    fn default() -> Self {
        Self { busy: RwSignal::new(false), fault: RwSignal::new(None), refusal: RwSignal::new(None) }
    }
}

impl Change {
    /// Forgets how the latest attempt went.
    pub fn clear(self) {
        self.fault.set(None);
        self.refusal.set(None);
    }

    /// Sends it; `done` is called with the answer unless it was refused. While one is under way, another is not sent.
    pub fn send<Q>(self, variables: Q::Variables, done: impl FnOnce(Q::ResponseData) + 'static)
    where
        Q: GraphQLQuery + 'static,
        Q::ResponseData: Refusing,
    {
        if self.busy.get_untracked() {
            return;
        }
        self.clear();
        self.busy.set(true);
        let take = move |outcome: Result<Value, Fault>| match outcome.and_then(read::<Q::ResponseData>) {
            Ok(data) => {
                if self.over(data.refusal(), None) {
                    done(data);
                }
            }
            Err(fault) => {
                self.over(None, Some(fault));
            }
        };
        ask(parts::<Q>(variables), Box::new(take));
    }

    /// Notes how it went; whether it was done and somebody still looks.
    fn over(self, refusal: Option<Refusal>, fault: Option<Fault>) -> bool {
        if self.busy.try_set(false).is_some() {
            return false;
        }
        let done = refusal.is_none() && fault.is_none();
        self.refusal.set(refusal);
        self.fault.set(fault);
        done
    }
}
