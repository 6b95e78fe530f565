//! A query as a view: skeleton first, then data; a fault stands above the old data, or alone.

use std::sync::Arc;

use leptos::prelude::*;

use super::fault;
use crate::api::Query;

/// Draws `content` whenever new data has come. While newer data is under way the old stays, marked as busy.
pub fn stateful<T: Send + Sync + 'static>(
    query: Query<T>,
    skeleton: impl Fn() -> AnyView + Send + 'static,
    content: impl Fn(Arc<T>) -> AnyView + Send + 'static,
) -> AnyView {
    let trouble =
        move || query.fault.get().map(|it| fault(&it, Some(Callback::new(move |()| query.refetch()))));
    let body = move || match query.data.get() {
        Some(data) => content(data),
        None if query.fault.get().is_some() => ().into_any(),
        None => skeleton(),
    };
    view! {
        <div class="stack" aria-busy=move || query.busy.get().then_some("true")>
            {trouble}
            {body}
        </div>
    }
    .into_any()
}
