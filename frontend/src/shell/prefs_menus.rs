//! Language and looks.

use leptos::prelude::*;

use crate::i18n::{Lang, current, t};
use crate::prefs::{Prefs, Theme};
use crate::ui::{Icon, Menu, MenuItem, icon};

fn face(up: bool) -> &'static str {
    if up { "btn btn--quiet" } else { "btn btn--quiet btn--square" }
}

/// Picks the language; each names itself.
#[component]
pub fn LanguageMenu(
    /// Shown with its words, at the foot of a page.
    #[prop(optional)]
    up: bool,
) -> impl IntoView {
    let prefs = expect_context::<Prefs>();
    let label = if up { format!("{}: {}", t::language(), current().own_name()) } else { t::language() };
    let words = move || {
        view! { {icon(Icon::Globe)} {up.then(|| view! { <span>{current().own_name()}</span> })} }.into_any()
    };
    view! {
        <Menu label=label class=face(up) face=words up=up>
            {Lang::ALL
                .into_iter()
                .map(|lang| {
                    let pick = move |()| prefs.set_language(lang);
                    view! { <MenuItem label=lang.own_name() chosen=lang == current() on_pick=pick /> }
                })
                .collect_view()}
        </Menu>
    }
    .into_any()
}

/// Picks light, dark or the system's.
#[component]
pub fn ThemeMenu(
    /// Shown with its words, at the foot of a page.
    #[prop(optional)]
    up: bool,
) -> impl IntoView {
    let prefs = expect_context::<Prefs>();
    let label =
        Signal::derive(
            move || {
                if up { format!("{}: {}", t::theme(), name(prefs.theme.get())) } else { t::theme() }
            },
        );
    let words = move || {
        let sign = move || icon(sign(prefs.theme.get()));
        view! { {sign} {up.then(|| view! { <span>{move || name(prefs.theme.get())}</span> })} }.into_any()
    };
    view! {
        <Menu label=label class=face(up) face=words up=up>
            {Theme::ALL
                .into_iter()
                .map(|theme| {
                    let pick = move |()| prefs.set_theme(theme);
                    view! { <MenuItem label=name(theme) sign=sign(theme) chosen=prefs.theme.get() == theme on_pick=pick /> }
                })
                .collect_view()}
        </Menu>
    }
    .into_any()
}

fn name(theme: Theme) -> String {
    match theme {
        Theme::System => t::theme_system(),
        Theme::Light => t::theme_light(),
        Theme::Dark => t::theme_dark(),
    }
}

const fn sign(theme: Theme) -> Icon {
    match theme {
        Theme::System => Icon::Monitor,
        Theme::Light => Icon::Sun,
        Theme::Dark => Icon::Moon,
    }
}
