//! A purchase.

use sea_orm::entity::prelude::*;

/// A purchase.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "shop_order")]
pub struct Model {
    /// The tenant.
    #[sea_orm(primary_key, auto_increment = false)]
    pub store_id: Uuid,
    /// Identifier.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The shop's id.
    #[sea_orm(column_type = "Text")]
    pub external_id: String,
    /// What people call it.
    #[sea_orm(column_type = "Text", nullable)]
    pub number: Option<String>,
    /// `purchased`, `awaiting`, `unfinished` or `cancelled`.
    #[sea_orm(column_type = "Text")]
    pub state: String,
    /// Who bought.
    pub contact_id: Option<Uuid>,
    /// Which cart it was.
    pub cart_id: Option<Uuid>,
    /// ISO 4217.
    #[sea_orm(column_type = "Text")]
    pub currency: String,
    /// Total at placing.
    pub total_minor: i64,
    /// Gone back so far.
    pub refunded_minor: i64,
    /// Lines.
    #[sea_orm(column_type = "JsonBinary")]
    pub lines: Json,
    /// Codes used.
    #[sea_orm(column_type = "JsonBinary")]
    pub coupons: Json,
    /// Where it came in.
    #[sea_orm(column_type = "Text")]
    pub source: String,
    /// Newest event by the source's clock.
    pub source_at: i64,
    /// When it was placed.
    pub placed_at: i64,
    /// When it was cancelled.
    pub cancelled_at: Option<i64>,
    /// A test.
    pub test: bool,
    /// The message whose click it followed.
    pub click_message_id: Option<Uuid>,
    /// The message in whose window it fell.
    pub window_message_id: Option<Uuid>,
    /// Whether the person was in the control group; none when in no journey.
    pub held_out: Option<bool>,
    /// The journey that gets the credit.
    pub journey_id: Option<Uuid>,
    /// When the row was made.
    pub created_at: i64,
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
