//! Whom not to contact, shared by the stores of an agency whose merchants said so: seats, members, entries.

use crate::dialect;
use sea_orm_migration::prelude::*;

/// Rows of one store.
const TENANT: &[&str] = &["circle_member"];
/// Rows of all stores of a circle.
const SHARED: &[(&str, &str)] = &[("circle_seat", "id"), ("circle_entry", "seat_id")];

pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m0010_circles"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        dialect::run(manager, include_str!("tables.sql")).await?;
        dialect::protect(manager, TENANT, &[]).await?;
        dialect::lock_to_circle(manager, SHARED).await
    }
}
