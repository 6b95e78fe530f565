//! One cart: what happened, what was decided and why, what comes next; the basket as the shopper sees it.

mod basket;
mod messages;
mod timeline;
mod why_not;

use std::sync::Arc;

use leptos::prelude::*;

use crate::api::use_query;
use crate::graphql;
use crate::graphql::cart::{CartStoreCart, ResponseData, Variables};
use crate::graphql::types::CartStatus;
use crate::i18n::{format, t};
use crate::pages::live::{follow_carts, follow_messages};
use crate::pages::shared::{fact, given};
use crate::route::{Route, use_id, use_store_id};
use crate::ui::{Crumb, Icon, PageHead, Tone, empty_page, moment, notice, skeleton_page, stateful};
use crate::words;

/// The page of a cart.
#[component]
pub fn Cart() -> impl IntoView {
    let (store, id) = (use_store_id(), use_id());
    let query = use_query::<graphql::Cart>(move || Some(Variables { store: store.get(), cart: id.get() }));
    let look = move |changed: &[String]| {
        // An empty list: the link was lost for a while, so anything may have changed.
        if changed.is_empty() || id.with_untracked(|id| changed.contains(id)) {
            query.refetch();
        }
    };
    follow_carts(store, look);
    follow_messages(store, look);
    stateful(query, skeleton_page, move |data: Arc<ResponseData>| {
        match data.store.as_ref().and_then(|store| store.cart.as_ref()) {
            Some(cart) => content(cart, &store.get()),
            None => empty_page(Icon::ShoppingCart, t::cart_gone(), t::cart_gone_words(), ().into_any()),
        }
    })
}

fn content(cart: &CartStoreCart, store: &str) -> AnyView {
    let contact = cart.contact.as_ref();
    let name = words::person(
        contact.and_then(|contact| contact.name.as_deref()),
        contact.and_then(|contact| contact.email.as_deref()),
    );
    let known = contact.is_some_and(|contact| contact.name.is_some() || contact.email.is_some());
    let title = if known { t::cart_of(&name) } else { t::cart_of_unknown() };
    let crumbs = vec![Crumb { href: Route::Carts.path(store), name: t::nav_carts() }];
    let about = {
        let (status, kind, excluded, updated) =
            (cart.status, cart.kind, cart.excluded.clone(), cart.updated_at.0);
        move || {
            view! {
                <span class="row row--wrap">
                    {words::cart_badge(status)}
                    {excluded.as_deref().map(words::excluded)}
                    <span>{words::cart_kind(kind)}</span>
                    <span>{t::cart_changed()} " " {moment(updated)}</span>
                </span>
            }
            .into_any()
        }
    };
    view! {
        <PageHead title=title about=about crumbs=crumbs />
        <div class="columns columns--side">
            <div class="stack stack--wide">
                <div class="stack">
                    {why_not::why_not(cart)}
                    {next_step(cart)}
                    {timeline::timeline(cart, store)}
                </div>
                {messages::messages(cart, store)}
            </div>
            <aside class="stack" aria-label=t::cart_beside()>
                {basket::basket(cart)}
                {order(cart)}
                {person(cart, store)}
            </aside>
        </div>
    }
    .into_any()
}

fn next_step(cart: &CartStoreCart) -> Option<AnyView> {
    let step = cart.next_step.as_ref()?;
    let when = step.at.map(|at| view! { <span class="muted">{moment(at.0)}</span> });
    let journey = step.journey_name.clone().map(|name| view! { <span class="muted">" · " {name}</span> });
    let more = view! { <p>{when}{journey}</p> }.into_any();
    Some(notice(Tone::Information, t::next_title(&words::next_step(&step.kind)), more))
}

fn order(cart: &CartStoreCart) -> Option<AnyView> {
    let order = cart.order.as_ref()?;
    let how =
        if cart.status == CartStatus::Recovered { t::order_after_message() } else { t::order_without_us() };
    let refunded =
        order.refunded.as_ref().filter(|refunded| refunded.decimal.parse::<f64>().unwrap_or(0.0) > 0.0);
    Some(
        view! {
            <section class="card" aria-labelledby="order">
                <div class="card__head"><h2 id="order">{order.number.as_deref().map_or_else(t::order, t::order_number)}</h2></div>
                <div class="card__body">
                    <dl class="facts">
                        {fact(t::order_total(), Some(format::money(&order.total.decimal, &order.total.currency)))}
                        {fact(t::order_refunded(), refunded.map(|amount| format::money(&amount.decimal, &amount.currency)))}
                        {fact(t::order_placed(), Some(moment(order.placed_at.0)))}
                        {fact(t::order_how(), Some(how))}
                    </dl>
                </div>
            </section>
        }
        .into_any(),
    )
}

fn person(cart: &CartStoreCart, store: &str) -> AnyView {
    let Some(contact) = &cart.contact else {
        return view! {
            <section class="card">
                <div class="card__head"><h2>{t::contact_anonymous()}</h2></div>
                <div class="card__body"><p class="muted small">{t::contact_anonymous_words()}</p></div>
            </section>
        }
        .into_any();
    };
    let link = Route::Contact(contact.id.clone()).path(store);
    view! {
        <section class="card" aria-labelledby="person">
            <div class="card__head">
                <h2 id="person">{t::contact()}</h2>
                <a class="link small" href=link>{t::contact_open()}</a>
            </div>
            <div class="card__body">
                <dl class="facts">
                    {fact(t::contact_name(), given(contact.name.as_ref()))}
                    {fact(t::contact_email(), given(contact.email.as_ref()))}
                    {fact(t::contact_phone(), given(contact.phone.as_ref()))}
                    {fact(t::contact_company(), given(cart.company.as_ref()))}
                    {fact(t::contact_language(), given(contact.language.as_ref()))}
                    {fact(t::contact_country(), given(contact.country.as_ref()))}
                    {fact(t::contact_zone(), given(contact.time_zone.as_ref()))}
                </dl>
            </div>
        </section>
    }
    .into_any()
}
