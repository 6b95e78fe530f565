//! Browsers that may be notified, and those that may not any more.

use super::{Arrived, Unit};
use crate::{
    consent::ledger::{Said, append},
    db::DbError,
    ingest::push::label,
    push::{self, Seen},
};
use cartwheel_domain::{
    consent::{Channel, Purpose, ledger::Action},
    event::{Body, PushSaid},
    ids::ContactId,
};
use serde_json::json;
use std::collections::HashMap;

impl Unit<'_, '_> {
    /// Keeps the browsers these events name. What the shop's server says of a browser and a person vouches for it.
    pub(super) async fn keep_browsers(&self, fresh: &[&Arrived]) -> Result<(), DbError> {
        // Nobody has subscribed where there is no key.
        let Some(current) = &self.store.push_key else { return Ok(()) };
        let mut vouched: HashMap<String, uuid::Uuid> = HashMap::new();
        for one in fresh {
            let Some(contact) = self.placed.get(&one.id).and_then(|(contact, _)| *contact) else { continue };
            let (who, trusted) = (&one.event.who, one.event.source.trusted());
            let named = who.user_id.is_some() || who.email.is_some() || who.phone.is_some();
            if let (true, true, Some(visitor)) = (trusted, named, &who.anonymous_id) {
                vouched.insert(visitor.clone(), contact);
            }
            let Body::Push(change) = &one.event.body else { continue };
            match &change.said {
                // Made for a key that is no more: nothing could be sent there.
                PushSaid::Subscribed { key, .. } if key != current => {}
                PushSaid::Subscribed { subscription, .. } => {
                    let seen = Seen {
                        contact,
                        subscription: subscription.clone(),
                        browser: change.browser.clone().unwrap_or_default(),
                        visitor: who.anonymous_id.clone().unwrap_or_default(),
                        vouched: trusted,
                        label: label(who.user_agent.as_deref()),
                        at: one.event.occurred_at.min(self.now),
                    };
                    push::put(self.scoped, self.env, vec![seen]).await?;
                }
                PushSaid::Ended { endpoint } => {
                    let browser = change.browser.as_deref().filter(|_| !trusted);
                    if let Some(contact) = push::end(self.scoped, endpoint, browser).await? {
                        self.withdrawn(one, ContactId(contact)).await?;
                    }
                }
            }
        }
        if vouched.is_empty() { Ok(()) } else { push::vouch(self.scoped, &vouched).await }
    }

    /// Whoever takes the last of their browsers back wants no notifications.
    async fn withdrawn(&self, one: &Arrived, contact: ContactId) -> Result<(), DbError> {
        let said = Said {
            contact,
            channel: Channel::Push,
            purpose: Purpose::Push,
            action: Action::Withdrawn,
            method: "browser".to_owned(),
            occurred_at: one.event.occurred_at,
            wording: None,
            place: None,
            evidence: json!({ "source": one.event.source.as_str(), "event": one.event.name }),
        };
        append(self.scoped, self.env, vec![said]).await.map(|_| ())
    }
}
