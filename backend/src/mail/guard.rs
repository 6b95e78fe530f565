//! Watches what comes back to a store, and slows or stops its mail before others do. What is judged are the messages of the last seven
//! UTC days, each counted on the day it was sent. Slowed, a store recovers by itself as the figures do; paused, a member has to say that
//! the cause is gone, and from then on it is judged anew.

use super::desk;
use crate::{
    accounts::audit::{self, Action, Entry},
    analytics::Metric,
    clock::Env,
    db::{Actor, Among, Db, DbError, OrganisationScope, Scoped, StoreScope, Tx},
};
use cartwheel_domain::{
    ids::{OrganisationId, StoreId},
    mail::{Counts, Judgement, WINDOW_DAYS, judge},
    time::{Millis, utc_day},
};
use cartwheel_entity::{mail_desk, metric_day, store};
use sea_orm::{ColumnTrait, QueryFilter, QuerySelect, sea_query::Expr};
use serde_json::json;

/// What is counted of a store, newest judgement's window.
///
/// # Errors
/// What the database says.
pub async fn counts(scoped: &Scoped<'_>, desk: &mail_desk::Model, now: Millis) -> Result<Counts, DbError> {
    use metric_day::Column as C;
    let resumed = desk.resumed_at.map(utc_day);
    let first = (utc_day(now) - WINDOW_DAYS + 1).max(resumed.unwrap_or(i32::MIN));
    let names = [Metric::Mailed, Metric::Bounced, Metric::Complained].map(Metric::as_str);
    let rows: Vec<(String, i64)> = scoped
        .find::<metric_day::Entity>()
        .select_only()
        .columns([C::Metric, C::N])
        .filter(C::Day.gte(first))
        .filter(C::Metric.is_in(names))
        .into_tuple()
        .all(scoped.on())
        .await?;
    // What was before somebody said that the cause is gone does not count any more.
    let base = |n: i64| if resumed == Some(first) { n } else { 0 };
    let sum = |metric: Metric, before: i64| {
        let all: i64 = rows.iter().filter(|(name, _)| name == metric.as_str()).map(|(_, n)| n).sum();
        u64::try_from(all - base(before)).unwrap_or(0)
    };
    Ok(Counts {
        sent: sum(Metric::Mailed, desk.base_sent),
        bounced: sum(Metric::Bounced, desk.base_bounced),
        complained: sum(Metric::Complained, desk.base_complained),
    })
}

/// Judges a store by what is counted, writes down what has changed, and says what it came to.
///
/// # Errors
/// What the database says.
pub async fn review(db: &Db, env: &Env, id: StoreId) -> Result<Judgement, DbError> {
    let now = env.now();
    let mut tx = db.write().await?;
    let scoped = tx.enter(&StoreScope::system(id)).await?;
    scoped.lock().await?;
    let desk = desk::row(&scoped).await?;
    let counted = counts(&scoped, &desk, now).await?;
    let (found, why) = judge(counted);
    let system = tx.system().await?;
    let row = system.find::<store::Entity>().filter(store::Column::Id.eq(id.uuid())).one(system.on()).await?;
    let Some(row) = row else { return Ok(Judgement::Fine) };
    let standing = row.mail_guard.as_deref().and_then(|text| Judgement::from_name(text.split(' ').next()?));
    let standing = standing.unwrap_or(Judgement::Fine);
    // Who is paused is let go by a person alone.
    if standing == Judgement::Pause || standing == found {
        return Ok(standing);
    }
    let text = (found > Judgement::Fine).then(|| format!("{} {}", found.as_str(), why.as_str()));
    system
        .update::<store::Entity>()
        .col_expr(store::Column::MailGuard, Expr::value(text))
        .col_expr(store::Column::MailGuardAt, Expr::value((found > Judgement::Fine).then_some(now)))
        .filter(store::Column::Id.eq(id.uuid()))
        .exec(system.on())
        .await?;
    let detail = json!({
        "state": found.as_str(), "why": why.as_str(), "sent": counted.sent, "bounced": counted.bounced,
        "complained": counted.complained,
    });
    note(&mut tx, env, &row, Entry::new(Action::MailGuarded, id, detail)).await?;
    tx.commit().await?;
    tracing::warn!(store = %id, state = found.as_str(), ?counted, "what comes back of a store's mail was judged");
    Ok(found)
}

async fn note(tx: &mut Tx, env: &Env, row: &store::Model, entry: Entry) -> Result<(), DbError> {
    let scope = OrganisationScope::system(OrganisationId(row.organisation_id));
    let organised = tx.organisation(&scope).await?;
    audit::append(&organised, env, Actor::System, entry.within(StoreId(row.id))).await
}

/// A member says that the cause is gone: the store's mail is judged anew from here on. What waited is let go by the caller. Says whether
/// it was paused or slowed at all.
///
/// # Errors
/// What the database says.
pub async fn resume(tx: &mut Tx, env: &Env, scope: &StoreScope) -> Result<bool, DbError> {
    let now = env.now();
    let scoped = tx.enter(scope).await?;
    scoped.lock().await?;
    let mut desk = desk::row(&scoped).await?;
    // All of today so far is of before.
    let today = mail_desk::Model {
        resumed_at: Some(now),
        base_sent: 0,
        base_bounced: 0,
        base_complained: 0,
        ..desk.clone()
    };
    let so_far = counts(&scoped, &today, now).await?;
    let whole = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
    desk.resumed_at = Some(now);
    desk.base_sent = whole(so_far.sent);
    desk.base_bounced = whole(so_far.bounced);
    desk.base_complained = whole(so_far.complained);
    desk::write(&scoped, desk).await?;
    let system = tx.system().await?;
    let done = system
        .update::<store::Entity>()
        .col_expr(store::Column::MailGuard, Expr::value(None::<String>))
        .col_expr(store::Column::MailGuardAt, Expr::value(None::<i64>))
        .filter(store::Column::Id.eq(scope.store_id().uuid()))
        .filter(store::Column::MailGuard.is_not_null())
        .exec(system.on())
        .await?;
    Ok(done.rows_affected > 0)
}

/// A report about a message that was sent on the day the store was let go, but before: it counts to what was before.
///
/// # Errors
/// What the database says.
pub async fn of_before(scoped: &Scoped<'_>, metric: Metric, sent_at: Millis) -> Result<(), DbError> {
    let mut desk = desk::row(scoped).await?;
    let Some(resumed) = desk.resumed_at else { return Ok(()) };
    if sent_at >= resumed || utc_day(sent_at) != utc_day(resumed) {
        return Ok(());
    }
    match metric {
        Metric::Bounced => desk.base_bounced += 1,
        Metric::Complained => desk.base_complained += 1,
        _ => return Ok(()),
    }
    desk::write(scoped, desk).await
}

/// Judges the stores again that are slowed or warned: the figures may be better. Says whether there were any.
///
/// # Errors
/// What the database says.
pub async fn sweep(db: &Db, env: &Env) -> Result<bool, DbError> {
    let milder = [Judgement::Warn, Judgement::Slow];
    let words =
        milder.iter().flat_map(|how| ["bounces", "complaints"].map(|why| format!("{} {why}", how.as_str())));
    let ids: Vec<uuid::Uuid> = {
        let mut tx = db.read().await?;
        let system = tx.system().await?;
        let query = system.find::<store::Entity>().select_only().column(store::Column::Id);
        query.filter(store::Column::MailGuard.among(words)).into_tuple().all(system.on()).await?
    };
    for id in &ids {
        review(db, env, StoreId(*id)).await?;
    }
    Ok(false)
}
