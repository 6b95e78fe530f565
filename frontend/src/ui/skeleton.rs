//! What stands while the first data loads: the shape of what comes, at its height, so that nothing jumps.

use leptos::prelude::*;

use crate::i18n::t;

fn loading(inside: AnyView) -> AnyView {
    view! { <div aria-busy="true"><span class="hidden-visually" role="status">{t::loading()}</span>{inside}</div> }.into_any()
}

/// Rows of a table.
pub fn skeleton_rows(count: usize) -> AnyView {
    let rows: Vec<_> =
        (0..count).map(|_| view! { <div class="skeleton--row"><i></i><i></i><i></i><i></i></div> }).collect();
    loading(rows.into_any())
}

/// Lines of text.
pub fn skeleton_lines(count: usize) -> AnyView {
    let lines: Vec<_> = (0..count).map(|_| view! { <span class="skeleton skeleton--line"></span> }).collect();
    loading(lines.into_any())
}

/// A drawing.
pub fn skeleton_block() -> AnyView {
    loading(view! { <span class="skeleton skeleton--block"></span> }.into_any())
}

/// A page with a title, a row of figures and a drawing.
pub fn skeleton_page() -> AnyView {
    loading(
        view! {
            <div class="stack stack--wide">
                <span class="skeleton skeleton--title"></span>
                <span class="skeleton skeleton--short"></span>
                <span class="skeleton skeleton--tall"></span>
            </div>
        }
        .into_any(),
    )
}
