//! The frame: who is signed in is fetched once, then sidebar, top bar and the page of the address.

use std::sync::Arc;

use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::hooks::{use_location, use_navigate};

use super::brand::brand;
use super::nav;
use super::palette::Palette;
use super::sidebar::Sidebar;
use super::stores::{StoreInfo, Stores, use_store};
use super::topbar::TopBar;
use super::visit;
use crate::api::use_query;
use crate::browser;
use crate::graphql;
use crate::graphql::types::Role;
use crate::i18n::t;
use crate::pages;
use crate::route::{Part, Route, use_place, use_store_id};
use crate::ui::{Clock, Dialog, DialogKind, Icon, ToastShelf, Toasts, Tone, empty_page, fault, notice};
use crate::words;

/// The frame with the page inside.
#[component]
pub fn Frame() -> impl IntoView {
    Toasts::provide();
    Clock::provide();
    let viewer = use_query::<graphql::Viewer>(|| Some(graphql::viewer::Variables {}));
    let again = Callback::new(move |()| viewer.refetch());
    move || match (viewer.data.get(), viewer.fault.get()) {
        (Some(data), _) => {
            provide_context(Arc::new(graphql::stores(&data)));
            view! { <Inside /> }.into_any()
        }
        (None, trouble) => view! {
            <div class="frame">
                <div class="sidebar">{brand()}</div>
                <main class="main">
                    <div class="topbar"></div>
                    <div class="page">{trouble.map(|trouble| fault(&trouble, Some(again)))}</div>
                </main>
            </div>
        }
        .into_any(),
    }
}

#[component]
fn Inside() -> impl IntoView {
    let (palette, drawer) = (RwSignal::new(false), RwSignal::new(false));
    let store = use_store_id();
    let path = use_location().pathname;
    follow(path, drawer);
    view! {
        <a class="skip" href="#main">{t::nav_skip()}</a>
        <div class="frame">
            <Sidebar />
            <div class="main">
                <TopBar palette drawer />
                <main class="page" id="main">{withheld()}{visit::notices()}<Page /></main>
            </div>
        </div>
        {(!super::use_stores().list.is_empty()).then(|| view! {
            <nav class="tabbar" aria-label=t::nav_main()>
                {nav::links(store, "tabbar__link", |route| !matches!(route, Route::Templates | Route::Settings(_) | Route::Organisation(_)))}
            </nav>
        })}
        <Dialog label=t::nav_main() open=drawer kind=DialogKind::Left><Sidebar /></Dialog>
        <Palette open=palette />
        <ToastShelf />
    }
    .into_any()
}

/// After a change of page: the drawer closes, the view starts at its top, and the keyboard starts at its heading.
fn follow(path: Memo<String>, drawer: RwSignal<bool>) {
    Effect::new(move |before: Option<String>| {
        let now = path.get();
        if before.is_some_and(|before| before != now) {
            drawer.set(false);
            browser::after(0, || browser::focus("page-title"));
        }
        now
    });
}

/// The page of the address. It stays while only its id or its parameters change.
#[component]
fn Page() -> impl IntoView {
    let (place, store) = (use_place(), use_store());
    let stores = super::use_stores();
    let kind = Memo::new(move |_| place.with(|place| (place.route.kind(), place.store.clone())));
    let navigate = use_navigate();
    if stores.withheld && stores.list.is_empty() && stores.open_in.is_empty() {
        // Whatever the address, and once: recovery codes are shown here that are not shown again.
        return pages::page(&Route::Account);
    }
    let content = move || {
        // Read, not only tracked: a memo that nobody reads never looks at its sources.
        kind.get();
        let place = place.get_untracked();
        match (&place.route, store.get_untracked()) {
            (Route::Start, _) => match stores.first() {
                Some(first) => {
                    navigate(
                        &first.entrance(),
                        NavigateOptions { replace: true, ..NavigateOptions::default() },
                    );
                    ().into_any()
                }
                None if stores.organisations.iter().any(|one| one.guest && one.role >= Role::Admin) => {
                    // An agency begins with the stores of others.
                    navigate(
                        &Route::Organisation(Part::Access).path(""),
                        NavigateOptions { replace: true, ..NavigateOptions::default() },
                    );
                    ().into_any()
                }
                None if stores.open_in.is_empty() => {
                    empty_page(Icon::Store, t::no_store_title(), t::no_store_words(), ().into_any())
                }
                None => pages::page(&Route::NewStore),
            },
            (route @ Route::Organisation(_), None)
                if place.store.is_none() && !stores.organisations.is_empty() =>
            {
                pages::page(route)
            }
            (Route::Account, None) => pages::page(&Route::Account),
            (route @ (Route::NewStore | Route::NewOrganisation | Route::AllStores), _) => pages::page(route),
            (Route::Kit, _) => pages::kit(),
            (Route::Unknown, _) | (_, None) => not_found(&stores),
            (Route::Organisation(_), Some(info)) if !info.member => {
                empty_page(Icon::ShieldCheck, t::nav_organisation(), t::organisation_single(), ().into_any())
            }
            (route, Some(info)) if info.role < route.least() => needs(route.least(), info.role),
            (route, Some(info)) => {
                Stores::remember(&info.id);
                pages::page(route)
            }
        }
    };
    content.into_any()
}

/// To whoever sees some of their stores and not their agency's.
fn withheld() -> Option<AnyView> {
    let stores = super::use_stores();
    let some = stores.withheld && !(stores.list.is_empty() && stores.open_in.is_empty());
    let way = view! { <a class="link" href=Route::Account.path("")>{t::factor_start()}</a> };
    some.then(|| notice(Tone::Caution, t::factor_required(), way.into_any()))
}

/// In place of what the reader's role does not show.
fn needs(least: Role, own: Role) -> AnyView {
    let title = t::needs_title(&words::role(least));
    empty_page(Icon::ShieldCheck, title, t::needs_page_words(&words::role(own)), ().into_any())
}

fn not_found(stores: &Stores) -> AnyView {
    let home = stores.first().map_or_else(|| "/".to_owned(), StoreInfo::entrance);
    let next = crate::ui::button_link(home, crate::ui::ButtonKind::Primary, t::not_found_home());
    empty_page(Icon::CircleAlert, t::not_found_title(), t::not_found_words(), next)
}
