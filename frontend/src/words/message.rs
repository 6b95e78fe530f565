//! States of a message and the rules behind it.

use cartwheel_domain::consent::words;
use leptos::prelude::AnyView;

use super::language;
use crate::i18n::t;
use crate::ui::{Icon, Tone, badge};

/// The state of a message.
pub fn message_badge(status: &str) -> AnyView {
    let (tone, sign, words) = match status.to_ascii_lowercase().as_str() {
        "queued" | "planned" | "attempting" | "leased" => {
            (Tone::Neutral, Some(Icon::Clock), t::message_queued())
        }
        "deferred" | "put_off" => (Tone::Neutral, Some(Icon::Clock), t::message_put_off()),
        "sent" | "accepted" => (Tone::Information, Some(Icon::Send), t::message_sent()),
        "captured" | "sandboxed" => (Tone::Information, Some(Icon::Inbox), t::message_captured()),
        "delivered" => (Tone::Positive, Some(Icon::Check), t::message_delivered()),
        "refused" | "denied" | "suppressed" => (Tone::Caution, Some(Icon::Ban), t::message_refused()),
        "cancelled" => (Tone::Quiet, None, t::message_cancelled()),
        "bounced" => (Tone::Negative, Some(Icon::CircleAlert), t::message_bounced()),
        "complained" => (Tone::Negative, Some(Icon::CircleAlert), t::message_complained()),
        "failed" | "undeliverable" => (Tone::Negative, Some(Icon::CircleAlert), t::message_failed()),
        "uncertain" => (Tone::Caution, Some(Icon::TriangleAlert), t::message_uncertain()),
        other => (Tone::Neutral, None, other.replace('_', " ")),
    };
    badge(tone, sign, words)
}

/// What a mail is shown as: what came of it later is more than that it was sent.
pub fn message_state<'a>(status: &'a str, bounce: Option<&str>, complained: bool) -> &'a str {
    match (bounce, complained) {
        (_, true) => "complained",
        (Some(_), false) => "bounced",
        (None, false) => status,
    }
}

/// Why a mail came back, in a sentence.
pub fn returned(bounce: Option<&str>, complained: bool) -> Option<String> {
    match (bounce, complained) {
        (_, true) => Some(t::bounce_complained()),
        (Some("hard"), _) => Some(t::bounce_hard()),
        (Some(_), _) => Some(t::bounce_soft()),
        (None, false) => None,
    }
}

/// A message by its subject, else by what it is.
pub fn message_title(subject: Option<&str>, key: &str) -> String {
    subject.filter(|subject| !subject.is_empty()).map_or_else(|| template(key), str::to_owned)
}

/// A template by its key.
pub fn template(key: &str) -> String {
    match key {
        "recovery_1" => t::template_recovery_1(),
        "recovery_2" => t::template_recovery_2(),
        "recovery_3" => t::template_recovery_3(),
        "recovery_sms" => t::template_recovery_sms(),
        "recovery_push" => t::template_recovery_push(),
        other => other.to_owned(),
    }
}

/// A channel by its word.
pub fn channel(word: &str) -> String {
    match word {
        "email" => t::channel_email(),
        "sms" => t::channel_sms(),
        "push" => t::channel_push(),
        other => other.replace('_', " "),
    }
}

/// A rule of the policy packs in a sentence.
pub fn rule(id: &str) -> String {
    words::rule(id, language()).to_owned()
}

/// Why a message was not sent. Reasons that are not about permission have words of ours.
pub fn refusal(id: &str, detail: &str) -> String {
    match id {
        "cart_bought" | "cart_closed" | "cart_gone" => t::refusal_bought(),
        "converted" | "recovered" | "ordered" | "erased" | "expired" | "journey_off" | "excluded"
        | "cancelled" | "unsubscribed" | "answered" => super::timeline::end_reason(id),
        "held_out" => t::why_not_held_out(),
        "frequency_cap" => t::refusal_cap(),
        "quiet_hours" => t::refusal_quiet(),
        "no_sms_route" => t::refusal_no_account(),
        "paced" | "slowed" => t::refusal_paced(),
        "warm_up" => t::refusal_warming(),
        "mail_paused" => t::refusal_mail_paused(),
        "no_push_route" => t::refusal_push_off(),
        "no_browser" => t::refusal_no_browser(),
        "opted_out" => t::refusal_opted_out(),
        "noes_being_written" => t::refusal_noes(),
        "no_address" => t::refusal_no_address(),
        "no_such_mailbox" => t::message_line_bounced(),
        "no_answer" | "worker_lost" => t::attention_uncertain_words(),
        "stale" => t::refusal_late(),
        _ if id.starts_with("template") => t::refusal_template(),
        _ if id.starts_with("undelivered") => {
            t::refusal_undelivered(id.trim_start_matches("undelivered").trim())
        }
        _ if id.contains('.') => rule(id),
        _ if !detail.is_empty() => detail.to_owned(),
        _ => id.replace('_', " "),
    }
}
