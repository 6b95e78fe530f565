//! What a mail carried to somebody's mailbox.

use sea_orm::entity::prelude::*;

/// What a mail carried to somebody's mailbox.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "mail_token")]
pub struct Model {
    /// SHA-256 of the token in the link, hex.
    #[sea_orm(primary_key, auto_increment = false, column_type = "Text")]
    pub token_hash: String,
    /// What it is good for: `sign_up` or `reset`.
    #[sea_orm(column_type = "Text")]
    pub purpose: String,
    /// Whose mailbox.
    #[sea_orm(column_type = "Text")]
    pub email: String,
    /// When it was made.
    pub created_at: i64,
    /// When it stops working.
    pub expires_at: i64,
    /// When it was used, or overtaken.
    pub used_at: Option<i64>,
}

/// Relations are followed by explicit queries.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
