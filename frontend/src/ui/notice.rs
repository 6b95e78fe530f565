//! Something worth knowing, in its place.

use leptos::prelude::*;

use super::{Icon, Tone, icon};

/// A notice of a meaning; `more` may hold further lines or a link.
pub fn notice(tone: Tone, title: String, more: AnyView) -> AnyView {
    let (class, sign) = match tone {
        Tone::Negative => ("notice notice--negative", Icon::CircleAlert),
        Tone::Caution => ("notice notice--caution", Icon::TriangleAlert),
        Tone::Information => ("notice notice--information", Icon::Info),
        Tone::Positive => ("notice", Icon::CircleCheck),
        Tone::Neutral | Tone::Quiet => ("notice", Icon::Info),
    };
    view! {
        <div class=class>
            {icon(sign)}
            <div class="grow">
                <p class="notice__title">{title}</p>
                {more}
            </div>
        </div>
    }
    .into_any()
}
