//! Daily roll-ups; can be rebuilt from the rows they count.

use sea_orm::entity::prelude::*;

/// Daily roll-ups; can be rebuilt from the rows they count.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "metric_day")]
pub struct Model {
    /// The tenant.
    #[sea_orm(primary_key, auto_increment = false)]
    pub store_id: Uuid,
    /// UTC day since 1970-01-01.
    #[sea_orm(primary_key, auto_increment = false)]
    pub day: i32,
    /// What is counted.
    #[sea_orm(primary_key, auto_increment = false, column_type = "Text")]
    pub metric: String,
    /// Journey id, or empty.
    #[sea_orm(primary_key, auto_increment = false, column_type = "Text")]
    pub journey: String,
    /// ISO 4217, or empty.
    #[sea_orm(primary_key, auto_increment = false, column_type = "Text")]
    pub currency: String,
    /// Count.
    pub n: i64,
    /// Sum in minor units.
    pub minor: i64,
    /// Sum of squares of the minor units, for intervals.
    #[sea_orm(column_type = "Double")]
    pub squares: f64,
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
