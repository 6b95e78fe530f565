//! How a store's connection to its shop platform stands.

use sea_orm::entity::prelude::*;

/// How a store's connection to its shop platform stands.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "platform_link")]
pub struct Model {
    /// The tenant.
    #[sea_orm(primary_key, auto_increment = false)]
    pub store_id: Uuid,
    /// `shopify`, `woocommerce`, `bigcommerce`.
    #[sea_orm(primary_key, auto_increment = false, column_type = "Text")]
    pub platform: String,
    /// When it was connected.
    pub connected_at: i64,
    /// When a genuine webhook arrived last, to the minute.
    pub heard_at: Option<i64>,
    /// When a webhook was refused last, to the minute.
    pub refused_at: Option<i64>,
    /// Why: a word.
    #[sea_orm(column_type = "Text", nullable)]
    pub refused: Option<String>,
    /// When it is caught up with next; null without credentials for its API.
    pub next_at: Option<i64>,
    /// What changed there before was taken in.
    pub cursor_at: i64,
    /// How far a round has come: JSON, empty between rounds.
    #[sea_orm(column_type = "Text")]
    pub place: String,
    /// When a round was last completed.
    pub round_at: Option<i64>,
    /// Failed calls in a row.
    pub failures: i32,
    /// What keeps it from working: a word.
    #[sea_orm(column_type = "Text", nullable)]
    pub wrong: Option<String>,
    /// What the platform said of it.
    #[sea_orm(column_type = "Text", nullable)]
    pub said: Option<String>,
    /// Since when.
    pub wrong_at: Option<i64>,
    /// Webhooks as the platform lists them: JSON.
    #[sea_orm(column_type = "Text")]
    pub hooks: String,
    /// When they were listed.
    pub hooks_at: Option<i64>,
    /// Reminders the platform sends: JSON.
    #[sea_orm(column_type = "Text")]
    pub reminders: String,
    /// When they were looked for.
    pub reminders_at: Option<i64>,
    /// When a member said that the platform's own reminder is off.
    pub confirmed_at: Option<i64>,
    /// Rises with each claim.
    pub epoch: i64,
    /// Until when a worker has it.
    pub lease_until: Option<i64>,
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
