//! The endpoints of a store: made, changed, switched off, taken away; their secrets.

use super::{
    FAILED, OFF, PERSON, WAITING,
    address::{Refused, Target},
    event::{Happening, tell},
    secret::{self, OVERLAP, Secrets},
};
use crate::{
    accounts::{MasterKey, keys::KeyError},
    clock::Env,
    db::{DbError, Scoped, Tx},
};
use cartwheel_domain::{
    hook::{HookKind, HookKinds},
    ids::{DeliveryId, HookId, StoreId},
    time::Millis,
};
use cartwheel_entity::{hook_delivery, hook_endpoint, store};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, ExprTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, Value},
};

/// Most endpoints of a store.
pub const MOST: u64 = 10;
/// Longest description, characters.
const DESCRIPTION: usize = 120;

/// Why a change was refused.
#[derive(Debug, thiserror::Error)]
pub enum HookError {
    /// There is no such endpoint.
    #[error("there is no such endpoint")]
    NoEndpoint,
    /// There is no such delivery.
    #[error("there is no such delivery")]
    NoDelivery,
    /// As many as a store may have.
    #[error("a store has at most {MOST} endpoints; take one away first")]
    TooMany,
    /// The address is none to send to.
    #[error(transparent)]
    Url(#[from] Refused),
    /// The description is too long, or has line breaks.
    #[error("at most {DESCRIPTION} characters on one line")]
    Description,
    /// A kind that is not known.
    #[error("{0:?} is nothing that can be told")]
    Kind(String),
    /// Nothing chosen.
    #[error("choose at least one event")]
    NoKind,
    /// The endpoint is switched off.
    #[error("the endpoint is switched off; switch it on first")]
    Off,
    /// A key cannot be had.
    #[error(transparent)]
    Key(KeyError),
    /// The database said no.
    #[error(transparent)]
    Db(#[from] DbError),
}

impl From<sea_orm::DbErr> for HookError {
    fn from(error: sea_orm::DbErr) -> Self {
        Self::Db(error.into())
    }
}

impl From<KeyError> for HookError {
    fn from(error: KeyError) -> Self {
        match error {
            KeyError::Db(error) => Self::Db(error),
            other => Self::Key(other),
        }
    }
}

/// What can be said of an endpoint; what is `None` stays as it is.
#[derive(Debug, Clone, Default)]
pub struct Change {
    /// Address.
    pub url: Option<String>,
    /// A word for people.
    pub description: Option<String>,
    /// What it is told.
    pub kinds: Option<Vec<String>>,
    /// Whether it is told anything.
    pub on: Option<bool>,
}

fn described(text: &str) -> Result<String, HookError> {
    let text = text.trim();
    let fits = text.chars().count() <= DESCRIPTION && !text.chars().any(char::is_control);
    if fits { Ok(text.to_owned()) } else { Err(HookError::Description) }
}

fn chosen(names: &[String]) -> Result<HookKinds, HookError> {
    let kind = |name: &String| {
        HookKind::from_name(name).ok_or_else(|| HookError::Kind(name.chars().take(48).collect()))
    };
    let kinds: HookKinds = names.iter().map(kind).collect::<Result<_, _>>()?;
    if kinds.is_empty() { Err(HookError::NoKind) } else { Ok(kinds) }
}

/// One endpoint.
///
/// # Errors
/// [`HookError::NoEndpoint`]; what the database says.
pub async fn find(scoped: &Scoped<'_>, id: HookId) -> Result<hook_endpoint::Model, HookError> {
    let query = scoped.find::<hook_endpoint::Entity>().filter(hook_endpoint::Column::Id.eq(id.uuid()));
    query.one(scoped.on()).await?.ok_or(HookError::NoEndpoint)
}

/// All of a store, the oldest first.
///
/// # Errors
/// What the database says.
pub async fn all(scoped: &Scoped<'_>) -> Result<Vec<hook_endpoint::Model>, DbError> {
    let query = scoped.find::<hook_endpoint::Entity>();
    let query = query.order_by_asc(hook_endpoint::Column::CreatedAt).order_by_asc(hook_endpoint::Column::Id);
    Ok(query.all(scoped.on()).await?)
}

/// Makes an endpoint; its secret is told this once. `local`: see [`Target::parse`].
///
/// # Errors
/// [`HookError`]; nothing was made then.
pub async fn create(
    tx: &mut Tx,
    (scope, env, key): (&crate::db::StoreScope, &Env, &MasterKey),
    local: bool,
    wanted: &Change,
) -> Result<(hook_endpoint::Model, String), HookError> {
    let scoped = tx.enter(scope).await?;
    scoped.lock().await?;
    let url = Target::parse(wanted.url.as_deref().unwrap_or_default().trim(), local)?;
    let description = described(wanted.description.as_deref().unwrap_or_default())?;
    let kinds = chosen(wanted.kinds.as_deref().unwrap_or_default())?;
    if scoped.find::<hook_endpoint::Entity>().count(scoped.on()).await? >= MOST {
        return Err(HookError::TooMany);
    }
    let (id, now, text) = (env.id::<HookId>(), env.now(), secret::fresh(env));
    let secrets = Secrets { now: text.clone(), old: None };
    let off = wanted.on == Some(false);
    let row = hook_endpoint::ActiveModel {
        store_id: Set(scoped.store_id().uuid()),
        id: Set(id.uuid()),
        url: Set(url.as_str().to_owned()),
        description: Set(description),
        kinds: Set(kinds.bits()),
        sealed: Set(secrets.seal(&scoped, (env, key), id).await?),
        old_until: Set(None),
        off_why: Set(off.then(|| PERSON.to_owned())),
        off_at: Set(off.then_some(now)),
        created_at: Set(now),
        updated_at: Set(now),
        failures: Set(0),
        failing_since: Set(None),
        failed_at: Set(None),
        resting_until: Set(None),
    };
    scoped.insert::<hook_endpoint::Entity>(vec![row]).await?;
    let made = find(&scoped, id).await?;
    let store = scoped.store_id();
    let all = wanted_by(&scoped).await?;
    write_wanted(tx, store, all).await?;
    Ok((made, text))
}

/// Changes an endpoint. Switched on again, it begins with a clean record; switched off, what waited for it has failed, and can be replayed.
///
/// # Errors
/// [`HookError`]; nothing was changed then.
pub async fn change(
    tx: &mut Tx,
    (scope, env): (&crate::db::StoreScope, &Env),
    local: bool,
    id: HookId,
    wanted: &Change,
) -> Result<(), HookError> {
    use hook_endpoint::Column as C;
    let scoped = tx.enter(scope).await?;
    scoped.lock().await?;
    let row = find(&scoped, id).await?;
    let now = env.now();
    let mut update = scoped.update::<hook_endpoint::Entity>().col_expr(C::UpdatedAt, Expr::value(now));
    if let Some(url) = &wanted.url {
        let url = Target::parse(url.trim(), local)?;
        update = update.col_expr(C::Url, Expr::value(url.as_str()));
        if url.as_str() != row.url {
            update = healthy(update);
        }
    }
    if let Some(text) = &wanted.description {
        update = update.col_expr(C::Description, Expr::value(described(text)?));
    }
    if let Some(names) = &wanted.kinds {
        update = update.col_expr(C::Kinds, Expr::value(chosen(names)?.bits()));
    }
    match (wanted.on, row.off_why.is_some()) {
        (Some(true), true) => {
            let nothing = (Expr::value(Value::String(None)), Expr::value(Value::BigInt(None)));
            update = healthy(update.col_expr(C::OffWhy, nothing.0).col_expr(C::OffAt, nothing.1));
        }
        (Some(false), false) => {
            update = update.col_expr(C::OffWhy, Expr::value(PERSON)).col_expr(C::OffAt, Expr::value(now));
        }
        _ => {}
    }
    update.filter(C::Id.eq(id.uuid())).exec(scoped.on()).await?;
    if wanted.on == Some(false) {
        close_waiting(&scoped, id, now).await?;
    }
    let store = scoped.store_id();
    let all = wanted_by(&scoped).await?;
    Ok(write_wanted(tx, store, all).await?)
}

/// A clean record.
fn healthy(update: sea_orm::UpdateMany<hook_endpoint::Entity>) -> sea_orm::UpdateMany<hook_endpoint::Entity> {
    use hook_endpoint::Column as C;
    let never = || Expr::value(Value::BigInt(None));
    update
        .col_expr(C::Failures, Expr::value(0))
        .col_expr(C::FailingSince, never())
        .col_expr(C::FailedAt, never())
        .col_expr(C::RestingUntil, never())
}

/// What waits for an endpoint that is off has nobody to go to.
pub(super) async fn close_waiting(scoped: &Scoped<'_>, id: HookId, now: Millis) -> Result<(), DbError> {
    use hook_delivery::Column as C;
    scoped
        .update::<hook_delivery::Entity>()
        .col_expr(C::Status, Expr::value(FAILED))
        .col_expr(C::Reason, Expr::value(OFF))
        .col_expr(C::DoneAt, Expr::value(now))
        .col_expr(C::Epoch, Expr::col(C::Epoch).add(1))
        .filter(C::EndpointId.eq(id.uuid()))
        .filter(C::Status.eq(WAITING))
        .exec(scoped.on())
        .await?;
    Ok(())
}

/// Takes an endpoint away, with all that was told to it.
///
/// # Errors
/// [`HookError`].
pub async fn delete(tx: &mut Tx, scope: &crate::db::StoreScope, id: HookId) -> Result<(), HookError> {
    let scoped = tx.enter(scope).await?;
    scoped.lock().await?;
    find(&scoped, id).await?;
    // Its deliveries and their attempts go with it.
    let gone = scoped.delete::<hook_endpoint::Entity>().filter(hook_endpoint::Column::Id.eq(id.uuid()));
    gone.exec(scoped.on()).await?;
    let store = scoped.store_id();
    let all = wanted_by(&scoped).await?;
    Ok(write_wanted(tx, store, all).await?)
}

/// Gives an endpoint another secret, told this once. For a day both sign.
///
/// # Errors
/// [`HookError`].
pub async fn rotate(
    scoped: &Scoped<'_>,
    (env, key): (&Env, &MasterKey),
    id: HookId,
) -> Result<String, HookError> {
    use hook_endpoint::Column as C;
    scoped.lock().await?;
    let (row, now, text) = (find(scoped, id).await?, env.now(), secret::fresh(env));
    // One that does not open signs nothing any more; then there is only the new one.
    let old = Secrets::open(scoped, key, &row, now).await?.map(|secrets| secrets.now);
    let secrets = Secrets { now: text.clone(), old };
    let sealed = secrets.seal(scoped, (env, key), id).await?;
    scoped
        .update::<hook_endpoint::Entity>()
        .col_expr(C::Sealed, Expr::value(sealed))
        .col_expr(C::OldUntil, Expr::value(secrets.old.is_some().then_some(now + OVERLAP)))
        .col_expr(C::UpdatedAt, Expr::value(now))
        .filter(C::Id.eq(id.uuid()))
        .exec(scoped.on())
        .await?;
    Ok(text)
}

/// Tells an endpoint that somebody wants to see whether it listens.
///
/// # Errors
/// [`HookError::Off`]; what the database says.
pub async fn test(scoped: &Scoped<'_>, env: &Env, id: HookId) -> Result<DeliveryId, HookError> {
    if find(scoped, id).await?.off_why.is_some() {
        return Err(HookError::Off);
    }
    let happening = Happening::test(id, env.uuid());
    let delivery = happening.id(id);
    tell(scoped, HookKinds::default(), env.now(), vec![happening]).await?;
    Ok(delivery)
}

/// What the endpoints that are on want, together.
pub(super) async fn wanted_by(scoped: &Scoped<'_>) -> Result<HookKinds, DbError> {
    let on = all(scoped).await?.into_iter().filter(|row| row.off_why.is_none());
    Ok(on.fold(HookKinds::default(), |all, row| all.or(HookKinds::of_bits(row.kinds))))
}

/// Writes down what somebody listens to, for those who ask before they tell.
pub(super) async fn write_wanted(tx: &mut Tx, store: StoreId, kinds: HookKinds) -> Result<(), DbError> {
    let system = tx.system().await?;
    system
        .update::<store::Entity>()
        .col_expr(store::Column::Hooks, Expr::value(kinds.bits()))
        .filter(store::Column::Id.eq(store.uuid()))
        .exec(system.on())
        .await?;
    Ok(())
}

/// How many endpoints there are of a list of ids; those that are another store's are none.
///
/// # Errors
/// What the database says.
pub async fn known(
    scoped: &Scoped<'_>,
    ids: impl IntoIterator<Item = HookId>,
) -> Result<Vec<HookId>, DbError> {
    let query = scoped.find::<hook_endpoint::Entity>().select_only().column(hook_endpoint::Column::Id);
    let wanted = hook_endpoint::Column::Id.is_in(ids.into_iter().map(HookId::uuid));
    Ok(query.filter(wanted).into_tuple().all(scoped.on()).await?.into_iter().map(HookId).collect())
}
