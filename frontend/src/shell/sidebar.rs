//! The sidebar: the store, the pages.

use leptos::prelude::*;

use super::brand::brand;
use super::nav;
use super::stores::{use_store, use_stores};
use crate::i18n::t;
use crate::route::{Route, use_store_id};
use crate::ui::{Icon, Menu, MenuItem, icon};

/// The sidebar of wide screens, and of the drawer on small ones.
#[component]
pub fn Sidebar() -> impl IntoView {
    let store = use_store_id();
    view! {
        <aside class="sidebar" aria-label="Cartwheel">
            {brand()}
            {(!use_stores().list.is_empty()).then(|| view! { <StoreSwitch /> })}
            {nav::shown().map(|which| view! {
                <nav class="nav" aria-label=t::nav_main()>{nav::links(store, "nav__link", which)}</nav>
            })}
        </aside>
    }
    .into_any()
}

/// The store looked at, and the others.
#[component]
fn StoreSwitch() -> impl IntoView {
    let (stores, store) = (use_stores(), use_store());
    let list = stores.list.clone();
    let label = Signal::derive(move || {
        let shown = store.get().map(|store| (store.name, store.organisation));
        let (name, organisation) = shown.unwrap_or_else(|| (t::all_stores(), String::new()));
        format!("{}: {name} {organisation}", t::nav_store())
    });
    let face = move || {
        let name = move || store.get().map_or_else(t::all_stores, |store| store.name);
        let organisation = move || store.get().map(|store| store.organisation).unwrap_or_default();
        view! {
            <span class="store-switch__names">
                <b class="truncate">{name}</b>
                " "
                <small class="truncate">{organisation}</small>
            </span>
            {icon(Icon::ChevronDown)}
        }
        .into_any()
    };
    view! {
        <Menu label=label class="store-switch" face=face left=true>
            {(list.len() > 1).then(|| view! {
                <MenuItem label=t::all_stores() sign=Icon::List href=Route::AllStores.path("") />
            })}
            {list
                .iter()
                .map(|one| {
                    let chosen = store.get_untracked().is_some_and(|store| store.id == one.id);
                    let sign = if chosen { Icon::Check } else { Icon::Store };
                    view! { <MenuItem label=one.name.clone() sign=sign href=one.entrance() /> }
                })
                .collect_view()}
            {stores
                .bare()
                .map(|one| view! { <MenuItem label=one.name.clone() sign=Icon::Building href=one.entrance() /> })
                .collect_view()}
            {(!stores.open_in.is_empty()).then(|| view! {
                <MenuItem label=t::new_store_title() sign=Icon::Plus href=Route::NewStore.path("") />
            })}
        </Menu>
    }
    .into_any()
}
