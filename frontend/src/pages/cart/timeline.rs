//! The timeline: each line with its reason.

use leptos::prelude::*;

use crate::graphql::cart::CartStoreCart;
use crate::graphql::types::TimelineKind;
use crate::i18n::t;
use crate::route::Route;
use crate::ui::{Tone, icon, moment};
use crate::words;

const fn class(tone: Tone) -> &'static str {
    match tone {
        Tone::Neutral => "dot",
        Tone::Quiet => "dot dot--quiet",
        Tone::Positive => "dot dot--positive",
        Tone::Negative => "dot dot--negative",
        Tone::Caution => "dot dot--caution",
        Tone::Information => "dot dot--information",
    }
}

/// What stands on one line, whoever told it.
struct Entry {
    at: i64,
    line: words::Line,
    journey: Option<(String, String)>,
}

/// The server's lines. The order is told once.
fn entries(cart: &CartStoreCart) -> Vec<Entry> {
    let ordered = cart.timeline.iter().any(|entry| entry.kind == TimelineKind::Order);
    cart.timeline
        .iter()
        .filter(|entry| !(ordered && entry.kind == TimelineKind::Event && entry.code == "order_placed"))
        .map(|entry| Entry {
            at: entry.at.0,
            line: words::line(entry.kind, &entry.code, &entry.values),
            journey: entry.journey.as_ref().map(|journey| (journey.id.clone(), journey.name.clone())),
        })
        .collect()
}

/// The oldest first, as it happened.
pub fn timeline(cart: &CartStoreCart, store: &str) -> AnyView {
    let mut journey_before = None;
    let rows: Vec<_> = entries(cart)
        .into_iter()
        .map(|entry| {
            let why: Vec<_> =
                entry.line.why.into_iter().map(|why| view! { <p class="muted small">{why}</p> }).collect();
            // A journey is named once, where its lines begin.
            let named = entry.journey.filter(|journey| journey_before.as_ref() != Some(journey));
            if named.is_some() {
                journey_before.clone_from(&named);
            }
            let journey = named.map(|(id, name)| {
                view! { <a class="line__journey muted tiny" href=Route::Journey(id).path(store)>{name}</a> }
            });
            view! {
                <li class="line">
                    <span class=class(entry.line.tone)>{icon(entry.line.sign)}</span>
                    <div class="grow">
                        <p class="line__title">{entry.line.title}</p>
                        {why}
                    </div>
                    <div class="line__when">
                        <span class="muted tiny nowrap">{moment(entry.at)}</span>
                        {journey}
                    </div>
                </li>
            }
        })
        .collect();
    view! {
        <section class="section" aria-labelledby="timeline">
            <h2 id="timeline">{t::timeline()}</h2>
            <ol class="line-list">{rows}</ol>
        </section>
    }
    .into_any()
}
