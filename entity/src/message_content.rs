//! What was handed over, word for word.

use sea_orm::entity::prelude::*;

/// What was handed over, word for word.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "message_content")]
pub struct Model {
    /// The tenant.
    #[sea_orm(primary_key, auto_increment = false)]
    pub store_id: Uuid,
    /// Message.
    #[sea_orm(primary_key, auto_increment = false)]
    pub message_id: Uuid,
    /// From.
    #[sea_orm(column_type = "Text")]
    pub sender: String,
    /// To.
    #[sea_orm(column_type = "Text")]
    pub recipient: String,
    /// Further headers.
    #[sea_orm(column_type = "JsonBinary")]
    pub headers: Json,
    /// HTML part.
    #[sea_orm(column_type = "Text")]
    pub html: String,
    /// Plain part.
    #[sea_orm(column_type = "Text")]
    pub text: String,
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
