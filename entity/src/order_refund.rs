//! One refund; its key makes it count once.

use sea_orm::entity::prelude::*;

/// One refund; its key makes it count once.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "order_refund")]
pub struct Model {
    /// The tenant.
    #[sea_orm(primary_key, auto_increment = false)]
    pub store_id: Uuid,
    /// Order.
    #[sea_orm(primary_key, auto_increment = false)]
    pub order_id: Uuid,
    /// The source's id.
    #[sea_orm(primary_key, auto_increment = false, column_type = "Text")]
    pub refund_id: String,
    /// How much.
    pub minor: i64,
    /// When.
    pub at: i64,
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
