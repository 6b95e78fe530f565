//! A secret that is shown once: it stays until it is put away or the page is left.

use leptos::prelude::*;

use crate::browser;
use crate::i18n::t;
use crate::ui::{Button, CodeBlock};

/// What is shown.
#[derive(Clone)]
pub struct Once {
    /// What it is.
    pub title: String,
    /// What to know of it.
    pub words: String,
    /// The secret itself.
    pub text: String,
}

/// Shows a secret and takes the keyboard to it.
pub fn show(shown: RwSignal<Option<Once>>, once: Once) {
    shown.set(Some(once));
    browser::after(0, || browser::focus("once"));
}

/// Where secrets are shown.
pub fn place(shown: RwSignal<Option<Once>>) -> AnyView {
    let content = move || {
        shown.get().map(|once| {
            view! {
                <section class="card once" aria-labelledby="once">
                    <div class="card__head"><h2 id="once" tabindex="-1">{once.title.clone()}</h2></div>
                    <div class="card__body stack">
                        <p>{once.words}</p>
                        <CodeBlock label=once.title text=once.text />
                        <div><Button label=t::once_hide() on_press=move |()| shown.set(None) /></div>
                    </div>
                </section>
            }
            .into_any()
        })
    };
    content.into_any()
}
