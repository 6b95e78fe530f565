//! A drawn graph and whether it runs.

use sea_orm::entity::prelude::*;

/// A drawn graph and whether it runs.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "journey")]
pub struct Model {
    /// The tenant.
    #[sea_orm(primary_key, auto_increment = false)]
    pub store_id: Uuid,
    /// Identifier.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Name.
    #[sea_orm(column_type = "Text")]
    pub name: String,
    /// `on` or `off`.
    #[sea_orm(column_type = "Text")]
    pub status: String,
    /// What new entries get.
    pub current_version_id: Option<Uuid>,
    /// The version that people under way in earlier ones go on with; `None` where each finishes with their own.
    pub moves_to: Option<Uuid>,
    /// Versions with a lower number than this are the earlier ones.
    pub moves_before: Option<i32>,
    /// When the row was made.
    pub created_at: i64,
    /// Latest change.
    pub updated_at: i64,
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
