//! The question before something is taken away: what it is, what will be lost, and the way back.

use leptos::prelude::*;

use super::{Button, ButtonKind, Dialog};
use crate::i18n::t;

/// A question that follows a signal.
#[component]
pub fn Confirm(
    /// What is asked.
    #[prop(into)]
    title: Signal<String>,
    /// What will happen.
    #[prop(into)]
    words: Signal<String>,
    /// The deed, as a verb.
    #[prop(into)]
    act: Signal<String>,
    /// Whether it is asked.
    open: RwSignal<bool>,
    /// Whether the deed is under way.
    #[prop(into)]
    busy: Signal<bool>,
    /// Why it was not done.
    #[prop(into)]
    outcome: ViewFn,
    /// Called when it shall be done; closing is left to whoever does it.
    #[prop(into)]
    on_act: Callback<()>,
) -> impl IntoView {
    view! {
        <Dialog label=title open=open>
            <div class="dialog__body">
                <h2>{move || title.get()}</h2>
                <p class="muted">{move || words.get()}</p>
                {outcome.run()}
                <div class="dialog__foot">
                    <Button label=t::cancel() on_press=move |()| open.set(false) />
                    <Button label=act kind=ButtonKind::Danger busy=busy on_press=on_act />
                </div>
            </div>
        </Dialog>
    }
    .into_any()
}
