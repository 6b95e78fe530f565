//! One try of a hand-over, written before the call.

use sea_orm::entity::prelude::*;

/// One try of a hand-over, written before the call.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "message_attempt")]
pub struct Model {
    /// The tenant.
    #[sea_orm(primary_key, auto_increment = false)]
    pub store_id: Uuid,
    /// Identifier.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Message.
    pub message_id: Uuid,
    /// From 1; of a message to several browsers a thousand further for each that is called at the same time.
    pub number: i32,
    /// When it was written.
    pub started_at: i64,
    /// When the answer was.
    pub finished_at: Option<i64>,
    /// `accepted`, `refused`, `deferred`, `uncertain` or `not_sent`.
    #[sea_orm(column_type = "Text", nullable)]
    pub outcome: Option<String>,
    /// What the provider said.
    #[sea_orm(column_type = "Text", nullable)]
    pub reply: Option<String>,
    /// By which of the store's mail servers.
    pub provider_id: Option<Uuid>,
    /// Whose fault its failure was: `recipient`, `provider` or `own`.
    #[sea_orm(column_type = "Text", nullable)]
    pub fault: Option<String>,
    /// Which browser it went to, where the message goes to several.
    pub device_id: Option<Uuid>,
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
