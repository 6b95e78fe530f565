//! Dialogs and drawers on the browser's own `dialog`: it holds the focus inside, closes on Escape and gives the focus back.

use leptos::prelude::*;

/// Where it stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DialogKind {
    /// In the middle, for a question.
    #[default]
    Middle,
    /// On the right edge, for something beside the page.
    Drawer,
    /// On the left edge, for the navigation of small screens.
    Left,
    /// Near the top, without padding: the palette.
    Palette,
}

impl DialogKind {
    const fn class(self) -> &'static str {
        match self {
            Self::Middle => "dialog",
            Self::Drawer => "dialog dialog--drawer",
            Self::Left => "dialog dialog--drawer dialog--left",
            Self::Palette => "dialog dialog--palette",
        }
    }
}

/// A dialog that follows a signal. Its content exists only while it is open.
#[component]
pub fn Dialog(
    /// What it is about.
    #[prop(into)]
    label: Signal<String>,
    /// Whether it is open.
    open: RwSignal<bool>,
    /// Where it stands.
    #[prop(optional)]
    kind: DialogKind,
    /// What stands inside.
    children: ChildrenFn,
) -> impl IntoView {
    let element = NodeRef::<leptos::html::Dialog>::new();
    Effect::new(move |_| {
        let open = open.get();
        let Some(dialog) = element.get() else { return };
        if open && !dialog.open() {
            // It fails only for a dialog that is open already or not in the page.
            let _ = dialog.show_modal();
        } else if !open && dialog.open() {
            dialog.close();
        }
    });
    let pressed = move |event: leptos::ev::MouseEvent| {
        // A press on the backdrop arrives with the dialog itself as its target.
        let target = event.target().map(wasm_bindgen::JsValue::from);
        if element.get_untracked().is_some_and(|dialog| target == Some(wasm_bindgen::JsValue::from(&*dialog)))
        {
            open.set(false);
        }
    };
    view! {
        <dialog class=kind.class() aria-label=move || label.get() node_ref=element on:close=move |_| open.set(false) on:click=pressed>
            <Show when=move || open.get()>{children()}</Show>
        </dialog>
    }
    .into_any()
}
