//! The connection to the shop platform: which one, by what credentials, how it stands, and what can be done about it. The platform stands
//! in the address.

mod form;
mod state;

use std::sync::Arc;

use leptos::prelude::*;

use crate::api::{Query, use_query};
use crate::graphql;
use crate::graphql::platforms::{PlatformsStorePlatforms as Connection, ResponseData, Variables};
use crate::graphql::types::{PlatformName, Role};
use crate::i18n::t;
use crate::route::{use_parameters, use_store_id};
use crate::shell::use_store;
use crate::ui::{Segmented, skeleton_lines, stateful};

/// What the parts of this page share. Copies are the same.
#[derive(Clone, Copy)]
struct Context {
    /// The store.
    store: Memo<String>,
    /// Its connections.
    query: Query<ResponseData>,
    /// Whether the reader may change anything.
    may: Memo<bool>,
}

/// A platform's own name.
fn name(platform: PlatformName) -> &'static str {
    match platform {
        PlatformName::Shopify => "Shopify",
        PlatformName::Woocommerce => "WooCommerce",
        PlatformName::Bigcommerce => "BigCommerce",
    }
}

/// The page.
pub fn part() -> AnyView {
    let (store, parameters, info) = (use_store_id(), use_parameters(), use_store());
    let query = use_query::<graphql::Platforms>(move || Some(Variables { store: store.get() }));
    let may = Memo::new(move |_| info.get().is_some_and(|info| info.role >= Role::Admin));
    let context = Context { store, query, may };
    let asked = parameters.signal("platform");
    let content = stateful(
        query,
        || skeleton_lines(8),
        move |data: Arc<ResponseData>| {
            let all = data.store.as_ref().map(|store| store.platforms.clone()).unwrap_or_default();
            let Some(one) = shown(&data, &asked.get()) else { return ().into_any() };
            let options: Vec<(String, String)> = all
                .iter()
                .map(|one| (one.platform.word().to_owned(), name(one.platform).to_owned()))
                .collect();
            let chosen = one.platform.word().to_owned();
            view! {
                <Segmented
                    label=t::settings_platform()
                    options=options
                    value=Signal::derive(move || chosen.clone())
                    on_pick=move |word: String| parameters.set(&[("platform", &word)])
                />
                {state::part(context, one)}
            }
            .into_any()
        },
    );
    // What is typed, and what is being asked, stays while the rest is drawn anew with every answer.
    let of = move || query.data.get().and_then(|data| shown(&data, &asked.get()).cloned());
    let asks =
        Memo::new(move |_| of().filter(|one| one.connected && may.get()).map(|one| (one.platform, one.api)));
    let deeds = move || asks.get().map(|(platform, api)| state::deeds(context, platform, api));
    let typed = Memo::new(move |_| {
        of().filter(|_| may.get()).map(|one| (one.platform, one.address, one.recovery_url, one.webhook_url))
    });
    let form = move || typed.get().and_then(|_| untrack(of)).map(|one| form::part(context, &one));
    view! {
        <div class="stack stack--wide form-wide">
            <section class="stack">
                <h2>{t::settings_platform()}</h2>
                <p class="muted">{t::platform_about()}</p>
            </section>
            <div class="stack">
                {content}
                {deeds}
                {form}
            </div>
        </div>
    }
    .into_any()
}

/// The platform that was asked for; else the one that is connected; while there is none, the first.
fn shown<'a>(data: &'a ResponseData, asked: &str) -> Option<&'a Connection> {
    let all = &data.store.as_ref()?.platforms;
    let asked = PlatformName::from_word(asked);
    let shown = all.iter().find(|one| Some(one.platform) == asked);
    shown.or_else(|| all.iter().find(|one| one.connected)).or_else(|| all.first())
}
