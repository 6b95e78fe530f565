//! Claims: due rows are leased to one worker, in fair shares, at a cost that depends on what is due and never on
//! what is stored.
//!
//! A lease is a status, an owner, a deadline and an epoch that grows with each claim. Whoever writes a result names
//! owner and epoch; a worker that comes back after its lease was given away touches no row. Rows are read lane by
//! lane (a lane is a hash of the store), so many each, so that one store's backlog does not stand before all others.
//! Statuses are literals: with a bound status PostgreSQL's generic plan could not use the partial index.

use super::{DbError, Dialect, System};
use cartwheel_domain::time::{HOUR, Millis};
use cartwheel_entity::{hook_delivery, journey_run, message};
use sea_orm::{ConnectionTrait, EntityTrait, Statement, Value};

/// Lanes there are.
pub const LANES: i32 = 64;

/// No lease is longer than this. One that ends later was taken before the clock was set back: its worker is judged
/// as gone too, else its rows would wait until the clock has caught up. If it lives, its epoch is stale.
pub const LONGEST_LEASE: Millis = HOUR;

/// What one claim asks for.
#[derive(Debug, Clone)]
pub struct Claim<'a> {
    /// Rows due until then.
    pub now: Millis,
    /// The lease ends then.
    pub until: Millis,
    /// Who claims; unique among all workers.
    pub owner: &'a str,
    /// At most so many rows.
    pub limit: u32,
    /// How the limit is shared out.
    pub share: &'a Share,
}

/// How many rows of one lane one claim takes: few while many lanes are busy, many while one is.
#[derive(Debug, Clone)]
pub struct Share {
    per_lane: u32,
    turn: i32,
}

impl Default for Share {
    fn default() -> Self {
        Self { per_lane: 16, turn: 0 }
    }
}

impl Share {
    /// Adjusts to what a claim of at most `limit` rows gave, by the lane of each row, and moves on to the next lane.
    pub fn learn(&mut self, limit: u32, lanes: impl IntoIterator<Item = i32>) {
        let mut counts = [0_u32; LANES as usize];
        for lane in lanes {
            if let Some(n) = usize::try_from(lane).ok().and_then(|l| counts.get_mut(l)) {
                *n += 1;
            }
        }
        let total: u32 = counts.iter().sum();
        let busy = counts.iter().filter(|n| **n > 0).count();
        if total >= limit && busy > 1 {
            self.per_lane = (self.per_lane / 2).max(limit / LANES.unsigned_abs()).max(1);
        } else if counts.iter().any(|n| *n >= self.per_lane) {
            self.per_lane = (self.per_lane * 2).min(limit);
        }
        self.turn = (self.turn + 1) % LANES;
    }

    /// Rows of one lane in one claim.
    pub fn per_lane(&self) -> u32 {
        self.per_lane
    }
}

/// The claim of a table. PostgreSQL prepares one text; in SQLite's the limits, which take few values, are literal: it
/// plans anew at each execution that binds one.
struct Shape {
    table: &'static str,
    due: &'static str,
    leased: u8,
}

const RUNS: Shape = Shape { table: "journey_run", due: "wake_at", leased: 1 };
const MESSAGES: Shape = Shape { table: "message", due: "next_at", leased: 2 };
const HOOKS: Shape = Shape { table: "hook_delivery", due: "next_at", leased: 1 };

impl Shape {
    fn sqlite(&self, per_lane: u32, limit: u32) -> String {
        let Self { table, due, leased } = self;
        let lanes: Vec<String> = (0..LANES)
            .map(|n| {
                format!(
                    "SELECT * FROM (SELECT rowid AS r FROM {table} WHERE status = 0 AND lane = (?4 + {n}) % {LANES} \
                     AND {due} <= ?3 ORDER BY {due}, id LIMIT {per_lane})"
                )
            })
            .collect();
        format!(
            "UPDATE {table} SET status = {leased}, epoch = epoch + 1, lease_owner = ?1, lease_until = ?2 \
             WHERE rowid IN (SELECT r FROM ({}) LIMIT {limit}) RETURNING *",
            lanes.join(" UNION ALL ")
        )
    }

    fn postgres(&self) -> String {
        let Self { table, due, leased } = self;
        format!(
            "WITH due AS MATERIALIZED (SELECT d.store_id, d.id FROM generate_series(0, {}) AS n CROSS JOIN LATERAL \
             (SELECT store_id, id FROM {table} WHERE status = 0 AND lane = ($6 + n) % {LANES} AND {due} <= $3 \
             ORDER BY {due}, id LIMIT $4 FOR UPDATE SKIP LOCKED) AS d LIMIT $5) \
             UPDATE {table} AS t SET status = {leased}, epoch = epoch + 1, lease_owner = $1, lease_until = $2 \
             FROM due WHERE t.store_id = due.store_id AND t.id = due.id RETURNING t.*",
            LANES - 1
        )
    }

    fn statement(&self, dialect: Dialect, claim: &Claim<'_>) -> Statement {
        let (per_lane, turn) = (claim.share.per_lane, claim.share.turn);
        let mut values: Vec<Value> = vec![claim.owner.into(), claim.until.into(), claim.now.into()];
        let text = match dialect {
            Dialect::Sqlite => self.sqlite(per_lane, claim.limit),
            Dialect::Postgres => {
                values.extend([i64::from(per_lane).into(), i64::from(claim.limit).into()]);
                self.postgres()
            }
        };
        values.push(turn.into());
        Statement::from_sql_and_values(dialect.backend(), text, values)
    }
}

/// Leases due runs, the longest overdue first within each lane.
///
/// # Errors
/// What the database says.
pub async fn runs(system: &System<'_>, claim: &Claim<'_>) -> Result<Vec<journey_run::Model>, DbError> {
    let statement = RUNS.statement(system.dialect(), claim);
    let mut rows = all::<journey_run::Entity>(system, statement).await?;
    rows.sort_unstable_by_key(|r| (r.wake_at, r.id));
    Ok(rows)
}

/// Takes due messages into hand: status 2, which becomes a hand-over with the commit of this very transaction.
/// Rows that the last look does not let through are put back or closed before it.
///
/// # Errors
/// What the database says.
pub async fn messages(system: &System<'_>, claim: &Claim<'_>) -> Result<Vec<message::Model>, DbError> {
    let statement = MESSAGES.statement(system.dialect(), claim);
    let mut rows = all::<message::Entity>(system, statement).await?;
    rows.sort_unstable_by_key(|r| (r.next_at, r.id));
    Ok(rows)
}

/// Leases due deliveries of outgoing webhooks.
///
/// # Errors
/// What the database says.
pub async fn hooks(system: &System<'_>, claim: &Claim<'_>) -> Result<Vec<hook_delivery::Model>, DbError> {
    let statement = HOOKS.statement(system.dialect(), claim);
    let mut rows = all::<hook_delivery::Entity>(system, statement).await?;
    rows.sort_unstable_by_key(|r| (r.next_at, r.id));
    Ok(rows)
}

/// Gives back deliveries whose worker is gone, due at once, and says which. The epoch grows, so that the worker, should it live,
/// writes nothing. A round more, so that what nobody knows uses up no attempt of the schedule.
///
/// # Errors
/// What the database says.
pub async fn rescue_hooks(system: &System<'_>, now: Millis) -> Result<Vec<uuid::Uuid>, DbError> {
    let sign = if system.dialect() == Dialect::Sqlite { '?' } else { '$' };
    let text = format!(
        "UPDATE hook_delivery SET status = 0, epoch = epoch + 1, lease_owner = NULL, lease_until = NULL, round = round + 1, \
         next_at = {sign}1 WHERE status = 1 AND (lease_until < {sign}1 OR lease_until > {sign}2) RETURNING id"
    );
    let values = [now.into(), (now + LONGEST_LEASE).into()];
    let statement = Statement::from_sql_and_values(system.dialect().backend(), text, values);
    let rows = system.on().query_all_raw(statement).await?;
    Ok(rows.iter().map(|row| row.try_get_by_index(0)).collect::<Result<_, _>>()?)
}

async fn all<E: EntityTrait>(system: &System<'_>, statement: Statement) -> Result<Vec<E::Model>, DbError> {
    Ok(system.find::<E>().from_raw_sql(statement).all(system.on()).await?)
}

/// Gives back runs whose worker is gone. The epoch grows, so that the worker, should it live, writes nothing.
///
/// # Errors
/// What the database says.
pub async fn rescue_runs(system: &System<'_>, now: Millis) -> Result<u64, DbError> {
    let text = match system.dialect() {
        Dialect::Sqlite => {
            "UPDATE journey_run SET status = 0, epoch = epoch + 1, lease_owner = NULL, lease_until = NULL, \
             attempt = attempt + 1 WHERE status = 1 AND (lease_until < ?1 OR lease_until > ?2)"
        }
        Dialect::Postgres => {
            "UPDATE journey_run SET status = 0, epoch = epoch + 1, lease_owner = NULL, lease_until = NULL, \
             attempt = attempt + 1 WHERE status = 1 AND (lease_until < $1 OR lease_until > $2)"
        }
    };
    let statement = Statement::from_sql_and_values(
        system.dialect().backend(),
        text,
        [now.into(), (now + LONGEST_LEASE).into()],
    );
    Ok(system.on().execute_raw(statement).await?.rows_affected())
}

/// Takes over hand-overs whose worker is gone between attempt and result. They stay in hand (status 2), under a new
/// owner and epoch; the caller decides whether to repeat them or to call them uncertain.
///
/// # Errors
/// What the database says.
pub async fn orphaned_messages(
    system: &System<'_>,
    claim: &Claim<'_>,
) -> Result<Vec<message::Model>, DbError> {
    let (text, lock) = match system.dialect() {
        Dialect::Sqlite => ("?", ""),
        Dialect::Postgres => ("$", " FOR UPDATE SKIP LOCKED"),
    };
    let text = format!(
        "UPDATE message SET epoch = epoch + 1, lease_owner = {text}1, lease_until = {text}2 \
         WHERE (status = 1 OR status = 2) AND (store_id, id) IN (SELECT store_id, id FROM message \
         WHERE (status = 1 OR status = 2) AND (lease_until < {text}3 OR lease_until > {text}5) ORDER BY lease_until LIMIT {text}4{lock}) RETURNING *"
    );
    let values: [Value; 5] = [
        claim.owner.into(),
        claim.until.into(),
        claim.now.into(),
        i64::from(claim.limit).into(),
        (claim.now + LONGEST_LEASE).into(),
    ];
    let statement = Statement::from_sql_and_values(system.dialect().backend(), text, values);
    all::<message::Entity>(system, statement).await
}

/// Ends all leases. Only for a process that knows it is alone (SQLite, at its start): then every lease is that of a
/// dead one, and nothing has to wait for a deadline.
///
/// # Errors
/// What the database says.
pub async fn end_all_leases(system: &System<'_>) -> Result<(), DbError> {
    if system.dialect() == Dialect::Sqlite {
        for text in [
            "UPDATE journey_run SET lease_until = 0 WHERE status = 1 AND lease_until > 0",
            "UPDATE message SET lease_until = 0 WHERE (status = 1 OR status = 2) AND lease_until > 0",
            "UPDATE hook_delivery SET lease_until = 0 WHERE status = 1 AND lease_until > 0",
        ] {
            system.on().execute_unprepared(text).await?;
        }
    }
    Ok(())
}

#[cfg(test)]
#[path = "claim_tests.rs"]
mod tests;
