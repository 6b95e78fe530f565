//! The settings, a part at a time. What is typed is judged at once and again by the server.

mod abandonment;
mod form;
mod mail;
mod platform;
mod push;
mod sending;
mod snippet;
mod store;
mod texts;
mod webhooks;

use std::sync::Arc;

use leptos::prelude::*;

use crate::api::use_query;
use crate::graphql;
use crate::graphql::settings::{ResponseData, Variables};
use crate::graphql::types::Role;
use crate::i18n::t;
use crate::route::{Route, Section, use_place, use_store_id};
use crate::shell::use_store;
use crate::ui::{PageHead, Tab, skeleton_lines, stateful, tabs};
use crate::words;

/// The settings.
#[component]
pub fn Settings() -> impl IntoView {
    let (store, place) = (use_store_id(), use_place());
    let section = Memo::new(move |before: Option<&Section>| match place.with(|place| place.route.clone()) {
        Route::Settings(section) => section,
        _ => before.copied().unwrap_or(Section::Store),
    });
    let query = use_query::<graphql::Settings>(move || Some(Variables { store: store.get() }));
    let info = use_store();
    let row = move || {
        let role = info.get().map_or(Role::Support, |info| info.role);
        let tab = |one: Section| Tab {
            href: Route::Settings(one).path(&store.get()),
            name: words::section(one),
            current: section.get() == one,
        };
        let shown = Section::ALL.into_iter().filter(|one| role >= Route::Settings(*one).least());
        tabs(t::nav_settings(), shown.map(tab).collect())
    };
    view! {
        <PageHead title=t::nav_settings() />
        {row}
        {stateful(query, || skeleton_lines(8), move |data: Arc<ResponseData>| {
            let Some(data) = data.store.clone() else { return ().into_any() };
            let context = form::Context { store: data.id.clone(), query };
            match section.get() {
                Section::Store => store::form(&data, context),
                Section::Abandonment => abandonment::form(&data, context),
                Section::Sending => view! {
                    <div class="stack stack--wide">
                        {sending::form(&data, context.clone())}
                        {mail::part(&data, &context)}
                    </div>
                }
                .into_any(),
                Section::Texts => texts::form(&data, context),
                Section::Push => push::part(&data, context, info.with(|info| info.as_ref().is_some_and(|it| it.role >= Role::Admin))),
                Section::Snippet => snippet::form(&data, context),
                Section::Platform => platform::part(),
                Section::Webhooks => webhooks::part(),
            }
        })}
    }
    .into_any()
}
