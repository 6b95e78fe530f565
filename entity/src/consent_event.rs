//! The consent ledger: append-only, each entry chained to the one before it.

use sea_orm::entity::prelude::*;

/// The consent ledger: append-only, each entry chained to the one before it.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "consent_event")]
pub struct Model {
    /// The tenant.
    #[sea_orm(primary_key, auto_increment = false)]
    pub store_id: Uuid,
    /// Identifier.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Position in the store's chain, from 1.
    pub sequence: i64,
    /// Who.
    pub contact_id: Uuid,
    /// `email`, `sms`, `push`, `post`, `on_site`.
    #[sea_orm(column_type = "Text")]
    pub channel: String,
    /// What for.
    #[sea_orm(column_type = "Text")]
    pub purpose: String,
    /// `given`, `confirmed`, `withdrawn`, `objected`, `expired` or `imported`.
    #[sea_orm(column_type = "Text")]
    pub action: String,
    /// How.
    #[sea_orm(column_type = "Text")]
    pub method: String,
    /// When the person acted.
    pub occurred_at: i64,
    /// When it was written.
    pub recorded_at: i64,
    /// The sentence shown.
    #[sea_orm(column_type = "Text", nullable)]
    pub wording: Option<String>,
    /// Form or address.
    #[sea_orm(column_type = "Text", nullable)]
    pub place: Option<String>,
    /// Further proof.
    #[sea_orm(column_type = "JsonBinary")]
    pub evidence: Json,
    /// Hash of the entry before, hex.
    #[sea_orm(column_type = "Text")]
    pub previous_hash: String,
    /// SHA-256 over the previous hash and this entry, hex.
    #[sea_orm(column_type = "Text")]
    pub hash: String,
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
