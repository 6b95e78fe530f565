//! What outgoing webhooks tell, and how that went.

use crate::graphql::types::WebhookStatus;
use crate::i18n::t;

/// What is told, by its word.
pub fn hook_kind(kind: &str) -> String {
    match kind {
        "cart.abandoned" => t::hook_cart_abandoned(),
        "cart.recovered" => t::hook_cart_recovered(),
        "cart.converted" => t::hook_cart_converted(),
        "order.placed" => t::hook_order_placed(),
        "journey.run_started" => t::hook_run_started(),
        "journey.run_ended" => t::hook_run_ended(),
        "journey.webhook" => t::hook_journey(),
        "message.sent" => t::hook_message_sent(),
        "message.suppressed" => t::hook_message_suppressed(),
        "message.failed" => t::hook_message_failed(),
        "contact.unsubscribed" => t::hook_unsubscribed(),
        "webhook.test" => t::hook_test(),
        other => other.to_owned(),
    }
}

/// What became of a delivery.
pub fn hook_status(status: WebhookStatus) -> String {
    match status {
        WebhookStatus::Waiting => t::hook_waiting(),
        WebhookStatus::Sending => t::hook_sending(),
        WebhookStatus::Delivered => t::hook_delivered(),
        WebhookStatus::Failed => t::hook_failed(),
    }
}

/// How an attempt went, or why a delivery was given up.
pub fn hook_outcome(word: &str) -> String {
    match word {
        "delivered" => t::hook_delivered(),
        "refused" => t::hook_out_refused(),
        "timed_out" => t::hook_out_timed_out(),
        "broken" => t::hook_out_broken(),
        "tls" => t::hook_out_tls(),
        "unreachable" => t::hook_out_unreachable(),
        "unknown_host" => t::hook_out_unknown_host(),
        "address_refused" => t::hook_out_address(),
        "worker_lost" | "not_begun" => t::hook_out_lost(),
        "gave_up" => t::hook_out_gave_up(),
        "gone" => t::hook_out_gone(),
        "off" => t::hook_out_off(),
        "no_secret" => t::hook_out_no_secret(),
        "restored" => t::hook_out_restored(),
        other => other.replace('_', " "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::i18n::{Lang, install};
    use cartwheel_domain::hook::HookKind;

    #[test]
    fn every_kind_has_words() {
        assert!(install(Lang::En, include_str!("../../lang/en.json")));
        for kind in HookKind::ALL {
            assert_ne!(hook_kind(kind.as_str()), kind.as_str());
        }
    }
}
