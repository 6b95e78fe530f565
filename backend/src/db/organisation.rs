//! Organisation scope as types: members, invitations, keys and the audit log are reached through an organisation.

#![expect(
    clippy::disallowed_methods,
    reason = "the one place where unscoped ORM calls get their organisation"
)]

use super::{Actor, DbError, Dialect, Role};
use cartwheel_domain::ids::OrganisationId;
use cartwheel_entity::Owned;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, DatabaseTransaction, DeleteMany, Insert, IntoActiveModel, QueryFilter,
    Select, UpdateMany, Value,
};

/// The proof that somebody may act in an organisation: made by `auth` for people, and for the operator.
#[derive(Debug, Clone, Copy)]
pub struct OrganisationScope {
    organisation: OrganisationId,
    role: Role,
    actor: Actor,
}

impl OrganisationScope {
    /// For a person or a key whose rights `auth` has just checked.
    pub(crate) fn granted(organisation: OrganisationId, role: Role, actor: Actor) -> Self {
        Self { organisation, role, actor }
    }

    /// For the service itself and the operator's command.
    pub fn system(organisation: OrganisationId) -> Self {
        Self { organisation, role: Role::Owner, actor: Actor::System }
    }

    /// Which organisation.
    pub fn organisation_id(&self) -> OrganisationId {
        self.organisation
    }

    /// With which rights.
    pub fn role(&self) -> Role {
        self.role
    }

    /// Who.
    pub fn actor(&self) -> Actor {
        self.actor
    }
}

/// An organisation inside a transaction: each statement made here carries it.
#[derive(Clone, Copy)]
pub struct Organised<'t> {
    tx: &'t DatabaseTransaction,
    dialect: Dialect,
    organisation: OrganisationId,
}

impl<'t> Organised<'t> {
    pub(super) fn new(tx: &'t DatabaseTransaction, dialect: Dialect, organisation: OrganisationId) -> Self {
        Self { tx, dialect, organisation }
    }

    /// The connection to run statements on.
    pub fn on(&self) -> &'t DatabaseTransaction {
        self.tx
    }

    /// Which organisation.
    pub fn organisation_id(&self) -> OrganisationId {
        self.organisation
    }

    /// Rows of a table.
    pub fn find<E: Owned>(&self) -> Select<E> {
        E::find().filter(E::organisation_column().eq(self.organisation.uuid()))
    }

    /// Changes rows of a table.
    pub fn update<E: Owned>(&self) -> UpdateMany<E> {
        E::update_many().filter(E::organisation_column().eq(self.organisation.uuid()))
    }

    /// Takes rows of a table out.
    pub fn delete<E: Owned>(&self) -> DeleteMany<E> {
        E::delete_many().filter(E::organisation_column().eq(self.organisation.uuid()))
    }

    /// Adds one row.
    ///
    /// # Errors
    /// A row of another organisation, or what the database says.
    pub async fn insert<E>(&self, row: E::ActiveModel) -> Result<(), DbError>
    where
        E: Owned,
        E::ActiveModel: Send,
        E::Model: IntoActiveModel<E::ActiveModel>,
    {
        let mine = Value::from(self.organisation.uuid());
        if row.get(E::organisation_column()).into_value().as_ref() != Some(&mine) {
            let said = "a row of another organisation was about to be written";
            return Err(DbError::Orm(sea_orm::DbErr::Custom(said.into())));
        }
        Insert::one(row).exec_without_returning(self.tx).await?;
        Ok(())
    }

    /// Takes the organisation's write lock until the transaction ends.
    ///
    /// # Errors
    /// What the database says.
    pub async fn lock(&self) -> Result<(), DbError> {
        super::dialect::lock(self.tx, self.dialect, self.organisation.uuid()).await
    }
}
