//! Where a cart stands: its timer, how an order ends it, and when it is closed for age.

use super::{Content, Fact, Status, begins, boundary, came_back, due, expired_before};
use crate::{
    settings::StoreSettings,
    time::{DAY, Millis},
};

/// How many facts of one cart are folded; the newest count.
pub const MAX_FACTS: usize = 500;

/// What a cart's timer looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// Where it stands.
    pub status: Status,
    /// Whether it was finished or closed for age, for good; a cart its source deleted was not.
    pub finished: bool,
    /// When it was judged left, while it counts as left.
    pub abandoned_at: Option<Millis>,
    /// When it will be judged left if nothing more happens.
    pub idle_at: Option<Millis>,
}

/// Why the runs of a cart end by what happened to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// Its source deleted it.
    Deleted,
    /// It was judged left, and there was a sign of life since.
    CameBack,
}

impl Standing {
    /// Of a cart that has just begun.
    pub const NEW: Self = Self { status: Status::Active, finished: false, abandoned_at: None, idle_at: None };

    /// Whether it is closed only because its source deleted it: news of it opens it again.
    pub fn deleted(&self) -> bool {
        self.status == Status::Expired && !self.finished
    }

    /// Sets an open cart's timer anew by what its events add up to. A cart that is marked is never judged left.
    pub fn arm(
        &mut self,
        content: &Content,
        activity: Millis,
        marked: bool,
        settings: &StoreSettings,
    ) -> Option<Turn> {
        let before = self.status;
        if !before.open() && !self.deleted() {
            self.idle_at = None;
            return None;
        }
        if content.deleted {
            (self.status, self.idle_at, self.abandoned_at) = (Status::Expired, None, None);
            return Some(Turn::Deleted);
        }
        let due = due(content, activity, settings);
        let back = match self.abandoned_at {
            Some(at) if before == Status::Abandoned => came_back(at, due, activity),
            _ => false,
        };
        if before != Status::Abandoned || back {
            self.status = content.open_status();
            self.abandoned_at = None;
            self.idle_at = due.filter(|_| !marked);
        }
        back.then_some(Turn::CameBack)
    }
}

/// What an order of `placed_at` makes of an open cart's facts: those it ends, and those that are later. `None` where nothing
/// had begun by then: the order is not this cart's end.
pub fn parted(facts: Vec<Fact>, placed_at: Millis) -> Option<(Vec<Fact>, Vec<Fact>)> {
    let up_to = boundary(placed_at);
    let (earlier, later): (Vec<_>, Vec<_>) = facts.into_iter().partition(|f| f.at <= up_to);
    earlier.iter().any(|f| begins(&f.change)).then_some((earlier, later))
}

/// Whether a cart whose timer ran out is closed for age instead of judged left.
pub fn too_old(activity: Millis, now: Millis, settings: &StoreSettings) -> bool {
    activity < expired_before(now, settings)
}

/// The first instant at which an open cart is closed for age: no activity, and no other change of it, for longer than
/// the store keeps it.
pub fn closes_at(activity: Millis, changed: Millis, settings: &StoreSettings) -> Millis {
    activity.max(changed).saturating_add(i64::from(settings.expire_after_days) * DAY).saturating_add(1)
}
