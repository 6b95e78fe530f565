//! One cart's passage through a version. The id is a hash of journey and entry key, so the key itself admits an entry once.

use sea_orm::entity::prelude::*;

/// One cart's passage through a version. The id is a hash of journey and entry key, so the key itself admits an entry once.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "journey_run")]
pub struct Model {
    /// The tenant.
    #[sea_orm(primary_key, auto_increment = false)]
    pub store_id: Uuid,
    /// Identifier.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Journey.
    pub journey_id: Uuid,
    /// The version it is pinned to.
    pub version_id: Uuid,
    /// Who.
    pub contact_id: Uuid,
    /// Which cart.
    pub cart_id: Option<Uuid>,
    /// Which entry of this cart.
    pub entry: i32,
    /// Where it stands.
    #[sea_orm(column_type = "Text")]
    pub node: String,
    /// How often it has been here.
    pub visit: i32,
    /// 0 waiting, 1 leased, 2 ended.
    pub status: i32,
    /// When it is due.
    pub wake_at: i64,
    /// Grows with each lease and each intervention; a stale one writes nothing.
    pub epoch: i64,
    /// Which worker.
    #[sea_orm(column_type = "Text", nullable)]
    pub lease_owner: Option<String>,
    /// Until when.
    pub lease_until: Option<i64>,
    /// Failed tries in a row.
    pub attempt: i32,
    /// Lane of the store.
    pub lane: i32,
    /// Control group; none before the holdout node.
    pub held_out: Option<bool>,
    /// When it began.
    pub entered_at: i64,
    /// When it ended.
    pub ended_at: Option<i64>,
    /// Why it ended.
    #[sea_orm(column_type = "Text", nullable)]
    pub end_reason: Option<String>,
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
