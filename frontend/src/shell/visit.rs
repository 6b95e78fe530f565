//! Who else is in a store: to a guest, that it is another's and until when; to those it belongs to, that the staff is in.

use leptos::prelude::*;

use super::stores::use_store;
use crate::api::use_query;
use crate::graphql;
use crate::graphql::types::Role;
use crate::i18n::{format, t};
use crate::route::{Part, Route, use_store_id};
use crate::ui::{Tone, notice};

/// What stands above each page of a store in which there is a guest for a time.
pub fn notices() -> AnyView {
    let (store, id) = (use_store(), use_store_id());
    let query = use_query::<graphql::Staff>(move || {
        store.with(Option::is_some).then(|| graphql::staff::Variables { store: id.get() })
    });
    let guest = move || {
        let ends = store.with(|store| store.as_ref().and_then(|store| store.visit.flatten()));
        ends.map(|at| {
            notice(
                Tone::Caution,
                t::visit_until(&format::exact(at.0)),
                view! { <p>{t::visit_words()}</p> }.into_any(),
            )
        })
    };
    let staff = move || {
        let own = store.get().filter(|store| store.visit.is_none())?;
        let until = query.data.get()?.store.as_ref()?.staff_until?;
        let way = (own.role >= Role::Admin && own.member).then(|| {
            let href = Route::Organisation(Part::Access).path(&own.id);
            view! { <a class="link" href=href>{t::visit_staff_end()}</a> }
        });
        let more = view! { <p>{t::visit_staff_words()}</p> {way} };
        Some(notice(Tone::Caution, t::visit_staff(&format::exact(until.0)), more.into_any()))
    };
    view! { {guest} {staff} }.into_any()
}
