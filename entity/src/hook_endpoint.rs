//! Where outgoing webhooks of a store go.

use sea_orm::entity::prelude::*;

/// Where outgoing webhooks of a store go.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "hook_endpoint")]
pub struct Model {
    /// The tenant.
    #[sea_orm(primary_key, auto_increment = false)]
    pub store_id: Uuid,
    /// Identifier.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Address.
    #[sea_orm(column_type = "Text")]
    pub url: String,
    /// A word for people.
    #[sea_orm(column_type = "Text")]
    pub description: String,
    /// Bits of `domain::hook::HookKinds`.
    pub kinds: i32,
    /// Its secrets, sealed by the store's data key.
    #[sea_orm(column_type = "Text")]
    pub sealed: String,
    /// Until when the secret before signs too.
    pub old_until: Option<i64>,
    /// Why it is told nothing: `person`, `gone`, `failing`.
    #[sea_orm(column_type = "Text", nullable)]
    pub off_why: Option<String>,
    /// Since when.
    pub off_at: Option<i64>,
    /// When the row was made.
    pub created_at: i64,
    /// When somebody changed it last.
    pub updated_at: i64,
    /// Failed attempts in a row.
    pub failures: i32,
    /// The first of them, in a stretch without long gaps.
    pub failing_since: Option<i64>,
    /// The last of them.
    pub failed_at: Option<i64>,
    /// It is left alone until then.
    pub resting_until: Option<i64>,
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
