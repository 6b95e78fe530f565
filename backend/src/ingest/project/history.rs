//! Kept events: which are known already, and what a cart's add up to.

use super::{Arrived, Unit, hashed, keys_of};
use crate::{
    analytics::Metric,
    carts::Key,
    db::{Among, DbError, Scoped},
    ingest::raw,
};
use cartwheel_domain::{
    cart::{Fact, MAX_FACTS},
    event::{Body, EventKind},
};
use cartwheel_entity::event;
use sea_orm::{ColumnTrait, QueryFilter, QueryOrder, QuerySelect};
use std::collections::{BTreeMap, HashSet};
use uuid::Uuid;

/// Kinds of event that change a cart.
pub const CART_KINDS: [EventKind; 11] = [
    EventKind::CartItemAdded,
    EventKind::CartItemRemoved,
    EventKind::CartUpdated,
    EventKind::CartViewed,
    EventKind::CartDeleted,
    EventKind::CheckoutStarted,
    EventKind::CheckoutStepViewed,
    EventKind::PaymentInfoEntered,
    EventKind::CouponApplied,
    EventKind::QuoteRequested,
    EventKind::ExitIntent,
];

/// Which of these have come before.
pub(super) async fn known(scoped: &Scoped<'_>, arrived: &[&Arrived]) -> Result<HashSet<Uuid>, DbError> {
    let ids: HashSet<Uuid> = arrived.iter().map(|a| a.id).collect();
    let rows = scoped.find_among::<event::Entity, _>(event::Column::Id, ids).await?;
    Ok(rows.into_iter().map(|row| row.id).collect())
}

/// Where facts of a token wait that found no cart yet: under an id that no cart has.
pub(super) fn waiting_place(key: &Key) -> Uuid {
    hashed(&["waits for its cart", key.kind.as_str(), &key.value])
}

impl Unit<'_, '_> {
    /// The newest kept facts of a cart, or of a token without one, those of this transaction included.
    pub(super) async fn facts_of(&self, cart: Uuid) -> Result<Vec<Fact>, DbError> {
        let query = self
            .scoped
            .find::<event::Entity>()
            .filter(event::Column::CartId.eq(cart))
            .filter(event::Column::Kind.is_in(CART_KINDS.map(EventKind::as_str)))
            .order_by_desc(event::Column::OccurredAt)
            .limit(MAX_FACTS as u64);
        let rows = query.all(self.scoped.on()).await?;
        let kept = rows.iter().filter_map(|row| {
            let change = raw::cart_change(row, &self.store.settings)?;
            Some(Fact { at: row.occurred_at, id: row.id, change })
        });
        let gone: HashSet<Uuid> = self
            .moved
            .iter()
            .filter(|(_, to)| *to != cart)
            .flat_map(|(ids, _)| ids.iter().copied())
            .collect();
        let mut facts: Vec<Fact> = kept.filter(|f| !gone.contains(&f.id)).collect();
        facts.extend(self.facts.get(&cart).into_iter().flatten().cloned());
        facts.sort_by_key(Fact::place);
        facts.dedup_by_key(|f| f.id);
        Ok(facts)
    }

    /// Reads what waits under tokens that lead to no cart yet.
    pub(super) async fn read_orphans(
        &mut self,
        fresh: &[&Arrived],
        placed: &[Option<Uuid>],
    ) -> Result<(), DbError> {
        let mut places = BTreeMap::new();
        for (one, contact) in fresh.iter().zip(placed) {
            let source = one.event.source;
            let keys = match &one.event.body {
                Body::Cart(c) => {
                    keys_of(source, c.cart_token.as_deref(), c.checkout_token.as_deref(), *contact)
                }
                Body::Order(o) => keys_of(source, o.cart_token.as_deref(), o.checkout_token.as_deref(), None),
                Body::Plain(_) | Body::Consent(_) | Body::Push(_) => continue,
            };
            for key in keys {
                let free = self
                    .carts
                    .at(&key)
                    .is_none_or(|id| self.carts.get(id).is_none_or(|m| !crate::carts::status(m).open()));
                if free {
                    places.insert(waiting_place(&key), ());
                }
            }
        }
        if places.is_empty() {
            return Ok(());
        }
        let query =
            self.scoped.find::<event::Entity>().filter(event::Column::CartId.among(places.into_keys()));
        for row in query.limit(10_000).all(self.scoped.on()).await? {
            if let (Some(place), Some(change)) = (row.cart_id, raw::cart_change(&row, &self.store.settings)) {
                self.orphans.entry(place).or_default().push(Fact { at: row.occurred_at, id: row.id, change });
            }
        }
        Ok(())
    }

    /// Folds anew the carts that got a late fact.
    pub(super) async fn refold(&mut self) -> Result<(), DbError> {
        for cart in std::mem::take(&mut self.stale) {
            let facts = self.facts_of(cart).await?;
            let content = cartwheel_domain::cart::fold(&facts);
            if content.at == 0 {
                continue;
            }
            // The cart of an order that came first: it counts from now on, and from when it began.
            if let Some(model) = self.carts.get(cart)
                && model.source_at == 0
                && !self.begun.contains(&cart)
                && !(model.bot || model.test || model.staff)
                && let Some(first) = facts.iter().find(|f| cartwheel_domain::cart::begins(&f.change))
            {
                self.deltas.count(first.at, Metric::Carts, None, 1);
            }
            let (settings, now) = (&self.store.settings, self.now);
            if let Some(Some(reason)) =
                self.carts.change(cart, |m| crate::carts::write(m, &content, settings, now))
            {
                self.ended.entry(cart).or_insert(reason);
            }
        }
        Ok(())
    }
}
