//! A link that opens one cart on any device.

use sea_orm::entity::prelude::*;

/// A link that opens one cart on any device.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "restore_link")]
pub struct Model {
    /// The tenant.
    #[sea_orm(primary_key, auto_increment = false)]
    pub store_id: Uuid,
    /// Identifier.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// SHA-256 of the token, hex.
    #[sea_orm(column_type = "Text")]
    pub token_hash: String,
    /// Cart.
    pub cart_id: Uuid,
    /// Message that carries it.
    pub message_id: Option<Uuid>,
    /// When the row was made.
    pub created_at: i64,
    /// End of life.
    pub expires_at: i64,
    /// First use.
    pub used_at: Option<i64>,
    /// Why the shop could not restore it.
    #[sea_orm(column_type = "Text", nullable)]
    pub failed: Option<String>,
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
