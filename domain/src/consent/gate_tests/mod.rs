//! The decision table: one row per rule of each pack, and for each fact a rule rests on the row without it.

use super::super::{
    CartFacts, DealingKind,
    ledger::{Action, Entry, fold},
    pack::{AddedGrant, Override, check_builtin},
    types::{Method, Recipient, StoreFacts, Suppression, SuppressionReason},
};
use super::*;
use crate::event::CartKind;
use proptest::prelude::*;

mod circle;
mod laws;
mod stores;
mod table;

const NOW: Millis = 1_795_341_600_000; // 2026-11-22T10:00:00Z

/// A case: everything a person and a store can bring, switched on one by one.
#[derive(Debug, Clone)]
struct Case {
    recipient: Recipient,
    store: StoreFacts,
    channel: Channel,
    purpose: Purpose,
    class: ContentClass,
    left_hours_ago: Option<i64>,
    sent: u32,
    entries: Vec<Entry>,
}

fn case(country: &str) -> Case {
    let country = (!country.is_empty()).then(|| country.parse().expect("a country"));
    Case {
        recipient: Recipient { country, ..Recipient::default() },
        store: StoreFacts::default(),
        channel: Channel::Email,
        purpose: Purpose::CartEmail,
        class: ContentClass::Promotional,
        left_hours_ago: Some(2),
        sent: 0,
        entries: vec![],
    }
}

impl Case {
    fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }

    fn entry(self, purpose: Purpose, action: Action, method: Option<Method>, hours_ago: i64) -> Self {
        self.with(|c| {
            let id = format!("consent_{}", c.entries.len());
            c.entries.push(Entry {
                id,
                channel: c.channel,
                purpose,
                action,
                method,
                at: NOW - hours_ago * HOUR,
            });
        })
    }

    fn yes(self, purpose: Purpose, method: Method) -> Self {
        match method {
            Method::DoubleOptIn => self.entry(purpose, Action::Given, Some(method), 100).entry(
                purpose,
                Action::Confirmed,
                Some(method),
                99,
            ),
            _ => self.entry(purpose, Action::Given, Some(method), 100),
        }
    }

    fn dealing(self, kind: DealingKind) -> Self {
        self.with(|c| {
            c.recipient.dealings.push(Dealing {
                kind,
                at: NOW - 30 * DAY,
                evidence: EvidenceRef::new(EvidenceKind::Order, "order_1"),
                own_address: true,
                opt_out_offered: true,
                similar_goods: true,
            });
        })
    }

    fn sms(self) -> Self {
        self.with(|c| (c.channel, c.purpose) = (Channel::Sms, Purpose::CartSms))
    }

    fn suppressed(self, reason: SuppressionReason, channel: Option<Channel>) -> Self {
        self.with(|c| {
            c.recipient.suppressions.push(Suppression {
                id: format!("s{}", c.recipient.suppressions.len()),
                channel,
                reason,
                at: NOW - HOUR,
            })
        })
    }

    fn decide(&self) -> Decision {
        self.decide_at(NOW)
    }

    fn decide_at(&self, now: Millis) -> Decision {
        self.decide_by(PolicyBook::builtin(), now)
    }

    fn decide_by(&self, book: &PolicyBook, now: Millis) -> Decision {
        let recipient = Recipient { consents: fold(&self.entries), ..self.recipient.clone() };
        may_send_by(
            book,
            &GateInput {
                recipient: &recipient,
                channel: self.channel,
                purpose: self.purpose,
                content_class: self.class,
                cart: self.left_hours_ago.map(|h| CartFacts {
                    id: "cart_1",
                    kind: CartKind::Cart,
                    abandoned_at: Some(NOW - h * HOUR),
                    messages_sent: self.sent,
                }),
                store: &self.store,
                now,
            },
        )
    }

    fn basis(&self) -> Basis {
        match self.decide() {
            Decision::Allow(basis) => basis,
            Decision::Deny(refusal) => panic!("denied: {refusal:?}"),
        }
    }

    fn refusal(&self) -> Refusal {
        match self.decide() {
            Decision::Deny(refusal) => refusal,
            Decision::Allow(basis) => panic!("allowed: {basis:?}"),
        }
    }

    fn lacks(&self, rule: &str) -> Vec<Lack> {
        let missing = self.refusal().missing;
        missing.into_iter().find(|m| m.rule == rule).map(|m| m.lacks).unwrap_or_default()
    }
}
