//! Cart events: which basket one belongs to, and what it does to it.

use super::{Arrived, Unit, history::waiting_place, keys_of};
use crate::{
    analytics::Metric,
    carts::{self, Key},
    db::DbError,
    orders,
};
use cartwheel_domain::{
    bots::CARTS_PER_HOUR,
    cart::{Content, Fact, boundary, fold, joined},
    event::{Body, CartChange, CartKind, LineItem, Marks},
    time::{HOUR, Millis},
};
use cartwheel_entity::{cart, restore_link};
use sea_orm::{ColumnTrait, QueryFilter, QuerySelect};
use std::collections::BTreeSet;
use uuid::Uuid;

impl Unit<'_, '_> {
    pub(super) async fn cart_event(
        &mut self,
        one: &Arrived,
        change: &CartChange,
        contact: Option<Uuid>,
    ) -> Result<Option<Uuid>, DbError> {
        let source = one.event.source;
        let keys = keys_of(source, change.cart_token.as_deref(), change.checkout_token.as_deref(), contact);
        let Some(first) = keys.first() else { return Ok(None) };
        let at = one.event.occurred_at;
        let fact = Fact { at, id: one.id, change: change.clone() };
        let cart = match self.belongs_to(&keys, at).await? {
            Some(cart) => cart,
            None if cartwheel_domain::cart::begins(change) => self.begin(one, &keys, contact).await?,
            None => {
                // It waits under its token: its cart's first event may still be on its way.
                let place = waiting_place(first);
                self.orphans.entry(place).or_default().push(fact);
                return Ok(Some(place));
            }
        };
        for key in keys.iter().filter(|k| k.kind != carts::KeyKind::Contact) {
            if self.carts.at(key).is_none() {
                self.carts.point(key, cart);
                if let Some(claimed) = key.claimed() {
                    self.carts.point_if_free(claimed, cart);
                }
            }
        }
        self.adopt_waiting(&keys, cart);
        self.take(cart, fact);
        self.mark(cart, contact, one.event.marks);
        let who = &one.event.who;
        let says_who =
            who.email.is_some() || who.phone.is_some() || (who.user_id.is_some() && source.trusted());
        if let Some(contact) = contact {
            self.bind(cart, contact, says_who).await?;
        }
        Ok(Some(cart))
    }

    /// The cart an event of these tokens and this time belongs to, if there is one.
    async fn belongs_to(&mut self, keys: &[Key], at: Millis) -> Result<Option<Uuid>, DbError> {
        // A checkout's token is never used twice: its cart is its cart, finished or not.
        let checkout = keys.iter().filter(|k| k.kind.past().is_none()).find_map(|k| self.carts.at(k));
        let Some(key) = keys.iter().find(|k| k.kind.past().is_some()) else { return Ok(checkout) };
        let current = self.carts.at(key).and_then(|id| self.carts.get(id));
        let by_cart = current.and_then(|m| {
            let up_to = |m: &cart::Model| m.finished_at.map_or(Millis::MAX, boundary);
            if !carts::status(m).open() {
                return (at <= up_to(m)).then_some(m.id);
            }
            let past = key.past().and_then(|k| self.carts.at(&k)).and_then(|id| self.carts.get(id));
            match past {
                Some(past) if at <= m.source_at && at <= up_to(past) => Some(past.id),
                _ => Some(m.id),
            }
        });
        match (checkout, by_cart) {
            (Some(kept), Some(other)) if kept != other => {
                let open = |id| self.carts.get(id).is_some_and(|m| carts::status(m).open());
                if open(kept) && open(other) {
                    self.join(other, kept).await?;
                }
                Ok(Some(kept))
            }
            (checkout, by_cart) => Ok(checkout.or(by_cart)),
        }
    }

    /// Two open carts turn out to be one: the checkout named the cart's token late.
    async fn join(&mut self, gone: Uuid, kept: Uuid) -> Result<(), DbError> {
        let facts = self.facts_of(gone).await?;
        for key in self.carts.keys_of(self.scoped, gone).await? {
            self.carts.point(&key, kept);
        }
        let ids = facts.iter().map(|f| f.id).collect();
        self.facts.remove(&gone);
        self.facts.entry(kept).or_default().extend(facts);
        for (_, cart) in self.placed.values_mut().filter(|(_, c)| *c == Some(gone)) {
            *cart = Some(kept);
        }
        self.moved.push((ids, kept));
        self.stale.remove(&gone);
        self.stale.insert(kept);
        let now = self.now;
        self.carts.change(gone, |m| {
            (m.status, m.idle_at, m.finished_at, m.updated_at) = ("expired".into(), None, Some(now), now);
            (m.items, m.total_minor, m.item_count) = (LineItem::text(&[]), 0, 0);
        });
        self.ended.insert(gone, "expired");
        Ok(())
    }

    /// Begins a new basket under these tokens.
    async fn begin(&mut self, one: &Arrived, keys: &[Key], contact: Option<Uuid>) -> Result<Uuid, DbError> {
        let id = self.env.uuid();
        let mut model = carts::created(
            self.store.id.uuid(),
            id,
            one.event.source,
            self.store.settings.currency,
            Marks::default(),
            self.now,
        );
        model.contact_id = contact;
        self.carts.add(model);
        self.begun.insert(id);
        for key in keys {
            self.carts.point(key, id);
            if let Some(claimed) = key.claimed() {
                self.carts.point_if_free(claimed, id);
            }
            let waiting = self.orphans.remove(&waiting_place(key)).unwrap_or_default();
            self.give(waiting, id);
        }
        let mut marks = one.event.marks;
        if let Some(contact) = contact.filter(|c| self.contacts.get(*c).is_some_and(|m| !m.bot))
            && self.too_many_for_a_person(contact, one.event.occurred_at).await?
        {
            marks.bot = true;
            self.contacts.change(contact, |m| m.bot = true);
        }
        self.mark(id, contact, marks);
        let marked = self.carts.get(id).is_some_and(|m| m.bot || m.test || m.staff);
        if !marked {
            self.deltas.count(one.event.occurred_at, Metric::Carts, None, 1);
            if self.known(contact) {
                self.deltas.count(self.now, Metric::Identified, None, 1);
            }
        }
        Ok(id)
    }

    /// Whether this contact began more carts within an hour than a person fills, the newest included.
    async fn too_many_for_a_person(&self, contact: Uuid, at: Millis) -> Result<bool, DbError> {
        let unwritten = |id: &&Uuid| {
            self.carts
                .get(**id)
                .is_some_and(|m| m.contact_id == Some(contact) && m.source_at.abs_diff(at) < HOUR as u64)
        };
        let mut carts = self.begun.iter().filter(unwritten).count() as u64 + 1;
        if self.contacts.get(contact).is_some_and(|m| m.created_at < self.now) {
            let of_contact = self.scoped.find::<cart::Entity>().filter(cart::Column::ContactId.eq(contact));
            let near = cart::Column::SourceAt.between(at - HOUR, at + HOUR);
            let query = of_contact.filter(near).select_only().column(cart::Column::Id);
            let stored: Vec<Uuid> =
                query.limit(u64::from(CARTS_PER_HOUR) + 1).into_tuple().all(self.scoped.on()).await?;
            carts += stored.len() as u64;
        }
        Ok(carts > u64::from(CARTS_PER_HOUR))
    }

    /// What waited under a finished cart's tokens and happened in its time joins it.
    pub(super) fn adopt_waiting(&mut self, keys: &[Key], cart: Uuid) {
        let Some(up_to) = self.carts.get(cart).and_then(|m| m.finished_at).map(boundary) else { return };
        for key in keys {
            let place = waiting_place(key);
            let Some(waiting) = self.orphans.remove(&place) else { continue };
            let (own, rest): (Vec<_>, Vec<_>) = waiting.into_iter().partition(|f| f.at <= up_to);
            if !rest.is_empty() {
                self.orphans.insert(place, rest);
            }
            self.give(own, cart);
        }
    }

    /// Moves what a newer basket holds of the time before an order, all of it without effect there, to the cart the order
    /// has ended.
    pub(super) async fn give_back(&mut self, newer: Uuid, up_to: Millis, cart: Uuid) -> Result<(), DbError> {
        let facts = self.facts_of(newer).await?;
        let early: Vec<Fact> = facts.into_iter().filter(|f| f.at <= up_to).collect();
        if let Some(own) = self.facts.get_mut(&newer) {
            own.retain(|f| f.at > up_to);
        }
        self.give(early, cart);
        Ok(())
    }

    /// Makes facts that were kept elsewhere this cart's.
    fn give(&mut self, facts: Vec<Fact>, cart: Uuid) {
        if facts.is_empty() {
            return;
        }
        let ids: BTreeSet<Uuid> = facts.iter().map(|f| f.id).collect();
        for (event, (_, placed)) in &mut self.placed {
            if ids.contains(event) {
                *placed = Some(cart);
            }
        }
        self.moved.push((ids.into_iter().collect(), cart));
        self.facts.entry(cart).or_default().extend(facts);
        self.stale.insert(cart);
    }

    fn known(&self, contact: Option<Uuid>) -> bool {
        contact.and_then(|c| self.contacts.get(c)).is_some_and(|m| m.email.is_some() || m.phone.is_some())
    }

    /// Takes a fact in: applied when it is the next one, else folded with the others at the end.
    fn take(&mut self, cart: Uuid, fact: Fact) {
        let Some(model) = self.carts.get(cart) else { return };
        let begun_now = model.source_at == 0 && self.begun.contains(&cart);
        let mut content = if begun_now { Content::default() } else { carts::content(model) };
        if self.stale.contains(&cart) || !(begun_now || content.is_newer(fact.at)) {
            self.stale.insert(cart);
        } else {
            content.apply(fact.at, &fact.change);
            let (settings, now) = (&self.store.settings, self.now);
            if let Some(Some(reason)) = self.carts.change(cart, |m| carts::write(m, &content, settings, now))
            {
                self.ended.entry(cart).or_insert(reason);
            }
        }
        self.facts.entry(cart).or_default().push(fact);
    }

    /// Carries the marks of event and contact over to the cart.
    fn mark(&mut self, cart: Uuid, contact: Option<Uuid>, given: Marks) {
        let person = contact.and_then(|c| self.contacts.get(c));
        let person =
            person.map_or_else(Marks::default, |m| Marks { bot: m.bot, test: m.test, staff: m.staff });
        let Some(before) = self.carts.get(cart).map(carts::marks) else { return };
        let after = joined(before, joined(given, person));
        if after != before {
            self.carts.change(cart, |m| {
                (m.bot, m.test, m.staff, m.idle_at) = (after.bot, after.test, after.staff, None);
            });
            self.ended.entry(cart).or_insert("excluded");
        }
    }

    /// Makes a cart this contact's. A cart that has an owner changes hands only when the event says who they are.
    async fn bind(&mut self, cart: Uuid, contact: Uuid, says_who: bool) -> Result<(), DbError> {
        let Some(model) = self.carts.get(cart) else { return Ok(()) };
        let before = model.contact_id;
        let company = self.contacts.get(contact).and_then(|c| c.company_id);
        let fresh = model.company_id.is_none() && company.is_some();
        let moves = before != Some(contact) && (before.is_none() || says_who);
        if fresh || moves {
            let marked = model.bot || model.test || model.staff;
            self.carts.change(cart, |m| {
                m.company_id = m.company_id.or(company);
                if moves {
                    m.contact_id = Some(contact);
                }
            });
            if moves && !marked && self.known(Some(contact)) && !self.known(before) {
                self.deltas.count(self.now, Metric::Identified, None, 1);
            }
        }
        if moves && before.is_some() {
            self.rebound.push((cart, contact));
        }
        let open = self
            .carts
            .get(cart)
            .is_some_and(|m| carts::status(m).open() && m.kind != CartKind::Quote.as_str());
        let last_order = self.contacts.get(contact).and_then(|c| c.last_order_at);
        let first = self.facts.get(&cart).and_then(|f| f.iter().map(|f| f.at).min());
        if let (true, Some(last), Some(first)) = (open, last_order, first)
            && boundary(last) >= first
        {
            self.settle_with_orders_of(contact, &[cart], first).await?;
        }
        Ok(())
    }

    /// Ends carts by the orders their owner has placed since their events.
    pub(super) async fn settle_with_orders_of(
        &mut self,
        contact: Uuid,
        carts: &[Uuid],
        since: Millis,
    ) -> Result<(), DbError> {
        let since = since.saturating_sub(cartwheel_domain::cart::CLOCKS_AGREE);
        let mut placed = orders::bought_since(self.scoped, contact, since).await?;
        // What this transaction knows better or knows alone.
        placed.retain(|o| self.orders.get(&o.external_id).is_none());
        placed.extend(
            self.orders.of(contact).filter(|o| o.placed_at >= since && o.state != "unfinished").cloned(),
        );
        placed.sort_by(|a, b| (a.placed_at, &a.external_id).cmp(&(b.placed_at, &b.external_id)));
        for order in placed.iter().filter(|o| o.source != "snippet") {
            for cart in carts {
                self.settle(*cart, order, false).await?;
            }
        }
        Ok(())
    }

    /// A browser that came by a restore link may append to that link's cart from now on: the link proves it.
    pub(super) async fn adopt_restored(&mut self, fresh: &[&Arrived]) -> Result<(), DbError> {
        let hash = |token: &str| crate::accounts::service::key_hash(token);
        let tokens: BTreeSet<String> =
            fresh.iter().filter_map(|a| a.restore_token.as_deref().map(hash)).collect();
        if tokens.is_empty() {
            return Ok(());
        }
        let found =
            self.scoped.find_among::<restore_link::Entity, _>(restore_link::Column::TokenHash, tokens);
        let mut links = found.await?;
        links.retain(|link| link.expires_at > self.now);
        self.carts.read(self.scoped, &links.iter().map(|l| l.cart_id).collect::<Vec<_>>()).await?;
        for one in fresh {
            let Some(wanted) = one.restore_token.as_deref().map(hash) else { continue };
            let Some(link) = links.iter().find(|l| l.token_hash == wanted) else { continue };
            let (token, checkout) = match &one.event.body {
                Body::Cart(c) => (c.cart_token.as_deref(), c.checkout_token.as_deref()),
                Body::Order(o) => (o.cart_token.as_deref(), o.checkout_token.as_deref()),
                Body::Plain(_) | Body::Consent(_) | Body::Push(_) => continue,
            };
            if !self.carts.get(link.cart_id).is_some_and(|m| carts::status(m).open()) {
                continue;
            }
            for key in keys_of(one.event.source, token, checkout, None)
                .into_iter()
                .filter(|k| k.kind == carts::KeyKind::Browser)
            {
                self.carts.point_if_free(key, link.cart_id);
            }
        }
        Ok(())
    }

    /// Contacts that were merged take carts and orders along, and what either of them bought ends the other's carts.
    pub(super) async fn after_merges(&mut self, newly_known: &BTreeSet<Uuid>) -> Result<(), DbError> {
        let merges = self.contacts.merges.clone();
        // Read before they are moved by a statement, so that memory and database agree. Whoever was made just now has
        // nothing that could be read.
        let read: BTreeSet<Uuid> =
            merges.iter().map(|(from, _)| *from).chain(newly_known.iter().copied()).collect();
        let read: Vec<Uuid> = read.into_iter().filter(|id| !self.contacts.made(*id)).collect();
        self.carts.read_open(self.scoped, &read).await?;
        for (from, into) in merges {
            let carts = self.carts.open_here(from);
            self.carts.moved(from, into);
            self.orders.moved(from, into);
            let was_known = newly_known.contains(&into);
            for cart in &carts {
                let marked = self.carts.get(*cart).is_some_and(|m| m.bot || m.test || m.staff);
                if !marked && !was_known {
                    self.deltas.count(self.now, Metric::Identified, None, 1);
                }
            }
        }
        for contact in newly_known {
            for cart in self.carts.open_here(*contact) {
                if self.carts.get(cart).is_some_and(|m| !(m.bot || m.test || m.staff)) {
                    self.deltas.count(self.now, Metric::Identified, None, 1);
                }
            }
        }
        let merged: BTreeSet<Uuid> = self.contacts.merges.iter().map(|(_, into)| *into).collect();
        for contact in merged {
            let mut open = self.carts.open_of(self.scoped, contact).await?;
            open.retain(|id| self.carts.get(*id).is_some_and(|m| m.kind != CartKind::Quote.as_str()));
            if let Some(first) = open.first().copied() {
                let facts = self.facts_of(first).await?;
                let since = facts.first().map_or(0, |f| f.at);
                self.settle_with_orders_of(contact, &open, since).await?;
            }
        }
        Ok(())
    }

    /// What was said after an order of a cart that the order ended, and begins no new basket: it waits for one, as it
    /// would have had the order come in time. What names the checkout stays, for a checkout is never used twice.
    pub(super) async fn put_back(&mut self, cart: Uuid, later: Vec<Fact>) -> Result<(), DbError> {
        let keys = self.carts.keys_of(self.scoped, cart).await?;
        for fact in later.into_iter().filter(|f| f.change.checkout_token.is_none()) {
            let named = |k: &&Key| fact.change.cart_token.as_ref().is_none_or(|token| k.value == *token);
            let mut reused = keys.iter().filter(|k| k.kind.past().is_some());
            let Some(place) = reused.find(named).map(waiting_place) else { continue };
            if let Some(own) = self.facts.get_mut(&cart) {
                own.retain(|f| f.id != fact.id);
            }
            if let Some((_, placed)) = self.placed.get_mut(&fact.id) {
                *placed = Some(place);
            }
            self.moved.push((vec![fact.id], place));
            self.stale.insert(cart);
            self.orphans.entry(place).or_default().push(fact);
        }
        Ok(())
    }

    /// What is left of a cart after an order that lies between its events: the later ones begin a new basket.
    pub(super) async fn split(&mut self, cart: Uuid, later: Vec<Fact>) -> Result<(), DbError> {
        let Some(before) = self.carts.get(cart).cloned() else { return Ok(()) };
        let id = self.env.uuid();
        let content = fold(&later);
        let mut model =
            cart::Model { id, source_at: 0, abandoned_at: None, entries: 0, created_at: self.now, ..before };
        model.status = "active".into();
        let (settings, now) = (&self.store.settings, self.now);
        carts::write(&mut model, &content, settings, now);
        let marked = model.bot || model.test || model.staff;
        self.carts.add(model);
        for key in self.carts.keys_of(self.scoped, cart).await? {
            if key.kind.past().is_some() {
                self.carts.point(&key, id);
            }
        }
        let ids: BTreeSet<Uuid> = later.iter().map(|f| f.id).collect();
        if let Some(own) = self.facts.get_mut(&cart) {
            own.retain(|f| !ids.contains(&f.id));
        }
        self.give(later, id);
        self.stale.insert(cart);
        if !marked {
            self.deltas.count(content.at, Metric::Carts, None, 1);
        }
        Ok(())
    }
}
