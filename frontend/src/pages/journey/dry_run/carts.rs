//! The carts behind a number, in a drawer.

use std::sync::Arc;

use leptos::prelude::*;

use super::About;
use super::result::Picked;
use crate::api::use_query;
use crate::graphql;
use crate::graphql::dry_run_carts::{ResponseData, Variables};
use crate::i18n::t;
use crate::pages::shared::{CartRow, PAGE, cart_table};
use crate::ui::{Button, Dialog, DialogKind, Pager, empty, skeleton_rows, stateful};
use crate::words;

/// The drawer, open while a number is picked.
pub fn dialog(about: StoredValue<About>, picked: Picked) -> AnyView {
    let open = RwSignal::new(false);
    Effect::new(move |_| open.set(picked.get().is_some()));
    Effect::new(move |_| {
        if !open.get() && picked.get_untracked().is_some() {
            picked.set(None);
        }
    });
    let title = Signal::derive(move || picked.get().map(|(_, what)| what).unwrap_or_default());
    view! {
        <Dialog label=title open=open kind=DialogKind::Drawer>
            <div class="dialog__body stack">
                <div class="row row--between">
                    <h2>{move || title.get()}</h2>
                    <Button label=t::close() on_press=move |()| open.set(false) />
                </div>
                {move || picked.get().map(|(place, _)| page(about, place))}
            </div>
        </Dialog>
    }
    .into_any()
}

fn page(about: StoredValue<About>, place: i64) -> AnyView {
    let after = RwSignal::new(None::<String>);
    let query = use_query::<graphql::DryRunCarts>(move || {
        let About { store, journey } = about.get_value();
        Some(Variables { store, journey, place, first: PAGE, after: after.get() })
    });
    let content = move |data: Arc<ResponseData>| {
        let run = data.store.as_ref().and_then(|s| s.journey.as_ref()).and_then(|j| j.dry_run.as_ref());
        let Some(carts) = run.map(|run| &run.carts).filter(|carts| !carts.edges.is_empty()) else {
            return empty(
                crate::ui::Icon::ShoppingCart,
                t::dry_run_carts_none(),
                String::new(),
                ().into_any(),
            );
        };
        let rows: Vec<CartRow> = carts
            .edges
            .iter()
            .map(|edge| {
                let cart = &edge.node;
                let contact = cart.contact.as_ref();
                CartRow {
                    id: cart.id.clone(),
                    kind: cart.kind,
                    status: cart.status,
                    excluded: cart.excluded.clone(),
                    items: cart.item_count,
                    total: (cart.total.decimal.clone(), cart.total.currency.clone()),
                    updated: cart.updated_at,
                    person: Some(words::person(
                        contact.and_then(|contact| contact.name.as_deref()),
                        contact.and_then(|contact| contact.email.as_deref()),
                    )),
                }
            })
            .collect();
        let shown = t::carts_shown(carts.total_count.unwrap_or_default(), &rows.len().to_string());
        let next = carts.page_info.end_cursor.clone();
        let store = about.get_value().store;
        view! {
            <div>
                {cart_table(&store, rows, |_| false)}
                <Pager
                    shown=shown
                    has_before=after.get_untracked().is_some()
                    has_after=carts.page_info.has_next_page
                    on_first=move |()| after.set(None)
                    on_next=move |()| after.set(next.clone())
                />
            </div>
        }
        .into_any()
    };
    stateful(query, || skeleton_rows(6), content)
}
