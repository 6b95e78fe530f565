//! What BigCommerce's webhooks hint at: kept at once, fetched afterwards, fed into the one intake.

use super::{CatchUp, EVERY, Halt, pause};
use crate::{
    accounts::StoreInfo,
    clock::Env,
    db::{Db, DbError, StoreScope},
    ingest::{
        big::{self, Fetched},
        project::event_id,
        raw,
        read::Object,
    },
    platforms::{
        Platform,
        api::{Api, Trouble, bigcommerce::Bigcommerce},
    },
};
use cartwheel_domain::{
    event::Source,
    ids::StoreId,
    time::{DAY, MINUTE, Millis, SECOND},
};
use cartwheel_entity::{
    cart, cart_key,
    platform_hint::{ActiveModel, Column as C, Entity, Model},
};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ExprTrait, QueryFilter, QueryOrder, QuerySelect, sea_query::Expr,
};
use serde_json::Value;
use std::sync::Arc;

/// Fetched under one look.
const BATCH: u64 = 10;
/// How long one that is in hand is left alone: as many calls as a batch may need, each within its patience.
const LEASE: Millis = 10 * 60 * SECOND;
/// Tries of one that can be fetched no better later; the next round finds what it was about.
const TRIES: i32 = 8;
/// How long what was fetched is remembered, so that a repeat is known: BigCommerce repeats for two days.
const REMEMBERED: Millis = 7 * DAY;
/// A change within the same moment as the fetch may have been missed by it.
const MOMENT: Millis = 2 * SECOND;

/// Something to fetch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hint {
    /// The platform's own id of the telling.
    pub source: String,
    /// `cart`, `order`, `quote`, `cart_deleted`, `quote_deleted`.
    pub kind: &'static str,
    /// The platform's id of what changed.
    pub resource: String,
    /// The token of an abandoned cart's link.
    pub token: Option<String>,
    /// When it changed, by the platform's clock.
    pub told_at: Millis,
}

/// A cart goes when it is bought, too. What was bought is known by its order, told or found in the next round; until then
/// a cart that has gone is not yet given up.
const GRACE: Millis = EVERY + 5 * MINUTE;

/// Keeps hints; one that is known is not fetched again, unless it tells of the very moment of the fetch.
///
/// # Errors
/// What the database says.
pub async fn keep(db: &Db, env: &Env, store: StoreId, hints: Vec<Hint>) -> Result<(), DbError> {
    if hints.is_empty() {
        return Ok(());
    }
    let now = env.now();
    let mut tx = db.write().await?;
    let scoped = tx.enter(&StoreScope::shop(store)).await?;
    for hint in hints {
        let id = event_id(Source::Bigcommerce, &hint.source);
        let row = ActiveModel {
            store_id: Set(store.uuid()),
            id: Set(id),
            kind: Set(hint.kind.into()),
            resource: Set(hint.resource),
            token: Set(hint.token),
            told_at: Set(hint.told_at),
            received_at: Set(now),
            next_at: Set(Some(if hint.kind == "cart_deleted" { now + GRACE } else { now })),
            attempt: Set(0),
            fetched_at: Set(None),
        };
        if scoped.insert_new::<Entity>(vec![row]).await? == 0 {
            let again = scoped.update::<Entity>().col_expr(C::NextAt, Expr::value(now)).filter(C::Id.eq(id));
            again.filter(C::FetchedAt.lt(hint.told_at + MOMENT)).exec(scoped.on()).await?;
        }
    }
    tx.commit().await
}

pub(super) async fn note(part: &CatchUp, store: &StoreInfo, hints: Vec<Hint>) -> Result<(), DbError> {
    keep(&part.db, &part.env, store.id, hints).await
}

/// Fetches some of what is due for one store; says whether anything was.
pub(super) async fn fetch(part: &CatchUp) -> Result<bool, DbError> {
    let now = part.env.now();
    let first = {
        let mut tx = part.db.read().await?;
        let system = tx.system().await?;
        let query = system.find::<Entity>().filter(C::NextAt.lte(now)).order_by_asc(C::NextAt);
        query.one(system.on()).await?
    };
    let Some(first) = first else { return Ok(false) };
    let store = StoreId(first.store_id);
    let rows = take(part, store, now).await?;
    let Some(info) = part.stores.by_id(store).await? else { return Ok(false) };
    let api = match part.api(&info, Platform::Bigcommerce).await {
        Ok(api) => Ok(api),
        Err(Halt::Db(error)) => return Err(error),
        Err(Halt::Trouble(trouble)) => Err(trouble),
    };
    let mut stopped = api.as_ref().err().cloned();
    for row in rows {
        let done = match (&api, &stopped) {
            (Ok(Api::Bigcommerce(api)), None) => one(part, &info, api, &row).await,
            (_, Some(trouble)) => Err(Halt::Trouble(trouble.clone())),
            (_, None) => Err(Halt::Trouble(Trouble::new("unset", "another platform's credentials"))),
        };
        match done {
            Ok(None) => finish(part, &row, Some(part.env.now()), None).await?,
            Ok(Some(then)) => finish(part, &row, None, Some(then)).await?,
            Err(Halt::Db(error)) => return Err(error),
            Err(Halt::Trouble(trouble)) => {
                // What concerns the connection concerns the rest as well: it is not asked once more for each.
                let all = !matches!(trouble.word, "unreadable" | "refused" | "too_large");
                let wait = pause(&trouble, row.attempt + 1);
                let last = !all && row.attempt + 1 >= TRIES;
                tracing::info!(store = %info.id, kind = %row.kind, word = trouble.word, "something at BigCommerce could not be fetched");
                finish(part, &row, None, (!last).then(|| part.env.now() + wait)).await?;
                if all {
                    stopped = Some(trouble);
                }
            }
        }
    }
    Ok(true)
}

/// Takes due rows of a store in hand: they are due again when the lease is over.
async fn take(part: &CatchUp, store: StoreId, now: Millis) -> Result<Vec<Model>, DbError> {
    let mut tx = part.db.write().await?;
    let scoped = tx.enter(&StoreScope::system(store)).await?;
    scoped.lock().await?;
    let query = scoped.find::<Entity>().filter(C::NextAt.lte(now)).order_by_asc(C::ToldAt).limit(BATCH);
    let rows = query.all(scoped.on()).await?;
    let update = scoped.update::<Entity>().col_expr(C::NextAt, Expr::value(now + LEASE));
    let update = update.col_expr(C::Attempt, Expr::col(C::Attempt).add(1));
    update.filter(C::Id.is_in(rows.iter().map(|row| row.id))).exec(scoped.on()).await?;
    tx.commit().await?;
    Ok(rows)
}

async fn finish(
    part: &CatchUp,
    row: &Model,
    fetched: Option<Millis>,
    next: Option<Millis>,
) -> Result<(), DbError> {
    let mut tx = part.db.write().await?;
    let scoped = tx.enter(&StoreScope::system(StoreId(row.store_id))).await?;
    let update = scoped.update::<Entity>().col_expr(C::NextAt, Expr::value(next));
    let update = match fetched {
        Some(at) => update
            .col_expr(C::FetchedAt, Expr::value(at))
            .col_expr(C::Token, Expr::value(Option::<String>::None)),
        None => update,
    };
    update.filter(C::Id.eq(row.id)).exec(scoped.on()).await?;
    tx.commit().await
}

/// Fetches one, and feeds what it says into the intake. Says when to look again, if it is too early to say.
async fn one(
    part: &CatchUp,
    store: &Arc<StoreInfo>,
    api: &Bigcommerce,
    row: &Model,
) -> Result<Option<Millis>, Halt> {
    let gone = || Object::from_iter([("id".to_owned(), Value::String(row.resource.clone()))]);
    let (kind, body) = match row.kind.as_str() {
        "cart" | "cart_deleted" => match cart(store, api, row).await? {
            Some(cart) => ("cart", cart),
            None if bought(part, store.id, &row.resource).await? => return Ok(None),
            None if part.env.now() < row.received_at + GRACE => return Ok(Some(row.received_at + GRACE)),
            None => ("cart_deleted", gone()),
        },
        "quote" => match api.quote(&row.resource).await? {
            Some(mut quote) => {
                quote.entry("quoteId").or_insert_with(|| Value::String(row.resource.clone()));
                ("quote", quote)
            }
            None => ("quote_deleted", gone()),
        },
        "quote_deleted" => ("quote_deleted", gone()),
        _ => match api.order(&row.resource).await? {
            Some(order) => ("order", order),
            None => return Ok(None),
        },
    };
    let fetched = Fetched { kind: kind.into(), told_at: row.told_at, received: part.env.now() };
    let events = match big::translate(&fetched, &body, &store.settings) {
        Ok(events) => events,
        Err(problem) => {
            return Err(Trouble::new("unreadable", format!("{} {}", problem.pointer, problem.message)).into());
        }
    };
    part.inbox.accept(store.clone(), raw::arrived(events, raw::webhook(kind, &body))).await?;
    Ok(None)
}

/// Whether a cart was ended by an order.
async fn bought(part: &CatchUp, store: StoreId, token: &str) -> Result<bool, DbError> {
    let mut tx = part.db.read().await?;
    let scoped = tx.enter(&StoreScope::system(store)).await?;
    let keys = scoped.find::<cart_key::Entity>().filter(cart_key::Column::Value.eq(token));
    let keys = keys.filter(cart_key::Column::Kind.is_in(["cart", "past_cart"])).all(scoped.on()).await?;
    let carts =
        scoped.find_among::<cart::Entity, _>(cart::Column::Id, keys.iter().map(|key| key.cart_id)).await?;
    Ok(carts.iter().any(|cart| cart.order_id.is_some()))
}

/// The open carts that are known: after a long silence each is looked at. BigCommerce lists no carts, so one that was begun and
/// left within the silence is heard of only if it is touched again.
pub(super) async fn known(part: &CatchUp, store: StoreId) -> Result<Vec<Hint>, DbError> {
    let now = part.env.now();
    let mut tx = part.db.read().await?;
    let scoped = tx.enter(&StoreScope::system(store)).await?;
    let query = scoped.find::<cart::Entity>().filter(cart::Column::Source.eq(Source::Bigcommerce.as_str()));
    let query = query.filter(cart::Column::Status.is_in(["active", "checkout", "abandoned"]));
    let query = query.filter(cart::Column::LastActivityAt.gte(now - REMEMBERED)).limit(200);
    let carts = query.all(scoped.on()).await?;
    let keys = scoped
        .find_among::<cart_key::Entity, _>(cart_key::Column::CartId, carts.iter().map(|c| c.id))
        .await?;
    let hint = |key: cart_key::Model| {
        let (kind, resource) = match key.value.strip_prefix("quote:") {
            Some(quote) => ("quote", quote.to_owned()),
            None => ("cart", key.value.clone()),
        };
        Hint { source: format!("silence:{kind}:{resource}:{now}"), kind, resource, token: None, told_at: now }
    };
    Ok(keys.into_iter().filter(|key| key.kind == "cart").map(hint).collect())
}

/// A cart with its customer, and the link by which it is taken up again.
async fn cart(store: &StoreInfo, api: &Bigcommerce, row: &Model) -> Result<Option<Object>, Trouble> {
    let Some(mut cart) = api.cart(&row.resource).await? else { return Ok(None) };
    let customer = cart.get("customer_id").and_then(Value::as_i64).filter(|id| *id > 0);
    if let Some(id) = customer
        && let Some(customer) = api.customer(&id.to_string()).await?
    {
        cart.insert(big::CUSTOMER.to_owned(), Value::Object(customer));
    }
    if let Some(token) = &row.token
        && let Some(link) =
            api.recovery_link(&row.resource, token, &store.settings.bigcommerce_recovery_url).await?
    {
        cart.insert(big::LINK.to_owned(), Value::String(link));
    }
    Ok(Some(cart))
}

/// Forgets what was fetched long ago, and what could not be.
///
/// # Errors
/// What the database says.
pub async fn sweep(db: &Db, env: &Env) -> Result<u64, DbError> {
    let before = env.now() - REMEMBERED;
    let mut tx = db.write().await?;
    let system = tx.system().await?;
    let gone = system.delete::<Entity>().filter(C::ReceivedAt.lt(before)).exec(system.on()).await?;
    tx.commit().await?;
    Ok(gone.rows_affected)
}
