//! What can be watched.

use super::{access::Access, cart::Cart};
use async_graphql::{Context, ID, Result, SimpleObject, Subscription as Root};
use futures_util::{Stream, StreamExt, stream};
use tokio::sync::broadcast::error::RecvError;

/// What can be watched.
pub struct Subscription;

/// A cart that changed.
#[derive(SimpleObject)]
pub struct CartsChanged {
    /// As it is now.
    cart: Cart,
}

#[Root]
impl Subscription {
    /// Carts of a store as they change. A watcher that falls behind misses steps in between, never the latest state.
    async fn carts_changed(
        &self,
        ctx: &Context<'_>,
        store_id: ID,
    ) -> Result<impl Stream<Item = Result<CartsChanged>> + use<>> {
        let Some(access) = Access::open(ctx, &store_id).await? else {
            return Err(async_graphql::Error::new("there is no such store"));
        };
        let watcher = access.api.live.watch(access.info.id, access.api.env.now());
        let bearer = ctx.data_opt::<crate::api::http::Bearer>().cloned();
        let changes = stream::unfold(watcher, |mut watcher| async move {
            loop {
                match watcher.changes.recv().await {
                    Ok(change) => return Some((change, watcher)),
                    Err(RecvError::Lagged(_)) => {}
                    Err(RecvError::Closed) => return None,
                }
            }
        });
        Ok(changes.filter_map(move |change| {
            let (access, bearer) = (access.clone(), bearer.clone());
            async move {
                if change.store != access.info.id || !still_open(&access, bearer).await {
                    return None;
                }
                match Cart::load(&access, change.cart).await {
                    Ok(cart) => cart.map(|cart| Ok(CartsChanged { cart })),
                    Err(e) => Some(Err(e)),
                }
            }
        }))
    }
}

/// Whether the credentials the socket was opened with are still good: nothing is told after sign-out.
async fn still_open(access: &Access, bearer: Option<crate::api::http::Bearer>) -> bool {
    let Some(bearer) = bearer else { return false };
    let Ok(Some(viewer)) = access.api.grants.viewer(&bearer.0).await else { return false };
    matches!(access.api.grants.scope(&viewer, access.info.id).await, Ok(Some(_)))
}
