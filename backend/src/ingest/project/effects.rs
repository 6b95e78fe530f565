//! Writes what a transaction's events have done: rows first, then runs, messages, waits and figures.

use super::{Arrived, Signals, Unit};
use crate::{
    db::{Among, DbError},
    journeys,
    webhooks::{self, Happening},
};
use cartwheel_domain::{
    event::{Body, Source},
    hook::HookKind,
    ids::{CartId, ContactId},
    journey::{Awaited, WaitScope},
};
use cartwheel_entity::{event, journey_run, message, run_wait};
use sea_orm::{ActiveValue::Set, ColumnTrait, QueryFilter, QuerySelect, sea_query::Expr};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// Awaited keys that are looked up without asking first whether anybody waits.
const FEW: usize = 16;

impl Unit<'_, '_> {
    pub(super) async fn flush(
        mut self,
        fresh: &[&Arrived],
        signals: &Signals,
    ) -> Result<(u64, Vec<Uuid>), DbError> {
        self.refold().await?;
        self.contacts.flush(self.scoped).await?;
        let carts = self.carts.flush(self.scoped).await?;
        self.orders.flush(self.scoped, self.now).await?;
        self.keep_events(fresh).await?;
        for (events, cart) in std::mem::take(&mut self.moved) {
            let ids = event::Column::Id.among(events);
            let update =
                self.scoped.update::<event::Entity>().col_expr(event::Column::CartId, Expr::value(cart));
            update.filter(ids).exec(self.scoped.on()).await?;
        }
        self.end_runs().await?;
        self.tell().await?;
        self.rebind_runs().await?;
        let woken = self.wake(fresh).await?;
        self.record_consents(fresh).await?;
        self.keep_browsers(fresh).await?;
        let mut seen: BTreeSet<&'static str> = BTreeSet::new();
        for one in fresh {
            seen.insert(match one.event.source {
                Source::Snippet => "snippet_seen",
                Source::Shopify | Source::Woocommerce | Source::Bigcommerce => "webhook_seen",
                Source::Api | Source::Internal => "api_seen",
            });
            if matches!(one.event.body, Body::Cart(_)) {
                seen.insert("first_cart");
            }
        }
        signals.seen(self.scoped, &seen.into_iter().collect::<Vec<_>>(), self.now).await?;
        self.deltas.write(self.scoped).await?;
        Ok((woken, carts))
    }

    async fn keep_events(&self, fresh: &[&Arrived]) -> Result<(), DbError> {
        let rows = fresh.iter().map(|one| {
            let (contact, cart) = self.placed.get(&one.id).copied().unwrap_or_default();
            event::ActiveModel {
                store_id: Set(self.store.id.uuid()),
                id: Set(one.id),
                source: Set(one.event.source.as_str().into()),
                kind: Set(one.event.kind.as_str().into()),
                contact_id: Set(contact),
                cart_id: Set(cart),
                occurred_at: Set(one.event.occurred_at),
                received_at: Set(self.now),
                raw: Set(one.raw.clone()),
            }
        });
        self.scoped.insert::<event::Entity>(rows.collect()).await
    }

    async fn end_runs(&self) -> Result<(), DbError> {
        let mut by_reason: BTreeMap<&'static str, Vec<Uuid>> = BTreeMap::new();
        for (cart, reason) in &self.ended {
            by_reason.entry(reason).or_default().push(*cart);
        }
        for (reason, carts) in by_reason {
            crate::carts::end_runs(self.scoped, self.store.hooks, &carts, reason, self.now).await?;
        }
        Ok(())
    }

    /// What endpoints of the store want to hear of bought carts and new orders, as their rows are now.
    async fn tell(&mut self) -> Result<(), DbError> {
        let wanted = self.store.hooks;
        let carts = std::mem::take(&mut self.bought).into_iter().filter_map(|id| {
            let cart = self.carts.get(id)?;
            let kind = match cart.status.as_str() {
                "recovered" => HookKind::CartRecovered,
                "converted" => HookKind::CartConverted,
                _ => return None,
            };
            wanted.has(kind).then(|| Happening::cart(kind, cart))
        });
        let carts: Vec<_> = carts.collect();
        let placed = std::mem::take(&mut self.placed_orders);
        let orders = placed.iter().filter_map(|external| self.orders.get(external)).map(Happening::order);
        let told = carts.into_iter().chain(orders).collect();
        webhooks::tell(self.scoped, wanted, self.now, told).await
    }

    /// A cart that changed hands takes its waiting run and queued messages along.
    async fn rebind_runs(&self) -> Result<(), DbError> {
        for (cart, contact) in &self.rebound {
            let runs = self.scoped.update::<journey_run::Entity>();
            runs.col_expr(journey_run::Column::ContactId, Expr::value(*contact))
                .filter(journey_run::Column::CartId.eq(*cart))
                .filter(journey_run::Column::Status.lt(2))
                .exec(self.scoped.on())
                .await?;
            let messages = self.scoped.update::<message::Entity>();
            messages
                .col_expr(message::Column::ContactId, Expr::value(*contact))
                .filter(message::Column::CartId.eq(*cart))
                .filter(message::Column::Status.eq(0))
                .exec(self.scoped.on())
                .await?;
        }
        Ok(())
    }

    /// Wakes the runs that wait for one of these events.
    async fn wake(&self, fresh: &[&Arrived]) -> Result<u64, DbError> {
        let mut happened: Vec<(Awaited, String)> = Vec::with_capacity(fresh.len());
        for one in fresh {
            let (contact, cart) = self.placed.get(&one.id).copied().unwrap_or_default();
            let awaited = Awaited::Event(one.event.kind);
            let key = match awaited.scope() {
                WaitScope::Cart => cart.map(|id| CartId(id).to_string()),
                WaitScope::Contact => contact.map(|id| ContactId(id).to_string()),
                WaitScope::Run => None,
            };
            happened.extend(key.map(|key| (awaited, key)));
        }
        happened.sort_unstable();
        happened.dedup();
        // Most stores have nobody waiting most of the time; a few keys are looked up as quickly as that is found out.
        if happened.len() > FEW {
            let waiting = self.scoped.find::<run_wait::Entity>().limit(1).one(self.scoped.on()).await?;
            if waiting.is_none() {
                return Ok(0);
            }
        }
        let mut woken = 0;
        for part in happened.chunks(1_000) {
            woken += journeys::wake::wake_runs(self.scoped, part, self.now).await?;
        }
        Ok(woken)
    }
}
