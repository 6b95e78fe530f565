//! One try of an outgoing webhook, written before the call.

use sea_orm::entity::prelude::*;

/// One try of an outgoing webhook, written before the call.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "hook_attempt")]
pub struct Model {
    /// The tenant.
    #[sea_orm(primary_key, auto_increment = false)]
    pub store_id: Uuid,
    /// Identifier.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Of what.
    pub delivery_id: Uuid,
    /// From 1.
    pub number: i32,
    /// When it was written.
    pub started_at: i64,
    /// When the answer was.
    pub finished_at: Option<i64>,
    /// `delivered`, or the stable code of what went wrong.
    #[sea_orm(column_type = "Text", nullable)]
    pub outcome: Option<String>,
    /// HTTP status of the answer.
    pub status: Option<i32>,
    /// The first bytes of the answer, or what went wrong.
    #[sea_orm(column_type = "Text", nullable)]
    pub answer: Option<String>,
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
