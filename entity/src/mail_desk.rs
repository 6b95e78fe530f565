//! What comes back to a store.

use sea_orm::entity::prelude::*;

/// What comes back to a store.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "mail_desk")]
pub struct Model {
    /// The tenant.
    #[sea_orm(primary_key, auto_increment = false)]
    pub store_id: Uuid,
    /// Grows when the addresses for reports are replaced.
    pub hook_round: i32,
    /// When a report came last.
    pub reported_at: Option<i64>,
    /// Since when its mail is judged anew.
    pub resumed_at: Option<i64>,
    /// What had been sent on that day before.
    pub base_sent: i64,
    /// What of that came back.
    pub base_bounced: i64,
    /// What of that was reported as spam.
    pub base_complained: i64,
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
