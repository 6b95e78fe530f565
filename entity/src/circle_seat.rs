//! A place in the circle of an agency, without the name of the store that has it.

use sea_orm::entity::prelude::*;

/// A place in the circle of an agency, without the name of the store that has it.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "circle_seat")]
pub struct Model {
    /// The agency.
    #[sea_orm(primary_key, auto_increment = false)]
    pub agency_id: Uuid,
    /// Identifier.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// When the store's opening to the agency stops by itself, and with it the seat.
    pub ends_at: Option<i64>,
    /// When it was given up: nothing of it counts from then on, and its entries are taken away.
    pub left_at: Option<i64>,
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
        Column::Id
    }
}
