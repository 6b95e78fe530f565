//! A store opened to an organisation that it does not belong to.

use sea_orm::entity::prelude::*;

/// A store opened to an organisation that it does not belong to, or that this was asked for.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "store_access")]
pub struct Model {
    /// The guest: an agency, or the service's staff.
    #[sea_orm(primary_key, auto_increment = false)]
    pub organisation_id: Uuid,
    /// Store.
    #[sea_orm(primary_key, auto_increment = false)]
    pub store_id: Uuid,
    /// The most its people may do there: `admin`, `editor`, `analyst` or `support`.
    #[sea_orm(column_type = "Text")]
    pub role: String,
    /// What it was asked for; empty when the merchant gave it unasked.
    #[sea_orm(column_type = "Text")]
    pub reason: String,
    /// For how long it was asked, in milliseconds.
    pub lasts: Option<i64>,
    /// The member who asked.
    pub asked_by: Option<Uuid>,
    /// When it was asked for or given.
    pub created_at: i64,
    /// When it was given; it opens nothing before.
    pub given_at: Option<i64>,
    /// When it stops by itself.
    pub ends_at: Option<i64>,
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
