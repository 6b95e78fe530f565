//! The carts, newest change first. What happens in the shop appears while one looks.

use std::sync::Arc;

use leptos::prelude::*;

use crate::api::{LinkState, link_state, use_query};
use crate::graphql::carts::{CartsStoreCarts, ResponseData, Variables};
use crate::graphql::{
    self,
    types::{CartKind, CartStatus},
};
use crate::i18n::t;
use crate::pages::live::follow_carts;
use crate::pages::shared::{CartRow, PAGE, cart_table};
use crate::route::{Parameters, Route, Section, use_parameters, use_store_id};
use crate::ui::{
    ButtonKind, Icon, PageHead, Pager, SearchField, Select, Tone, badge, button_link, empty, skeleton_rows,
    stateful,
};
use crate::words;

/// The list of carts.
#[component]
pub fn Carts() -> impl IntoView {
    let (store, parameters) = (use_store_id(), use_parameters());
    let query = use_query::<graphql::Carts>(move || {
        let text = |name| Some(parameters.get(name)).filter(|text| !text.is_empty());
        Some(Variables {
            store: store.get(),
            status: CartStatus::from_word(&parameters.get("status")),
            kind: CartKind::from_word(&parameters.get("kind")),
            search: text("q"),
            first: PAGE,
            after: text("after"),
        })
    });
    let fresh = RwSignal::new(Vec::<String>::new());
    follow_carts(store, move |changed| {
        fresh.set(changed.to_vec());
        query.refetch();
    });
    let content = move |data: Arc<ResponseData>| match &data.store {
        Some(data) => list(&data.carts, &store.get(), parameters, fresh),
        None => ().into_any(),
    };
    let actions = || view! { <LiveBadge /> }.into_any();
    let about = || view! { {t::carts_about()} }.into_any();
    view! {
        <PageHead title=t::nav_carts() about=about actions=actions />
        <div class="stack">
            <Filters parameters />
            {stateful(query, || skeleton_rows(8), content)}
        </div>
    }
    .into_any()
}

/// Whether the list follows the shop.
#[component]
fn LiveBadge() -> impl IntoView {
    let state = link_state();
    view! {
        <span role="status">
            {move || match state.get() {
                LinkState::Live => badge(Tone::Positive, None, t::live()),
                LinkState::Idle | LinkState::Opening => badge(Tone::Quiet, None, t::live_opening()),
                LinkState::Lost => badge(Tone::Caution, Some(Icon::TriangleAlert), t::live_lost()),
            }}
        </span>
    }
    .into_any()
}

#[component]
fn Filters(parameters: Parameters) -> impl IntoView {
    let all = || vec![(String::new(), t::carts_all())];
    let word = |word: &str| word.to_ascii_lowercase();
    let mut statuses = all();
    statuses.extend(CartStatus::ALL.iter().map(|status| (word(status.word()), words::cart_status(*status))));
    let mut kinds = vec![(String::new(), t::carts_all_kinds())];
    kinds.extend(CartKind::ALL.iter().map(|kind| (word(kind.word()), words::cart_kind(*kind))));
    view! {
        <div class="toolbar">
            <SearchField label=t::carts_search() value=parameters.signal("q") on_search=move |text: String| parameters.set(&[("q", text.trim()), ("after", "")]) />
            <Select id="status" label=t::carts_status() options=statuses value=parameters.signal("status") on_pick=move |value: String| parameters.set(&[("status", &value), ("after", "")]) />
            <Select id="kind" label=t::carts_kind() options=kinds value=parameters.signal("kind") on_pick=move |value: String| parameters.set(&[("kind", &value), ("after", "")]) />
        </div>
    }
    .into_any()
}

fn list(
    carts: &CartsStoreCarts,
    store: &str,
    parameters: Parameters,
    fresh: RwSignal<Vec<String>>,
) -> AnyView {
    if carts.edges.is_empty() {
        return nothing(store, parameters);
    }
    let rows: Vec<CartRow> = carts
        .edges
        .iter()
        .map(|edge| {
            let cart = &edge.node;
            let contact = cart.contact.as_ref();
            CartRow {
                id: cart.id.clone(),
                kind: cart.kind,
                status: cart.status,
                excluded: cart.excluded.clone(),
                items: cart.item_count,
                total: (cart.total.decimal.clone(), cart.total.currency.clone()),
                updated: cart.updated_at,
                person: Some(words::person(
                    contact.and_then(|contact| contact.name.as_deref()),
                    contact.and_then(|contact| contact.email.as_deref()),
                )),
            }
        })
        .collect();
    let shown = match carts.total_count {
        Some(all) => t::carts_shown(all, &rows.len().to_string()),
        None => t::carts_count(rows.len() as i64),
    };
    let next = carts.page_info.end_cursor.clone().unwrap_or_default();
    view! {
        <div>
            {cart_table(store, rows, move |id| fresh.with(|fresh| fresh.iter().any(|one| one == id)))}
            <Pager
                shown=shown
                has_before=!parameters.get("after").is_empty()
                has_after=carts.page_info.has_next_page
                on_first=move |()| parameters.set(&[("after", "")])
                on_next=move |()| parameters.set(&[("after", &next)])
            />
        </div>
    }
    .into_any()
}

fn nothing(store: &str, parameters: Parameters) -> AnyView {
    let filtered = ["q", "status", "kind"].iter().any(|name| !parameters.get(name).is_empty());
    if filtered {
        let next = button_link(Route::Carts.path(store), ButtonKind::Plain, t::filters_clear());
        return empty(Icon::Search, t::carts_none_found(), t::carts_none_found_words(), next);
    }
    let next = button_link(
        Route::Settings(Section::Snippet).path(store),
        ButtonKind::Primary,
        t::setup_snippet_do(),
    );
    empty(Icon::ShoppingCart, t::carts_none(), t::carts_none_words(), next)
}
