//! Shopify's draft orders as quotes (<https://shopify.dev/docs/api/admin-rest/latest/resources/draftorder>).

use super::{Reader, Translated};
use crate::ingest::read::{self, Problem};
use cartwheel_domain::event::{
    Body, CartChange, CartKind, Company, EventKind, Lines, Marks, OrderChange, OrderState, Who,
};
use serde_json::Value;

impl Reader<'_> {
    /// A draft order is a quote: the shop writes it, sends its page for paying, and it becomes an order when it is paid. Its
    /// validity is that of the reserved stock, if there is one; the payload names no other.
    pub(super) fn draft(&self) -> Result<Translated, Problem> {
        let id = self.draft_token()?;
        let status = read::text(self.body, &["status"]).unwrap_or_default();
        let order = read::id(self.body, &["order_id"])?;
        if status == "completed" || order.is_some() || self.time("completed_at").is_some() {
            return self.drafted(id, order);
        }
        let currency = self.currency();
        let amounts = currency.unwrap_or(self.settings.currency);
        let who = self.who();
        let change = CartChange {
            cart_token: Some(id),
            currency,
            total_minor: self.amount(self.body, &["total_price", "subtotal_price"], amounts)?,
            recovery_url: read::url(self.body, &["invoice_url"]),
            valid_until: self.time("reserve_inventory_until"),
            approver: None,
            number: read::text(self.body, &["name"]),
            // What the page for paying says of itself: an invoice was sent, or not yet.
            step: self.time("invoice_sent_at").map(|_| "invoice_sent".to_owned()),
            ..CartChange::new(CartKind::Quote, Lines::Set(self.lines(amounts)?))
        };
        // The key has a question mark in its name.
        let business = self.body.get("b2b?").and_then(Value::as_bool) == Some(true);
        let company = business.then(|| self.billed_company()).flatten();
        let who = Who { company: who.company.clone().or(company), ..who };
        Ok(Translated::Events(vec![self.event(
            EventKind::QuoteRequested,
            who,
            Body::Cart(Box::new(change)),
            self.marks(),
        )]))
    }

    /// A draft that became an order. The quote ends by an order's own message, which does not name it: so the
    /// order is told here, by its id, with the quote's token.
    fn drafted(&self, token: String, order: Option<String>) -> Result<Translated, Problem> {
        let Some(external_id) = order else { return Ok(Translated::Ignored) };
        let amounts = self.currency().unwrap_or(self.settings.currency);
        let change = OrderChange {
            state: Some(OrderState::Purchased),
            cart_token: Some(token),
            placed_at: self.time("completed_at").filter(|at| *at <= self.delivery.received),
            total: None,
            lines: self.lines(amounts)?,
            ..OrderChange::new(external_id)
        };
        Ok(Translated::Events(vec![self.event(
            EventKind::OrderUpdated,
            self.who(),
            Body::Order(Box::new(change)),
            self.marks(),
        )]))
    }

    pub(super) fn draft_deleted(&self) -> Result<Translated, Problem> {
        let change = CartChange {
            cart_token: Some(self.draft_token()?),
            ..CartChange::new(CartKind::Quote, Lines::Delete)
        };
        Ok(Translated::Events(vec![self.event(
            EventKind::CartDeleted,
            Who::default(),
            Body::Cart(Box::new(change)),
            Marks::default(),
        )]))
    }

    fn draft_token(&self) -> Result<String, Problem> {
        let id = read::id(self.body, &["id"])?;
        Ok(format!("quote:{}", id.ok_or_else(|| Problem::new("/id", "a draft order has an id"))?))
    }

    fn billed_company(&self) -> Option<Company> {
        let address = self.body.get("billing_address").or_else(|| self.body.get("shipping_address"));
        let name = read::text(address?.as_object()?, &["company"])?;
        Some(Company { external_id: None, name })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ingest::shopify::{Delivery, POLLED_CHECKOUT, POLLED_DRAFT, POLLED_ORDER, translate};
    use cartwheel_domain::{event::Event, settings::StoreSettings, time::Millis};
    use serde_json::json;

    const NOW: Millis = 1_772_445_900_000;

    fn read_as(topic: &str, body: &Value) -> Vec<Event> {
        let delivery =
            Delivery { topic: topic.into(), event_id: "1".into(), triggered_at: None, received: NOW };
        match translate(&delivery, body.as_object().expect("an object"), &StoreSettings::default()) {
            Ok(Translated::Events(events)) => events,
            Ok(Translated::Ignored) => Vec::new(),
            other => panic!("{other:?}"),
        }
    }

    fn draft(status: &str) -> Value {
        json!({
            "id": 994_118_539_i64, "name": "#D12", "status": status, "email": "buyer@example.com", "currency": "EUR", "total_price": "1190.00",
            "created_at": "2026-03-02T09:00:00Z", "updated_at": "2026-03-02T10:00:00Z", "invoice_sent_at": null, "completed_at": null,
            "invoice_url": "https://wheels.myshopify.com/1/invoices/abc", "order_id": null, "b2b?": true, "allow_discount_codes_in_checkout?": false,
            "billing_address": {"company": "Rad GmbH", "country_code": "DE", "first_name": "Ada"},
            "line_items": [{"id": 1, "title": "Frame", "quantity": 10, "price": "100.00"}],
        })
    }

    #[test]
    fn a_draft_order_is_a_quote_until_it_is_paid() {
        let events = read_as("draft_orders/create", &draft("open"));
        let Body::Cart(quote) = &events[0].body else { panic!("{events:?}") };
        assert_eq!(
            (events[0].kind, quote.kind, quote.cart_token.as_deref(), quote.number.as_deref()),
            (EventKind::QuoteRequested, CartKind::Quote, Some("quote:994118539"), Some("#D12"))
        );
        assert_eq!(
            (quote.total_minor, quote.recovery_url.as_deref()),
            (Some(119_000), Some("https://wheels.myshopify.com/1/invoices/abc"))
        );
        let company = |events: &[Event]| events[0].who.company.as_ref().map(|c| c.name.clone());
        assert_eq!(company(&events).as_deref(), Some("Rad GmbH"));
        let mut private = draft("open");
        private["b2b?"] = json!(false);
        assert_eq!(
            company(&read_as("draft_orders/update", &private)),
            None,
            "the key with the question mark"
        );
        let mut done = draft("completed");
        (done["order_id"], done["completed_at"]) = (json!(820_i64), json!("2026-03-02T10:01:00Z"));
        for topic in ["draft_orders/update", POLLED_DRAFT] {
            let events = read_as(topic, &done);
            let Body::Order(order) = &events[0].body else { panic!("{events:?}") };
            assert_eq!(
                (order.external_id.as_str(), order.cart_token.as_deref(), order.state),
                ("820", Some("quote:994118539"), Some(OrderState::Purchased))
            );
        }
        done["order_id"] = Value::Null;
        assert!(read_as("draft_orders/update", &done).is_empty(), "no quote any more, and no order yet");
        let gone = read_as("draft_orders/delete", &json!({"id": 994_118_539_i64}));
        assert!(
            matches!(&gone[0].body, Body::Cart(c) if c.lines == Lines::Delete && c.kind == CartKind::Quote)
        );
    }

    #[test]
    fn a_checkout_of_the_api_finds_its_cart_by_its_link() {
        let mut body = json!({
            "id": 450_i64, "email": "ann@example.com", "updated_at": "2026-03-02T10:00:00Z", "total_price": "20.00", "completed_at": null,
            "abandoned_checkout_url": "https://wheels.myshopify.com/606/checkouts/ac/Z2NwLWV1/recover?key=19&locale=de", "line_items": [{"key": "a", "title": "Lamp", "quantity": 1, "price": "20.00"}],
        });
        let cart = |events: &[Event]| match &events[0].body {
            Body::Cart(c) => (c.cart_token.clone(), c.checkout_token.clone()),
            other => panic!("{other:?}"),
        };
        assert_eq!(cart(&read_as(POLLED_CHECKOUT, &body)), (Some("Z2NwLWV1".into()), None));
        body["token"] = json!("k1");
        assert_eq!(cart(&read_as(POLLED_CHECKOUT, &body)), (Some("Z2NwLWV1".into()), Some("k1".into())));
        body["completed_at"] = json!("2026-03-02T10:01:00Z");
        assert!(read_as(POLLED_CHECKOUT, &body).is_empty(), "its order tells the rest");
        body["completed_at"] = Value::Null;
        body["token"] = Value::Null;
        body["abandoned_checkout_url"] = json!("https://wheels.myshopify.com/checkouts/ac/../recover?key=1");
        let delivery = Delivery {
            topic: POLLED_CHECKOUT.into(),
            event_id: "1".into(),
            triggered_at: None,
            received: NOW,
        };
        assert!(
            translate(&delivery, body.as_object().expect("an object"), &StoreSettings::default()).is_err()
        );
        let order = json!({"id": 1, "total_price": "5.00", "financial_status": "paid", "updated_at": "2026-03-02T10:00:00Z"});
        assert_eq!(read_as(POLLED_ORDER, &order).len(), 1);
    }
}
