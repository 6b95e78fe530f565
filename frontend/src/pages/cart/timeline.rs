//! The timeline: each line with its reason.

use leptos::prelude::*;

use crate::graphql::cart::CartStoreCart;
use crate::graphql::types::{Role, TimelineKind};
use crate::i18n::t;
use crate::pages::shared::line;
use crate::route::Route;
use crate::shell::use_store;
use crate::words;

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
    let own = use_store().get_untracked().map_or(Role::Support, |store| store.role);
    let cart_id = &cart.id;
    let mut journey_before = None;
    let rows: Vec<_> = entries(cart)
        .into_iter()
        .map(|entry| {
            // A journey is named once, where its lines begin.
            let named = entry.journey.filter(|journey| journey_before.as_ref() != Some(journey));
            if named.is_some() {
                journey_before.clone_from(&named);
            }
            let journey = named.map(|(id, name)| {
                let route = Route::Journey(id);
                if own < route.least() {
                    return view! { <span class="line__journey muted tiny">{name}</span> }.into_any();
                }
                let href = format!("{}?cart={cart_id}", route.path(store));
                view! { <a class="line__journey muted tiny" href=href title=t::passage_show()>{name}</a> }
                    .into_any()
            });
            line(entry.line, entry.at, journey)
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
