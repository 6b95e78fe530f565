//! A draft of a journey played over past events, with nothing sent.

use sea_orm::entity::prelude::*;

/// A draft of a journey played over past events, with nothing sent.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "dry_run")]
pub struct Model {
    /// The tenant.
    #[sea_orm(primary_key, auto_increment = false)]
    pub store_id: Uuid,
    /// Identifier.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The journey the draft is one of.
    pub journey_id: Uuid,
    /// The draft, JSON.
    #[sea_orm(column_type = "Text")]
    pub definition: String,
    /// 30 or 90.
    pub days: i32,
    /// 0 waits, 1 is worked on, 2 done, 3 cancelled, 4 failed.
    pub status: i32,
    /// Why it failed: a stable word.
    #[sea_orm(column_type = "Text", nullable)]
    pub reason: Option<String>,
    /// Carts left from here on may enter.
    pub begins_at: i64,
    /// What is due later does not happen.
    pub ends_at: i64,
    /// Whose events are played; none until they are counted.
    pub people: Option<i64>,
    /// Of how many they were.
    pub done: i64,
    /// Events read.
    pub events: i64,
    /// Beginnings: another process begins anew what a dead one left.
    pub attempt: i32,
    /// Which worker.
    #[sea_orm(column_type = "Text", nullable)]
    pub lease_owner: Option<String>,
    /// Until when.
    pub lease_until: Option<i64>,
    /// Which member asked; none for a key of the API.
    pub created_by: Option<Uuid>,
    /// When it was asked for.
    pub created_at: i64,
    /// When it was over.
    pub finished_at: Option<i64>,
}

/// Relations are followed by explicit, scoped queries.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl crate::Tenant for Entity {
    fn store_column() -> Column {
        Column::StoreId
    }
}
