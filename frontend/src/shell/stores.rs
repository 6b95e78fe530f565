//! The stores the person may see, and the one looked at.

use std::sync::Arc;

use leptos::prelude::*;

use crate::browser;
use crate::graphql::types::{Role, Time};
use crate::route::{Part, Route, use_store_id};

/// Where the store last looked at is remembered.
const LAST: &str = "cw.store";

/// What every page needs to know of a store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreInfo {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Who owns it.
    pub organisation: String,
    /// The owner's id.
    pub organisation_id: String,
    /// What the person may do there.
    pub role: Role,
    /// Whether they may look at the organisation itself.
    pub member: bool,
    /// Sends nothing outside.
    pub sandbox: bool,
    /// ISO 4217.
    pub currency: String,
    /// Whether it is another organisation's, opened to this one, and until when.
    pub visit: Option<Option<Time>>,
}

/// What the frame needs to know of an organisation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrganisationInfo {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What the person may do there.
    pub role: Role,
    /// Whether others open their stores to it.
    pub guest: bool,
}

impl StoreInfo {
    /// The page to begin with: home, or the carts for whoever is not shown home.
    pub fn entrance(&self) -> String {
        let route = if self.role >= Route::Home.least() { Route::Home } else { Route::Carts };
        route.path(&self.id)
    }
}

/// Who is signed in and what they may see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stores {
    /// The person's id as a member.
    pub member: String,
    /// The person's name, or the address when there is none.
    pub name: String,
    /// The person's address.
    pub email: String,
    /// The stores, by organisation.
    pub list: Vec<StoreInfo>,
    /// The organisations the person is a member of.
    pub organisations: Vec<OrganisationInfo>,
    /// Id and name of the organisations the person may open stores in.
    pub open_in: Vec<(String, String)>,
    /// Whether organisations stay closed until a code was shown at sign-in.
    pub withheld: bool,
}

impl OrganisationInfo {
    /// Its own page, for when no store leads there.
    pub fn entrance(&self) -> String {
        let part = if self.guest && self.role >= Role::Admin { Part::Access } else { Part::Members };
        format!("{}?of={}", Route::Organisation(part).path(""), self.id)
    }
}

impl Stores {
    /// Organisations of which no store is in the list.
    pub fn bare(&self) -> impl Iterator<Item = &OrganisationInfo> {
        let has = |id: &str| self.list.iter().any(|store| store.organisation_id == id);
        self.organisations.iter().filter(move |one| !has(&one.id))
    }

    /// The store to open when the address names none: the last one looked at, else the first.
    pub fn first(&self) -> Option<&StoreInfo> {
        let last = browser::stored(LAST);
        self.list.iter().find(|store| Some(&store.id) == last.as_ref()).or_else(|| self.list.first())
    }

    /// Remembers the store looked at.
    pub fn remember(store: &str) {
        browser::store(LAST, Some(store));
    }
}

/// Who is signed in and what they may see.
pub fn use_stores() -> Arc<Stores> {
    expect_context::<Arc<Stores>>()
}

/// The store of the address, if the person may see it.
pub fn use_store() -> Memo<Option<StoreInfo>> {
    let (stores, id) = (use_stores(), use_store_id());
    Memo::new(move |_| stores.list.iter().find(|store| store.id == id.get()).cloned())
}
