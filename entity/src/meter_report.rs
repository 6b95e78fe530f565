//! What one of Stripe's meters is to be told.

use sea_orm::entity::prelude::*;

/// What one of Stripe's meters is to be told.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "meter_report")]
pub struct Model {
    /// Whose.
    #[sea_orm(primary_key, auto_increment = false)]
    pub organisation_id: Uuid,
    /// Its name at Stripe: the same name is one event, however often it arrives.
    #[sea_orm(primary_key, auto_increment = false, column_type = "Text")]
    pub identifier: String,
    /// Stripe's customer.
    #[sea_orm(column_type = "Text")]
    pub customer_id: String,
    /// The meter's event name.
    #[sea_orm(column_type = "Text")]
    pub meter: String,
    /// The hour's beginning, milliseconds.
    pub hour: i64,
    /// How many.
    pub units: i64,
    /// 0 waits, 1 arrived, 2 refused, 3 nobody knows.
    pub status: i32,
    /// Hand-overs begun.
    pub attempts: i32,
    /// When the first hand-over began.
    pub tried_at: Option<i64>,
    /// When it is handed over next.
    pub due_at: i64,
    /// What Stripe said last, when it was no yes.
    #[sea_orm(column_type = "Text", nullable)]
    pub said: Option<String>,
    /// When the row was made.
    pub created_at: i64,
}

/// Relations are followed by explicit, scoped queries.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl crate::Owned for Entity {
    fn organisation_column() -> Column {
        Column::OrganisationId
    }
}
