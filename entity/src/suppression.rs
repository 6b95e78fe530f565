//! A standing no. The address is kept as a keyed hash, so it outlives erasure.

use sea_orm::entity::prelude::*;

/// A standing no. The address is kept as a keyed hash, so it outlives erasure.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "suppression")]
pub struct Model {
    /// The tenant.
    #[sea_orm(primary_key, auto_increment = false)]
    pub store_id: Uuid,
    /// Identifier.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Channel.
    #[sea_orm(column_type = "Text")]
    pub channel: String,
    /// HMAC-SHA-256 with the store's key, hex.
    #[sea_orm(column_type = "Text")]
    pub address_hash: String,
    /// `unsubscribed`, `bounced`, `complained`, `objected`, `erased` or `manual`.
    #[sea_orm(column_type = "Text")]
    pub reason: String,
    /// The message it answered.
    pub message_id: Option<Uuid>,
    /// When the row was made.
    pub created_at: i64,
    /// When it was lifted.
    pub lifted_at: Option<i64>,
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
