//! What the last look would say of a person now, before there is a message: for the console.

use super::people::{Look, People};
use crate::{
    accounts::{MasterKey, StoreInfo},
    db::{DbError, Scoped},
};
use cartwheel_domain::{
    consent::{Channel, ContentClass, Decision, GateInput, Purpose, may_send},
    last_look::store_facts,
    time::Millis,
};
use cartwheel_entity::{consent_event, contact};
use sea_orm::{ColumnTrait, QueryFilter, QueryOrder};
use std::collections::HashSet;

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

/// What the gate says of a reminder by e-mail to this person now.
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
    if contact.email.is_none() {
        return Ok(Vec::new());
    }
    let people = People::load(scoped, key, HashSet::from([contact.id]), (now, Look::Shown)).await?;
    let recipient = people.recipient(contact, None, &store.settings);
    let facts = store_facts(&store.settings);
    let decision = may_send(&GateInput {
        recipient: &recipient,
        channel: Channel::Email,
        purpose: Purpose::CartEmail,
        content_class: ContentClass::Informational,
        cart: None,
        store: &facts,
        now,
    });
    let latest = scoped
        .find::<consent_event::Entity>()
        .filter(consent_event::Column::ContactId.eq(contact.id))
        .filter(consent_event::Column::Channel.eq(Channel::Email.as_str()))
        .order_by_desc(consent_event::Column::OccurredAt)
        .one(scoped.on())
        .await?;
    let (allowed, basis, rule) = match decision {
        Decision::Allow(basis) => (true, Some(basis.kind.as_str().to_owned()), basis.rule),
        Decision::Deny(refusal) => (false, None, refusal.rule),
    };
    Ok(vec![Outlook {
        channel: Channel::Email.as_str().into(),
        allowed,
        basis,
        rule: Some(rule),
        at: latest.map(|e| e.occurred_at),
    }])
}
