//! Permission, kept: the append-only ledger, standing noes, and the page and the one click by which people say no.
//!
//! What the entries add up to and whether a message may go is decided in `cartwheel_domain::consent`; here they are
//! written, read in batches, and proven unchanged.

pub mod circle;
pub mod http;
pub mod ledger;
pub mod links;
mod page;
pub mod suppression;
pub mod unsubscribe;

pub(crate) use page::escape;

use crate::{
    accounts::MasterKey,
    db::{DbError, Scoped},
};
use cartwheel_domain::consent::Channel;

/// Whether a standing no is on record for an address. A channel we do not know has none.
///
/// # Errors
/// What the database says.
pub async fn suppressed(
    scoped: &Scoped<'_>,
    key: &MasterKey,
    channel: &str,
    address: &str,
) -> Result<bool, DbError> {
    match Channel::from_name(channel) {
        Some(channel) => Ok(suppression::standing(scoped, key, (channel, address)).await?.is_some()),
        None => Ok(false),
    }
}

#[cfg(test)]
mod tests;
