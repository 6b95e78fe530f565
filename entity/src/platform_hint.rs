//! Something at a platform that is to be fetched.

use sea_orm::entity::prelude::*;

/// Something at a platform that is to be fetched.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "platform_hint")]
pub struct Model {
    /// The tenant.
    #[sea_orm(primary_key, auto_increment = false)]
    pub store_id: Uuid,
    /// A hash of the platform's own id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// `cart`, `order`, `quote`, and with `_deleted` what is gone.
    #[sea_orm(column_type = "Text")]
    pub kind: String,
    /// The platform's id of it.
    #[sea_orm(column_type = "Text")]
    pub resource: String,
    /// The token of an abandoned cart's link.
    #[sea_orm(column_type = "Text", nullable)]
    pub token: Option<String>,
    /// When the platform says it changed.
    pub told_at: i64,
    /// When we heard.
    pub received_at: i64,
    /// When it is fetched; null once it was.
    pub next_at: Option<i64>,
    /// Tries.
    pub attempt: i32,
    /// When it was fetched.
    pub fetched_at: Option<i64>,
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
