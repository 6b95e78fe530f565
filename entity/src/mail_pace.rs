//! How far a queue of a store is booked.

use sea_orm::entity::prelude::*;

/// How far a queue of a store is booked.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "mail_pace")]
pub struct Model {
    /// The tenant.
    #[sea_orm(primary_key, auto_increment = false)]
    pub store_id: Uuid,
    /// `d:` and a group of domains, `w:` and a provider, or `s`: the store as a whole.
    #[sea_orm(primary_key, auto_increment = false, column_type = "Text")]
    pub scope: String,
    /// The last window with bookings.
    pub window_at: i64,
    /// How many it has.
    pub used: i32,
    /// How often "too many" was said.
    pub slow_level: i32,
    /// Until when that is heeded.
    pub slow_until: i64,
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
