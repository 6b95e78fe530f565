//! The top bar: search and commands, what kind of store this is, and the person.

use leptos::prelude::*;
use leptos::task::spawn_local;

use super::prefs_menus::{LanguageMenu, ThemeMenu};
use super::stores::{use_store, use_stores};
use crate::api::session;
use crate::browser;
use crate::i18n::t;
use crate::route::{Route, use_store_id};
use crate::ui::{Icon, IconButton, Menu, MenuItem, Tone, badge, icon};

/// The top bar.
#[component]
pub fn TopBar(
    /// The palette.
    palette: RwSignal<bool>,
    /// The navigation of small screens.
    drawer: RwSignal<bool>,
) -> impl IntoView {
    let shortcut = if browser::is_mac() { "⌘ K" } else { "Ctrl K" };
    view! {
        <header class="topbar">
            <span class="topbar__menu"><IconButton label=t::nav_open() sign=Icon::Menu on_press=move |()| drawer.set(true) /></span>
            <button type="button" class="topbar__search" aria-keyshortcuts="Control+K Meta+K" on:click=move |_| palette.set(true)>
                {icon(Icon::Search)}
                <span>{t::palette_open()}</span>
                <kbd>{shortcut}</kbd>
            </button>
            <div class="topbar__end">
                <StoreBadge />
                <LanguageMenu />
                <ThemeMenu />
                <PersonMenu />
            </div>
        </header>
    }
    .into_any()
}

/// Says whether what happens here reaches real people.
#[component]
fn StoreBadge() -> impl IntoView {
    let store = use_store();
    move || {
        store.get().map(|store| {
            let (badge, meaning) = if store.sandbox {
                (badge(Tone::Caution, None, t::store_sandbox()), t::store_sandbox_meaning())
            } else {
                (badge(Tone::Positive, None, t::store_live()), t::store_live_meaning())
            };
            let client = store.visit.is_some().then(client);
            view! { {client}<span title=meaning>{badge}</span> }.into_any()
        })
    }
}

/// Says that the store is another organisation's.
fn client() -> AnyView {
    view! { <span title=t::store_client_meaning()>{badge(Tone::Information, None, t::store_client())}</span> }
        .into_any()
}

#[component]
fn PersonMenu() -> impl IntoView {
    let (stores, store) = (use_stores(), use_store_id());
    let initials = initials(&stores.name);
    let face = move || view! { <span class="avatar" data-initials=initials.clone()></span> }.into_any();
    let (name, email) = (stores.name.clone(), stores.email.clone());
    view! {
        <Menu label=t::person() class="btn btn--quiet btn--square" face=face>
            <div class="menu__head" role="presentation">
                <div class="strong truncate">{name.clone()}</div>
                <div class="truncate">{email.clone()}</div>
            </div>
            <div class="menu__line" role="presentation"></div>
            <MenuItem label=t::nav_account() sign=Icon::User href=Route::Account.path(&store.get_untracked()) />
            <MenuItem label=t::new_organisation() sign=Icon::Building href=Route::NewOrganisation.path("") />
            <MenuItem label=t::sign_out() sign=Icon::LogOut on_pick=move |()| spawn_local(session::sign_out()) />
        </Menu>
    }
    .into_any()
}

/// The first letters of the first and the last word.
fn initials(name: &str) -> String {
    let words: Vec<&str> = name.split([' ', '.', '@']).filter(|word| !word.is_empty()).collect();
    let first = words.first().and_then(|word| word.chars().next());
    let last = words.get(1..).and_then(<[&str]>::last).and_then(|word| word.chars().next());
    let last = if name.contains('@') { None } else { last };
    first.into_iter().chain(last).flat_map(char::to_uppercase).collect()
}

#[cfg(test)]
mod tests {
    use super::initials;

    #[test]
    fn initials_come_from_the_first_and_the_last_word() {
        assert_eq!(initials("Ada King Lovelace"), "AL");
        assert_eq!(initials("émile"), "É");
        assert_eq!(initials("owner@example.com"), "O");
        assert_eq!(initials(""), "");
    }
}
