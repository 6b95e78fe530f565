//! Web push: the pair of keys of a store, and the browsers that may be notified.
//!
//! A browser is bound to the random token that its carts are bound to, not to an address that was typed into it: whoever types somebody
//! else's address gets no reminder of theirs. Reminders of other carts of the person go only to browsers for which the shop's server
//! has vouched (an event by the secret key that names browser and person).

mod devices;
mod keys;

pub use devices::{KEPT, Seen, count, end, forget, of_contacts, put, sweep, vouch};
pub use keys::{ensure, pair, rotate};

#[cfg(test)]
mod tests;
