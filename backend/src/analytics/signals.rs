//! Live checks: what of the set-up was seen, and what needs a look.

use crate::db::{DbError, Scoped};
use cartwheel_domain::time::{MINUTE, Millis};
use cartwheel_entity::{journey, journey_run, message, shop_order, store_signal};
use sea_orm::{ColumnTrait, Condition, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect};

/// What of the set-up was seen, and when.
#[derive(Debug, Clone, Copy, Default)]
pub struct Setup {
    /// The snippet called.
    pub snippet: Option<Millis>,
    /// A cart came in.
    pub first_cart: Option<Millis>,
    /// A journey is on.
    pub journey_on: bool,
    /// A message was handed over.
    pub first_message: Option<Millis>,
    /// An order was recovered.
    pub first_recovery: Option<Millis>,
}

/// What of the set-up was seen.
///
/// # Errors
/// What the database says.
pub async fn setup(scoped: &Scoped<'_>) -> Result<Setup, DbError> {
    let signals = scoped.find::<store_signal::Entity>().all(scoped.on()).await?;
    let signal = |name: &str| signals.iter().find(|s| s.name == name).map(|s| s.at);
    let on = scoped
        .find::<journey::Entity>()
        .filter(journey::Column::Status.eq("on"))
        .limit(1)
        .one(scoped.on())
        .await?;
    let sent = scoped
        .find::<message::Entity>()
        .filter(message::Column::Status.eq(3))
        .order_by_desc(message::Column::CreatedAt)
        .limit(1)
        .one(scoped.on())
        .await?;
    let recovered = scoped
        .find::<shop_order::Entity>()
        .filter(
            Condition::any()
                .add(shop_order::Column::ClickMessageId.is_not_null())
                .add(shop_order::Column::WindowMessageId.is_not_null()),
        )
        .order_by_desc(shop_order::Column::PlacedAt)
        .limit(1)
        .one(scoped.on())
        .await?;
    Ok(Setup {
        snippet: signal("snippet_seen"),
        first_cart: signal("first_cart"),
        journey_on: on.is_some(),
        first_message: sent.and_then(|m| m.sent_at),
        first_recovery: recovered.map(|o| o.placed_at),
    })
}

/// When an event of any source last came in, to the minute.
///
/// # Errors
/// What the database says.
pub async fn last_seen(scoped: &Scoped<'_>) -> Result<Option<Millis>, DbError> {
    let signals = scoped.find::<store_signal::Entity>().all(scoped.on()).await?;
    Ok(signals.iter().filter(|s| s.name.ends_with("_seen")).map(|s| s.at).max())
}

/// What needs a look.
#[derive(Debug, Clone, Copy, Default)]
pub struct Trouble {
    /// Messages nobody knows the fate of, last 30 days.
    pub uncertain: i64,
    /// Messages given up on, last 30 days.
    pub failed: i64,
    /// Runs more than five minutes late.
    pub late: i64,
}

/// What needs a look. Counts stop at a hundred: more is as bad.
///
/// # Errors
/// What the database says.
pub async fn trouble(scoped: &Scoped<'_>, now: Millis) -> Result<Trouble, DbError> {
    let month = now - 30 * cartwheel_domain::time::DAY;
    let messages = async |status: i32| -> Result<i64, DbError> {
        let rows = scoped
            .find::<message::Entity>()
            .filter(message::Column::Status.eq(status))
            .filter(message::Column::CreatedAt.gte(month))
            .limit(100)
            .count(scoped.on());
        Ok(i64::try_from(rows.await?).unwrap_or(i64::MAX))
    };
    let late = scoped
        .find::<journey_run::Entity>()
        .filter(journey_run::Column::Status.eq(0))
        .filter(journey_run::Column::WakeAt.lt(now - 5 * MINUTE))
        .limit(100)
        .count(scoped.on())
        .await?;
    Ok(Trouble {
        uncertain: messages(7).await?,
        failed: messages(6).await?,
        late: i64::try_from(late).unwrap_or(i64::MAX),
    })
}
