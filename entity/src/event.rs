//! An immutable fact as it came in. The id is a hash of source and source id, so the key itself drops repeats.

use sea_orm::entity::prelude::*;

/// An immutable fact as it came in. The id is a hash of source and source id, so the key itself drops repeats.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "event")]
pub struct Model {
    /// The tenant.
    #[sea_orm(primary_key, auto_increment = false)]
    pub store_id: Uuid,
    /// Identifier.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// `api`, `snippet`, `shopify` or `internal`.
    #[sea_orm(column_type = "Text")]
    pub source: String,
    /// Canonical name.
    #[sea_orm(column_type = "Text")]
    pub kind: String,
    /// Who.
    pub contact_id: Option<Uuid>,
    /// Which cart.
    pub cart_id: Option<Uuid>,
    /// By the source's clock.
    pub occurred_at: i64,
    /// By ours.
    pub received_at: i64,
    /// As received, JSON.
    #[sea_orm(column_type = "Text")]
    pub raw: String,
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
