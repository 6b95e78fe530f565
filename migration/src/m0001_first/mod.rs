//! The first schema.

use crate::dialect;
use sea_orm_migration::prelude::*;

/// Tables whose rows belong to one store.
const TENANT: &[&str] = &[
    "store_secret",
    "store_signal",
    "company",
    "contact",
    "contact_identity",
    "event",
    "cart",
    "cart_key",
    "shop_order",
    "order_refund",
    "consent_event",
    "suppression",
    "template",
    "journey",
    "journey_version",
    "journey_run",
    "run_context",
    "run_wait",
    "run_step",
    "node_count",
    "message",
    "message_content",
    "message_attempt",
    "message_receipt",
    "message_link",
    "restore_link",
    "metric_day",
    "privacy_request",
];

/// Tables that stand above the stores.
const GLOBAL: &[&str] = &["organisation", "store", "member", "membership", "session", "api_key"];

pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m0001_first"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        dialect::run(manager, include_str!("tables.sql")).await?;
        dialect::protect(manager, TENANT, GLOBAL).await
    }
}
