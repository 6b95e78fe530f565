//! Parts of a page, each with its own address: links, so that back, reload and a new tab work.

use leptos::prelude::*;

/// One tab.
#[derive(Clone, Debug)]
pub struct Tab {
    /// Its address.
    pub href: String,
    /// Its name.
    pub name: String,
    /// Whether it is the one shown.
    pub current: bool,
}

/// A row of tabs.
pub fn tabs(label: String, tabs: Vec<Tab>) -> AnyView {
    let links: Vec<_> = tabs
        .into_iter()
        .map(|tab| {
            view! { <a class="tabs__tab" href=tab.href aria-current=tab.current.then_some("page")>{tab.name}</a> }
        })
        .collect();
    view! { <nav class="tabs" aria-label=label>{links}</nav> }.into_any()
}
