//! Data for newcomers: a demo store with three months of history.
//!
//! The history is made by the product itself on a clock that runs through ninety days: events come in, carts are left,
//! journeys run, the last look judges, mails go to the sandbox, people click and buy. Nothing is written by hand.

mod history;
mod plan;

use crate::{
    accounts::{NewStore, service},
    app::{Parts, StartError},
    channels::sandbox::Sandbox,
    clock::Env,
    config::Config,
    db::{Db, StoreScope},
    journeys, push, storefront, templates,
};
use cartwheel_domain::{
    ids::{JourneyId, StoreId},
    journey::{Change, Definition, Node, NodeId},
    settings::{CaptureMode, StoreSettings},
};
use cartwheel_entity::{journey, journey_version};
use sea_orm::{ColumnTrait, QueryFilter};
use std::sync::Arc;

/// How to sign in to the demo.
#[derive(Debug)]
pub struct Made {
    /// The store.
    pub store_id: StoreId,
    /// The owner.
    pub email: String,
    /// The owner's password, shown this once.
    pub password: String,
}

fn settings(config: &Config) -> Result<StoreSettings, StartError> {
    Ok(StoreSettings {
        country: "CH".parse()?,
        time_zone: "Europe/Zurich".into(),
        capture_mode: CaptureMode::LegitimateInterest,
        sender_name: "Wheelhouse".into(),
        sender_email: Some("hello@wheelhouse.example".parse()?),
        support_email: Some("hello@wheelhouse.example".parse()?),
        postal_address: "Wheelhouse, Rheingasse 12, 4058 Basel, Switzerland".into(),
        shop_url: format!("{}/demo-shop/", config.public_url),
        similar_goods: true,
        opt_out_shown_at_collection: true,
        reminder_announced: true,
        push_on: true,
        // The demo shop is served from here, so its worker can come from here as well.
        push_worker: "/push/worker.js".into(),
        ..Default::default()
    })
}

/// Makes the demo store with its history.
///
/// # Errors
/// When there is one already, or with what the database says.
pub async fn demo(db: &Db, config: &Config) -> Result<Made, StartError> {
    if storefront::demo_key(db).await?.is_some() {
        return Err("the demo store is there already; start over with a new database".into());
    }
    let env = Env::system();
    let master = crate::app::master_key(config, db, &env).await?;
    let start = env.now() - plan::DAYS * cartwheel_domain::time::DAY;
    let (clock, past) = env.running_from(start);
    let settings = settings(config)?;
    let email = "demo@wheelhouse.example";
    let new = NewStore {
        organisation: storefront::DEMO_ORGANISATION.into(),
        name: "Wheelhouse".into(),
        owner: email.parse()?,
        live: false,
        settings: settings.clone(),
        password: None,
    };
    let mut tx = db.write().await?;
    let keys = service::create_store(&tx.system().await?, &past, new).await?;
    let scope = StoreScope::system(keys.store_id);
    let scoped = tx.enter(&scope).await?;
    templates::install_default_set(&scoped, &past).await?;
    let journey = journeys::install_default(&scoped, &past, &settings).await?;
    push::ensure(&mut tx, &scope, (&master, &env)).await?;
    tx.commit().await?;
    let parts = Parts::new(
        db.clone(),
        past,
        master,
        &config.public_url,
        (None, Arc::new(Sandbox), Arc::new(Sandbox)),
        false,
    );
    history::live(&parts, &clock, keys.store_id, env.now()).await?;
    if let Some(published) = journey {
        quicken(db, &env, &scope, published.journey_id).await?;
    }
    Ok(Made { store_id: keys.store_id, email: email.into(), password: keys.password.unwrap_or_default() })
}

/// Sets the pace for somebody who tries it out: a cart counts as left after seconds, the first mail follows at once,
/// and nobody is held out. An ordinary change of settings and an ordinary new version of the journey.
async fn quicken(db: &Db, env: &Env, scope: &StoreScope, journey: JourneyId) -> Result<(), StartError> {
    service::change_settings(db, scope, |s| {
        s.abandon_cart_after_seconds = 20;
        s.abandon_checkout_after_seconds = 15;
        s.abandon_quote_after_seconds = 20;
        s.holdout_percent = 0;
        Ok(())
    })
    .await?;
    let mut tx = db.write().await?;
    let scoped = tx.enter(scope).await?;
    let row = scoped
        .find::<journey::Entity>()
        .filter(journey::Column::Id.eq(journey.uuid()))
        .one(scoped.on())
        .await?;
    let current = row.and_then(|j| j.current_version_id).ok_or("the demo's journey is gone")?;
    let version = scoped
        .find::<journey_version::Entity>()
        .filter(journey_version::Column::Id.eq(current))
        .one(scoped.on())
        .await?;
    let version = version.ok_or("the demo's journey has no version")?;
    let mut definition =
        Definition::from_json(&version.definition).map_err(|p| cartwheel_domain::journey::listed(&p))?;
    let first_wait = first_wait(&definition).ok_or("the default journey begins with a wait")?;
    definition = edit(&definition, Change::SetWait { node: first_wait, seconds: 5 })?;
    definition = edit(&definition, Change::SetHoldout { percent: 0 })?;
    journeys::service::publish(&scoped, env, Some(journey), &definition, None).await?;
    tx.commit().await?;
    Ok(())
}

/// The wait before the first message: the first one met from the start.
fn first_wait(definition: &Definition) -> Option<NodeId> {
    let mut at = definition.start.clone();
    for _ in 0..definition.nodes.len() {
        let node = definition.node(&at)?;
        if matches!(node, Node::Wait(_)) {
            return Some(at);
        }
        at = node.targets().first().map(|(_, to)| (*to).clone())?;
    }
    None
}

fn edit(definition: &Definition, change: Change) -> Result<Definition, StartError> {
    Ok(definition.with(&[change]).map_err(|p| cartwheel_domain::journey::listed(&p))?)
}
