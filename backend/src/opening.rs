//! Opening a store: what a new one has beside its row, in one transaction with it.

use crate::{
    accounts::{
        AccountError,
        service::{self, Shop, ShopKeys},
        team::{self, TeamError},
    },
    clock::Env,
    db::{DbError, OrganisationScope, StoreScope, System, Tx},
    journeys::{self, JourneyError},
    templates::{self, TemplatesError},
};
use cartwheel_domain::{ids::StoreId, settings::StoreSettings};
use cartwheel_entity::store;
use sea_orm::{ColumnTrait, PaginatorTrait, QueryFilter};

/// Most stores of an organisation that its members make by themselves.
pub const MOST: u64 = 100;

/// Why a store cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpeningError {
    /// So many there are already.
    #[error("an organisation has at most {0} stores; ask whoever runs this server for more")]
    TooMany(u64),
    /// Whoever asks has lost the right to meanwhile.
    #[error(transparent)]
    Team(#[from] TeamError),
    /// A setting is wrong.
    #[error(transparent)]
    Account(#[from] AccountError),
    /// The texts of a new store.
    #[error(transparent)]
    Templates(#[from] TemplatesError),
    /// The journey of a new store.
    #[error(transparent)]
    Journey(#[from] JourneyError),
    /// The database said no.
    #[error(transparent)]
    Db(#[from] DbError),
}

/// Makes a store in the organisation of somebody who may, with texts in every language and a journey that is on.
///
/// # Errors
/// [`OpeningError`].
pub async fn open(
    tx: &mut Tx,
    env: &Env,
    scope: &OrganisationScope,
    shop: Shop,
) -> Result<ShopKeys, OpeningError> {
    let organised = tx.organisation(scope).await?;
    team::still_there(&organised, scope).await?;
    let system = tx.system().await?;
    if stores(&system, scope).await? >= MOST {
        return Err(OpeningError::TooMany(MOST));
    }
    let settings = shop.settings.clone();
    let keys = service::add_store(&system, env, scope.organisation_id(), shop).await?;
    furnish(tx, env, keys.store_id, &settings).await?;
    Ok(keys)
}

/// Gives a new store its texts and its journey.
///
/// # Errors
/// [`OpeningError`].
pub async fn furnish(
    tx: &mut Tx,
    env: &Env,
    store: StoreId,
    settings: &StoreSettings,
) -> Result<(), OpeningError> {
    let scoped = tx.enter(&StoreScope::system(store)).await?;
    templates::install_default_set(&scoped, env).await?;
    journeys::install_default(&scoped, env, settings).await?;
    Ok(())
}

async fn stores(system: &System<'_>, scope: &OrganisationScope) -> Result<u64, DbError> {
    let own = store::Column::OrganisationId.eq(scope.organisation_id().uuid());
    Ok(system.find::<store::Entity>().filter(own).count(system.on()).await?)
}
