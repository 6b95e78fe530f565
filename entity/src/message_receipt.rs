//! What came back for a message.

use sea_orm::entity::prelude::*;

/// What came back for a message.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "message_receipt")]
pub struct Model {
    /// The tenant.
    #[sea_orm(primary_key, auto_increment = false)]
    pub store_id: Uuid,
    /// Identifier.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Message.
    pub message_id: Uuid,
    /// `delivered`, `bounced`, `complained`, `opened`, `clicked` or `unsubscribed`.
    #[sea_orm(column_type = "Text")]
    pub kind: String,
    /// When.
    pub at: i64,
    /// Why it is held to be a machine; none for a person.
    #[sea_orm(column_type = "Text", nullable)]
    pub machine: Option<String>,
    /// Which link.
    pub link: Option<i32>,
    /// Agent.
    #[sea_orm(column_type = "Text", nullable)]
    pub user_agent: Option<String>,
    /// What was said with it, without addresses.
    #[sea_orm(column_type = "Text", nullable)]
    pub detail: Option<String>,
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
