//! Pages of a platform's lists, and which page is next.

use super::Place;
use crate::{
    accounts::StoreInfo,
    ingest::{
        project::Arrived,
        raw,
        read::Object,
        shopify::{self, Translated},
        woo,
    },
    platforms::api::{Api, Trouble, shopify::List},
};
use cartwheel_domain::{
    event::Event,
    time::{Millis, SECOND, parse_rfc3339},
};
use serde_json::Value;

/// A page.
pub struct Page {
    /// Its rows.
    pub rows: Vec<Object>,
    /// The platform's name of the next one.
    pub named: Option<String>,
}

/// Asks for the page at a place.
///
/// # Errors
/// [`Trouble`].
pub async fn page(api: &Api, place: &Place, size: u32) -> Result<Page, Trouble> {
    let rows = match api {
        Api::Woo(api) => api.orders(place.from, place.begun, place.page, size).await?,
        Api::Shopify(api) => {
            let list = List::ALL.get(place.list).copied().unwrap_or(List::Orders);
            let (rows, named) = api.page(list, place.from, place.named.as_deref(), size).await?;
            return Ok(Page { rows, named });
        }
        Api::Bigcommerce(api) if place.list == 0 => api.orders(place.from, place.page, size).await?,
        Api::Bigcommerce(api) => api.quotes(place.from, place.page, size).await?,
    };
    Ok(Page { rows, named: None })
}

/// How many lists a platform has.
fn lists(api: &Api) -> usize {
    match api {
        Api::Woo(_) => 1,
        Api::Shopify(_) => List::ALL.len(),
        Api::Bigcommerce(_) => 2,
    }
}

/// The place after a page; `None` when the round is over.
///
/// A list by the time of the last change moves while it is read: a row that is changed again goes to its end, and all after it
/// move up. So the next page is not asked for by its number but from the time of the last row on; by number only as
/// long as that time does not move, as after a change of many rows at once.
pub fn next(api: &Api, place: &Place, page: Page, cursor: Millis, size: u32) -> Option<Place> {
    let full = page.rows.len() >= usize::try_from(size).unwrap_or(usize::MAX);
    let more = match api {
        Api::Shopify(_) => {
            page.named.map(|named| Place { named: Some(named), page: place.page + 1, ..place.clone() })
        }
        Api::Woo(_) if full => Some(onward(place, &page.rows, "date_modified_gmt")),
        Api::Bigcommerce(_) if full && place.list == 0 => Some(onward(place, &page.rows, "date_modified")),
        Api::Bigcommerce(_) if full => Some(Place { page: place.page + 1, ..place.clone() }),
        _ => None,
    };
    more.or_else(|| {
        let list = place.list + 1;
        (list < lists(api)).then_some(Place { list, from: cursor, page: 1, named: None, begun: place.begun })
    })
}

fn onward(place: &Place, rows: &[Object], key: &str) -> Place {
    let last = rows.iter().filter_map(|row| time(row.get(key)?.as_str()?)).max().unwrap_or(place.from);
    // Times are whole seconds, and "after" leaves out its own.
    let from = last - SECOND;
    if from > place.from {
        Place { from, page: 1, ..place.clone() }
    } else {
        Place { page: place.page + 1, ..place.clone() }
    }
}

fn time(text: &str) -> Option<Millis> {
    let by_mail = || Some(chrono::DateTime::parse_from_rfc2822(text.trim()).ok()?.timestamp_millis());
    parse_rfc3339(&format!("{text}Z")).or_else(|| parse_rfc3339(text)).or_else(by_mail)
}

/// Rows as the events their webhooks would have been.
pub struct Told<'a> {
    /// Whose.
    pub store: &'a StoreInfo,
    /// Our clock.
    pub received: Millis,
}

impl Told<'_> {
    /// What the rows say. One that cannot be read is left out: its webhook would have been, too.
    pub fn events(&self, list: usize, api: &Api, rows: &[Object]) -> Vec<Arrived> {
        rows.iter().flat_map(|row| self.one(list, api, row)).collect()
    }

    fn one(&self, list: usize, api: &Api, row: &Object) -> Vec<Arrived> {
        let (topic, events) = match api {
            Api::Shopify(_) => {
                let topic = match List::ALL.get(list) {
                    Some(List::Checkouts) => shopify::POLLED_CHECKOUT,
                    Some(List::Drafts) => shopify::POLLED_DRAFT,
                    _ => shopify::POLLED_ORDER,
                };
                (topic, self.shopify(topic, row))
            }
            _ => {
                let delivery = woo::Delivery { topic: "order.updated".into(), received: self.received };
                ("order.updated", woo::translate(&delivery, row, &self.store.settings).unwrap_or_default())
            }
        };
        raw::arrived(events, raw::webhook(topic, row))
    }

    fn shopify(&self, topic: &str, row: &Object) -> Vec<Event> {
        let text = |key: &str| match row.get(key) {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Number(number)) => number.to_string(),
            _ => String::new(),
        };
        let delivery = shopify::Delivery {
            topic: topic.to_owned(),
            // The same state of the same thing is the same event, however often it is read.
            event_id: format!("{topic}:{}:{}", text("id"), text("updated_at")),
            triggered_at: None,
            received: self.received,
        };
        match shopify::translate(&delivery, row, &self.store.settings) {
            Ok(Translated::Events(events)) => events,
            Ok(Translated::Privacy(_) | Translated::Ignored) | Err(_) => Vec::new(),
        }
    }
}
