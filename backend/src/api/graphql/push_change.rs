//! What can be changed of a store's web push beside its settings.

use super::{access::Access, errors::UserError, store::Store};
use crate::{
    accounts::audit::{Action, Entry},
    db::Role,
    push,
};
use async_graphql::{Context, ID, Object, Result, SimpleObject};
use serde_json::json;

/// A new pair of keys.
#[derive(Default, SimpleObject)]
pub struct PushKeyPayload {
    store: Option<Store>,
    /// Browsers that may not be notified any more.
    ended: i32,
    user_errors: Vec<UserError>,
}

/// What can be changed of web push.
#[derive(Default)]
pub struct PushMutation;

#[Object]
impl PushMutation {
    /// A new pair of keys for web push in place of the old one, of which somebody else may know the private half. All subscriptions end:
    /// they were made for the old one. Browsers that still allow it subscribe anew when they next open the shop. Needs the role admin.
    async fn rotate_push_key(&self, ctx: &Context<'_>, store_id: ID) -> Result<PushKeyPayload> {
        let Some(access) = Access::open_to(ctx, &store_id, Role::Admin).await? else {
            let error = UserError::at(&["storeId"], "not_found", "there is no such store");
            return Ok(PushKeyPayload { user_errors: vec![error], ..PushKeyPayload::default() });
        };
        if access.info.push_key.is_none() {
            let error =
                UserError::at(&["storeId"], "invalid", "switch web push on first: that makes its keys");
            return Ok(PushKeyPayload { user_errors: vec![error], ..PushKeyPayload::default() });
        }
        let with = (&access.api.master, &access.api.env);
        let mut tx = access.write().await?;
        let ended = push::rotate(&mut tx, &access.scope, with).await.map_err(|e| access.fault(&e))?;
        let detail = json!({ "changed": ["push_key"], "subscriptions_ended": ended });
        access.note(&mut tx, Entry::new(Action::StoreSettings, access.info.id, detail)).await?;
        tx.commit().await.map_err(|e| access.fault(&e))?;
        access.api.stores.forget(access.info.id);
        let store = Access::open(ctx, &store_id).await?.map(Store);
        Ok(PushKeyPayload { store, ended: i32::try_from(ended).unwrap_or(i32::MAX), user_errors: Vec::new() })
    }
}
