//! Replacing keys while the service runs, in small transactions. Each leaves everything openable, so that a rotation that was
//! killed is simply begun again, and each is a comparison with what was read, so that two at once do no harm.
//!
//! Replaced data keys are kept: a reader may have a value in hand that was sealed by one.

use super::{
    KeyError, Place,
    ring::MasterKey,
    vault::{DATA, Vault, Wrapped},
    walk::{self, Item, Keys, PAGE, State, Table},
};
use crate::{
    clock::Env,
    crash::crash_point,
    db::{Db, DbError, Scoped, StoreScope, System},
};
use cartwheel_domain::{ids::StoreId, time::Millis};
use cartwheel_entity::{
    data_key, hook_endpoint, mail_provider, second_factor, service_key, service_mail, store_secret,
};
use sea_orm::{ColumnTrait, Condition, QueryFilter, QueryOrder, QuerySelect, sea_query::Expr};
use uuid::Uuid;

/// What a rotation has done.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Rotated {
    /// Fingerprint of the master key that wraps everything now.
    pub master: String,
    /// Keys that were wrapped anew.
    pub wrapped: u64,
    /// Stores whose data key was replaced.
    pub replaced: u64,
    /// When the replacement was begun that this one has finished.
    pub resumed: Option<Millis>,
    /// Values that were sealed anew.
    pub sealed: u64,
    /// What does not open, and why. It was left alone.
    pub lost: Vec<String>,
}

/// Wraps all keys by the current master key; with `data` replaces the data keys too. Then seals anew what a replaced key, or
/// none at all, has sealed.
///
/// # Errors
/// What the database says; what was done until then stays done.
pub async fn rotate(db: &Db, env: &Env, ring: &MasterKey, data: bool) -> Result<Rotated, KeyError> {
    let mut done = Rotated { master: ring.fresh().current().0.to_owned(), ..Rotated::default() };
    wrap_anew(db, env, ring, &mut done).await?;
    if data {
        replace(db, env, ring, &mut done).await?;
    }
    for table in Table::ALL {
        seal_anew(db, env, ring, table, &mut done).await?;
    }
    Ok(done)
}

/// The rows of keys after one of them: those of the service, then those of the stores. With `but`, only those that another master
/// key wraps.
pub(super) async fn rows_after(
    system: &System<'_>,
    after: Option<(Option<StoreId>, Uuid)>,
    but: Option<&str>,
) -> Result<Vec<Wrapped>, DbError> {
    let mut rows = Vec::new();
    if !matches!(after, Some((Some(_), _))) {
        let mut query = system.find::<service_key::Entity>();
        if let Some((None, id)) = after {
            query = query.filter(service_key::Column::Id.gt(id));
        }
        if let Some(but) = but {
            query = query.filter(service_key::Column::WrappedBy.ne(but));
        }
        let query = query.order_by_asc(service_key::Column::Id).limit(PAGE);
        rows.extend(query.all(system.on()).await?.into_iter().map(Wrapped::from));
    }
    if rows.is_empty() {
        use data_key::Column::{Id, StoreId as Store};
        let mut query = system.find::<data_key::Entity>();
        if let Some((Some(store), id)) = after {
            let later = Condition::all().add(Store.eq(store.uuid())).add(Id.gt(id));
            query = query.filter(Condition::any().add(Store.gt(store.uuid())).add(later));
        }
        if let Some(but) = but {
            query = query.filter(data_key::Column::WrappedBy.ne(but));
        }
        let query = query.order_by_asc(Store).order_by_asc(Id).limit(PAGE);
        rows.extend(query.all(system.on()).await?.into_iter().map(Wrapped::from));
    }
    Ok(rows)
}

async fn wrap_anew(db: &Db, env: &Env, ring: &MasterKey, done: &mut Rotated) -> Result<(), KeyError> {
    let masters = ring.masters();
    let mut after = None;
    loop {
        let mut tx = db.write().await?;
        let system = tx.system().await?;
        let rows = rows_after(&system, after, Some(&done.master)).await?;
        let Some(last) = rows.last() else { return Ok(()) };
        after = Some((last.store, last.id));
        let mut wrapped = 0;
        for row in rows {
            match ring.open_row(&row) {
                Ok(key) => {
                    let mut new = row.clone();
                    new.wrap(&masters, env, &key);
                    wrapped += exchange(&system, &row, new).await?;
                }
                Err(KeyError::Db(error)) => return Err(error.into()),
                Err(error) => done.lost.push(error.to_string()),
            }
        }
        tx.commit().await?;
        done.wrapped += wrapped;
        crash_point!("keys.wrapped");
    }
}

/// Writes a key's new wrapping over the one that was read; says how many rows that were.
async fn exchange(system: &System<'_>, old: &Wrapped, new: Wrapped) -> Result<u64, DbError> {
    let written = if let Some(store) = old.store {
        let query = system
            .update::<data_key::Entity>()
            .col_expr(data_key::Column::Wrapped, Expr::value(new.text))
            .col_expr(data_key::Column::WrappedBy, Expr::value(new.by))
            .filter(data_key::Column::StoreId.eq(store.uuid()))
            .filter(data_key::Column::Id.eq(old.id))
            .filter(data_key::Column::Wrapped.eq(old.text.as_str()));
        query.exec(system.on()).await?
    } else {
        let query = system
            .update::<service_key::Entity>()
            .col_expr(service_key::Column::Wrapped, Expr::value(new.text))
            .col_expr(service_key::Column::WrappedBy, Expr::value(new.by))
            .filter(service_key::Column::Id.eq(old.id))
            .filter(service_key::Column::Wrapped.eq(old.text.as_str()));
        query.exec(system.on()).await?
    };
    Ok(written.rows_affected)
}

/// Replaces the service's data key, which says since when this replacement runs, then those of all stores that are older.
async fn replace(db: &Db, env: &Env, ring: &MasterKey, done: &mut Rotated) -> Result<(), KeyError> {
    let since = {
        let mut tx = db.write().await?;
        let system = tx.system().await?;
        let own = system
            .find::<service_key::Entity>()
            .filter(service_key::Column::Kind.eq(DATA))
            .filter(service_key::Column::RetiredAt.is_null());
        let own = own.one(system.on()).await?.map(|row| row.created_at);
        let unfinished = match own {
            Some(begun) => older(&system, begun, None).await?.first().map(|_| begun),
            None => None,
        };
        done.resumed = unfinished;
        if let Some(begun) = unfinished {
            begun
        } else {
            // Later than every key there is, whatever the clocks of other machines say.
            let newest = system
                .find::<data_key::Entity>()
                .filter(data_key::Column::RetiredAt.is_null())
                .order_by_desc(data_key::Column::CreatedAt)
                .one(system.on())
                .await?;
            let since = env.now().max(newest.map_or(0, |row| row.created_at + 1));
            system
                .update::<service_key::Entity>()
                .col_expr(service_key::Column::RetiredAt, Expr::value(since))
                .filter(service_key::Column::Kind.eq(DATA))
                .filter(service_key::Column::RetiredAt.is_null())
                .exec(system.on())
                .await?;
            Vault::Service(&system).add(&ring.masters(), env, since).await?;
            tx.commit().await?;
            crash_point!("keys.begun");
            since
        }
    };
    let mut after = None;
    loop {
        let stores = {
            let mut tx = db.read().await?;
            older(&tx.system().await?, since, after).await?
        };
        let Some(last) = stores.last() else { return Ok(()) };
        after = Some(*last);
        for store in stores {
            replace_in(db, env, ring, (store, since), done).await?;
            crash_point!("keys.replaced");
        }
    }
}

/// Stores whose data key is older.
async fn older(system: &System<'_>, than: Millis, after: Option<StoreId>) -> Result<Vec<StoreId>, DbError> {
    let mut query = system
        .find::<data_key::Entity>()
        .filter(data_key::Column::RetiredAt.is_null())
        .filter(data_key::Column::CreatedAt.lt(than));
    if let Some(after) = after {
        query = query.filter(data_key::Column::StoreId.gt(after.uuid()));
    }
    let rows = query.order_by_asc(data_key::Column::StoreId).limit(PAGE).all(system.on()).await?;
    Ok(rows.into_iter().map(|row| StoreId(row.store_id)).collect())
}

/// Replaces one store's data key and seals what it has sealed by the new one, in one transaction.
async fn replace_in(
    db: &Db,
    env: &Env,
    ring: &MasterKey,
    (store, since): (StoreId, Millis),
    done: &mut Rotated,
) -> Result<(), KeyError> {
    let mut tx = db.write().await?;
    let scoped = tx.enter(&StoreScope::system(store)).await?;
    // Whoever seals something now waits for the end of this, and then takes the new key.
    let retired = scoped
        .update::<data_key::Entity>()
        .col_expr(data_key::Column::RetiredAt, Expr::value(since))
        .filter(data_key::Column::RetiredAt.is_null())
        .filter(data_key::Column::CreatedAt.lt(since))
        .exec(scoped.on())
        .await?;
    if retired.rows_affected == 0 {
        return Ok(());
    }
    Vault::Store(&scoped).add(&ring.masters(), env, env.now().max(since)).await?;
    let mut sealed = 0;
    let rows = scoped.find::<store_secret::Entity>().all(scoped.on()).await?;
    for item in rows.into_iter().filter_map(walk::secret) {
        // What does not open is reported by the walk over all values.
        sealed += seal_secret(&scoped, env, ring, &item).await?;
    }
    let rows = scoped.find::<hook_endpoint::Entity>().all(scoped.on()).await?;
    for item in rows.into_iter().map(walk::hook) {
        sealed += seal_hook(&scoped, env, ring, &item).await?;
    }
    let rows = scoped.find::<mail_provider::Entity>().all(scoped.on()).await?;
    for item in rows.into_iter().map(walk::provider) {
        sealed += seal_provider(&scoped, env, ring, &item).await?;
    }
    tx.commit().await?;
    done.replaced += 1;
    done.sealed += sealed;
    Ok(())
}

/// Seals the values of a table anew that are not sealed by a current data key.
async fn seal_anew(
    db: &Db,
    env: &Env,
    ring: &MasterKey,
    table: Table,
    done: &mut Rotated,
) -> Result<(), KeyError> {
    let mut last: Option<Item> = None;
    loop {
        let (items, old) = {
            let mut tx = db.read().await?;
            let system = tx.system().await?;
            let items = walk::page(&system, table, last.as_ref()).await?;
            let keys = Keys::of(&system, &items).await?;
            let mut old = Vec::new();
            for item in &items {
                match keys.judge(ring, item) {
                    State::Current => {}
                    State::Old => old.push(item.clone()),
                    State::Lost(why) => done.lost.push(format!("{}: {why}", item.place.named())),
                }
            }
            (items, old)
        };
        for item in old {
            done.sealed += seal_one(db, env, ring, &item).await?;
            crash_point!("keys.sealed");
        }
        match items.into_iter().last() {
            Some(item) => last = Some(item),
            None => return Ok(()),
        }
    }
}

/// Seals one value anew, unless it has changed or gone meanwhile; says how many rows that were.
async fn seal_one(db: &Db, env: &Env, ring: &MasterKey, item: &Item) -> Result<u64, KeyError> {
    let mut tx = db.write().await?;
    let sealed = match item.place {
        Place::Secret(store, _) => {
            let scoped = tx.enter(&StoreScope::system(store)).await?;
            seal_secret(&scoped, env, ring, item).await?
        }
        Place::Hook(store, _) => {
            let scoped = tx.enter(&StoreScope::system(store)).await?;
            seal_hook(&scoped, env, ring, item).await?
        }
        Place::Provider(store, _) => {
            let scoped = tx.enter(&StoreScope::system(store)).await?;
            seal_provider(&scoped, env, ring, item).await?
        }
        Place::Factor(member) => {
            let system = tx.system().await?;
            let Some(new) = anew(&system, env, ring, item).await? else { return Ok(0) };
            let query = system
                .update::<second_factor::Entity>()
                .col_expr(second_factor::Column::Sealed, Expr::value(new))
                .filter(second_factor::Column::MemberId.eq(member.uuid()))
                .filter(second_factor::Column::Sealed.eq(item.sealed.as_str()));
            query.exec(system.on()).await?.rows_affected
        }
        Place::Mail(mail) => {
            let system = tx.system().await?;
            let Some(new) = anew(&system, env, ring, item).await? else { return Ok(0) };
            let query = system
                .update::<service_mail::Entity>()
                .col_expr(service_mail::Column::Sealed, Expr::value(new))
                .filter(service_mail::Column::Id.eq(mail.uuid()))
                .filter(service_mail::Column::Sealed.eq(item.sealed.as_str()));
            query.exec(system.on()).await?.rows_affected
        }
    };
    tx.commit().await?;
    Ok(sealed)
}

async fn seal_secret(scoped: &Scoped<'_>, env: &Env, ring: &MasterKey, item: &Item) -> Result<u64, KeyError> {
    let Some(new) = anew(scoped, env, ring, item).await? else { return Ok(0) };
    let query = scoped
        .update::<store_secret::Entity>()
        .col_expr(store_secret::Column::Sealed, Expr::value(new))
        .filter(store_secret::Column::Kind.eq(item.place.row()))
        .filter(store_secret::Column::Sealed.eq(item.sealed.as_str()));
    Ok(query.exec(scoped.on()).await?.rows_affected)
}

async fn seal_hook(scoped: &Scoped<'_>, env: &Env, ring: &MasterKey, item: &Item) -> Result<u64, KeyError> {
    let Place::Hook(_, hook) = item.place else { return Ok(0) };
    let Some(new) = anew(scoped, env, ring, item).await? else { return Ok(0) };
    let query = scoped
        .update::<hook_endpoint::Entity>()
        .col_expr(hook_endpoint::Column::Sealed, Expr::value(new))
        .filter(hook_endpoint::Column::Id.eq(hook.uuid()))
        .filter(hook_endpoint::Column::Sealed.eq(item.sealed.as_str()));
    Ok(query.exec(scoped.on()).await?.rows_affected)
}

async fn seal_provider(
    scoped: &Scoped<'_>,
    env: &Env,
    ring: &MasterKey,
    item: &Item,
) -> Result<u64, KeyError> {
    let Place::Provider(_, provider) = item.place else { return Ok(0) };
    let Some(new) = anew(scoped, env, ring, item).await? else { return Ok(0) };
    let query = scoped
        .update::<mail_provider::Entity>()
        .col_expr(mail_provider::Column::Sealed, Expr::value(new))
        .filter(mail_provider::Column::Id.eq(provider.uuid()))
        .filter(mail_provider::Column::Sealed.eq(item.sealed.as_str()));
    Ok(query.exec(scoped.on()).await?.rows_affected)
}

/// A value sealed by the current data key; `None` when it does not open.
async fn anew<'a, 't: 'a>(
    vault: impl Into<Vault<'a, 't>>,
    env: &Env,
    ring: &MasterKey,
    item: &Item,
) -> Result<Option<String>, KeyError> {
    let vault = vault.into();
    match ring.unseal(vault, item.place, &item.sealed).await? {
        Some(plain) => Ok(Some(ring.seal(vault, env, item.place, plain.expose()).await?)),
        None => Ok(None),
    }
}
