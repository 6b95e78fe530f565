//! The head of a page: where one is, what it is, what can be done. It also names the page in the browser's tab.

use leptos::prelude::*;

use super::{Icon, icon};
use crate::browser;
use crate::i18n::t;

/// A step on the way to this page.
#[derive(Clone, Debug)]
pub struct Crumb {
    /// Where it leads.
    pub href: String,
    /// Its name.
    pub name: String,
}

/// Names the page in the browser's tab.
pub fn set_title(title: &str) {
    if let Some(document) = browser::document() {
        document.set_title(&format!("{title} · Cartwheel"));
    }
}

/// Title, a line about it, and actions. The heading takes the focus after a change of page.
#[component]
pub fn PageHead(
    /// What this is.
    #[prop(into)]
    title: String,
    /// A line about it.
    #[prop(optional, into)]
    about: Option<ViewFn>,
    /// The way here.
    #[prop(optional)]
    crumbs: Vec<Crumb>,
    /// What can be done.
    #[prop(optional, into)]
    actions: Option<ViewFn>,
) -> impl IntoView {
    set_title(&title);
    let way = (!crumbs.is_empty()).then(|| {
        let steps: Vec<_> = crumbs
            .into_iter()
            .map(|crumb| view! { <a href=crumb.href>{crumb.name}</a>{icon(Icon::ChevronRight)} })
            .collect();
        view! { <nav class="crumbs" aria-label=t::nav_way()>{steps}</nav> }
    });
    view! {
        <header class="page__head">
            <div class="grow">
                {way}
                <h1 id="page-title" tabindex="-1">{title}</h1>
                {about.map(|about| view! { <div class="page__sub">{about.run()}</div> })}
            </div>
            {actions.map(|actions| view! { <div class="page__actions">{actions.run()}</div> })}
        </header>
    }
    .into_any()
}
