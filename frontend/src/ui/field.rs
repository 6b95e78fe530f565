//! Fields with their label, hint and fault tied together for those who listen.

use leptos::prelude::*;

use super::{Icon, icon};

/// Label above, control, then the hint, or in its place what is wrong.
fn framed(
    id: &str,
    label: String,
    hint: Option<String>,
    error: Signal<Option<String>>,
    control: AnyView,
) -> AnyView {
    let (hint_id, error_id) = (format!("{id}-hint"), format!("{id}-error"));
    let below = move || match (error.get(), hint.clone()) {
        (Some(error), _) => {
            let id = error_id.clone();
            view! { <p class="field__error" id=id>{icon(Icon::CircleAlert)}<span>{error}</span></p> }
                .into_any()
        }
        (None, Some(hint)) => {
            let id = hint_id.clone();
            view! { <p class="field__hint" id=id>{hint}</p> }.into_any()
        }
        (None, None) => ().into_any(),
    };
    view! {
        <div class="field">
            <label class="field__label" for=id.to_owned()>{label}</label>
            {control}
            {below}
        </div>
    }
    .into_any()
}

fn described_by(
    id: &str,
    hint: bool,
    error: Signal<Option<String>>,
) -> impl Fn() -> Option<String> + Send + use<> {
    let id = id.to_owned();
    move || match (error.get().is_some(), hint) {
        (true, _) => Some(format!("{id}-error")),
        (false, true) => Some(format!("{id}-hint")),
        (false, false) => None,
    }
}

/// One line of text.
#[component]
pub fn Field(
    /// Unique in the page.
    #[prop(into)]
    id: String,
    /// What is asked for.
    #[prop(into)]
    label: String,
    /// The text.
    value: RwSignal<String>,
    /// What helps to answer.
    #[prop(optional, into)]
    hint: Option<String>,
    /// What is wrong.
    #[prop(optional, into)]
    error: Signal<Option<String>>,
    /// The kind of the browser's field.
    #[prop(optional)]
    kind: Option<&'static str>,
    /// The browser's name for what can be filled in.
    #[prop(optional)]
    autocomplete: Option<&'static str>,
    /// An example inside the empty field.
    #[prop(optional, into)]
    placeholder: Option<String>,
) -> impl IntoView {
    let described = described_by(&id, hint.is_some(), error);
    let control = view! {
        <input
            class="input"
            id=id.clone()
            type=kind.unwrap_or("text")
            autocomplete=autocomplete.unwrap_or("off")
            placeholder=placeholder
            prop:value=move || value.get()
            on:input:target=move |event| value.set(event.target().value())
            aria-invalid=move || error.get().is_some().then_some("true")
            aria-describedby=described
        />
    }
    .into_any();
    framed(&id, label, hint, error, control)
}

/// Several lines of text.
#[component]
pub fn TextArea(
    /// Unique in the page.
    #[prop(into)]
    id: String,
    /// What is asked for.
    #[prop(into)]
    label: String,
    /// The text.
    value: RwSignal<String>,
    /// What helps to answer.
    #[prop(optional, into)]
    hint: Option<String>,
    /// What is wrong.
    #[prop(optional, into)]
    error: Signal<Option<String>>,
    /// It is code: of one width, its lines as they are, not spelt.
    #[prop(optional)]
    code: bool,
    /// Can be read and copied only.
    #[prop(optional)]
    read_only: bool,
) -> impl IntoView {
    let described = described_by(&id, hint.is_some(), error);
    let control = view! {
        <textarea
            class=if code { "input input--code" } else { "input" }
            id=id.clone()
            readonly=read_only
            spellcheck=code.then_some("false")
            autocapitalize=code.then_some("off")
            wrap=code.then_some("off")
            prop:value=move || value.get()
            on:input:target=move |event| value.set(event.target().value())
            aria-invalid=move || error.get().is_some().then_some("true")
            aria-describedby=described
        ></textarea>
    }
    .into_any();
    framed(&id, label, hint, error, control)
}

/// A number with its unit: either words, or a select beside it.
#[component]
pub fn NumberField(
    /// Unique in the page.
    #[prop(into)]
    id: String,
    /// What is asked for.
    #[prop(into)]
    label: String,
    /// The digits as typed.
    value: RwSignal<String>,
    /// What helps to answer.
    #[prop(optional, into)]
    hint: Option<String>,
    /// What is wrong.
    #[prop(optional, into)]
    error: Signal<Option<String>>,
    /// What stands behind the number.
    #[prop(into)]
    unit: ViewFn,
) -> impl IntoView {
    let described = described_by(&id, hint.is_some(), error);
    let control = view! {
        <div class="affix">
            <input
                class="input"
                id=id.clone()
                type="text"
                inputmode="numeric"
                autocomplete="off"
                prop:value=move || value.get()
                on:input:target=move |event| value.set(event.target().value())
                aria-invalid=move || error.get().is_some().then_some("true")
                aria-describedby=described
            />
            {unit.run()}
        </div>
    }
    .into_any();
    framed(&id, label, hint, error, control)
}

/// A search that follows the typing, after a pause.
#[component]
pub fn SearchField(
    /// What is searched.
    #[prop(into)]
    label: String,
    /// What stands in it at first.
    #[prop(into)]
    value: Signal<String>,
    /// Called with the text when the typing rests.
    #[prop(into)]
    on_search: Callback<String>,
) -> impl IntoView {
    let typed = StoredValue::new(0_u32);
    let input = move |text: String| {
        typed.update_value(|count| *count += 1);
        let mine = typed.get_value();
        crate::browser::after(250, move || {
            if typed.try_get_value() == Some(mine) {
                on_search.run(text);
            }
        });
    };
    view! {
        <div class="search" role="search">
            {icon(Icon::Search)}
            <input
                class="input"
                type="search"
                aria-label=label.clone()
                placeholder=label
                autocomplete="off"
                prop:value=move || value.get()
                on:input:target=move |event| input(event.target().value())
            />
        </div>
    }
    .into_any()
}
