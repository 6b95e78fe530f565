//! Rows of browsers that may be notified.

use crate::{
    clock::Env,
    db::{Among, Db, DbError, Scoped, StoreScope},
};
use cartwheel_domain::{
    ids::StoreId,
    push::Subscription,
    time::{DAY, Millis},
};
use cartwheel_entity::{push_device, push_device::Column};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ExprTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::Expr,
};
use sha2::{Digest, Sha256};
use std::collections::{HashMap, HashSet};
use uuid::Uuid;

/// A browser that has not been in the shop for so long is forgotten.
pub const KEPT: Millis = 400 * DAY;
/// Browsers of one person that are notified, the last seen first; older ones give way.
const MOST: usize = 10;
/// Rows that are swept at once.
const SWEPT: u64 = 1_000;

/// A browser as it was seen.
#[derive(Debug, Clone)]
pub struct Seen {
    /// Whose it is.
    pub contact: Uuid,
    /// Where and by which keys it is notified.
    pub subscription: Subscription,
    /// Its own random token.
    pub browser: String,
    /// The random id it goes by in events.
    pub visitor: String,
    /// Whether the shop's server says that it is theirs.
    pub vouched: bool,
    /// What it is, for people.
    pub label: String,
    /// When.
    pub at: Millis,
}

fn hash(endpoint: &str) -> String {
    hex::encode(Sha256::digest(endpoint.as_bytes()))
}

/// Keeps browsers. One that is there already takes the new keys, when it is the same browser that says so; then it stays vouched for if it
/// was, and belongs to whoever uses it now. An address that another browser has is left with that one: it was handed out to one alone.
///
/// # Errors
/// What the database says.
pub async fn put(scoped: &Scoped<'_>, env: &Env, seen: Vec<Seen>) -> Result<(), DbError> {
    let hashes: Vec<String> = seen.iter().map(|one| hash(&one.subscription.endpoint)).collect();
    let known = scoped.find_among::<push_device::Entity, _>(Column::EndpointHash, hashes.clone()).await?;
    let mut known: HashMap<String, push_device::Model> =
        known.into_iter().map(|row| (row.endpoint_hash.clone(), row)).collect();
    let mut touched: HashSet<Uuid> = HashSet::new();
    let mut rows: HashMap<String, push_device::ActiveModel> = HashMap::new();
    for (one, hash) in seen.into_iter().zip(hashes) {
        let old = known.get(&hash).filter(|row| one.vouched || row.browser == one.browser);
        if old.is_none() && known.contains_key(&hash) {
            continue;
        }
        let stays = old.is_some_and(|row| row.vouched && row.contact_id == one.contact);
        let row = push_device::Model {
            store_id: scoped.store_id().uuid(),
            id: old.map_or_else(|| env.uuid(), |row| row.id),
            contact_id: one.contact,
            p256dh: one.subscription.key_text(),
            auth: one.subscription.auth_text(),
            endpoint: one.subscription.endpoint,
            endpoint_hash: hash.clone(),
            browser: one.browser,
            visitor: one.visitor,
            vouched: one.vouched || stays,
            label: one.label,
            created_at: old.map_or_else(|| env.now(), |row| row.created_at),
            seen_at: one.at,
        };
        touched.insert(row.contact_id);
        rows.insert(hash.clone(), active(row.clone()));
        known.insert(hash, row);
    }
    let columns = [
        Column::ContactId,
        Column::P256dh,
        Column::Auth,
        Column::Browser,
        Column::Visitor,
        Column::Vouched,
        Column::Label,
        Column::SeenAt,
    ];
    scoped.upsert::<push_device::Entity>(rows.into_values().collect(), &columns).await?;
    crowded(scoped, touched).await
}

fn active(row: push_device::Model) -> push_device::ActiveModel {
    push_device::ActiveModel {
        store_id: Set(row.store_id),
        id: Set(row.id),
        contact_id: Set(row.contact_id),
        endpoint: Set(row.endpoint),
        endpoint_hash: Set(row.endpoint_hash),
        p256dh: Set(row.p256dh),
        auth: Set(row.auth),
        browser: Set(row.browser),
        visitor: Set(row.visitor),
        vouched: Set(row.vouched),
        label: Set(row.label),
        created_at: Set(row.created_at),
        seen_at: Set(row.seen_at),
    }
}

/// Forgets the browsers of these people that are too many.
async fn crowded(scoped: &Scoped<'_>, contacts: HashSet<Uuid>) -> Result<(), DbError> {
    let mut over = Vec::new();
    for rows in of_contacts(scoped, contacts).await?.into_values() {
        over.extend(rows.into_iter().skip(MOST).map(|row| row.id));
    }
    forget(scoped, over).await
}

/// The browsers of these people, the last seen first.
///
/// # Errors
/// What the database says.
pub async fn of_contacts(
    scoped: &Scoped<'_>,
    contacts: HashSet<Uuid>,
) -> Result<HashMap<Uuid, Vec<push_device::Model>>, DbError> {
    let mut found: HashMap<Uuid, Vec<push_device::Model>> = HashMap::new();
    for row in scoped.find_among::<push_device::Entity, _>(Column::ContactId, contacts).await? {
        found.entry(row.contact_id).or_default().push(row);
    }
    for rows in found.values_mut() {
        rows.sort_by_key(|row| (std::cmp::Reverse(row.seen_at), row.id));
    }
    Ok(found)
}

/// How many browsers of the store may be notified.
///
/// # Errors
/// What the database says.
pub async fn count(scoped: &Scoped<'_>) -> Result<u64, DbError> {
    Ok(scoped.find::<push_device::Entity>().count(scoped.on()).await?)
}

/// Takes browsers out that push services no longer know.
///
/// # Errors
/// What the database says.
pub async fn forget(scoped: &Scoped<'_>, ids: Vec<Uuid>) -> Result<(), DbError> {
    scoped.delete_among::<push_device::Entity, _>(Column::Id, ids).await.map(|_| ())
}

/// A browser takes its subscription back: by its own token, or, with `None`, by the word of the shop's server. Says whose it was when that
/// was their last one.
///
/// # Errors
/// What the database says.
pub async fn end(
    scoped: &Scoped<'_>,
    endpoint: &str,
    browser: Option<&str>,
) -> Result<Option<Uuid>, DbError> {
    let mut query = scoped.find::<push_device::Entity>().filter(Column::EndpointHash.eq(hash(endpoint)));
    if let Some(browser) = browser {
        query = query.filter(Column::Browser.eq(browser));
    }
    let Some(row) = query.one(scoped.on()).await? else { return Ok(None) };
    forget(scoped, vec![row.id]).await?;
    let left = of_contacts(scoped, HashSet::from([row.contact_id])).await?;
    Ok(left.is_empty().then_some(row.contact_id))
}

/// The shop's server has said that these browsers are these people's: the id a browser goes by, contact.
///
/// # Errors
/// What the database says.
pub async fn vouch(scoped: &Scoped<'_>, visitors: &HashMap<String, Uuid>) -> Result<(), DbError> {
    let rows = scoped.find_among::<push_device::Entity, _>(Column::Visitor, visitors.keys().cloned()).await?;
    for row in rows {
        let Some(contact) = visitors.get(&row.visitor) else { continue };
        if row.vouched && row.contact_id == *contact {
            continue;
        }
        scoped
            .update::<push_device::Entity>()
            .col_expr(Column::ContactId, Expr::value(*contact))
            .col_expr(Column::Vouched, Expr::value(true))
            .filter(Column::Id.eq(row.id))
            .exec(scoped.on())
            .await?;
    }
    Ok(())
}

/// Forgets browsers that have not been in their shop for more than a year, some of each store. Says how many.
///
/// # Errors
/// What the database says.
pub async fn sweep(db: &Db, env: &Env) -> Result<u64, DbError> {
    let before = env.now() - KEPT;
    let old: Vec<(Uuid, Uuid)> = {
        let mut tx = db.read().await?;
        let system = tx.system().await?;
        let query = system.find::<push_device::Entity>().filter(Column::SeenAt.lt(before));
        let query = query.select_only().column(Column::StoreId).column(Column::Id);
        query.order_by_asc(Column::SeenAt).limit(SWEPT).into_tuple().all(system.on()).await?
    };
    let mut by_store: HashMap<Uuid, Vec<Uuid>> = HashMap::new();
    for (store, id) in old {
        by_store.entry(store).or_default().push(id);
    }
    let mut swept = 0;
    for (store, ids) in by_store {
        let mut tx = db.write().await?;
        let scoped = tx.enter(&StoreScope::system(StoreId(store))).await?;
        let gone = Column::Id.among(ids).and(Column::SeenAt.lt(before));
        let done = scoped.delete::<push_device::Entity>().filter(gone).exec(scoped.on()).await?;
        swept += done.rows_affected;
        tx.commit().await?;
    }
    Ok(swept)
}
