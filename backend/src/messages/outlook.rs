//! What the last look would say of a person now, before there is a message: for the console.

use super::people::{Look, People, address};
use crate::{
    accounts::{MasterKey, StoreInfo},
    db::{DbError, Scoped},
    push,
};
use cartwheel_domain::{
    consent::{Channel, ContentClass, Decision, GateInput, may_send},
    journey::CHANNELS,
    last_look::store_facts,
    time::Millis,
};
use cartwheel_entity::{consent_event, contact};
use sea_orm::{ColumnTrait, QueryFilter, QueryOrder};
use std::collections::{BTreeSet, HashSet};

/// Whether a channel is open to a person, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outlook {
    /// The channel.
    pub channel: String,
    /// Whether a reminder may go.
    pub allowed: bool,
    /// Kind of ground, when it may.
    pub basis: Option<String>,
    /// The rule that decides.
    pub rule: Option<String>,
    /// When the person last gave or withdrew permission.
    pub at: Option<Millis>,
}

/// What the gate says of a reminder to this person now, on each channel on which they can be reached.
///
/// # Errors
/// What the database says.
pub async fn outlook(
    scoped: &Scoped<'_>,
    store: &StoreInfo,
    contact: &contact::Model,
    now: Millis,
    key: &MasterKey,
) -> Result<Vec<Outlook>, DbError> {
    let mut channels: BTreeSet<Channel> =
        CHANNELS.into_iter().filter(|channel| address(contact, *channel).is_some()).collect();
    if push::of_contacts(scoped, HashSet::from([contact.id])).await?.is_empty() {
        channels.remove(&Channel::Push);
    }
    if channels.is_empty() {
        return Ok(Vec::new());
    }
    let asked = (now, Look::Shown);
    let people = People::load(scoped, key, HashSet::from([contact.id]), &channels, asked).await?;
    let facts = store_facts(&store.settings);
    let mut all = Vec::with_capacity(channels.len());
    for channel in channels {
        let Some(purpose) = channel.purposes().first() else { continue };
        let recipient = people.recipient(contact, channel, None, &store.settings);
        let decision = may_send(&GateInput {
            recipient: &recipient,
            channel,
            purpose: *purpose,
            content_class: ContentClass::Informational,
            cart: None,
            store: &facts,
            now,
        });
        let latest = scoped
            .find::<consent_event::Entity>()
            .filter(consent_event::Column::ContactId.eq(contact.id))
            .filter(consent_event::Column::Channel.eq(channel.as_str()))
            .order_by_desc(consent_event::Column::OccurredAt)
            .one(scoped.on())
            .await?;
        let (allowed, basis, rule) = match decision {
            Decision::Allow(basis) => (true, Some(basis.kind.as_str().to_owned()), basis.rule),
            Decision::Deny(refusal) => (false, None, refusal.rule),
        };
        let at = latest.map(|e| e.occurred_at);
        all.push(Outlook { channel: channel.as_str().into(), allowed, basis, rule: Some(rule), at });
    }
    Ok(all)
}
