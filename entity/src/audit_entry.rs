//! What was done in an organisation; each entry is bound to the one before.

use sea_orm::entity::prelude::*;

/// What was done in an organisation; each entry is bound to the one before.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "audit_entry")]
pub struct Model {
    /// The organisation.
    #[sea_orm(primary_key, auto_increment = false)]
    pub organisation_id: Uuid,
    /// Number, from 1, without a gap.
    #[sea_orm(primary_key, auto_increment = false)]
    pub seq: i64,
    /// When.
    pub at: i64,
    /// Who: a member, a key, `shop` or `system`.
    #[sea_orm(column_type = "Text")]
    pub actor: String,
    /// What, such as `journey.published`.
    #[sea_orm(column_type = "Text")]
    pub action: String,
    /// The store it was done in.
    pub store_id: Option<Uuid>,
    /// What it was done to: an id.
    #[sea_orm(column_type = "Text", nullable)]
    pub subject: Option<String>,
    /// SHA-256 over salt and detail, hex: stands for them in the chain, so that they can be erased.
    #[sea_orm(column_type = "Text")]
    pub commitment: String,
    /// Random, hex; erased with the detail.
    #[sea_orm(column_type = "Text", nullable)]
    pub salt: Option<String>,
    /// What else there is to say, JSON; may name people.
    #[sea_orm(column_type = "Text", nullable)]
    pub detail: Option<String>,
    /// SHA-256 over the hash of the entry before and all of this one but salt and detail, hex.
    #[sea_orm(column_type = "Text")]
    pub hash: String,
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
