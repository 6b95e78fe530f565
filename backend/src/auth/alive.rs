//! Who an access token speaks for, asked anew with each request.

use super::{Sessions, jwt::Access};
use crate::db::{DbError, System};
use cartwheel_entity::session;
use sea_orm::{ColumnTrait, QueryFilter};

impl Sessions {
    /// Who an access token belongs to, if its session is alive, and whether they have shown a code.
    ///
    /// # Errors
    /// What the database says.
    pub async fn authenticate(&self, token: &str) -> Result<Option<(Access, bool)>, DbError> {
        let Some(access) = self.genuine(token) else { return Ok(None) };
        let mut tx = self.db.read().await?;
        self.alive(&tx.system().await?, access).await
    }

    /// What an access token says, if it is one of ours and not over.
    pub(super) fn genuine(&self, token: &str) -> Option<Access> {
        self.tokens.read(token, self.env.now())
    }

    /// Whether the session of an access token is alive, and whether its member has shown a code.
    ///
    /// # Errors
    /// What the database says.
    pub(super) async fn alive(
        &self,
        system: &System<'_>,
        access: Access,
    ) -> Result<Option<(Access, bool)>, DbError> {
        let row = system
            .find::<session::Entity>()
            .filter(session::Column::Id.eq(access.session.uuid()))
            .one(system.on())
            .await?;
        let alive = row.filter(|s| {
            s.ended_at.is_none() && s.expires_at > self.env.now() && s.member_id == access.member.uuid()
        });
        Ok(alive.map(|s| (access, s.second_factor)))
    }
}
