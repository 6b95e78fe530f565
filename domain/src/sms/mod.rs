//! Text messages: how many parts a text takes, what it may cost, and what an answer to one says.

mod answer;
mod segments;
mod sender;

pub use answer::{Answer, answer};
pub use segments::{Encoding, MOST_PARTS, Parts, parts, plain};
pub use sender::{Sender, account_id};
