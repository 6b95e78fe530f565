//! The pair of keys of a store: made once, kept sealed, its public half in the store's row for the snippet.

use crate::{
    accounts::{MasterKey, SecretKind, secrets, secrets::SecretError},
    channels::push::KeyPair,
    clock::Env,
    db::{DbError, Scoped, StoreScope, Tx},
};
use cartwheel_entity::{push_device, store};
use sea_orm::{ColumnTrait, QueryFilter, sea_query::Expr};

/// The store's pair; `None` while web push was never switched on.
///
/// # Errors
/// [`SecretError`].
pub async fn pair(scoped: &Scoped<'_>, key: &MasterKey) -> Result<Option<KeyPair>, SecretError> {
    let kept = secrets::get(scoped, key, SecretKind::PushKey).await?;
    // What is not a key was not written here.
    kept.map(|text| {
        KeyPair::from_text(text.expose()).ok_or(SecretError::Sealed(SecretKind::PushKey.as_str()))
    })
    .transpose()
}

async fn show(tx: &mut Tx, scope: &StoreScope, pair: &KeyPair) -> Result<(), DbError> {
    let system = tx.system().await?;
    system
        .update::<store::Entity>()
        .col_expr(store::Column::PushKey, Expr::value(pair.public()))
        .filter(store::Column::Id.eq(scope.store_id().uuid()))
        .exec(system.on())
        .await?;
    Ok(())
}

/// Makes the store's pair where it has none.
///
/// # Errors
/// [`SecretError`].
pub async fn ensure(
    tx: &mut Tx,
    scope: &StoreScope,
    (key, env): (&MasterKey, &Env),
) -> Result<(), SecretError> {
    let pair = {
        let scoped = tx.enter(scope).await?;
        // Two who switch it on make one pair.
        scoped.lock().await?;
        match pair(&scoped, key).await? {
            Some(pair) => pair,
            None => {
                let pair = KeyPair::fresh(env);
                secrets::put(&scoped, key, env, SecretKind::PushKey, &pair.text()).await?;
                pair
            }
        }
    };
    Ok(show(tx, scope, &pair).await?)
}

/// A new pair in place of the old one. Subscriptions are made for one key (RFC 8292, section 4.2), so all of them end; browsers that open
/// the shop again and still allow it subscribe anew. Says how many ended.
///
/// # Errors
/// [`SecretError`].
pub async fn rotate(
    tx: &mut Tx,
    scope: &StoreScope,
    (key, env): (&MasterKey, &Env),
) -> Result<u64, SecretError> {
    let pair = KeyPair::fresh(env);
    let ended = {
        let scoped = tx.enter(scope).await?;
        scoped.lock().await?;
        secrets::put(&scoped, key, env, SecretKind::PushKey, &pair.text()).await?;
        let done = scoped.delete::<push_device::Entity>().exec(scoped.on()).await.map_err(DbError::from)?;
        done.rows_affected
    };
    show(tx, scope, &pair).await?;
    Ok(ended)
}
