//! Data for newcomers: a demo store with three months of history.

use crate::db::{Db, DbError};
use cartwheel_entity::{organisation, store};
use sea_orm::{ColumnTrait, QueryFilter};

/// Name of the demo's organisation; also how a process finds the store its demo shop sells for.
pub const ORGANISATION: &str = "Wheelhouse (demo)";

/// The public key of the demo store, when there is one.
///
/// # Errors
/// What the database says.
pub async fn demo_key(db: &Db) -> Result<Option<String>, DbError> {
    let mut tx = db.read().await?;
    let system = tx.system().await?;
    let owner = system
        .find::<organisation::Entity>()
        .filter(organisation::Column::Name.eq(ORGANISATION))
        .one(system.on())
        .await?;
    let Some(owner) = owner else { return Ok(None) };
    let row = system
        .find::<store::Entity>()
        .filter(store::Column::OrganisationId.eq(owner.id))
        .one(system.on())
        .await?;
    Ok(row.map(|s| s.public_key))
}
