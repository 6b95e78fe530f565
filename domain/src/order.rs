//! Orders: what the messages about one order add up to, in whatever order and number they come.
//!
//! The state only rises (`unfinished`, `awaiting`, `purchased`, `cancelled`): a platform that says "paid" after
//! "cancelled" has sent an old message. Platforms whose states go back and forth say so in their messages
//! ([`OrderChange::newest_counts`]): of those the newest decides. Total, lines and codes are those of the newest message that names a total.
//! Refunds count once each, by their id.

use crate::{
    event::{LineItem, OrderChange, OrderState},
    money::{Currency, MAX_MINOR, Money},
    time::Millis,
};
use std::{cmp::Ordering, collections::BTreeMap};

/// What is known of one order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// Where it stands.
    pub state: OrderState,
    /// The number people say.
    pub number: Option<String>,
    /// Total and its currency, once told.
    pub total: Option<Money>,
    /// Time of the message the total was taken from; 0 before any.
    pub total_at: Millis,
    /// Lines of that message.
    pub lines: Vec<LineItem>,
    /// Codes of that message.
    pub coupons: Vec<String>,
    /// The largest sum of refunds any message told.
    pub refunded_told: i64,
    /// Refunds by their id; [`MAX_MINOR`] stands for "all of it".
    pub refunds: BTreeMap<String, i64>,
    /// When it was placed: the earliest time told by a message that says it was.
    pub placed_at: Millis,
    /// When it was cancelled: the earliest time told.
    pub cancelled_at: Option<Millis>,
}

/// How far a state is along the way; the highest counts.
const fn rank(state: OrderState) -> u8 {
    match state {
        OrderState::Unfinished => 0,
        OrderState::Awaiting => 1,
        OrderState::Purchased => 2,
        OrderState::Cancelled => 3,
    }
}

/// Whether a state means that somebody bought: such an order ends what was left of the cart. A cancelled order was one.
pub const fn bought(state: OrderState) -> bool {
    rank(state) > 0
}

/// Whether an order of this state counts in revenue and in the number of orders.
pub const fn counts(state: OrderState) -> bool {
    matches!(state, OrderState::Purchased | OrderState::Awaiting)
}

impl Order {
    /// An order of which nothing is known but that some message named it at `at`.
    pub fn unknown(at: Millis) -> Self {
        Self {
            state: OrderState::Unfinished,
            number: None,
            total: None,
            total_at: 0,
            lines: Vec::new(),
            coupons: Vec::new(),
            refunded_told: 0,
            refunds: BTreeMap::new(),
            placed_at: at,
            cancelled_at: None,
        }
    }

    /// Takes one message in. Messages commute, and a second arrival of one changes nothing.
    pub fn merge(&mut self, at: Millis, change: &OrderChange) {
        let said = change.placed_at.unwrap_or(at);
        // Only what says that somebody bought says when: a refund or a pending payment may be told of before.
        let tells = |state| if change.newest_counts { counts(state) } else { bought(state) };
        self.placed_at = match (change.state.is_some_and(tells), bought(self.state)) {
            (true, false) => said,
            (false, true) => self.placed_at,
            _ => self.placed_at.min(said),
        };
        if let Some(state) = change.state {
            if change.newest_counts && rank(state) > 0 {
                self.stands(at, state);
            } else if rank(state) > rank(self.state) {
                self.state = state;
            }
            if state == OrderState::Cancelled {
                self.cancelled_at = Some(self.cancelled_at.map_or(at, |c| c.min(at)));
            }
        }
        // Greater text wins among different numbers: a rule that does not depend on the order of arrival.
        if change.number > self.number {
            self.number.clone_from(&change.number);
        }
        if let Some(total) = change.total {
            let newer = (at, total.minor, total.currency.code())
                > (self.total_at, self.minor(), self.currency_code());
            if newer || self.total.is_none() {
                self.total = Some(total);
                self.total_at = at;
                self.lines.clone_from(&change.lines);
                self.coupons.clone_from(&change.coupons);
            }
        }
        self.refunded_told = self.refunded_told.max(change.refunded_total_minor.unwrap_or(0));
        if let Some(refund) = &change.refund {
            let minor = refund.minor.unwrap_or(MAX_MINOR).clamp(0, MAX_MINOR);
            let known = self.refunds.entry(refund.id.clone()).or_insert(minor);
            *known = (*known).max(minor);
        }
    }

    /// Where it stands when the newest message decides. What came to an end unbought stays `Unfinished`, with the time of
    /// its end; what had been bought is `Cancelled`, whichever of the two messages came first.
    fn stands(&mut self, at: Millis, said: OrderState) {
        let lapsed = self.state == OrderState::Unfinished && self.cancelled_at.is_some();
        let newest = if lapsed { OrderState::Cancelled } else { self.state };
        let decides = match at.cmp(&self.total_at.max(self.cancelled_at.unwrap_or(0))) {
            Ordering::Greater => said,
            Ordering::Equal if rank(said) > rank(newest) => said,
            _ => newest,
        };
        let ever = bought(self.state) || counts(said);
        self.state = if bought(decides) && !ever { OrderState::Unfinished } else { decides };
    }

    fn minor(&self) -> i64 {
        self.total.map_or(0, |t| t.minor)
    }

    fn currency_code(&self) -> &str {
        self.total.as_ref().map_or("", |t| t.currency.code())
    }

    /// Currency of its amounts, when told.
    pub fn currency(&self) -> Option<Currency> {
        self.total.map(|t| t.currency)
    }

    /// What has gone back, never more than the total.
    pub fn refunded_minor(&self) -> i64 {
        let sum = self.refunds.values().fold(0i64, |n, minor| n.saturating_add(*minor));
        sum.max(self.refunded_told).clamp(0, self.minor().max(0))
    }

    /// What it adds to the figures: one order and what is left of its total, or nothing.
    pub fn contribution(&self) -> (i64, i64) {
        if counts(self.state) { (1, self.minor() - self.refunded_minor()) } else { (0, 0) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Refund;
    use proptest::prelude::*;

    fn change(state: Option<OrderState>, total: Option<i64>) -> OrderChange {
        OrderChange {
            external_id: "1".into(),
            number: None,
            state,
            total: total.map(|t| Money::new(t, Currency::EUR)),
            refunded_total_minor: None,
            refund: None,
            cart_token: None,
            checkout_token: None,
            lines: Vec::new(),
            coupons: Vec::new(),
            placed_at: None,
            newest_counts: false,
        }
    }

    fn refund(id: &str, minor: Option<i64>) -> OrderChange {
        OrderChange { refund: Some(Refund { id: id.into(), minor }), ..change(None, None) }
    }

    #[test]
    fn a_refund_counts_once_and_never_more_than_the_total() {
        let mut order = Order::unknown(1);
        order.merge(1, &refund("r1", Some(300)));
        order.merge(2, &change(Some(OrderState::Purchased), Some(1000)));
        order.merge(3, &refund("r1", Some(300)));
        assert_eq!(order.contribution(), (1, 700));
        order.merge(4, &refund("r2", None));
        assert_eq!((order.refunded_minor(), order.contribution()), (1000, (1, 0)));
    }

    #[test]
    fn an_order_is_placed_when_a_message_says_so() {
        let mut order = Order::unknown(9);
        order.merge(1, &refund("r", Some(1)));
        assert_eq!(order.placed_at, 1);
        order.merge(5, &change(Some(OrderState::Purchased), Some(10)));
        order.merge(2, &change(Some(OrderState::Unfinished), Some(10)));
        assert_eq!(order.placed_at, 5);
        order.merge(4, &OrderChange { placed_at: Some(3), ..change(Some(OrderState::Purchased), Some(10)) });
        assert_eq!(order.placed_at, 3);
    }

    #[test]
    fn cancelled_stays_cancelled() {
        let mut order = Order::unknown(1);
        order.merge(5, &change(Some(OrderState::Cancelled), None));
        order.merge(9, &change(Some(OrderState::Purchased), Some(10)));
        assert_eq!(
            (order.state, order.contribution(), order.cancelled_at),
            (OrderState::Cancelled, (0, 0), Some(5))
        );
    }

    /// Of a platform whose states go back and forth.
    fn newest(state: OrderState) -> OrderChange {
        OrderChange { newest_counts: true, ..change(Some(state), Some(10)) }
    }

    #[test]
    fn where_the_newest_decides_a_late_payment_brings_an_order_back_and_one_nobody_paid_was_never_bought() {
        use OrderState::{Awaiting, Cancelled, Purchased, Unfinished};
        for (messages, state) in [
            (&[(1, Cancelled)][..], Unfinished),
            (&[(1, Cancelled), (2, Purchased)], Purchased),
            (&[(1, Awaiting), (2, Cancelled)], Cancelled),
            (&[(2, Cancelled), (1, Awaiting)], Cancelled),
            (&[(1, Awaiting), (2, Cancelled), (3, Purchased)], Purchased),
            (&[(1, Purchased), (2, Awaiting)], Awaiting),
        ] {
            let mut order = Order::unknown(9);
            for (at, said) in messages {
                order.merge(*at, &newest(*said));
            }
            assert_eq!(order.state, state, "{messages:?}");
        }
        let mut order = Order::unknown(9);
        order.merge(4, &newest(Purchased));
        order.merge(5, &OrderChange { total: None, ..newest(Cancelled) });
        order.merge(3, &newest(Purchased));
        assert_eq!((order.state, order.contribution()), (Cancelled, (0, 0)), "deleted, without a total");
    }

    #[test]
    fn an_order_that_only_waits_for_money_is_bought_and_a_failed_one_is_not() {
        assert!(
            bought(OrderState::Awaiting) && counts(OrderState::Awaiting) && bought(OrderState::Cancelled)
        );
        assert!(!bought(OrderState::Unfinished) && !counts(OrderState::Unfinished));
    }

    fn any_change() -> impl Strategy<Value = OrderChange> {
        let state = prop::option::of(prop::sample::select(vec![
            OrderState::Unfinished,
            OrderState::Awaiting,
            OrderState::Purchased,
            OrderState::Cancelled,
        ]));
        let refund = prop::option::of(("[ab]", prop::option::of(1i64..500)));
        (
            state,
            prop::option::of(0i64..1000),
            refund,
            prop::option::of(0i64..500),
            prop::option::of(1i64..9),
            prop::option::of("[xy]"),
        )
            .prop_map(|(state, total, refund, told, placed_at, number)| OrderChange {
                refund: refund.map(|(id, minor)| Refund { id, minor }),
                refunded_total_minor: told,
                placed_at,
                number,
                ..change(state, total)
            })
    }

    fn any_newest() -> impl Strategy<Value = OrderChange> {
        let state =
            prop::sample::select(vec![OrderState::Awaiting, OrderState::Purchased, OrderState::Cancelled]);
        (state, 0i64..3, prop::option::of(1i64..9)).prop_map(|(state, total, placed_at)| OrderChange {
            placed_at,
            newest_counts: true,
            ..change(Some(state), Some(total))
        })
    }

    fn of_one_kind() -> impl Strategy<Value = Vec<(i64, OrderChange)>> {
        prop_oneof![
            prop::collection::vec((1i64..9, any_change()), 1..8),
            prop::collection::vec((1i64..9, any_newest()), 1..8),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(10_000))]

        #[test]
        fn messages_commute_and_repeat_without_effect(
            messages in of_one_kind(),
            order in prop::collection::vec(any::<prop::sample::Index>(), 0..16),
        ) {
            let read = |list: &mut dyn Iterator<Item = &(i64, OrderChange)>| {
                let mut order = Order::unknown(i64::MAX);
                for (at, change) in list {
                    order.merge(*at, change);
                }
                order
            };
            let expected = read(&mut messages.iter());
            let mut shuffled: Vec<_> = order.iter().map(|i| &messages[i.index(messages.len())]).collect();
            shuffled.extend(messages.iter().rev());
            prop_assert_eq!(read(&mut shuffled.into_iter()), expected);
        }
    }
}
