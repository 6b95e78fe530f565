//! Somebody who was asked to join an organisation.

use sea_orm::entity::prelude::*;

/// Somebody who was asked to join an organisation.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "invitation")]
pub struct Model {
    /// The organisation.
    #[sea_orm(primary_key, auto_increment = false)]
    pub organisation_id: Uuid,
    /// Identifier.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Whom it was sent to.
    #[sea_orm(column_type = "Text")]
    pub email: String,
    /// What they may do once they accept.
    #[sea_orm(column_type = "Text")]
    pub role: String,
    /// SHA-256 of the token in the link, hex.
    #[sea_orm(column_type = "Text")]
    pub token_hash: String,
    /// The member who asked.
    pub invited_by: Uuid,
    /// When the row was made.
    pub created_at: i64,
    /// When the link stops working.
    pub expires_at: i64,
    /// Accepted or withdrawn.
    pub ended_at: Option<i64>,
    /// The only stores it opens, a JSON list of UUIDs; all of the organisation's when there is none.
    #[sea_orm(column_type = "Text", nullable)]
    pub store_ids: Option<String>,
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
