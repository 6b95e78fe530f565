//! Billing by Stripe: plans as data, usage counted to the message, caps that pause sending, and Stripe's word for what was bought.
//!
//! Off unless the operator names a key: then nothing is counted, capped or asked for. With one, Stripe decides what an organisation
//! has bought and we never guess it: a webhook only says that there is news, and [`state`] fetches the latest and writes it over what
//! was there, so that neither order nor repetition of webhooks matters. The other way round, Stripe's meters are told of each accepted
//! message once ([`report`]). No call is made inside a transaction. See docs/billing.md and docs/decisions/0016-billing.md.

pub mod account;
pub mod caps;
pub mod desk;
pub mod http;
mod lines;
pub mod notices;
pub mod plans;
pub mod report;
mod retention;
pub mod setup;
pub mod state;
pub mod stripe;
pub mod usage;
pub mod webhook;

#[cfg(test)]
mod tests;

use crate::{
    accounts::MasterKey,
    clock::Env,
    config::{Config, Secret},
    db::{Db, DbError},
    https::Endpoint,
};
use cartwheel_domain::time::{DAY, Millis};
use cartwheel_entity::billing_event;
use plans::Book;
use sea_orm::{ColumnTrait, QueryFilter};
use std::sync::Arc;
use stripe::Stripe;

/// How long Stripe's events are remembered: it repeats one for three days.
const REMEMBERED: Millis = 30 * DAY;

/// What billing works with; cheap to clone.
#[derive(Clone)]
pub struct Billing {
    /// Database.
    pub db: Db,
    /// Clock and entropy.
    pub env: Env,
    /// Seals mails.
    pub master: MasterKey,
    /// The account at Stripe.
    pub stripe: Stripe,
    /// What webhooks are signed with; several while one is replaced.
    pub secrets: Arc<[Secret]>,
    /// Whether the key is one of Stripe's test mode.
    pub test_mode: bool,
    /// How the outside reaches us.
    pub public_url: String,
    /// Whether the service sends mails of its own.
    pub mails: bool,
    /// What there is to buy.
    pub book: &'static Book,
}

/// What settings for billing lack.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0} is wrong: {1}")]
pub struct SetUpError(pub &'static str, pub String);

/// The account at Stripe that the settings name; `None` without a key.
///
/// # Errors
/// [`SetUpError`] with the setting's name.
pub fn stripe_of(config: &Config) -> Result<Option<Stripe>, SetUpError> {
    let Some(key) = &config.stripe_key else { return Ok(None) };
    let usable = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if key.expose().is_empty() || !key.expose().chars().all(usable) {
        let said = "a secret key such as sk_live_… or a restricted one, rk_live_…".to_owned();
        return Err(SetUpError("CARTWHEEL_STRIPE_KEY", said));
    }
    let endpoint = Endpoint::parse(&config.stripe_url).map_err(|e| SetUpError("CARTWHEEL_STRIPE_URL", e))?;
    Ok(Some(Stripe::new(endpoint, key.clone())))
}

impl Billing {
    /// Over a database, by the settings; `None` while it is off.
    ///
    /// # Errors
    /// [`SetUpError`] with the setting's name.
    pub fn of(
        config: &Config,
        db: Db,
        env: Env,
        master: MasterKey,
        mails: bool,
    ) -> Result<Option<Self>, SetUpError> {
        let Some(stripe) = stripe_of(config)? else { return Ok(None) };
        let given = config.stripe_webhook_secret.as_ref().map_or("", |s| s.expose());
        let secrets: Arc<[Secret]> =
            given.split([',', ' ']).filter(|s| !s.is_empty()).map(Secret::new).collect();
        if secrets.is_empty() {
            let said = "billing needs what Stripe signs its webhooks with, whsec_…; two, with a comma, while one is replaced";
            return Err(SetUpError("CARTWHEEL_STRIPE_WEBHOOK_SECRET", said.into()));
        }
        let key = config.stripe_key.as_ref().map_or("", |k| k.expose());
        Ok(Some(Self {
            test_mode: key.contains("_test_"),
            book: Book::builtin().map_err(|e| SetUpError("plans.toml", e.into()))?,
            public_url: config.public_url.clone(),
            db,
            env,
            master,
            stripe,
            secrets,
            mails,
        }))
    }

    /// One pass over what is used and who may send; says whether there was something to do.
    ///
    /// # Errors
    /// What the database says.
    pub async fn tick(&self) -> Result<bool, DbError> {
        let touched = self.fold().await?;
        let busy = !touched.is_empty();
        for organisation in touched {
            self.judge(organisation).await?;
        }
        let due = self.judge_due().await?;
        Ok(busy || due)
    }

    /// Forgets Stripe's events of long ago.
    ///
    /// # Errors
    /// What the database says.
    pub async fn sweep(&self) -> Result<(), DbError> {
        let mut tx = self.db.write().await?;
        let system = tx.system().await?;
        system
            .delete::<billing_event::Entity>()
            .filter(billing_event::Column::ReceivedAt.lt(self.env.now() - REMEMBERED))
            .exec(system.on())
            .await?;
        tx.commit().await
    }
}
