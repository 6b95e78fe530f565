//! Keys at rest, in two layers (decision 0015): values are sealed by data keys, one a store and one for what belongs to no
//! store, and data keys are wrapped by the master key, which is nowhere but in the settings. So the master key can be
//! replaced while the service runs: only the wrapping is done anew.
//!
//! The *root*, from which the keys of links and hashes are derived, is wrapped like a data key and never changes: mails that are
//! out carry links signed by it. What was sealed before there were data keys was sealed by it directly, and still opens.

mod cipher;
mod masters;
mod ring;
pub mod rotate;
pub mod survey;
mod vault;
mod walk;

#[cfg(test)]
mod tests;

pub use masters::Given;
pub use ring::MasterKey;
pub use vault::Vault;

use super::secrets::SecretKind;
use crate::db::DbError;
use cartwheel_domain::ids::{HookId, MailId, MemberId, ProviderId, StoreId};
use sea_orm::DbErr;
use std::path::PathBuf;

/// Why a key cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// Not a list of keys.
    #[error("{place}: key {nth} is not 32 bytes in base64; `openssl rand -base64 32` makes one")]
    Form {
        /// Variable or file.
        place: String,
        /// Which of the keys in it, from 1.
        nth: usize,
    },
    /// Keys in two places.
    #[error("CARTWHEEL_MASTER_KEY and CARTWHEEL_MASTER_KEY_FILE are both set: take one of them away")]
    Twice,
    /// The key file cannot be read or made.
    #[error("cannot read or make the master key file {0}: {1}")]
    File(PathBuf, std::io::Error),
    /// The key file is gone, and the database needs it.
    #[error(
        "the master key file {0} is missing, and what this database keeps sealed opens with no other key: put the file back, or \
         name it by CARTWHEEL_MASTER_KEY_FILE"
    )]
    Missing(PathBuf),
    /// Wrapped by a master key that was not given.
    #[error(
        "keys in this database are wrapped by the master key {wanted}, and {place} holds {given}: add it behind the \
         present one, and take it out when `cartwheel keys rotate` and `cartwheel doctor` have found nothing under it any more"
    )]
    Foreign {
        /// Fingerprint of the key that is needed.
        wanted: String,
        /// Where the keys at hand come from.
        place: String,
        /// Their fingerprints.
        given: String,
    },
    /// What was sealed before there were data keys opens with none of the given.
    #[error(
        "what this database keeps sealed does not open with the master key {given} of {place}: give the one it was sealed by"
    )]
    Strange {
        /// Where the key at hand comes from.
        place: String,
        /// Its fingerprint.
        given: String,
    },
    /// Several master keys, and a database that has no root yet.
    #[error(
        "this database has had one master key so far, and {place} holds several: start once with the old one alone, then \
         put the new one before it"
    )]
    Several {
        /// Where the keys at hand come from.
        place: String,
    },
    /// Wrapped by a key at hand, and changed since.
    #[error("{0} was changed in the database and does not open: restore its row from a backup")]
    Broken(String),
    /// The database said no.
    #[error(transparent)]
    Db(#[from] DbError),
}

impl From<DbErr> for KeyError {
    fn from(error: DbErr) -> Self {
        Self::Db(error.into())
    }
}

impl From<KeyError> for DbError {
    fn from(error: KeyError) -> Self {
        match error {
            KeyError::Db(error) => error,
            other => Self::Orm(DbErr::Custom(other.to_string())),
        }
    }
}

/// Where a sealed value stands: it opens nowhere else. Whoever keeps another kind of sealed value adds it here, and the compiler
/// says where it has to be sealed anew when keys are replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// A credential of a store.
    Secret(StoreId, SecretKind),
    /// The secrets of an endpoint of a store's outgoing webhooks.
    Hook(StoreId, HookId),
    /// How to sign in at a mail server of a store.
    Provider(StoreId, ProviderId),
    /// The seed of a member's second factor.
    Factor(MemberId),
    /// A mail of the service.
    Mail(MailId),
}

impl Place {
    fn store(self) -> Option<StoreId> {
        match self {
            Self::Secret(store, _) | Self::Hook(store, _) | Self::Provider(store, _) => Some(store),
            Self::Factor(_) | Self::Mail(_) => None,
        }
    }

    fn table(self) -> &'static str {
        match self {
            Self::Secret(..) => "store_secret",
            Self::Hook(..) => "hook_endpoint",
            Self::Provider(..) => "mail_provider",
            Self::Factor(_) => "second_factor",
            Self::Mail(_) => "service_mail",
        }
    }

    fn row(self) -> String {
        match self {
            Self::Secret(_, kind) => kind.as_str().to_owned(),
            Self::Hook(_, hook) => hook.to_string(),
            Self::Provider(_, provider) => provider.to_string(),
            Self::Factor(member) => member.to_string(),
            Self::Mail(mail) => mail.to_string(),
        }
    }

    /// What is bound into a sealed value: store, table, column, row.
    fn bound(self) -> String {
        bound(self.store(), self.table(), "sealed", &self.row())
    }

    /// What was bound in before there were data keys.
    fn bound_once(self) -> String {
        match self.store() {
            Some(store) => format!("{store}/{}/{}", self.table(), self.row()),
            None => format!("{}/{}", self.table(), self.row()),
        }
    }

    /// For whoever has to find it.
    fn named(self) -> String {
        match self.store() {
            Some(store) => format!("{} of {store}", self.row()),
            None => format!("{} {}", self.table(), self.row()),
        }
    }
}

fn bound(store: Option<StoreId>, table: &str, column: &str, row: &str) -> String {
    let whose = store.map_or_else(|| "service".to_owned(), |store| store.to_string());
    format!("v1|{whose}|{table}|{column}|{row}")
}
