//! The life of a cart: what its events add up to, when it counts as left, and which basket a late event belongs to.
//!
//! Events arrive in any order, more than once and late. The state is therefore a function of the *set* of
//! facts: [`fold`] puts them into one order, by the source's time and then by the event's id, and applies each.
//! [`Content::apply`] is the same step for a fact that is newer than all before it, which is nearly every one;
//! a late fact is folded anew from the kept events. `docs/decisions/0010-order-of-cart-events.md` has the reasons.

use crate::{
    event::{CartChange, CartKind, LineItem, Lines},
    money::{Currency, MAX_MINOR},
    settings::StoreSettings,
    time::{DAY, MINUTE, Millis, SECOND},
};
use uuid::Uuid;

mod standing;

pub use standing::{MAX_FACTS, Standing, Turn, closes_at, parted, too_old};

/// Lines kept of one cart; the total still counts all that the source names.
pub const MAX_LINES: usize = 500;

/// Where a cart stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    /// Being filled.
    Active,
    /// In the checkout.
    Checkout,
    /// Judged left.
    Abandoned,
    /// Bought after a message.
    Recovered,
    /// Bought without our help.
    Converted,
    /// Closed for age.
    Expired,
}

impl Status {
    /// All of them, in the order of a cart's life.
    pub const ALL: [Self; 6] =
        [Self::Active, Self::Checkout, Self::Abandoned, Self::Recovered, Self::Converted, Self::Expired];

    /// As stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Checkout => "checkout",
            Self::Abandoned => "abandoned",
            Self::Recovered => "recovered",
            Self::Converted => "converted",
            Self::Expired => "expired",
        }
    }

    /// The status of a stored name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.as_str() == name)
    }

    /// What an order makes of a cart: bought after a message it is attributed to, or without our help.
    pub const fn bought(by_message: bool) -> Self {
        if by_message { Self::Recovered } else { Self::Converted }
    }

    /// Whether the cart can still change: the other three are terminal.
    pub const fn open(self) -> bool {
        matches!(self, Self::Active | Self::Checkout | Self::Abandoned)
    }
}

/// One change of a cart, with what orders it among the others.
#[derive(Debug, Clone, PartialEq)]
pub struct Fact {
    /// The source's time.
    pub at: Millis,
    /// The event's id; decides between facts of one millisecond, the same way on every arrival.
    pub id: Uuid,
    /// What changed.
    pub change: CartChange,
}

/// What the events of one cart add up to.
#[derive(Debug, Clone, PartialEq)]
pub struct Content {
    /// What it is: a basket becomes a checkout and never a basket again.
    pub kind: CartKind,
    /// Currency, once any event named one.
    pub currency: Option<Currency>,
    /// Lines, in the order in which they came.
    pub lines: Vec<LineItem>,
    /// Value in minor units.
    pub total_minor: i64,
    /// Where the shop restores it.
    pub recovery_url: Option<String>,
    /// Until when a quote is valid.
    pub valid_until: Option<Millis>,
    /// Who has to approve a quote.
    pub approver: Option<String>,
    /// A number a person would say.
    pub number: Option<String>,
    /// Latest step of the checkout.
    pub step: Option<String>,
    /// Latest coupon.
    pub coupon: Option<String>,
    /// Whether the newest fact is an exit signal.
    pub left: bool,
    /// Whether the newest fact is the cart's deletion at the source.
    pub deleted: bool,
    /// Time of the newest fact; 0 before the first.
    pub at: Millis,
}

impl Default for Content {
    fn default() -> Self {
        Self {
            kind: CartKind::Cart,
            currency: None,
            lines: Vec::new(),
            total_minor: 0,
            recovery_url: None,
            valid_until: None,
            approver: None,
            number: None,
            step: None,
            coupon: None,
            left: false,
            deleted: false,
            at: 0,
        }
    }
}

fn put<T: Clone>(slot: &mut Option<T>, value: &Option<T>) {
    if value.is_some() {
        slot.clone_from(value);
    }
}

/// What the lines cost, in minor units; saturates far above any cart.
pub fn sum(lines: &[LineItem]) -> i64 {
    lines
        .iter()
        .fold(0i64, |n, l| n.saturating_add(l.unit_minor.saturating_mul(i64::from(l.quantity))))
        .clamp(0, MAX_MINOR)
}

/// How many things are in the lines.
pub fn count(lines: &[LineItem]) -> i32 {
    i32::try_from(lines.iter().map(|l| u64::from(l.quantity)).sum::<u64>()).unwrap_or(i32::MAX)
}

impl Content {
    /// Whether a fact is simply the next one. One of the same instant is not: its place is decided by its id among the
    /// kept events. Nor is any before the cart has begun: what was kept without effect may come to have one.
    pub fn is_newer(&self, at: Millis) -> bool {
        self.at > 0 && at > self.at
    }

    /// Applies the next fact. What comes before anything is in the basket says nothing about it.
    pub fn apply(&mut self, at: Millis, change: &CartChange) {
        if self.at == 0 && !begins(change) {
            return;
        }
        self.kind = self.kind.max(change.kind);
        // A cart has one currency. Prices in the one before would be read as the new one's: those lines go until the shop
        // tells the whole cart anew.
        if matches!((self.currency, change.currency), (Some(before), Some(now)) if before != now)
            && matches!(change.lines, Lines::Add(_) | Lines::AddAll(_))
        {
            self.lines.clear();
        }
        put(&mut self.currency, &change.currency);
        put(&mut self.recovery_url, &change.recovery_url);
        put(&mut self.valid_until, &change.valid_until);
        put(&mut self.approver, &change.approver);
        put(&mut self.number, &change.number);
        put(&mut self.step, &change.step);
        put(&mut self.coupon, &change.coupon);
        self.left = change.left;
        self.deleted = matches!(change.lines, Lines::Delete);
        self.at = self.at.max(at);
        let counted = match &change.lines {
            Lines::Keep => None,
            Lines::Set(lines) => {
                self.lines = lines.iter().take(MAX_LINES).cloned().collect();
                Some(sum(lines))
            }
            Lines::Add(line) => {
                self.add(line);
                Some(sum(&self.lines))
            }
            Lines::AddAll(lines) => {
                lines.iter().for_each(|line| self.add(line));
                Some(sum(&self.lines))
            }
            Lines::Remove { key, quantity } => {
                self.remove(key, *quantity);
                Some(sum(&self.lines))
            }
            Lines::Delete => {
                self.lines.clear();
                Some(0)
            }
        };
        if let Some(total) = change.total_minor.filter(|_| !matches!(change.lines, Lines::Delete)).or(counted)
        {
            self.total_minor = total;
        }
    }

    fn add(&mut self, line: &LineItem) {
        if let Some(own) = self.lines.iter_mut().find(|l| l.key == line.key) {
            let quantity = own.quantity.saturating_add(line.quantity);
            *own = LineItem { quantity, ..line.clone() };
        } else if self.lines.len() < MAX_LINES {
            self.lines.push(line.clone());
        }
    }

    fn remove(&mut self, key: &str, quantity: Option<u32>) {
        if let Some(index) = self.lines.iter().position(|l| l.key == key) {
            let left = quantity.map_or(0, |n| self.lines[index].quantity.saturating_sub(n));
            if left == 0 {
                self.lines.remove(index);
            } else {
                self.lines[index].quantity = left;
            }
        }
    }

    /// Whether there is nothing in it that anybody could have left.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty() && self.total_minor == 0
    }

    /// Where it stands while it is neither left nor finished.
    pub fn open_status(&self) -> Status {
        if self.kind == CartKind::Cart { Status::Active } else { Status::Checkout }
    }
}

impl Fact {
    /// Its place among the facts of a cart. Clients send several within one millisecond: then what adds counts before
    /// what takes away, and what states the whole cart counts last.
    pub fn place(&self) -> (Millis, u8, CartKind, Uuid) {
        let rank = match self.change.lines {
            Lines::Add(_) | Lines::AddAll(_) => 0,
            Lines::Remove { .. } => 1,
            Lines::Keep => 2,
            Lines::Set(_) => 3,
            Lines::Delete => 4,
        };
        (self.at, rank, self.change.kind, self.id)
    }
}

/// What a set of facts adds up to, whatever order they come in.
pub fn fold<'a>(facts: impl IntoIterator<Item = &'a Fact>) -> Content {
    let mut sorted: Vec<&Fact> = facts.into_iter().collect();
    sorted.sort_by_key(|f| f.place());
    sorted.dedup_by_key(|f| f.id);
    let mut content = Content::default();
    for fact in sorted {
        content.apply(fact.at, &fact.change);
    }
    content
}

/// Whether a change begins a new basket where there is none: it must bring something. The emptied cart that shops
/// report after a purchase begins nothing.
pub fn begins(change: &CartChange) -> bool {
    match &change.lines {
        Lines::Set(lines) => !lines.is_empty() || change.total_minor.is_some_and(|t| t > 0),
        Lines::Add(_) => true,
        Lines::AddAll(lines) => !lines.is_empty(),
        Lines::Keep => change.total_minor.is_some_and(|t| t > 0),
        Lines::Remove { .. } | Lines::Delete => false,
    }
}

/// When a cart with this content counts as left if nothing more happens; `None` when there is nothing to leave.
///
/// `activity` is the newest sign of life. A quote counts as left after its own, longer time, and at the end of its
/// validity at the latest.
pub fn due(content: &Content, activity: Millis, settings: &StoreSettings) -> Option<Millis> {
    if content.is_empty() {
        return None;
    }
    if content.left {
        return Some(activity);
    }
    let seconds = match content.kind {
        CartKind::Cart => settings.abandon_cart_after_seconds,
        CartKind::Checkout => settings.abandon_checkout_after_seconds,
        CartKind::Quote => settings.abandon_quote_after_seconds,
    };
    let idle = activity.saturating_add(i64::from(seconds) * SECOND);
    let end =
        content.valid_until.filter(|_| content.kind == CartKind::Quote).map_or(idle, |v| v.max(activity));
    Some(idle.min(end))
}

/// Whether a cart that was judged left at `abandoned_at` is active again now that it would have been due at `due`.
/// An event that merely arrived late does not bring it back; a sign of life after the judgement does.
pub fn came_back(abandoned_at: Millis, due: Option<Millis>, activity: Millis) -> bool {
    match due {
        Some(due) => due > abandoned_at,
        None => activity > abandoned_at,
    }
}

/// Clocks that differ by less than this are taken as right.
pub const CLOCKS_AGREE: Millis = MINUTE;

/// Up to when what happens under a token still belongs to the basket that an order of `placed_at` ended.
pub fn boundary(placed_at: Millis) -> Millis {
    placed_at.saturating_add(CLOCKS_AGREE)
}

/// Since when an open cart without any activity is closed for age.
pub fn expired_before(now: Millis, settings: &StoreSettings) -> Millis {
    now.saturating_sub(i64::from(settings.expire_after_days) * DAY)
}

/// Marks of a cart, a contact or an order, added up: once marked, always marked.
pub fn joined(a: crate::event::Marks, b: crate::event::Marks) -> crate::event::Marks {
    crate::event::Marks { bot: a.bot || b.bot, test: a.test || b.test, staff: a.staff || b.staff }
}

#[cfg(test)]
mod tests;
