//! May this abandonment begin a run?

use super::{
    definition::Definition,
    evaluate::{Check, evaluate},
    keys::entry_key,
    node::ReEntry,
    state::Facts,
};
use crate::{
    ids::CartId,
    time::{Millis, SECOND},
};

/// What has been before, of this journey (all versions).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PastEntries {
    /// Runs of this cart.
    pub of_cart: u32,
    /// One of them is not over yet.
    pub running: bool,
    /// When the last of them began.
    pub last_of_cart: Option<Millis>,
    /// When the contact's last run began, whatever the cart.
    pub last_of_contact: Option<Millis>,
}

/// Earlier runs of one cart that are looked up: the newest abandonments of one left more often are not asked for.
pub const LOOK_BACK: u32 = 20;

/// A run may begin, under this key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Unique with store and journey: two workers that both see the abandonment make one run.
    pub entry_key: String,
}

/// Why no run begins; kept in the cart's timeline.
#[derive(Debug, Clone, PartialEq)]
pub enum NoEntry {
    /// The journey is not for this kind of cart.
    OtherKind,
    /// Bots, tests and staff are never mailed.
    Excluded,
    /// The trigger's filter does not hold.
    Filtered(Vec<Check>),
    /// A run of this cart is not over: it goes on, and a second beside it would say everything twice.
    StillIn,
    /// This cart has been through it as often as it may.
    AlreadyIn {
        /// How often.
        times: u32,
    },
    /// Too soon after the cart's last run.
    TooSoon {
        /// When it might.
        free_at: Millis,
    },
    /// Too soon after the contact's last run.
    CoolDown {
        /// When it might.
        free_at: Millis,
    },
}

impl NoEntry {
    /// The word for timelines and counters.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::OtherKind => "other_kind",
            Self::Excluded => "excluded",
            Self::Filtered(_) => "filtered",
            Self::StillIn => "still_in",
            Self::AlreadyIn { .. } => "already_in",
            Self::TooSoon { .. } => "too_soon",
            Self::CoolDown { .. } => "cool_down",
        }
    }
}

/// Whether a cart that was just judged abandoned begins a run.
///
/// # Errors
/// The reason against it.
pub fn admit(
    def: &Definition,
    cart: CartId,
    facts: &Facts,
    past: PastEntries,
    now: Millis,
) -> Result<Entry, NoEntry> {
    let trigger = def.trigger().filter(|t| t.on.contains(&facts.cart.kind)).ok_or(NoEntry::OtherKind)?;
    if facts.cart.excluded {
        return Err(NoEntry::Excluded);
    }
    let after = |last: Millis, seconds: i64| last.saturating_add(seconds.max(0).saturating_mul(SECOND));
    if past.running {
        return Err(NoEntry::StillIn);
    }
    if past.of_cart > 0 {
        match trigger.re_entry {
            ReEntry::Once => return Err(NoEntry::AlreadyIn { times: past.of_cart }),
            ReEntry::Again { at_most, .. } if i64::from(past.of_cart) >= at_most => {
                return Err(NoEntry::AlreadyIn { times: past.of_cart });
            }
            ReEntry::Again { after_seconds, .. } => {
                let free_at = past.last_of_cart.map_or(now, |last| after(last, after_seconds));
                if free_at > now {
                    return Err(NoEntry::TooSoon { free_at });
                }
            }
        }
    }
    let free_at = past.last_of_contact.map_or(now, |last| after(last, def.settings.cool_down_seconds));
    if def.settings.cool_down_seconds > 0 && free_at > now {
        return Err(NoEntry::CoolDown { free_at });
    }
    if let Some(filter) = &trigger.filter {
        let (holds, checks) = evaluate(filter, facts);
        if !holds {
            return Err(NoEntry::Filtered(checks));
        }
    }
    Ok(Entry { entry_key: entry_key(cart, past.of_cart) })
}
