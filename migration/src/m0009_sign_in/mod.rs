//! Other ways to sign in: passkeys, and accounts at providers (OpenID Connect). They belong to a person and to no organisation:
//! the service alone reads them.

use crate::dialect;
use sea_orm_migration::prelude::*;

const TABLES: &[&str] = &["passkey", "member_identity"];

pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m0009_sign_in"
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
