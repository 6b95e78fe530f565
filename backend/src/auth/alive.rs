//! Who an access token speaks for, asked anew with each request.

use super::{Sessions, jwt::Access};
use crate::db::{Alive, DbError};

impl Sessions {
    /// Who an access token belongs to, if it is one of ours and its session is alive, and what they may do.
    ///
    /// # Errors
    /// What the database says.
    pub async fn authenticate(&self, token: &str) -> Result<Option<(Access, Alive)>, DbError> {
        let now = self.env.now();
        let Some(access) = self.tokens.read(token, now) else { return Ok(None) };
        let alive = self.db.alive(access.session, access.member, now).await?;
        Ok(alive.map(|alive| (access, alive)))
    }
}
