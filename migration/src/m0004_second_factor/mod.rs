//! The second factor of sign-in. It belongs to a person and to no organisation: the service alone reads it.

use crate::dialect;
use sea_orm_migration::prelude::*;

const TABLES: &[&str] = &["second_factor", "recovery_code"];

pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m0004_second_factor"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        dialect::run(manager, include_str!("tables.sql")).await?;
        dialect::lock_to_service(manager, TABLES).await?;
        dialect::grant(manager, TABLES).await
    }
}
