//! A text that was taken over from another store.

use sea_orm::entity::prelude::*;

/// A text that was taken over from another store, and as what.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "template_copy")]
pub struct Model {
    /// The tenant.
    #[sea_orm(primary_key, auto_increment = false)]
    pub store_id: Uuid,
    /// `recovery_1` …
    #[sea_orm(primary_key, auto_increment = false, column_type = "Text")]
    pub key: String,
    /// `en`, `de`, `fr` or `it`.
    #[sea_orm(primary_key, auto_increment = false, column_type = "Text")]
    pub language: String,
    /// `formal` or `informal`.
    #[sea_orm(primary_key, auto_increment = false, column_type = "Text")]
    pub formality: String,
    /// The library's texts when they were last taken over, JSON: what differs from them here was changed here.
    #[sea_orm(column_type = "Text")]
    pub base: String,
    /// When that was.
    pub taken_at: i64,
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
