//! The way of one person through the journey: where they have been, where they stand, and why.

use std::sync::Arc;

use cartwheel_domain::journey::layout::layout;
use leptos::prelude::*;

use super::canvas::{Picture, Pointers, SIZES, Surface, canvas};
use super::draft::Draft;
use super::still::still;
use crate::api::use_query;
use crate::graphql;
use crate::graphql::journey_passage::{
    JourneyPassageStoreCart as Cart, JourneyPassageStoreCartTimeline as Entry, ResponseData, Variables,
};
use crate::graphql::types::TimelineKind;
use crate::i18n::{format, t};
use crate::pages::shared::line;
use crate::route::{Parameters, Route};
use crate::ui::{Button, Icon, Tone, empty, icon, notice, skeleton_block, stateful};
use crate::words;

/// One stay at a step.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Stay {
    node: String,
    visit: i64,
    at: i64,
}

/// A run: where it was, in order, and whether it is over.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Passage {
    stays: Vec<Stay>,
    over: bool,
}

impl Passage {
    /// The newest run among the decisions of a journey, oldest first: it begins where a run was last begun.
    fn newest(entries: &[&Entry]) -> Self {
        let begun = entries.iter().rposition(|entry| entry.code == "entered").unwrap_or(0);
        let mut passage = Self::default();
        for entry in entries.get(begun..).unwrap_or_default() {
            let node = entry.values["node"].as_str().unwrap_or_default().to_owned();
            let visit = entry.values["visit"].as_i64().unwrap_or_default();
            if passage.stays.last().is_none_or(|last| last.node != node || last.visit != visit) {
                passage.stays.push(Stay { node, visit, at: entry.at.0 });
            }
            passage.over = entry.code == "ended";
        }
        passage
    }

    /// Where it stands, unless it is over.
    fn here(&self) -> Option<&str> {
        self.stays.last().filter(|_| !self.over).map(|stay| stay.node.as_str())
    }

    /// Which stays were at a node, counted from 1, and when the last began.
    fn at(&self, node: &str) -> Option<(Vec<usize>, i64)> {
        let stays: Vec<_> = self.stays.iter().enumerate().filter(|(_, stay)| stay.node == node).collect();
        let last = stays.last()?.1.at;
        Some((stays.into_iter().map(|(i, _)| i + 1).collect(), last))
    }

    /// Whether it went from one node straight to another.
    fn went(&self, from: &str, to: &str) -> bool {
        self.stays.windows(2).any(|pair| pair[0].node == from && pair[1].node == to)
    }
}

/// The way of the cart that the address names.
pub fn passage(draft: Draft, store: String, journey: String, parameters: Parameters) -> AnyView {
    let asked = store.clone();
    let query = use_query::<graphql::JourneyPassage>(move || {
        let cart = parameters.get("cart");
        (!cart.is_empty()).then(|| Variables { store: asked.clone(), cart })
    });
    let content =
        move |data: Arc<ResponseData>| match data.store.as_ref().and_then(|store| store.cart.as_ref()) {
            Some(cart) => drawn(draft, cart, &store, &journey, parameters),
            None => notice(Tone::Caution, t::cart_gone(), ().into_any()),
        };
    stateful(query, skeleton_block, content)
}

fn drawn(draft: Draft, cart: &Cart, store: &str, journey: &str, parameters: Parameters) -> AnyView {
    let entries: Vec<&Entry> = cart
        .timeline
        .iter()
        .filter(|entry| entry.kind == TimelineKind::Decision)
        .filter(|entry| entry.journey.as_ref().is_some_and(|of| of.id == journey))
        .collect();
    let person =
        cart.contact.as_ref().and_then(|contact| contact.name.clone().or_else(|| contact.email.clone()));
    let person = person.unwrap_or_else(t::passage_somebody);
    let passage = Passage::newest(&entries);
    let back = move |()| parameters.set(&[("cart", "")]);
    let href = Route::Cart(cart.id.clone()).path(store);
    let head = view! {
        <div class="row row--between compare__head">
            <p>{t::passage_of(&person)} " · " <a class="link" href=href>{t::passage_cart()}</a></p>
            <Button label=t::compare_close() on_press=back />
        </div>
    };
    if passage.stays.is_empty() {
        return view! { <div class="stack">{head} {empty(Icon::Workflow, t::passage_none(), t::passage_none_words(), ().into_any())}</div> }.into_any();
    }
    let definition = draft.shown.get_untracked();
    let picture = Picture::new(layout(&definition, SIZES));
    let elsewhere = passage.stays.iter().filter(|stay| picture.corner(&stay.node).is_none()).count();
    let here = passage.here().map(str::to_owned);
    let of_node = |id: &cartwheel_domain::journey::NodeId| match passage.at(id.as_str()) {
        None => ("is-missed", None),
        Some((order, at)) => {
            let order = order.iter().map(|n| format::number(*n as i64)).collect::<Vec<_>>().join(", ");
            let (class, sign, words) = match here.as_deref() == Some(id.as_str()) {
                true => ("is-here", Icon::Hourglass, t::passage_here(&order, &format::date_time(at))),
                false => ("is-passed", Icon::Check, t::passage_passed(&order, &format::date_time(at))),
            };
            let mark = view! { <span class=format!("graph__mark {class}")>{icon(sign)}{words}</span> };
            (class, Some(mark.into_any()))
        }
    };
    let of_way = |edge: &cartwheel_domain::journey::layout::Edge| {
        if passage.went(edge.from.as_str(), edge.to.as_str()) { "is-passed" } else { "is-missed" }
    };
    let sheet = still(&picture, &[&definition], of_node, of_way);
    let start = here.clone().unwrap_or_else(|| definition.start.to_string());
    let picture = Memo::new(move |_| picture.clone());
    let surface = Surface::new(picture, start);
    let lines: Vec<_> = entries
        .iter()
        .map(|entry| line(words::line(entry.kind, &entry.code, &entry.values), entry.at.0, None))
        .collect();
    let note = (elsewhere > 0)
        .then(|| notice(Tone::Information, t::passage_elsewhere(elsewhere as i64), ().into_any()));
    view! {
        <div class="stack">
            {head}
            {note}
            {canvas(surface, Pointers::new(surface, None), None, t::passage_drawing(&person), sheet)}
            <ol class="line-list">{lines}</ol>
        </div>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::graphql::types::Time;

    fn entry(code: &str, node: &str, visit: i64, at: i64) -> Entry {
        let values = json!({ "node": node, "visit": visit, "values": {} });
        Entry { at: Time(at), kind: TimelineKind::Decision, code: code.to_owned(), values, journey: None }
    }

    fn passage(entries: &[Entry]) -> Passage {
        Passage::newest(&entries.iter().collect::<Vec<_>>())
    }

    #[test]
    fn the_newest_run_is_followed_to_where_it_stands() {
        let all = [
            entry("entered", "left", 1, 1),
            entry("ended", "wait_1", 1, 2),
            entry("entered", "left", 1, 10),
            entry("treated", "control", 1, 10),
            entry("wait_started", "wait_1", 1, 11),
            entry("wait_over", "wait_1", 1, 20),
            entry("message_queued", "mail_1", 1, 20),
            entry("wait_started", "wait_1", 2, 21),
        ];
        let found = passage(&all);
        assert_eq!(
            found.stays.iter().map(|stay| stay.node.as_str()).collect::<Vec<_>>(),
            ["left", "control", "wait_1", "mail_1", "wait_1"]
        );
        assert_eq!(
            (found.here(), found.at("wait_1"), found.at("mail_2")),
            (Some("wait_1"), Some((vec![3, 5], 21)), None)
        );
        assert!(
            found.went("mail_1", "wait_1") && !found.went("left", "wait_1") && !found.went("wait_1", "left")
        );
    }

    #[test]
    fn a_run_that_is_over_stands_nowhere() {
        let found = passage(&[entry("entered", "left", 1, 1), entry("ended", "left", 1, 2)]);
        assert_eq!((found.here(), found.stays.len(), found.over), (None, 1, true));
        assert_eq!(passage(&[]), Passage::default());
    }
}
