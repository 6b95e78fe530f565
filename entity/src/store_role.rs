//! What a member may do in one store.

use sea_orm::entity::prelude::*;

/// What a member of an organisation may do in one store, in place of what they may do in all.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "store_role")]
pub struct Model {
    /// The organisation they are a member of; the store may be another's, opened to it.
    #[sea_orm(primary_key, auto_increment = false)]
    pub organisation_id: Uuid,
    /// Member.
    #[sea_orm(primary_key, auto_increment = false)]
    pub member_id: Uuid,
    /// Store.
    #[sea_orm(primary_key, auto_increment = false)]
    pub store_id: Uuid,
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
