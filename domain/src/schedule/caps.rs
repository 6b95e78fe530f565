//! Frequency caps over a sliding window.

use crate::time::Millis;
use serde::{Deserialize, Serialize};

/// At most `max` messages in any window of `window` milliseconds, wherever it begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cap {
    /// How many; 0 stops everything.
    pub max: u32,
    /// Length of the window in milliseconds.
    pub window: Millis,
}

/// Whether one more message at `now` keeps the cap, given when earlier ones went out (in any order).
pub fn cap_allows(sent_at: &[Millis], now: Millis, cap: Cap) -> bool {
    let recent = sent_at.iter().filter(|at| **at > now - cap.window).count();
    u32::try_from(recent).is_ok_and(|n| n < cap.max)
}

/// The earliest instant from `now` on at which one more message keeps the cap; `None` when the cap is 0.
pub fn cap_next(sent_at: &[Millis], now: Millis, cap: Cap) -> Option<Millis> {
    let max = usize::try_from(cap.max).ok().filter(|max| *max > 0)?;
    let mut newest_first: Vec<Millis> = sent_at.to_vec();
    newest_first.sort_unstable_by(|a, b| b.cmp(a));
    // Once the max-th newest has left the window, fewer than max are in it.
    Some(newest_first.get(max - 1).map_or(now, |at| now.max(at + cap.window)))
}

/// The earliest instant that keeps all of `caps`.
pub fn caps_next(sent_at: &[Millis], now: Millis, caps: &[Cap]) -> Option<Millis> {
    caps.iter().try_fold(now, |at, cap| Some(at.max(cap_next(sent_at, now, *cap)?)))
}

#[cfg(test)]
#[path = "caps_tests.rs"]
mod tests;
