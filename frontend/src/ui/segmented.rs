//! A choice of few, all visible: a range of days, a list or a drawing.

use leptos::prelude::*;

/// Buttons of which one is pressed. Options are (value, words).
#[component]
pub fn Segmented(
    /// What is chosen.
    #[prop(into)]
    label: String,
    /// Value and words of each.
    options: Vec<(String, String)>,
    /// The chosen value.
    #[prop(into)]
    value: Signal<String>,
    /// Called with the value picked.
    #[prop(into)]
    on_pick: Callback<String>,
) -> impl IntoView {
    let buttons: Vec<_> = options
        .into_iter()
        .map(|(key, words)| {
            let mine = key.clone();
            view! {
                <button
                    type="button"
                    aria-pressed=move || if value.get() == mine { "true" } else { "false" }
                    on:click=move |_| on_pick.run(key.clone())
                >
                    {words}
                </button>
            }
        })
        .collect();
    view! { <div class="segmented" role="group" aria-label=label>{buttons}</div> }.into_any()
}
