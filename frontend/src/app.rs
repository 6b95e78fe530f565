//! From nothing to the first page: the language and the session are fetched side by side, then the frame is drawn.

use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::components::{FlatRoutes, Route, Router};
use leptos_router::hooks::use_location;
use leptos_router::path;

use crate::api::session::{self, Purpose, SessionState};
use crate::prefs::Prefs;
use crate::route::{Place, Route as Page};
use crate::shell::{Ask, Door, Frame, Join, Reset, Welcome};
use crate::{browser, i18n};

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
    // Another link in the same tab is another page: what stands behind the `#` is its token.
    let outer = Memo::new(move |_| {
        let page = path.with(|path| Some(Place::parse(path).route).filter(Page::is_outer));
        page.map(|page| (page, hash.get()))
    });
    move || {
        prefs.language_changes.track();
        match (state.get(), outer.get()) {
            (SessionState::Unknown, _) => ().into_any(),
            // Whoever is signed in here may have been written to under another address.
            (_, Some((page, _))) => {
                leave_boot();
                outer_page(&page)
            }
            (SessionState::SignedOut, None) => {
                leave_boot();
                view! { <Door /> }.into_any()
            }
            (SessionState::SignedIn, None) => {
                leave_boot();
                view! { <Frame /> }.into_any()
            }
        }
    }
}

/// A page of those who are not signed in, or not yet.
fn outer_page(page: &Page) -> AnyView {
    match page {
        Page::Join => view! { <Join /> }.into_any(),
        Page::SignUp => view! { <Ask purpose=Purpose::SignUp /> }.into_any(),
        Page::Welcome => view! { <Welcome /> }.into_any(),
        Page::Forgot => view! { <Ask purpose=Purpose::Reset /> }.into_any(),
        _ => view! { <Reset /> }.into_any(),
    }
}

/// Takes away what stood in the page while the module was on its way.
fn leave_boot() {
    if let Some(boot) = browser::document().and_then(|document| document.get_element_by_id("cw-boot")) {
        boot.remove();
    }
}
