//! Why this cart has not had a message: the first reason that holds, in words.

use leptos::prelude::*;

use crate::graphql::cart::CartStoreCart;
use crate::graphql::types::{CartStatus, TimelineKind};
use crate::i18n::t;
use crate::ui::{Tone, notice};
use crate::words;

/// The reason, or none where a message went out or may still go.
pub fn reason(cart: &CartStoreCart) -> Option<String> {
    if cart.messages.iter().any(|message| message.sent_at.is_some()) {
        return None;
    }
    if let Some(why) = cart.excluded.as_deref() {
        return Some(match why {
            "bot" => t::why_not_bot(),
            "test" => t::why_not_test(),
            "staff" => t::why_not_staff(),
            other => t::why_not_excluded(other),
        });
    }
    if matches!(cart.status, CartStatus::Active | CartStatus::Checkout) {
        return Some(t::why_not_active());
    }
    let refused = cart.messages.iter().rev().find_map(|message| message.refusal.as_ref());
    if let Some(refusal) = refused {
        return Some(words::refusal(&refusal.rule, &refusal.detail));
    }
    let decided = |code: &str| {
        cart.timeline.iter().any(|entry| entry.kind == TimelineKind::Decision && entry.code == code)
    };
    if decided("held_out") {
        return Some(t::why_not_held_out());
    }
    if cart.contact.as_ref().is_none_or(|contact| contact.email.as_deref().unwrap_or_default().is_empty()) {
        return Some(t::why_not_unknown());
    }
    let ended = cart.timeline.iter().rev().find(|entry| entry.code == "ended");
    if let Some(ended) = ended {
        return words::line(ended.kind, &ended.code, &ended.values).why.into_iter().next();
    }
    match cart.status {
        CartStatus::Converted => Some(t::end_converted()),
        CartStatus::Expired => Some(t::end_expired()),
        _ if !decided("entered") => Some(t::why_not_no_journey()),
        _ => None,
    }
}

/// The notice.
pub fn why_not(cart: &CartStoreCart) -> Option<AnyView> {
    let reason = reason(cart)?;
    Some(notice(Tone::Neutral, t::why_not(), view! { <p class="muted">{reason}</p> }.into_any()))
}
