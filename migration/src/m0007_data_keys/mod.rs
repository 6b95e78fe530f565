//! Keys that seal what is kept, wrapped by the master key: so that it can be replaced.

use crate::dialect;
use sea_orm_migration::prelude::*;

/// Tables whose rows belong to one store.
const TENANT: &[&str] = &["data_key"];

/// Tables that the service alone reads.
const SERVICE: &[&str] = &["service_key"];

pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m0007_data_keys"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        dialect::run(manager, include_str!("tables.sql")).await?;
        dialect::protect(manager, TENANT, &[]).await?;
        dialect::lock_to_service(manager, SERVICE).await?;
        dialect::grant(manager, SERVICE).await
    }
}
