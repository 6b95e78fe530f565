//! A shopper, anonymous or known.

use sea_orm::entity::prelude::*;

/// A shopper, anonymous or known.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "contact")]
pub struct Model {
    /// The tenant.
    #[sea_orm(primary_key, auto_increment = false)]
    pub store_id: Uuid,
    /// Identifier.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Canonical address.
    #[sea_orm(column_type = "Text", nullable)]
    pub email: Option<String>,
    /// E.164.
    #[sea_orm(column_type = "Text", nullable)]
    pub phone: Option<String>,
    /// The shop's customer id.
    #[sea_orm(column_type = "Text", nullable)]
    pub external_id: Option<String>,
    /// Given name.
    #[sea_orm(column_type = "Text", nullable)]
    pub first_name: Option<String>,
    /// Family name.
    #[sea_orm(column_type = "Text", nullable)]
    pub last_name: Option<String>,
    /// Language tag as given.
    #[sea_orm(column_type = "Text", nullable)]
    pub locale: Option<String>,
    /// ISO 3166-1 alpha-2.
    #[sea_orm(column_type = "Text", nullable)]
    pub country: Option<String>,
    /// IANA zone as given.
    #[sea_orm(column_type = "Text", nullable)]
    pub time_zone: Option<String>,
    /// Company.
    pub company_id: Option<Uuid>,
    /// Further traits, a flat object.
    #[sea_orm(column_type = "JsonBinary")]
    pub traits: Json,
    /// Tags, a list.
    #[sea_orm(column_type = "JsonBinary")]
    pub tags: Json,
    /// A machine.
    pub bot: bool,
    /// A test.
    pub test: bool,
    /// Somebody of the shop.
    pub staff: bool,
    /// Orders placed, cancelled ones taken out.
    pub orders_count: i32,
    /// Latest order.
    pub last_order_at: Option<i64>,
    /// When the row was made.
    pub created_at: i64,
    /// Latest event.
    pub last_seen_at: i64,
    /// The contact this one became.
    pub merged_into: Option<Uuid>,
    /// When personal data was erased.
    pub erased_at: Option<i64>,
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
