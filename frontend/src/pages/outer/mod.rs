//! The pages of whoever is not signed in, or not yet: signing up, taking an invitation up, a forgotten password. Each looks
//! at the link it was opened by, and asks.

mod ask;
mod join;
mod reset;
mod welcome;

use leptos::prelude::*;

use crate::api::Fault;
use crate::api::session::{Entered, Purpose};
use crate::i18n::t;
use crate::route::Route;
use crate::shell::outside::{outside, refusal};
use crate::ui::{Icon, fault, icon};

/// The page of an address.
pub fn outer(route: &Route) -> AnyView {
    match route {
        Route::Join => view! { <join::Join /> }.into_any(),
        Route::SignUp => view! { <ask::Ask purpose=Purpose::SignUp /> }.into_any(),
        Route::Welcome => view! { <welcome::Welcome /> }.into_any(),
        Route::Forgot => view! { <ask::Ask purpose=Purpose::Reset /> }.into_any(),
        _ => view! { <reset::Reset /> }.into_any(),
    }
}

/// Something that was done, and what comes next.
fn done(title: String, next: String) -> AnyView {
    view! {
        <div class="notice" role="status">
            {icon(Icon::CircleCheck)}
            <div><p class="notice__title">{title}</p><p>{next}</p></div>
        </div>
    }
    .into_any()
}

/// Why somebody was not let in; nothing for one who was.
fn refused_entry(it: Entered) -> Option<AnyView> {
    let (title, advice) = match it {
        Entered::In | Entered::Code => return None,
        Entered::Wrong => (t::sign_in_wrong(), t::sign_in_wrong_advice()),
        Entered::Weak => (t::join_weak(), t::join_weak_advice()),
        Entered::Misnamed => (t::join_misnamed(), t::join_misnamed_advice()),
        Entered::Gone => (t::link_gone(), t::link_gone_advice()),
    };
    Some(refusal(title, advice))
}

/// What a page shows while its link is looked at, and when it leads nowhere.
fn looked_at<T: Clone + Send + Sync + 'static>(
    found: RwSignal<Option<Result<Option<T>, Fault>>>,
    title: fn() -> String,
    gone: fn() -> AnyView,
    form: impl Fn(T) -> AnyView + Send + Sync + 'static,
) -> AnyView {
    let titled = move |content: AnyView| {
        view! { <h1 id="page-title" tabindex="-1">{title()}</h1> {content} }.into_any()
    };
    let content = move || match found.get() {
        None => view! { <p class="muted" role="status">{t::loading()}</p> }.into_any(),
        Some(Err(trouble)) => titled(fault(&trouble, None)),
        Some(Ok(None)) => titled(gone()),
        Some(Ok(Some(it))) => form(it),
    };
    outside(content)
}
