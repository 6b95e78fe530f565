//! A store that shares whom not to contact with the other stores of an agency.

use sea_orm::entity::prelude::*;

/// A store that shares whom not to contact with the other stores of an agency.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "circle_member")]
pub struct Model {
    /// The tenant.
    #[sea_orm(primary_key, auto_increment = false)]
    pub store_id: Uuid,
    /// The agency.
    #[sea_orm(primary_key, auto_increment = false)]
    pub agency_id: Uuid,
    /// Its seat.
    pub seat_id: Uuid,
    /// When its merchant switched it on.
    pub joined_at: i64,
    /// The contact up to which its older suppressions were gone through.
    pub filled_to: Option<Uuid>,
    /// When all of them had been.
    pub filled_at: Option<i64>,
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
