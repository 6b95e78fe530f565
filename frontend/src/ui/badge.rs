//! A state in a word or two, with a sign, so that the colour is not all there is.

use leptos::prelude::*;

use super::{Icon, icon};

/// What a state means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// Under way, nothing to judge.
    Neutral,
    /// Over and done with.
    Quiet,
    /// As hoped.
    Positive,
    /// Broken or refused.
    Negative,
    /// Wants a look.
    Caution,
    /// Worth knowing.
    Information,
}

impl Tone {
    pub(super) const fn class(self) -> &'static str {
        match self {
            Self::Neutral => "badge",
            Self::Quiet => "badge badge--quiet",
            Self::Positive => "badge badge--positive",
            Self::Negative => "badge badge--negative",
            Self::Caution => "badge badge--caution",
            Self::Information => "badge badge--information",
        }
    }
}

/// A badge; without a sign of its own it carries a dot, hollow for what is over.
pub fn badge(tone: Tone, sign: Option<Icon>, words: String) -> AnyView {
    let sign = match sign {
        Some(sign) => icon(sign),
        None if tone == Tone::Quiet => view! { <i class="badge__dot badge__dot--hollow"></i> }.into_any(),
        None => view! { <i class="badge__dot"></i> }.into_any(),
    };
    view! { <span class=tone.class()>{sign}<span class="truncate">{words}</span></span> }.into_any()
}
