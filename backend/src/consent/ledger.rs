//! The ledger: entries are appended, chained by hash, never changed.

use crate::{
    clock::Env,
    db::{Among, DbError, Scoped},
    webhooks::{Happening, tell},
};
use cartwheel_domain::{
    consent::{
        Channel, Method, Purpose,
        chain::{self, Broken, ChainHash},
        ledger::{Action, ConsentState, Entry, fold},
    },
    hook::{HookKind, HookKinds},
    ids::{ConsentId, ContactId},
    time::Millis,
};
use cartwheel_entity::consent_event;
use sea_orm::{ActiveValue::Set, ColumnTrait, DbErr, QueryFilter, QueryOrder, QuerySelect};
use serde_json::{Value, json};
use std::collections::HashMap;

/// What somebody said, to be written down.
#[derive(Debug, Clone, PartialEq)]
pub struct Said {
    /// Who.
    pub contact: ContactId,
    /// On which channel.
    pub channel: Channel,
    /// What for.
    pub purpose: Purpose,
    /// What happened.
    pub action: Action,
    /// How: a [`Method`], or the way a no came in (`one_click`, `page`, `reply`).
    pub method: String,
    /// When the person acted.
    pub occurred_at: Millis,
    /// The sentence shown.
    pub wording: Option<String>,
    /// The form or address where it was shown.
    pub place: Option<String>,
    /// Further proof. Fractions are kept as text, since a chained entry holds whole numbers only.
    pub evidence: Value,
}

/// Appends entries to the store's ledger, each chained to the one before it, and takes the store's lock for it.
///
/// # Errors
/// What the database says.
pub async fn append(scoped: &Scoped<'_>, env: &Env, said: Vec<Said>) -> Result<Vec<ConsentId>, DbError> {
    if said.is_empty() {
        return Ok(Vec::new());
    }
    scoped.lock().await?;
    let (mut sequence, mut hash) = head(scoped).await?;
    let mut ids = Vec::with_capacity(said.len());
    let mut rows = Vec::with_capacity(said.len());
    let mut told = Vec::new();
    for one in said {
        let id: ConsentId = env.id();
        sequence += 1;
        let mut row = consent_event::Model {
            store_id: scoped.store_id().uuid(),
            id: id.uuid(),
            sequence,
            contact_id: one.contact.uuid(),
            channel: one.channel.as_str().to_owned(),
            purpose: one.purpose.as_str().to_owned(),
            action: one.action.as_str().to_owned(),
            method: one.method,
            occurred_at: one.occurred_at,
            recorded_at: env.now(),
            wording: one.wording,
            place: one.place,
            evidence: whole(&one.evidence),
            previous_hash: hash.to_hex(),
            hash: String::new(),
        };
        if matches!(one.action, Action::Withdrawn | Action::Objected) {
            let what = (one.channel.as_str(), one.purpose.as_str(), one.action.as_str());
            told.push(Happening::unsubscribed(id.uuid(), one.contact, what, one.occurred_at));
        }
        hash = chain::next(hash, &chained(&row)).map_err(|e| DbErr::Custom(e.to_string()))?;
        row.hash = hash.to_hex();
        rows.push(active(row));
        ids.push(id);
    }
    scoped.insert::<consent_event::Entity>(rows).await?;
    // Whoever writes here knows no more of the store than its id; a no is rare enough to ask who listens.
    let wanted: HookKinds = [HookKind::Unsubscribed].into_iter().collect();
    tell(scoped, wanted, env.now(), told).await?;
    Ok(ids)
}

fn active(row: consent_event::Model) -> consent_event::ActiveModel {
    consent_event::ActiveModel {
        store_id: Set(row.store_id),
        id: Set(row.id),
        sequence: Set(row.sequence),
        contact_id: Set(row.contact_id),
        channel: Set(row.channel),
        purpose: Set(row.purpose),
        action: Set(row.action),
        method: Set(row.method),
        occurred_at: Set(row.occurred_at),
        recorded_at: Set(row.recorded_at),
        wording: Set(row.wording),
        place: Set(row.place),
        evidence: Set(row.evidence),
        previous_hash: Set(row.previous_hash),
        hash: Set(row.hash),
    }
}

/// The last entry's number and hash; 0 and the store's genesis when there is none.
async fn head(scoped: &Scoped<'_>) -> Result<(i64, ChainHash), DbError> {
    let last = scoped.find::<consent_event::Entity>().order_by_desc(consent_event::Column::Sequence);
    Ok(match last.one(scoped.on()).await? {
        None => (0, chain::genesis(scoped.store_id())),
        Some(row) => {
            let hash = ChainHash::from_hex(&row.hash).ok_or_else(|| {
                DbErr::Custom(format!("consent entry {} has no readable hash", row.sequence))
            })?;
            (row.sequence, hash)
        }
    })
}

/// The part of a row that is chained. Not the contact: when two contacts turn out to be one person, the rows move.
fn chained(row: &consent_event::Model) -> Value {
    json!({
        "id": ConsentId(row.id).to_string(), "channel": row.channel, "purpose": row.purpose, "action": row.action,
        "method": row.method, "occurred_at": row.occurred_at, "wording": row.wording, "evidence": row.evidence,
    })
}

fn whole(value: &Value) -> Value {
    match value {
        Value::Number(n) if !n.is_i64() && !n.is_u64() => Value::String(n.to_string()),
        Value::Array(items) => Value::Array(items.iter().map(whole).collect()),
        Value::Object(map) => Value::Object(map.iter().map(|(k, v)| (k.clone(), whole(v))).collect()),
        other => other.clone(),
    }
}

/// What each contact's entries add up to; who has none is missing.
///
/// # Errors
/// What the database says.
pub async fn states(
    scoped: &Scoped<'_>,
    contacts: &[ContactId],
) -> Result<HashMap<ContactId, ConsentState>, DbError> {
    let mut entries: HashMap<ContactId, Vec<Entry>> = HashMap::new();
    for part in contacts.chunks(500) {
        let ids = part.iter().map(|c| c.uuid());
        let rows = scoped.find::<consent_event::Entity>().filter(consent_event::Column::ContactId.among(ids));
        for row in rows.all(scoped.on()).await? {
            if let Some(entry) = entry(&row) {
                entries.entry(ContactId(row.contact_id)).or_default().push(entry);
            }
        }
    }
    Ok(entries.into_iter().map(|(contact, all)| (contact, fold(&all))).collect())
}

/// A row in the words of the gate; `None` when it speaks of a channel, purpose or action this version does not know,
/// which therefore allows nothing.
pub fn entry(row: &consent_event::Model) -> Option<Entry> {
    Some(Entry {
        id: ConsentId(row.id).to_string(),
        channel: Channel::from_name(&row.channel)?,
        purpose: Purpose::from_name(&row.purpose)?,
        action: Action::from_name(&row.action)?,
        method: Method::from_name(&row.method),
        at: row.occurred_at,
    })
}

/// Checks the store's whole chain, a page at a time, and says how many entries it has.
///
/// # Errors
/// [`VerifyError::Broken`] with the place; what the database says.
pub async fn verify(scoped: &Scoped<'_>) -> Result<i64, VerifyError> {
    const PAGE: u64 = 1_000;
    let (mut last, mut sequence) = (chain::genesis(scoped.store_id()), 0);
    loop {
        let page = scoped
            .find::<consent_event::Entity>()
            .filter(consent_event::Column::Sequence.gt(sequence))
            .order_by_asc(consent_event::Column::Sequence)
            .limit(PAGE)
            .all(scoped.on())
            .await
            .map_err(DbError::from)?;
        if page.is_empty() {
            return Ok(sequence);
        }
        for row in page {
            let next = chain::next(last, &chained(&row)).ok();
            if row.sequence != sequence + 1
                || row.previous_hash != last.to_hex()
                || next.map(ChainHash::to_hex) != Some(row.hash)
            {
                return Err(VerifyError::Broken(Broken::At(usize::try_from(sequence).unwrap_or(usize::MAX))));
            }
            sequence = row.sequence;
            last = next.unwrap_or(last);
        }
    }
}

/// Why a ledger could not be shown to be whole.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// It is not.
    #[error("the consent ledger is not as it was written: {0}")]
    Broken(Broken),
    /// The database said no.
    #[error(transparent)]
    Db(#[from] DbError),
}
