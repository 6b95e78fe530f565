//! Accepted messages of a store over a month of its organisation's plan.

use sea_orm::entity::prelude::*;

/// Accepted messages of a store over a month of its organisation's plan.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "usage_period")]
pub struct Model {
    /// Whose.
    #[sea_orm(primary_key, auto_increment = false)]
    pub organisation_id: Uuid,
    /// The month's beginning, milliseconds.
    #[sea_orm(primary_key, auto_increment = false)]
    pub period_start: i64,
    /// Which store's.
    #[sea_orm(primary_key, auto_increment = false)]
    pub store_id: Uuid,
    /// Channel.
    #[sea_orm(primary_key, auto_increment = false, column_type = "Text")]
    pub channel: String,
    /// How many.
    pub units: i64,
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
