//! Content in one language; a change is a new version.

use sea_orm::entity::prelude::*;

/// Content in one language; a change is a new version.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "template")]
pub struct Model {
    /// The tenant.
    #[sea_orm(primary_key, auto_increment = false)]
    pub store_id: Uuid,
    /// Identifier.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// `recovery_1` …
    #[sea_orm(column_type = "Text")]
    pub key: String,
    /// `en`, `de`, `fr` or `it`.
    #[sea_orm(column_type = "Text")]
    pub language: String,
    /// `formal` or `informal`.
    #[sea_orm(column_type = "Text")]
    pub formality: String,
    /// `email`.
    #[sea_orm(column_type = "Text")]
    pub channel: String,
    /// From 1.
    pub version: i32,
    /// Liquid.
    #[sea_orm(column_type = "Text")]
    pub subject: String,
    /// Liquid.
    #[sea_orm(column_type = "Text")]
    pub preheader: String,
    /// Source.
    #[sea_orm(column_type = "Text")]
    pub mjml: String,
    /// Compiled, Liquid left in.
    #[sea_orm(column_type = "Text")]
    pub html: String,
    /// Plain part, Liquid.
    #[sea_orm(column_type = "Text")]
    pub text: String,
    /// When the row was made.
    pub created_at: i64,
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
