//! E-mail: the servers of a store, its pace, and what comes back.

use crate::dialect;
use sea_orm_migration::prelude::*;

const TENANT: &[&str] = &["mail_provider", "mail_pace", "mail_desk"];

pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m0017_mail"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        dialect::run(manager, include_str!("tables.sql")).await?;
        dialect::protect(manager, TENANT, &[]).await
    }
}
