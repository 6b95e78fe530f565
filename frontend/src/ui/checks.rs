//! A choice of several.

use leptos::prelude::*;

/// Boxes under a label: value, words and whether it is chosen. `id` is unique in the page.
pub fn checks(
    id: &'static str,
    label: String,
    boxes: &[(String, String, RwSignal<bool>)],
    wrong: Signal<Option<String>>,
) -> AnyView {
    let rows: Vec<_> = boxes
        .iter()
        .map(|(_, words, on)| {
            let on = *on;
            view! {
                <label class="radio">
                    <input type="checkbox" prop:checked=move || on.get() on:change:target=move |event| on.set(event.target().checked()) />
                    <span class="anywhere">{words.clone()}</span>
                </label>
            }
        })
        .collect();
    view! {
        <fieldset class="field radios" id=id tabindex="-1">
            <legend class="field__label">{label}</legend>
            {rows}
            {move || wrong.get().map(|words| view! { <p class="field__error" role="alert">{words}</p> })}
        </fieldset>
    }
    .into_any()
}
