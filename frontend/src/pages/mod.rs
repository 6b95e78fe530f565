//! The pages, one folder each. A page asks for its data, and keeps its filters and its selection in the address. Home is part
//! of the first load; the others come when they are asked for.

mod account;
mod all_stores;
mod cart;
mod carts;
mod contact;
mod contacts;
mod home;
mod inbox;
mod journey;
mod journeys;
#[cfg(debug_assertions)]
mod kit;
mod live;
mod new_organisation;
mod new_store;
mod on_demand;
mod once;
mod organisation;
mod outer;
mod roll_out;
mod settings;
mod shared;
mod template;
mod templates;

use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::route::Route;
use on_demand::{Chunk, on_demand};

/// The page of an address.
pub fn page(route: &Route) -> AnyView {
    match Chunk::of(route) {
        Some(chunk) => on_demand(chunk, route.clone()),
        None => view! { <home::Home /> }.into_any(),
    }
}

/// Fetches the code of a page that will be asked for, while other things are on their way.
pub fn prepare(route: &Route) {
    if let Some(chunk) = Chunk::of(route) {
        spawn_local(async move {
            // Should it fail, the page tries again and tells.
            let _ = chunk.load().await;
        });
    }
}

/// The kit, in development.
#[cfg(debug_assertions)]
pub fn kit() -> AnyView {
    view! { <kit::Kit /> }.into_any()
}

/// The kit is not part of what ships.
#[cfg(not(debug_assertions))]
pub fn kit() -> AnyView {
    ().into_any()
}
