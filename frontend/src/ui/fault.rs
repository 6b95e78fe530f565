//! A failed request, where it failed: what happened, what to do, and the number to quote.

use leptos::prelude::*;

use super::{Button, Icon, icon};
use crate::api::Fault;
use crate::i18n::t;

/// Shows a fault; `again` offers another attempt.
pub fn fault(fault: &Fault, again: Option<Callback<()>>) -> AnyView {
    let request = fault.request_id.clone().map(|id| {
        view! { <p class="tiny muted">{t::fault_request()} " " <code>{id}</code></p> }
    });
    view! {
        <div class="notice notice--negative" role="alert">
            {icon(Icon::CircleAlert)}
            <div class="stack stack--close grow">
                <div>
                    <p class="notice__title">{fault.title()}</p>
                    <p>{fault.advice()}</p>
                </div>
                {request}
                {again.map(|again| view! { <div><Button label=t::again() sign=Icon::RotateCw on_press=again /></div> })}
            </div>
        </div>
    }
    .into_any()
}
