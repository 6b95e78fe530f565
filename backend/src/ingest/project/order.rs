//! Order events: the order itself, the carts it ends, and what it is attributed to.

use super::{Arrived, Unit, order_keys};
use crate::{
    analytics::Metric,
    carts::{self, KeyKind},
    db::DbError,
    orders,
};
use cartwheel_domain::{
    cart::{Status, begins, boundary, parted},
    event::{CartKind, LineItem, Marks, OrderChange, OrderState, Source},
    hook::HookKind,
    ids::{CartId, ContactId, JourneyId, MessageId},
    journey::EndReason,
    money::Money,
    order::{bought, counts},
    recovery::{MessageFacts, OrderFacts, Rules, attribute},
    time::DAY,
};
use cartwheel_entity::{cart, journey_run, message, shop_order};
use sea_orm::{ColumnTrait, Condition, QueryFilter, QueryOrder, QuerySelect};
use std::collections::BTreeSet;
use uuid::Uuid;

impl Unit<'_, '_> {
    pub(super) async fn order_event(
        &mut self,
        one: &Arrived,
        change: &OrderChange,
        contact: Option<Uuid>,
    ) -> Result<Option<Uuid>, DbError> {
        let (source, external) = (one.event.source, change.external_id.as_str());
        // A browser may tell of its own order; it may not change one that a server told of.
        if !source.trusted() && self.orders.get(external).is_some_and(|o| o.source != source.as_str()) {
            return Ok(None);
        }
        let before = self.orders.get(external).cloned();
        let mut order = self.orders.order(external, one.event.occurred_at);
        order.merge(one.event.occurred_at, change);
        if before.is_none() {
            let id = self.env.uuid();
            let row =
                self.orders.created(id, external, source.as_str(), self.store.settings.currency, self.now);
            self.orders.add(row);
        }
        self.orders.put(external, &order);
        let marks = self.marks_for_order(contact, one.event.marks);
        self.orders.change(external, |m| {
            m.contact_id = m.contact_id.or(contact);
            m.test |= marks.test || marks.bot || marks.staff;
            if source.trusted() {
                m.source = source.as_str().into();
            }
        });
        let had = before.as_ref().and_then(|m| OrderState::from_name(&m.state));
        let moved = before.as_ref().is_some_and(|m| m.placed_at != order.placed_at || m.contact_id.is_none());
        let mut cart = before.as_ref().and_then(|m| m.cart_id);
        if bought(order.state)
            && (!had.is_some_and(bought)
                || moved
                || change.cart_token.is_some()
                || change.checkout_token.is_some())
        {
            cart = self.end_carts(one, change, external).await?.or(cart);
        }
        if bought(order.state) && !had.is_some_and(bought) && self.store.hooks.has(HookKind::OrderPlaced) {
            self.placed_orders.insert(external.to_owned());
        }
        self.count_for_contact(before.as_ref(), external);
        self.figure(before.as_ref(), external).await?;
        Ok(cart)
    }

    fn marks_for_order(&self, contact: Option<Uuid>, given: Marks) -> Marks {
        let person = contact.and_then(|c| self.contacts.get(c));
        let person =
            person.map_or_else(Marks::default, |m| Marks { bot: m.bot, test: m.test, staff: m.staff });
        cartwheel_domain::cart::joined(given, person)
    }

    /// Ends the carts of the order's tokens and, from a trusted source, the person's other open carts and checkouts.
    async fn end_carts(
        &mut self,
        one: &Arrived,
        change: &OrderChange,
        external: &str,
    ) -> Result<Option<Uuid>, DbError> {
        let source = one.event.source;
        let keys = order_keys(source, change.cart_token.as_deref(), change.checkout_token.as_deref());
        let mut own: BTreeSet<Uuid> = BTreeSet::new();
        for key in &keys {
            let past = key.past().and_then(|k| self.carts.at(&k));
            own.extend(self.carts.at(key).into_iter().chain(past));
        }
        self.attribute(external, own.iter().next_back().copied()).await?;
        let Some(order) = self.orders.get(external).cloned() else { return Ok(None) };
        let mut ended = None;
        for cart in &own {
            if self.settle(*cart, &order, true).await? {
                ended = Some(*cart);
            }
        }
        // What was closed for age stays so; the order is linked to it, for what its messages and its group are owed.
        let lapsed = |c: &&Uuid| {
            let up_to = boundary(order.placed_at);
            let of =
                |m: &cart::Model| carts::status(m) == Status::Expired && (1..=up_to).contains(&m.source_at);
            self.carts.get(**c).is_some_and(of)
        };
        ended = ended.or_else(|| own.iter().rfind(lapsed).copied());
        if ended.is_none()
            && !keys.is_empty()
            && !own.iter().any(|c| self.carts.get(*c).is_some_and(|m| m.order_id.is_some()))
        {
            ended = self.came_first(one, &order, &keys).await?;
        }
        if let Some(contact) = order.contact_id.filter(|_| source.trusted()) {
            for cart in self.carts.open_of(self.scoped, contact).await? {
                let quote = self.carts.get(cart).is_some_and(|m| m.kind == CartKind::Quote.as_str());
                if !quote && !own.contains(&cart) && self.settle(cart, &order, false).await? {
                    ended = ended.or(Some(cart));
                }
            }
        }
        if let Some(cart) = ended {
            self.orders.change(external, |m| m.cart_id = m.cart_id.or(Some(cart)));
            self.experiment(external, cart).await?;
        }
        Ok(ended)
    }

    /// Ends one cart by an order, if the order is its end: `own` when it was ordered itself. A cart with events on both sides of the order is split.
    pub(super) async fn settle(
        &mut self,
        cart: Uuid,
        order: &shop_order::Model,
        own: bool,
    ) -> Result<bool, DbError> {
        let Some(model) = self.carts.get(cart) else { return Ok(false) };
        // What its shop deleted may have been deleted because it was bought.
        let deleted = own && carts::status(model) == Status::Expired && model.finished_at.is_none();
        if !carts::status(model).open() && !deleted {
            return Ok(false);
        }
        let up_to = boundary(order.placed_at);
        // What a cart that is to be folded anew comes to is not written in its row yet.
        if model.source_at > up_to || self.stale.contains(&cart) {
            let facts = self.facts_of(cart).await?;
            let Some((_, later)) = parted(facts, order.placed_at) else { return Ok(false) };
            if later.iter().any(|f| begins(&f.change)) {
                self.split(cart, later).await?;
            } else {
                self.put_back(cart, later).await?;
            }
        }
        let by = match (order.click_message_id, order.window_message_id) {
            (Some(_), _) => Some("click"),
            (None, Some(_)) => Some("window"),
            (None, None) => None,
        };
        let now = self.now;
        let was_left = self.carts.change(cart, |m| {
            let was_left = m.entries > 0 || m.abandoned_at.is_some();
            m.status = Status::bought(by.is_some()).as_str().into();
            (m.recovered_by, m.order_id) = (by.map(str::to_owned), Some(order.id));
            (m.finished_at, m.idle_at, m.updated_at) = (Some(order.placed_at), None, now);
            was_left && !(m.bot || m.test || m.staff)
        });
        if was_left == Some(true) && by.is_none() {
            self.deltas.count(order.placed_at, Metric::Converted, None, 1);
        }
        self.bought.insert(cart);
        self.ended.insert(cart, EndReason::of_order(own, by.is_some()).as_str());
        Ok(true)
    }

    /// The order overtook its cart's events: a finished cart stands under its tokens, so that they find it.
    async fn came_first(
        &mut self,
        one: &Arrived,
        order: &shop_order::Model,
        keys: &[carts::Key],
    ) -> Result<Option<Uuid>, DbError> {
        let id = self.env.uuid();
        let currency = order.currency.parse().unwrap_or(self.store.settings.currency);
        let mut model =
            carts::created(self.store.id.uuid(), id, one.event.source, currency, one.event.marks, self.now);
        model.contact_id = order.contact_id;
        model.kind = CartKind::Checkout.as_str().into();
        model.status = "converted".into();
        (model.order_id, model.finished_at) = (Some(order.id), Some(order.placed_at));
        let lines: Vec<LineItem> = serde_json::from_value(order.lines.clone()).unwrap_or_default();
        (model.items, model.total_minor) = (LineItem::text(&lines), order.total_minor);
        self.carts.add(model);
        for key in keys.iter().filter(|k| !matches!(k.kind, KeyKind::Claimed | KeyKind::ClaimedCheckout)) {
            match (self.carts.at(key), key.past()) {
                // A newer basket has the token: this one is the basket before it.
                (Some(newer), Some(past)) => {
                    self.carts.point(&past, id);
                    self.give_back(newer, boundary(order.placed_at), id).await?;
                }
                (Some(_), None) => {}
                (None, _) => self.carts.point(key, id),
            }
        }
        self.adopt_waiting(keys, id);
        Ok(Some(id))
    }

    /// By which message the order was brought about, by the two definitions.
    async fn attribute(&mut self, external: &str, cart: Option<Uuid>) -> Result<(), DbError> {
        let Some(order) = self.orders.get(external).cloned() else { return Ok(()) };
        let Some(contact) = order.contact_id.or_else(|| self.carts.get(cart?)?.contact_id) else {
            return Ok(());
        };
        let settings = &self.store.settings;
        let rules =
            Rules { click_days: settings.click_window_days, window_days: settings.message_window_days };
        let days = i64::from(rules.click_days.max(rules.window_days)) + 1;
        let mut touching = Condition::any().add(message::Column::ContactId.eq(contact));
        if let Some(cart) = cart {
            touching = touching.add(message::Column::CartId.eq(cart));
        }
        let query = self.scoped.find::<message::Entity>().filter(touching);
        let query = query
            .filter(message::Column::SentAt.gte(order.placed_at - days * DAY))
            .order_by_desc(message::Column::SentAt);
        let sent = query.limit(200).all(self.scoped.on()).await?;
        let facts: Vec<MessageFacts> = sent
            .iter()
            .map(|m| MessageFacts {
                id: MessageId(m.id),
                contact: ContactId(m.contact_id),
                cart: m.cart_id.map(CartId),
                delivered_at: m.delivered_at.or(m.sent_at).filter(|_| m.bounced_at.is_none()),
                human_clicks: m.clicked_at.into_iter().collect(),
            })
            .collect();
        let about =
            OrderFacts { contact: ContactId(contact), cart: cart.map(CartId), placed_at: order.placed_at };
        let found = attribute(&about, &facts, rules);
        let by = found.by_click.or(found.by_window).map(|t| t.message.0);
        let journey = sent.iter().find(|m| Some(m.id) == by).and_then(|m| m.journey_id);
        self.orders.change(external, |m| {
            m.click_message_id = found.by_click.map(|t| t.message.0);
            m.window_message_id = found.by_window.map(|t| t.message.0);
            m.journey_id = journey.or(m.journey_id);
        });
        Ok(())
    }

    /// Which arm of the holdout the cart's person is in, for the incremental figure.
    async fn experiment(&mut self, external: &str, cart: Uuid) -> Result<(), DbError> {
        if let Some(run) = self.run_of(cart).await? {
            self.orders.change(external, |m| {
                (m.held_out, m.journey_id) = (run.held_out, m.journey_id.or(Some(run.journey_id)));
            });
        }
        Ok(())
    }

    async fn run_of(&self, cart: Uuid) -> Result<Option<journey_run::Model>, DbError> {
        let query = self.scoped.find::<journey_run::Entity>().filter(journey_run::Column::CartId.eq(cart));
        let query = query
            .filter(journey_run::Column::HeldOut.is_not_null())
            .order_by_desc(journey_run::Column::EnteredAt);
        Ok(query.one(self.scoped.on()).await?)
    }

    /// Moves the daily figures from what the order was to what it is.
    async fn figure(&mut self, before: Option<&shop_order::Model>, external: &str) -> Result<(), DbError> {
        let Some(after) = self.orders.get(external).cloned() else { return Ok(()) };
        if let Some(before) = before {
            orders::figures(before, -1, &mut self.deltas);
        }
        orders::figures(&after, 1, &mut self.deltas);
        let (Some(held_out), Some(cart)) = (after.held_out, after.cart_id) else { return Ok(()) };
        let Some(run) = self.run_of(cart).await? else { return Ok(()) };
        let metric = if held_out { Metric::HoldoutOrders } else { Metric::TreatedOrders };
        for (model, sign) in
            before.filter(|b| b.held_out.is_some()).map(|b| (b, -1)).into_iter().chain([(&after, 1)])
        {
            let counted = !model.test && OrderState::from_name(&model.state).is_some_and(counts);
            if let (true, Ok(currency)) = (counted, model.currency.parse()) {
                let net = model.total_minor - model.refunded_minor;
                let squares = sign as f64 * (net as f64) * (net as f64);
                let journey = Some(JourneyId(run.journey_id));
                self.deltas.money(
                    run.entered_at,
                    metric,
                    journey,
                    sign,
                    Money::new(sign * net, currency),
                    squares,
                );
            }
        }
        Ok(())
    }

    /// Keeps what a contact has ordered. An order of which only a browser told is not theirs for sure: it counts among
    /// the contact's orders once a server tells of it, too.
    fn count_for_contact(&mut self, before: Option<&shop_order::Model>, external: &str) {
        let Some(after) = self.orders.get(external).cloned() else { return };
        let Some(contact) = after.contact_id else { return };
        let state = |m: &shop_order::Model| {
            OrderState::from_name(&m.state).filter(|_| m.source != Source::Snippet.as_str())
        };
        let was = before.filter(|b| b.contact_id == Some(contact)).and_then(state).is_some_and(counts);
        let (is, bought) = (state(&after).is_some_and(counts), state(&after).is_some_and(bought));
        let last = self.contacts.get(contact).and_then(|c| c.last_order_at);
        if was != is || (bought && last.is_none_or(|l| l < after.placed_at)) {
            self.contacts.change(contact, |c| {
                c.orders_count = (c.orders_count + i32::from(is) - i32::from(was)).max(0);
                if bought {
                    c.last_order_at = c.last_order_at.max(Some(after.placed_at));
                }
            });
        }
    }
}
