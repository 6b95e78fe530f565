//! The journey every new store begins with.

use super::definition::Definition;

/// The JSON of [`default_recovery_journey`], as a store could have written it.
pub const DEFAULT_JSON: &str = include_str!("default_recovery.json");

/// Mails 1, 24 and 48 hours after a cart, a checkout or a quote was left, to nine in ten people; a purchase ends it.
///
/// The first mail is informational: it names what was left and offers nothing, which is what some countries allow
/// without consent. A cart that was taken up and left again begins anew, three times at most and never beside a run that
/// is not over: a shopper who looked in for a minute is not forgotten. The lengths of the waits are relative to abandonment: 1 h, then 23 h and 24 h more.
pub fn default_recovery_journey() -> Definition {
    Definition::from_json(DEFAULT_JSON).expect("the file beside this one is read by a test")
}

/// The same with the store's own size of the holdout, percent of people; out of range is brought to the nearest bound.
pub fn default_recovery_journey_with(holdout_percent: i64) -> Definition {
    let mut def = default_recovery_journey();
    def.hold_out(holdout_percent);
    def
}
