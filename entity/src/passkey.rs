//! A key of a device or a password manager that signs its member in.

use sea_orm::entity::prelude::*;

/// A key of a device or a password manager that signs its member in.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "passkey")]
pub struct Model {
    /// Identifier.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Whose.
    pub member_id: Uuid,
    /// By which the device names it, base64url.
    #[sea_orm(column_type = "Text")]
    pub credential: String,
    /// What its signatures are checked with, JSON of webauthn-rs. Nothing in it is secret.
    #[sea_orm(column_type = "Text")]
    pub public_key: String,
    /// As its owner calls it.
    #[sea_orm(column_type = "Text")]
    pub name: String,
    /// When it was added.
    pub created_at: i64,
    /// When it signed somebody in the last time: what was begun before counts no more.
    pub last_used_at: Option<i64>,
}

/// Relations are followed by explicit queries.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
