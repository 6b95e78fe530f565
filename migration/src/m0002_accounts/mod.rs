//! Invitations and the audit log; tables of an organisation are locked to it.

use crate::dialect;
use sea_orm_migration::prelude::*;

/// Tables whose rows belong to one organisation.
const OWNED: &[&str] = &["membership", "api_key", "invitation", "audit_entry"];

/// Those of them that are new.
const NEW: &[&str] = &["invitation", "audit_entry"];

pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m0002_accounts"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        dialect::run(manager, include_str!("tables.sql")).await?;
        dialect::lock_to_organisation(manager, OWNED).await?;
        dialect::grant(manager, NEW).await
    }
}
