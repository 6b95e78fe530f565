//! Attribution: by click and by window, each the last touch before the order.

use crate::{
    ids::{CartId, ContactId, MessageId},
    money::Money,
    time::{DAY, Millis},
};
use serde::{Deserialize, Serialize};

/// How long after a touch an order still counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rules {
    /// Days after a human click.
    pub click_days: u32,
    /// Days after delivery.
    pub window_days: u32,
}

impl Default for Rules {
    /// Five days for both, the habit of the trade (Klaviyo's default window).
    fn default() -> Self {
        Self { click_days: 5, window_days: 5 }
    }
}

/// What is known of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageFacts {
    /// The message.
    pub id: MessageId,
    /// To whom.
    pub contact: ContactId,
    /// About which cart.
    pub cart: Option<CartId>,
    /// When the provider accepted it; `None` while it has not, or when it came back.
    pub delivered_at: Option<Millis>,
    /// When a person pressed a link in it; hits of machines are left out ([`super::machine`]).
    pub human_clicks: Vec<Millis>,
}

/// What is known of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OrderFacts {
    /// Who bought.
    pub contact: ContactId,
    /// The cart it came from, when the platform tells.
    pub cart: Option<CartId>,
    /// When.
    pub placed_at: Millis,
}

/// The message an order is attributed to, and when it touched the person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Touch {
    /// The message.
    pub message: MessageId,
    /// The click, or the delivery.
    pub at: Millis,
}

/// An order's attribution by the two definitions, kept apart.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attribution {
    /// The last human click within the rule's days.
    pub by_click: Option<Touch>,
    /// The last delivery within the rule's days.
    pub by_window: Option<Touch>,
}

/// Attributes an order. A message touches it when it went to the same contact or was about the same cart.
pub fn attribute(order: &OrderFacts, messages: &[MessageFacts], rules: Rules) -> Attribution {
    let touching = || {
        messages.iter().filter(|m| m.contact == order.contact || (m.cart.is_some() && m.cart == order.cart))
    };
    let last = |touches: &mut dyn Iterator<Item = Touch>, days: u32| {
        let within =
            |t: &Touch| t.at <= order.placed_at && order.placed_at - t.at <= Millis::from(days) * DAY;
        // Of two touches at one instant the message with the later id, so that the answer does not depend on order.
        touches.filter(within).max_by_key(|t| (t.at, t.message.0))
    };
    let touch = |m: &MessageFacts, at| Touch { message: m.id, at };
    Attribution {
        by_click: last(
            &mut touching().flat_map(|m| m.human_clicks.iter().map(move |at| touch(m, *at))),
            rules.click_days,
        ),
        by_window: last(&mut touching().filter_map(|m| Some(touch(m, m.delivered_at?))), rules.window_days),
    }
}

/// What is left of an order's total once refunds and cancellation are taken back out: never below zero, and `None`
/// when nothing is left, so that the order no longer counts as recovered either.
pub fn kept(total: Money, refunded_minor: i64, cancelled: bool) -> Option<Money> {
    let left = total.minor.saturating_sub(refunded_minor.max(0));
    (!cancelled && left > 0).then(|| Money::new(left, total.currency))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{money::Currency, time::HOUR};
    use uuid::Uuid;

    fn message(n: u128, delivered: Option<Millis>, clicks: &[Millis]) -> MessageFacts {
        MessageFacts {
            id: MessageId(Uuid::from_u128(n)),
            contact: ContactId(Uuid::from_u128(1)),
            cart: Some(CartId(Uuid::from_u128(1))),
            delivered_at: delivered,
            human_clicks: clicks.to_vec(),
        }
    }

    const PLACED: Millis = 100 * DAY;

    fn order(contact: u128, cart: Option<u128>) -> OrderFacts {
        OrderFacts {
            contact: ContactId(Uuid::from_u128(contact)),
            cart: cart.map(|n| CartId(Uuid::from_u128(n))),
            placed_at: PLACED,
        }
    }

    fn ids(found: Attribution) -> (Option<u128>, Option<u128>) {
        let id = |t: Option<Touch>| t.map(|t| t.message.0.as_u128());
        (id(found.by_click), id(found.by_window))
    }

    #[test]
    fn click_and_window_are_kept_apart() {
        let clicked = message(1, Some(PLACED - 4 * DAY), &[PLACED - 3 * DAY, PLACED - HOUR]);
        let newer = message(2, Some(PLACED - DAY), &[]);
        let found = attribute(&order(1, None), &[clicked, newer], Rules::default());
        assert_eq!(ids(found), (Some(1), Some(2)));
        assert_eq!(found.by_click.map(|t| t.at), Some(PLACED - HOUR), "the last click");
    }

    #[test]
    fn touches_outside_the_days_or_after_the_order_do_not_count() {
        let rules = Rules { click_days: 2, window_days: 3 };
        let at = |delivered, click| {
            ids(attribute(&order(1, None), &[message(1, Some(delivered), &[click])], rules))
        };
        assert_eq!(at(PLACED - 3 * DAY, PLACED - 2 * DAY), (Some(1), Some(1)));
        assert_eq!(at(PLACED - 3 * DAY - 1, PLACED - 2 * DAY - 1), (None, None));
        assert_eq!(at(PLACED, PLACED), (Some(1), Some(1)));
        assert_eq!(at(PLACED + 1, PLACED + 1), (None, None));
        assert_eq!(ids(attribute(&order(1, None), &[message(1, None, &[])], rules)), (None, None));
    }

    #[test]
    fn the_same_contact_or_the_same_cart_joins() {
        let sent = [message(1, Some(PLACED - DAY), &[])];
        assert_eq!(ids(attribute(&order(1, Some(9)), &sent, Rules::default())).1, Some(1));
        assert_eq!(
            ids(attribute(&order(9, Some(1)), &sent, Rules::default())).1,
            Some(1),
            "bought on another device"
        );
        assert_eq!(ids(attribute(&order(9, Some(9)), &sent, Rules::default())).1, None);
        let without_cart = [MessageFacts { cart: None, ..sent[0].clone() }];
        assert_eq!(
            ids(attribute(&order(9, None), &without_cart, Rules::default())).1,
            None,
            "no cart is no match"
        );
    }

    #[test]
    fn of_two_touches_at_one_instant_the_answer_does_not_depend_on_order() {
        let (a, b) = (message(1, Some(PLACED), &[]), message(2, Some(PLACED), &[]));
        let one = attribute(&order(1, None), &[a.clone(), b.clone()], Rules::default());
        assert_eq!(one, attribute(&order(1, None), &[b, a], Rules::default()));
    }

    #[test]
    fn refunds_and_cancellations_are_taken_back_out() {
        let total = Money::new(5_000, Currency::EUR);
        let left = |refunded, cancelled| kept(total, refunded, cancelled).map(|m| m.minor);
        assert_eq!(left(0, false), Some(5_000));
        assert_eq!(left(1_200, false), Some(3_800));
        assert_eq!((left(5_000, false), left(6_000, false), left(0, true)), (None, None, None));
        assert_eq!(left(-10, false), Some(5_000), "a refund is never negative");
        assert_eq!(kept(Money::new(0, Currency::EUR), 0, false), None);
    }
}
