//! What stands around the pages of whoever is not signed in, and what they share.

use leptos::prelude::*;

use super::brand::brand;
use super::prefs_menus::{LanguageMenu, ThemeMenu};
use crate::api::session::Entered;
use crate::i18n::t;
use crate::ui::{Icon, fault, icon};

/// A card on an empty page.
pub fn outside(content: impl IntoView + 'static) -> AnyView {
    view! {
        <div class="door">
            <header>{brand()}</header>
            <main class="door__card">{content}</main>
            <footer class="door__foot"><LanguageMenu up=true /><ThemeMenu up=true /></footer>
        </div>
    }
    .into_any()
}

/// The heading of a card, and what it is about.
pub fn heading(title: String, about: String) -> AnyView {
    view! {
        <div>
            <h1 id="page-title" tabindex="-1">{title}</h1>
            <p class="muted">{about}</p>
        </div>
    }
    .into_any()
}

/// Something that was refused, and what to do.
pub fn refusal(title: String, advice: String) -> AnyView {
    view! {
        <div class="notice notice--negative" role="alert">
            {icon(Icon::CircleAlert)}
            <div><p class="notice__title">{title}</p><p>{advice}</p></div>
        </div>
    }
    .into_any()
}

/// Something that was done, and what comes next.
pub fn done(title: String, next: String) -> AnyView {
    view! {
        <div class="notice" role="status">
            {icon(Icon::CircleCheck)}
            <div><p class="notice__title">{title}</p><p>{next}</p></div>
        </div>
    }
    .into_any()
}

/// Why somebody was not let in; nothing for one who was.
pub fn refused_entry(it: Entered) -> Option<AnyView> {
    let (title, advice) = match it {
        Entered::In => return None,
        Entered::Wrong => (t::sign_in_wrong(), t::sign_in_wrong_advice()),
        Entered::Weak => (t::join_weak(), t::join_weak_advice()),
        Entered::Misnamed => (t::join_misnamed(), t::join_misnamed_advice()),
        Entered::Gone => (t::link_gone(), t::link_gone_advice()),
    };
    Some(refusal(title, advice))
}

/// A way to another page.
pub fn way(href: &'static str, words: String) -> AnyView {
    view! { <p><a class="link" href=href>{words}</a></p> }.into_any()
}

/// What a page shows while its link is looked at, and when it leads nowhere.
pub fn looked_at<T: Clone + Send + Sync + 'static>(
    found: RwSignal<Option<Result<Option<T>, crate::api::Fault>>>,
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
