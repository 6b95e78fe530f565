//! One thing to tell one endpoint: the outbox of outgoing webhooks.

use sea_orm::entity::prelude::*;

/// One thing to tell one endpoint: the outbox of outgoing webhooks.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "hook_delivery")]
pub struct Model {
    /// The tenant.
    #[sea_orm(primary_key, auto_increment = false)]
    pub store_id: Uuid,
    /// Identifier.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Whom.
    pub endpoint_id: Uuid,
    /// `domain::hook::HookKind`.
    #[sea_orm(column_type = "Text")]
    pub kind: String,
    /// What is sent, to the byte.
    #[sea_orm(column_type = "Text")]
    pub body: String,
    /// 0 waits, 1 in hand, 2 delivered, 3 failed.
    pub status: i32,
    /// When it is due.
    pub next_at: i64,
    /// Fence.
    pub epoch: i64,
    /// Which worker.
    #[sea_orm(column_type = "Text", nullable)]
    pub lease_owner: Option<String>,
    /// Until when.
    pub lease_until: Option<i64>,
    /// Tries so far.
    pub attempt: i32,
    /// Tries before it was last replayed.
    pub round: i32,
    /// Lane of the store.
    pub lane: i32,
    /// Why it failed: a stable code.
    #[sea_orm(column_type = "Text", nullable)]
    pub reason: Option<String>,
    /// When the row was made.
    pub created_at: i64,
    /// When it was delivered or given up.
    pub done_at: Option<i64>,
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
