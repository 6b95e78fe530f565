//! Places in a queue that moves at a given pace. Whoever comes when there is room goes at once; whoever comes later is told when it is
//! their turn, once: when they come back they go. So what waits keeps its order, is put off once and is never lost, and a row of two
//! numbers is all that has to be remembered, however much waits.

use crate::time::Millis;

/// How many may go in a window, and how long windows are. Windows begin at whole multiples of their length.
pub trait Capacity {
    /// Length of a window.
    fn length(&self) -> Millis;

    /// How many may go in the window that begins at this instant; at least one. `None`: any number.
    fn of(&self, window: Millis) -> Option<u32>;
}

/// How far a queue is booked: the last window with bookings, and how many it has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Booking {
    /// When it begins.
    pub window: Millis,
    /// Bookings in it.
    pub used: u32,
}

/// What a booking comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Booked {
    /// Go.
    Now,
    /// Come back then, and go.
    At(Millis),
}

impl Booking {
    /// Whether somebody who comes now would go now.
    pub fn has_room(&self, now: Millis, capacity: &impl Capacity) -> bool {
        let current = now - now.rem_euclid(capacity.length());
        match capacity.of(current) {
            None => self.window <= current,
            Some(most) => self.window < current || (self.window == current && self.used < most),
        }
    }

    /// The next free place.
    pub fn book(&mut self, now: Millis, capacity: &impl Capacity) -> Booked {
        let length = capacity.length();
        let current = now - now.rem_euclid(length);
        if self.window < current {
            *self = Self { window: current, used: 0 };
        }
        while let Some(most) = capacity.of(self.window) {
            if self.used < most.max(1) {
                break;
            }
            *self = Self { window: self.window + length, used: 0 };
        }
        let place = self.used;
        self.used = self.used.saturating_add(1);
        if self.window == current {
            return Booked::Now;
        }
        // Spread over the window, so that a minute's share does not leave in its first second; those of a day come at its beginning.
        let most = capacity.of(self.window).map_or(1, |most| most.max(1));
        let apart = (length / Millis::from(most)).min(1_000);
        Booked::At(self.window + Millis::from(place) * apart)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::{DAY, MINUTE};
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    struct Steady(Millis, u32);

    impl Capacity for Steady {
        fn length(&self) -> Millis {
            self.0
        }

        fn of(&self, _: Millis) -> Option<u32> {
            Some(self.1)
        }
    }

    #[test]
    fn whoever_comes_too_late_is_told_when_it_is_their_turn() {
        let (mut booking, pace) = (Booking::default(), Steady(MINUTE, 2));
        let now = 10 * MINUTE + 5_000;
        let all: Vec<_> = (0..6).map(|_| booking.book(now, &pace)).collect();
        let at = |minute: i64, more: i64| Booked::At(minute * MINUTE + more);
        assert_eq!(all, [Booked::Now, Booked::Now, at(11, 0), at(11, 1_000), at(12, 0), at(12, 1_000)]);
        assert!(!booking.has_room(now, &pace));
        // Whoever comes while others wait goes behind them.
        assert_eq!(booking.book(11 * MINUTE, &pace), at(13, 0));
        assert_eq!(booking.book(DAY, &pace), Booked::Now, "long past, it begins anew");
    }

    proptest! {
        /// Whatever comes when: no window gets more than its share, nobody overtakes, and nobody waits longer than those before need.
        #[test]
        fn no_window_gets_more_than_its_share(
            most in 1_u32..9,
            comings in prop::collection::vec(0_i64..90_000, 1..200),
        ) {
            let (mut booking, pace, mut now) = (Booking::default(), Steady(MINUTE, most), 0);
            let (mut per_window, mut last, mut before) = (BTreeMap::<i64, u32>::new(), 0, 0);
            for (n, wait) in comings.iter().enumerate() {
                now += wait;
                let goes = match booking.book(now, &pace) {
                    Booked::Now => now,
                    Booked::At(at) => at,
                };
                prop_assert!(goes >= now && goes >= last.min(goes), "nobody is sent into the past");
                prop_assert!(goes / MINUTE >= before, "nobody overtakes");
                let needed = i64::try_from(n).unwrap_or(0) / i64::from(most) + 1;
                prop_assert!(goes / MINUTE <= now / MINUTE + needed, "nobody waits longer than those before need");
                (last, before) = (goes, goes / MINUTE);
                *per_window.entry(goes / MINUTE).or_insert(0) += 1;
            }
            prop_assert!(per_window.values().all(|n| *n <= most), "{per_window:?}");
        }
    }
}
