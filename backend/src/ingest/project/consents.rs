//! Permissions that events carry, written into the ledger.

use super::{Arrived, Unit};
use crate::db::DbError;
use cartwheel_domain::{
    consent::chain::{self, ChainHash},
    event::Body,
    ids::ConsentId,
};
use cartwheel_entity::consent_event;
use sea_orm::{ActiveValue::Set, DbErr, QueryOrder};
use serde_json::{Value, json};

impl Unit<'_, '_> {
    /// Appends what these events say to the store's ledger, each entry chained to the one before it. The caller holds
    /// the store's lock, so no two transactions append at once.
    pub(super) async fn record_consents(&self, fresh: &[&Arrived]) -> Result<(), DbError> {
        let said: Vec<&Arrived> = fresh.iter().copied().filter(|a| matches!(a.event.body, Body::Consent(_))).collect();
        if said.is_empty() {
            return Ok(());
        }
        let last = self.scoped.find::<consent_event::Entity>().order_by_desc(consent_event::Column::Sequence);
        let last = last.one(self.scoped.on()).await?;
        let mut sequence = last.as_ref().map_or(0, |l| l.sequence);
        let mut hash = last
            .and_then(|l| ChainHash::from_hex(&l.hash))
            .unwrap_or_else(|| chain::genesis(self.store.id));
        let mut rows = Vec::new();
        for one in said {
            let Body::Consent(list) = &one.event.body else { continue };
            let Some(contact) = self.placed.get(&one.id).and_then(|(contact, _)| *contact) else { continue };
            for change in list {
                let id: ConsentId = self.env.id();
                let evidence = json!({
                    "source": one.event.source.as_str(), "event": one.event.name, "said": whole(&change.evidence),
                });
                let entry = json!({
                    "id": id.to_string(), "channel": change.channel, "purpose": change.purpose, "action": change.action,
                    "method": change.method, "occurred_at": one.event.occurred_at, "wording": change.wording,
                    "evidence": evidence,
                });
                let next = chain::next(hash, &entry).map_err(|e| DbErr::Custom(e.to_string()))?;
                sequence += 1;
                rows.push(consent_event::ActiveModel {
                    store_id: Set(self.store.id.uuid()),
                    id: Set(id.uuid()),
                    sequence: Set(sequence),
                    contact_id: Set(contact),
                    channel: Set(change.channel.clone()),
                    purpose: Set(change.purpose.clone()),
                    action: Set(change.action.clone()),
                    method: Set(change.method.clone()),
                    occurred_at: Set(one.event.occurred_at),
                    recorded_at: Set(self.now),
                    wording: Set(change.wording.clone()),
                    place: Set(change.place.clone()),
                    evidence: Set(evidence),
                    previous_hash: Set(hash.to_hex()),
                    hash: Set(next.to_hex()),
                });
                hash = next;
            }
        }
        self.scoped.insert::<consent_event::Entity>(rows).await
    }
}

/// The same value with fractions as text: a chained entry holds whole numbers only.
fn whole(value: &Value) -> Value {
    match value {
        Value::Number(n) if !n.is_i64() && !n.is_u64() => Value::String(n.to_string()),
        Value::Array(items) => Value::Array(items.iter().map(whole).collect()),
        Value::Object(map) => Value::Object(map.iter().map(|(k, v)| (k.clone(), whole(v))).collect()),
        other => other.clone(),
    }
}
