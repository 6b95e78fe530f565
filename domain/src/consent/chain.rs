//! The hash chain that makes an append-only ledger tamper-evident: `hash[n] = SHA-256(hash[n-1] ‖ canonical entry)`.
//!
//! Whoever edits, deletes, inserts or reorders an entry breaks the chain from there on. Cutting off the end leaves a
//! shorter chain that is whole, so [`verify`] also compares with the head and the count that were kept elsewhere.
//! Personal data does not belong in an entry, only its keyed hash: erasing a person must not break the chain.

use crate::ids::StoreId;
use serde_json::Value;
use sha2::{Digest, Sha256};

/// One link: 32 bytes of SHA-256.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ChainHash(pub [u8; 32]);

impl ChainHash {
    /// As stored: 64 hex digits.
    pub fn to_hex(self) -> String {
        hex::encode(self.0)
    }

    /// Reads 64 hex digits.
    pub fn from_hex(text: &str) -> Option<Self> {
        Some(Self(hex::decode(text).ok()?.try_into().ok()?))
    }
}

/// Why an entry has no canonical form.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0} is a fraction: a chained entry holds whole numbers only, since fractions have no single text form"
)]
pub struct NotCanonical(String);

/// What is wrong with a chain.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// The first entry whose hash does not follow from the one before it, counted from 0.
    #[error("entry {0} of the chain was changed, or one before it was removed, added or moved")]
    At(usize),
    /// The chain is whole but is not the one that was recorded.
    #[error(
        "the chain has {found} entries where {expected} were recorded, or ends in another hash: its end was cut off or replaced"
    )]
    Head {
        /// Entries there should be.
        expected: usize,
        /// Entries there are.
        found: usize,
    },
}

/// Where a store's chain begins; another store's entries cannot be passed off as this one's.
pub fn genesis(store: StoreId) -> ChainHash {
    ChainHash(
        Sha256::new()
            .chain_update(b"cartwheel consent ledger 1")
            .chain_update(store.0.as_bytes())
            .finalize()
            .into(),
    )
}

/// The link for `entry` after `previous`.
///
/// # Errors
/// [`NotCanonical`] when the entry holds a fraction.
pub fn next(previous: ChainHash, entry: &Value) -> Result<ChainHash, NotCanonical> {
    let text = canonical(entry)?;
    Ok(ChainHash(Sha256::new().chain_update(previous.0).chain_update(text.as_bytes()).finalize().into()))
}

/// Checks a whole chain against its recorded head (last hash and number of entries).
///
/// # Errors
/// [`Broken`] with the place.
pub fn verify<'a>(
    genesis: ChainHash,
    entries: impl IntoIterator<Item = (&'a Value, ChainHash)>,
    head: (ChainHash, usize),
) -> Result<(), Broken> {
    let mut last = genesis;
    let mut count = 0;
    for (entry, stored) in entries {
        match next(last, entry) {
            Ok(hash) if hash == stored => last = hash,
            _ => return Err(Broken::At(count)),
        }
        count += 1;
    }
    if (last, count) == head { Ok(()) } else { Err(Broken::Head { expected: head.1, found: count }) }
}

/// The one text of a JSON value: RFC 8785 for values without fractions (keys sorted by UTF-16 units, no spaces).
///
/// # Errors
/// [`NotCanonical`] for a fraction.
pub fn canonical(value: &Value) -> Result<String, NotCanonical> {
    let mut out = String::new();
    write(value, &mut out)?;
    Ok(out)
}

fn write(value: &Value, out: &mut String) -> Result<(), NotCanonical> {
    match value {
        Value::Number(n) if !n.is_i64() && !n.is_u64() => return Err(NotCanonical(n.to_string())),
        Value::Array(items) => {
            out.push('[');
            for (i, item) in items.iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                write(item, out)?;
            }
            out.push(']');
        }
        Value::Object(map) => {
            let mut keys: Vec<&String> = map.keys().collect();
            keys.sort_by(|a, b| a.encode_utf16().cmp(b.encode_utf16()));
            out.push('{');
            for (i, key) in keys.into_iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                out.push_str(&Value::from(key.as_str()).to_string());
                out.push(':');
                write(&map[key], out)?;
            }
            out.push('}');
        }
        plain => out.push_str(&plain.to_string()),
    }
    Ok(())
}

#[cfg(test)]
#[path = "chain_tests.rs"]
mod tests;
