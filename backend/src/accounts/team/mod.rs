//! Who works in an organisation: members, invitations and keys of the API.
//!
//! Nobody gives more than they have, and an organisation keeps an owner. Each change is written down in the
//! [audit log](super::audit) in the same transaction.

pub mod invitations;
pub mod keys;
pub mod members;

#[cfg(test)]
mod tests;

use crate::db::{DbError, OrganisationScope, Role};

/// Why the team stays as it is.
#[derive(Debug, thiserror::Error)]
pub enum TeamError {
    /// There is no such member, invitation, key or store in this organisation.
    #[error("there is no such {0} in this organisation")]
    None(&'static str),
    /// A right that the giver does not have.
    #[error("nobody can give the role {0} who does not have it")]
    AboveOwn(&'static str),
    /// The last owner would go.
    #[error("an organisation keeps at least one owner: make somebody else owner first")]
    LastOwner,
    /// The address belongs to a member.
    #[error("{0} is a member already")]
    Member(String),
    /// Too many invitations are open.
    #[error("{0} invitations are open; withdraw some first")]
    TooMany(u64),
    /// Something in the input.
    #[error("{0}: {1}")]
    Invalid(&'static str, String),
    /// The database said no.
    #[error(transparent)]
    Db(#[from] DbError),
}

impl From<sea_orm::DbErr> for TeamError {
    fn from(e: sea_orm::DbErr) -> Self {
        Self::Db(e.into())
    }
}

/// Whether somebody may give or take a role: never one above their own.
fn may_give(scope: &OrganisationScope, role: Role) -> Result<(), TeamError> {
    if role > scope.role() { Err(TeamError::AboveOwn(role.as_str())) } else { Ok(()) }
}

/// A name as people read it: 1 to 80 characters on one line.
fn name(field: &'static str, text: &str) -> Result<String, TeamError> {
    let text = text.trim();
    if text.is_empty() || text.chars().count() > 80 || text.chars().any(char::is_control) {
        return Err(TeamError::Invalid(field, "1 to 80 characters on one line".into()));
    }
    Ok(text.to_owned())
}
