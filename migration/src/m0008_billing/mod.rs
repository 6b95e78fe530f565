//! What an organisation pays for and what it used. The account, its figures and its reports belong to the organisation, the hours to the
//! store whose messages they count; what Stripe told us of is the service's alone.

use crate::dialect;
use sea_orm_migration::prelude::*;

/// Rows of one organisation.
const OWNED: &[&str] = &["billing_account", "usage_period", "billing_notice", "meter_report"];
/// Rows of one store.
const TENANT: &[&str] = &["usage_hour"];
/// Rows that nobody's scope reaches.
const SERVICE: &[&str] = &["billing_event"];

pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m0008_billing"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        dialect::run(manager, include_str!("tables.sql")).await?;
        dialect::protect(manager, TENANT, &[]).await?;
        dialect::lock_to_organisation(manager, OWNED).await?;
        dialect::lock_to_service(manager, SERVICE).await?;
        dialect::grant(manager, OWNED).await?;
        dialect::grant(manager, SERVICE).await
    }
}
