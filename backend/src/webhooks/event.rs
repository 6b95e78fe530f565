//! What is told, and how it is written down: in the transaction of what it tells of, with ids in place of names and addresses.

use super::WAITING;
use crate::{
    accounts::service::lane,
    db::{DbError, Scoped},
};
use cartwheel_domain::{
    hook::{HookKind, HookKinds, VERSION},
    ids::{CartId, ContactId, DeliveryId, HookId, JourneyId, MessageId, OrderId, RunId},
    money::Money,
    time::{Millis, to_rfc3339},
};
use cartwheel_entity::{cart, hook_delivery, hook_endpoint, message, shop_order};
use sea_orm::{ActiveValue::Set, ColumnTrait, QueryFilter, QuerySelect};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// Something that has happened.
#[derive(Debug, Clone, PartialEq)]
pub struct Happening {
    /// What.
    pub kind: HookKind,
    /// Which one of its kind, among all there ever are in the store.
    key: String,
    /// To this endpoint alone, whatever it has chosen; `None`: to all that have chosen the kind.
    only: Option<HookId>,
    data: Value,
}

fn money(minor: i64, currency: &str) -> Value {
    let decimal = currency.parse().ok().map(|currency| Money::new(minor, currency).to_decimal());
    json!({ "amount": decimal, "currency": currency })
}

fn time(at: Option<Millis>) -> Option<String> {
    at.map(to_rfc3339)
}

impl Happening {
    fn new(kind: HookKind, key: impl Into<String>, data: Value) -> Self {
        Self { kind, key: key.into(), only: None, data }
    }

    /// About a cart, as its row is now: `cart.abandoned`, `cart.recovered`, `cart.converted`.
    pub fn cart(kind: HookKind, row: &cart::Model) -> Self {
        // It may be left several times, and is bought once.
        let nth = if kind == HookKind::CartAbandoned { row.entries } else { 0 };
        let data = json!({
            "cart_id": CartId(row.id),
            "contact_id": row.contact_id.map(ContactId),
            "kind": row.kind,
            "total": money(row.total_minor, &row.currency),
            "item_count": row.item_count,
            "abandoned_at": time(row.abandoned_at),
            "finished_at": time(row.finished_at),
            "order_id": row.order_id.map(OrderId),
            "recovered_by": row.recovered_by,
        });
        Self::new(kind, format!("{}#{nth}", CartId(row.id)), data)
    }

    /// An order came.
    pub fn order(row: &shop_order::Model) -> Self {
        let data = json!({
            "order_id": OrderId(row.id),
            "external_id": row.external_id,
            "cart_id": row.cart_id.map(CartId),
            "contact_id": row.contact_id.map(ContactId),
            "total": money(row.total_minor, &row.currency),
            "placed_at": to_rfc3339(row.placed_at),
            "test": row.test,
        });
        Self::new(HookKind::OrderPlaced, OrderId(row.id).to_string(), data)
    }

    /// A run began.
    pub fn run_started(run: Uuid, journey: JourneyId, cart: Option<Uuid>, contact: ContactId) -> Self {
        let data = json!({
            "run_id": RunId(run), "journey_id": journey, "cart_id": cart.map(CartId), "contact_id": contact,
        });
        Self::new(HookKind::RunStarted, RunId(run).to_string(), data)
    }

    /// A run is over.
    pub fn run_ended(
        run: Uuid,
        (journey, cart, contact): (Uuid, Option<Uuid>, Uuid),
        held_out: Option<bool>,
        reason: &str,
    ) -> Self {
        let data = json!({
            "run_id": RunId(run),
            "journey_id": JourneyId(journey),
            "cart_id": cart.map(CartId),
            "contact_id": ContactId(contact),
            "held_out": held_out,
            "reason": reason,
        });
        Self::new(HookKind::RunEnded, RunId(run).to_string(), data)
    }

    /// About a message: sent, suppressed or failed, and why.
    pub fn message(kind: HookKind, row: &message::Model, reason: Option<&str>) -> Self {
        let data = json!({
            "message_id": MessageId(row.id),
            "channel": row.channel,
            "template": row.template_key,
            "journey_id": row.journey_id.map(JourneyId),
            "run_id": row.run_id.map(RunId),
            "cart_id": row.cart_id.map(CartId),
            "contact_id": ContactId(row.contact_id),
            "reason": reason,
        });
        Self::new(kind, MessageId(row.id).to_string(), data)
    }

    /// A person said no; `entry` is the entry of the ledger.
    pub fn unsubscribed(
        entry: Uuid,
        contact: ContactId,
        (channel, purpose, action): (&str, &str, &str),
        at: Millis,
    ) -> Self {
        let data = json!({
            "contact_id": contact, "channel": channel, "purpose": purpose, "action": action, "said_at": to_rfc3339(at),
        });
        Self::new(HookKind::Unsubscribed, entry.to_string(), data)
    }

    /// A run came to a node that tells so; `key` is of run, node and visit.
    pub fn journey(
        (key, only): (&str, Option<HookId>),
        run: Uuid,
        (journey, node, cart, contact): (Uuid, &str, Option<Uuid>, Uuid),
        fields: &impl serde::Serialize,
    ) -> Self {
        let data = json!({
            "run_id": RunId(run),
            "journey_id": JourneyId(journey),
            "node": node,
            "cart_id": cart.map(CartId),
            "contact_id": ContactId(contact),
            "fields": fields,
        });
        Self { only, ..Self::new(HookKind::Journey, key, data) }
    }

    /// A member wants to see whether an endpoint listens.
    pub fn test(id: HookId, nonce: Uuid) -> Self {
        let data = json!({ "endpoint_id": id, "message": "This is a test from Cartwheel." });
        Self { only: Some(id), ..Self::new(HookKind::Test, nonce.to_string(), data) }
    }

    /// The id of what one endpoint is told of this: a version 8 UUID (RFC 9562) from a hash, so that the primary key itself keeps
    /// a repeat out.
    pub fn id(&self, endpoint: HookId) -> DeliveryId {
        let mut hash = Sha256::new();
        hash.update(b"cartwheel.hook.id.1");
        for part in [endpoint.uuid().as_bytes(), self.kind.as_str().as_bytes(), self.key.as_bytes()] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&hash.finalize()[..16]);
        DeliveryId(uuid::Builder::from_custom_bytes(bytes).into_uuid())
    }
}

/// Writes down what endpoints of the store have chosen to be told. `wanted` is what some endpoint of the store wants as far as the
/// caller knows ([`crate::accounts::StoreInfo::hooks`]); what is not among it costs nothing, not even a question.
///
/// # Errors
/// What the database says.
pub async fn tell(
    scoped: &Scoped<'_>,
    wanted: HookKinds,
    now: Millis,
    happened: Vec<Happening>,
) -> Result<(), DbError> {
    let happened: Vec<_> =
        happened.into_iter().filter(|one| one.only.is_some() || wanted.has(one.kind)).collect();
    if happened.is_empty() {
        return Ok(());
    }
    let listening: Vec<(Uuid, i32)> = scoped
        .find::<hook_endpoint::Entity>()
        .select_only()
        .columns([hook_endpoint::Column::Id, hook_endpoint::Column::Kinds])
        .filter(hook_endpoint::Column::OffWhy.is_null())
        .into_tuple()
        .all(scoped.on())
        .await?;
    let mut rows = Vec::new();
    for (id, kinds) in listening {
        let (id, kinds) = (HookId(id), HookKinds::of_bits(kinds));
        for one in &happened {
            if one.only.map_or_else(|| kinds.has(one.kind), |only| only == id) {
                rows.push(row(scoped, id, one, now));
            }
        }
    }
    scoped.insert_new::<hook_delivery::Entity>(rows).await.map(|_| ())
}

fn row(scoped: &Scoped<'_>, endpoint: HookId, one: &Happening, now: Millis) -> hook_delivery::ActiveModel {
    let body = json!({
        "type": one.kind,
        "timestamp": to_rfc3339(now),
        "version": VERSION,
        "store_id": scoped.store_id(),
        "data": one.data,
    });
    hook_delivery::ActiveModel {
        store_id: Set(scoped.store_id().uuid()),
        id: Set(one.id(endpoint).uuid()),
        endpoint_id: Set(endpoint.uuid()),
        kind: Set(one.kind.as_str().to_owned()),
        body: Set(body.to_string()),
        status: Set(WAITING),
        next_at: Set(now),
        epoch: Set(0),
        lease_owner: Set(None),
        lease_until: Set(None),
        attempt: Set(0),
        round: Set(0),
        lane: Set(lane(scoped.store_id())),
        reason: Set(None),
        created_at: Set(now),
        done_at: Set(None),
    }
}
