//! The orders one transaction touches.

use super::store;
use crate::{
    analytics::{Deltas, Metric},
    db::{DbError, Scoped},
};
use cartwheel_domain::{
    event::OrderState,
    ids::JourneyId,
    money::{Currency, Money},
    order::Order,
    time::Millis,
};
use cartwheel_entity::{order_refund, shop_order};
use sea_orm::{ActiveModelTrait, ActiveValue::Set, IntoActiveModel};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use uuid::Uuid;

/// The refund under which the largest sum told by the shop is kept.
const TOLD: &str = "told by the shop";

struct Row {
    model: shop_order::Model,
    refunds: BTreeMap<String, i64>,
    new_refunds: BTreeSet<String>,
    dirty: bool,
}

/// The orders one transaction touches, by the shop's id.
pub struct Book {
    store: Uuid,
    rows: HashMap<String, Row>,
}

impl Book {
    /// Reads the orders with these ids of the shop, and their refunds.
    ///
    /// # Errors
    /// What the database says.
    pub async fn load(scoped: &Scoped<'_>, wanted: &BTreeSet<String>) -> Result<Self, DbError> {
        let models = store::by_external_ids(scoped, wanted).await?;
        let ids: Vec<Uuid> = models.iter().map(|m| m.id).collect();
        let mut by_id: HashMap<Uuid, BTreeMap<String, i64>> = HashMap::new();
        for refund in store::refunds(scoped, &ids).await? {
            by_id.entry(refund.order_id).or_default().insert(refund.refund_id, refund.minor);
        }
        let rows = models.into_iter().map(|model| {
            let refunds = by_id.remove(&model.id).unwrap_or_default();
            (model.external_id.clone(), Row { model, refunds, new_refunds: BTreeSet::new(), dirty: false })
        });
        Ok(Self { store: scoped.store_id().uuid(), rows: rows.collect() })
    }

    /// An order by the shop's id.
    pub fn get(&self, external_id: &str) -> Option<&shop_order::Model> {
        self.rows.get(external_id).map(|r| &r.model)
    }

    /// What is known of an order, in the domain's words; one never heard of begins at `at`.
    pub fn order(&self, external_id: &str, at: Millis) -> Order {
        let Some(row) = self.rows.get(external_id) else { return Order::unknown(at) };
        let m = &row.model;
        let currency: Option<Currency> = m.currency.parse().ok();
        let own = row.refunds.iter().filter(|(id, _)| *id != TOLD);
        Order {
            state: OrderState::from_name(&m.state).unwrap_or(OrderState::Unfinished),
            number: m.number.clone(),
            total: currency.filter(|_| m.source_at > 0).map(|c| Money::new(m.total_minor, c)),
            total_at: m.source_at,
            lines: serde_json::from_value(m.lines.clone()).unwrap_or_default(),
            coupons: serde_json::from_value(m.coupons.clone()).unwrap_or_default(),
            refunded_told: row.refunds.get(TOLD).copied().unwrap_or(0),
            refunds: own.map(|(id, minor)| (id.clone(), *minor)).collect(),
            placed_at: m.placed_at,
            cancelled_at: m.cancelled_at,
        }
    }

    /// Adds an order that was not known.
    pub fn add(&mut self, model: shop_order::Model) {
        let row = Row { refunds: BTreeMap::new(), new_refunds: BTreeSet::new(), dirty: true, model };
        self.rows.insert(row.model.external_id.clone(), row);
    }

    /// A row for an order that was not known.
    pub fn created(
        &self,
        id: Uuid,
        external_id: &str,
        source: &str,
        currency: Currency,
        now: Millis,
    ) -> shop_order::Model {
        shop_order::Model {
            store_id: self.store,
            id,
            external_id: external_id.to_owned(),
            number: None,
            state: OrderState::Unfinished.as_str().into(),
            contact_id: None,
            cart_id: None,
            currency: currency.code().into(),
            total_minor: 0,
            refunded_minor: 0,
            lines: serde_json::Value::Array(Vec::new()),
            coupons: serde_json::Value::Array(Vec::new()),
            source: source.to_owned(),
            source_at: 0,
            placed_at: now,
            cancelled_at: None,
            test: false,
            click_message_id: None,
            window_message_id: None,
            held_out: None,
            journey_id: None,
            created_at: now,
        }
    }

    /// Writes down what is known of an order.
    pub fn put(&mut self, external_id: &str, order: &Order) {
        let Some(row) = self.rows.get_mut(external_id) else { return };
        row.dirty = true;
        let m = &mut row.model;
        m.state = order.state.as_str().into();
        m.number.clone_from(&order.number);
        if let Some(total) = order.total {
            (m.currency, m.total_minor) = (total.currency.code().into(), total.minor);
        }
        m.source_at = order.total_at;
        m.refunded_minor = order.refunded_minor();
        m.lines = serde_json::to_value(&order.lines).unwrap_or_default();
        m.coupons = serde_json::to_value(&order.coupons).unwrap_or_default();
        m.placed_at = order.placed_at;
        m.cancelled_at = order.cancelled_at;
        // What a message told beyond the single refunds is kept as one of its own, so that nothing is forgotten.
        let told = (order.refunded_told > 0).then(|| (TOLD.to_owned(), order.refunded_told));
        for (refund, minor) in order.refunds.iter().map(|(r, m)| (r.clone(), *m)).chain(told) {
            if row.refunds.insert(refund.clone(), minor) != Some(minor) {
                row.new_refunds.insert(refund);
            }
        }
    }

    /// Changes the columns of an order that are not the domain's: whose, which cart, what it is attributed to.
    pub fn change(&mut self, external_id: &str, change: impl FnOnce(&mut shop_order::Model)) {
        if let Some(row) = self.rows.get_mut(external_id) {
            change(&mut row.model);
            row.dirty = true;
        }
    }

    /// Contacts that went up in another one take their orders along.
    pub fn moved(&mut self, from: Uuid, into: Uuid) {
        for row in self.rows.values_mut().filter(|r| r.model.contact_id == Some(from)) {
            row.model.contact_id = Some(into);
            row.dirty = true;
        }
    }

    /// The orders of a contact in this transaction, by the shop's id.
    pub fn of(&self, contact: Uuid) -> impl Iterator<Item = &shop_order::Model> {
        self.rows.values().map(|r| &r.model).filter(move |m| m.contact_id == Some(contact))
    }

    /// Writes what changed: orders, then refunds.
    ///
    /// # Errors
    /// What the database says.
    pub async fn flush(&mut self, scoped: &Scoped<'_>, now: Millis) -> Result<(), DbError> {
        let (mut orders, mut refunds) = (Vec::new(), Vec::new());
        for row in self.rows.values_mut().filter(|r| r.dirty) {
            row.dirty = false;
            orders.push(row.model.clone().into_active_model().reset_all());
            for refund in std::mem::take(&mut row.new_refunds) {
                refunds.push(order_refund::ActiveModel {
                    store_id: Set(self.store),
                    order_id: Set(row.model.id),
                    minor: Set(row.refunds.get(&refund).copied().unwrap_or_default()),
                    refund_id: Set(refund),
                    at: Set(now),
                });
            }
        }
        scoped.upsert::<shop_order::Entity>(orders, COLUMNS).await?;
        scoped.upsert::<order_refund::Entity>(refunds, &[order_refund::Column::Minor]).await
    }
}

/// What an order adds to the figures as it stands; `sign` -1 takes it out.
pub fn figures(model: &shop_order::Model, sign: i64, deltas: &mut Deltas) {
    let counts = OrderState::from_name(&model.state).is_some_and(cartwheel_domain::order::counts);
    let (false, true, Ok(currency)) = (model.test, counts, model.currency.parse::<Currency>()) else {
        return;
    };
    let net = model.total_minor - model.refunded_minor;
    let value = Money::new(sign * net, currency);
    let squares = sign as f64 * (net as f64) * (net as f64);
    let journey = model.journey_id.map(JourneyId);
    deltas.money(model.placed_at, Metric::Orders, None, sign, value, squares);
    if model.click_message_id.is_some() {
        deltas.money(model.placed_at, Metric::RecoveredByClick, journey, sign, value, squares);
    }
    if model.window_message_id.is_some() {
        deltas.money(model.placed_at, Metric::RecoveredByWindow, journey, sign, value, squares);
    }
}

const COLUMNS: &[shop_order::Column] = {
    use shop_order::Column::*;
    &[
        Number,
        State,
        ContactId,
        CartId,
        Currency,
        TotalMinor,
        RefundedMinor,
        Lines,
        Coupons,
        SourceAt,
        PlacedAt,
        CancelledAt,
        Test,
        ClickMessageId,
        WindowMessageId,
        HeldOut,
        JourneyId,
    ]
};
