//! Taking requests in and working them off.

use super::erase::{Why, erase_contacts};
use crate::{
    accounts::MasterKey,
    clock::Env,
    db::{Db, DbError, Scoped, StoreScope},
};
use cartwheel_domain::{
    contact_point::{EmailAddress, Phone},
    ids::{RequestId, StoreId},
    time::Millis,
};
use cartwheel_entity::{contact, contact_identity, privacy_request};
use sea_orm::{ActiveValue::Set, ColumnTrait, QueryFilter, QueryOrder, QuerySelect, sea_query::Expr};
use serde_json::json;
use uuid::Uuid;

/// A request as it arrives.
#[derive(Debug, Clone)]
pub struct Request {
    /// `access`, `erase_contact` or `erase_store`.
    pub kind: &'static str,
    /// Where it came from: `shopify`.
    pub source: &'static str,
    /// The source's id; a repeat changes nothing.
    pub source_id: String,
    /// The shop's customer id.
    pub user_id: Option<String>,
    /// E-mail.
    pub email: Option<EmailAddress>,
    /// Phone.
    pub phone: Option<Phone>,
    /// Orders it names.
    pub orders: Vec<String>,
    /// By when it must be done.
    pub due_at: Millis,
}

/// Contacts erased in one transaction.
const STEP: u64 = 200;

/// Keeps a request; an erasure of one person is done in the same transaction. An erasure of the whole store is kept
/// and done by [`work`], which is started here and repeated by the schedule until it is done.
///
/// # Errors
/// What the database says; nothing is kept then.
pub async fn receive(
    db: &Db,
    env: &Env,
    key: &MasterKey,
    store: StoreId,
    request: Request,
) -> Result<(), DbError> {
    let now = env.now();
    let mut tx = db.write().await?;
    let scoped = tx.enter(&StoreScope::shop(store)).await?;
    scoped.lock().await?;
    let contacts = find(&scoped, &request).await?;
    let erase = request.kind == "erase_contact";
    let row = privacy_request::ActiveModel {
        store_id: Set(store.uuid()),
        id: Set(env.id::<RequestId>().uuid()),
        kind: Set(request.kind.into()),
        source: Set(request.source.into()),
        source_id: Set(request.source_id.clone()),
        contact_id: Set(contacts.first().copied()),
        // Of an erasure nothing personal is kept, or it would not be one.
        payload: Set(match erase {
            true => json!({"orders": request.orders, "contacts": contacts.len()}),
            false => {
                json!({"orders": request.orders, "user_id": request.user_id, "email": request.email, "phone": request.phone})
            }
        }),
        received_at: Set(now),
        due_at: Set(request.due_at),
        completed_at: Set(erase.then_some(now)),
        outcome: Set(erase.then(|| if contacts.is_empty() { "nobody_found" } else { "erased" }.to_owned())),
    };
    let new = scoped.insert_new::<privacy_request::Entity>(vec![row]).await? > 0;
    if new && erase {
        erase_contacts(&scoped, env, key, &contacts, Why::Asked).await?;
    }
    tx.commit().await?;
    if request.kind == "erase_store" {
        let (db, env, key) = (db.clone(), env.clone(), key.clone());
        tokio::spawn(async move {
            if let Err(error) = work(&db, &env, &key).await {
                tracing::error!(%error, "the erasure of a store stopped; it goes on with the next round");
            }
        });
    }
    Ok(())
}

/// Everybody a request names: by customer id, address and phone.
async fn find(scoped: &Scoped<'_>, request: &Request) -> Result<Vec<Uuid>, DbError> {
    use contact_identity::Column as C;
    let named = [
        request.user_id.clone().map(|v| ("user", v)),
        request.email.as_ref().map(|v| ("email", v.to_string())),
        request.phone.as_ref().map(|v| ("phone", v.to_string())),
    ];
    let mut ids: Vec<Uuid> = Vec::new();
    // One look-up by the key each; for "this or that" in one statement SQLite reads all identities of the store.
    for (kind, value) in named.into_iter().flatten() {
        let query =
            scoped.find::<contact_identity::Entity>().filter(C::Kind.eq(kind)).filter(C::Value.eq(value));
        ids.extend(query.one(scoped.on()).await?.map(|r| r.contact_id));
    }
    ids.sort_unstable();
    ids.dedup();
    Ok(ids)
}

/// Works off the erasures of whole stores, some people at a time. Returns how many people were erased.
///
/// # Errors
/// What the database says; what is done stays done.
pub async fn work(db: &Db, env: &Env, key: &MasterKey) -> Result<u64, DbError> {
    let open = {
        let mut tx = db.read().await?;
        let system = tx.system().await?;
        let query =
            system.find::<privacy_request::Entity>().filter(privacy_request::Column::Kind.eq("erase_store"));
        query.filter(privacy_request::Column::CompletedAt.is_null()).all(system.on()).await?
    };
    let mut erased = 0;
    for request in open {
        let store = StoreId(request.store_id);
        loop {
            let mut tx = db.write().await?;
            let scoped = tx.enter(&StoreScope::system(store)).await?;
            scoped.lock().await?;
            let query = scoped.find::<contact::Entity>().select_only().column(contact::Column::Id);
            let query = query
                .filter(contact::Column::ErasedAt.is_null())
                .order_by_asc(contact::Column::Id)
                .limit(STEP);
            let ids: Vec<Uuid> = query.into_tuple().all(scoped.on()).await?;
            if ids.is_empty() {
                let done = scoped.update::<privacy_request::Entity>();
                done.col_expr(privacy_request::Column::CompletedAt, Expr::value(env.now()))
                    .col_expr(privacy_request::Column::Outcome, Expr::value("erased"))
                    .filter(privacy_request::Column::Id.eq(request.id))
                    .exec(scoped.on())
                    .await?;
                tx.commit().await?;
                break;
            }
            erase_contacts(&scoped, env, key, &ids, Why::StoreGone).await?;
            erased += ids.len() as u64;
            tx.commit().await?;
        }
    }
    Ok(erased)
}
