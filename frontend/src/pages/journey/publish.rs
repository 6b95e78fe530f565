//! The bar that says what has been changed, and the way to publish it as the next version.

use leptos::prelude::*;
use leptos::task::spawn_local;

use super::draft::Draft;
use super::moves;
use crate::api::{Change, Fault, Query, mutate};
use crate::graphql;
use crate::graphql::journey::ResponseData;
use crate::graphql::publish_journey::Variables;
use crate::i18n::t;
use crate::ui::{Button, ButtonKind, Dialog, Icon, IconButton, fault, use_toasts};

/// The bar, with the way back and forth; nothing while nothing has changed.
pub fn bar(
    draft: Draft,
    store: String,
    journey: String,
    under_way: i64,
    query: Query<ResponseData>,
) -> AnyView {
    let (asking, busy) = (RwSignal::new(false), RwSignal::new(false));
    let trouble = RwSignal::new(None::<Fault>);
    let refused = RwSignal::new(Vec::<String>::new());
    let toasts = use_toasts();
    let names = StoredValue::new((store, journey));
    let (also, moved) = (RwSignal::new(false), Change::default());
    // The version that was made from this one: who published meanwhile was refused.
    let go_on = move |change: Change| {
        let (store, journey) = names.get_value();
        let to = draft.number.get_value() + 1;
        let said = to.to_string();
        let variables = graphql::move_runs::Variables { store, journey, to: Some(to) };
        change.send::<graphql::MoveRuns>(variables, move |_| {
            toasts.done(t::moves_done(&said));
            query.refetch();
        });
    };
    let publish = move |()| {
        busy.set(true);
        trouble.set(None);
        refused.set(Vec::new());
        let definition = serde_json::to_value(draft.shown.get_untracked()).unwrap_or_default();
        let (store, journey) = names.get_value();
        let base = draft.number.get_value();
        spawn_local(async move {
            let outcome =
                mutate::<graphql::PublishJourney>(Variables { store, journey, definition, base }).await;
            busy.set(false);
            match outcome {
                Ok(data) if data.publish_journey.user_errors.is_empty() => {
                    asking.set(false);
                    draft.settle();
                    toasts.done(t::publish_done());
                    if also.get_untracked() {
                        also.set(false);
                        go_on(moved);
                    }
                    query.refetch();
                }
                Ok(data) if data.publish_journey.user_errors.iter().any(|error| error.code == "outdated") => {
                    asking.set(false);
                    toasts.failed(t::publish_outdated());
                    query.refetch();
                }
                Ok(data) => {
                    refused.set(
                        data.publish_journey.user_errors.iter().map(|error| error.message.clone()).collect(),
                    );
                }
                Err(fault) => trouble.set(Some(fault)),
            }
        });
    };
    let count = move || draft.changes.with(Vec::len) as i64;
    let wrong = Signal::derive(move || draft.problems.with(|problems| !problems.is_empty()));
    let none = Signal::derive(move || count() == 0);
    let unpublishable = Signal::derive(move || none.get() || wrong.get());
    let at_first = Signal::derive(move || !draft.can_undo());
    let at_last = Signal::derive(move || !draft.can_redo());
    let said = move || match count() {
        0 => t::draft_none(),
        _ if draft.unfit.get() => t::draft_unfit(),
        _ if wrong.get() => t::draft_wrong(),
        count => t::draft_count(count),
    };
    let next = move || t::publish_as(&(draft.number.get_value() + 1).to_string());
    view! {
        <Show when=move || !(none.get() && at_first.get() && at_last.get())>
            <div class="draft" role="region" aria-label=t::draft()>
                <span class="grow" role="status">{said}</span>
                <IconButton label=t::undo() sign=Icon::Undo2 disabled=at_first on_press=move |()| draft.undo() />
                <IconButton label=t::redo() sign=Icon::Redo2 disabled=at_last on_press=move |()| draft.redo() />
                <Show when=move || draft.unfit.get()>
                    <Button label=t::draft_drop() on_press=move |()| draft.drop_unfit() />
                </Show>
                <Button label=t::draft_discard() kind=ButtonKind::Quiet disabled=none on_press=move |()| draft.discard() />
                <Button label=t::publish() kind=ButtonKind::Primary disabled=unpublishable on_press=move |()| asking.set(true) />
            </div>
        </Show>
        <Dialog label=t::publish() open=asking>
            <div class="dialog__body">
                <h2>{next}</h2>
                {move || (!also.get()).then(|| view! { <p class="muted">{t::publish_words(under_way)}</p> })}
                {(under_way > 0).then(|| moves::choice(draft, names, asking, also))}
                {move || trouble.get().map(|it| fault(&it, None))}
                {move || {
                    let list = refused.get();
                    (!list.is_empty()).then(|| view! { <ul class="notice notice--negative stack" role="alert">{list.into_iter().map(|one| view! { <li>{one}</li> }).collect_view()}</ul> })
                }}
                <div class="dialog__foot">
                    <Button label=t::cancel() on_press=move |()| asking.set(false) />
                    <Button label=t::publish() kind=ButtonKind::Primary busy=busy on_press=publish />
                </div>
            </div>
        </Dialog>
    }
    .into_any()
}
