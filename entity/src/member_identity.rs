//! An account at a provider (OpenID Connect) that signs its member in.

use sea_orm::entity::prelude::*;

/// An account at a provider that signs its member in.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "member_identity")]
pub struct Model {
    /// Identifier.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Whose.
    pub member_id: Uuid,
    /// The provider, as it calls itself in its tokens.
    #[sea_orm(column_type = "Text")]
    pub issuer: String,
    /// Whom it calls so, for ever; an address may change hands.
    #[sea_orm(column_type = "Text")]
    pub subject: String,
    /// The address it told when the two were connected, to be recognised by.
    #[sea_orm(column_type = "Text")]
    pub email: Option<String>,
    /// When they were connected.
    pub created_at: i64,
    /// When it signed somebody in the last time.
    pub last_used_at: Option<i64>,
}

/// Relations are followed by explicit queries.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
