//! The immutable published form of a journey.

use sea_orm::entity::prelude::*;

/// The immutable published form of a journey.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "journey_version")]
pub struct Model {
    /// The tenant.
    #[sea_orm(primary_key, auto_increment = false)]
    pub store_id: Uuid,
    /// Identifier.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Of which journey.
    pub journey_id: Uuid,
    /// From 1.
    pub number: i32,
    /// JSON, `domain::journey::Definition`.
    #[sea_orm(column_type = "Text")]
    pub definition: String,
    /// SHA-256 of the definition, hex.
    #[sea_orm(column_type = "Text")]
    pub hash: String,
    /// When.
    pub published_at: i64,
    /// By whom.
    pub published_by: Option<Uuid>,
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
