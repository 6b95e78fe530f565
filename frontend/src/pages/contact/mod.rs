//! One contact: who it is, what may be sent and why, the carts and the messages.

use std::sync::Arc;

use leptos::prelude::*;

use crate::api::use_query;
use crate::graphql;
use crate::graphql::contact::{
    ContactStoreContact, ContactStoreContactMaySend as Permission, ResponseData, Variables,
};
use crate::i18n::{format, t};
use crate::pages::shared::{CartRow, cart_table, fact, given};
use crate::route::{Route, use_id, use_store_id};
use crate::ui::{Crumb, Icon, PageHead, Tone, badge, empty_page, moment, skeleton_page, stateful};
use crate::words;

/// The page of a contact.
#[component]
pub fn Contact() -> impl IntoView {
    let (store, id) = (use_store_id(), use_id());
    let query =
        use_query::<graphql::Contact>(move || Some(Variables { store: store.get(), contact: id.get() }));
    stateful(query, skeleton_page, move |data: Arc<ResponseData>| {
        match data.store.as_ref().and_then(|store| store.contact.as_ref()) {
            Some(contact) => content(contact, &store.get()),
            None => empty_page(Icon::Users, t::contact_gone(), t::contact_gone_words(), ().into_any()),
        }
    })
}

fn content(contact: &ContactStoreContact, store: &str) -> AnyView {
    let name = words::person(contact.name.as_deref(), contact.email.as_deref());
    let crumbs = vec![Crumb { href: Route::Contacts.path(store), name: t::nav_contacts() }];
    let seen = contact.last_seen_at.unwrap_or(contact.created_at).0;
    let (erased, suppressed) = (contact.erased, contact.suppressed);
    let about = move || {
        view! {
            <span class="row row--wrap">
                {erased.then(|| badge(Tone::Quiet, Some(Icon::Ban), t::contact_erased()))}
                {suppressed.then(|| badge(Tone::Caution, Some(Icon::Ban), t::contact_suppressed()))}
                <span>{t::contact_seen()} " " {moment(seen)}</span>
            </span>
        }
        .into_any()
    };
    view! {
        <PageHead title=name about=about crumbs=crumbs />
        <div class="columns columns--side">
            <div class="stack stack--wide">
                {carts(contact, store)}
                {messages(contact, store)}
            </div>
            <aside class="stack" aria-label=t::cart_beside()>
                {facts(contact)}
                {permissions(&contact.may_send)}
            </aside>
        </div>
    }
    .into_any()
}

fn carts(contact: &ContactStoreContact, store: &str) -> AnyView {
    let rows: Vec<CartRow> = contact
        .carts
        .iter()
        .map(|cart| CartRow {
            id: cart.id.clone(),
            kind: cart.kind,
            status: cart.status,
            excluded: None,
            items: cart.item_count,
            total: (cart.total.decimal.clone(), cart.total.currency.clone()),
            updated: cart.updated_at,
            person: None,
        })
        .collect();
    let body = if rows.is_empty() {
        view! { <p class="muted">{t::contact_no_carts()}</p> }.into_any()
    } else {
        cart_table(store, rows, |_| false)
    };
    view! { <section class="section" aria-labelledby="carts"><h2 id="carts">{t::nav_carts()}</h2>{body}</section> }.into_any()
}

fn messages(contact: &ContactStoreContact, store: &str) -> AnyView {
    let rows: Vec<_> = contact
        .messages
        .iter()
        .map(|message| {
            let title = words::message_title(message.subject.as_deref(), &message.template);
            let link = format!("{}?message={}", Route::Inbox.path(store), message.id);
            let why = message
                .refusal
                .as_ref()
                .map(|refusal| view! { <div class="tiny muted">{words::refusal(&refusal.rule, "")}</div> });
            let returned = words::returned(message.bounce.as_deref(), message.complained_at.is_some())
                .map(|words| view! { <div class="tiny muted">{words}</div> });
            view! {
                <tr>
                    <td><a class="table__link" href=link>{title}</a>{why}{returned}</td>
                    <td>{words::message_badge(words::message_state(&message.status, message.bounce.as_deref(), message.complained_at.is_some()))}</td>
                    <td class="muted nowrap">{moment(message.sent_at.unwrap_or(message.created_at).0)}</td>
                </tr>
            }
        })
        .collect();
    let body = if rows.is_empty() {
        view! { <p class="muted">{t::contact_no_messages()}</p> }.into_any()
    } else {
        view! {
            <div class="table-frame">
                <table class="table table--linked table--cards">
                    <thead>
                        <tr>
                            <th scope="col">{t::message_subject()}</th>
                            <th scope="col">{t::message_status()}</th>
                            <th scope="col">{t::message_when()}</th>
                        </tr>
                    </thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
        }
        .into_any()
    };
    view! { <section class="section" aria-labelledby="messages"><h2 id="messages">{t::messages()}</h2>{body}</section> }.into_any()
}

fn facts(contact: &ContactStoreContact) -> AnyView {
    let tags = (!contact.tags.is_empty()).then(|| contact.tags.join(", "));
    view! {
        <section class="card" aria-labelledby="facts">
            <div class="card__head"><h2 id="facts">{t::contact()}</h2></div>
            <div class="card__body">
                <dl class="facts">
                    {fact(t::contact_name(), given(contact.name.as_ref()))}
                    {fact(t::contact_email(), given(contact.email.as_ref()))}
                    {fact(t::contact_phone(), given(contact.phone.as_ref()))}
                    {fact(t::contact_company(), given(contact.company.as_ref()))}
                    {fact(t::contact_language(), given(contact.language.as_ref()))}
                    {fact(t::contact_country(), given(contact.country.as_ref()))}
                    {fact(t::contact_zone(), given(contact.time_zone.as_ref()))}
                    {fact(t::contact_orders(), Some(format::number(contact.orders_count)))}
                    {fact(t::contact_tags(), tags)}
                    {fact(t::contact_since(), Some(format::date(contact.created_at.0)))}
                </dl>
            </div>
        </section>
    }
    .into_any()
}

fn permissions(permissions: &[Permission]) -> AnyView {
    let rows: Vec<_> = permissions
        .iter()
        .map(|one| {
            let state = if one.allowed {
                badge(Tone::Positive, Some(Icon::Check), t::permission_yes())
            } else {
                badge(Tone::Caution, Some(Icon::Ban), t::permission_no())
            };
            let channel = match one.channel.as_str() {
                "email" => t::channel_email(),
                "sms" => t::channel_sms(),
                "push" => t::channel_push(),
                other => other.to_owned(),
            };
            view! {
                <li class="stack stack--tight">
                    <div class="row row--between"><span class="strong small">{channel}</span>{state}</div>
                    {one.rule.as_deref().map(|rule| view! { <p class="muted small">{words::rule(rule)}</p> })}
                    {one.at.map(|at| view! { <p class="tiny muted">{moment(at.0)}</p> })}
                </li>
            }
        })
        .collect();
    let none = permissions.is_empty().then(|| view! { <p class="muted small">{t::refusal_no_address()}</p> });
    view! {
        <section class="card" aria-labelledby="permissions">
            <div class="card__head"><h2 id="permissions">{t::permissions()}</h2></div>
            <div class="card__body">{none}<ul class="stack">{rows}</ul></div>
        </section>
    }
    .into_any()
}
