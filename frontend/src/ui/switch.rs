//! On or off, at once.

use leptos::prelude::*;

/// A switch with its words beside it.
#[component]
pub fn Switch(
    /// What is on or off.
    #[prop(into)]
    label: String,
    /// Whether it is on.
    #[prop(into)]
    on: Signal<bool>,
    /// Called with the state wanted.
    #[prop(into)]
    on_flip: Callback<bool>,
    /// Words shown beside it; without them the label is only read.
    #[prop(optional, into)]
    words: Option<Signal<String>>,
    /// Cannot be flipped now.
    #[prop(optional, into)]
    disabled: Signal<bool>,
) -> impl IntoView {
    view! {
        <button
            type="button"
            class="switch"
            role="switch"
            aria-label=label
            aria-checked=move || if on.get() { "true" } else { "false" }
            // Not `disabled`: that would take the focus from whoever has just pressed it.
            aria-disabled=move || disabled.get().then_some("true")
            on:click=move |_| {
                if !disabled.get_untracked() {
                    on_flip.run(!on.get_untracked());
                }
            }
        >
            <span class="switch__track" aria-hidden="true"></span>
            {words.map(|words| view! { <span aria-hidden="true">{move || words.get()}</span> })}
        </button>
    }
    .into_any()
}
