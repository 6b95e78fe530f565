//! The loop: claim a dry run, do a slice of it, say how far it is.

use super::{
    job::Job,
    service::{Status, interrupted},
};
use crate::{
    accounts::{MasterKey, Stores},
    clock::Env,
    crash::crash_point,
    db::{Db, DbError, Scoped, StoreScope},
};
use cartwheel_domain::{
    ids::{CartId, StoreId},
    time::{Millis, SECOND},
};
use cartwheel_entity::{dry_run, dry_run_number};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, Condition, QueryFilter, QueryOrder,
    sea_query::{Expr, ExprTrait},
};
use tokio::sync::Mutex;

/// How many dry runs one process works on: each reads and plays by turns, so two keep two cores busy and no more.
pub const AT_ONCE: usize = 2;
/// A worker that says nothing for so long is taken for dead.
pub const LEASE: Millis = 30 * SECOND;
/// How long a slice goes on before it says how far it is.
const SLICE: Millis = SECOND / 2;
/// Portions of one slice at most.
const PORTIONS: usize = 16;
/// Beginnings of one dry run; one that was left so often is the cause itself.
const ATTEMPTS: i32 = 3;

/// Works on one dry run at a time.
pub struct Worker {
    db: Db,
    env: Env,
    stores: Stores,
    key: MasterKey,
    owner: String,
    job: Mutex<Option<Job>>,
}

impl Worker {
    /// A worker of its own name.
    pub fn new(db: Db, env: Env, stores: Stores, key: MasterKey) -> Self {
        let owner = format!("dry-run-{}", env.uuid().simple());
        Self { db, env, stores, key, owner, job: Mutex::default() }
    }

    /// One slice. Says whether there was something to do.
    ///
    /// # Errors
    /// What the database says. The dry run is begun anew when its lease is over.
    pub async fn tick(&self) -> Result<bool, DbError> {
        let mut held = self.job.lock().await;
        let job = match held.take() {
            Some(job) => Some(job),
            None => self.claim().await?,
        };
        let Some(mut job) = job else { return Ok(false) };
        crash_point!("dry_run.claimed");
        let begun = self.env.now();
        for _ in 0..PORTIONS {
            job.advance(&self.db, &self.key).await?;
            if job.is_over() || (self.env.now() - begun) >= SLICE {
                break;
            }
        }
        crash_point!("dry_run.played");
        if job.is_over() {
            self.finish(&job).await?;
        } else if self.report(&job).await? {
            *held = Some(job);
        }
        Ok(true)
    }

    /// Takes the oldest that nobody works on.
    pub(super) async fn claim(&self) -> Result<Option<Job>, DbError> {
        use dry_run::Column as C;
        let now = self.env.now();
        let free = || Condition::any().add(C::LeaseUntil.is_null()).add(C::LeaseUntil.lt(now));
        let found = {
            let mut tx = self.db.read().await?;
            let system = tx.system().await?;
            let query = system.find::<dry_run::Entity>().filter(Expr::cust("status < 2")).filter(free());
            query.order_by_asc(C::CreatedAt).one(system.on()).await?
        };
        let Some(row) = found else { return Ok(None) };
        let store = self.stores.by_id(StoreId(row.store_id)).await?;
        let mut tx = self.db.write().await?;
        let scoped = tx.enter(&StoreScope::system(StoreId(row.store_id))).await?;
        let given_up = row.attempt >= ATTEMPTS;
        let job = store.filter(|_| !given_up).and_then(|store| Job::new(&row, store));
        let Some(job) = job else {
            interrupted(&scoped, row.id, now).await?;
            tx.commit().await?;
            return Ok(None);
        };
        // Whoever was quicker has changed what is asked for here.
        let taken = scoped
            .update::<dry_run::Entity>()
            .col_expr(C::Status, Expr::value(Status::Running.stored()))
            .col_expr(C::LeaseOwner, Expr::value(self.owner.clone()))
            .col_expr(C::LeaseUntil, Expr::value(now + LEASE))
            .col_expr(C::Attempt, Expr::col(C::Attempt).add(1))
            .col_expr(C::Done, Expr::value(0_i64))
            .filter(C::Id.eq(row.id))
            .filter(Expr::cust("status < 2"))
            .filter(free())
            .exec(scoped.on())
            .await?;
        tx.commit().await?;
        Ok((taken.rows_affected > 0).then_some(job))
    }

    fn mine(&self, scoped: &Scoped<'_>, job: &Job) -> sea_orm::UpdateMany<dry_run::Entity> {
        use dry_run::Column as C;
        let (people, done) = job.progress();
        let whole = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
        scoped
            .update::<dry_run::Entity>()
            .col_expr(C::People, Expr::value(people.map(whole)))
            .col_expr(C::Done, Expr::value(whole(done)))
            .col_expr(C::Events, Expr::value(i64::try_from(job.events).unwrap_or(i64::MAX)))
            .filter(C::Id.eq(job.id))
            .filter(C::Status.eq(Status::Running.stored()))
            .filter(C::LeaseOwner.eq(self.owner.clone()))
    }

    /// Says how far it is, and learns whether it is still wanted.
    pub(super) async fn report(&self, job: &Job) -> Result<bool, DbError> {
        let mut tx = self.db.write().await?;
        let scoped = tx.enter(&StoreScope::system(StoreId(job.store))).await?;
        let until = Expr::value(self.env.now() + LEASE);
        let kept = self.mine(&scoped, job).col_expr(dry_run::Column::LeaseUntil, until);
        let kept = kept.exec(scoped.on()).await?.rows_affected;
        tx.commit().await?;
        Ok(kept > 0)
    }

    /// Keeps what it has come to, if it is still wanted.
    pub(super) async fn finish(&self, job: &Job) -> Result<(), DbError> {
        use dry_run::Column as C;
        let mut tx = self.db.write().await?;
        let scoped = tx.enter(&StoreScope::system(StoreId(job.store))).await?;
        let kept = self
            .mine(&scoped, job)
            .col_expr(C::Status, Expr::value(Status::Done.stored()))
            .col_expr(C::FinishedAt, Expr::value(self.env.now()))
            .col_expr(C::LeaseOwner, Expr::value(Option::<String>::None))
            .col_expr(C::LeaseUntil, Expr::value(Option::<i64>::None))
            .exec(scoped.on())
            .await?;
        if kept.rows_affected == 0 {
            return Ok(());
        }
        let count = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
        let rows = job.tally.numbers().enumerate().map(|(place, (bucket, number))| {
            let carts: Vec<String> = number.carts.iter().map(|CartId(id)| id.simple().to_string()).collect();
            dry_run_number::ActiveModel {
                store_id: Set(job.store),
                dry_run_id: Set(job.id),
                place: Set(i32::try_from(place).unwrap_or(i32::MAX)),
                kind: Set(bucket.kind.to_owned()),
                node: Set(bucket.node.as_ref().map(ToString::to_string)),
                channel: Set(bucket.channel.map(|c| c.as_str().to_owned())),
                reason: Set(bucket.reason.clone()),
                n: Set(count(number.n)),
                of_carts: Set(count(number.of_carts)),
                carts: Set(carts.join(" ")),
            }
        });
        scoped.insert::<dry_run_number::Entity>(rows.collect()).await?;
        crash_point!("dry_run.before_commit");
        tx.commit().await
    }
}
