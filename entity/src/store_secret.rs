//! A credential of a store, sealed by the store's data key.

use sea_orm::entity::prelude::*;

/// A credential of a store, sealed by the store's data key.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "store_secret")]
pub struct Model {
    /// The tenant.
    #[sea_orm(primary_key, auto_increment = false)]
    pub store_id: Uuid,
    /// `shopify_secret`, `smtp_url`, `dkim_key`.
    #[sea_orm(primary_key, auto_increment = false, column_type = "Text")]
    pub kind: String,
    /// AES-256-GCM with the row bound in, base64.
    #[sea_orm(column_type = "Text")]
    pub sealed: String,
    /// When the row was made.
    pub created_at: i64,
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
