//! Outgoing webhooks: the endpoints of the store, and one of them with what it was told.

mod deliveries;
mod edit;
mod one;

use std::sync::Arc;

use leptos::prelude::*;

use crate::api::{Query, use_query};
use crate::graphql;
use crate::graphql::types::Role;
use crate::graphql::webhook_endpoints::{
    ResponseData, Variables, WebhookEndpointsStoreWebhookEndpoints as Endpoint,
};
use crate::i18n::t;
use crate::pages::once::{self, Once};
use crate::route::{Route, Section, use_parameters, use_store_id};
use crate::shell::use_store;
use crate::ui::{Button, ButtonKind, Icon, Tone, badge, empty, icon, notice, skeleton_rows, stateful};
use crate::words;

/// What the parts of this page share. Copies are the same.
#[derive(Clone, Copy)]
struct Context {
    /// The store.
    store: Memo<String>,
    /// Its endpoints.
    query: Query<ResponseData>,
    /// A secret that is shown once.
    shown: RwSignal<Option<Once>>,
    /// Whether the reader may change anything.
    may: Memo<bool>,
}

impl Context {
    /// Shows a secret; it is not told again.
    fn show(self, secret: String) {
        let once = Once { title: t::webhook_secret(), words: t::webhook_secret_words(), text: secret };
        once::show(self.shown, once);
    }
}

/// The page.
pub fn part() -> AnyView {
    let (store, parameters, info) = (use_store_id(), use_parameters(), use_store());
    let query = use_query::<graphql::WebhookEndpoints>(move || Some(Variables { store: store.get() }));
    let may = Memo::new(move |_| info.get().is_some_and(|info| info.role >= Role::Admin));
    let context = Context { store, query, shown: RwSignal::new(None), may };
    let chosen = parameters.signal("endpoint");
    let content = stateful(
        query,
        || skeleton_rows(3),
        move |data: Arc<ResponseData>| {
            let all = data.store.as_ref().map(|store| store.webhook_endpoints.clone()).unwrap_or_default();
            let id = chosen.get();
            match all.iter().find(|endpoint| endpoint.id == id) {
                Some(endpoint) => one::part(context, endpoint),
                None => list(context, &all),
            }
        },
    );
    view! {
        <div class="stack stack--wide">
            {once::place(context.shown)}
            {content}
        </div>
    }
    .into_any()
}

/// The page of one endpoint.
fn address(store: &str, id: &str) -> String {
    format!("{}?endpoint={id}", Route::Settings(Section::Webhooks).path(store))
}

fn list(context: Context, all: &[Endpoint]) -> AnyView {
    let making = RwSignal::new(false);
    let make = move || {
        context.may.get().then(|| {
            view! { <Button label=t::webhook_add() sign=Icon::Plus kind=ButtonKind::Primary on_press=move |()| making.set(true) /> }
        })
    };
    let rows = if all.is_empty() {
        empty(Icon::Send, t::webhooks_none(), t::webhooks_about(), ().into_any())
    } else {
        let store = context.store.get();
        let rows: Vec<_> = all.iter().map(|endpoint| row(endpoint, &store)).collect();
        view! {
            <p class="muted">{t::webhooks_about()}</p>
            <div class="table-frame">
                <table class="table table--linked table--cards hooks-table">
                    <thead>
                        <tr>
                            <th scope="col">{t::webhook_url()}</th>
                            <th scope="col">{t::webhook_kinds()}</th>
                            <th scope="col">{t::webhook_state()}</th>
                        </tr>
                    </thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
        }
        .into_any()
    };
    view! {
        <section class="section" aria-labelledby="webhooks">
            <div class="row row--between row--wrap">
                <h2 id="webhooks">{t::settings_webhooks()}</h2>
                {make}
            </div>
            {rows}
        </section>
        {edit::dialog(context, None, making)}
    }
    .into_any()
}

fn row(endpoint: &Endpoint, store: &str) -> AnyView {
    let (first, second) = match endpoint.description.as_str() {
        "" => (endpoint.url.clone(), None),
        words => (words.to_owned(), Some(endpoint.url.clone())),
    };
    view! {
        <tr>
            <td>
                <a class="table__link anywhere" href=address(store, &endpoint.id)>{first}</a>
                {second.map(|url| view! { <div class="tiny muted anywhere">{url}</div> })}
            </td>
            <td class="muted" data-name=t::webhook_kinds()>{t::webhook_kinds_count(endpoint.kinds.len() as i64)}</td>
            <td>{state(endpoint)}</td>
        </tr>
    }
    .into_any()
}

/// How an endpoint is.
fn state(endpoint: &Endpoint) -> AnyView {
    match (endpoint.disabled_reason.as_deref(), endpoint.failing_since) {
        (Some("person"), _) => badge(Tone::Quiet, Some(Icon::Pause), t::webhook_off()),
        (Some(_), _) => badge(Tone::Negative, Some(Icon::CircleAlert), t::webhook_off_itself()),
        (None, Some(_)) => badge(Tone::Caution, Some(Icon::TriangleAlert), t::webhook_failing()),
        (None, None) => badge(Tone::Positive, Some(Icon::Check), t::webhook_on()),
    }
}

/// Why an endpoint is told nothing, where that was nobody's wish.
fn trouble(endpoint: &Endpoint) -> Option<AnyView> {
    let words = match endpoint.disabled_reason.as_deref()? {
        "gone" => t::webhook_off_gone(),
        "failing" => t::webhook_off_failing(),
        _ => return None,
    };
    let more = view! { <p class="muted">{icon(Icon::Info)} " " {t::webhook_off_advice()}</p> }.into_any();
    Some(notice(Tone::Negative, words, more))
}

/// What can be chosen, in words.
fn kinds(chosen: &[String]) -> Vec<(String, String, RwSignal<bool>)> {
    let kind = |kind: cartwheel_domain::hook::HookKind| {
        let word = kind.as_str().to_owned();
        let on = RwSignal::new(chosen.contains(&word));
        (word, words::hook_kind(kind.as_str()), on)
    };
    cartwheel_domain::hook::HookKind::ALL.into_iter().map(kind).collect()
}
