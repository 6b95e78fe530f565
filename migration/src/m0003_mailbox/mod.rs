//! Mails of the service itself, and the tokens they carry. Neither belongs to a store or an organisation: the service alone reads them.

use crate::dialect;
use sea_orm_migration::prelude::*;

const TABLES: &[&str] = &["mail_token", "service_mail"];

pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m0003_mailbox"
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
