//! All stores side by side: what they recovered, currency by currency, and where somebody should look.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use cartwheel_domain::money::Money;
use leptos::prelude::*;

use crate::api::{Change, Query, use_query};
use crate::graphql;
use crate::graphql::all_stores::{
    AllStoresViewerOrganisations as Organisation, AllStoresViewerOrganisationsFigures as Figures,
    ResponseData, Variables,
};
use crate::graphql::types::Role;
use crate::i18n::{format, t};
use crate::pages::shared::outcome;
use crate::route::{Parameters, Route, use_parameters};
use crate::ui::{
    Button, Icon, PageHead, Segmented, Tone, badge, empty, moment, skeleton_rows, stat, stateful, use_toasts,
};

/// The ranges one can look at, in days.
const RANGES: [i64; 3] = [7, 30, 90];

fn days(parameters: Parameters) -> i64 {
    parameters.get("days").parse().ok().filter(|days| RANGES.contains(days)).unwrap_or(30)
}

/// The page of all stores.
#[component]
pub fn AllStores() -> impl IntoView {
    let parameters = use_parameters();
    let query = use_query::<graphql::AllStores>(move || Some(Variables { days: days(parameters) }));
    let ranges = RANGES.map(|days| (days.to_string(), t::range_days(days))).to_vec();
    let chosen = Signal::derive(move || days(parameters).to_string());
    let pick = move |value: String| parameters.set(&[("days", if value == "30" { "" } else { &value })]);
    let many = Many { chosen: RwSignal::new(BTreeSet::new()), change: Change::default(), query };
    let content = move |data: Arc<ResponseData>| content(&data.viewer.organisations, many);
    view! {
        <PageHead title=t::all_stores() />
        <div class="stack stack--wide">
            <div><Segmented label=t::range() options=ranges value=chosen on_pick=pick /></div>
            {stateful(query, || skeleton_rows(6), content)}
        </div>
    }
    .into_any()
}

/// Sums of one currency.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sum {
    pub orders: i64,
    pub minor: i64,
}

/// What was recovered by click, by currency: amounts of different currencies are never added up.
pub(super) fn sums<'a>(list: impl Iterator<Item = &'a Figures>) -> BTreeMap<String, Sum> {
    let mut sums = BTreeMap::<String, Sum>::new();
    let minor = |decimal: &str, currency: &str| {
        let money = currency.parse().ok().and_then(|currency| Money::parse_decimal(decimal, currency).ok());
        money.map_or(0, |money| money.minor)
    };
    for one in list {
        let (own, orders) = (&one.recovered_by_click.revenue, one.recovered_by_click.orders);
        let sum = sums.entry(own.currency.clone()).or_default();
        (sum.orders, sum.minor) = (sum.orders + orders, sum.minor + minor(&own.decimal, &own.currency));
        for other in &one.recovered_elsewhere {
            sums.entry(other.currency.clone()).or_default().minor += minor(&other.decimal, &other.currency);
        }
    }
    sums
}

/// What is done to many stores at once.
#[derive(Clone, Copy)]
struct Many {
    /// The ids of those that are chosen.
    chosen: RwSignal<BTreeSet<String>>,
    change: Change,
    query: Query<ResponseData>,
}

impl Many {
    fn send(self, pause: bool) {
        let toasts = use_toasts();
        let stores: Vec<String> = self.chosen.get_untracked().into_iter().collect();
        let variables = graphql::pause_stores::Variables { stores, pause };
        self.change.send::<graphql::PauseStores>(variables, move |data| {
            let left = i64::try_from(data.pause_stores.user_errors.len()).unwrap_or(0);
            if left > 0 {
                toasts.failed(t::many_left(left));
            }
            let many = i64::try_from(data.pause_stores.changed.len()).unwrap_or(0);
            toasts.done(if pause { t::many_paused(many) } else { t::many_resumed(many) });
            self.chosen.set(BTreeSet::new());
            self.query.refetch();
        });
    }

    /// What stands above the list while stores are chosen.
    fn bar(self) -> AnyView {
        let count = move || i64::try_from(self.chosen.with(BTreeSet::len)).unwrap_or(0);
        let bar = move || {
            (count() > 0).then(|| {
                view! {
                    <div class="row row--wrap" role="group" aria-label=t::many()>
                        <span class="muted">{t::many_chosen(count())}</span>
                        <Button label=t::many_pause() sign=Icon::Pause busy=self.change.busy on_press=move |()| self.send(true) />
                        <Button label=t::many_resume() sign=Icon::Play busy=self.change.busy on_press=move |()| self.send(false) />
                    </div>
                }
            })
        };
        view! { {bar} {outcome(self.change, &[])} }.into_any()
    }

    /// The box of one store.
    fn tick(self, id: &str, name: &str) -> AnyView {
        let (mine, id) = (id.to_owned(), id.to_owned());
        let flip = move |on: bool| {
            self.chosen.update(|chosen| {
                if on {
                    chosen.insert(id.clone())
                } else {
                    chosen.remove(&id)
                };
            });
        };
        view! {
            <input
                class="tick"
                type="checkbox"
                aria-label=t::many_choose(name)
                prop:checked=move || self.chosen.with(|chosen| chosen.contains(&mine))
                on:change:target=move |event| flip(event.target().checked())
            />
        }
        .into_any()
    }
}

fn content(organisations: &[Organisation], many: Many) -> AnyView {
    // Once each: a store may be reached by two organisations of the same person.
    let mut seen = BTreeSet::new();
    let rows: Vec<(&Organisation, &Figures)> = organisations
        .iter()
        .flat_map(|organisation| organisation.figures.iter().map(move |one| (organisation, one)))
        .filter(|(_, one)| seen.insert(one.store.id.clone()))
        .collect();
    if rows.is_empty() {
        return empty(Icon::Store, t::all_stores_none(), t::all_stores_none_words(), ().into_any());
    }
    let total =
        |pick: fn(&Figures) -> i64| format::number(rows.iter().map(|(_, one)| pick(one)).sum::<i64>());
    let amounts: Vec<_> = sums(rows.iter().map(|(_, one)| *one))
        .into_iter()
        .filter_map(|(code, sum)| {
            let money = Money { minor: sum.minor, currency: code.parse().ok()? };
            let note = view! { {t::orders(sum.orders)} }.into_any();
            let value = format::money(&money.to_decimal(), &code);
            Some(stat(t::all_stores_recovered(&code), t::recovered_click_meaning(), value, note))
        })
        .collect();
    let count = |n: i64| view! { {t::all_stores_count(n)} }.into_any();
    let all = i64::try_from(rows.len()).unwrap_or(i64::MAX);
    let lines: Vec<_> = rows.iter().map(|(organisation, one)| row(&organisation.name, one, many)).collect();
    view! {
        <section class="stats" aria-label=t::recovered_figures()>
            {amounts}
            {stat(t::all_stores_abandoned(), t::all_stores_abandoned_meaning(), total(|one| one.abandoned), count(all))}
        </section>
        <section class="section" aria-labelledby="stores">
            <h2 id="stores">{t::all_stores_list()}</h2>
            {many.bar()}
            <div class="table-frame">
                <table class="table table--linked table--cards">
                    <thead>
                        <tr>
                            <th scope="col">{t::settings_store()}</th>
                            <th scope="col" class="right">{t::recovered_click()}</th>
                            <th scope="col" class="right">{t::all_stores_abandoned()}</th>
                            <th scope="col">{t::attention()}</th>
                            <th scope="col">{t::all_stores_seen()}</th>
                        </tr>
                    </thead>
                    <tbody>{lines}</tbody>
                </table>
            </div>
        </section>
    }
    .into_any()
}

fn row(organisation: &str, one: &Figures, many: Many) -> AnyView {
    let store = &one.store;
    let route = if graphql::role(&store.role) >= Role::Analyst { Route::Home } else { Route::Carts };
    let money = &one.recovered_by_click.revenue;
    let client =
        store.visit.is_some().then(|| view! { " " {badge(Tone::Information, None, t::store_client())} });
    let sandbox = store.sandbox.then(|| view! { " " {badge(Tone::Caution, None, t::store_sandbox())} });
    let trouble: i64 = one.attention.iter().map(|one| one.count).sum();
    let health = if trouble > 0 {
        badge(Tone::Caution, Some(Icon::TriangleAlert), t::all_stores_trouble(trouble))
    } else {
        badge(Tone::Positive, Some(Icon::Check), t::all_stores_well())
    };
    let seen = match one.last_event_at {
        Some(at) => moment(at.0),
        None => view! { {t::all_stores_never()} }.into_any(),
    };
    view! {
        <tr>
            <td>
                <div class="row row--wrap">
                    {(graphql::role(&store.role) >= Role::Editor).then(|| many.tick(&store.id, &store.name))}
                    <a class="table__link anywhere" href=route.path(&store.id)>{store.name.clone()}</a>{client}{sandbox}
                </div>
                <div class="tiny muted anywhere">{organisation.to_owned()}</div>
            </td>
            <td class="right">
                <div class="strong">{format::money(&money.decimal, &money.currency)}</div>
                <div class="tiny muted">{t::orders(one.recovered_by_click.orders)}</div>
            </td>
            <td class="right" data-name=t::all_stores_abandoned()>{format::number(one.abandoned)}</td>
            <td>{health}</td>
            <td class="muted nowrap" data-name=t::all_stores_seen()>{seen}</td>
        </tr>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::{Sum, sums};
    use serde_json::json;

    #[test]
    fn amounts_of_different_currencies_are_never_added_up() {
        let figures = |currency: &str, decimal: &str, elsewhere: serde_json::Value| {
            serde_json::from_value(json!({
                "store": { "id": "store_1", "name": "A", "role": "owner", "sandbox": true, "currency": currency, "visit": null },
                "carts": 3, "abandoned": 2, "sent": 1, "orders": { "orders": 4, "revenue": { "decimal": "9.00", "currency": currency } },
                "recoveredByClick": { "orders": 2, "revenue": { "decimal": decimal, "currency": currency } },
                "recoveredElsewhere": elsewhere, "attention": [], "lastEventAt": null,
            }))
            .unwrap()
        };
        let list = [
            figures("EUR", "10.50", json!([{ "decimal": "7", "currency": "JPY" }])),
            figures("CHF", "1.00", json!([])),
            figures("EUR", "0.55", json!([{ "decimal": "2.00", "currency": "CHF" }])),
        ];
        let sums = sums(list.iter());
        assert_eq!(sums["EUR"], Sum { orders: 4, minor: 1_105 });
        assert_eq!(sums["CHF"], Sum { orders: 2, minor: 300 });
        assert_eq!(sums["JPY"], Sum { orders: 0, minor: 7 });
    }
}
