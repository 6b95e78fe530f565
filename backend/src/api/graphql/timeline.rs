//! What happened to a cart and why, and what comes next.

use super::{
    access::Access,
    journey::Journey,
    message::Message,
    scalars::{Json, Time, amount},
};
use crate::{
    db::{DbError, Scoped},
    journeys::timeline as decisions,
};
use async_graphql::{Enum, ID, Result, SimpleObject};
use cartwheel_domain::ids::{CartId, ContactId, EventId, MessageId, OrderId, RunId};
use cartwheel_entity::{cart, event, journey, journey_run, message, shop_order};
use sea_orm::{ColumnTrait, QueryFilter, QueryOrder, QuerySelect};
use serde_json::json;

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

/// A cart's story, oldest first.
///
/// # Errors
/// A fault.
pub async fn timeline(access: &Access, row: &cart::Model) -> Result<Vec<TimelineEntry>> {
    let mut entries = access
        .read(async |scoped| {
            let mut entries = events(scoped, row).await?;
            entries.extend(decided(access, scoped, row).await?);
            entries.extend(messages(access, scoped, row).await?);
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

async fn decided(
    access: &Access,
    scoped: &Scoped<'_>,
    row: &cart::Model,
) -> Result<Vec<TimelineEntry>, DbError> {
    let Some(contact) = row.contact_id else { return Ok(Vec::new()) };
    let runs = decisions::runs_of_cart(scoped, CartId(row.id), ContactId(contact)).await?;
    let ids: Vec<_> = runs.iter().map(|r| RunId(r.id)).collect();
    let journeys = scoped
        .find::<journey::Entity>()
        .filter(journey::Column::Id.is_in(runs.iter().map(|r| r.journey_id)))
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

async fn messages(
    access: &Access,
    scoped: &Scoped<'_>,
    row: &cart::Model,
) -> Result<Vec<TimelineEntry>, DbError> {
    let rows = scoped
        .find::<message::Entity>()
        .filter(message::Column::CartId.eq(row.id))
        .limit(100)
        .all(scoped.on())
        .await?;
    Ok(rows.into_iter().map(|m| TimelineEntry {
        id: ID(MessageId(m.id).to_string()),
        at: Time(m.sent_at.unwrap_or(m.created_at)),
        kind: TimelineKind::Message,
        code: super::message::status_word(m.status).into(),
        values: Json(json!({ "reason": m.reason, "template": m.template_key, "refusal": m.refusal, "evidence": m.evidence })),
        message: Some(Message { access: access.clone(), row: m }),
        journey: None,
    }).collect())
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
