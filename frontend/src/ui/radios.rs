//! A choice of few, each with a sentence that says what it means.

use leptos::prelude::*;

/// One that can be chosen.
#[derive(Clone, Debug)]
pub struct Choice {
    /// Its value.
    pub value: String,
    /// Its name.
    pub name: String,
    /// What it means.
    pub words: String,
}

/// The choices under a label. `id` is unique in the page; `hint` stands below.
pub fn radios(
    id: &'static str,
    label: String,
    choices: Vec<Choice>,
    value: RwSignal<String>,
    hint: Option<String>,
) -> AnyView {
    let rows: Vec<_> = choices
        .into_iter()
        .map(|choice| {
            let (mine, key) = (choice.value.clone(), choice.value.clone());
            view! {
                <label class="radio">
                    <input
                        type="radio"
                        name=id
                        value=choice.value
                        prop:checked=move || value.get() == mine
                        on:change=move |_| value.set(key.clone())
                    />
                    <span class="stack stack--tight">
                        <span class="strong">{choice.name}</span>
                        " "
                        <span class="muted tiny">{choice.words}</span>
                    </span>
                </label>
            }
        })
        .collect();
    view! {
        <fieldset class="field radios">
            <legend class="field__label">{label}</legend>
            {rows}
            {hint.map(|hint| view! { <p class="field__hint">{hint}</p> })}
        </fieldset>
    }
    .into_any()
}
