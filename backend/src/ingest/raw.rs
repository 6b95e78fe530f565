//! Kept events read again: the raw text with its source gives the same canonical event as on the day it arrived.

use super::{
    big,
    project::Arrived,
    read::Object,
    segment::{self, Around},
    shopify::{self, Delivery, Translated},
    when, woo,
};
use cartwheel_domain::{
    event::{Body, CartChange, Event, Source},
    settings::StoreSettings,
};
use cartwheel_entity::event;
use serde_json::Value;

/// The canonical event behind a kept row; `None` when its text was erased.
pub fn reread(row: &event::Model, settings: &StoreSettings) -> Option<Event> {
    let source = Source::ALL.into_iter().find(|s| s.as_str() == row.source)?;
    let event = match source {
        Source::Internal => serde_json::from_str(&row.raw).ok()?,
        Source::Shopify => {
            let kept: Value = serde_json::from_str(&row.raw).ok()?;
            let delivery = Delivery {
                topic: kept.get("topic")?.as_str()?.to_owned(),
                event_id: String::new(),
                triggered_at: Some(row.occurred_at),
                received: row.received_at,
            };
            match shopify::translate(&delivery, kept.get("body")?.as_object()?, settings).ok()? {
                Translated::Events(events) => events.into_iter().next()?,
                Translated::Privacy(_) | Translated::Ignored => return None,
            }
        }
        Source::Woocommerce => {
            let kept: Value = serde_json::from_str(&row.raw).ok()?;
            let delivery =
                woo::Delivery { topic: kept.get("topic")?.as_str()?.to_owned(), received: row.received_at };
            let body = kept.get("body")?.as_object()?;
            woo::translate(&delivery, body, settings).ok()?.into_iter().next()?
        }
        Source::Bigcommerce => {
            let kept: Value = serde_json::from_str(&row.raw).ok()?;
            let fetched = big::Fetched {
                kind: kept.get("topic")?.as_str()?.to_owned(),
                told_at: row.occurred_at,
                received: row.received_at,
            };
            let body = kept.get("body")?.as_object()?;
            big::translate(&fetched, body, settings).ok()?.into_iter().next()?
        }
        Source::Api | Source::Snippet => {
            let around = Around {
                settings,
                source,
                arrival: when::Arrival { received: row.received_at, sent_at: None },
                context: None,
                path_type: None,
                fallback_id: "",
                kept: true,
            };
            segment::parse(&row.raw, &around).ok()?.event
        }
    };
    Some(Event { occurred_at: row.occurred_at, ..event })
}

/// The change of a cart in a kept row.
pub fn cart_change(row: &event::Model, settings: &StoreSettings) -> Option<CartChange> {
    match reread(row, settings)?.body {
        Body::Cart(change) => Some(*change),
        _ => None,
    }
}

/// Events that came together, with the text kept of them. What came along with the main fact is kept without its text a
/// second time.
pub fn arrived(events: Vec<Event>, kept: String) -> Vec<Arrived> {
    let mut kept = Some(kept);
    let one = |event| Arrived::new(event, kept.take().unwrap_or_else(|| "{}".to_owned()), None);
    events.into_iter().map(one).collect()
}

/// The text kept of a webhook.
pub fn webhook(topic: &str, body: &Object) -> String {
    serde_json::json!({"topic": topic, "body": body}).to_string()
}
