//! One number a dry run has come to.

use sea_orm::entity::prelude::*;

/// One number a dry run has come to, and some of the carts behind it.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "dry_run_number")]
pub struct Model {
    /// The tenant.
    #[sea_orm(primary_key, auto_increment = false)]
    pub store_id: Uuid,
    /// Which dry run.
    #[sea_orm(primary_key, auto_increment = false)]
    pub dry_run_id: Uuid,
    /// Its place among the numbers.
    #[sea_orm(primary_key, auto_increment = false)]
    pub place: i32,
    /// A word of `domain::dry_run::kinds`.
    #[sea_orm(column_type = "Text")]
    pub kind: String,
    /// At which node.
    #[sea_orm(column_type = "Text", nullable)]
    pub node: Option<String>,
    /// By which way.
    #[sea_orm(column_type = "Text", nullable)]
    pub channel: Option<String>,
    /// Why, or what.
    #[sea_orm(column_type = "Text", nullable)]
    pub reason: Option<String>,
    /// How many.
    pub n: i64,
    /// Of how many carts.
    pub of_carts: i64,
    /// Some of them, ids with a space between.
    #[sea_orm(column_type = "Text")]
    pub carts: String,
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
