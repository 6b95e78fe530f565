//! A new sender begins small: mailbox providers trust nobody they have not seen before. The plan doubles each day, which is what the
//! large providers advise, until it no longer matters.

use super::slots::Capacity;
use crate::time::{DAY, Millis};

/// From so many messages a day on there is no ceiling any more.
const ENOUGH: u32 = 50_000;

/// A plan: the day it begins, and the ceiling of that day. Days are those of UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WarmUp {
    /// An instant of its first day.
    pub from: Millis,
    /// Ceiling of the first day; each further day twice that of the day before.
    pub first: u32,
}

/// When the UTC day of an instant begins.
pub fn day_start(at: Millis) -> Millis {
    at - at.rem_euclid(DAY)
}

impl WarmUp {
    /// Ceiling of the first day unless somebody says otherwise.
    pub const USUAL: u32 = 50;

    /// Which day of the plan an instant is in, from 1.
    pub fn day(&self, at: Millis) -> u32 {
        let days = (day_start(at) - day_start(self.from)) / DAY;
        u32::try_from(days.max(0)).unwrap_or(u32::MAX).saturating_add(1)
    }

    /// How many may go on the day of an instant; `None` when the plan is over.
    pub fn ceiling(&self, at: Millis) -> Option<u32> {
        let doubled = self.day(at) - 1;
        let most = u64::from(self.first.max(1)).checked_shl(doubled.min(40)).unwrap_or(u64::MAX);
        u32::try_from(most).ok().filter(|most| *most < ENOUGH)
    }

    /// The ceilings, day by day, for people.
    pub fn plan(&self) -> Vec<u32> {
        (0..).map_while(|day| self.ceiling(self.from + day * DAY)).collect()
    }
}

impl Capacity for WarmUp {
    fn length(&self) -> Millis {
        DAY
    }

    fn of(&self, window: Millis) -> Option<u32> {
        self.ceiling(window)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        mail::slots::{Booked, Booking},
        time::HOUR,
    };

    #[test]
    fn it_doubles_each_day_and_ends() {
        let plan = WarmUp { from: 5 * DAY + 20 * HOUR, first: 50 };
        assert_eq!(plan.plan(), [50, 100, 200, 400, 800, 1_600, 3_200, 6_400, 12_800, 25_600]);
        assert_eq!((plan.day(5 * DAY + 23 * HOUR), plan.day(6 * DAY)), (1, 2));
        assert_eq!((plan.ceiling(6 * DAY), plan.ceiling(500 * DAY)), (Some(100), None));
        assert_eq!(plan.day(0), 1, "a clock set back begins no day before the first");
    }

    #[test]
    fn what_is_too_much_for_today_waits_for_the_days_after() {
        let (plan, now, mut booking) = (WarmUp { from: 0, first: 2 }, 5 * HOUR, Booking::default());
        let all: Vec<_> = (0..8).map(|_| booking.book(now, &plan)).collect();
        let day = |n: i64, place: i64| Booked::At(n * DAY + place * 1_000);
        let expected =
            [Booked::Now, Booked::Now, day(1, 0), day(1, 1), day(1, 2), day(1, 3), day(2, 0), day(2, 1)];
        assert_eq!(all, expected);
    }
}
