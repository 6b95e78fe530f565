//! A standing no that the stores of a circle share. No address: a hash under the circle's key.

use sea_orm::entity::prelude::*;

/// A standing no that the stores of a circle share.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "circle_entry")]
pub struct Model {
    /// The agency.
    #[sea_orm(primary_key, auto_increment = false)]
    pub agency_id: Uuid,
    /// HMAC-SHA-256 of channel and address with the circle's key, hex.
    #[sea_orm(primary_key, auto_increment = false, column_type = "Text")]
    pub address_hash: String,
    /// The seat of the store that shares it.
    #[sea_orm(primary_key, auto_increment = false)]
    pub seat_id: Uuid,
    /// As in `suppression`.
    #[sea_orm(column_type = "Text")]
    pub reason: String,
    /// When the store wrote it down.
    pub said_at: i64,
}

/// Relations are followed by explicit, scoped queries.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl crate::Shared for Entity {
    fn agency_column() -> Column {
        Column::AgencyId
    }

    fn seat_column() -> Column {
        Column::SeatId
    }
}
