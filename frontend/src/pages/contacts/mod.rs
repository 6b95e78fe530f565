//! The contacts, last seen first.

use std::sync::Arc;

use leptos::prelude::*;

use crate::api::use_query;
use crate::graphql;
use crate::graphql::contacts::{
    ContactsStoreContacts, ContactsStoreContactsEdgesNode as Contact, ResponseData, Variables,
};
use crate::i18n::{format, t};
use crate::pages::shared::PAGE;
use crate::route::{Parameters, Route, Section, use_parameters, use_store_id};
use crate::ui::{
    ButtonKind, Icon, PageHead, Pager, SearchField, Tone, badge, button_link, empty, moment, skeleton_rows,
    stateful,
};
use crate::words;

/// The list of contacts.
#[component]
pub fn Contacts() -> impl IntoView {
    let (store, parameters) = (use_store_id(), use_parameters());
    let query = use_query::<graphql::Contacts>(move || {
        let text = |name| Some(parameters.get(name)).filter(|text| !text.is_empty());
        Some(Variables { store: store.get(), search: text("q"), first: PAGE, after: text("after") })
    });
    let content = move |data: Arc<ResponseData>| match &data.store {
        Some(data) => list(&data.contacts, &store.get(), parameters),
        None => ().into_any(),
    };
    let about = || view! { {t::contacts_about()} }.into_any();
    let search = move |text: String| parameters.set(&[("q", text.trim()), ("after", "")]);
    view! {
        <PageHead title=t::nav_contacts() about=about />
        <div class="stack">
            <div class="toolbar"><SearchField label=t::contacts_search() value=parameters.signal("q") on_search=search /></div>
            {stateful(query, || skeleton_rows(8), content)}
        </div>
    }
    .into_any()
}

fn list(contacts: &ContactsStoreContacts, store: &str, parameters: Parameters) -> AnyView {
    if contacts.edges.is_empty() {
        return if parameters.get("q").is_empty() {
            let next = button_link(
                Route::Settings(Section::Snippet).path(store),
                ButtonKind::Primary,
                t::setup_snippet_do(),
            );
            empty(Icon::Users, t::contacts_none(), t::contacts_none_words(), next)
        } else {
            let next = button_link(Route::Contacts.path(store), ButtonKind::Plain, t::filters_clear());
            empty(Icon::Search, t::contacts_none_found(), t::contacts_none_found_words(), next)
        };
    }
    let rows: Vec<_> = contacts.edges.iter().map(|edge| row(&edge.node, store)).collect();
    let shown = match contacts.total_count {
        Some(all) => t::contacts_shown(all, &rows.len().to_string()),
        None => t::contacts_count(rows.len() as i64),
    };
    let next = contacts.page_info.end_cursor.clone().unwrap_or_default();
    view! {
        <div>
            <div class="table-frame">
                <table class="table table--linked table--cards contacts-table">
                    <thead>
                        <tr>
                            <th scope="col">{t::contact()}</th>
                            <th scope="col">{t::contact_email()}</th>
                            <th scope="col">{t::contact_permission()}</th>
                            <th scope="col" class="right">{t::contact_orders()}</th>
                            <th scope="col">{t::contact_seen()}</th>
                        </tr>
                    </thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
            <Pager
                shown=shown
                has_before=!parameters.get("after").is_empty()
                has_after=contacts.page_info.has_next_page
                on_first=move |()| parameters.set(&[("after", "")])
                on_next=move |()| parameters.set(&[("after", &next)])
            />
        </div>
    }
    .into_any()
}

fn row(contact: &Contact, store: &str) -> AnyView {
    let name = words::person(contact.name.as_deref(), contact.email.as_deref());
    let address = contact.email.clone().filter(|email| *email != name).or_else(|| contact.phone.clone());
    let state = if contact.erased {
        badge(Tone::Quiet, Some(Icon::Ban), t::contact_erased())
    } else if contact.suppressed {
        badge(Tone::Caution, Some(Icon::Ban), t::contact_suppressed())
    } else if contact.email.is_some() {
        badge(Tone::Neutral, None, t::contact_known())
    } else {
        badge(Tone::Quiet, None, t::contact_unknown())
    };
    view! {
        <tr>
            <td class="truncate"><a class="table__link" href=Route::Contact(contact.id.clone()).path(store)>{name}</a></td>
            <td class="muted truncate cell-2">{address}</td>
            <td>{state}</td>
            <td class="right only-wide">{format::number(contact.orders_count)}</td>
            <td class="muted nowrap">{moment(contact.last_seen_at.unwrap_or(contact.created_at).0)}</td>
        </tr>
    }
    .into_any()
}
