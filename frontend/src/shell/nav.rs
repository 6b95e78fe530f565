//! The pages of a store, in the order of the sidebar.

use leptos::prelude::*;

use super::stores::{use_store, use_stores};
use crate::graphql::types::Role;
use crate::i18n::t;
use crate::route::{Part, Place, Route, Section, use_place};
use crate::ui::{Icon, icon};

/// A page one can go to from everywhere.
pub struct Entry {
    pub route: Route,
    pub name: String,
    pub sign: Icon,
}

/// The pages, in order.
pub fn entries() -> Vec<Entry> {
    let entry = |route, name, sign| Entry { route, name, sign };
    vec![
        entry(Route::Home, t::nav_home(), Icon::House),
        entry(Route::Carts, t::nav_carts(), Icon::ShoppingCart),
        entry(Route::Contacts, t::nav_contacts(), Icon::Users),
        entry(Route::Journeys, t::nav_journeys(), Icon::Workflow),
        entry(Route::Templates, t::nav_templates(), Icon::FileText),
        entry(Route::Inbox, t::nav_inbox(), Icon::Inbox),
        entry(Route::Settings(Section::Store), t::nav_settings(), Icon::Settings),
        entry(Route::Organisation(Part::Members), t::nav_organisation(), Icon::Building),
    ]
}

/// Whether `entry` is the page shown, or the list it came from.
fn holds(entry: &Route, place: &Place) -> bool {
    let list = match &place.route {
        Route::Cart(_) => Route::Carts,
        Route::Contact(_) => Route::Contacts,
        Route::Journey(_) => Route::Journeys,
        Route::Template(_) => Route::Templates,
        Route::Settings(_) => Route::Settings(Section::Store),
        Route::Organisation(_) => Route::Organisation(Part::Members),
        other => other.clone(),
    };
    list == *entry
}

/// Which pages there are to go to: all with a store, the organisation's own without, none for who has neither.
pub fn shown() -> Option<fn(&Route) -> bool> {
    let stores = use_stores();
    if !stores.list.is_empty() {
        return Some(|_| true);
    }
    (!stores.organisations.is_empty()).then_some(|route| matches!(route, Route::Organisation(_)))
}

/// Links to the pages with `class`, the current one marked.
pub fn links(store: Memo<String>, class: &'static str, wanted: fn(&Route) -> bool) -> AnyView {
    let (place, current) = (use_place(), use_store());
    // Pages that belong to no store lead back to the one last looked at.
    let first = use_stores().first().cloned();
    let (first_role, first_id) = match first {
        Some(first) => (first.role, first.id),
        None => (Role::Support, String::new()),
    };
    // Whoever has single stores alone is shown nothing of the organisation.
    let member = move || current.get().is_none_or(|store| store.member);
    let own = move || current.get().map_or(first_role, |store| store.role);
    entries()
        .into_iter()
        .filter(|entry| wanted(&entry.route))
        .map(|entry| {
            let least = entry.route.least();
            let of_organisation = matches!(entry.route, Route::Organisation(_));
            let (here, there, back) = (entry.route.clone(), entry.route, first_id.clone());
            view! {
                <a
                    class=class
                    hidden=move || own() < least || (of_organisation && !member())
                    href=move || store.with(|store| there.path(if store.is_empty() { &back } else { store }))
                    aria-current=move || place.with(|place| holds(&here, place)).then_some("page")
                >
                    {icon(entry.sign)}
                    <span>{entry.name}</span>
                </a>
            }
        })
        .collect_view()
        .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_single_cart_belongs_to_the_list_of_carts() {
        let place = Place::parse("/stores/store_1/carts/cart_1");
        assert!(holds(&Route::Carts, &place));
        assert!(!holds(&Route::Home, &place));
    }

    #[test]
    fn every_section_belongs_to_the_settings() {
        let place = Place::parse("/stores/store_1/settings/snippet");
        assert!(holds(&Route::Settings(Section::Store), &place));
    }

    #[test]
    fn every_part_belongs_to_the_organisation() {
        let place = Place::parse("/stores/store_1/organisation/log");
        assert!(holds(&Route::Organisation(Part::Members), &place));
    }
}
