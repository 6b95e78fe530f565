//! An app that shows codes at sign-in.

use sea_orm::entity::prelude::*;

/// An app that shows codes at sign-in.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "second_factor")]
pub struct Model {
    /// Whose.
    #[sea_orm(primary_key, auto_increment = false)]
    pub member_id: Uuid,
    /// Its seed in base32, sealed by the service's data key.
    #[sea_orm(column_type = "Text")]
    pub sealed: String,
    /// When it was set up.
    pub created_at: i64,
    /// When a first code of it was shown; until then it is not asked for.
    pub confirmed_at: Option<i64>,
    /// The step of the last code that was taken: none up to it is taken again.
    pub last_step: i64,
    /// Wrong codes since `tries_since`.
    pub tries: i32,
    /// When the first of them was shown.
    pub tries_since: i64,
}

/// Relations are followed by explicit queries.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
