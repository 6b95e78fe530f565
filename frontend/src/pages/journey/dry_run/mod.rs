//! The dry run: the draft played over the last 30 or 90 days, with nothing sent. How far it is, what came of it, and the carts behind
//! each number.

mod carts;
mod result;
mod told;

use std::sync::Arc;

use leptos::prelude::*;

use super::draft::Draft;
use crate::api::{Change, Query, use_query};
use crate::browser;
use crate::graphql;
use crate::graphql::dry_run::{DryRunStoreJourneyDryRun as DryRun, ResponseData, Variables};
use crate::graphql::types::DryRunStatus;
use crate::i18n::{format, t};
use crate::pages::shared::outcome;
use crate::route::Parameters;
use crate::ui::{Button, ButtonKind, Segmented, Tone, notice, progress, skeleton_rows, stateful};

/// How long until it is asked again how far it is, milliseconds.
const AGAIN: u32 = 1_000;

/// Where the dry run is about: store and journey.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct About {
    /// The store.
    pub store: String,
    /// The journey.
    pub journey: String,
}

/// The view; `may` says whether the reader may begin one.
pub fn view(draft: Draft, about: About, parameters: Parameters, may: bool) -> AnyView {
    let about = StoredValue::new(about);
    let query = use_query::<graphql::DryRun>(move || {
        let About { store, journey } = about.get_value();
        Some(Variables { store, journey })
    });
    let run = Memo::new(move |_| query.data.get().as_deref().and_then(newest).cloned());
    let busy = Memo::new(move |_| run.with(|run| run.as_ref().is_some_and(going)));
    Effect::new(move |_| {
        // Asked for again with each answer.
        query.data.track();
        if busy.get() {
            browser::after(AGAIN, move || {
                // The view may be gone.
                if query.busy.try_get_untracked() == Some(false) {
                    query.refetch();
                }
            });
        }
    });
    let content = move |data: Arc<ResponseData>| match newest(&data) {
        Some(run) if going(run) => ().into_any(),
        Some(run) => over(run, draft, about, parameters),
        None => view! { <p class="muted small">{t::dry_run_none()}</p> }.into_any(),
    };
    view! {
        <div class="stack">
            <p class="muted small">{t::dry_run_words()}</p>
            {may.then(|| begin(draft, about, busy, query))}
            {move || busy.get().then(|| under_way(run, about, may, query))}
            {stateful(query, || skeleton_rows(4), content)}
        </div>
    }
    .into_any()
}

fn newest(data: &ResponseData) -> Option<&DryRun> {
    data.store.as_ref()?.journey.as_ref()?.dry_run.as_ref()
}

fn going(run: &DryRun) -> bool {
    matches!(run.status, DryRunStatus::Queued | DryRunStatus::Running)
}

/// How many days, and the button; gone while one is under way.
fn begin(draft: Draft, about: StoredValue<About>, busy: Memo<bool>, query: Query<ResponseData>) -> AnyView {
    let days = RwSignal::new("30".to_owned());
    let change = Change::default();
    let options = ["30", "90"].map(|n| (n.to_owned(), t::dry_run_days(n.parse().unwrap_or(30)))).to_vec();
    let wrong = Signal::derive(move || draft.problems.with(|problems| !problems.is_empty()));
    let start = move |()| {
        let About { store, journey } = about.get_value();
        let definition = serde_json::to_value(draft.shown.get_untracked()).unwrap_or_default();
        let days = days.get_untracked().parse().unwrap_or(30);
        let variables = graphql::start_dry_run::Variables { store, journey, definition, days };
        change.send::<graphql::StartDryRun>(variables, move |_| query.refetch());
    };
    view! {
        <Show when=move || !busy.get()>
            <div class="row">
                <Segmented label=t::dry_run_period() options=options.clone() value=days on_pick=move |value: String| days.set(value) />
                <Button label=t::dry_run_start() kind=ButtonKind::Primary busy=change.busy disabled=wrong on_press=start />
            </div>
            {move || wrong.get().then(|| view! { <p class="small muted">{t::dry_run_wrong()}</p> })}
        </Show>
        {outcome(change, &[])}
    }
    .into_any()
}

/// How far it is. The button stays the same one while the numbers grow.
fn under_way(
    run: Memo<Option<DryRun>>,
    about: StoredValue<About>,
    may: bool,
    query: Query<ResponseData>,
) -> AnyView {
    let change = Change::default();
    let cancel = move |()| {
        let Some(id) = run.with_untracked(|run| run.as_ref().map(|run| run.id.clone())) else { return };
        let store = about.get_value().store;
        let variables = graphql::cancel_dry_run::Variables { store, id };
        change.send::<graphql::CancelDryRun>(variables, move |_| query.refetch());
    };
    let far = move || run.with(|run| run.as_ref().map(|run| (run.people, run.done)).unwrap_or_default());
    let title = move || t::dry_run_going(run.with(|run| run.as_ref().map_or(30, |run| run.days)));
    let words = move || match far() {
        (Some(people), done) => t::dry_run_progress(people, &format::number(done)),
        (None, _) => t::dry_run_counting(),
    };
    let part = |n: i64| u32::try_from(n).unwrap_or(u32::MAX);
    let bar = move || match far() {
        (Some(people), done) => progress(part(done), part(people.max(1)), title()),
        (None, _) => progress(0, 1, title()),
    };
    view! {
        <div class="card"><div class="card__body stack stack--close">
            <div class="row row--between">
                <span class="strong">{title}</span>
                {may.then(|| view! { <Button label=t::dry_run_cancel() busy=change.busy on_press=cancel /> })}
            </div>
            {bar}
            <p class="small muted" role="status">{words}</p>
            {outcome(change, &[])}
        </div></div>
    }
    .into_any()
}

fn over(run: &DryRun, draft: Draft, about: StoredValue<About>, parameters: Parameters) -> AnyView {
    match run.status {
        DryRunStatus::Cancelled => notice(Tone::Neutral, t::dry_run_cancelled(), ().into_any()),
        DryRunStatus::Failed => {
            let more = view! { <p class="small">{t::dry_run_failed_words()}</p> }.into_any();
            notice(Tone::Negative, t::dry_run_failed(), more)
        }
        _ => result::result(run, draft, about, parameters),
    }
}
