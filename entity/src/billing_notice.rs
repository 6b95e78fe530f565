//! What owners were told, once each.

use sea_orm::entity::prelude::*;

/// What owners were told, once each.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "billing_notice")]
pub struct Model {
    /// Whose.
    #[sea_orm(primary_key, auto_increment = false)]
    pub organisation_id: Uuid,
    /// What it is about began then: a month of usage, a missing payment, an end.
    #[sea_orm(primary_key, auto_increment = false)]
    pub since: i64,
    /// What they were told.
    #[sea_orm(primary_key, auto_increment = false, column_type = "Text")]
    pub kind: String,
    /// When.
    pub at: i64,
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
