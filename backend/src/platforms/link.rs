//! How a store's connection to a platform stands: rows of `platform_link`.

use super::{
    Platform,
    api::{Hook, Reminder, Trouble},
};
use crate::db::{Db, DbError, Scoped, StoreScope};
use cartwheel_domain::{
    ids::StoreId,
    time::{MINUTE, Millis},
};
use cartwheel_entity::platform_link::{ActiveModel, Column, Entity, Model};
use moka::sync::Cache;
use sea_orm::{ActiveValue::Set, ColumnTrait, ExprTrait, QueryFilter, sea_query::Expr};

/// How far before the moment of connecting the first look goes back: what is under way in the shop just then. Older
/// carts are left alone: reminding of them at once would surprise everybody.
pub const BEFORE: Millis = 60 * MINUTE;

/// A connection.
///
/// # Errors
/// What the database says.
pub async fn find(scoped: &Scoped<'_>, platform: Platform) -> Result<Option<Model>, DbError> {
    let query = scoped.find::<Entity>().filter(Column::Platform.eq(platform.as_str()));
    Ok(query.one(scoped.on()).await?)
}

/// Notes that a platform is connected, or connected anew with other credentials: what kept it from working is
/// forgotten, and it is caught up with at once if it can be (`api`). How far it was caught up with stays.
///
/// # Errors
/// What the database says.
pub async fn connect(scoped: &Scoped<'_>, platform: Platform, api: bool, now: Millis) -> Result<(), DbError> {
    let row = ActiveModel {
        store_id: Set(scoped.store_id().uuid()),
        platform: Set(platform.as_str().into()),
        connected_at: Set(now),
        heard_at: Set(None),
        refused_at: Set(None),
        refused: Set(None),
        next_at: Set(api.then_some(now)),
        cursor_at: Set(now - BEFORE),
        place: Set(String::new()),
        round_at: Set(None),
        failures: Set(0),
        wrong: Set(None),
        said: Set(None),
        wrong_at: Set(None),
        hooks: Set("[]".into()),
        hooks_at: Set(None),
        reminders: Set("[]".into()),
        reminders_at: Set(None),
        confirmed_at: Set(None),
        epoch: Set(0),
        lease_until: Set(None),
    };
    scoped
        .upsert::<Entity>(
            vec![row],
            &[
                Column::NextAt,
                Column::Failures,
                Column::Wrong,
                Column::Said,
                Column::WrongAt,
                Column::Refused,
                Column::RefusedAt,
                Column::HooksAt,
                Column::RemindersAt,
                Column::LeaseUntil,
            ],
        )
        .await?;
    // Whoever is asking with the former credentials has nothing to say any more.
    let update = scoped.update::<Entity>().filter(Column::Platform.eq(platform.as_str()));
    let update = update.col_expr(Column::Epoch, Expr::col(Column::Epoch).add(1));
    update.exec(scoped.on()).await?;
    Ok(())
}

/// Takes a connection away; what came by it stays.
///
/// # Errors
/// What the database says.
pub async fn disconnect(scoped: &Scoped<'_>, platform: Platform) -> Result<(), DbError> {
    let rows = scoped.delete::<Entity>().filter(Column::Platform.eq(platform.as_str()));
    rows.exec(scoped.on()).await?;
    Ok(())
}

/// What became of a delivery, for people to look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Came {
    /// It was genuine.
    Genuine,
    /// Its signature was wrong.
    Unsigned,
    /// It came from another shop than the one that is connected.
    Elsewhere,
    /// It was genuine and could not be read.
    Unreadable,
}

impl Came {
    const fn word(self) -> Option<&'static str> {
        match self {
            Self::Genuine => None,
            Self::Unsigned => Some("signature"),
            Self::Elsewhere => Some("other_shop"),
            Self::Unreadable => Some("unreadable"),
        }
    }
}

/// Notes deliveries, each kind at most once a minute and store, so that a burst, or somebody who sends nonsense, costs
/// next to nothing.
#[derive(Clone)]
pub struct Heard(Cache<(StoreId, Platform, Came), Millis>);

impl Default for Heard {
    fn default() -> Self {
        Self(Cache::new(10_000))
    }
}

impl Heard {
    /// Notes that a delivery came. What cannot be noted is logged: the delivery itself must not fail of it.
    pub async fn note(&self, db: &Db, store: StoreId, platform: Platform, came: Came, now: Millis) {
        let key = (store, platform, came);
        if self.0.get(&key).is_some_and(|at| (now - at).abs() < MINUTE) {
            return;
        }
        self.0.insert(key, now);
        if let Err(error) = write(db, store, platform, came, now).await {
            tracing::warn!(%error, %store, platform = platform.as_str(), "a delivery could not be noted");
        }
    }
}

async fn write(db: &Db, store: StoreId, platform: Platform, came: Came, now: Millis) -> Result<(), DbError> {
    let mut tx = db.write().await?;
    let scoped = tx.enter(&StoreScope::shop(store)).await?;
    let update = scoped.update::<Entity>().filter(Column::Platform.eq(platform.as_str()));
    let update = match came.word() {
        None => update.col_expr(Column::HeardAt, Expr::value(now)),
        Some(word) => {
            update.col_expr(Column::RefusedAt, Expr::value(now)).col_expr(Column::Refused, Expr::value(word))
        }
    };
    let known = update.exec(scoped.on()).await?.rows_affected > 0;
    if !known && came == Came::Genuine {
        // Its secret was set by other ways than connecting it: by the operator's command, or before there were connections.
        connect(&scoped, platform, false, now).await?;
    }
    tx.commit().await
}

/// Reminders that were found to be sent besides ours.
pub fn reminders(row: &Model) -> Vec<Reminder> {
    serde_json::from_str(&row.reminders).unwrap_or_default()
}

/// Whether people may be reminded twice: something is found to be on, or is not told and nobody has said that it is off.
pub fn doubled(row: &Model) -> bool {
    let unsure = |state: &str| state == "unsure" && row.confirmed_at.is_none();
    reminders(row).iter().any(|reminder| reminder.state == "on" || unsure(&reminder.state))
}

/// All connections of a store.
///
/// # Errors
/// What the database says.
pub async fn all(scoped: &Scoped<'_>) -> Result<Vec<Model>, DbError> {
    Ok(scoped.find::<Entity>().all(scoped.on()).await?)
}

/// Notes what came of asking the platform. When it answered as it should, it is caught up with at once.
///
/// # Errors
/// What the database says.
pub async fn tested(
    scoped: &Scoped<'_>,
    platform: Platform,
    trouble: Option<&Trouble>,
    now: Millis,
) -> Result<(), DbError> {
    let update = scoped.update::<Entity>().filter(Column::Platform.eq(platform.as_str()));
    let update = update
        .col_expr(Column::Wrong, Expr::value(trouble.map(|t| t.word)))
        .col_expr(Column::Said, Expr::value(trouble.map(|t| t.said.as_str())))
        .col_expr(Column::WrongAt, Expr::value(trouble.map(|_| now)));
    let update = match trouble {
        None => update.col_expr(Column::NextAt, Expr::value(now)).col_expr(Column::Failures, Expr::value(0)),
        Some(_) => update,
    };
    update.exec(scoped.on()).await?;
    Ok(())
}

/// Notes the webhooks that lead to us.
///
/// # Errors
/// What the database says.
pub async fn hooked(
    scoped: &Scoped<'_>,
    platform: Platform,
    hooks: &[Hook],
    now: Millis,
) -> Result<(), DbError> {
    let list = serde_json::to_string(hooks).unwrap_or_else(|_| "[]".to_owned());
    let update = scoped.update::<Entity>().filter(Column::Platform.eq(platform.as_str()));
    let update =
        update.col_expr(Column::Hooks, Expr::value(list)).col_expr(Column::HooksAt, Expr::value(now));
    update.exec(scoped.on()).await?;
    Ok(())
}

/// Notes that a member has said that the platform's own reminders are off, or not.
///
/// # Errors
/// What the database says.
pub async fn confirm(scoped: &Scoped<'_>, platform: Platform, at: Option<Millis>) -> Result<(), DbError> {
    let update = scoped.update::<Entity>().filter(Column::Platform.eq(platform.as_str()));
    update.col_expr(Column::ConfirmedAt, Expr::value(at)).exec(scoped.on()).await?;
    Ok(())
}
