//! A signed-in session: one family of rotating refresh tokens.

use sea_orm::entity::prelude::*;

/// A signed-in session: one family of rotating refresh tokens.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "session")]
pub struct Model {
    /// Identifier.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Whose.
    pub member_id: Uuid,
    /// SHA-256 of the live refresh token, hex.
    #[sea_orm(column_type = "Text")]
    pub token_hash: String,
    /// The token before it: shown again, it means theft or a lost answer.
    #[sea_orm(column_type = "Text", nullable)]
    pub previous_hash: Option<String>,
    /// When the live token was made.
    pub rotated_at: i64,
    /// Whether the live token has been used since.
    pub successor_used: bool,
    /// Browser, for the list of sessions.
    #[sea_orm(column_type = "Text")]
    pub user_agent: String,
    /// When the row was made.
    pub created_at: i64,
    /// End of life.
    pub expires_at: i64,
    /// Signed out, or revoked.
    pub ended_at: Option<i64>,
    /// Whether whoever signed in has shown a code too.
    pub second_factor: bool,
}

/// Relations are followed by explicit, scoped queries.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
