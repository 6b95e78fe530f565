//! A key that seals values of one store.

use sea_orm::entity::prelude::*;

/// A key that seals values of one store.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "data_key")]
pub struct Model {
    /// The tenant.
    #[sea_orm(primary_key, auto_increment = false)]
    pub store_id: Uuid,
    /// Identifier; what it has sealed names it.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The key, sealed by a master key with the row bound in.
    #[sea_orm(column_type = "Text")]
    pub wrapped: String,
    /// The fingerprint of that master key.
    #[sea_orm(column_type = "Text")]
    pub wrapped_by: String,
    /// When it was made.
    pub created_at: i64,
    /// Since when it seals nothing new; of each store one has none.
    pub retired_at: Option<i64>,
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
