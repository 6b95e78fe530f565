//! Outgoing webhooks: where they go, what is to be told, and each try.

use crate::dialect;
use sea_orm_migration::prelude::*;

const TENANT: &[&str] = &["hook_endpoint", "hook_delivery", "hook_attempt"];

pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m0014_webhooks"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        dialect::run(manager, include_str!("tables.sql")).await?;
        dialect::protect(manager, TENANT, &[]).await
    }
}
