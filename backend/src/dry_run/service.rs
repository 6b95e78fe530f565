//! Asking for a dry run, looking at it, cancelling it, and clearing old ones away.

use crate::{
    clock::Env,
    db::{Db, DbError, Scoped},
    journeys::{JourneyError, service::check_texts},
};
use cartwheel_domain::{
    ids::{CartId, DryRunId, JourneyId, MemberId},
    journey::Definition,
    time::{DAY, Millis},
};
use cartwheel_entity::{dry_run, dry_run_number, journey};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, sea_query::Expr,
};
use uuid::Uuid;

/// So long what a dry run has come to is kept.
pub const KEPT: Millis = DAY;
/// So many are kept of a store.
pub const MOST: u64 = 50;
/// Days a dry run may go back.
pub const DAYS: [i32; 2] = [30, 90];
/// Carts shown at once.
pub const CARTS_PAGE: usize = 25;

/// Where a dry run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Nobody works on it yet.
    Queued,
    /// Somebody works on it.
    Running,
    /// Done.
    Done,
    /// A member cancelled it.
    Cancelled,
    /// It was begun several times and never came to its end.
    Failed,
}

/// All of them, as stored.
pub const STATUSES: [Status; 5] =
    [Status::Queued, Status::Running, Status::Done, Status::Cancelled, Status::Failed];

impl Status {
    /// As stored.
    pub const fn stored(self) -> i32 {
        match self {
            Self::Queued => 0,
            Self::Running => 1,
            Self::Done => 2,
            Self::Cancelled => 3,
            Self::Failed => 4,
        }
    }

    /// The status of a row.
    pub fn of(row: &dry_run::Model) -> Self {
        STATUSES.into_iter().find(|s| s.stored() == row.status).unwrap_or(Self::Failed)
    }
}

/// Why a dry run could not be begun.
#[derive(Debug, thiserror::Error)]
pub enum DryRunError {
    /// The draft is not sound, or there is no such journey.
    #[error(transparent)]
    Journey(#[from] JourneyError),
    /// Another period.
    #[error("a dry run goes back 30 or 90 days")]
    Days,
    /// One at a time.
    #[error("a dry run of this store is under way; wait for its end, or cancel it")]
    Going,
    /// As many as are kept.
    #[error("a store has {MOST} dry runs a day at most; the oldest make room a day after they were begun")]
    TooMany,
}

impl From<DbError> for DryRunError {
    fn from(e: DbError) -> Self {
        Self::Journey(e.into())
    }
}

impl From<sea_orm::DbErr> for DryRunError {
    fn from(e: sea_orm::DbErr) -> Self {
        Self::Journey(e.into())
    }
}

/// What is asked for.
#[derive(Debug, Clone)]
pub struct Asked {
    /// The journey the draft is one of.
    pub journey: JourneyId,
    /// The draft.
    pub definition: Definition,
    /// One of [`DAYS`].
    pub days: i32,
    /// Who asks.
    pub by: Option<MemberId>,
}

/// Asks for a dry run; a worker begins it within a second.
///
/// # Errors
/// [`DryRunError`].
pub async fn start(scoped: &Scoped<'_>, env: &Env, asked: Asked) -> Result<DryRunId, DryRunError> {
    if !DAYS.contains(&asked.days) {
        return Err(DryRunError::Days);
    }
    let known = journey::Column::Id.eq(asked.journey.uuid());
    let known = scoped.find::<journey::Entity>().filter(known).count(scoped.on()).await?;
    if known == 0 {
        return Err(JourneyError::NoJourney(asked.journey).into());
    }
    asked.definition.validate().map_err(JourneyError::Unsound)?;
    check_texts(scoped, &asked.definition).await?;
    // Two who ask at a time see each other's.
    scoped.lock().await?;
    let all = || scoped.find::<dry_run::Entity>();
    if all().filter(Expr::cust("status < 2")).count(scoped.on()).await? > 0 {
        return Err(DryRunError::Going);
    }
    if all().count(scoped.on()).await? >= MOST {
        return Err(DryRunError::TooMany);
    }
    let (id, now): (DryRunId, _) = (env.id(), env.now());
    let row = dry_run::ActiveModel {
        store_id: Set(scoped.store_id().uuid()),
        id: Set(id.uuid()),
        journey_id: Set(asked.journey.uuid()),
        definition: Set(asked.definition.to_json()),
        days: Set(asked.days),
        status: Set(Status::Queued.stored()),
        reason: Set(None),
        begins_at: Set(now - Millis::from(asked.days) * DAY),
        ends_at: Set(now),
        people: Set(None),
        done: Set(0),
        events: Set(0),
        attempt: Set(0),
        lease_owner: Set(None),
        lease_until: Set(None),
        created_by: Set(asked.by.map(MemberId::uuid)),
        created_at: Set(now),
        finished_at: Set(None),
    };
    scoped.insert::<dry_run::Entity>(vec![row]).await?;
    Ok(id)
}

/// Cancels a dry run that is not over; says whether it was one. Whoever works on it finds its row changed and stops.
///
/// # Errors
/// What the database says.
pub async fn cancel(scoped: &Scoped<'_>, id: DryRunId, now: Millis) -> Result<bool, DbError> {
    close(scoped, id.uuid(), Status::Cancelled, None, now).await
}

/// Gives up on one that was begun too often.
pub(super) async fn interrupted(scoped: &Scoped<'_>, id: Uuid, now: Millis) -> Result<bool, DbError> {
    close(scoped, id, Status::Failed, Some("interrupted"), now).await
}

async fn close(
    scoped: &Scoped<'_>,
    id: Uuid,
    status: Status,
    reason: Option<&str>,
    now: Millis,
) -> Result<bool, DbError> {
    use dry_run::Column as C;
    let closed = scoped
        .update::<dry_run::Entity>()
        .col_expr(C::Status, Expr::value(status.stored()))
        .col_expr(C::Reason, Expr::value(reason.map(str::to_owned)))
        .col_expr(C::FinishedAt, Expr::value(now))
        .col_expr(C::LeaseOwner, Expr::value(Option::<String>::None))
        .col_expr(C::LeaseUntil, Expr::value(Option::<i64>::None))
        .filter(C::Id.eq(id))
        .filter(Expr::cust("status < 2"))
        .exec(scoped.on())
        .await?;
    Ok(closed.rows_affected > 0)
}

/// A dry run by id.
///
/// # Errors
/// What the database says.
pub async fn find(scoped: &Scoped<'_>, id: DryRunId) -> Result<Option<dry_run::Model>, DbError> {
    let query = scoped.find::<dry_run::Entity>().filter(dry_run::Column::Id.eq(id.uuid()));
    Ok(query.one(scoped.on()).await?)
}

/// The newest dry run of a journey.
///
/// # Errors
/// What the database says.
pub async fn latest(scoped: &Scoped<'_>, journey: JourneyId) -> Result<Option<dry_run::Model>, DbError> {
    let query = scoped.find::<dry_run::Entity>().filter(dry_run::Column::JourneyId.eq(journey.uuid()));
    Ok(query.order_by_desc(dry_run::Column::CreatedAt).one(scoped.on()).await?)
}

/// What a dry run has come to, without the carts.
///
/// # Errors
/// What the database says.
pub async fn numbers(scoped: &Scoped<'_>, id: DryRunId) -> Result<Vec<dry_run_number::Model>, DbError> {
    use dry_run_number::Column as C;
    let query = scoped.find::<dry_run_number::Entity>().select_only();
    let columns =
        [C::StoreId, C::DryRunId, C::Place, C::Kind, C::Node, C::Channel, C::Reason, C::N, C::OfCarts];
    let query = query.columns(columns).column_as(Expr::value(""), C::Carts).filter(C::DryRunId.eq(id.uuid()));
    Ok(query.order_by_asc(C::Place).all(scoped.on()).await?)
}

/// The carts kept behind one number; none where there is no such number.
///
/// # Errors
/// What the database says.
pub async fn carts_behind(scoped: &Scoped<'_>, id: DryRunId, place: i32) -> Result<Vec<CartId>, DbError> {
    use dry_run_number::Column as C;
    let query = scoped.find::<dry_run_number::Entity>();
    let row = query.filter(C::DryRunId.eq(id.uuid())).filter(C::Place.eq(place)).one(scoped.on()).await?;
    let text = row.map(|row| row.carts).unwrap_or_default();
    Ok(text.split_whitespace().filter_map(|id| id.parse().ok().map(CartId)).collect())
}

/// Takes out what is older than it is kept.
///
/// # Errors
/// What the database says.
pub async fn sweep(db: &Db, now: Millis) -> Result<u64, DbError> {
    let mut tx = db.write().await?;
    let system = tx.system().await?;
    let old = dry_run::Column::CreatedAt.lt(now - KEPT);
    let gone = system.delete::<dry_run::Entity>().filter(old).exec(system.on()).await?.rows_affected;
    if gone > 0 {
        tx.commit().await?;
    }
    Ok(gone)
}
