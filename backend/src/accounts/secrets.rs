//! Credentials at rest: AES-256-GCM under the master key, with store and kind bound in, so that a sealed value
//! moved to another row or store does not open.

use crate::{
    clock::Env,
    config::Secret,
    db::{DbError, Scoped},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use cartwheel_domain::ids::StoreId;
use cartwheel_entity::store_secret;
use ring::{
    aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    hmac,
};
use sea_orm::{ActiveValue::Set, ColumnTrait, QueryFilter};
use std::{path::Path, sync::Arc};

/// Which credential of a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecretKind {
    /// Shopify app client secret: checks webhook signatures.
    Shopify,
    /// The store's own mail route.
    SmtpUrl,
    /// DKIM private key, PKCS#8 PEM.
    DkimKey,
}

impl SecretKind {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Shopify, Self::SmtpUrl, Self::DkimKey];

    /// As stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Shopify => "shopify_secret",
            Self::SmtpUrl => "smtp_url",
            Self::DkimKey => "dkim_key",
        }
    }
}

/// Why a secret could not be opened or the key not be read.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// Not 32 bytes of base64.
    #[error("CARTWHEEL_MASTER_KEY must be 32 bytes in base64")]
    Key,
    /// The key file cannot be read or made.
    #[error("cannot read or make the master key file {0}: {1}")]
    File(std::path::PathBuf, std::io::Error),
    /// Sealed under another key, or moved, or changed.
    #[error("the credential {0} does not open with this master key")]
    Sealed(&'static str),
    /// The database said no.
    #[error(transparent)]
    Db(#[from] DbError),
}

/// The key that seals credentials and from which the keys of links and address hashes are derived.
#[derive(Clone)]
pub struct MasterKey(Arc<[u8; 32]>);

impl MasterKey {
    /// From 32 bytes in base64.
    ///
    /// # Errors
    /// [`SecretError::Key`].
    pub fn parse(secret: &Secret) -> Result<Self, SecretError> {
        let bytes = STANDARD.decode(secret.expose().trim()).map_err(|_| SecretError::Key)?;
        Ok(Self(Arc::new(bytes.try_into().map_err(|_| SecretError::Key)?)))
    }

    /// Reads the key from a file, or makes one there, readable by its owner alone.
    ///
    /// # Errors
    /// [`SecretError::File`], [`SecretError::Key`].
    pub fn from_file(path: &Path, env: &Env) -> Result<Self, SecretError> {
        use std::io::Write;
        let fail = |e| SecretError::File(path.to_owned(), e);
        if !path.exists() {
            let mut options = std::fs::OpenOptions::new();
            options.write(true).create_new(true);
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
            match options.open(path) {
                Ok(mut file) => {
                    file.write_all(STANDARD.encode(env.random::<32>()).as_bytes()).map_err(fail)?;
                    file.sync_all().map_err(fail)?;
                }
                // Another process of ours was first; its key is the key.
                Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => {}
                Err(e) => return Err(fail(e)),
            }
        }
        Self::parse(&Secret::new(std::fs::read_to_string(path).map_err(fail)?))
    }

    /// A fixed key for tests.
    #[cfg(feature = "testing")]
    pub fn for_tests() -> Self {
        Self(Arc::new([7; 32]))
    }

    /// A key for one use in one store: HMAC-SHA-256 of purpose and store under the master key. Different purposes
    /// give unrelated keys.
    pub fn derive(&self, purpose: &str, store: StoreId) -> hmac::Key {
        let root = hmac::Key::new(hmac::HMAC_SHA256, &*self.0);
        let mut context = hmac::Context::with_key(&root);
        context.update(purpose.as_bytes());
        context.update(&[0]);
        context.update(store.uuid().as_bytes());
        hmac::Key::new(hmac::HMAC_SHA256, context.sign().as_ref())
    }

    /// A key for one use above the stores.
    pub fn derive_global(&self, purpose: &str) -> hmac::Key {
        let root = hmac::Key::new(hmac::HMAC_SHA256, &*self.0);
        hmac::Key::new(hmac::HMAC_SHA256, hmac::sign(&root, purpose.as_bytes()).as_ref())
    }

    /// How a suppression keeps an address: HMAC-SHA-256 under a key of the store's own, in hex. It outlives erasure
    /// and tells nothing to whoever has the database alone. `address` is in canonical form.
    pub fn address_hash(&self, store: StoreId, channel: &str, address: &str) -> String {
        let mut context = hmac::Context::with_key(&self.derive("suppression", store));
        context.update(channel.as_bytes());
        context.update(&[0]);
        context.update(address.as_bytes());
        hex::encode(context.sign().as_ref())
    }

    fn cipher(&self) -> LessSafeKey {
        LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &*self.0).expect("32 bytes are the key's length"))
    }

    /// Seals a text (AES-256-GCM, a random nonce), bound to the place it is kept at: moved elsewhere it does not open.
    pub fn seal(&self, place: &str, env: &Env, text: &str) -> String {
        let nonce: [u8; NONCE_LEN] = env.random();
        let mut data = text.as_bytes().to_vec();
        self.cipher()
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(place), &mut data)
            .expect("a text is far shorter than the cipher's limit");
        STANDARD.encode([nonce.as_slice(), &data].concat())
    }

    /// Opens what was sealed for a place; `None` when it was sealed under another key or for another place, or changed.
    pub fn unseal(&self, place: &str, sealed: &str) -> Option<Secret> {
        let mut bytes = STANDARD.decode(sealed).ok()?;
        let (nonce, data) = bytes.split_at_mut_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let plain = self.cipher().open_in_place(nonce, Aad::from(place), data).ok()?;
        Some(Secret::new(std::str::from_utf8(plain).ok()?))
    }
}

fn place(store: StoreId, kind: SecretKind) -> String {
    format!("{store}/store_secret/{}", kind.as_str())
}

/// Keeps a credential, in place of an older one.
///
/// # Errors
/// What the database says.
pub async fn put(
    scoped: &Scoped<'_>,
    key: &MasterKey,
    env: &Env,
    kind: SecretKind,
    text: &str,
) -> Result<(), SecretError> {
    let row = store_secret::ActiveModel {
        store_id: Set(scoped.store_id().uuid()),
        kind: Set(kind.as_str().into()),
        sealed: Set(key.seal(&place(scoped.store_id(), kind), env, text)),
        created_at: Set(env.now()),
    };
    let columns = [store_secret::Column::Sealed, store_secret::Column::CreatedAt];
    Ok(scoped.upsert::<store_secret::Entity>(vec![row], &columns).await?)
}

/// Reads a credential; `None` when the store has none.
///
/// # Errors
/// [`SecretError::Sealed`] when it was sealed under another key; what the database says.
pub async fn get(
    scoped: &Scoped<'_>,
    key: &MasterKey,
    kind: SecretKind,
) -> Result<Option<Secret>, SecretError> {
    let row = scoped
        .find::<store_secret::Entity>()
        .filter(store_secret::Column::Kind.eq(kind.as_str()))
        .one(scoped.on())
        .await
        .map_err(DbError::from)?;
    let open = |row: store_secret::Model| {
        key.unseal(&place(scoped.store_id(), kind), &row.sealed).ok_or(SecretError::Sealed(kind.as_str()))
    };
    row.map(open).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sealed_value_opens_only_where_it_belongs() {
        let (env, key) = (Env::system(), MasterKey::for_tests());
        let (a, b): (StoreId, StoreId) = (env.id(), env.id());
        let sealed = key.seal(&place(a, SecretKind::Shopify), &env, "shpss_canary");
        let opens = |key: &MasterKey, store, kind, sealed: &str| {
            key.unseal(&place(store, kind), sealed).map(|secret| secret.expose().to_owned())
        };
        assert_eq!(opens(&key, a, SecretKind::Shopify, &sealed).as_deref(), Some("shpss_canary"));
        assert_eq!(opens(&key, b, SecretKind::Shopify, &sealed), None);
        assert_eq!(opens(&key, a, SecretKind::SmtpUrl, &sealed), None);
        assert_eq!(opens(&MasterKey(Arc::new([8; 32])), a, SecretKind::Shopify, &sealed), None);
        let mut bytes = STANDARD.decode(&sealed).expect("base64");
        bytes[NONCE_LEN] ^= 1;
        assert_eq!(opens(&key, a, SecretKind::Shopify, &STANDARD.encode(bytes)), None);
        assert_eq!(opens(&key, a, SecretKind::Shopify, ""), None);
    }

    #[test]
    fn a_key_file_is_made_once_and_kept_private() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("master.key");
        let first = MasterKey::from_file(&path, &Env::system()).expect("made");
        let again = MasterKey::from_file(&path, &Env::system()).expect("read");
        assert_eq!(first.0, again.0);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(std::fs::metadata(&path).expect("file").permissions().mode() & 0o777, 0o600);
        }
    }
}
