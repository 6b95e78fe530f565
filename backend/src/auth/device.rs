//! Browsers somebody has signed in on before.
//!
//! Whoever guesses at an account from many addresses uses up the tries it has in an hour, and would lock its owner out. So a
//! sign-in leaves a cookie behind that says whose browser this is, and that browser has tries of its own
//! (device cookies, OWASP). It opens nothing: the password is asked for all the same.
//!
//! The cookie names member and session, and stands for the password it was given for: when that is changed, the cookies that somebody else
//! has earned with it are good for nothing. A browser whose session is alive gets a new one with the next refresh.

use super::session::{SESSION_LIFE, Sessions, SignInError};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use cartwheel_domain::time::{DAY, Millis};
use cartwheel_entity::member;
use ring::hmac;
use sea_orm::{ColumnTrait, QueryFilter};
use subtle::ConstantTimeEq;
use uuid::Uuid;

/// How long a browser is remembered; no browser keeps a cookie for longer than 400 days (RFC 6265bis).
pub const DEVICE_LIFE: Millis = 365 * DAY;
/// Failed tries of a known browser in an hour.
pub(super) const DEVICE_TRIES: usize = 10;

const _: () = assert!(DEVICE_LIFE > SESSION_LIFE);

/// Bytes before the seal: member, session, end, mark of the password.
const SAID: usize = 16 + 16 + 8 + 8;

impl Sessions {
    /// The cookie of a browser on which a member has a session.
    pub(super) fn device(&self, member: &member::Model, session: Uuid) -> String {
        let mut bytes = member.id.as_bytes().to_vec();
        bytes.extend(session.as_bytes());
        bytes.extend((self.env.now() + DEVICE_LIFE).to_be_bytes());
        bytes.extend(self.mark(member));
        let seal = self.device_seal(&bytes);
        bytes.extend(seal);
        format!("cwd_{}", URL_SAFE_NO_PAD.encode(bytes))
    }

    /// What the tries of a browser are counted by, if its cookie is good for the account of this address.
    ///
    /// # Errors
    /// What the database says.
    pub(super) async fn known(&self, device: &str, email: &str) -> Result<Option<String>, SignInError> {
        let parts = device.strip_prefix("cwd_").filter(|rest| rest.len() < 100);
        let Some(bytes) = parts.and_then(|rest| URL_SAFE_NO_PAD.decode(rest).ok()) else { return Ok(None) };
        let Some((said, seal)) = bytes.split_at_checked(SAID) else { return Ok(None) };
        // Judged before anything is asked of the database, for this is where strangers knock.
        if !bool::from(seal.ct_eq(&self.device_seal(said))) {
            return Ok(None);
        }
        let (Ok(member), Ok(session), Ok(ends)) =
            (Uuid::from_slice(&said[..16]), Uuid::from_slice(&said[16..32]), said[32..40].try_into())
        else {
            return Ok(None);
        };
        if Millis::from_be_bytes(ends) <= self.env.now() {
            return Ok(None);
        }
        let mut tx = self.db.read().await?;
        let system = tx.system().await?;
        let query = system.find::<member::Entity>().filter(member::Column::Id.eq(member));
        let row = query.one(system.on()).await?;
        let own = row.is_some_and(|row| row.email == email && self.mark(&row) == said[40..]);
        Ok(own.then(|| format!("device {session}")))
    }

    fn device_seal(&self, said: &[u8]) -> [u8; 16] {
        self.half(said, "known device")
    }

    /// Tells one password of a member from the next.
    fn mark(&self, member: &member::Model) -> [u8; 8] {
        let mut mark = [0; 8];
        mark.copy_from_slice(&self.half(member.password_hash.as_bytes(), "password of a known device")[..8]);
        mark
    }

    fn half(&self, said: &[u8], purpose: &str) -> [u8; 16] {
        let mut half = [0; 16];
        half.copy_from_slice(&hmac::sign(&self.master.derive_global(purpose), said).as_ref()[..16]);
        half
    }
}
