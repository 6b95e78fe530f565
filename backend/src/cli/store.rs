//! `store create`, `store set`, `journey publish`.

use super::Outcome;
use crate::{
    accounts::{
        NewStore, SecretKind,
        audit::{self, Action, Entry},
        secrets, service,
    },
    channels::email::dkim::Signer,
    clock::Env,
    config::Config,
    db::{Actor, Db, OrganisationScope, StoreScope, Tx},
    journeys, opening, push,
};
use cartwheel_domain::{
    contact_point::EmailAddress,
    ids::{OrganisationId, StoreId},
    journey::{Definition, JourneyState, listed},
    settings::StoreSettings,
};
use cartwheel_entity::store;
use clap::Subcommand;
use sea_orm::{ColumnTrait, QueryFilter};
use serde_json::json;
use std::{io::Write, path::PathBuf, process::ExitCode};

#[derive(Subcommand)]
pub(super) enum StoreCommand {
    /// Make a store, and its organisation and owner where they are missing; prints its keys this once.
    Create {
        /// Organisation by name.
        #[arg(long)]
        organisation: String,
        /// The store's name.
        #[arg(long)]
        name: String,
        /// The owner's e-mail address.
        #[arg(long)]
        email: EmailAddress,
        /// Messages really go out; without it the store is a sandbox.
        #[arg(long)]
        live: bool,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Change settings of a store: KEY=VALUE, several at once; all or nothing. Credentials are kept sealed: dkim_key
    /// (PKCS#8 PEM), shopify_secret and twilio_token, each as text or as @FILE.
    Set {
        /// The store, `store_…`.
        store: StoreId,
        /// Settings, for example abandon_cart_after_seconds=60.
        #[arg(required = true)]
        values: Vec<String>,
    },
}

#[derive(Subcommand)]
pub(super) enum JourneyCommand {
    /// Publish a definition (JSON) as the next version of the journey with its name, or as a new journey, and
    /// switch it on.
    Publish {
        /// The store, `store_…`.
        #[arg(long)]
        store: StoreId,
        /// The definition.
        file: PathBuf,
    },
}

/// Credentials that `store set` takes.
const CREDENTIALS: [SecretKind; 3] = [SecretKind::Shopify, SecretKind::DkimKey, SecretKind::TwilioToken];

pub(super) async fn open(config: &Config) -> Outcome<Db> {
    let db = Db::connect(config.database_url.expose()).await?;
    db.migrate().await?;
    Ok(db.as_runtime(config.database_url.expose()).await?)
}

pub(super) async fn store(config: &Config, command: StoreCommand) -> Outcome {
    let (db, env) = (open(config).await?, Env::system());
    match command {
        StoreCommand::Create { organisation, name, email, live, json } => {
            let settings = StoreSettings {
                sender_name: name.clone(),
                sender_email: live.then(|| email.clone()),
                ..Default::default()
            };
            let new = NewStore {
                organisation,
                name,
                owner: email.clone(),
                live,
                settings: settings.clone(),
                password: None,
            };
            let keys = create(&db, &env, new, &settings).await?;
            let mut out = std::io::stdout().lock();
            if json {
                writeln!(out, "{}", serde_json::to_string(&keys)?)?;
            } else {
                writeln!(
                    out,
                    "organisation {}\nstore        {}\npublic key   {}\nwrite key    {}\napi key      {}",
                    keys.organisation_id, keys.store_id, keys.public_key, keys.write_key, keys.api_key
                )?;
                match &keys.password {
                    Some(password) => writeln!(out, "sign-in      {email} / {password}")?,
                    None => writeln!(out, "sign-in      {email}, with the password they have")?,
                }
                writeln!(out, "These keys are not shown again.")?;
            }
        }
        StoreCommand::Set { store, values } => set(config, &db, &env, store, &values).await?,
    }
    Ok(ExitCode::SUCCESS)
}

/// Settings and credentials of a store. Nothing is changed unless all can be.
async fn set(config: &Config, db: &Db, env: &Env, store: StoreId, values: &[String]) -> Outcome<()> {
    let (mut pairs, mut credentials) = (Vec::new(), Vec::new());
    for value in values {
        let (key, text) = value.split_once('=').ok_or_else(|| format!("\"{value}\" is not KEY=VALUE"))?;
        match CREDENTIALS.iter().find(|kind| kind.as_str() == key) {
            Some(kind) => credentials.push((*kind, credential(*kind, text)?)),
            None => pairs.push((key, text)),
        }
    }
    let scope = StoreScope::system(store);
    service::change_settings(db, &scope, |settings| {
        pairs.iter().try_for_each(|(key, value)| settings.set(key, value))
    })
    .await?;
    let names: Vec<&str> =
        pairs.iter().map(|(key, _)| *key).chain(credentials.iter().map(|(kind, _)| kind.as_str())).collect();
    let entry = Entry::new(Action::StoreSettings, store, json!({ "changed": names }));
    if pairs.contains(&("push_on", "true")) {
        let master = crate::app::master_key(config, db, env).await?;
        let mut tx = db.write().await?;
        push::ensure(&mut tx, &scope, (&master, env)).await?;
        tx.commit().await?;
    }
    if !credentials.is_empty() {
        let master = crate::app::master_key(config, db, env).await?;
        let mut tx = db.write().await?;
        let scoped = tx.enter(&scope).await?;
        for (kind, text) in credentials {
            secrets::put(&scoped, &master, env, kind, &text).await?;
        }
        tx.commit().await?;
    }
    if let Some((_, percent)) = pairs.iter().find(|(key, _)| *key == "holdout_percent") {
        let mut tx = db.write().await?;
        let scoped = tx.enter(&scope).await?;
        journeys::named::set_holdout(&scoped, env, percent.parse()?, None).await?;
        tx.commit().await?;
    }
    let mut tx = db.write().await?;
    note(&mut tx, env, store, entry).await?;
    Ok(tx.commit().await?)
}

/// The text of a credential: as given, or what stands in the file named after an `@`, so that it need not pass through
/// the shell's history.
fn credential(kind: SecretKind, given: &str) -> Outcome<String> {
    let text = match given.strip_prefix('@') {
        Some(file) => std::fs::read_to_string(file).map_err(|e| format!("cannot read {file}: {e}"))?,
        None => given.to_owned(),
    };
    let text = text.trim();
    if text.is_empty() {
        return Err(format!("{} is empty", kind.as_str()).into());
    }
    if kind == SecretKind::DkimKey {
        Signer::new("example.org", "check", text).map_err(|e| format!("dkim_key: {e}"))?;
    }
    Ok(text.to_owned())
}

/// A store with everything a new one has: keys, templates, the default journey.
pub(crate) async fn create(
    db: &Db,
    env: &Env,
    new: NewStore,
    settings: &StoreSettings,
) -> Outcome<service::StoreKeys> {
    let live = new.live;
    let mut tx = db.write().await?;
    let keys = service::create_store(&tx.system().await?, env, new).await?;
    opening::furnish(&mut tx, env, keys.store_id, settings).await?;
    let entry = Entry::new(Action::StoreMade, keys.store_id, json!({ "live": live }));
    note(&mut tx, env, keys.store_id, entry).await?;
    tx.commit().await?;
    Ok(keys)
}

/// Writes down what the operator does to a store, in the transaction that does it.
async fn note(tx: &mut Tx, env: &Env, store: StoreId, entry: Entry) -> Outcome<()> {
    let system = tx.system().await?;
    let query = system.find::<store::Entity>().filter(store::Column::Id.eq(store.uuid()));
    let row = query.one(system.on()).await?.ok_or_else(|| format!("there is no store {store}"))?;
    let organised = tx.organisation(&OrganisationScope::system(OrganisationId(row.organisation_id))).await?;
    Ok(audit::append(&organised, env, Actor::System, entry.within(store)).await?)
}

pub(super) async fn journey(config: &Config, command: JourneyCommand) -> Outcome {
    let JourneyCommand::Publish { store, file } = command;
    let text = std::fs::read_to_string(&file).map_err(|e| format!("cannot read {}: {e}", file.display()))?;
    let definition = Definition::from_json(&text)
        .map_err(|p| format!("{} cannot be published:\n{}", file.display(), listed(&p)))?;
    let (db, env) = (open(config).await?, Env::system());
    let mut tx = db.write().await?;
    let scoped = tx.enter(&StoreScope::system(store)).await?;
    journeys::service::check_texts(&scoped, &definition).await?;
    let known = journeys::named::by_name(&scoped, &definition.name).await?;
    let published = journeys::service::publish(&scoped, &env, known, &definition, None).await?;
    journeys::service::switch(&scoped, &env, published.journey_id, JourneyState::Active).await?;
    let detail = json!({ "version": published.number, "name": definition.name });
    note(&mut tx, &env, store, Entry::new(Action::JourneyPublished, published.journey_id, detail)).await?;
    tx.commit().await?;
    writeln!(std::io::stdout().lock(), "{} version {} is on", published.journey_id, published.number)?;
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::TestApp;
    use cartwheel_entity::store_secret;
    use cartwheel_macros::db_test;

    /// A key that signs nothing would be found out by the first mail; here it is refused, and with it all that came along.
    #[db_test]
    async fn a_key_that_cannot_sign_is_refused_with_everything_beside_it(app: TestApp) {
        let store = app.store("a").await;
        let config = Config::default();
        for wrong in ["dkim_key=nonsense", "dkim_key=", "dkim_key=@/nowhere/at/all", "shopify_secret= "] {
            let values = ["sender_name=Changed".to_owned(), wrong.to_owned()];
            let refused = set(&config, app.db(), app.env(), store.id(), &values).await;
            let said = refused.expect_err(wrong).to_string();
            assert!(!said.contains("nonsense"), "a credential is not repeated: {said}");
        }
        let mut tx = app.db().read().await.expect("a transaction");
        let scoped = tx.enter(&store.scope()).await.expect("the store");
        assert!(scoped.find::<store_secret::Entity>().all(scoped.on()).await.expect("secrets").is_empty());
        drop(tx);
        let info = app.stores().by_id(store.id()).await.expect("query").expect("the store");
        assert_ne!(info.settings.sender_name, "Changed");
    }
}
