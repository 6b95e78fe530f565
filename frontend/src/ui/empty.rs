//! What stands where there is nothing yet: what will be here, and the next step.

use leptos::prelude::*;

use super::{Icon, icon};

/// An empty page or list. `next` may hold links or buttons.
pub fn empty(sign: Icon, title: String, words: String, next: AnyView) -> AnyView {
    view! {
        <div class="empty">
            <span class="empty__mark">{icon(sign)}</span>
            <h2 class="empty__title">{title}</h2>
            <p>{words}</p>
            <div class="row">{next}</div>
        </div>
    }
    .into_any()
}
