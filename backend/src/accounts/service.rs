//! Making organisations and stores, and changing a store's settings.

use super::{
    audit::{self, Action, Entry},
    password,
};
use crate::{
    clock::Env,
    db::{Actor, Db, DbError, OrganisationScope, Role, StoreScope, System, Tx},
};
use cartwheel_domain::{
    contact_point::EmailAddress,
    ids::{ApiKeyId, MemberId, OrganisationId, StoreId},
    settings::{SettingError, StoreSettings},
};
use cartwheel_entity::{api_key, member, membership, organisation, store};
use ring::digest::{SHA256, digest};
use sea_orm::{ActiveValue::Set, ColumnTrait, PaginatorTrait, QueryFilter, QuerySelect, sea_query::Expr};
use serde_json::json;

/// Why an account could not be made or changed.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    /// There is no such store.
    #[error("there is no store {0}")]
    NoStore(StoreId),
    /// The address has an account outside the organisation.
    #[error(
        "{0} has an account already and does not belong to this organisation. Make the store with another owner, who then \
         invites them"
    )]
    Owner(EmailAddress),
    /// Several organisations have this name.
    #[error("several organisations are called {0}; make the store in the console of the one that is meant")]
    Namesakes(String),
    /// A setting is wrong.
    #[error(transparent)]
    Setting(#[from] SettingError),
    /// The settings in the database are of another form.
    #[error("the store's settings cannot be read: {0}")]
    Form(#[from] serde_json::Error),
    /// The password could not be hashed.
    #[error("the password could not be hashed: {0}")]
    Hash(String),
    /// The database said no.
    #[error(transparent)]
    Db(#[from] DbError),
}

impl From<sea_orm::DbErr> for AccountError {
    fn from(e: sea_orm::DbErr) -> Self {
        Self::Db(e.into())
    }
}

/// What a new store needs.
pub struct NewStore {
    /// Organisation by name; made when there is none.
    pub organisation: String,
    /// The store's name.
    pub name: String,
    /// The owner's address; a member is made when there is none.
    pub owner: EmailAddress,
    /// Whether messages really go out.
    pub live: bool,
    /// Settings.
    pub settings: StoreSettings,
    /// The owner's password; a random one when `None`.
    pub password: Option<String>,
}

/// The keys of a new store, shown this once.
#[derive(Debug, serde::Serialize)]
pub struct StoreKeys {
    /// The organisation.
    pub organisation_id: OrganisationId,
    /// The store.
    pub store_id: StoreId,
    /// For the snippet; public.
    pub public_key: String,
    /// For servers of the shop; secret.
    pub write_key: String,
    /// For the GraphQL API; secret.
    pub api_key: String,
    /// The owner's password; `None` when the owner had an account already.
    pub password: Option<String>,
}

/// What an organisation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrganisationKind {
    /// It sells.
    Merchant,
    /// It works for others, who open their stores to it.
    Agency,
    /// It runs this service.
    Staff,
}

impl OrganisationKind {
    /// As stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Merchant => "merchant",
            Self::Agency => "agency",
            Self::Staff => "staff",
        }
    }
}

/// Most organisations that somebody owns who makes them by themselves.
const OWNED: u64 = 20;

/// Makes an organisation that a member owns, and writes it down as the first entry of its log; `None` when they own too many.
///
/// # Errors
/// What the database says.
pub async fn make_organisation(
    tx: &mut Tx,
    env: &Env,
    owner: MemberId,
    name: String,
    kind: OrganisationKind,
) -> Result<Option<OrganisationId>, DbError> {
    let system = tx.system().await?;
    // Their row is held, so that nobody makes many at once.
    let one = system.find::<member::Entity>().filter(member::Column::Id.eq(owner.uuid())).lock_exclusive();
    one.one(system.on()).await?;
    let owned = system
        .find::<membership::Entity>()
        .filter(membership::Column::MemberId.eq(owner.uuid()))
        .filter(membership::Column::Role.eq(Role::Owner.as_str()));
    if owned.count(system.on()).await? >= OWNED {
        return Ok(None);
    }
    let (id, now): (OrganisationId, _) = (env.id(), env.now());
    let row = organisation::ActiveModel {
        id: Set(id.uuid()),
        name: Set(name),
        kind: Set(kind.as_str().into()),
        created_at: Set(now),
    };
    system.insert::<organisation::Entity>(row).await?;
    let organised = tx.organisation(&OrganisationScope::system(id)).await?;
    let own = membership::ActiveModel {
        member_id: Set(owner.uuid()),
        organisation_id: Set(id.uuid()),
        role: Set(Role::Owner.as_str().into()),
        created_at: Set(now),
    };
    organised.insert::<membership::Entity>(own).await?;
    let entry = Entry::new(Action::OrganisationMade, id, json!({ "kind": kind.as_str() }));
    audit::append(&organised, env, Actor::Member(owner), entry).await?;
    Ok(Some(id))
}

/// The organisation of the service's staff; it is made when there is none.
///
/// # Errors
/// What the database says.
pub async fn staff(system: &System<'_>, env: &Env) -> Result<OrganisationId, DbError> {
    let kind = OrganisationKind::Staff.as_str();
    let query = system.find::<organisation::Entity>().filter(organisation::Column::Kind.eq(kind)).limit(1);
    if let Some(row) = query.one(system.on()).await? {
        return Ok(OrganisationId(row.id));
    }
    let id: OrganisationId = env.id();
    let row = organisation::ActiveModel {
        id: Set(id.uuid()),
        name: Set("Cartwheel support".into()),
        kind: Set(kind.into()),
        created_at: Set(env.now()),
    };
    system.insert::<organisation::Entity>(row).await?;
    Ok(id)
}

/// A store for an organisation that is there.
pub struct Shop {
    /// The store's name.
    pub name: String,
    /// Whether messages really go out.
    pub live: bool,
    /// Settings.
    pub settings: StoreSettings,
}

/// The keys of a shop, shown this once.
pub struct ShopKeys {
    /// The store.
    pub store_id: StoreId,
    /// For the snippet; public.
    pub public_key: String,
    /// For servers of the shop; secret.
    pub write_key: String,
}

/// SHA-256 in hex: how keys with enough entropy of their own are kept.
pub fn key_hash(key: &str) -> String {
    hex::encode(digest(&SHA256, key.as_bytes()))
}

/// Makes a store, and its organisation and owner where they are missing. The caller installs templates and the
/// default journey in the same transaction.
///
/// # Errors
/// [`AccountError`].
pub async fn create_store(system: &System<'_>, env: &Env, new: NewStore) -> Result<StoreKeys, AccountError> {
    let now = env.now();
    let named = system
        .find::<organisation::Entity>()
        .filter(organisation::Column::Name.eq(&new.organisation))
        .limit(2)
        .all(system.on())
        .await?;
    let organisation_id = match named.as_slice() {
        [row] => OrganisationId(row.id),
        // Whoever signs up chooses a name; it need not be the only one of its kind.
        [_, _, ..] => return Err(AccountError::Namesakes(new.organisation)),
        [] => {
            let id: OrganisationId = env.id();
            let row = organisation::ActiveModel {
                id: Set(id.uuid()),
                name: Set(new.organisation.clone()),
                kind: Set(OrganisationKind::Merchant.as_str().into()),
                created_at: Set(now),
            };
            system.insert::<organisation::Entity>(row).await?;
            id
        }
    };
    let (member_id, password) = owner(system, env, &new, now).await?;
    let known = system
        .find::<membership::Entity>()
        .filter(membership::Column::MemberId.eq(member_id.uuid()))
        .filter(membership::Column::OrganisationId.eq(organisation_id.uuid()))
        .one(system.on())
        .await?;
    if known.is_none() {
        // Whoever has an account under this address chose its password; that it is theirs, only their mailbox could say.
        if password.is_none() {
            return Err(AccountError::Owner(new.owner));
        }
        let row = membership::ActiveModel {
            member_id: Set(member_id.uuid()),
            organisation_id: Set(organisation_id.uuid()),
            role: Set("owner".into()),
            created_at: Set(now),
        };
        system.insert::<membership::Entity>(row).await?;
    }
    let shop = Shop { name: new.name, live: new.live, settings: new.settings };
    let ShopKeys { store_id, public_key, write_key } = add_store(system, env, organisation_id, shop).await?;
    let api_key = env.secret::<24>("cwa_");
    let keys = StoreKeys { organisation_id, store_id, public_key, write_key, api_key, password };
    let row = api_key::ActiveModel {
        id: Set(env.id::<ApiKeyId>().uuid()),
        organisation_id: Set(organisation_id.uuid()),
        store_id: Set(Some(store_id.uuid())),
        name: Set("first key".into()),
        prefix: Set(keys.api_key.chars().take(8).collect()),
        key_hash: Set(key_hash(&keys.api_key)),
        role: Set("admin".into()),
        created_at: Set(now),
        last_used_at: Set(None),
        expires_at: Set(None),
        revoked_at: Set(None),
    };
    system.insert::<api_key::Entity>(row).await?;
    Ok(keys)
}

/// Makes a store in an organisation. The caller installs templates and the default journey in the same transaction.
///
/// # Errors
/// [`AccountError`].
pub async fn add_store(
    system: &System<'_>,
    env: &Env,
    organisation: OrganisationId,
    shop: Shop,
) -> Result<ShopKeys, AccountError> {
    if let Some(error) = shop.settings.check().into_iter().next() {
        return Err(error.into());
    }
    let keys = ShopKeys {
        store_id: env.id(),
        public_key: env.secret::<15>("cwp_"),
        write_key: env.secret::<24>("cww_"),
    };
    let row = store::ActiveModel {
        id: Set(keys.store_id.uuid()),
        organisation_id: Set(organisation.uuid()),
        name: Set(shop.name),
        sandbox: Set(!shop.live),
        public_key: Set(keys.public_key.clone()),
        write_key_hash: Set(key_hash(&keys.write_key)),
        lane: Set(lane(keys.store_id)),
        settings: Set(serde_json::to_value(&shop.settings)?),
        created_at: Set(env.now()),
        hold: Set(None),
        hold_until: Set(None),
        hooks: Set(0),
        mail_own: Set(false),
        mail_guard: Set(None),
        mail_guard_at: Set(None),
        push_key: Set(None),
    };
    system.insert::<store::Entity>(row).await?;
    Ok(keys)
}

async fn owner(
    system: &System<'_>,
    env: &Env,
    new: &NewStore,
    now: i64,
) -> Result<(MemberId, Option<String>), AccountError> {
    if let Some(row) = system
        .find::<member::Entity>()
        .filter(member::Column::Email.eq(new.owner.as_str()))
        .one(system.on())
        .await?
    {
        return Ok((MemberId(row.id), None));
    }
    let password = new.password.clone().unwrap_or_else(|| env.secret::<12>(""));
    let id: MemberId = env.id();
    let row = member::ActiveModel {
        id: Set(id.uuid()),
        email: Set(new.owner.as_str().into()),
        name: Set(new.owner.as_str().split('@').next().unwrap_or_default().into()),
        password_hash: Set(password::hash(env, &password)?),
        language: Set(new.settings.locale.code().into()),
        created_at: Set(now),
    };
    system.insert::<member::Entity>(row).await?;
    Ok((id, Some(password)))
}

/// Number of lanes that work is spread over, so that no store's backlog stands before the others'.
pub const LANES: i32 = 16;

/// The lane of a store.
pub(crate) fn lane(store: StoreId) -> i32 {
    i32::from(store.uuid().as_bytes()[15]) % LANES
}

/// Changes a store's settings by a function; all or nothing.
///
/// # Errors
/// [`AccountError::Setting`] with the setting's name; [`AccountError::NoStore`].
pub async fn change_settings(
    db: &Db,
    scope: &StoreScope,
    change: impl FnOnce(&mut StoreSettings) -> Result<(), SettingError>,
) -> Result<StoreSettings, AccountError> {
    let mut tx = db.write().await?;
    let system = tx.system().await?;
    let id = scope.store_id();
    let row = system.find::<store::Entity>().filter(store::Column::Id.eq(id.uuid())).one(system.on()).await?;
    let mut settings: StoreSettings = serde_json::from_value(row.ok_or(AccountError::NoStore(id))?.settings)?;
    change(&mut settings)?;
    if let Some(error) = settings.check().into_iter().next() {
        return Err(error.into());
    }
    system
        .update::<store::Entity>()
        .col_expr(store::Column::Settings, Expr::value(serde_json::to_value(&settings)?))
        .filter(store::Column::Id.eq(id.uuid()))
        .exec(system.on())
        .await?;
    tx.commit().await?;
    Ok(settings)
}
