//! What stands where there is nothing yet: what will be here, and the next step.

use leptos::prelude::*;

use super::{Icon, icon, set_title};

/// An empty list, or part of a page. `next` may hold links or buttons.
pub fn empty(sign: Icon, title: String, words: String, next: AnyView) -> AnyView {
    let title = view! { <h2 class="empty__title">{title}</h2> }.into_any();
    drawn(sign, title, words, next)
}

/// A page that has nothing to show: its title is the page's heading.
pub fn empty_page(sign: Icon, title: String, words: String, next: AnyView) -> AnyView {
    set_title(&title);
    let title = view! { <h1 id="page-title" tabindex="-1" class="empty__title">{title}</h1> }.into_any();
    drawn(sign, title, words, next)
}

fn drawn(sign: Icon, title: AnyView, words: String, next: AnyView) -> AnyView {
    view! {
        <div class="empty">
            <span class="empty__mark">{icon(sign)}</span>
            {title}
            <p>{words}</p>
            <div class="row">{next}</div>
        </div>
    }
    .into_any()
}
