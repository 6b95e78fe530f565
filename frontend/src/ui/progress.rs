//! How much of something is done.

use leptos::prelude::*;

/// A bar with its meaning in words for those who do not see it.
pub fn progress(done: u32, of: u32, label: String) -> AnyView {
    view! { <progress class="progress" value=done max=of aria-label=label></progress> }.into_any()
}
