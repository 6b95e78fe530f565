//! The definition of a figure, one hover or one focus away.

use leptos::prelude::*;

use super::{Icon, icon};
use crate::i18n::t;

/// A small mark that explains `what`.
pub fn definition(what: &str, meaning: String) -> AnyView {
    view! {
        <span class="tip">
            <button type="button" class="tip__mark" aria-label=t::definition_of(&meaning, what)>{icon(Icon::Info)}</button>
            <span class="tip__text" aria-hidden="true">{meaning}</span>
        </span>
    }
    .into_any()
}
