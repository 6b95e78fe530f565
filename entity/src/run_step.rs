//! The timeline of a run: what was decided, with the values that decided it.

use sea_orm::entity::prelude::*;

/// The timeline of a run: what was decided, with the values that decided it.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "run_step")]
pub struct Model {
    /// The tenant.
    #[sea_orm(primary_key, auto_increment = false)]
    pub store_id: Uuid,
    /// Identifier.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Run.
    pub run_id: Uuid,
    /// Where.
    #[sea_orm(column_type = "Text")]
    pub node: String,
    /// Which visit.
    pub visit: i32,
    /// When.
    pub at: i64,
    /// A stable code.
    #[sea_orm(column_type = "Text")]
    pub decision: String,
    /// The values.
    #[sea_orm(column_type = "JsonBinary")]
    pub detail: Json,
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
