//! What happened to a cart and why, and what comes next.

use super::{
    access::Access,
    journey::Journey,
    message::Message,
    scalars::{Json, Time, amount},
};
use crate::{
    db::{Among, DbError, Scoped},
    journeys::timeline as decisions,
    recovery::restore,
};
use async_graphql::{Enum, ID, Result, SimpleObject};
use cartwheel_domain::{
    ids::{CartId, ContactId, EventId, MessageId, OrderId, RunId},
    time::Millis,
};
use cartwheel_entity::{cart, event, journey, journey_run, message, restore_link, shop_order};
use sea_orm::{ColumnTrait, QueryFilter, QueryOrder, QuerySelect};
use serde_json::json;
use std::collections::BTreeSet;

/// Which part of the story an entry tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
pub enum TimelineKind {
    /// Something the shop told.
    Event,
    /// Something a journey decided.
    Decision,
    /// A message, or why there was none.
    Message,
    /// The order.
    Order,
}

/// One entry of a cart's story.
#[derive(SimpleObject)]
pub struct TimelineEntry {
    id: ID,
    at: Time,
    kind: TimelineKind,
    /// A stable word: the event, the decision, or the message's status.
    code: String,
    /// The values that belong to it; for a decision, those that decided it.
    values: Json,
    message: Option<Message>,
    journey: Option<Journey>,
}

/// What will happen next.
#[derive(SimpleObject)]
pub struct NextStep {
    /// When; null when it waits for something else.
    at: Option<Time>,
    /// `abandonment`, `journey` or `message`.
    kind: String,
    journey_name: Option<String>,
    node: Option<String>,
}

/// Most events shown; the latest are kept.
const EVENTS: u64 = 300;
/// Most messages of one cart that are looked at.
const MESSAGES: u64 = 100;

impl TimelineEntry {
    fn of(id: String, at: Millis, kind: TimelineKind, code: impl Into<String>) -> Self {
        Self {
            id: ID(id),
            at: Time(at),
            kind,
            code: code.into(),
            values: Json(json!({})),
            message: None,
            journey: None,
        }
    }
}

/// A cart's story, oldest first.
///
/// # Errors
/// A fault.
pub async fn timeline(access: &Access, row: &cart::Model) -> Result<Vec<TimelineEntry>> {
    let mut entries = access
        .read(async |scoped| {
            let mut entries = events(scoped, row).await?;
            let (sent, runs) = (messages(scoped, row).await?, runs(scoped, row).await?);
            entries.extend(judged(row, &runs));
            entries.extend(restored(access, scoped, row, &sent).await?);
            entries.extend(decided(access, scoped, &runs).await?);
            entries.extend(sent.into_iter().flat_map(|m| told(access, m)));
            if let Some(id) = row.order_id {
                let order = scoped
                    .find::<shop_order::Entity>()
                    .filter(shop_order::Column::Id.eq(id))
                    .one(scoped.on())
                    .await?;
                entries.extend(order.map(ordered));
            }
            Ok::<_, DbError>(entries)
        })
        .await?;
    // Of the same instant, what the shop told stands before what was decided from it.
    entries.sort_by_key(|e| e.at.0);
    Ok(entries)
}

async fn events(scoped: &Scoped<'_>, row: &cart::Model) -> Result<Vec<TimelineEntry>, DbError> {
    let rows = scoped
        .find::<event::Entity>()
        .filter(event::Column::CartId.eq(row.id))
        .order_by_desc(event::Column::OccurredAt)
        .limit(EVENTS)
        .all(scoped.on())
        .await?;
    Ok(rows
        .into_iter()
        .map(|e| TimelineEntry {
            id: ID(EventId(e.id).to_string()),
            at: Time(e.occurred_at),
            kind: TimelineKind::Event,
            code: e.kind,
            values: Json(json!({ "source": e.source })),
            message: None,
            journey: None,
        })
        .collect())
}

/// Its passages through journeys, newest first.
async fn runs(scoped: &Scoped<'_>, row: &cart::Model) -> Result<Vec<journey_run::Model>, DbError> {
    match row.contact_id {
        Some(contact) => decisions::runs_of_cart(scoped, CartId(row.id), ContactId(contact)).await,
        None => Ok(Vec::new()),
    }
}

async fn decided(
    access: &Access,
    scoped: &Scoped<'_>,
    runs: &[journey_run::Model],
) -> Result<Vec<TimelineEntry>, DbError> {
    let ids: Vec<_> = runs.iter().map(|r| RunId(r.id)).collect();
    let journeys = scoped
        .find::<journey::Entity>()
        .filter(journey::Column::Id.among(runs.iter().map(|r| r.journey_id)))
        .all(scoped.on())
        .await?;
    let of_run = |run: RunId| {
        let journey = runs.iter().find(|r| r.id == run.uuid())?.journey_id;
        let row = journeys.iter().find(|j| j.id == journey)?.clone();
        Some(Journey { access: access.clone(), row })
    };
    let entries = decisions::of_runs(scoped, &ids).await?;
    Ok(entries
        .into_iter()
        .enumerate()
        .map(|(n, e)| TimelineEntry {
            id: ID(format!("{}:{n}", e.run)),
            at: Time(e.at),
            kind: TimelineKind::Decision,
            code: e.decision,
            values: Json(json!({ "node": e.node, "visit": e.visit, "values": e.values })),
            message: None,
            journey: of_run(e.run),
        })
        .collect())
}

async fn messages(scoped: &Scoped<'_>, row: &cart::Model) -> Result<Vec<message::Model>, DbError> {
    let query = scoped.find::<message::Entity>().filter(message::Column::CartId.eq(row.id));
    Ok(query.limit(MESSAGES).all(scoped.on()).await?)
}

/// A message and what its recipient did with it.
fn told(access: &Access, m: message::Model) -> Vec<TimelineEntry> {
    let id = MessageId(m.id);
    let values = json!({ "template": m.template_key, "subject": m.subject });
    let after = [("opened", m.opened_at), ("clicked", m.clicked_at), ("unsubscribed", m.unsubscribed_at)];
    let mut entries: Vec<_> = after
        .into_iter()
        .filter_map(|(code, at)| {
            let entry = TimelineEntry::of(format!("{id}:{code}"), at?, TimelineKind::Message, code);
            Some(TimelineEntry { values: Json(values.clone()), ..entry })
        })
        .collect();
    entries.insert(
        0,
        TimelineEntry {
            id: ID(id.to_string()),
            at: Time(m.sent_at.unwrap_or(m.created_at)),
            kind: TimelineKind::Message,
            code: super::message::status_word(m.status).into(),
            values: Json(
                json!({ "reason": m.reason, "template": m.template_key, "refusal": m.refusal, "evidence": m.evidence }),
            ),
            message: Some(Message { access: access.clone(), row: m }),
            journey: None,
        },
    );
    entries
}

/// What was judged of the cart itself: left, or too old. The row keeps the latest time it was left, until the shopper
/// comes back; the times before are those at which its journeys began, since they begin in the same transaction.
fn judged(row: &cart::Model, runs: &[journey_run::Model]) -> Vec<TimelineEntry> {
    let id = CartId(row.id);
    let entry = |code, at| TimelineEntry::of(format!("{id}:{code}:{at}"), at, TimelineKind::Event, code);
    let left: BTreeSet<Millis> = runs.iter().map(|r| r.entered_at).chain(row.abandoned_at).collect();
    let mut entries: Vec<_> = left.into_iter().map(|at| entry("abandoned", at)).collect();
    if row.status == "expired" {
        entries.extend(row.finished_at.map(|at| entry("expired", at)));
    }
    entries
}

/// When the cart was brought back by a link of its messages. The key of a link follows from cart and message, so
/// each is found by its key.
async fn restored(
    access: &Access,
    scoped: &Scoped<'_>,
    row: &cart::Model,
    sent: &[message::Model],
) -> Result<Vec<TimelineEntry>, DbError> {
    if sent.is_empty() {
        return Ok(Vec::new());
    }
    let links = sent.iter().map(|m| {
        restore::link_id(&access.api.master, (access.info.id, CartId(row.id)), Some(MessageId(m.id)))
    });
    let used = scoped
        .find::<restore_link::Entity>()
        .filter(restore_link::Column::Id.among(links))
        .filter(restore_link::Column::UsedAt.is_not_null())
        .all(scoped.on())
        .await?;
    Ok(used
        .into_iter()
        .filter_map(|link| {
            let id = format!("{}:restored", link.id);
            Some(TimelineEntry::of(id, link.used_at?, TimelineKind::Event, "restored"))
        })
        .collect())
}

fn ordered(order: shop_order::Model) -> TimelineEntry {
    let total = amount(order.total_minor, &order.currency);
    let by = if order.click_message_id.is_some() {
        Some("click")
    } else {
        order.window_message_id.map(|_| "window")
    };
    TimelineEntry {
        id: ID(OrderId(order.id).to_string()),
        at: Time(order.placed_at),
        kind: TimelineKind::Order,
        code: order.state,
        values: Json(
            json!({ "number": order.number, "total": total.decimal, "currency": total.currency, "recoveredBy": by }),
        ),
        message: None,
        journey: None,
    }
}

/// What will happen next to a cart.
///
/// # Errors
/// A fault.
pub async fn next_step(access: &Access, row: &cart::Model) -> Result<Option<NextStep>> {
    if let Some(at) = row.idle_at {
        return Ok(Some(NextStep {
            at: Some(Time(at)),
            kind: "abandonment".into(),
            journey_name: None,
            node: None,
        }));
    }
    access
        .read(async |scoped| {
            let queued = scoped
                .find::<message::Entity>()
                .filter(message::Column::CartId.eq(row.id))
                .filter(message::Column::Status.is_in([0, 1, 2]))
                .order_by_asc(message::Column::NextAt)
                .one(scoped.on())
                .await?;
            if let Some(m) = queued {
                return Ok(Some(NextStep {
                    at: Some(Time(m.next_at)),
                    kind: "message".into(),
                    journey_name: None,
                    node: Some(m.node),
                }));
            }
            let run = scoped
                .find::<journey_run::Entity>()
                .filter(journey_run::Column::CartId.eq(row.id))
                .filter(journey_run::Column::Status.lt(2))
                .order_by_asc(journey_run::Column::WakeAt)
                .one(scoped.on())
                .await?;
            let Some(run) = run else { return Ok::<_, DbError>(None) };
            let journey = scoped
                .find::<journey::Entity>()
                .filter(journey::Column::Id.eq(run.journey_id))
                .one(scoped.on())
                .await?;
            Ok(Some(NextStep {
                at: Some(Time(run.wake_at)),
                kind: "journey".into(),
                journey_name: journey.map(|j| j.name),
                node: Some(run.node),
            }))
        })
        .await
}
