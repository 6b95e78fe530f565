//! A browser that may be notified.

use sea_orm::entity::prelude::*;

/// A browser that may be notified.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "push_device")]
pub struct Model {
    /// The tenant.
    #[sea_orm(primary_key, auto_increment = false)]
    pub store_id: Uuid,
    /// Identifier.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Whose.
    pub contact_id: Uuid,
    /// Its address at the push service.
    #[sea_orm(column_type = "Text")]
    pub endpoint: String,
    /// SHA-256 of that, hex: unique in the store.
    #[sea_orm(column_type = "Text")]
    pub endpoint_hash: String,
    /// Its public key, base64url.
    #[sea_orm(column_type = "Text")]
    pub p256dh: String,
    /// The secret it shares with us, base64url.
    #[sea_orm(column_type = "Text")]
    pub auth: String,
    /// Its own random token.
    #[sea_orm(column_type = "Text")]
    pub browser: String,
    /// The random id it goes by in events.
    #[sea_orm(column_type = "Text")]
    pub visitor: String,
    /// Whether the shop's server has said that it is this contact's.
    pub vouched: bool,
    /// What it is, for people: `Chrome, Android`.
    #[sea_orm(column_type = "Text")]
    pub label: String,
    /// When it was first heard of.
    pub created_at: i64,
    /// When it was last heard of.
    pub seen_at: i64,
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
