//! Every address of the console. An address holds all of a view: the store, the page, and as parameters its filters.

use std::mem::Discriminant;

use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::hooks::{use_location, use_navigate};
use leptos_router::params::ParamsMap;

use crate::graphql::types::Role;

/// A part of the settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Section {
    /// Name, country, language, zone, currency.
    Store,
    /// When a cart counts as left.
    Abandonment,
    /// Sender, limits, quiet hours.
    Sending,
    /// Text messages.
    Texts,
    /// The code for the shop, and the keys.
    Snippet,
    /// The connection to the shop platform.
    Platform,
    /// Outgoing webhooks.
    Webhooks,
    /// Web push.
    Push,
}

impl Section {
    /// All of them, in the order of the tabs.
    pub const ALL: [Self; 8] = [
        Self::Store,
        Self::Abandonment,
        Self::Sending,
        Self::Texts,
        Self::Push,
        Self::Snippet,
        Self::Platform,
        Self::Webhooks,
    ];

    /// Its part of the address.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Store => "store",
            Self::Abandonment => "abandonment",
            Self::Sending => "sending",
            Self::Texts => "texts",
            Self::Push => "push",
            Self::Snippet => "snippet",
            Self::Platform => "platform",
            Self::Webhooks => "webhooks",
        }
    }
}

/// A part of the page about an organisation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Who works here, and who was asked to.
    Members,
    /// Agencies and the service's staff in the organisation's stores, and stores of others.
    Access,
    /// What is paid for, and what was used.
    Billing,
    /// Keys of the API.
    Keys,
    /// What was done.
    Log,
}

impl Part {
    /// All of them, in the order of the tabs.
    pub const ALL: [Self; 5] = [Self::Members, Self::Access, Self::Billing, Self::Keys, Self::Log];

    /// Its part of the address.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Members => "members",
            Self::Access => "access",
            Self::Billing => "billing",
            Self::Keys => "keys",
            Self::Log => "log",
        }
    }
}

/// A page. All but the first and the last belong to a store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Route {
    /// Leads on to the store last looked at.
    Start,
    /// What Cartwheel earned.
    Home,
    /// The list of carts.
    Carts,
    /// One cart.
    Cart(String),
    /// The list of contacts.
    Contacts,
    /// One contact.
    Contact(String),
    /// The list of journeys.
    Journeys,
    /// One journey.
    Journey(String),
    /// The texts of the messages.
    Templates,
    /// One version of a text.
    Template(String),
    /// What the sandbox would have sent.
    Inbox,
    /// The settings.
    Settings(Section),
    /// The organisation the store belongs to.
    Organisation(Part),
    /// The person's own account.
    Account,
    /// An invitation; its token stands behind the `#`.
    Join,
    /// Asks for a mail with the link that makes an account.
    SignUp,
    /// Makes an account; the link's token stands behind the `#`.
    Welcome,
    /// Asks for a mail with the link that chooses another password.
    Forgot,
    /// Chooses another password; the link's token stands behind the `#`.
    Reset,
    /// Opens another store.
    NewStore,
    /// Makes another organisation.
    NewOrganisation,
    /// What all stores have earned, side by side.
    AllStores,
    /// The kit, in development.
    Kit,
    /// No page of ours.
    Unknown,
}

/// An address: the store, if it names one, and the page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The store's id.
    pub store: Option<String>,
    /// The page.
    pub route: Route,
}

impl Place {
    /// Reads a path.
    pub fn parse(path: &str) -> Self {
        let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
        let bare = |route| Self { store: None, route };
        match parts.as_slice() {
            [] | ["sign-in"] => bare(Route::Start),
            ["join"] => bare(Route::Join),
            ["sign-up"] => bare(Route::SignUp),
            ["welcome"] => bare(Route::Welcome),
            ["forgot"] => bare(Route::Forgot),
            ["reset"] => bare(Route::Reset),
            ["new-store"] => bare(Route::NewStore),
            ["new-organisation"] => bare(Route::NewOrganisation),
            ["all-stores"] => bare(Route::AllStores),
            ["account"] => bare(Route::Account),
            ["organisation", rest @ ..] => bare(Route::organisation(rest)),
            ["kit"] if cfg!(debug_assertions) => bare(Route::Kit),
            ["stores", store, rest @ ..] => {
                Self { store: Some((*store).to_owned()), route: Route::parse(rest) }
            }
            _ => bare(Route::Unknown),
        }
    }
}

impl Route {
    fn organisation(parts: &[&str]) -> Self {
        match parts {
            [] => Self::Organisation(Part::Members),
            [word] => Part::ALL
                .into_iter()
                .find(|part| part.word() == *word)
                .map_or(Self::Unknown, Self::Organisation),
            _ => Self::Unknown,
        }
    }

    fn parse(parts: &[&str]) -> Self {
        match parts {
            [] => Self::Home,
            ["carts"] => Self::Carts,
            ["carts", id] => Self::Cart((*id).to_owned()),
            ["contacts"] => Self::Contacts,
            ["contacts", id] => Self::Contact((*id).to_owned()),
            ["journeys"] => Self::Journeys,
            ["journeys", id] => Self::Journey((*id).to_owned()),
            ["templates"] => Self::Templates,
            ["templates", id] => Self::Template((*id).to_owned()),
            ["inbox"] => Self::Inbox,
            ["settings"] => Self::Settings(Section::Store),
            ["settings", word] => Section::ALL
                .into_iter()
                .find(|section| section.word() == *word)
                .map_or(Self::Unknown, Self::Settings),
            ["organisation", rest @ ..] => Self::organisation(rest),
            ["account"] => Self::Account,
            _ => Self::Unknown,
        }
    }

    /// The path of this page for a store.
    pub fn path(&self, store: &str) -> String {
        let rest = match self {
            Self::Start => return "/".to_owned(),
            Self::Join => return "/join".to_owned(),
            Self::SignUp => return "/sign-up".to_owned(),
            Self::Welcome => return "/welcome".to_owned(),
            Self::Forgot => return "/forgot".to_owned(),
            Self::Reset => return "/reset".to_owned(),
            Self::NewStore => return "/new-store".to_owned(),
            Self::NewOrganisation => return "/new-organisation".to_owned(),
            Self::AllStores => return "/all-stores".to_owned(),
            // Somebody without a store has an account as well.
            Self::Account if store.is_empty() => return "/account".to_owned(),
            Self::Organisation(part) if store.is_empty() => return format!("/organisation/{}", part.word()),
            Self::Kit => return "/kit".to_owned(),
            Self::Home | Self::Unknown => String::new(),
            Self::Carts => "/carts".to_owned(),
            Self::Cart(id) => format!("/carts/{id}"),
            Self::Contacts => "/contacts".to_owned(),
            Self::Contact(id) => format!("/contacts/{id}"),
            Self::Journeys => "/journeys".to_owned(),
            Self::Journey(id) => format!("/journeys/{id}"),
            Self::Templates => "/templates".to_owned(),
            Self::Template(id) => format!("/templates/{id}"),
            Self::Inbox => "/inbox".to_owned(),
            Self::Settings(section) => format!("/settings/{}", section.word()),
            Self::Organisation(part) => format!("/organisation/{}", part.word()),
            Self::Account => "/account".to_owned(),
        };
        format!("/stores/{store}{rest}")
    }

    /// Whether it is a page of those who are not signed in, or not yet.
    pub const fn is_outer(&self) -> bool {
        matches!(self, Self::Join | Self::SignUp | Self::Welcome | Self::Forgot | Self::Reset)
    }

    /// The least role that is shown it; figures, journeys, texts and settings are not for whoever answers shoppers. What parts of
    /// the organisation need, `words::least` says.
    pub const fn least(&self) -> Role {
        match self {
            Self::Settings(Section::Webhooks) => Role::Editor,
            Self::Home
            | Self::Journeys
            | Self::Journey(_)
            | Self::Templates
            | Self::Template(_)
            | Self::Settings(_) => Role::Analyst,
            _ => Role::Support,
        }
    }

    /// Which page it is, without its id: as long as this stays, the page stays.
    pub fn kind(&self) -> Discriminant<Self> {
        std::mem::discriminant(self)
    }
}

/// The place one is at.
pub fn use_place() -> Memo<Place> {
    let path = use_location().pathname;
    Memo::new(move |_| Place::parse(&path.get()))
}

/// The store of the address; empty where there is none.
pub fn use_store_id() -> Memo<String> {
    let place = use_place();
    Memo::new(move |_| place.with(|place| place.store.clone()).unwrap_or_default())
}

/// The id in the address of a single cart, contact, journey or text. It stays as it was when the address moves elsewhere, so
/// that a page on its way out does not ask for nothing.
pub fn use_id() -> Memo<String> {
    let place = use_place();
    Memo::new(move |before: Option<&String>| match place.with(|place| place.route.clone()) {
        Route::Cart(id) | Route::Contact(id) | Route::Journey(id) | Route::Template(id) => id,
        _ => before.cloned().unwrap_or_default(),
    })
}

/// The parameters of the address, where views keep their filters.
#[derive(Clone, Copy)]
pub struct Parameters {
    path: Memo<String>,
    map: Memo<ParamsMap>,
    set: StoredValue<Box<dyn Fn(ParamsMap) + Send + Sync>>,
}

impl Parameters {
    /// Reads one; empty when absent. Views that read it follow it.
    pub fn get(&self, name: &str) -> String {
        self.map.with(|map| map.get(name)).unwrap_or_default()
    }

    /// The same as a signal.
    pub fn signal(self, name: &'static str) -> Memo<String> {
        Memo::new(move |_| self.get(name))
    }

    /// Sets some at once; an empty value removes its parameter. One step in the browser's history.
    pub fn set(&self, pairs: &[(&str, &str)]) {
        let map = with(self.map.get_untracked(), pairs);
        self.set.with_value(|set| set(map));
    }

    /// The address at which they are set so. Views that read it follow the others.
    pub fn address(&self, pairs: &[(&str, &str)]) -> String {
        format!("{}{}", self.path.get(), with(self.map.get(), pairs).to_query_string())
    }
}

fn with(mut map: ParamsMap, pairs: &[(&str, &str)]) -> ParamsMap {
    for (name, value) in pairs {
        map.remove(name);
        if !value.is_empty() {
            map.insert((*name).to_owned(), (*value).to_owned());
        }
    }
    map
}

/// The parameters of the address of this page.
pub fn use_parameters() -> Parameters {
    let navigate = use_navigate();
    // The whole router's query: the one of the matched route does not follow while the one route of ours stays.
    let location = use_location();
    let (path, map) = (location.pathname, location.query);
    let set = move |map: ParamsMap| {
        let to = format!("{}{}", path.get_untracked(), map.to_query_string());
        navigate(&to, NavigateOptions { scroll: false, ..NavigateOptions::default() });
    };
    Parameters { path, map, set: StoredValue::new(Box::new(set)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_page_is_read_from_the_path_it_writes() {
        let id = || "cart_01k".to_owned();
        let mut pages = vec![
            Route::Home,
            Route::Carts,
            Route::Cart(id()),
            Route::Contacts,
            Route::Contact(id()),
            Route::Journeys,
            Route::Journey(id()),
            Route::Templates,
            Route::Template(id()),
            Route::Inbox,
            Route::Account,
        ];
        pages.extend(Section::ALL.map(Route::Settings));
        pages.extend(Part::ALL.map(Route::Organisation));
        for route in pages {
            let place = Place::parse(&route.path("store_01k"));
            assert_eq!(place, Place { store: Some("store_01k".to_owned()), route });
        }
    }

    #[test]
    fn pages_of_nobody_in_particular_stand_outside_of_the_stores() {
        for route in [
            Route::Join,
            Route::SignUp,
            Route::Welcome,
            Route::Forgot,
            Route::Reset,
            Route::NewStore,
            Route::NewOrganisation,
            Route::AllStores,
        ] {
            let place = Place::parse(&route.path("store_01k"));
            assert_eq!(place, Place { store: None, route });
        }
        for part in Part::ALL {
            let place = Place { store: None, route: Route::Organisation(part) };
            assert_eq!(Place::parse(&Route::Organisation(part).path("")), place);
        }
        assert_eq!(Place::parse("/organisation/none").route, Route::Unknown);
        assert_eq!(Place::parse(&Route::Account.path("")), Place { store: None, route: Route::Account });
        assert!(Route::Welcome.is_outer() && !Route::NewStore.is_outer() && !Route::Home.is_outer());
    }

    #[test]
    fn whoever_answers_shoppers_is_shown_carts_contacts_and_messages() {
        let id = || "a".to_owned();
        let shown = [
            Route::Carts,
            Route::Cart(id()),
            Route::Contacts,
            Route::Contact(id()),
            Route::Inbox,
            Route::Account,
        ];
        assert!(shown.iter().all(|route| route.least() == Role::Support));
        let kept = [
            Route::Home,
            Route::Journeys,
            Route::Journey(id()),
            Route::Templates,
            Route::Template(id()),
            Route::Settings(Section::Store),
        ];
        assert!(kept.iter().all(|route| route.least() == Role::Analyst));
    }

    #[test]
    fn sign_in_and_the_root_lead_on() {
        assert_eq!(Place::parse("/").route, Route::Start);
        assert_eq!(Place::parse("/sign-in").route, Route::Start);
    }

    #[test]
    fn what_is_no_page_says_so() {
        assert_eq!(Place::parse("/stores/s/nonsense").route, Route::Unknown);
        assert_eq!(Place::parse("/stores/s/settings/nonsense").route, Route::Unknown);
        assert_eq!(Place::parse("/stores/s/organisation/nonsense").route, Route::Unknown);
        assert_eq!(Place::parse("/elsewhere").route, Route::Unknown);
    }

    #[test]
    fn another_cart_is_the_same_page() {
        assert_eq!(Route::Cart("a".to_owned()).kind(), Route::Cart("b".to_owned()).kind());
        assert_ne!(Route::Cart("a".to_owned()).kind(), Route::Carts.kind());
    }
}
