//! Recovery: which orders followed a message, what that is worth, and what can be told from chance.
//!
//! Three numbers that are never mixed: orders attributed by a human click, orders attributed by a window after a
//! delivered message, and the increment against the holdout. Links are signed here and hits told apart into people
//! and machines, because the first number rests on both.

mod attribution;
mod incremental;
pub mod link;
pub mod machine;

pub use attribution::{Attribution, MessageFacts, OrderFacts, Rules, Touch, attribute, kept};
pub use incremental::{Arm, Estimate, Incremental, Question, incremental, needed_n};
