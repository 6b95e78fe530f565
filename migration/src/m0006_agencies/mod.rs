//! Roles in single stores, stores opened to another organisation, and journeys taken over from another store.

use crate::dialect;
use sea_orm_migration::prelude::*;

/// Tables whose rows belong to one organisation: the one that works in a store, not the one whose store it is.
const TABLES: &[&str] = &["store_role", "store_access"];

pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m0006_agencies"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        dialect::run(manager, include_str!("tables.sql")).await?;
        dialect::lock_to_organisation(manager, TABLES).await?;
        dialect::grant(manager, TABLES).await?;
        dialect::protect(manager, &["journey_copy"], &[]).await
    }
}
