//! Stripe's objects, as much of them as we read.

use crate::billing::plans::{Book, Bought};
use cartwheel_domain::time::{Millis, SECOND};
use serde_json::Value;

/// Text under a name.
pub fn text<'v>(value: &'v Value, name: &str) -> Option<&'v str> {
    value.get(name)?.as_str()
}

/// An instant under a name: Stripe keeps seconds.
pub fn at(value: &Value, name: &str) -> Option<Millis> {
    value.get(name)?.as_i64().and_then(|s| s.checked_mul(SECOND))
}

/// The entries of a list.
pub fn list(value: &Value) -> &[Value] {
    value.get("data").and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// An id, whether the object itself is there or its name alone.
pub fn id_of<'v>(value: &'v Value, name: &str) -> Option<&'v str> {
    let inner = value.get(name)?;
    inner.as_str().or_else(|| text(inner, "id"))
}

/// One thing that is paid for by a subscription.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Its id.
    pub id: String,
    /// What for; `None` for what was added by hand.
    pub bought: Option<Bought>,
}

/// A subscription.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscription {
    /// Its id.
    pub id: String,
    /// Stripe's word for how it stands.
    pub status: String,
    /// When it was made.
    pub created: Millis,
    /// When it began.
    pub started: Millis,
    /// The plan; `None` when none of its prices is one of ours.
    pub bought: Option<Bought>,
    /// What the plan costs, minor units.
    pub price_minor: i64,
    /// Where its periods begin: the same day and hour of each month.
    pub anchor: Millis,
    /// Where the current period ends.
    pub period_end: Millis,
    /// When the trial ends.
    pub trial_end: Option<Millis>,
    /// When it ends by wish.
    pub cancel_at: Option<Millis>,
    /// When it ended.
    pub ended_at: Option<Millis>,
    /// What is paid for.
    pub items: Vec<Item>,
}

impl Subscription {
    /// Reads one; `None` when it is not one.
    pub fn read(value: &Value, book: &Book) -> Option<Self> {
        let created = at(value, "created")?;
        let raw = value.get("items").map(list).unwrap_or_default();
        let item = |v: &Value| {
            let key = v.get("price").and_then(|p| text(p, "lookup_key")).unwrap_or_default();
            Some(Item { id: text(v, "id")?.to_owned(), bought: book.bought(key) })
        };
        let items: Vec<Item> = raw.iter().filter_map(item).collect();
        let is_base = |i: &Item| i.bought.as_ref().is_some_and(|b| b.channel.is_none());
        let base = items.iter().find(|i| is_base(i)).cloned();
        let own = raw.iter().find(|v| text(v, "id") == base.as_ref().map(|b| b.id.as_str()));
        let first = own.or(raw.first()).unwrap_or(value);
        // The period stands with each item since the spring of 2025, with the subscription before.
        let bound = |name| at(first, name).or_else(|| at(value, name));
        let price = first.get("price").and_then(|p| p.get("unit_amount")).and_then(Value::as_i64);
        let period_end = bound("current_period_end").unwrap_or(created);
        let at_period_end = value.get("cancel_at_period_end").and_then(Value::as_bool).unwrap_or(false);
        Some(Self {
            id: text(value, "id")?.to_owned(),
            status: text(value, "status")?.to_owned(),
            created,
            started: at(value, "start_date").unwrap_or(created),
            price_minor: price.unwrap_or(0),
            anchor: at(value, "billing_cycle_anchor")
                .or_else(|| bound("current_period_start"))
                .unwrap_or(created),
            period_end,
            trial_end: at(value, "trial_end"),
            cancel_at: at(value, "cancel_at").or(at_period_end.then_some(period_end)),
            ended_at: at(value, "ended_at"),
            bought: base.and_then(|b| b.bought),
            items,
        })
    }

    /// Whether it is over, or never began.
    pub fn is_over(&self) -> bool {
        matches!(self.status.as_str(), "canceled" | "incomplete_expired" | "incomplete")
    }

    /// The one that counts of all a customer ever had: the newest that lives, else the newest that lived.
    pub fn latest(all: Vec<Self>) -> Option<Self> {
        let began = all.into_iter().filter(|s| !s.status.starts_with("incomplete"));
        began.max_by(|a, b| (!a.is_over(), a.created, &a.id).cmp(&(!b.is_over(), b.created, &b.id)))
    }
}

/// An invoice, for its list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invoice {
    /// Its id.
    pub id: String,
    /// Its number, once it has one.
    pub number: Option<String>,
    /// `draft`, `open`, `paid`, `uncollectible` or `void`.
    pub status: String,
    /// Its sum, minor units, tax included.
    pub total_minor: i64,
    /// What is left to pay.
    pub due_minor: i64,
    /// ISO 4217.
    pub currency: String,
    /// When it was made.
    pub created: Millis,
    /// Its page at Stripe.
    pub url: Option<String>,
    /// The same as PDF.
    pub pdf: Option<String>,
}

impl Invoice {
    /// Reads one; `None` when it is not one.
    pub fn read(value: &Value) -> Option<Self> {
        let minor = |name| value.get(name).and_then(Value::as_i64);
        // A link is shown in the console: nothing but the web's own scheme.
        let link = |name| text(value, name).filter(|u| u.starts_with("https://")).map(str::to_owned);
        Some(Self {
            id: text(value, "id")?.to_owned(),
            number: text(value, "number").map(str::to_owned),
            status: text(value, "status").unwrap_or("draft").to_owned(),
            total_minor: minor("total")?,
            due_minor: minor("amount_remaining").unwrap_or(0),
            currency: text(value, "currency")?.to_ascii_uppercase(),
            created: at(value, "created")?,
            url: link("hosted_invoice_url"),
            pdf: link("invoice_pdf"),
        })
    }
}

/// One line of what a change would cost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PreviewLine {
    /// What for.
    pub description: String,
    /// Minor units; negative for what is given back.
    pub amount_minor: i64,
    /// Whether it makes up for a part of a period.
    pub proration: bool,
}

impl PreviewLine {
    /// Reads one.
    pub fn read(value: &Value) -> Option<Self> {
        let details = value.get("parent").and_then(|p| p.get("subscription_item_details"));
        let said = |v: &Value| v.get("proration").and_then(Value::as_bool);
        Some(Self {
            description: text(value, "description").unwrap_or_default().to_owned(),
            amount_minor: value.get("amount")?.as_i64()?,
            proration: details.and_then(said).or_else(|| said(value)).unwrap_or(false),
        })
    }
}
