//! Following a store while one looks at it.

use leptos::prelude::*;
use serde_json::Value;

use crate::api::{Notice, Subscription, subscribe};
use crate::browser;
use crate::graphql;

/// Changes that come close together are told together; in milliseconds.
const SOON: u32 = 400;
/// The same, for figures that nobody watches by the second.
const CALM: u32 = 3_000;

/// Calls `changed` with the ids of carts that have changed; with none when the link was lost and is back. Ends with the
/// view it is called in.
pub fn follow_carts(store: Memo<String>, changed: impl Fn(&[String]) + Copy + 'static) {
    follow(store, graphql::carts_changed::QUERY, cart, SOON, changed);
}

/// Calls `changed` after carts have changed, at a calm pace. Ends with the view it is called in.
pub fn follow_figures(store: Memo<String>, changed: impl Fn() + Copy + 'static) {
    follow(store, graphql::carts_changed::QUERY, cart, CALM, move |_| changed());
}

/// Calls `changed` with the ids of the carts that messages are about which are new or have changed; with none when the
/// link was lost and is back. Ends with the view it is called in.
pub fn follow_messages(store: Memo<String>, changed: impl Fn(&[String]) + Copy + 'static) {
    follow(store, graphql::messages_changed::QUERY, cart_of_message, SOON, changed);
}

fn cart(data: &Value) -> Option<&str> {
    data["cartsChanged"]["cart"]["id"].as_str()
}

fn cart_of_message(data: &Value) -> Option<&str> {
    data["messagesChanged"]["message"]["cartId"].as_str()
}

fn follow(
    store: Memo<String>,
    query: &'static str,
    id: fn(&Value) -> Option<&str>,
    gather: u32,
    changed: impl Fn(&[String]) + Copy + 'static,
) {
    let kept = StoredValue::new(None::<Subscription>);
    let gathered = StoredValue::new(None::<Vec<String>>);
    Effect::new(move |_| {
        let variables = serde_json::json!({ "store": store.get() });
        let listener = move |notice: Notice| {
            let id = match &notice {
                Notice::Next(data) => id(data).map(str::to_owned),
                Notice::Back => None,
            };
            let first = gathered.try_update_value(|gathered| {
                let first = gathered.is_none();
                gathered.get_or_insert_default().extend(id);
                first
            });
            if first == Some(true) {
                browser::after(gather, move || {
                    // None: the view is gone.
                    if let Some(Some(ids)) = gathered.try_update_value(Option::take) {
                        changed(&ids);
                    }
                });
            }
        };
        let subscription = subscribe(query, variables, listener);
        // The former store's subscription ends when it is dropped here.
        drop(kept.try_update_value(|kept| kept.replace(subscription)));
    });
    on_cleanup(move || drop(kept.try_update_value(Option::take)));
}
