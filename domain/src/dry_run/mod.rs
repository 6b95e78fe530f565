//! The dry run: past events played through a draft in virtual time, with nothing sent.
//!
//! [`play`] takes the events of one person in the order in which they came in and does with them what the engine does:
//! the same projection of carts ([`crate::cart`]), the same admission and steps ([`crate::journey`]), the same last look
//! ([`crate::last_look`]), each at the very instant at which it is due. What is decided is decided there and nowhere here; this
//! is the clock and the bookkeeping. [`Tally`] adds up what happened to many people.
//!
//! What history cannot tell is assumed, and said ([`ASSUMPTIONS`]).

mod cart;
mod people;
mod play;
mod played;
mod tally;

pub use people::{Happening, KnownOrder, OwnBrowser, OwnCart, Person, Plan, Sent, What};
pub use play::play;
pub use played::{Fate, Played, PlayedMessage, PlayedRun, Refused};
pub use tally::{Bucket, MOST_CARTS, Number, Tally, kinds};

/// What a dry run takes for granted, by the words the console says it with.
pub const ASSUMPTIONS: [&str; 6] = [
    // Nobody opened or clicked a message that was never sent.
    "no_engagement",
    // People did what they did: no message would have changed it.
    "same_behaviour",
    // The store's settings, and what is known of people beside address, orders and consent, are those of today; so are the browsers
    // that may be notified, each from when it was first heard of.
    "as_today",
    // Nobody is in the journey when it begins, and no version of it has sent anything.
    "nobody_in",
    // The workers are always in time, and every address takes what is sent.
    "always_in_time",
    // What the organisation's plan lets go is not asked.
    "no_plan_limits",
];

#[cfg(test)]
mod tests;
