//! A journey that was taken over from another store.

use sea_orm::entity::prelude::*;

/// A journey that was taken over from another store, and as what.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "journey_copy")]
pub struct Model {
    /// The tenant.
    #[sea_orm(primary_key, auto_increment = false)]
    pub store_id: Uuid,
    /// The copy.
    #[sea_orm(primary_key, auto_increment = false)]
    pub journey_id: Uuid,
    /// What it was taken from, in whichever store that is.
    pub source_journey_id: Uuid,
    /// The source's definition when it was last taken over, JSON: what differs from it here was changed here.
    #[sea_orm(column_type = "Text")]
    pub base: String,
    /// When that was.
    pub taken_at: i64,
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
