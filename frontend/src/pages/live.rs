//! Following a store while one looks at it.

use leptos::prelude::*;

use crate::api::{Notice, Subscription, subscribe};
use crate::browser;
use crate::graphql;

/// Changes that come close together are told together; in milliseconds.
const GATHER: u32 = 400;

/// Calls `changed` with the ids of carts that have changed; with none when the link was lost and is back. Ends with the
/// view it is called in.
pub fn follow_carts(store: Memo<String>, changed: impl Fn(&[String]) + Copy + 'static) {
    let kept = StoredValue::new(None::<Subscription>);
    let gathered = StoredValue::new(None::<Vec<String>>);
    Effect::new(move |_| {
        let variables = serde_json::json!({ "store": store.get() });
        let listener = move |notice: Notice| {
            let id = match &notice {
                Notice::Next(data) => data["cartsChanged"]["cart"]["id"].as_str().map(str::to_owned),
                Notice::Back => None,
            };
            let first = gathered.try_update_value(|gathered| {
                let first = gathered.is_none();
                gathered.get_or_insert_default().extend(id);
                first
            });
            if first == Some(true) {
                browser::after(GATHER, move || {
                    // None: the view is gone.
                    if let Some(Some(ids)) = gathered.try_update_value(Option::take) {
                        changed(&ids);
                    }
                });
            }
        };
        let subscription = subscribe(graphql::carts_changed::QUERY, variables, listener);
        // The former store's subscription ends when it is dropped here.
        drop(kept.try_update_value(|kept| kept.replace(subscription)));
    });
    on_cleanup(move || drop(kept.try_update_value(Option::take)));
}
