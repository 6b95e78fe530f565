//! What Stripe told us of; the key drops repeats.

use sea_orm::entity::prelude::*;

/// What Stripe told us of; the key drops repeats.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "billing_event")]
pub struct Model {
    /// Stripe's id of the event.
    #[sea_orm(primary_key, auto_increment = false, column_type = "Text")]
    pub id: String,
    /// Its type.
    #[sea_orm(column_type = "Text")]
    pub kind: String,
    /// Whom it is about.
    #[sea_orm(column_type = "Text", nullable)]
    pub customer_id: Option<String>,
    /// When it came first.
    pub received_at: i64,
}

/// Relations are followed by explicit, scoped queries.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
