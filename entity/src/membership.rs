//! What a member may do in an organisation.

use sea_orm::entity::prelude::*;

/// What a member may do in an organisation.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "membership")]
pub struct Model {
    /// Member.
    #[sea_orm(primary_key, auto_increment = false)]
    pub member_id: Uuid,
    /// Organisation.
    #[sea_orm(primary_key, auto_increment = false)]
    pub organisation_id: Uuid,
    /// `owner`, `admin`, `editor`, `analyst` or `support`.
    #[sea_orm(column_type = "Text")]
    pub role: String,
    /// When the row was made.
    pub created_at: i64,
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
