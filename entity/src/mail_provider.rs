//! A mail server a store sends by.

use sea_orm::entity::prelude::*;

/// A mail server a store sends by.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "mail_provider")]
pub struct Model {
    /// The tenant.
    #[sea_orm(primary_key, auto_increment = false)]
    pub store_id: Uuid,
    /// Identifier.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// A word for people.
    #[sea_orm(column_type = "Text")]
    pub name: String,
    /// `smtp`, `ses`, `postmark` or `sendgrid`.
    #[sea_orm(column_type = "Text")]
    pub service: String,
    /// Its place in the order, from 0.
    pub position: i32,
    /// Name of the server.
    #[sea_orm(column_type = "Text")]
    pub host: String,
    /// Port.
    pub port: i32,
    /// `tls`, `starttls` or `none`.
    #[sea_orm(column_type = "Text")]
    pub security: String,
    /// Address in From, where it is not the store's.
    #[sea_orm(column_type = "Text", nullable)]
    pub sender: Option<String>,
    /// How to sign in, sealed by the store's data key.
    #[sea_orm(column_type = "Text")]
    pub sealed: String,
    /// Since when it carries nothing.
    pub off_at: Option<i64>,
    /// When it began to warm up.
    pub warm_from: Option<i64>,
    /// Ceiling of the first day of that.
    pub warm_first: i32,
    /// When it was checked last.
    pub checked_at: Option<i64>,
    /// What that came to: `fine`, or a word for what is wrong.
    #[sea_orm(column_type = "Text", nullable)]
    pub checked: Option<String>,
    /// What was said.
    #[sea_orm(column_type = "Text", nullable)]
    pub checked_said: Option<String>,
    /// Workers leave it alone until then.
    pub down_until: Option<i64>,
    /// Why.
    #[sea_orm(column_type = "Text", nullable)]
    pub down_said: Option<String>,
    /// When the row was made.
    pub created_at: i64,
    /// When somebody changed it last.
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
