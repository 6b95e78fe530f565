//! Carts are judged left: the due timers are worked off set-wise, and runs begin in the same transaction.
//!
//! Exactly once: a cart is judged in a transaction that holds its store's lock and finds it still due; the run's id is
//! a hash of journey and entry, so that the key itself admits an entry once. A cart that was ordered or emptied a
//! moment before has no timer any more.

use super::ends::end_runs;
use crate::{
    accounts::{StoreInfo, Stores},
    analytics::{Deltas, Metric},
    clock::Env,
    db::{Among, Db, DbError, Scoped, StoreScope},
    journeys::{Left, Versions, start_runs},
    push,
    wake::Wake,
    webhooks::{Happening, tell},
};
use cartwheel_domain::{
    cart::{expired_before, too_old},
    event::CartKind,
    hook::{HookKind, HookKinds},
    ids::{ContactId, StoreId},
    money::Money,
    time::Millis,
};
use cartwheel_entity::{cart, contact};
use sea_orm::{ColumnTrait, ExprTrait, QueryFilter, QueryOrder, QuerySelect, sea_query::Expr};
use std::{
    collections::{BTreeMap, HashSet},
    sync::Arc,
};
use uuid::Uuid;

/// Carts judged in one transaction.
const BATCH: u64 = 1_000;
/// Carts closed for age in one transaction.
const EXPIRE_BATCH: u64 = 500;

/// What one round has done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Swept {
    /// Carts judged left.
    pub abandoned: u64,
    /// Runs that began.
    pub runs: u64,
    /// Carts closed for age.
    pub expired: u64,
    /// Whether more is due: call again at once.
    pub more: bool,
}

/// Works off the due timers of all stores.
pub struct Abandoner {
    db: Db,
    env: Env,
    wake: Wake,
    stores: Stores,
    versions: Versions,
}

impl Abandoner {
    /// Over a database.
    pub fn new(db: Db, env: Env, wake: Wake, stores: Stores, versions: Versions) -> Self {
        Self { db, env, wake, stores, versions }
    }

    /// Judges the carts that are due, at most a thousand. With nothing due it costs one look at a partial index.
    ///
    /// # Errors
    /// What the database says; nothing of the round happened then.
    pub async fn tick(&self) -> Result<Swept, DbError> {
        let now = self.env.now();
        let due: Vec<(Uuid, Uuid)> = {
            let mut tx = self.db.read().await?;
            let system = tx.system().await?;
            let query = system
                .find::<cart::Entity>()
                .select_only()
                .column(cart::Column::StoreId)
                .column(cart::Column::Id);
            let query =
                query.filter(cart::Column::IdleAt.lte(now)).order_by_asc(cart::Column::IdleAt).limit(BATCH);
            query.into_tuple().all(system.on()).await?
        };
        let mut swept = Swept { more: due.len() as u64 == BATCH, ..Swept::default() };
        if due.is_empty() {
            return Ok(swept);
        }
        let mut by_store: BTreeMap<StoreId, Vec<Uuid>> = BTreeMap::new();
        for (store, id) in due {
            by_store.entry(StoreId(store)).or_default().push(id);
        }
        let mut known: Vec<(Arc<StoreInfo>, Vec<Uuid>)> = Vec::with_capacity(by_store.len());
        for (store, ids) in by_store {
            if let Some(info) = self.stores.by_id(store).await? {
                known.push((info, ids));
            }
        }
        let mut tx = self.db.write().await?;
        for (store, ids) in known {
            let scoped = tx.enter(&StoreScope::system(store.id)).await?;
            scoped.lock().await?;
            self.judge(&scoped, &store, &ids, now, &mut swept).await?;
        }
        tx.commit().await?;
        if swept.runs > 0 {
            self.wake.runs.notify_one();
        }
        Ok(swept)
    }

    async fn judge(
        &self,
        scoped: &Scoped<'_>,
        store: &StoreInfo,
        ids: &[Uuid],
        now: Millis,
        swept: &mut Swept,
    ) -> Result<(), DbError> {
        use cart::Column as C;
        // Read again under the lock: what was ordered, emptied or touched meanwhile is not due any more.
        let still = C::Id.among(ids.iter().copied()).and(C::IdleAt.lte(now));
        let mut carts = scoped.find::<cart::Entity>().filter(still).all(scoped.on()).await?;
        // One of them may keep another of the same person out of a journey: the one that was left first comes first.
        carts.sort_by_key(|c| (c.idle_at, c.id));
        let aged = |c: &cart::Model| too_old(c.last_activity_at, now, &store.settings);
        let (old, left): (Vec<_>, Vec<_>) = carts.into_iter().partition(aged);
        if !old.is_empty() {
            let old: Vec<Uuid> = old.iter().map(|c| c.id).collect();
            close(scoped, store.hooks, &old, now).await?;
            swept.expired += old.len() as u64;
        }
        if left.is_empty() {
            return Ok(());
        }
        scoped
            .update::<cart::Entity>()
            .col_expr(C::Status, Expr::value("abandoned"))
            .col_expr(C::AbandonedAt, Expr::value(now))
            .col_expr(C::IdleAt, Expr::value(Option::<i64>::None))
            .col_expr(C::Entries, Expr::col(C::Entries).add(1))
            .col_expr(C::UpdatedAt, Expr::value(now))
            .filter(C::Id.among(left.iter().map(|c| c.id)))
            .exec(scoped.on())
            .await?;
        let people: Vec<Uuid> = left.iter().filter_map(|c| c.contact_id).collect();
        let mut reachable = reachable(scoped, people.clone()).await?;
        if store.settings.push_on {
            let others = people.into_iter().filter(|id| !reachable.contains(id)).collect();
            reachable.extend(push::of_contacts(scoped, others).await?.into_keys());
        }
        let mut deltas = Deltas::new();
        let (mut begin, mut told) = (Vec::new(), Vec::new());
        for mut cart in left {
            swept.abandoned += 1;
            let contact = cart.contact_id.filter(|id| reachable.contains(id));
            let marked = cart.bot || cart.test || cart.staff;
            if cart.entries == 0 && !marked {
                if let Ok(currency) = cart.currency.parse() {
                    let value = cart.total_minor as f64;
                    deltas.money(
                        now,
                        Metric::Abandoned,
                        None,
                        1,
                        Money::new(cart.total_minor, currency),
                        value * value,
                    );
                }
                if contact.is_some() {
                    deltas.count(now, Metric::Reachable, None, 1);
                }
            }
            (cart.status, cart.abandoned_at, cart.idle_at) = ("abandoned".into(), Some(now), None);
            if !marked && store.hooks.has(HookKind::CartAbandoned) {
                told.push(Happening::cart(HookKind::CartAbandoned, &cart));
            }
            begin.extend(contact.map(|contact| Left { cart, contact: ContactId(contact) }));
        }
        tell(scoped, store.hooks, now, told).await?;
        let lined = (store.lane, store.hooks);
        swept.runs += start_runs(scoped, &self.versions, lined, &begin, now).await?.runs;
        deltas.write(scoped).await
    }

    /// Closes open carts without activity for longer than the store keeps them, some of each store.
    ///
    /// # Errors
    /// What the database says; what is done stays done.
    pub async fn expire(&self) -> Result<Swept, DbError> {
        let now = self.env.now();
        let stores: Vec<Uuid> = {
            let mut tx = self.db.read().await?;
            let system = tx.system().await?;
            let query = system.find::<cartwheel_entity::store::Entity>().select_only();
            query.column(cartwheel_entity::store::Column::Id).into_tuple().all(system.on()).await?
        };
        let mut swept = Swept::default();
        for store in stores {
            let Some(info) = self.stores.by_id(StoreId(store)).await? else { continue };
            let before = expired_before(now, &info.settings);
            for status in ["active", "checkout", "abandoned"] {
                let old = {
                    let mut tx = self.db.read().await?;
                    let scoped = tx.enter(&StoreScope::system(info.id)).await?;
                    aged(&scoped, status, before).await?
                };
                if old.is_empty() {
                    continue;
                }
                let mut tx = self.db.write().await?;
                let scoped = tx.enter(&StoreScope::system(info.id)).await?;
                scoped.lock().await?;
                let old = aged(&scoped, status, before).await?;
                close(&scoped, info.hooks, &old, now).await?;
                tx.commit().await?;
                swept.expired += old.len() as u64;
                swept.more |= old.len() as u64 == EXPIRE_BATCH;
            }
        }
        Ok(swept)
    }
}

async fn aged(scoped: &Scoped<'_>, status: &str, before: Millis) -> Result<Vec<Uuid>, DbError> {
    let query = scoped.find::<cart::Entity>().select_only().column(cart::Column::Id);
    let query = query.filter(cart::Column::Status.eq(status)).filter(cart::Column::UpdatedAt.lt(before));
    // Each kind is a stretch of the index of its own.
    let kinds = [CartKind::Cart, CartKind::Checkout, CartKind::Quote].map(CartKind::as_str);
    let query = query.filter(cart::Column::Kind.is_in(kinds)).filter(cart::Column::LastActivityAt.lt(before));
    Ok(query.limit(EXPIRE_BATCH).into_tuple().all(scoped.on()).await?)
}

/// Closes carts for age.
async fn close(scoped: &Scoped<'_>, wanted: HookKinds, carts: &[Uuid], now: Millis) -> Result<(), DbError> {
    use cart::Column as C;
    scoped
        .update::<cart::Entity>()
        .col_expr(C::Status, Expr::value("expired"))
        .col_expr(C::FinishedAt, Expr::value(now))
        .col_expr(C::IdleAt, Expr::value(Option::<i64>::None))
        .col_expr(C::UpdatedAt, Expr::value(now))
        .filter(C::Id.among(carts.iter().copied()))
        .exec(scoped.on())
        .await?;
    end_runs(scoped, wanted, carts, "expired", now).await
}

/// Those of these contacts that there is an address of.
async fn reachable(scoped: &Scoped<'_>, ids: Vec<Uuid>) -> Result<HashSet<Uuid>, DbError> {
    let query = scoped.find::<contact::Entity>().select_only().column(contact::Column::Id);
    let address = contact::Column::Email.is_not_null().or(contact::Column::Phone.is_not_null());
    let query = query
        .filter(contact::Column::Id.among(ids))
        .filter(address)
        .filter(contact::Column::ErasedAt.is_null());
    Ok(query.into_tuple::<Uuid>().all(scoped.on()).await?.into_iter().collect())
}

#[cfg(test)]
mod tests;
