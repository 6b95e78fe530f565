//! What the platforms' translations share.

use super::{
    items,
    read::{Object, Problem},
};
use cartwheel_domain::{
    event::{Body, Event, EventKind, LineItem, Marks, Source, Who},
    time::{MINUTE, Millis},
};
use ring::digest::{SHA256, digest};
use serde_json::Value;

/// A platform's time, as far as it can be believed: what lies in the future happened when it arrived.
pub(super) fn by_our_clock(said: Option<Millis>, received: Millis) -> Millis {
    said.filter(|at| *at <= received + MINUTE).map_or(received, |at| at.min(received))
}

/// An event whose id is what it says: told twice, by a webhook and by the API, it is one event.
pub(super) fn event(
    source: Source,
    name: &str,
    occurred_at: Millis,
    kind: EventKind,
    who: Who,
    body: Body,
) -> Event {
    // What is told of the same moment in other words (a topic, a line more) is another event.
    let said = serde_json::to_vec(&(occurred_at, kind, &who, &body)).unwrap_or_default();
    let id = hex::encode(&digest(&SHA256, &said).as_ref()[..16]);
    Event {
        source,
        source_id: id,
        occurred_at,
        kind,
        name: name.to_owned(),
        who,
        body,
        marks: Marks::default(),
    }
}

/// The lines of a list; those that `read` makes nothing of are left out.
pub(super) fn lines(
    list: &[Value],
    read: impl Fn(&Object) -> Result<Option<LineItem>, Problem>,
) -> Result<Vec<LineItem>, Problem> {
    if list.len() > items::MAX_ITEMS {
        return Err(Problem::new("/line_items", format!("at most {} lines", items::MAX_ITEMS)));
    }
    let mut lines: Vec<LineItem> = Vec::with_capacity(list.len());
    for object in list.iter().filter_map(Value::as_object) {
        lines.extend(read(object)?);
    }
    Ok(lines)
}
