//! How many passed a node, kept with each step; can be rebuilt from `run_step`.

use sea_orm::entity::prelude::*;

/// How many passed a node, kept with each step; can be rebuilt from `run_step`.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "node_count")]
pub struct Model {
    /// The tenant.
    #[sea_orm(primary_key, auto_increment = false)]
    pub store_id: Uuid,
    /// Version.
    #[sea_orm(primary_key, auto_increment = false)]
    pub version_id: Uuid,
    /// Node.
    #[sea_orm(primary_key, auto_increment = false, column_type = "Text")]
    pub node: String,
    /// `entered`, or the branch taken.
    #[sea_orm(primary_key, auto_increment = false, column_type = "Text")]
    pub outcome: String,
    /// How many.
    pub n: i64,
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
