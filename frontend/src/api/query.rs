//! A query as a view sees it: data, fault, and whether work is under way. Old data stays while the new loads.

use std::sync::Arc;

use graphql_client::GraphQLQuery;
use leptos::prelude::*;
use leptos::task::spawn_local;
use serde_json::Value;

use super::Fault;
use super::post::{Operation, parts, read, run};

/// A query and its latest outcome. Copies are the same query.
pub struct Query<T: Send + Sync + 'static> {
    /// The newest data that arrived.
    pub data: RwSignal<Option<Arc<T>>>,
    /// The fault of the newest attempt, if it failed.
    pub fault: RwSignal<Option<Fault>>,
    /// Whether an attempt is under way.
    pub busy: RwSignal<bool>,
    again: RwSignal<u32>,
}

impl<T: Send + Sync> Clone for Query<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: Send + Sync> Copy for Query<T> {}

impl<T: Send + Sync> Query<T> {
    /// Asks again with the same variables.
    pub fn refetch(&self) {
        self.again.update(|count| *count += 1);
    }

    /// Puts data in place that came another way, such as the answer of a mutation.
    pub fn set(&self, data: T) {
        self.data.set(Some(Arc::new(data)));
        self.fault.set(None);
    }
}

/// Asks whenever the variables change; `None` means that they are not known yet. An answer that a newer question has
/// overtaken is dropped.
pub fn use_query<Q>(variables: impl Fn() -> Option<Q::Variables> + 'static) -> Query<Q::ResponseData>
where
    Q: GraphQLQuery + 'static,
    Q::ResponseData: Send + Sync,
{
    let query = Query {
        data: RwSignal::new(None),
        fault: RwSignal::new(None),
        busy: RwSignal::new(true),
        again: RwSignal::new(0),
    };
    let asked = StoredValue::new(0_u32);
    Effect::new(move |_| {
        query.again.track();
        let Some(variables) = variables() else { return };
        asked.update_value(|count| *count += 1);
        let mine = asked.get_value();
        query.busy.set(true);
        // Everything that knows the type stands in one function; the waiting is the same for all.
        let take = move |outcome: Result<Value, Fault>| {
            // The page may be gone, or a newer question under way.
            if asked.try_get_value() != Some(mine) {
                return;
            }
            query.busy.set(false);
            match outcome.and_then(read) {
                Ok(data) => query.set(data),
                Err(fault) => query.fault.set(Some(fault)),
            }
        };
        ask(parts::<Q>(variables), Box::new(take));
    });
    query
}

/// Asks, and hands the outcome over when it is there.
pub(super) fn ask(question: Result<(Operation, Value), Fault>, take: Box<dyn FnOnce(Result<Value, Fault>)>) {
    spawn_local(async move {
        take(match question {
            Ok((operation, variables)) => run(operation, variables).await,
            Err(fault) => Err(fault),
        });
    });
}
