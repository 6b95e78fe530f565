//! How endpoints are: failures in a row, rests, and the end of those that have been dead for days or say that they are gone.

use super::{
    FAILING, GONE,
    courier::Tools,
    endpoint::{close_waiting, wanted_by, write_wanted},
    results::Answered,
    retry,
};
use crate::{
    accounts::{
        audit::{self, Action, Entry},
        mailbox::{self, Letter, Mail},
    },
    db::{Actor, Among, DbError, OrganisationScope, Role, StoreScope, Tx},
};
use cartwheel_domain::{
    ids::{HookId, OrganisationId, StoreId},
    locale::Language,
    time::Millis,
};
use cartwheel_entity::{hook_endpoint, member, membership};
use sea_orm::{ColumnTrait, QueryFilter, QuerySelect, sea_query::Expr};
use serde_json::json;
use std::collections::BTreeMap;
use uuid::Uuid;

/// What one answer says of an endpoint.
pub(super) struct Health {
    store: Uuid,
    endpoint: Uuid,
    at: Millis,
    well: bool,
    gone: bool,
}

impl Health {
    /// `None` where nothing was sent.
    pub fn of(answer: &Answered) -> Option<Self> {
        answer.said.as_ref()?;
        Some(Self {
            store: answer.row.store_id,
            endpoint: answer.row.endpoint_id,
            at: answer.at,
            well: answer.arrived(),
            gone: answer.status() == Some(410),
        })
    }
}

/// Writes down how endpoints are. What a crash keeps from being written down here the next answers say again.
pub(super) async fn learn(tools: &Tools, heard: Vec<Health>) -> Result<(), DbError> {
    let mut groups: BTreeMap<(Uuid, Uuid), Vec<Health>> = BTreeMap::new();
    for one in heard {
        groups.entry((one.store, one.endpoint)).or_default().push(one);
    }
    for ((store, endpoint), mut heard) in groups {
        heard.sort_by_key(|one| one.at);
        let (store, id) = (StoreId(store), HookId(endpoint));
        if let Some(why) = note(tools, store, id, &heard).await? {
            turn_off(tools, store, id, why).await?;
        }
    }
    Ok(())
}

/// An endpoint that is on; with `hold` nobody else changes it until the transaction ends.
async fn read(
    tx: &mut Tx,
    (store, id): (StoreId, HookId),
    hold: bool,
) -> Result<Option<hook_endpoint::Model>, DbError> {
    use hook_endpoint::Column as C;
    let scoped = tx.enter(&StoreScope::system(store)).await?;
    let query =
        scoped.find::<hook_endpoint::Entity>().filter(C::Id.eq(id.uuid())).filter(C::OffWhy.is_null());
    let query = if hold { query.lock_exclusive() } else { query };
    Ok(query.one(scoped.on()).await?)
}

/// Counts answers; says why the endpoint should be told nothing any more, if so.
async fn note(
    tools: &Tools,
    store: StoreId,
    id: HookId,
    heard: &[Health],
) -> Result<Option<&'static str>, DbError> {
    use hook_endpoint::Column as C;
    if heard.iter().all(|one| one.well) {
        // Nearly always: nothing to write.
        let row = read(&mut tools.db.read().await?, (store, id), false).await?;
        if row.is_none_or(|row| row.failures == 0) {
            return Ok(None);
        }
    }
    let mut tx = tools.db.write().await?;
    let Some(row) = read(&mut tx, (store, id), true).await? else { return Ok(None) };
    let (mut failures, mut since, mut last, mut rests): (i32, _, _, _) =
        (row.failures, row.failing_since, row.failed_at, row.resting_until);
    for one in heard {
        if one.well {
            (failures, since, last, rests) = (0, None, None, None);
            continue;
        }
        failures = failures.saturating_add(1);
        if last.is_none_or(|last| one.at - last > retry::GAP) {
            since = Some(one.at);
        }
        last = Some(one.at);
        rests = retry::rest(failures).map(|pause| one.at + pause);
    }
    let scoped = tx.enter(&StoreScope::system(store)).await?;
    scoped
        .update::<hook_endpoint::Entity>()
        .col_expr(C::Failures, Expr::value(failures))
        .col_expr(C::FailingSince, Expr::value(since))
        .col_expr(C::FailedAt, Expr::value(last))
        .col_expr(C::RestingUntil, Expr::value(rests))
        .filter(C::Id.eq(id.uuid()))
        .exec(scoped.on())
        .await?;
    tx.commit().await?;
    if heard.iter().any(|one| one.gone) {
        return Ok(Some(GONE));
    }
    let dead = since.zip(last).is_some_and(|(since, last)| last - since >= retry::PATIENCE);
    Ok(dead.then_some(FAILING))
}

/// Tells an endpoint nothing any more, writes it into the audit log and to the organisation's admins: once, whoever comes first.
async fn turn_off(tools: &Tools, store: StoreId, id: HookId, why: &'static str) -> Result<(), DbError> {
    use hook_endpoint::Column as C;
    let Some(info) = tools.stores.by_id(store).await? else { return Ok(()) };
    let now = tools.env.now();
    let mut tx = tools.db.write().await?;
    let scoped = tx.enter(&StoreScope::system(store)).await?;
    scoped.lock().await?;
    let query = scoped.find::<hook_endpoint::Entity>().filter(C::Id.eq(id.uuid()));
    let Some(row) = query.one(scoped.on()).await?.filter(|row| row.off_why.is_none()) else { return Ok(()) };
    // Somebody may have mended it a moment ago.
    if why == FAILING && row.failures == 0 {
        return Ok(());
    }
    scoped
        .update::<hook_endpoint::Entity>()
        .col_expr(C::OffWhy, Expr::value(why))
        .col_expr(C::OffAt, Expr::value(now))
        .filter(C::Id.eq(id.uuid()))
        .exec(scoped.on())
        .await?;
    close_waiting(&scoped, id, now).await?;
    let wanted = wanted_by(&scoped).await?;
    write_wanted(&mut tx, store, wanted).await?;
    let organised = tx.organisation(&OrganisationScope::system(info.organisation_id)).await?;
    let entry = Entry::new(Action::WebhookOff, id, json!({ "why": why })).within(store);
    audit::append(&organised, &tools.env, Actor::System, entry).await?;
    if tools.mails {
        let letter = Letter::WebhookOff {
            store: info.name.clone(),
            host: host_of(&row.url),
            page: format!("/stores/{store}/settings/webhooks?endpoint={id}"),
            gone: why == GONE,
        };
        tell_admins(&mut tx, tools, info.organisation_id, &letter).await?;
    }
    tx.commit().await?;
    tools.stores.forget(store);
    tracing::warn!(%store, endpoint = %id, why, "an endpoint of outgoing webhooks was switched off");
    Ok(())
}

/// The host of an address: its path may hold what only the receiver should know.
fn host_of(url: &str) -> String {
    url::Url::parse(url).ok().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default()
}

async fn tell_admins(tx: &mut Tx, tools: &Tools, id: OrganisationId, letter: &Letter) -> Result<(), DbError> {
    let system = tx.system().await?;
    let admins = system
        .find::<membership::Entity>()
        .filter(membership::Column::OrganisationId.eq(id.uuid()))
        .filter(membership::Column::Role.is_in([Role::Admin, Role::Owner].map(Role::as_str)));
    let ids: Vec<Uuid> = admins.all(system.on()).await?.into_iter().map(|m| m.member_id).collect();
    let people = system.find::<member::Entity>().filter(member::Column::Id.among(ids));
    for person in people.all(system.on()).await? {
        let language = Language::of_tag(&person.language).unwrap_or(Language::En);
        let mail = Mail { to: person.email, language, letter: letter.clone() };
        mailbox::queue(&system, &tools.env, &tools.master, &mail).await?;
    }
    Ok(())
}
