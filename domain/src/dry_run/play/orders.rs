//! Orders: whose cart they end, and whether a message brought them.

use super::{Known, Player};
use crate::{
    cart::{CLOCKS_AGREE, Status, boundary, parted},
    dry_run::people::Happening,
    event::OrderChange,
    ids::MessageId,
    journey::EndReason,
    order::{Order, bought, counts},
    recovery::{MessageFacts, OrderFacts, Rules, attribute},
    time::Millis,
};
use uuid::Uuid;

impl Player<'_> {
    pub(super) fn order(
        &mut self,
        event: &Happening,
        change: &OrderChange,
        (trusted, test): (bool, bool),
        cart: Option<usize>,
        endings: &mut Vec<(usize, EndReason)>,
    ) {
        let now = event.at;
        let before = self.orders.get(&change.external_id);
        // A browser does not change what a server told of.
        if !trusted && before.is_some_and(|known| known.trusted) {
            return;
        }
        let had = before.map(|known| (bought(known.order.state), known.order.placed_at));
        let known = self.orders.entry(change.external_id.clone()).or_insert_with(|| Known {
            order: Order::unknown(event.occurred_at),
            trusted,
            test,
            by_message: false,
            mine: event.own,
            own: None,
        });
        known.order.merge(event.occurred_at, change);
        (known.trusted, known.test) = (known.trusted || trusted, known.test || test);
        let (state, placed_at) = (known.order.state, known.order.placed_at);
        let named = change.cart_token.is_some() || change.checkout_token.is_some();
        let own = known.own.or(cart).filter(|_| named);
        known.own = own.or(known.own);
        let moved = had.is_some_and(|(_, at)| at != placed_at);
        if bought(state) && (!had.is_some_and(|(bought, _)| bought) || moved || named) {
            let by_message = self.attributed(own, placed_at);
            if let Some(known) = self.orders.get_mut(&change.external_id) {
                known.by_message = by_message;
            }
            if let Some(own) = own {
                let ended = self.settle(own, placed_at, by_message, now);
                if ended {
                    endings.push((own, EndReason::of_order(true, by_message)));
                } else if self.carts[own].content.at == 0 {
                    // The order overtook its cart's events: they find it finished.
                    let standing = &mut self.carts[own].standing;
                    (standing.status, standing.finished) = (Status::bought(by_message), true);
                }
            }
            for other in 0..self.carts.len() {
                let open = trusted && event.own && Some(other) != own && self.carts[other].open_basket();
                if open && self.settle(other, placed_at, by_message, now) {
                    endings.push((other, EndReason::of_order(false, by_message)));
                }
            }
        }
        self.count_orders();
    }

    /// Ends a cart by an order, if the order is its end.
    fn settle(&mut self, cart: usize, placed_at: Millis, by_message: bool, now: Millis) -> bool {
        let model = &mut self.carts[cart];
        let may = model.standing.status.open() || model.standing.deleted();
        if !may || model.content.at == 0 {
            return false;
        }
        if model.content.at > boundary(placed_at) && parted(model.facts.clone(), placed_at).is_none() {
            return false;
        }
        let standing = &mut model.standing;
        (standing.status, standing.finished, standing.idle_at) = (Status::bought(by_message), true, None);
        (model.changed, model.would_be_left) = (now, None);
        true
    }

    /// A cart of which something was heard that an order came after.
    pub(super) fn settle_with_orders(
        &mut self,
        cart: usize,
        at: Millis,
        now: Millis,
        endings: &mut Vec<(usize, EndReason)>,
    ) {
        let ended = self.last_order_at.is_some_and(|last| boundary(last) >= at);
        if !ended || !self.carts[cart].open_basket() {
            return;
        }
        let since = at.saturating_sub(CLOCKS_AGREE);
        let mut placed: Vec<(Millis, &String, bool)> = self
            .orders
            .iter()
            .filter(|(_, known)| {
                known.mine && known.trusted && bought(known.order.state) && known.order.placed_at >= since
            })
            .map(|(id, known)| (known.order.placed_at, id, known.by_message))
            .collect();
        placed.sort();
        let placed: Vec<(Millis, bool)> = placed.into_iter().map(|(at, _, by)| (at, by)).collect();
        for (placed_at, by_message) in placed {
            if self.settle(cart, placed_at, by_message, now) {
                endings.push((cart, EndReason::of_order(false, by_message)));
            }
        }
    }

    /// Whether an order is attributed to a message: by window, since nobody clicked.
    fn attributed(&self, cart: Option<usize>, placed_at: Millis) -> bool {
        let settings = self.plan.settings;
        let rules =
            Rules { click_days: settings.click_window_days, window_days: settings.message_window_days };
        let contact = self.person.contact;
        let sent = self.person.sent.iter().chain(&self.sent);
        let messages: Vec<MessageFacts> = sent
            .enumerate()
            .map(|(n, sent)| MessageFacts {
                id: MessageId(Uuid::from_u128(n as u128)),
                contact,
                cart: sent.cart,
                delivered_at: Some(sent.at),
                human_clicks: Vec::new(),
            })
            .collect();
        let about = OrderFacts { contact, cart: cart.map(|place| self.carts[place].id), placed_at };
        let found = attribute(&about, &messages, rules);
        found.by_click.or(found.by_window).is_some()
    }

    pub(super) fn count_orders(&mut self) {
        let told = || self.orders.values().filter(|known| known.trusted && known.mine);
        let n = told().filter(|known| counts(known.order.state)).count();
        self.facts.orders = u32::try_from(n).unwrap_or(u32::MAX);
        let last = told().filter(|known| bought(known.order.state)).map(|known| known.order.placed_at).max();
        self.last_order_at = self.last_order_at.max(last);
    }
}
