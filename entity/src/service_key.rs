//! A key of the service itself.

use sea_orm::entity::prelude::*;

/// A key of the service itself.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "service_key")]
pub struct Model {
    /// Identifier; what it has sealed names it.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// `root`: keys of links and hashes are derived from it. `data`: seals what belongs to no store.
    #[sea_orm(column_type = "Text")]
    pub kind: String,
    /// The key, sealed by a master key with the row bound in.
    #[sea_orm(column_type = "Text")]
    pub wrapped: String,
    /// The fingerprint of that master key.
    #[sea_orm(column_type = "Text")]
    pub wrapped_by: String,
    /// When it was made.
    pub created_at: i64,
    /// Since when it seals nothing new; of each kind one has none.
    pub retired_at: Option<i64>,
}

/// Relations are followed by explicit queries.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
