//! Live checks: what of the set-up was seen, and what needs a look.

use crate::db::{DbError, Scoped};
use cartwheel_domain::time::{MINUTE, Millis};
use cartwheel_entity::{journey, journey_run, message, shop_order, store_signal};
use sea_orm::{ColumnTrait, Condition, QueryFilter, QueryOrder, QuerySelect, Select, sea_query::Expr};

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
    let sent = latest_sent(scoped).one(scoped.on()).await?;
    let recovered = latest_recovered(scoped).one(scoped.on()).await?;
    Ok(Setup {
        snippet: signal("snippet_seen"),
        first_cart: signal("first_cart"),
        journey_on: on.is_some(),
        first_message: sent.and_then(|m| m.sent_at),
        first_recovery: recovered.map(|o| o.placed_at),
    })
}

/// The message handed over last.
fn latest_sent(scoped: &Scoped<'_>) -> Select<message::Entity> {
    scoped
        .find::<message::Entity>()
        // Said as the index of accepted messages says it.
        .filter(message::Column::SentAt.is_not_null())
        .order_by_desc(message::Column::SentAt)
        .order_by_desc(message::Column::Id)
        .limit(1)
}

/// The recovered order that was placed last.
fn latest_recovered(scoped: &Scoped<'_>) -> Select<shop_order::Entity> {
    scoped
        .find::<shop_order::Entity>()
        .filter(recovered())
        .order_by_desc(shop_order::Column::PlacedAt)
        .order_by_desc(shop_order::Column::Id)
        .limit(1)
}

/// Which orders are recovered, said as their index says it.
pub fn recovered() -> Condition {
    Condition::any()
        .add(shop_order::Column::ClickMessageId.is_not_null())
        .add(shop_order::Column::WindowMessageId.is_not_null())
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

/// Counts of what needs a look stop here: more is as bad.
const ENOUGH: u64 = 100;

/// What needs a look, in a store whose work is in this lane. Whatever has been sent and waits, only what is in trouble is read.
///
/// # Errors
/// What the database says.
pub async fn trouble(scoped: &Scoped<'_>, lane: i32, now: Millis) -> Result<Trouble, DbError> {
    let month = now - 30 * cartwheel_domain::time::DAY;
    let whole = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
    Ok(Trouble {
        uncertain: whole(scoped.count_to(messages(scoped, 7, month), ENOUGH).await?),
        failed: whole(scoped.count_to(messages(scoped, 6, month), ENOUGH).await?),
        late: whole(scoped.count_to(late(scoped, lane, now), ENOUGH).await?),
    })
}

/// Messages that failed (6) or of which nobody knows (7), decided on since then.
fn messages(scoped: &Scoped<'_>, status: i32, since: Millis) -> Select<message::Entity> {
    scoped
        .find::<message::Entity>()
        .filter(message::Column::Status.eq(status))
        // Said as the index of such messages says it.
        .filter(Expr::cust("message.status >= 6"))
        .filter(message::Column::CreatedAt.gte(since))
}

/// Runs that should have moved more than five minutes ago.
fn late(scoped: &Scoped<'_>, lane: i32, now: Millis) -> Select<journey_run::Entity> {
    scoped
        .find::<journey_run::Entity>()
        .filter(journey_run::Column::Lane.eq(lane))
        // Said as the index of due runs says it.
        .filter(Expr::cust("journey_run.status = 0"))
        .filter(journey_run::Column::WakeAt.lt(now - 5 * MINUTE))
        .order_by_asc(journey_run::Column::WakeAt)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{TestApp, database::plan};
    use cartwheel_macros::db_test;

    /// Home is looked at all day: what it asks for must not cost more because more is stored.
    #[db_test]
    async fn what_is_in_trouble_is_found_by_an_index_of_its_own(app: TestApp) {
        let store = app.store("a").await;
        let mut tx = app.db().read().await.expect("a transaction");
        let scoped = tx.enter(&store.scope()).await.expect("entered");
        for (index, plan) in [
            ("message_sent", plan(&scoped, latest_sent(&scoped)).await),
            ("shop_order_recovered", plan(&scoped, latest_recovered(&scoped)).await),
            ("message_trouble", plan(&scoped, messages(&scoped, 6, 0)).await),
            ("journey_run_due", plan(&scoped, late(&scoped, 1, 0)).await),
        ] {
            assert!(plan.contains(index), "{index}: {plan}");
            assert!(!plan.contains("TEMP B-TREE") && !plan.contains("Sort"), "{index}: {plan}");
        }
    }
}
