//! A request of a person or a platform for access or erasure.

use sea_orm::entity::prelude::*;

/// A request of a person or a platform for access or erasure.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "privacy_request")]
pub struct Model {
    /// The tenant.
    #[sea_orm(primary_key, auto_increment = false)]
    pub store_id: Uuid,
    /// Identifier.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// `access`, `erasure` or `shop_erasure`.
    #[sea_orm(column_type = "Text")]
    pub kind: String,
    /// Where from.
    #[sea_orm(column_type = "Text")]
    pub source: String,
    /// Its id there: counted once.
    #[sea_orm(column_type = "Text")]
    pub source_id: String,
    /// Who.
    pub contact_id: Option<Uuid>,
    /// As received.
    #[sea_orm(column_type = "JsonBinary")]
    pub payload: Json,
    /// When.
    pub received_at: i64,
    /// By when it must be done.
    pub due_at: i64,
    /// When it was.
    pub completed_at: Option<i64>,
    /// What was done.
    #[sea_orm(column_type = "Text", nullable)]
    pub outcome: Option<String>,
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
