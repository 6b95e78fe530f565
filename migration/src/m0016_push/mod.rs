//! Web push: browsers that may be notified, and what went to which.

use crate::dialect;
use sea_orm_migration::prelude::*;

const TENANT: &[&str] = &["push_device"];

pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m0016_push"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        dialect::run(manager, include_str!("tables.sql")).await?;
        dialect::protect(manager, TENANT, &[]).await
    }
}
