//! One journey: the drawing with what happened at each node, the list beside it, a form for the node picked, and the
//! draft that becomes the next version.

mod canvas;
mod compare;
mod draft;
mod drawing;
mod dry_run;
mod form;
mod keys;
mod laid;
mod list;
mod moves;
mod panel;
mod passage;
mod publish;
mod roll_out;
pub mod status;
mod steps;
mod still;
mod versions;

use std::collections::BTreeMap;
use std::sync::Arc;

use cartwheel_domain::journey::Definition;
use cartwheel_domain::money::Currency;
use leptos::prelude::*;

use crate::api::{Query, use_query};
use crate::graphql;
use crate::graphql::journey::{JourneyStoreJourney, ResponseData, Variables};
use crate::graphql::types::Role;
use crate::i18n::{format, t};
use crate::route::{Parameters, Route, use_id, use_parameters, use_store_id};
use crate::shell::{StoreInfo, use_store};
use crate::ui::{
    Crumb, Icon, PageHead, Segmented, Tone, empty_page, moment, notice, skeleton_page, stat, stateful,
};
use draft::Draft;

/// What happened at a node under the published version.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// Runs that came here.
    pub entered: i64,
    /// Runs that are here now.
    pub waiting: i64,
    /// Runs that went on.
    pub left: i64,
    /// Runs that took each way, by the way's name, as far as they are counted.
    pub ways: BTreeMap<String, i64>,
}

/// The page of a journey.
#[component]
pub fn Journey() -> impl IntoView {
    let (store, id, parameters, info) = (use_store_id(), use_id(), use_parameters(), use_store());
    let query =
        use_query::<graphql::Journey>(move || Some(Variables { store: store.get(), journey: id.get() }));
    stateful(query, skeleton_page, move |data: Arc<ResponseData>| {
        match data.store.as_ref().and_then(|store| store.journey.as_ref()) {
            Some(journey) => content(journey, &store.get(), info.get().as_ref(), parameters, query),
            None => empty_page(Icon::Workflow, t::journey_gone(), t::journey_gone_words(), ().into_any()),
        }
    })
}

fn content(
    journey: &JourneyStoreJourney,
    store: &str,
    info: Option<&StoreInfo>,
    parameters: Parameters,
    query: Query<ResponseData>,
) -> AnyView {
    let crumbs = vec![Crumb { href: Route::Journeys.path(store), name: t::nav_journeys() }];
    let version = journey.published_version.as_ref().map(|version| (version.number, version.published_at.0));
    let about = move || {
        version
            .map(|(number, at)| view! { {t::journey_version(&number.to_string())} " · " {t::journey_published()} " " {moment(at)} })
            .into_any()
    };
    let (store_id, id, name, status) =
        (store.to_owned(), journey.id.clone(), journey.name.clone(), journey.status);
    let rolled_out = version.is_some();
    let actions = move || {
        let roll_out = rolled_out.then(|| roll_out::button(&store_id, &id)).flatten();
        view! { {roll_out} <status::StatusSwitch store=store_id.clone() journey=id.clone() name=name.clone() status=status /> }.into_any()
    };
    let text =
        journey.published_version.as_ref().map(|version| version.definition.to_string()).unwrap_or_default();
    let body = match Definition::from_json(&text) {
        Ok(definition) => body(journey, definition, (store, info), parameters, query),
        Err(problems) => {
            let more =
                view! { <pre class="small">{cartwheel_domain::journey::listed(&problems)}</pre> }.into_any();
            notice(Tone::Negative, t::journey_unreadable(), more)
        }
    };
    view! {
        <PageHead title=journey.name.clone() about=about crumbs=crumbs actions=actions />
        {figures(journey)}
        {body}
    }
    .into_any()
}

fn figures(journey: &JourneyStoreJourney) -> AnyView {
    let counts = &journey.counts;
    let (click, window, effect) =
        (&counts.recovered_by_click, &counts.recovered_by_window, &counts.incremental);
    let money = |decimal: &str, currency: &str| format::money(decimal, currency);
    let earned = match &effect.revenue {
        Some(revenue) if effect.enough => money(&revenue.decimal, &revenue.currency),
        _ => t::incremental_early(),
    };
    let compared = match (effect.treated_rate, effect.holdout_rate) {
        (Some(treated), Some(holdout)) if effect.enough => {
            t::incremental_rates(&format::percent(holdout), &format::percent(treated))
        }
        _ => t::incremental_people(effect.holdout_contacts, &format::number(effect.treated_contacts)),
    };
    let days = || view! { {t::range_recent(30)} }.into_any();
    view! {
        <section class="stats stats--six" aria-label=t::journey_figures()>
            {stat(t::journey_runs(), t::journey_runs_meaning(), format::number(counts.runs), days())}
            {stat(t::journey_waiting(), t::journey_waiting_meaning(), format::number(counts.waiting), view! { {t::time_now()} }.into_any())}
            {stat(t::journey_messages(), t::journey_messages_meaning(), format::number(counts.messages), days())}
            {stat(t::journey_by_click(), t::recovered_click_meaning(), money(&click.revenue.decimal, &click.revenue.currency), view! { {t::orders(click.orders)} }.into_any())}
            {stat(t::journey_by_window(), t::recovered_window_meaning(), money(&window.revenue.decimal, &window.revenue.currency), view! { {t::orders(window.orders)} }.into_any())}
            {stat(t::recovered_incremental(), t::recovered_incremental_meaning(), earned, view! { {compared} }.into_any())}
        </section>
    }
    .into_any()
}

fn body(
    journey: &JourneyStoreJourney,
    definition: Definition,
    (store, info): (&str, Option<&StoreInfo>),
    parameters: Parameters,
    query: Query<ResponseData>,
) -> AnyView {
    let number = journey.published_version.as_ref().map_or(0, |version| version.number);
    let draft = Draft::open(&journey.id, number, definition);
    let may = info.is_some_and(|info| info.role >= Role::Editor);
    let currency = info.and_then(|info| info.currency.parse().ok()).unwrap_or(Currency::EUR);
    if may {
        keys::listen(draft);
    }
    let found =
        journey.published_version.as_ref().map(|version| version.node_counts.as_slice()).unwrap_or_default();
    let counts: draft::Counts = found
        .iter()
        .map(|one| {
            let ways = one.ways.iter().map(|way| (way.way.clone(), way.n)).collect();
            let count = Count { entered: one.entered, waiting: one.waiting, left: one.left, ways };
            (one.node.clone(), count)
        })
        .collect();
    let counts = StoredValue::new(counts);
    let of_version = journey.published_version.as_ref().map(|version| {
        let date = format::date(version.published_at.0);
        view! { <p class="tiny muted">{t::journey_counts_of(&date, &version.number.to_string())}</p> }
    });
    let options = vec![
        (String::new(), t::journey_drawing()),
        ("list".to_owned(), t::journey_list()),
        ("dry".to_owned(), t::dry_run()),
    ];
    let pick = move |value: String| parameters.set(&[("view", &value)]);
    let selection = canvas::Selection::new(parameters);
    // Only what is asked: whatever else the address says, the drawing stays as it lies.
    let as_list = Memo::new(move |_| parameters.get("view") == "list");
    let comparing = Memo::new(move |_| !parameters.get("compare").is_empty());
    let (all, names) = (StoredValue::new(journey.versions.clone()), (store.to_owned(), journey.id.clone()));
    let followed = Memo::new(move |_| !parameters.get("cart").is_empty());
    let both = StoredValue::new((store.to_owned(), journey.id.clone()));
    let moves = moves::state(journey.moves_to, both, may, query);
    let dry = Memo::new(move |_| parameters.get("view") == "dry");
    let about = dry_run::About { store: store.to_owned(), journey: journey.id.clone() };
    let steps = move || {
        if followed.get() {
            passage::passage(draft, names.0.clone(), names.1.clone(), parameters)
        } else if comparing.get() {
            all.with_value(|all| compare::comparison(draft, all, names.clone(), parameters))
        } else if dry.get() {
            dry_run::view(draft, about.clone(), parameters, may)
        } else if as_list.get() {
            list::list(draft, counts, parameters)
        } else {
            drawing::drawing(draft, counts, selection, may)
        }
    };
    view! {
        <div class="columns columns--side journey">
            <section class="section" aria-labelledby="steps">
                <div class="row row--between">
                    <h2 id="steps">{t::journey_steps()}</h2>
                    <Segmented label=t::journey_view() options=options value=parameters.signal("view") on_pick=pick />
                </div>
                {of_version}
                {steps}
            </section>
            <aside class="stack journey__side" aria-label=t::journey_form()>
                {panel::panel(draft, (parameters, selection), may, currency)}
                {versions::versions(&journey.versions, moves, parameters)}
            </aside>
        </div>
        {may.then(|| publish::bar(draft, store.to_owned(), journey.id.clone(), journey.counts.waiting, query))}
    }
    .into_any()
}
