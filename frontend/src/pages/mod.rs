//! The pages, one folder each. A page asks for its data, and keeps its filters and its selection in the address.

mod account;
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
mod new_store;
mod organisation;
mod settings;
mod shared;

use leptos::prelude::*;

use crate::route::Route;

/// The page of an address within a store.
pub fn page(route: &Route) -> AnyView {
    match route {
        Route::Carts => view! { <carts::Carts /> }.into_any(),
        Route::Cart(_) => view! { <cart::Cart /> }.into_any(),
        Route::Contacts => view! { <contacts::Contacts /> }.into_any(),
        Route::Contact(_) => view! { <contact::Contact /> }.into_any(),
        Route::Journeys => view! { <journeys::Journeys /> }.into_any(),
        Route::Journey(_) => view! { <journey::Journey /> }.into_any(),
        Route::Inbox => view! { <inbox::Inbox /> }.into_any(),
        Route::Settings(_) => view! { <settings::Settings /> }.into_any(),
        Route::Organisation(_) => view! { <organisation::Organisation /> }.into_any(),
        Route::Account => view! { <account::Account /> }.into_any(),
        _ => view! { <home::Home /> }.into_any(),
    }
}

/// Opens a store.
pub fn new_store() -> AnyView {
    view! { <new_store::NewStore /> }.into_any()
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
