//! Mail servers are added, changed, put in order, checked and taken away; addresses for what comes back are replaced; mail that was paused
//! goes on.

use super::{access::Access, errors::UserError, mail::MailProvider, store::Store};
use crate::{
    accounts::audit::{Action, Entry},
    config::Secret,
    db::{DbError, Role, Tx},
    mail::{
        check, desk, guard, pace,
        provider::{self, Change, ProviderError},
        ways,
    },
    messages::hold,
};
use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};
use cartwheel_domain::ids::ProviderId;
use serde_json::json;

/// How mail is changed.
#[derive(Default)]
pub struct MailMutation;

/// What can be said of a mail server; what is left out stays as it is.
#[derive(Default, InputObject)]
pub struct MailProviderInput {
    /// A word for people, at most 60 characters.
    name: Option<String>,
    /// `smtp`, `ses`, `postmark` or `sendgrid`: how it tells what comes back.
    service: Option<String>,
    /// Name of the server. Needed for a new one.
    host: Option<String>,
    /// 465, 587, 25, or one from 1024 on; 587 unless said.
    port: Option<i32>,
    /// `tls` (from the first byte) or `starttls`, which it is unless said.
    security: Option<String>,
    /// User name; empty: no sign-in.
    user: Option<String>,
    /// Password; stored sealed, never shown again.
    password: Option<String>,
    /// Address in From; empty: the store's.
    sender: Option<String>,
    /// Whether it carries anything.
    enabled: Option<bool>,
    /// Whether it warms up; the plan begins on the day it is switched on.
    warming: Option<bool>,
    /// How many may go on the first day of that, 1 to 10000; each further day twice as many.
    warm_first: Option<i32>,
}

/// A changed server.
#[derive(Default, SimpleObject)]
pub struct MailProviderPayload {
    provider: Option<MailProvider>,
    user_errors: Vec<UserError>,
}

/// A store whose mail was changed.
#[derive(Default, SimpleObject)]
pub struct MailPayload {
    store: Option<Store>,
    user_errors: Vec<UserError>,
}

impl From<MailProviderInput> for Change {
    fn from(input: MailProviderInput) -> Self {
        Self {
            name: input.name,
            service: input.service,
            host: input.host,
            port: input.port,
            security: input.security,
            user: input.user,
            password: input.password.map(Secret::new),
            sender: input.sender,
            on: input.enabled,
            warming: input.warming,
            warm_first: input.warm_first,
        }
    }
}

fn no_store() -> Vec<UserError> {
    vec![UserError::at(&["storeId"][..], "not_found", "there is no such store")]
}

fn refused(user_errors: Vec<UserError>) -> MailProviderPayload {
    MailProviderPayload { provider: None, user_errors }
}

/// What a refusal says to the caller; faults stay faults.
fn told(error: ProviderError) -> Result<Vec<UserError>, DbError> {
    let (path, code): (Vec<&str>, _) = match &error {
        ProviderError::None => (vec!["providerId"], "not_found"),
        ProviderError::TooMany => (vec!["storeId"], "too_many_servers"),
        ProviderError::Field(unusable) => (vec!["input", unusable.0], "invalid"),
        ProviderError::Order => (vec!["providerIds"], "invalid"),
        ProviderError::Key(_) | ProviderError::Db(_) => (vec![], ""),
    };
    match error {
        ProviderError::Db(error) => Err(error),
        ProviderError::Key(error) => Err(error.into()),
        error => Ok(vec![UserError::at(&path, code, error.to_string())]),
    }
}

fn provider_id(id: &ID) -> Result<ProviderId, Vec<UserError>> {
    id.parse()
        .map_err(|_| vec![UserError::at(&["providerId"][..], "not_found", ProviderError::None.to_string())])
}

/// Writes the log's entry and commits.
async fn finish(access: &Access, mut tx: Tx, entry: Entry) -> Result<()> {
    access.note(&mut tx, entry).await?;
    tx.commit().await.map_err(|e| access.fault(&e))?;
    access.api.stores.forget(access.info.id);
    Ok(())
}

/// Looks whether a server can be signed in at, outside of any transaction, and writes down what was found.
async fn checked(access: &Access, id: ProviderId) -> Result<()> {
    let api = &access.api;
    let one = ways::one(&api.db, &access.scope, &api.master, id, api.webhooks_local).await;
    let one = match one {
        Ok(one) => one,
        // Taken away meanwhile.
        Err(ProviderError::None) => return Ok(()),
        Err(error) => return Err(access.fault(&error)),
    };
    let found = check::check(one.as_ref()).await;
    let mut tx = access.write().await?;
    let scoped = tx.enter(&access.scope).await.map_err(|e| access.fault(&e))?;
    let kept = check::keep(&scoped, id.uuid(), &found, api.env.now()).await;
    kept.map_err(|e| access.fault(&e))?;
    tx.commit().await.map_err(|e| access.fault(&e))
}

async fn save(
    ctx: &Context<'_>,
    store_id: &ID,
    id: Option<&ID>,
    input: MailProviderInput,
) -> Result<MailProviderPayload> {
    let Some(access) = Access::open_to(ctx, store_id, Role::Admin).await? else {
        return Ok(refused(no_store()));
    };
    let id = match id.map(provider_id).transpose() {
        Ok(id) => id,
        Err(errors) => return Ok(refused(errors)),
    };
    let (api, change) = (&access.api, Change::from(input));
    let looks = id.is_none()
        || change.host.is_some()
        || change.port.is_some()
        || change.security.is_some()
        || change.user.is_some()
        || change.password.is_some();
    let detail = json!({
        "name": change.name, "host": change.host, "port": change.port, "enabled": change.on, "warming": change.warming,
        "sender": change.sender.is_some(), "password": change.password.is_some(),
    });
    let mut tx = access.write().await?;
    let with = (&access.scope, &api.env, &api.master);
    let row = match provider::save(&mut tx, with, api.webhooks_local, id, &change).await {
        Ok(row) => row,
        Err(error) => return Ok(refused(told(error).map_err(|e| access.fault(&e))?)),
    };
    let action = if id.is_some() { Action::MailProviderChanged } else { Action::MailProviderMade };
    let id = ProviderId(row.id);
    finish(&access, tx, Entry::new(action, id, detail)).await?;
    if looks {
        checked(&access, id).await?;
    }
    Ok(MailProviderPayload { provider: MailProvider::load(&access, id).await?, user_errors: Vec::new() })
}

async fn shown(ctx: &Context<'_>, store_id: &ID) -> Result<MailPayload> {
    let store = Access::open(ctx, store_id).await?.map(Store);
    Ok(MailPayload { store, user_errors: Vec::new() })
}

#[Object]
impl MailMutation {
    /// Adds a mail server, as the last in order, and looks whether it can be signed in at. Needs the role admin.
    async fn create_mail_provider(
        &self,
        ctx: &Context<'_>,
        store_id: ID,
        input: MailProviderInput,
    ) -> Result<MailProviderPayload> {
        save(ctx, &store_id, None, input).await
    }

    /// Changes a mail server, or switches it on or off. Where it is or how to sign in changed, that is looked at. Needs the role admin.
    async fn update_mail_provider(
        &self,
        ctx: &Context<'_>,
        store_id: ID,
        provider_id: ID,
        input: MailProviderInput,
    ) -> Result<MailProviderPayload> {
        save(ctx, &store_id, Some(&provider_id), input).await
    }

    /// Takes a mail server away. Needs the role admin.
    async fn delete_mail_provider(
        &self,
        ctx: &Context<'_>,
        store_id: ID,
        provider_id: ID,
    ) -> Result<MailProviderPayload> {
        let Some(access) = Access::open_to(ctx, &store_id, Role::Admin).await? else {
            return Ok(refused(no_store()));
        };
        let id = match self::provider_id(&provider_id) {
            Ok(id) => id,
            Err(errors) => return Ok(refused(errors)),
        };
        let mut tx = access.write().await?;
        if let Err(error) = provider::delete(&mut tx, &access.scope, id).await {
            return Ok(refused(told(error).map_err(|e| access.fault(&e))?));
        }
        finish(&access, tx, Entry::new(Action::MailProviderDeleted, id, json!({}))).await?;
        Ok(MailProviderPayload::default())
    }

    /// Puts the mail servers in this order: the first that is not in trouble takes a message. Needs the role admin.
    async fn order_mail_providers(
        &self,
        ctx: &Context<'_>,
        store_id: ID,
        provider_ids: Vec<ID>,
    ) -> Result<MailPayload> {
        let failed = |user_errors| MailPayload { store: None, user_errors };
        let Some(access) = Access::open_to(ctx, &store_id, Role::Admin).await? else {
            return Ok(failed(no_store()));
        };
        let ids: Option<Vec<ProviderId>> = provider_ids.iter().take(100).map(|id| id.parse().ok()).collect();
        let mut tx = access.write().await?;
        let done = match ids {
            Some(ids) => provider::order(&mut tx, &access.scope, &ids).await,
            None => Err(ProviderError::Order),
        };
        if let Err(error) = done {
            return Ok(failed(told(error).map_err(|e| access.fault(&e))?));
        }
        let entry = Entry::new(Action::MailProvidersOrdered, access.info.id, json!({}));
        finish(&access, tx, entry).await?;
        shown(ctx, &store_id).await
    }

    /// Looks whether a mail server can be signed in at; no mail is sent. Needs the role admin.
    async fn check_mail_provider(
        &self,
        ctx: &Context<'_>,
        store_id: ID,
        provider_id: ID,
    ) -> Result<MailProviderPayload> {
        let Some(access) = Access::open_to(ctx, &store_id, Role::Admin).await? else {
            return Ok(refused(no_store()));
        };
        let id = match self::provider_id(&provider_id) {
            Ok(id) => id,
            Err(errors) => return Ok(refused(errors)),
        };
        if MailProvider::load(&access, id).await?.is_none() {
            return Ok(refused(told(ProviderError::None).map_err(|e| access.fault(&e))?));
        }
        checked(&access, id).await?;
        Ok(MailProviderPayload { provider: MailProvider::load(&access, id).await?, user_errors: Vec::new() })
    }

    /// Replaces the addresses at which the store is told what comes back; those of before tell nobody anything any more. Needs the
    /// role admin.
    async fn replace_mail_hooks(&self, ctx: &Context<'_>, store_id: ID) -> Result<MailPayload> {
        let Some(access) = Access::open_to(ctx, &store_id, Role::Admin).await? else {
            return Ok(MailPayload { store: None, user_errors: no_store() });
        };
        let mut tx = access.write().await?;
        let scoped = tx.enter(&access.scope).await.map_err(|e| access.fault(&e))?;
        desk::replace(&scoped).await.map_err(|e| access.fault(&e))?;
        finish(&access, tx, Entry::new(Action::MailHooksReplaced, access.info.id, json!({}))).await?;
        shown(ctx, &store_id).await
    }

    /// Says that the cause is gone for which the store's mail was slowed or paused: it goes on, and is judged anew from here on. Needs
    /// the role admin.
    async fn resume_mail(&self, ctx: &Context<'_>, store_id: ID) -> Result<MailPayload> {
        let Some(access) = Access::open_to(ctx, &store_id, Role::Admin).await? else {
            return Ok(MailPayload { store: None, user_errors: no_store() });
        };
        let mut tx = access.write().await?;
        let guarded = guard::resume(&mut tx, &access.api.env, &access.scope).await;
        if guarded.map_err(|e| access.fault(&e))? {
            let system = tx.system().await.map_err(|e| access.fault(&e))?;
            let which = (access.info.id.uuid(), access.info.lane);
            let released = hold::release(&system, which, pace::PAUSED, access.api.env.now()).await;
            let released = released.map_err(|e| access.fault(&e))?;
            let entry = Entry::new(Action::MailResumed, access.info.id, json!({ "messages": released }));
            finish(&access, tx, entry).await?;
        }
        shown(ctx, &store_id).await
    }
}
