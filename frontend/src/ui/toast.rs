//! Short news of what has been done. What went wrong stands where it went wrong; a toast only where there is no place.

use leptos::prelude::*;

use super::{Icon, icon};
use crate::browser;
use crate::i18n::t;

/// How long a toast stays, in milliseconds.
const STAYS: u32 = 6_000;

#[derive(Clone, Debug)]
struct Toast {
    id: u32,
    words: String,
    failed: bool,
}

/// The toasts of the page.
#[derive(Clone, Copy)]
pub struct Toasts {
    list: RwSignal<Vec<Toast>>,
    last: StoredValue<u32>,
}

impl Toasts {
    /// Offers a shelf to everything below.
    pub fn provide() -> Self {
        let toasts = Self { list: RwSignal::new(Vec::new()), last: StoredValue::new(0) };
        provide_context(toasts);
        toasts
    }

    /// Something has been done.
    pub fn done(self, words: String) {
        self.push(words, false);
    }

    /// Something could not be done.
    pub fn failed(self, words: String) {
        self.push(words, true);
    }

    fn push(self, words: String, failed: bool) {
        self.last.update_value(|last| *last += 1);
        let id = self.last.get_value();
        self.list.update(|list| list.push(Toast { id, words, failed }));
        browser::after(STAYS, move || self.drop(id));
    }

    fn drop(self, id: u32) {
        // The shelf may be gone after a change of language.
        let _ = self.list.try_update(|list| list.retain(|toast| toast.id != id));
    }
}

/// The toasts of the page; without a shelf they go nowhere.
pub fn use_toasts() -> Toasts {
    use_context().unwrap_or_else(Toasts::provide)
}

/// Where toasts appear. It is always there, so that screen readers hear what is put into it.
#[component]
pub fn ToastShelf() -> impl IntoView {
    let toasts = use_toasts();
    view! {
        <div class="toasts" role="status" aria-live="polite">
            <For each=move || toasts.list.get() key=|toast| toast.id let:toast>
                <div class=if toast.failed { "toast toast--negative" } else { "toast" }>
                    {icon(if toast.failed { Icon::CircleAlert } else { Icon::CircleCheck })}
                    <span class="grow">{toast.words.clone()}</span>
                    <button type="button" class="btn btn--quiet btn--square" aria-label=t::close() on:click=move |_| toasts.drop(toast.id)>
                        {icon(Icon::X)}
                    </button>
                </div>
            </For>
        </div>
    }
    .into_any()
}
