//! When a message may go: hours of the day in the recipient's zone, waits until a local hour, and caps.
//!
//! Time is milliseconds UTC; what is local is computed from the IANA rules at each instant. A clock change makes two
//! kinds of odd days: in a *gap* some local times do not exist, in a *fold* some come twice. A wait for a local time
//! in a gap ends at the first instant after it; one in a fold ends at its first occurrence, and only once.

mod caps;
mod local;
mod quiet;
mod zones;

pub use caps::{Cap, cap_allows, cap_next, caps_next};
pub use local::{LocalTime, next_local, next_weekday, plus_days};
pub use quiet::{QuietHours, is_quiet, next_allowed};
pub use zones::{ZoneGuess, ZoneSource, guess_zone, wall_zone, zones_of_country};
