//! The organisation the store belongs to: who works in it, its keys, and what was done.

mod access;
mod billing;
mod invitations;
mod invite;
mod keys;
mod log;
mod make_key;
mod members;
mod sharing;
mod stores;

use leptos::prelude::*;

use crate::api::{Query, use_query};
use crate::graphql;
use crate::graphql::team::{ResponseData, Variables};
use crate::graphql::types::Role;
use crate::i18n::t;
use crate::route::{Part, Route, use_parameters, use_place, use_store_id};
use crate::shell::{StoreInfo, use_store, use_stores};
use crate::ui::{Choice, Icon, PageHead, Tab, empty, skeleton_lines, tabs};
use crate::words;

/// What every part works with.
#[derive(Clone, Copy)]
struct Context {
    /// The organisation's id.
    id: Memo<String>,
    /// Its name.
    name: Memo<String>,
    /// Who works in it.
    team: Query<ResponseData>,
    /// What the reader may do here: by the newest answer, before it by what was known at the start.
    role: Memo<Role>,
}

impl Context {
    /// Whether the reader may change anything here.
    fn admin(self) -> bool {
        self.role.get() >= Role::Admin
    }
}

/// The page of the organisation.
#[component]
pub fn Organisation() -> impl IntoView {
    let (store, info, place) = (use_store_id(), use_store(), use_place());
    let part = Memo::new(move |before: Option<&Part>| match place.with(|place| place.route.clone()) {
        Route::Organisation(part) => part,
        _ => before.copied().unwrap_or(Part::Members),
    });
    // Without a store it is the one that is named, or the first of the person's organisations.
    let named = use_parameters().signal("of").get_untracked();
    let stores = use_stores();
    let first =
        stores.organisations.iter().find(|one| one.id == named).or(stores.organisations.first()).cloned();
    let known = move |pick: fn(&StoreInfo) -> String, or: Option<String>| {
        Memo::new(move |before: Option<&String>| {
            let now = info.with(|info| info.as_ref().map(pick));
            now.or_else(|| before.cloned()).or_else(|| or.clone()).unwrap_or_default()
        })
    };
    let id = known(|info| info.organisation_id.clone(), first.as_ref().map(|one| one.id.clone()));
    let name = known(|info| info.organisation.clone(), first.as_ref().map(|one| one.name.clone()));
    let own_role = first.map(|one| one.role);
    let team = use_query::<graphql::Team>(move || Some(Variables { organisation: id.get() }));
    let role = Memo::new(move |_| {
        let said = team.data.with(|data| {
            let organisation = data.as_ref()?.organisation.as_ref()?;
            organisation.role.as_deref().map(graphql::role)
        });
        said.or_else(|| info.with(|info| info.as_ref().map(|info| info.role)))
            .or(own_role)
            .unwrap_or(Role::Support)
    });
    let context = Context { id, name, team, role };
    let row = move || {
        let tab = |one: Part| Tab {
            href: match (store.get(), named.as_str()) {
                (store, "") => Route::Organisation(one).path(&store),
                (store, of) if store.is_empty() => format!("{}?of={of}", Route::Organisation(one).path("")),
                (store, _) => Route::Organisation(one).path(&store),
            },
            name: words::part(one),
            current: part.get() == one,
        };
        // Where nobody pays there is nothing to show of it.
        let metered = context.team.data.with(|data| {
            data.as_ref().and_then(|data| data.organisation.as_ref()).is_some_and(|one| one.metered)
        });
        let shown = |one: &Part| metered || *one != Part::Billing || part.get() == Part::Billing;
        tabs(t::nav_organisation(), Part::ALL.into_iter().filter(shown).map(tab).collect())
    };
    let about = move || view! { {move || name.get()} }.into_any();
    let content = move || {
        let part = part.get();
        if role.get() < words::least(part) {
            return needs(context, words::least(part));
        }
        match part {
            Part::Members => members::part(context),
            Part::Access => access::part(context),
            Part::Billing => billing::part(context),
            Part::Keys => keys::part(context),
            Part::Log => log::part(context),
        }
    };
    view! {
        <PageHead title=t::nav_organisation() about=about />
        {row}
        {content}
    }
    .into_any()
}

/// In place of what the reader's role does not show: which role it needs, and who can give it.
fn needs(context: Context, least: Role) -> AnyView {
    let words = move || {
        let names = admins(context)?;
        let own = words::role(context.role.get());
        let title = t::needs_title(&words::role(least));
        Some(empty(Icon::ShieldCheck, title, t::needs_words(&names, &own), ().into_any()))
    };
    let waiting = move || {
        let busy = context.team.data.with(Option::is_none) && context.team.fault.with(Option::is_none);
        busy.then(|| skeleton_lines(3))
    };
    let trouble = move || {
        let again = Callback::new(move |()| context.team.refetch());
        context.team.fault.get().map(|it| crate::ui::fault(&it, Some(again)))
    };
    view! { {trouble} {waiting} {words} }.into_any()
}

/// Those who may change the team, by name.
fn admins(context: Context) -> Option<String> {
    context.team.data.with(|data| {
        let organisation = data.as_ref()?.organisation.as_ref()?;
        let may =
            |word: &Option<String>| word.as_deref().is_some_and(|word| graphql::role(word) >= Role::Admin);
        let names = organisation.members.iter().filter(|one| may(&one.role));
        Some(names.map(|one| one.name.clone()).collect::<Vec<_>>().join(", "))
    })
}

/// The roles somebody may give: none above their own.
fn roles(own: Role) -> impl Iterator<Item = Role> {
    Role::ALL.iter().copied().filter(move |role| *role <= own)
}

/// The same to choose from, each with what it may do.
fn choices(roles: impl Iterator<Item = Role>, may: fn(Role) -> String) -> Vec<Choice> {
    let choice =
        |role: Role| Choice { value: role.word().to_owned(), name: words::role(role), words: may(role) };
    roles.map(choice).collect()
}

#[cfg(test)]
mod tests;
