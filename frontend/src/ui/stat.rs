//! One figure: small words, large number, its definition one hover away, and a link to the rows behind it.

use leptos::prelude::*;

use super::definition;

/// A figure. `meaning` explains how it is counted; `note` stands below in small print.
pub fn stat(label: String, meaning: String, value: String, note: AnyView) -> AnyView {
    view! {
        <div class="stat">
            <div class="stat__label"><span>{label.clone()}</span>{definition(&label, meaning)}</div>
            <div class="stat__value">{value}</div>
            <div class="stat__note">{note}</div>
        </div>
    }
    .into_any()
}
