//! Messages of a store that their channel accepted, by the hour it did.

use sea_orm::entity::prelude::*;

/// Messages of a store that their channel accepted, by the hour it did.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "usage_hour")]
pub struct Model {
    /// The tenant.
    #[sea_orm(primary_key, auto_increment = false)]
    pub store_id: Uuid,
    /// Channel.
    #[sea_orm(primary_key, auto_increment = false, column_type = "Text")]
    pub channel: String,
    /// The hour's beginning, milliseconds.
    #[sea_orm(primary_key, auto_increment = false)]
    pub hour: i64,
    /// Accepted messages.
    pub accepted: i64,
    /// Of them, added up in `usage_period`.
    pub counted: i64,
    /// Of them, in a `meter_report`.
    pub reported: i64,
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
