//! A key of the GraphQL API.

use sea_orm::entity::prelude::*;

/// A key of the GraphQL API.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "api_key")]
pub struct Model {
    /// Identifier.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Owner.
    pub organisation_id: Uuid,
    /// One store, or all of the organisation.
    pub store_id: Option<Uuid>,
    /// What it is for.
    #[sea_orm(column_type = "Text")]
    pub name: String,
    /// The first characters, to recognise it.
    #[sea_orm(column_type = "Text")]
    pub prefix: String,
    /// SHA-256 of the key, hex.
    #[sea_orm(column_type = "Text")]
    pub key_hash: String,
    /// What it may do.
    #[sea_orm(column_type = "Text")]
    pub role: String,
    /// When the row was made.
    pub created_at: i64,
    /// Last use, to the minute.
    pub last_used_at: Option<i64>,
    /// End of life.
    pub expires_at: Option<i64>,
    /// Taken back.
    pub revoked_at: Option<i64>,
}

/// Relations are followed by explicit, scoped queries.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl crate::Owned for Entity {
    fn organisation_column() -> Column {
        Column::OrganisationId
    }
}
