//! What can be watched.

use super::{access::Access, cart::Cart, message::Message};
use crate::api::{
    http::Bearer,
    live::{Changed, Watch},
};
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

/// A message that is new or has changed.
#[derive(SimpleObject)]
pub struct MessagesChanged {
    /// As it is now.
    message: Message,
}

#[Root]
impl Subscription {
    /// Carts of a store as they change. A watcher that falls behind misses steps in between, never the latest state.
    async fn carts_changed(
        &self,
        ctx: &Context<'_>,
        store_id: ID,
    ) -> Result<impl Stream<Item = Result<CartsChanged>> + use<>> {
        let (access, changes) = watch(ctx, &store_id, Watch::Carts).await?;
        Ok(changes.filter_map(move |change| {
            let access = access.clone();
            async move {
                let Changed::Cart(id) = change else { return None };
                Cart::load(&access, id).await.map(|cart| cart.map(|cart| CartsChanged { cart })).transpose()
            }
        }))
    }

    /// Messages of a store: new ones, and what becomes of the latest fifty. A watcher that falls behind misses steps
    /// in between, never the latest state.
    async fn messages_changed(
        &self,
        ctx: &Context<'_>,
        store_id: ID,
    ) -> Result<impl Stream<Item = Result<MessagesChanged>> + use<>> {
        let (access, changes) = watch(ctx, &store_id, Watch::Messages).await?;
        Ok(changes.filter_map(move |change| {
            let access = access.clone();
            async move {
                let Changed::Message(id) = change else { return None };
                let found = Message::load(&access, id).await;
                found.map(|message| message.map(|message| MessagesChanged { message })).transpose()
            }
        }))
    }
}

/// A store, and what changes in it. Nothing is told once the credentials are good no longer.
async fn watch(
    ctx: &Context<'_>,
    store: &ID,
    what: Watch,
) -> Result<(Access, impl Stream<Item = Changed> + use<>)> {
    let Some(access) = Access::open(ctx, store).await? else {
        return Err(async_graphql::Error::new("there is no such store"));
    };
    let watcher = access.api.live.watch(access.info.id, what, access.api.env.now());
    let bearer = ctx.data_opt::<Bearer>().cloned();
    let changes = stream::unfold(watcher, |mut watcher| async move {
        loop {
            match watcher.changes.recv().await {
                Ok(change) => return Some((change, watcher)),
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return None,
            }
        }
    });
    let asked = access.clone();
    let mine = changes.filter_map(move |(store, change)| {
        let (access, bearer) = (asked.clone(), bearer.clone());
        let fits = match change {
            Changed::Cart(_) => what == Watch::Carts,
            Changed::Message(_) => what == Watch::Messages,
        };
        async move {
            (fits && store == access.info.id && still_open(&access, bearer).await).then_some(change)
        }
    });
    Ok((access, mine))
}

/// Whether the credentials the socket was opened with are still good: nothing is told after sign-out.
async fn still_open(access: &Access, bearer: Option<Bearer>) -> bool {
    let Some(bearer) = bearer else { return false };
    let Ok(Some(viewer)) = access.api.grants.viewer(&bearer.0).await else { return false };
    matches!(access.api.grants.scope(&viewer, access.info.id).await, Ok(Some(_)))
}
