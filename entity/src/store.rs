//! One shop: the tenant that customer data belongs to.

use sea_orm::entity::prelude::*;

/// One shop: the tenant that customer data belongs to.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "store")]
pub struct Model {
    /// Identifier.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Owner.
    pub organisation_id: Uuid,
    /// Name as shoppers see it.
    #[sea_orm(column_type = "Text")]
    pub name: String,
    /// Sends nothing outside.
    pub sandbox: bool,
    /// Key of the snippet; anybody may see it.
    #[sea_orm(column_type = "Text")]
    pub public_key: String,
    /// SHA-256 of the secret write key, hex.
    #[sea_orm(column_type = "Text")]
    pub write_key_hash: String,
    /// Which lane of work it belongs to: a hash of the id, 0 to 63.
    pub lane: i32,
    /// `domain::settings::StoreSettings`.
    #[sea_orm(column_type = "JsonBinary")]
    pub settings: Json,
    /// When the row was made.
    pub created_at: i64,
    /// Why its messages wait: `cap`, `unpaid`, `ended`.
    #[sea_orm(column_type = "Text", nullable)]
    pub hold: Option<String>,
    /// Until when, where that is known.
    pub hold_until: Option<i64>,
    /// What some endpoint of its outgoing webhooks wants to hear of: bits of `domain::hook::HookKinds`.
    pub hooks: i32,
    /// Whether it has a mail server of its own that is on.
    pub mail_own: bool,
    /// Why its mail goes slowly or not at all: `paused complaints` and so on.
    #[sea_orm(column_type = "Text", nullable)]
    pub mail_guard: Option<String>,
    /// Since when.
    pub mail_guard_at: Option<i64>,
    /// The public half of its pair of keys for web push.
    #[sea_orm(column_type = "Text", nullable)]
    pub push_key: Option<String>,
}

/// Relations are followed by explicit, scoped queries.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
