//! How fast a store's mail goes: to each group of recipients' domains, by each provider that warms up, and altogether while it is slowed.
//!
//! What is booked stands in a row, so that it holds whoever works beside us: the rows of a batch are locked, in order, in the transaction
//! that hands over. A store without a server of its own, and not slowed, has no rows and asks nothing.

use crate::{
    clock::Env,
    db::{Db, DbError, Scoped},
};
use cartwheel_domain::{
    ids::ProviderId,
    mail::{Booked, Booking, Capacity, Rates, WarmUp, group_of, slowed, usual},
    time::{DAY, MINUTE, Millis},
};
use cartwheel_entity::mail_pace;
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, QueryFilter,
    sea_query::{Expr, OnConflict},
};
use std::collections::{BTreeMap, BTreeSet};

/// `message.reason`: it waits for its turn at its recipient's domain.
pub const PACED: &str = "paced";
/// `message.reason`: it waits for a later day of a warm-up.
pub const WARMING: &str = "warm_up";
/// `message.reason`: the store is slowed, and it waits for its turn.
pub const SLOWED: &str = "slowed";
/// `message.reason`: the store's mail is paused.
pub const PAUSED: &str = "mail_paused";

/// Messages a minute of a store that is slowed.
const SLOW: u32 = 10;

/// Whether a message has waited for a turn it was given: it goes now, whatever is booked behind it.
pub fn granted(reason: Option<&str>) -> bool {
    matches!(reason, Some(PACED | WARMING | SLOWED))
}

/// Whether a message waits by our own doing, which makes it no staler.
pub fn waiting(reason: Option<&str>) -> bool {
    granted(reason) || reason == Some(PAUSED)
}

/// The scope of mailboxes at a domain.
pub fn domain(domain: &str) -> String {
    format!("d:{}", group_of(domain))
}

/// The scope of a provider's warm-up.
pub fn warm_up(provider: ProviderId) -> String {
    format!("w:{provider}")
}

/// The scope of a slowed store.
pub const STORE: &str = "s";

struct Minutes(u32);

impl Capacity for Minutes {
    fn length(&self) -> Millis {
        MINUTE
    }

    fn of(&self, _: Millis) -> Option<u32> {
        Some(self.0)
    }
}

#[derive(Debug, Clone, Copy, Default)]
struct Held {
    booking: Booking,
    level: u32,
    until: Millis,
    changed: bool,
}

/// The queues of a batch, in hand until its transaction ends.
#[derive(Default)]
pub struct Pace(BTreeMap<String, Held>);

impl Pace {
    /// Takes these queues in hand.
    ///
    /// # Errors
    /// What the database says.
    pub async fn load(scoped: &Scoped<'_>, scopes: BTreeSet<String>) -> Result<Self, DbError> {
        use mail_pace::Column as C;
        if scopes.is_empty() {
            return Ok(Self::default());
        }
        // Written to before it is read: that locks the row, or makes it.
        let fresh = scopes.iter().map(|scope| mail_pace::ActiveModel {
            store_id: Set(scoped.store_id().uuid()),
            scope: Set(scope.clone()),
            window_at: Set(0),
            used: Set(0),
            slow_level: Set(0),
            slow_until: Set(0),
        });
        let same = Expr::col((mail_pace::Entity, C::Used));
        let touch = OnConflict::columns([C::StoreId, C::Scope]).value(C::Used, same).to_owned();
        scoped.insert_with::<mail_pace::Entity>(fresh.collect(), touch).await?;
        let rows = scoped.find_among::<mail_pace::Entity, _>(C::Scope, scopes).await?;
        let held = |row: &mail_pace::Model| Held {
            booking: Booking { window: row.window_at, used: u32::try_from(row.used).unwrap_or(0) },
            level: u32::try_from(row.slow_level).unwrap_or(0),
            until: row.slow_until,
            changed: false,
        };
        Ok(Self(rows.into_iter().map(|row| (row.scope.clone(), held(&row))).collect()))
    }

    fn book(&mut self, scope: &str, now: Millis, capacity: impl FnOnce(&Held) -> Minutes) -> Booked {
        let Some(held) = self.0.get_mut(scope) else { return Booked::Now };
        held.changed = true;
        let capacity = capacity(held);
        held.booking.book(now, &capacity)
    }

    /// A turn at a recipient's domain.
    pub fn at_domain(&mut self, of: &str, rates: &Rates, now: Millis) -> Booked {
        let scope = domain(of);
        let rate = usual(scope.trim_start_matches("d:"), rates);
        self.book(&scope, now, |held| {
            let level = if held.until > now { held.level } else { 0 };
            Minutes(slowed(rate, level).0)
        })
    }

    /// A turn of a slowed store.
    pub fn of_store(&mut self, now: Millis) -> Booked {
        self.book(STORE, now, |_| Minutes(SLOW))
    }

    /// Whether a provider that warms up takes one more today.
    pub fn has_room(&self, provider: ProviderId, plan: &WarmUp, now: Millis) -> bool {
        self.0.get(&warm_up(provider)).is_none_or(|held| held.booking.has_room(now, plan))
    }

    /// A turn at a provider that warms up.
    pub fn at_provider(&mut self, provider: ProviderId, plan: &WarmUp, now: Millis) -> Booked {
        let Some(held) = self.0.get_mut(&warm_up(provider)) else { return Booked::Now };
        held.changed = true;
        held.booking.book(now, plan)
    }

    /// Writes down what was booked.
    ///
    /// # Errors
    /// What the database says.
    pub async fn write(self, scoped: &Scoped<'_>) -> Result<(), DbError> {
        use mail_pace::Column as C;
        let changed = self.0.into_iter().filter(|(_, held)| held.changed);
        let row = |(scope, held): (String, Held)| mail_pace::ActiveModel {
            store_id: Set(scoped.store_id().uuid()),
            scope: Set(scope),
            window_at: Set(held.booking.window),
            used: Set(i32::try_from(held.booking.used).unwrap_or(i32::MAX)),
            slow_level: Set(i32::try_from(held.level).unwrap_or(0)),
            slow_until: Set(held.until),
        };
        let rows: Vec<_> = changed.map(row).collect();
        if rows.is_empty() {
            return Ok(());
        }
        scoped.upsert::<mail_pace::Entity>(rows, &[C::WindowAt, C::Used]).await
    }
}

/// A domain has said "too many": it gets half for a while.
///
/// # Errors
/// What the database says.
pub async fn slow(scoped: &Scoped<'_>, of: &str, now: Millis) -> Result<(), DbError> {
    use mail_pace::Column as C;
    let scope = domain(of);
    let found =
        scoped.find::<mail_pace::Entity>().filter(C::Scope.eq(scope.as_str())).one(scoped.on()).await?;
    let before = found.as_ref().filter(|row| row.slow_until > now).map_or(0, |row| row.slow_level);
    let level = before.saturating_add(1).min(10);
    let (_, lasts) = slowed(1, u32::try_from(level).unwrap_or(1));
    let row = mail_pace::ActiveModel {
        store_id: Set(scoped.store_id().uuid()),
        scope: Set(scope),
        window_at: Set(0),
        used: Set(0),
        slow_level: Set(level),
        slow_until: Set(now + lasts),
    };
    scoped.upsert::<mail_pace::Entity>(vec![row], &[C::SlowLevel, C::SlowUntil]).await
}

/// How the queues of a store stand, for people.
///
/// # Errors
/// What the database says.
pub async fn standing(scoped: &Scoped<'_>) -> Result<Vec<mail_pace::Model>, DbError> {
    Ok(scoped.find::<mail_pace::Entity>().all(scoped.on()).await?)
}

/// Queues of domains that nobody has waited in for a day are forgotten. Says whether there were any.
///
/// # Errors
/// What the database says.
pub async fn sweep(db: &Db, env: &Env) -> Result<bool, DbError> {
    use mail_pace::Column as C;
    let now = env.now();
    let mut tx = db.write().await?;
    let system = tx.system().await?;
    let gone = system
        .delete::<mail_pace::Entity>()
        .filter(C::Scope.starts_with("d:"))
        .filter(C::WindowAt.lt(now - DAY))
        .filter(C::SlowUntil.lt(now))
        .exec(system.on())
        .await?;
    tx.commit().await?;
    Ok(gone.rows_affected > 0)
}
