//! What was done here, newest first, a page at a time; the page stands in the address.

use std::sync::Arc;

use leptos::prelude::*;

use super::Context;
use crate::api::use_query;
use crate::graphql;
use crate::graphql::audit_log::{ResponseData, Variables};
use crate::i18n::t;
use crate::pages::shared::{PAGE, line};
use crate::route::{Part, Route, use_parameters, use_store_id};
use crate::shell::use_stores;
use crate::ui::{ButtonKind, Icon, button_link, empty, skeleton_rows, stateful};
use crate::words::{self, Known};

/// The log.
pub fn part(context: Context) -> AnyView {
    let (store, parameters, stores) = (use_store_id(), use_parameters(), use_stores());
    let query = use_query::<graphql::AuditLog>(move || {
        let before = parameters.get("before").parse().ok();
        Some(Variables { organisation: context.id.get(), first: PAGE, before })
    });
    let keys = use_query::<graphql::ApiKeys>(move || {
        Some(graphql::api_keys::Variables { organisation: context.id.get() })
    });
    let known = move || {
        let mut known = Known::default();
        for one in &stores.list {
            known.learn(&one.id, &one.name);
        }
        if let Some(organisation) =
            context.team.data.get().as_ref().and_then(|data| data.organisation.as_ref())
        {
            for one in &organisation.members {
                known.learn(&one.id, &one.name);
            }
        }
        if let Some(organisation) = keys.data.get().as_ref().and_then(|data| data.organisation.as_ref()) {
            for one in &organisation.api_keys {
                known.learn(&one.id, &format!("{} ({}…)", one.name, one.prefix));
            }
        }
        known
    };
    let content = stateful(
        query,
        || skeleton_rows(8),
        move |data: Arc<ResponseData>| {
            let entries = data.organisation.as_ref().map(|organisation| organisation.audit_log.as_slice());
            let entries = entries.unwrap_or_default();
            let Some(last) = entries.last() else {
                return empty(Icon::List, t::log_none(), t::log_about(), ().into_any());
            };
            let mut known = known();
            for entry in entries {
                known.learn(&entry.actor, entry.actor_name.as_deref().unwrap_or_default());
            }
            known.learn_from(entries);
            let rows: Vec<_> =
                entries.iter().map(|entry| line(words::audit(entry, &known), entry.at.0, None)).collect();
            let here = Route::Organisation(Part::Log).path(&store.get());
            let newer = !parameters.get("before").is_empty();
            let newest = newer.then(|| button_link(here.clone(), ButtonKind::Plain, t::log_newest()));
            // Numbers have no gap, so the first entry of all is number 1.
            let older = (last.seq > 1).then(|| {
                button_link(format!("{here}?before={}", last.seq), ButtonKind::Plain, t::log_older())
            });
            view! {
                <ol class="line-list">{rows}</ol>
                <nav class="row" aria-label=t::part_log()>{newest} {older}</nav>
            }
            .into_any()
        },
    );
    view! {
        <section class="section form-wide" aria-labelledby="log">
            <h2 id="log">{t::part_log()}</h2>
            <p class="muted">{t::log_about()}</p>
            {content}
        </section>
    }
    .into_any()
}
