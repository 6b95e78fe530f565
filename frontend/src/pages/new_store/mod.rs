//! Opening a store: what it is called and where it is; everything else has a default that settings can change.

use std::collections::BTreeMap;

use cartwheel_domain::locale::Country;
use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::api::{Fault, mutate};
use crate::browser;
use crate::graphql;
use crate::graphql::create_store::{StoreSettingsInput, Variables};
use crate::i18n::{self, Lang, t};
use crate::route::Route;
use crate::shell::use_stores;
use crate::ui::{
    Button, ButtonKind, CodeBlock, Field, Icon, PageHead, Select, Tone, empty_page, fault, notice,
};

/// Currencies shops here are most often in; settings take any other.
const CURRENCIES: [&str; 4] = ["EUR", "CHF", "GBP", "USD"];

/// The page that opens a store.
#[component]
pub fn NewStore() -> impl IntoView {
    let stores = use_stores();
    if stores.open_in.is_empty() {
        return empty_page(Icon::Store, t::new_store_title(), t::new_store_not_you(), ().into_any());
    }
    let opened = RwSignal::new(None::<(String, String)>);
    let content = move || match opened.get() {
        Some((store, key)) => view! { <Opened store key /> }.into_any(),
        None => form(stores.open_in.clone(), opened),
    };
    content.into_any()
}

/// The country and the currency that go with the reader's own region, such as `de-CH`.
fn region() -> (String, String) {
    let tags = browser::languages();
    let region = tags.iter().find_map(|tag| tag.split_once('-').map(|(_, region)| region.to_uppercase()));
    let country = region.filter(|region| region.len() == 2).unwrap_or_else(|| "DE".to_owned());
    let currency = match country.as_str() {
        "CH" | "LI" => "CHF",
        "GB" => "GBP",
        "US" => "USD",
        _ => "EUR",
    };
    (country, currency.to_owned())
}

/// An address as people type it, with the scheme they leave out.
fn whole(address: &str) -> String {
    if address.is_empty() || address.contains("://") {
        address.to_owned()
    } else {
        format!("https://{address}")
    }
}

fn form(open_in: Vec<(String, String)>, opened: RwSignal<Option<(String, String)>>) -> AnyView {
    let (own_country, own_currency) = region();
    let organisation = RwSignal::new(open_in.first().map(|(id, _)| id.clone()).unwrap_or_default());
    let (name, shop) = (RwSignal::new(String::new()), RwSignal::new(String::new()));
    let (country, currency) = (RwSignal::new(own_country), RwSignal::new(own_currency));
    let locale = RwSignal::new(i18n::current().code().to_owned());
    let zone = RwSignal::new(browser::zone());
    let (busy, missing) = (RwSignal::new(false), RwSignal::new(false));
    let refused = RwSignal::new(BTreeMap::<String, String>::new());
    let trouble = RwSignal::new(None::<Fault>);
    let error = move |field: &'static str, seen: fn(&str) -> Option<String>, value: RwSignal<String>| {
        Signal::derive(move || {
            let own = missing.get().then(|| value.with(|text| seen(text.trim()))).flatten();
            own.or_else(|| refused.with(|refused| refused.get(field).cloned()))
        })
    };
    let name_error = error(
        "name",
        |text| match text.chars().count() {
            0 => Some(t::problem_missing()),
            1..=80 => None,
            _ => Some(t::join_misnamed_advice()),
        },
        name,
    );
    let country_error = error(
        "country",
        |text| text.to_uppercase().parse::<Country>().is_err().then(t::settings_country_wrong),
        country,
    );
    let none: fn(&str) -> Option<String> = |_| None;
    let (shop_error, zone_error) = (error("shopUrl", none, shop), error("timeZone", none, zone));
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        missing.set(true);
        if busy.get_untracked() {
            return;
        }
        refused.set(BTreeMap::new());
        let fields = [("name", name_error), ("country", country_error)];
        if let Some((first, _)) = fields.into_iter().find(|(_, error)| error.get_untracked().is_some()) {
            return browser::focus(first);
        }
        busy.set(true);
        trouble.set(None);
        let text = |value: RwSignal<String>| Some(value.get_untracked().trim().to_owned());
        let input = StoreSettingsInput {
            name: text(name),
            shop_url: text(shop).map(|address| whole(&address)),
            country: text(country).map(|code| code.to_uppercase()),
            currency: text(currency),
            locale: text(locale),
            time_zone: text(zone),
            ..StoreSettingsInput::default()
        };
        let variables = Variables { organisation: organisation.get_untracked(), input };
        spawn_local(async move {
            let outcome = mutate::<graphql::CreateStore>(variables).await;
            busy.set(false);
            match outcome.map(|data| data.create_store) {
                Ok(made) => match (made.store, made.write_key) {
                    (Some(store), Some(key)) => opened.set(Some((store.id, key))),
                    _ => {
                        let errors = made.user_errors.into_iter();
                        let named = errors.map(|error| {
                            let field = error.path.last().cloned().unwrap_or_default();
                            let words = match field.as_str() {
                                "name" => t::join_misnamed_advice(),
                                "shopUrl" => t::new_store_shop_wrong(),
                                "timeZone" => t::new_store_zone_wrong(),
                                _ => error.message,
                            };
                            (field, words)
                        });
                        refused.set(named.collect());
                    }
                },
                Err(fault) => trouble.set(Some(fault)),
            }
        });
    };
    // What the server refuses for no field of this form.
    let elsewhere = move || {
        let shown = ["name", "country", "shopUrl", "timeZone"];
        let words = refused.with(|refused| {
            refused.iter().find(|(field, _)| !shown.contains(&field.as_str())).map(|(_, words)| words.clone())
        });
        words.map(|words| view! { <p class="field__error" role="alert">{words}</p> })
    };
    let pick = |signal: RwSignal<String>| move |value: String| signal.set(value);
    let languages = Lang::ALL.map(|lang| (lang.code().to_owned(), lang.own_name().to_owned())).to_vec();
    let currencies = CURRENCIES.map(|code| (code.to_owned(), code.to_owned())).to_vec();
    let choice = (open_in.len() > 1).then(|| {
        view! { <Select id="organisation" label=t::new_store_organisation() options=open_in value=organisation on_pick=pick(organisation) visible_label=true /> }
    });
    view! {
        <PageHead title=t::new_store_title() />
        <p class="muted">{t::new_store_words()}</p>
        <form class="form" novalidate aria-label=t::new_store_title() on:submit=submit>
            {choice}
            <Field id="name" label=t::settings_name() value=name error=name_error autocomplete="organization" />
            <Field id="shop" label=t::new_store_shop() value=shop error=shop_error kind="url" placeholder="https://shop.example.com" />
            <div class="form__pair">
                <Field id="country" label=t::settings_country() value=country hint=t::settings_country_hint() error=country_error />
                <Select id="currency" label=t::new_store_currency() options=currencies value=currency on_pick=pick(currency) visible_label=true />
            </div>
            <div class="form__pair">
                <Select id="locale" label=t::settings_language() options=languages value=locale on_pick=pick(locale) visible_label=true />
                <Field id="zone" label=t::settings_zone() value=zone error=zone_error />
            </div>
            {move || trouble.get().map(|it| fault(&it, None))}
            {elsewhere}
            <div class="form__foot"><Button label=t::new_store_do() kind=ButtonKind::Primary submits=true busy=busy /></div>
        </form>
    }
    .into_any()
}

/// The new store's key, this once, and the way on.
#[component]
fn Opened(store: String, key: String) -> impl IntoView {
    browser::after(0, || browser::focus("page-title"));
    // Afresh, since what the frame knows of the person's stores is older than this one.
    let on = move |()| browser::leave_to(&Route::Home.path(&store));
    view! {
        <PageHead title=t::new_store_opened() />
        <div class="form">
            <p>{t::new_store_opened_words()}</p>
            <CodeBlock label=t::new_store_key() text=key />
            {notice(Tone::Caution, t::new_store_key_once(), view! { <p>{t::new_store_key_words()}</p> }.into_any())}
            <div class="form__foot"><Button label=t::new_store_on() kind=ButtonKind::Primary on_press=on /></div>
        </div>
    }
    .into_any()
}
