//! A business account that contacts act for.

use sea_orm::entity::prelude::*;

/// A business account that contacts act for.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "company")]
pub struct Model {
    /// The tenant.
    #[sea_orm(primary_key, auto_increment = false)]
    pub store_id: Uuid,
    /// Identifier.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The shop's id, else the name in lower case.
    #[sea_orm(column_type = "Text")]
    pub external_key: String,
    /// Name.
    #[sea_orm(column_type = "Text")]
    pub name: String,
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
