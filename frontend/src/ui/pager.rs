//! Forward and back through a list whose pages are known by cursors only. The cursor stands in the address, so the
//! browser's own way back works as well.

use leptos::prelude::*;

use super::Button;
use crate::i18n::t;

/// The foot of a list.
#[component]
pub fn Pager(
    /// What is shown, in words.
    #[prop(into)]
    shown: String,
    /// Whether this is not the first page.
    has_before: bool,
    /// Whether there is more.
    has_after: bool,
    /// To the first page.
    #[prop(into)]
    on_first: Callback<()>,
    /// To the next page.
    #[prop(into)]
    on_next: Callback<()>,
) -> impl IntoView {
    view! {
        <div class="table__foot">
            <span>{shown}</span>
            <div class="row">
                {has_before.then(|| view! { <Button label=t::pager_first() on_press=on_first /> })}
                {has_after.then(|| view! { <Button label=t::pager_next() on_press=on_next /> })}
            </div>
        </div>
    }
    .into_any()
}
