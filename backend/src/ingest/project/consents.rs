//! Permissions that events carry, written into the ledger.

use super::{Arrived, Unit};
use crate::{
    consent::ledger::{Said, append},
    db::DbError,
};
use cartwheel_domain::{
    consent::{Channel, Method, Purpose, ledger::Action},
    event::{Body, ConsentChange, PushSaid},
    ids::ContactId,
};
use serde_json::json;

impl Unit<'_, '_> {
    /// Appends what these events say to the store's ledger. The doors have checked the names; what none of ours could
    /// have written is left out.
    pub(super) async fn record_consents(&self, fresh: &[&Arrived]) -> Result<(), DbError> {
        let mut said = Vec::new();
        for one in fresh {
            let list: Vec<&ConsentChange> = match &one.event.body {
                Body::Consent(list) => list.iter().collect(),
                Body::Push(change) => match &change.said {
                    PushSaid::Subscribed { consent, .. } => consent.as_deref().into_iter().collect(),
                    PushSaid::Ended { .. } => continue,
                },
                Body::Plain(_) | Body::Cart(_) | Body::Order(_) => continue,
            };
            let trusted = one.event.source.trusted();
            let Some(contact) = self.placed.get(&one.id).and_then(|(contact, _)| *contact) else { continue };
            for change in list {
                let names = Channel::from_name(&change.channel).zip(Purpose::from_name(&change.purpose));
                let Some(((channel, purpose), action)) = names.zip(Action::from_name(&change.action)) else {
                    continue;
                };
                // Whoever has the public key can say what a form says, and no more: that a link in somebody's mailbox was
                // pressed, or that a list was taken over, only the shop's server knows.
                if !trusted && !matches!(action, Action::Given | Action::Withdrawn | Action::Objected) {
                    continue;
                }
                let claimed = change.method == Method::Checkbox.as_str()
                    || change.method == Method::DoubleOptIn.as_str();
                let method =
                    if trusted || claimed { change.method.clone() } else { Method::Checkbox.as_str().into() };
                said.push(Said {
                    contact: ContactId(contact),
                    channel,
                    purpose,
                    action,
                    method,
                    occurred_at: one.event.occurred_at,
                    wording: change.wording.clone(),
                    place: change.place.clone(),
                    evidence: json!({
                        "source": one.event.source.as_str(), "event": one.event.name, "said": change.evidence,
                    }),
                });
            }
        }
        append(self.scoped, self.env, said).await.map(|_| ())
    }
}
