//! Secrets of endpoints and what is signed by them: Standard Webhooks 1.0, symmetric.

use crate::{
    accounts::{
        MasterKey,
        keys::{KeyError, Place},
    },
    clock::Env,
    db::Scoped,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use cartwheel_domain::{
    ids::{DeliveryId, HookId},
    time::{HOUR, Millis},
};
use cartwheel_entity::hook_endpoint;
use ring::hmac;
use serde::{Deserialize, Serialize};

/// What stands before the base64 of a secret.
pub const PREFIX: &str = "whsec_";

/// How long the secret before goes on signing after a rotation.
pub const OVERLAP: Millis = 24 * HOUR;

/// The secrets of an endpoint, as sealed.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Secrets {
    /// In force.
    pub now: String,
    /// The one before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub old: Option<String>,
}

/// A fresh secret: 32 bytes.
pub fn fresh(env: &Env) -> String {
    format!("{PREFIX}{}", STANDARD.encode(env.random::<32>()))
}

/// `v1,` and the base64 of HMAC-SHA-256 over `id.timestamp.body`. The key is the *decoded* secret; `None` for a text that is none.
pub fn signature(secret: &str, id: DeliveryId, seconds: i64, body: &str) -> Option<String> {
    let key = STANDARD.decode(secret.strip_prefix(PREFIX)?).ok()?;
    let mut context = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, &key));
    for part in [id.to_string().as_bytes(), b".", seconds.to_string().as_bytes(), b".", body.as_bytes()] {
        context.update(part);
    }
    Some(format!("v1,{}", STANDARD.encode(context.sign())))
}

impl Secrets {
    /// The value of `webhook-signature`: one signature by each secret that holds, with a space between.
    pub fn header(&self, id: DeliveryId, seconds: i64, body: &str) -> String {
        let all = std::iter::once(&self.now).chain(&self.old);
        all.filter_map(|secret| signature(secret, id, seconds, body)).collect::<Vec<_>>().join(" ")
    }

    /// Sealed for the row of an endpoint.
    ///
    /// # Errors
    /// [`KeyError`].
    pub async fn seal(
        &self,
        scoped: &Scoped<'_>,
        (env, key): (&Env, &MasterKey),
        id: HookId,
    ) -> Result<String, KeyError> {
        let text = serde_json::to_string(self).unwrap_or_default();
        key.seal(scoped, env, Place::Hook(scoped.store_id(), id), &text).await
    }

    /// Those of a row that hold at `now`; `None` when it was changed in the database.
    ///
    /// # Errors
    /// [`KeyError`].
    pub async fn open(
        scoped: &Scoped<'_>,
        key: &MasterKey,
        row: &hook_endpoint::Model,
        now: Millis,
    ) -> Result<Option<Self>, KeyError> {
        let place = Place::Hook(scoped.store_id(), HookId(row.id));
        let Some(text) = key.unseal(scoped, place, &row.sealed).await? else { return Ok(None) };
        let Ok(mut secrets) = serde_json::from_str::<Self>(text.expose()) else { return Ok(None) };
        if row.old_until.is_none_or(|until| until <= now) {
            secrets.old = None;
        }
        Ok(Some(secrets))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the Standard Webhooks reference libraries, with their message id put in place of a typed one.
    #[test]
    fn the_key_is_the_decoded_secret() {
        let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
        let id = DeliveryId(uuid::Uuid::nil());
        let body = r#"{"test": 2432232314}"#;
        let signed = signature(secret, id, 1_614_265_330, body).expect("a signature");
        let key = STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").expect("base64");
        let whole = format!("{id}.1614265330.{body}");
        let expected = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &key), whole.as_bytes());
        assert_eq!(signed, format!("v1,{}", STANDARD.encode(expected)));
        assert!(
            include_str!("../../../docs/webhooks.md").contains(&signed),
            "the example in the documentation: {signed}"
        );
        assert_eq!(signature("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", id, 0, body), None, "no prefix, no secret");
        let both = Secrets { now: secret.into(), old: Some("whsec_b2xk".into()) };
        assert_eq!(both.header(id, 0, body).split(' ').count(), 2);
    }
}
