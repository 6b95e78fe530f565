//! A mail of the service itself, until it is handed over.

use sea_orm::entity::prelude::*;

/// A mail of the service itself, until it is handed over.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "service_mail")]
pub struct Model {
    /// Identifier; names the mail to the mail server as well.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Whom it goes to and what it says, sealed: it carries a link that opens an account.
    #[sea_orm(column_type = "Text")]
    pub sealed: String,
    /// Hand-overs begun.
    pub attempts: i32,
    /// When it was queued.
    pub created_at: i64,
    /// When it is to be handed over next.
    pub due_at: i64,
    /// When it is of no use any more.
    pub expires_at: i64,
}

/// Relations are followed by explicit queries.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
