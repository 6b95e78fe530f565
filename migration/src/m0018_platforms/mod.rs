//! Connections to shop platforms: how each stands, how far it was caught up with, and what is still to be fetched.

use crate::dialect;
use sea_orm_migration::prelude::*;

const TENANT: &[&str] = &["platform_link", "platform_hint"];

pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m0018_platforms"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        dialect::run(manager, include_str!("tables.sql")).await?;
        dialect::protect(manager, TENANT, &[]).await
    }
}
