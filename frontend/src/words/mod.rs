//! The product's states in the reader's language, with the tone they carry.

mod audit;
mod browser;
mod changes;
mod hooks;
mod journey;
mod message;
mod team;
mod template;
mod timeline;

pub use audit::{Known, audit};
pub use browser::browser;
pub use changes::{Told, changes, mark, mark_sign, step};
pub use hooks::{hook_kind, hook_outcome, hook_status};
pub use journey::{asked, awaited, checks, node_about, node_name, node_sign, problem, way};
pub use message::{channel, message_badge, message_state, message_title, refusal, returned, rule, template};
pub use team::{key_may, least, own_role, part, refused, role, role_may, role_or_none};
pub use template::{form, template_field};
pub use timeline::{Line, end_reason, line, next_step};

use leptos::prelude::AnyView;

use crate::graphql::types::{CartKind, CartStatus, JourneyStatus, SetupCode};
use crate::i18n::{Lang, current, t};
use crate::route::Section;
use crate::ui::{Icon, Tone, badge};

/// The language in use, for the texts of `domain`.
pub fn language() -> cartwheel_domain::locale::Language {
    use cartwheel_domain::locale::Language;
    match current() {
        Lang::En => Language::En,
        Lang::De => Language::De,
        Lang::Fr => Language::Fr,
        Lang::It => Language::It,
    }
}

/// Why an account at a provider could not be used, by the server's word for it.
pub fn provider(word: &str) -> String {
    match word {
        "refused" => t::provider_refused(),
        "unconnected" => t::provider_unconnected(),
        "elsewhere" => t::provider_elsewhere(),
        "over" | "signed_out" => t::provider_over(),
        "too_many" => t::passkey_many(),
        _ => t::provider_failed(),
    }
}

/// A part of the settings.
pub fn section(section: Section) -> String {
    match section {
        Section::Store => t::settings_store(),
        Section::Abandonment => t::settings_abandonment(),
        Section::Sending => t::settings_sending(),
        Section::Texts => t::settings_texts(),
        Section::Push => t::settings_push(),
        Section::Snippet => t::settings_snippet(),
        Section::Platform => t::settings_platform(),
        Section::Webhooks => t::settings_webhooks(),
    }
}

/// Where a cart is in its life, in a word.
pub fn cart_status(status: CartStatus) -> String {
    match status {
        CartStatus::Active => t::cart_status_active(),
        CartStatus::Checkout => t::cart_status_checkout(),
        CartStatus::Abandoned => t::cart_status_abandoned(),
        CartStatus::Recovered => t::cart_status_recovered(),
        CartStatus::Converted => t::cart_status_converted(),
        CartStatus::Expired => t::cart_status_expired(),
    }
}

/// The same as a badge.
pub fn cart_badge(status: CartStatus) -> AnyView {
    let (tone, sign) = match status {
        CartStatus::Active => (Tone::Neutral, None),
        CartStatus::Checkout => (Tone::Information, None),
        CartStatus::Abandoned => (Tone::Caution, Some(Icon::Clock)),
        CartStatus::Recovered => (Tone::Positive, Some(Icon::Check)),
        CartStatus::Converted => (Tone::Neutral, Some(Icon::Check)),
        CartStatus::Expired => (Tone::Quiet, None),
    };
    badge(tone, sign, cart_status(status))
}

/// What was left.
pub fn cart_kind(kind: CartKind) -> String {
    match kind {
        CartKind::Cart => t::cart_kind_cart(),
        CartKind::Checkout => t::cart_kind_checkout(),
        CartKind::Quote => t::cart_kind_quote(),
    }
}

/// Why a cart is left out of all rates, with its mark.
pub fn excluded(why: &str) -> AnyView {
    let words = match why {
        "bot" => t::cart_excluded_bot(),
        "test" => t::cart_excluded_test(),
        "staff" => t::cart_excluded_staff(),
        other => other.to_owned(),
    };
    badge(Tone::Quiet, Some(Icon::Ban), words)
}

/// Whether a journey takes people in.
pub fn journey_badge(status: JourneyStatus) -> AnyView {
    match status {
        JourneyStatus::On => badge(Tone::Positive, None, t::journey_on()),
        JourneyStatus::Paused => badge(Tone::Caution, Some(Icon::Pause), t::journey_paused()),
        JourneyStatus::Off => badge(Tone::Quiet, None, t::journey_off()),
    }
}

/// A step of the set-up: what to do, why, and where.
pub fn setup(code: SetupCode) -> (String, String) {
    match code {
        SetupCode::SnippetSeen => (t::setup_snippet(), t::setup_snippet_why()),
        SetupCode::FirstCart => (t::setup_cart(), t::setup_cart_why()),
        SetupCode::SenderSet => (t::setup_sender(), t::setup_sender_why()),
        SetupCode::JourneyOn => (t::setup_journey(), t::setup_journey_why()),
        SetupCode::FirstMessage => (t::setup_message(), t::setup_message_why()),
        SetupCode::FirstRecovery => (t::setup_recovery(), t::setup_recovery_why()),
    }
}

/// How a person is called: the name, else the address, else that nobody knows.
pub fn person(name: Option<&str>, email: Option<&str>) -> String {
    let given = |text: Option<&str>| text.map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned);
    given(name).or_else(|| given(email)).unwrap_or_else(t::contact_anonymous)
}

#[cfg(test)]
mod tests;
