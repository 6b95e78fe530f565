//! A choice of many, by the browser's own list, which every phone and screen reader knows.

use leptos::prelude::*;

use super::{Icon, icon};

/// A select. Options are (value, words). With `visible_label` it stands as a field of a form, else as a filter.
#[component]
pub fn Select(
    /// Unique in the page.
    #[prop(into)]
    id: String,
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
    /// Label above, as in a form.
    #[prop(optional)]
    visible_label: bool,
    /// What helps to answer, below.
    #[prop(optional, into)]
    hint: Option<String>,
) -> impl IntoView {
    let choices: Vec<_> = options
        .into_iter()
        .map(|(key, words)| {
            let mine = key.clone();
            view! { <option value=key selected=move || value.get() == mine>{words}</option> }
        })
        .collect();
    let box_class = if visible_label { "select select--block" } else { "select select--small" };
    let control = view! {
        <span class=box_class>
            <select
                class="input"
                id=id.clone()
                aria-label=(!visible_label).then(|| label.clone())
                prop:value=move || value.get()
                on:change:target=move |event| on_pick.run(event.target().value())
            >
                {choices}
            </select>
            {icon(Icon::ChevronDown)}
        </span>
    };
    if !visible_label {
        return control.into_any();
    }
    view! {
        <div class="field">
            <label class="field__label" for=id>{label}</label>
            {control}
            {hint.map(|hint| view! { <p class="field__hint">{hint}</p> })}
        </div>
    }
    .into_any()
}
