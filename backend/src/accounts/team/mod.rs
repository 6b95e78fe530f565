//! Who works in an organisation and its stores: members, invitations, keys of the API, and guests from elsewhere.
//!
//! Nobody gives more than they have, and an organisation keeps an owner. Each change is written down in the
//! [audit log](super::audit) in the same transaction.

pub mod circles;
pub mod guests;
pub mod invitations;
pub mod keys;
pub mod members;

#[cfg(test)]
mod tests;

use crate::db::{Actor, DbError, OrganisationScope, Organised, Role};
use cartwheel_entity::membership;
use sea_orm::{ColumnTrait, QueryFilter};

/// Why the team stays as it is.
#[derive(Debug, thiserror::Error)]
pub enum TeamError {
    /// There is no such member, invitation, key or store in this organisation.
    #[error("there is no such {0} in this organisation")]
    None(&'static str),
    /// Something else stands there than what was looked at.
    #[error("this {0} was changed meanwhile; look at it again")]
    Outdated(&'static str),
    /// There is no agency by this id.
    #[error("there is no agency by this id; its people find the id in their console, under Organisation")]
    NoAgency,
    /// The store is not open to such an agency, or shares nothing there.
    #[error(
        "this store is not open to an agency by this id, or shares nothing there; see who has access under Organisation"
    )]
    NotOpen,
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
    /// So many were invited today, or this address so often.
    #[error("{0}; wait until tomorrow")]
    TooOften(String),
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

/// Whether the actor still has the rights that were checked before the transaction began. Call it under the organisation's
/// lock, which every change of a role takes: whoever is being removed at this moment makes no key any more.
pub(crate) async fn still_there(
    organised: &Organised<'_>,
    scope: &OrganisationScope,
) -> Result<(), TeamError> {
    organised.lock().await?;
    let Actor::Member(id) = scope.actor() else { return Ok(()) };
    let query = organised.find::<membership::Entity>().filter(membership::Column::MemberId.eq(id.uuid()));
    let role = query.one(organised.on()).await?.and_then(|m| Role::from_name(&m.role));
    if role.is_some_and(|role| role >= scope.role()) { Ok(()) } else { Err(TeamError::None("member")) }
}

/// A role as a membership keeps it.
fn stored(role: Option<Role>) -> &'static str {
    role.map_or("none", Role::as_str)
}

/// Whether somebody may give or take a role: never one above their own.
fn may_give(scope: &OrganisationScope, role: Role) -> Result<(), TeamError> {
    if role > scope.role() { Err(TeamError::AboveOwn(role.as_str())) } else { Ok(()) }
}

/// What a name must be.
pub const NAME: &str = "1 to 80 characters on one line, none of them invisible";

/// A name as people read it, without spaces around it.
///
/// # Errors
/// [`TeamError::Invalid`] when it is empty, longer than 80 characters, has line ends or control characters, or signs that are not
/// seen and change how the rest is read.
pub fn name(field: &'static str, text: &str) -> Result<String, TeamError> {
    let text = text.trim();
    // Zero width, fillers, bidirectional controls, separators of lines and paragraphs, the byte order mark, tags.
    let unseen = |c: char| {
        matches!(c, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffb}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
    };
    if !text.chars().any(char::is_alphanumeric)
        || text.chars().count() > 80
        || text.chars().any(|c| c.is_control() || unseen(c))
    {
        return Err(TeamError::Invalid(field, NAME.into()));
    }
    Ok(text.to_owned())
}
