//! Home: one sentence about what Cartwheel earned, how it is counted, how it went, what needs a look, what comes next.

mod figures;
mod funnel;
mod setup;
mod trend;

use std::sync::Arc;

use leptos::prelude::*;

use crate::api::use_query;
use crate::graphql::home::{HomeStore, ResponseData, Variables};
use crate::graphql::{
    self,
    types::{Attribution, SetupCode},
};
use crate::i18n::{format, t};
use crate::pages::live::follow_figures;
use crate::route::{Parameters, Route, use_parameters, use_store_id};
use crate::ui::{Icon, Segmented, Tone, badge, empty, moment, notice, set_title, skeleton_page, stateful};
use crate::words;

/// The ranges one can look at, in days.
const RANGES: [i64; 3] = [7, 30, 90];

fn days(parameters: Parameters) -> i64 {
    parameters.get("days").parse().ok().filter(|days| RANGES.contains(days)).unwrap_or(30)
}

/// The home page.
#[component]
pub fn Home() -> impl IntoView {
    let (store, parameters) = (use_store_id(), use_parameters());
    let query =
        use_query::<graphql::Home>(move || Some(Variables { store: store.get(), days: days(parameters) }));
    follow_figures(store, move || query.refetch());
    set_title(&t::nav_home());
    let content = move |data: Arc<ResponseData>| match &data.store {
        Some(data) => content(data, &store.get(), parameters),
        None => ().into_any(),
    };
    let ranges = RANGES.map(|days| (days.to_string(), t::range_days(days))).to_vec();
    let chosen = Signal::derive(move || days(parameters).to_string());
    let pick = move |value: String| parameters.set(&[("days", if value == "30" { "" } else { &value })]);
    view! {
        <div class="home__bar">
            <h1 id="page-title" tabindex="-1" class="home__title">{t::nav_home()}</h1>
            <Segmented label=t::range() options=ranges value=chosen on_pick=pick />
        </div>
        {stateful(query, skeleton_page, content)}
    }
    .into_any()
}

fn content(data: &HomeStore, store: &str, parameters: Parameters) -> AnyView {
    let overview = &data.overview;
    // The checklist leads up to the first recovery; after it there is nothing left to lead to.
    let recovered =
        |step: &crate::graphql::home::HomeStoreSetup| step.code == SetupCode::FirstRecovery && step.done;
    let done = data.setup.iter().all(|step| step.done) || data.setup.iter().any(recovered);
    view! {
        <div class="stack stack--wide">
            {figures::headline(overview, days(parameters))}
            {(!done).then(|| setup::checklist(&data.setup, store))}
            {attention(data)}
            {figures::definitions(overview)}
            {trend::trend(overview, parameters)}
            <div class="columns columns--half">
                {funnel::funnel(&overview.funnel, store)}
                {recoveries(data, store)}
            </div>
        </div>
    }
    .into_any()
}

/// What needs a look.
fn attention(data: &HomeStore) -> Option<AnyView> {
    let notices: Vec<_> = data
        .attention
        .iter()
        .map(|one| {
            let (title, words) = match one.code.as_str() {
                "runs_late" => (t::attention_late(one.count), t::attention_late_words()),
                "messages_uncertain" => (t::attention_uncertain(one.count), t::attention_uncertain_words()),
                "messages_failed" => (t::attention_failed(one.count), t::attention_failed_words()),
                "sending_paused" => (t::billing_hold(), t::billing_hold_words()),
                "mail_paused" => (t::mailer_paused(), mail_words(one.detail.as_deref())),
                "mail_slow" => (t::mailer_slow(), mail_words(one.detail.as_deref())),
                "mail_warned" => (t::mailer_warned(), mail_words(one.detail.as_deref())),
                "postal_address_missing" => (t::attention_address(), t::settings_address_hint()),
                "platform_trouble" => (t::attention_platform(), t::attention_platform_words()),
                "platform_reminder" => (t::attention_reminder(), t::attention_reminder_words()),
                other => (other.replace('_', " "), one.detail.clone().unwrap_or_default()),
            };
            notice(Tone::Caution, title, view! { <p class="muted">{words}</p> }.into_any())
        })
        .collect();
    (!notices.is_empty())
        .then(|| view! { <section class="stack" aria-label=t::attention()>{notices}</section> }.into_any())
}

/// Why mail goes slowly or not at all, and where to go.
fn mail_words(why: Option<&str>) -> String {
    let words = if why == Some("complaints") { t::mailer_why_complaints() } else { t::mailer_why_bounces() };
    format!("{words} {}", t::mailer_see())
}

/// The rows behind the figure.
fn recoveries(data: &HomeStore, store: &str) -> AnyView {
    let rows: Vec<_> = data
        .overview
        .recent_recoveries
        .iter()
        .map(|one| {
            let contact = one.cart.contact.as_ref();
            let name = words::person(
                contact.and_then(|contact| contact.name.as_deref()),
                contact.and_then(|contact| contact.email.as_deref()),
            );
            let way = match one.attribution {
                Attribution::Click => badge(Tone::Positive, Some(Icon::MousePointerClick), t::attribution_click()),
                Attribution::Window => badge(Tone::Neutral, Some(Icon::Clock), t::attribution_window()),
            };
            view! {
                <tr>
                    <td class="truncate">
                        <a class="table__link" href=Route::Cart(one.cart.id.clone()).path(store)>{name}</a>
                        <div class="tiny muted">{moment(one.at.0)}</div>
                    </td>
                    <td>{way}</td>
                    <td class="right strong">{format::money(&one.order.total.decimal, &one.order.total.currency)}</td>
                </tr>
            }
        })
        .collect();
    let body = if rows.is_empty() {
        empty(Icon::ShoppingCart, t::recoveries_none(), t::recoveries_none_words(), ().into_any())
    } else {
        view! { <div class="table-frame"><table class="table table--linked recoveries"><tbody>{rows}</tbody></table></div> }.into_any()
    };
    view! {
        <section class="section" aria-labelledby="recoveries">
            <div class="row row--between">
                <h2 id="recoveries">{t::recoveries()}</h2>
                <a class="link small" href=format!("{}?status=recovered", Route::Carts.path(store))>{t::show_all()}</a>
            </div>
            {body}
        </section>
    }
    .into_any()
}

#[cfg(test)]
mod tests;
