//! Pages whose code is fetched when they are first asked for.
//!
//! Each function marked `wasm_split` is the door to a chunk. What is reached through it alone is taken out of the first
//! load by the bundler, so nothing outside may name what lies behind a door. On the host the code is simply there.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_split_helpers::{SplitLoaderError, wasm_split};

use super::{
    account, all_stores, cart, carts, contact, contacts, inbox, journey, journeys, new_organisation,
    new_store, organisation, outer, settings, template, templates,
};
use crate::api::{Fault, FaultKind};
use crate::browser;
use crate::i18n::{self, t};
use crate::route::Route;
use crate::shell::outside::outside;
use crate::ui::{PageHead, fault, set_title, skeleton_lines, skeleton_page, skeleton_rows};

/// A page, or the news that its code is not there.
type Drawn = Result<AnyView, SplitLoaderError>;

#[wasm_split(carts, preload(load_carts), fallible)]
fn draw_carts(route: Route) -> Drawn {
    Ok(match route {
        Route::Cart(_) => view! { <cart::Cart /> }.into_any(),
        Route::Contacts => view! { <contacts::Contacts /> }.into_any(),
        Route::Contact(_) => view! { <contact::Contact /> }.into_any(),
        _ => view! { <carts::Carts /> }.into_any(),
    })
}

#[wasm_split(journeys, preload(load_journeys), fallible)]
fn draw_journeys(route: Route) -> Drawn {
    Ok(match route {
        Route::Journey(_) => view! { <journey::Journey /> }.into_any(),
        _ => view! { <journeys::Journeys /> }.into_any(),
    })
}

#[wasm_split(templates, preload(load_templates), fallible)]
fn draw_templates(route: Route) -> Drawn {
    Ok(match route {
        Route::Template(_) => view! { <template::Template /> }.into_any(),
        _ => view! { <templates::Templates /> }.into_any(),
    })
}

#[wasm_split(inbox, preload(load_inbox), fallible)]
fn draw_inbox() -> Drawn {
    Ok(view! { <inbox::Inbox /> }.into_any())
}

#[wasm_split(settings, preload(load_settings), fallible)]
fn draw_settings() -> Drawn {
    Ok(view! { <settings::Settings /> }.into_any())
}

#[wasm_split(team, preload(load_team), fallible)]
fn draw_team(route: Route) -> Drawn {
    Ok(match route {
        Route::Account => view! { <account::Account /> }.into_any(),
        Route::NewStore => view! { <new_store::NewStore /> }.into_any(),
        Route::NewOrganisation => view! { <new_organisation::NewOrganisation /> }.into_any(),
        Route::AllStores => view! { <all_stores::AllStores /> }.into_any(),
        _ => view! { <organisation::Organisation /> }.into_any(),
    })
}

#[wasm_split(outer, preload(load_outer), fallible)]
fn draw_outer(route: Route) -> Drawn {
    Ok(outer::outer(&route))
}

/// Code that comes as a whole: pages between which people go to and fro.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Chunk {
    /// Carts and contacts, the lists and the single ones.
    Carts,
    /// The list of journeys, and the drawing with its forms.
    Journeys,
    /// The list of texts, and the place where one is written.
    Templates,
    /// The inbox.
    Inbox,
    /// The settings.
    Settings,
    /// The organisation, one's own account, all stores, another store, another organisation.
    Team,
    /// The pages of whoever is not signed in.
    Outer,
}

impl Chunk {
    /// The one a page is in; none if it is part of the first load.
    pub fn of(route: &Route) -> Option<Self> {
        match route {
            Route::Carts | Route::Cart(_) | Route::Contacts | Route::Contact(_) => Some(Self::Carts),
            Route::Journeys | Route::Journey(_) => Some(Self::Journeys),
            Route::Templates | Route::Template(_) => Some(Self::Templates),
            Route::Inbox => Some(Self::Inbox),
            Route::Settings(_) => Some(Self::Settings),
            Route::Organisation(_)
            | Route::Account
            | Route::NewStore
            | Route::NewOrganisation
            | Route::AllStores => Some(Self::Team),
            Route::Join | Route::SignUp | Route::Welcome | Route::Forgot | Route::Reset => Some(Self::Outer),
            Route::Start | Route::Home | Route::Kit | Route::Unknown => None,
        }
    }

    /// Fetches it with what it says, if they are not there yet; says whether they are now. A failure is not remembered.
    pub async fn load(self) -> bool {
        let mut code = pin!(self.code());
        // Both are on their way at once.
        let begun = now(code.as_mut());
        let texts = i18n::rest().await;
        let code = match begun {
            Some(loaded) => loaded,
            None => code.await,
        };
        code && texts
    }

    async fn code(self) -> bool {
        match self {
            Self::Carts => load_carts().await,
            Self::Journeys => load_journeys().await,
            Self::Templates => load_templates().await,
            Self::Inbox => load_inbox().await,
            Self::Settings => load_settings().await,
            Self::Team => load_team().await,
            Self::Outer => load_outer().await,
        }
        .is_ok()
    }

    async fn draw(self, route: Route) -> Drawn {
        match self {
            Self::Carts => draw_carts(route).await,
            Self::Journeys => draw_journeys(route).await,
            Self::Templates => draw_templates(route).await,
            Self::Inbox => draw_inbox().await,
            Self::Settings => draw_settings().await,
            Self::Team => draw_team(route).await,
            Self::Outer => draw_outer(route).await,
        }
    }
}

/// Where the code of a page is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Coming,
    Here,
    Failed,
}

/// The page of an address in this chunk: at once if the code is there, else its shape until it is. Leaving before it
/// arrives shows nothing of it.
pub fn on_demand(chunk: Chunk, route: Route) -> AnyView {
    let state = RwSignal::new(State::Coming);
    let mut coming = Box::pin(chunk.load());
    match now(coming.as_mut()) {
        Some(loaded) => state.set(if loaded { State::Here } else { State::Failed }),
        None => spawn_local(async move {
            let loaded = coming.await;
            settle(state, loaded, browser::is_at("page-title"));
        }),
    }
    let again = Callback::new(move |()| {
        state.set(State::Coming);
        spawn_local(async move {
            let loaded = chunk.load().await;
            // The server answers, but has this file no more: a newer version is there, and a reload brings it.
            if !loaded && browser::read("/").await.is_some() {
                return browser::reload();
            }
            settle(state, loaded, true);
        });
    });
    let shown = move || match state.get() {
        State::Coming => skeleton(&route),
        // Within this very call, so that the page belongs to the view that is being drawn.
        State::Here => match now(chunk.draw(route.clone())) {
            Some(Ok(page)) => page,
            _ => missing(&route, again),
        },
        State::Failed => missing(&route, again),
    };
    shown.into_any()
}

/// Puts the outcome in place, unless the page was left meanwhile. The heading that is drawn anew takes the keyboard if
/// the former had it, or the button that was pressed.
fn settle(state: RwSignal<State>, loaded: bool, heading: bool) {
    let left = state.try_set(if loaded { State::Here } else { State::Failed }).is_some();
    if loaded && heading && !left {
        browser::after(0, || browser::focus("page-title"));
    }
}

/// What a future gives without waiting.
fn now<T>(future: impl Future<Output = T>) -> Option<T> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => Some(value),
        Poll::Pending => None,
    }
}

/// The part of the console the page belongs to.
fn title(route: &Route) -> String {
    match route {
        Route::Carts | Route::Cart(_) => t::nav_carts(),
        Route::Contacts | Route::Contact(_) => t::nav_contacts(),
        Route::Journeys | Route::Journey(_) => t::nav_journeys(),
        Route::Templates | Route::Template(_) => t::nav_templates(),
        Route::Inbox => t::nav_inbox(),
        Route::Settings(_) => t::nav_settings(),
        Route::Organisation(_) => t::nav_organisation(),
        Route::Account => t::nav_account(),
        Route::NewStore => t::new_store_title(),
        Route::NewOrganisation => t::new_organisation(),
        Route::AllStores => t::all_stores(),
        Route::Join => t::join_title_plain(),
        Route::SignUp => t::sign_up_title(),
        Route::Welcome => t::welcome_title(),
        Route::Forgot => t::forgot_title(),
        Route::Reset => t::reset_title(),
        Route::Start | Route::Home | Route::Kit | Route::Unknown => t::nav_home(),
    }
}

/// What stands until the code is there: the same as until the data is there.
fn skeleton(route: &Route) -> AnyView {
    let below = match route {
        Route::Carts | Route::Contacts | Route::Inbox => skeleton_rows(8),
        Route::Journeys | Route::Templates => skeleton_rows(3),
        Route::Settings(_) => skeleton_lines(8),
        Route::Organisation(_) | Route::Account => skeleton_lines(8),
        Route::NewStore | Route::NewOrganisation => skeleton_lines(4),
        Route::AllStores => skeleton_rows(6),
        outer if outer.is_outer() => {
            return outside(view! { <p class="muted" role="status">{t::loading()}</p> });
        }
        _ => return skeleton_page(),
    };
    view! { <PageHead title=title(route) /> {below} }.into_any()
}

/// What stands when the code did not come.
fn missing(route: &Route, again: Callback<()>) -> AnyView {
    let told = fault(&Fault::new(FaultKind::Page), Some(again));
    let title = title(route);
    if route.is_outer() {
        set_title(&title);
        return outside(view! { <h1 id="page-title" tabindex="-1">{title}</h1> {told} });
    }
    view! { <PageHead title=title /> {told} }.into_any()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::i18n::{Lang, install};
    use crate::prefs::Prefs;
    use crate::route::{Part, Section};

    fn drawn(view: impl FnOnce() -> AnyView) -> String {
        assert!(install(Lang::En, include_str!("../../lang/en.json")));
        Owner::new().with(|| {
            // The menus around the pages of whoever is not signed in.
            Prefs::provide();
            view().to_html()
        })
    }

    #[test]
    fn home_comes_with_the_first_load_and_the_rest_does_not() {
        for route in [Route::Start, Route::Home, Route::Unknown] {
            assert_eq!(Chunk::of(&route), None, "{route:?}");
        }
        let id = || "a".to_owned();
        for route in [
            Route::Carts,
            Route::Cart(id()),
            Route::Contacts,
            Route::Contact(id()),
            Route::Journeys,
            Route::Journey(id()),
            Route::Templates,
            Route::Template(id()),
            Route::Inbox,
            Route::Settings(Section::Store),
            Route::Organisation(Part::Members),
            Route::Account,
            Route::NewStore,
            Route::Join,
            Route::SignUp,
            Route::Welcome,
            Route::Forgot,
            Route::Reset,
        ] {
            assert!(Chunk::of(&route).is_some(), "{route:?}");
        }
    }

    #[test]
    fn code_that_is_there_is_not_waited_for() {
        assert!(install(Lang::En, include_str!("../../lang/en.json")));
        assert_eq!(now(Chunk::Inbox.load()), Some(true));
        assert_eq!(now(std::future::pending::<()>()), None);
    }

    #[test]
    fn a_list_on_its_way_has_its_heading_and_says_that_it_loads() {
        let html = drawn(|| skeleton(&Route::Journeys));
        assert!(html.contains("id=\"page-title\"") && html.contains("aria-busy=\"true\""), "{html}");
    }

    #[test]
    fn code_that_did_not_come_is_told_with_another_attempt() {
        for route in [Route::Cart("a".to_owned()), Route::Join] {
            let html = drawn(move || missing(&route, Callback::new(|()| ())));
            for part in ["<h1", "role=\"alert\"", "could not be loaded", "<button"] {
                assert!(html.contains(part), "{part} is missing in {html}");
            }
        }
    }
}
