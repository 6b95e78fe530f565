//! The mark: a wheel.

use leptos::prelude::*;

/// The mark with the name.
pub fn brand() -> AnyView {
    view! {
        <div class="brand">
            <span class="brand__mark">
                <svg viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="1.6" stroke-linecap="round" aria-hidden="true">
                    <circle cx="12" cy="12" r="8.5"></circle>
                    <path d="M12 3.5v17M3.5 12h17M6 6l12 12M18 6 6 18" stroke-width="1"></path>
                </svg>
            </span>
            "Cartwheel"
        </div>
    }
    .into_any()
}
