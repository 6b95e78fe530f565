//! From nothing to the first page: the language and the session are fetched side by side, then the frame is drawn.

use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::components::{FlatRoutes, Route, Router};
use leptos_router::hooks::use_location;
use leptos_router::path;

use crate::api::session::{self, SessionState};
use crate::prefs::Prefs;
use crate::route::{Place, Route as Page};
use crate::shell::{Door, Frame};
use crate::{browser, i18n, pages};

/// The console.
#[component]
pub fn App() -> impl IntoView {
    Prefs::provide();
    let language = RwSignal::new(false);
    spawn_local(async move {
        if i18n::start().await {
            language.set(true);
        } else if let Some(notice) =
            browser::document().and_then(|document| document.get_element_by_id("cw-boot-error"))
        {
            // The notice is part of the page and takes the change.
            let _ = notice.remove_attribute("hidden");
        }
    });
    spawn_local(session::resume());
    // One route for all: `crate::route` reads the address, and a page stays while only its id or filters change.
    view! {
        <Router>
            <FlatRoutes fallback=|| ()>
                <Route path=path!("/*any") view=move || view! { <Root language /> } />
            </FlatRoutes>
        </Router>
    }
}

/// Nothing yet, the sign-in, or the frame. Drawn anew after a change of language.
#[component]
fn Root(language: RwSignal<bool>) -> impl IntoView {
    let prefs = expect_context::<Prefs>();
    let session = session::state();
    let state = Memo::new(move |_| if language.get() { session.get() } else { SessionState::Unknown });
    let (path, hash) = (use_location().pathname, use_location().hash);
    pages::prepare(&path.with_untracked(|path| Place::parse(path).route));
    // Another link in the same tab is another page: what stands behind the `#` is its token.
    let outer = Memo::new(move |_| {
        let page = path.with(|path| Some(Place::parse(path).route).filter(Page::is_outer));
        page.map(|page| (page, hash.get()))
    });
    // Keyed, so that what is drawn anew takes the place of what was, and nothing of that is worked into it.
    let now = move || [(prefs.language_changes.get(), state.get(), outer.get())];
    view! { <For each=now key=|now| format!("{now:?}") children=|(_, state, outer)| drawn(state, outer) /> }
}

fn drawn(state: SessionState, outer: Option<(Page, String)>) -> AnyView {
    let view = match (state, outer) {
        (SessionState::Unknown, _) => return ().into_any(),
        // Whoever is signed in here may have been written to under another address.
        (_, Some((page, _))) => pages::page(&page),
        (SessionState::SignedOut, None) => view! { <Door /> }.into_any(),
        (SessionState::SignedIn, None) => view! { <Frame /> }.into_any(),
    };
    leave_boot();
    view
}

/// Takes away what stood in the page while the module was on its way.
fn leave_boot() {
    if let Some(boot) = browser::document().and_then(|document| document.get_element_by_id("cw-boot")) {
        boot.remove();
    }
}
