//! Anything that can be left unfinished: cart, checkout or quote.

use sea_orm::entity::prelude::*;

/// Anything that can be left unfinished: cart, checkout or quote.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "cart")]
pub struct Model {
    /// The tenant.
    #[sea_orm(primary_key, auto_increment = false)]
    pub store_id: Uuid,
    /// Identifier.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// `cart`, `checkout` or `quote`.
    #[sea_orm(column_type = "Text")]
    pub kind: String,
    /// `active`, `checkout`, `abandoned`, `recovered`, `converted` or `expired`.
    #[sea_orm(column_type = "Text")]
    pub status: String,
    /// Whose.
    pub contact_id: Option<Uuid>,
    /// ISO 4217.
    #[sea_orm(column_type = "Text")]
    pub currency: String,
    /// Value in minor units.
    pub total_minor: i64,
    /// Sum of quantities.
    pub item_count: i32,
    /// Lines as JSON: `domain::event::LineItem`. Text, and not a JSON column, since it is read and written with each event
    /// of a cart and never looked into by the database.
    #[sea_orm(column_type = "Text")]
    pub items: String,
    /// Time of the newest event by the source's clock.
    pub source_at: i64,
    /// Latest activity by our clock.
    pub last_activity_at: i64,
    /// When it counts as left; none once decided.
    pub idle_at: Option<i64>,
    /// When it was judged left.
    pub abandoned_at: Option<i64>,
    /// When it ended.
    pub finished_at: Option<i64>,
    /// The order it became.
    pub order_id: Option<Uuid>,
    /// `click` or `window`.
    #[sea_orm(column_type = "Text", nullable)]
    pub recovered_by: Option<String>,
    /// The shop's own restore address.
    #[sea_orm(column_type = "Text", nullable)]
    pub recovery_url: Option<String>,
    /// End of a quote.
    pub valid_until: Option<i64>,
    /// Company of a quote.
    pub company_id: Option<Uuid>,
    /// Who has to approve a quote.
    #[sea_orm(column_type = "Text", nullable)]
    pub approver: Option<String>,
    /// What people call it.
    #[sea_orm(column_type = "Text", nullable)]
    pub number: Option<String>,
    /// Furthest step of the checkout.
    #[sea_orm(column_type = "Text", nullable)]
    pub step: Option<String>,
    /// Coupon in it.
    #[sea_orm(column_type = "Text", nullable)]
    pub coupon: Option<String>,
    /// Where it came in.
    #[sea_orm(column_type = "Text")]
    pub source: String,
    /// Filled by a machine.
    pub bot: bool,
    /// A test.
    pub test: bool,
    /// Of the shop's own people.
    pub staff: bool,
    /// How often it was judged left: number of entries into journeys.
    pub entries: i32,
    /// When the row was made.
    pub created_at: i64,
    /// Latest change.
    pub updated_at: i64,
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
