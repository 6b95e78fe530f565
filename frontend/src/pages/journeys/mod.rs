//! The journeys: what they do, whether they are on, what they bring.

mod new;

use std::sync::Arc;

use leptos::prelude::*;

use crate::api::use_query;
use crate::graphql;
use crate::graphql::journeys::{JourneysStoreJourneys as Row, ResponseData, Variables};
use crate::graphql::types::Role;
use crate::i18n::{format, t};
use crate::pages::journey::status::StatusSwitch;
use crate::route::{Route, use_store_id};
use crate::shell::use_store;
use crate::ui::{Button, ButtonKind, Icon, PageHead, empty, moment, skeleton_rows, stateful};

/// The list of journeys.
#[component]
pub fn Journeys() -> impl IntoView {
    let store = use_store_id();
    let query = use_query::<graphql::Journeys>(move || Some(Variables { store: store.get() }));
    let content = move |data: Arc<ResponseData>| {
        let journeys = data.store.as_ref().map(|store| store.journeys.as_slice()).unwrap_or_default();
        if journeys.is_empty() {
            return empty(Icon::Workflow, t::journeys_none(), t::journeys_none_words(), ().into_any());
        }
        let rows: Vec<_> = journeys.iter().map(|journey| row(journey, &store.get())).collect();
        view! {
            <div class="stack">
                <div class="table-frame">
                    <table class="table table--cards journeys-table">
                        <thead>
                            <tr>
                                <th scope="col">{t::journey()}</th>
                                <th scope="col">{t::journey_state()}</th>
                                <th scope="col" class="right">{t::journey_runs()}</th>
                                <th scope="col" class="right">{t::journey_waiting()}</th>
                                <th scope="col" class="right">{t::journey_messages()}</th>
                                <th scope="col" class="right">{t::journey_by_click()}</th>
                                <th scope="col" class="right only-wide">{t::journey_by_window()}</th>
                            </tr>
                        </thead>
                        <tbody>{rows}</tbody>
                    </table>
                </div>
                <p class="tiny muted">{t::journeys_note()}</p>
            </div>
        }
        .into_any()
    };
    let about = || view! { {t::journeys_about()} }.into_any();
    let (info, open) = (use_store(), RwSignal::new(false));
    let may = Memo::new(move |_| info.with(|info| info.as_ref().is_some_and(|it| it.role >= Role::Editor)));
    let actions = move || {
        let button = move || {
            may.get().then(|| view! { <Button label=t::new_journey() kind=ButtonKind::Primary sign=Icon::Plus on_press=move |()| open.set(true) /> })
        };
        view! { {button} }.into_any()
    };
    view! {
        <PageHead title=t::nav_journeys() about=about actions=actions />
        {new::dialog(store, open)}
        {stateful(query, || skeleton_rows(3), content)}
    }
    .into_any()
}

fn row(journey: &Row, store: &str) -> AnyView {
    let counts = &journey.counts;
    let (click, window) = (&counts.recovered_by_click, &counts.recovered_by_window);
    let version = journey.published_version.as_ref().map(|version| {
        view! { <div class="tiny muted">{t::journey_version(&version.number.to_string())} " · " {moment(version.published_at.0)}</div> }
    });
    view! {
        <tr>
            <td>
                <a class="link" href=Route::Journey(journey.id.clone()).path(store)>{journey.name.clone()}</a>
                {version}
            </td>
            <td><StatusSwitch store=store.to_owned() journey=journey.id.clone() name=journey.name.clone() status=journey.status /></td>
            <td class="right only-wide">{format::number(counts.runs)}</td>
            <td class="right only-wide">{format::number(counts.waiting)}</td>
            <td class="right only-wide">{format::number(counts.messages)}</td>
            <td class="right">
                <span class="strong">{format::money(&click.revenue.decimal, &click.revenue.currency)}</span>
                <div class="tiny muted">{t::orders(click.orders)} " · " {t::attribution_click()}</div>
            </td>
            <td class="right only-wide">
                {format::money(&window.revenue.decimal, &window.revenue.currency)}
                <div class="tiny muted">{t::orders(window.orders)} " · " {t::attribution_window()}</div>
            </td>
        </tr>
    }
    .into_any()
}
