//! What stands around the pages of whoever is not signed in, and what sign-in shares with them.

use leptos::prelude::*;

use super::brand::brand;
use super::prefs_menus::{LanguageMenu, ThemeMenu};
use crate::ui::{Icon, icon};

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

/// A way to another page.
pub fn way(href: &'static str, words: String) -> AnyView {
    view! { <p><a class="link" href=href>{words}</a></p> }.into_any()
}
