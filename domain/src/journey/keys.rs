//! Keys and groups made by hashing: the same arguments give the same answer on every machine, for ever.
//!
//! Every part is hashed with its length before it, so that no two lists of parts run together.

use super::{
    node::{Awaited, WaitScope},
    node_id::NodeId,
};
use crate::ids::{CartId, ContactId, JourneyId, RunId, StoreId};
use sha2::{Digest, Sha256};

/// [`bucket`] is below this: hundredths of a percent.
pub const BUCKETS: u32 = 10_000;

fn hash(domain: &str, parts: &[&[u8]]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    for part in std::iter::once(&domain.as_bytes()).chain(parts) {
        hasher.update((part.len() as u64).to_be_bytes());
        hasher.update(part);
    }
    hasher.finalize().into()
}

/// The key of one message: the same on every retry of the step and of the call to the provider, unique in the outbox.
/// 64 hex digits of SHA-256.
pub fn send_key(store: StoreId, run: RunId, node: &NodeId, visit: u32) -> String {
    let parts: [&[u8]; 4] =
        [store.0.as_bytes(), run.0.as_bytes(), node.as_str().as_bytes(), &visit.to_be_bytes()];
    hex::encode(hash("cartwheel.send.1", &parts))
}

/// An even number in `0..10_000` for these parts.
pub fn bucket(parts: &[&[u8]]) -> u32 {
    let digest = hash("cartwheel.bucket.1", parts);
    let head = u64::from_be_bytes(digest[..8].try_into().expect("a digest has 32 bytes"));
    // The remainder's bias is below 10^-15.
    u32::try_from(head % u64::from(BUCKETS)).expect("a remainder is below its divisor")
}

/// Where a person stands in a journey's holdout: below `percent * 100` means held out.
pub fn holdout_bucket(store: StoreId, journey: JourneyId, contact: ContactId) -> u32 {
    bucket(&[b"holdout", store.0.as_bytes(), journey.0.as_bytes(), contact.0.as_bytes()])
}

/// Where a person stands at a split.
pub fn split_bucket(journey: JourneyId, node: &NodeId, contact: ContactId) -> u32 {
    bucket(&[b"split", journey.0.as_bytes(), node.as_str().as_bytes(), contact.0.as_bytes()])
}

/// The key that keeps a cart or quote from beginning a journey twice: its id and the number of the entry, from 0.
pub fn entry_key(cart: CartId, number: u32) -> String {
    format!("{cart}#{number}")
}

/// The id of a run: a hash of journey and entry key, so that the primary key admits an entry once.
pub fn run_id(journey: JourneyId, entry_key: &str) -> RunId {
    let mut hash = Sha256::new();
    hash.update(b"cartwheel.run.1");
    hash.update(journey.uuid().as_bytes());
    hash.update(entry_key.as_bytes());
    let digest = hash.finalize();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    RunId(uuid::Builder::from_custom_bytes(bytes).into_uuid())
}

/// The key of a registered wait, `run_wait.key`: the id that an arriving event knows.
pub fn wait_key(awaited: Awaited, cart: CartId, contact: ContactId, run: RunId) -> String {
    match awaited.scope() {
        WaitScope::Cart => cart.to_string(),
        WaitScope::Contact => contact.to_string(),
        WaitScope::Run => run.to_string(),
    }
}
