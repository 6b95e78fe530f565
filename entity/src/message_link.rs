//! Where the links of a message lead; a click is looked up here, never read from the address.

use sea_orm::entity::prelude::*;

/// Where the links of a message lead; a click is looked up here, never read from the address.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "message_link")]
pub struct Model {
    /// The tenant.
    #[sea_orm(primary_key, auto_increment = false)]
    pub store_id: Uuid,
    /// Message.
    #[sea_orm(primary_key, auto_increment = false)]
    pub message_id: Uuid,
    /// From 1.
    #[sea_orm(primary_key, auto_increment = false)]
    pub number: i32,
    /// Destination.
    #[sea_orm(column_type = "Text")]
    pub url: String,
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
