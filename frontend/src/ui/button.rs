//! Buttons. A busy button keeps its size and its focus, and does nothing when pressed.

use leptos::prelude::*;

use super::{Icon, icon};

/// How much a button asks for attention. A view has at most one primary.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ButtonKind {
    /// The usual.
    #[default]
    Plain,
    /// The one thing to do here.
    Primary,
    /// Without a frame.
    Quiet,
    /// Takes something away.
    Danger,
}

impl ButtonKind {
    const fn class(self) -> &'static str {
        match self {
            Self::Plain => "btn",
            Self::Primary => "btn btn--primary",
            Self::Quiet => "btn btn--quiet",
            Self::Danger => "btn btn--danger",
        }
    }
}

/// A button with words, and an icon before them if given.
#[component]
pub fn Button(
    /// What it does, as a verb.
    #[prop(into)]
    label: Signal<String>,
    /// Called when pressed; a button of a form may go without.
    #[prop(optional, into)]
    on_press: Option<Callback<()>>,
    /// How much attention it asks for.
    #[prop(optional)]
    kind: ButtonKind,
    /// Before the words.
    #[prop(optional, into)]
    sign: Option<Icon>,
    /// Sends the form it stands in.
    #[prop(optional)]
    submits: bool,
    /// Work is under way.
    #[prop(optional, into)]
    busy: Signal<bool>,
    /// Cannot be pressed now.
    #[prop(optional, into)]
    disabled: Signal<bool>,
    /// Whose or which, where several buttons say the same: read after the words, not shown.
    #[prop(optional, into)]
    of: Option<String>,
) -> impl IntoView {
    let kind_of_button = if submits { "submit" } else { "button" };
    let press = move |event: leptos::ev::MouseEvent| {
        if busy.get_untracked() {
            event.prevent_default();
        } else if let Some(on_press) = on_press {
            on_press.run(());
        }
    };
    view! {
        <button
            type=kind_of_button
            class=kind.class()
            disabled=move || disabled.get()
            aria-busy=move || busy.get().then_some("true")
            on:click=press
        >
            {sign.map(icon)}
            {move || label.get()}
            {of.map(|of| view! { <span class="hidden-visually">" " {of}</span> })}
        </button>
    }
    .into_any()
}

/// A square button that shows only an icon; its label is read and shown on hover.
#[component]
pub fn IconButton(
    /// What it does.
    #[prop(into)]
    label: String,
    /// The picture.
    sign: Icon,
    /// Called when pressed.
    #[prop(into)]
    on_press: Callback<()>,
    /// Cannot be pressed now.
    #[prop(optional, into)]
    disabled: Signal<bool>,
) -> impl IntoView {
    view! {
        <button
            type="button"
            class="btn btn--quiet btn--square"
            aria-label=label.clone()
            title=label
            disabled=move || disabled.get()
            on:click=move |_| on_press.run(())
        >
            {icon(sign)}
        </button>
    }
    .into_any()
}

/// A link that looks like a button, for the next step of an empty page.
pub fn button_link(href: String, kind: ButtonKind, label: String) -> AnyView {
    view! { <a class=kind.class() href=href>{label}</a> }.into_any()
}
