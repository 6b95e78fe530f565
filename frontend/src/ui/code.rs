//! Text to be copied as it is.

use leptos::prelude::*;

use super::{Icon, use_toasts};
use crate::browser;
use crate::i18n::t;

/// A block of code or a key, with a button that copies it.
#[component]
pub fn CodeBlock(
    /// What it is, for those who do not see it.
    #[prop(into)]
    label: String,
    /// The text.
    #[prop(into)]
    text: String,
) -> impl IntoView {
    let toasts = use_toasts();
    let shown = text.clone();
    let copy = move |()| {
        if browser::copy(&text) {
            toasts.done(t::copy_done());
        } else {
            toasts.failed(t::copy_failed());
        }
    };
    view! {
        <div class="code" role="group" aria-label=label>
            <code>{shown}</code>
            <super::IconButton label=t::copy() sign=Icon::Copy on_press=copy />
        </div>
    }
    .into_any()
}
