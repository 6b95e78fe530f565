//! The store: how it is called, where it is, how it writes.

use cartwheel_domain::locale::Country;
use leptos::prelude::*;

use super::form::{Context, Form};
use crate::graphql::settings::SettingsStore;
use crate::graphql::update_store_settings::StoreSettingsInput;
use crate::i18n::{Lang, t};
use crate::ui::{Field, Select, Switch};

/// The part about the store.
pub fn form(store: &SettingsStore, context: Context) -> AnyView {
    let form = Form::new(context);
    let name = RwSignal::new(store.name.clone());
    let country = RwSignal::new(store.country.clone());
    let locale = RwSignal::new(store.locale.clone());
    let zone = RwSignal::new(store.time_zone.clone());
    let formal = RwSignal::new(store.settings.formal);
    let name_wrong = move || name.with(|name| name.trim().is_empty()).then(t::problem_missing);
    let country_wrong = move || {
        country
            .with(|country| country.trim().to_uppercase().parse::<Country>().is_err())
            .then(t::settings_country_wrong)
    };
    let wrong = Signal::derive(move || name_wrong().is_some() || country_wrong().is_some());
    let mut languages: Vec<(String, String)> =
        Lang::ALL.map(|lang| (lang.code().to_owned(), lang.own_name().to_owned())).to_vec();
    if !languages.iter().any(|(code, _)| *code == store.locale) {
        languages.push((store.locale.clone(), store.locale.clone()));
    }
    let input = move || StoreSettingsInput {
        name: Some(name.get_untracked().trim().to_owned()),
        country: Some(country.get_untracked().trim().to_uppercase()),
        locale: Some(locale.get_untracked()),
        time_zone: Some(zone.get_untracked().trim().to_owned()),
        formal: Some(formal.get_untracked()),
        ..StoreSettingsInput::default()
    };
    let fields = view! {
        <Field id="name" label=t::settings_name() value=name error=form.error("name", name_wrong) autocomplete="organization" />
        <div class="form__pair">
            <Field id="country" label=t::settings_country() value=country hint=t::settings_country_hint() error=form.error("country", country_wrong) />
            <Select id="locale" label=t::settings_language() options=languages value=locale on_pick=move |value: String| locale.set(value) visible_label=true />
        </div>
        <Field id="zone" label=t::settings_zone() value=zone hint=t::settings_zone_hint() error=form.error("timeZone", || None) />
        <div class="field">
            <span class="field__label" aria-hidden="true">{t::settings_formal()}</span>
            <Switch label=t::settings_formal() on=formal on_flip=move |on| formal.set(on) words=Signal::derive(t::settings_formal_words) />
        </div>
    };
    form.view(t::settings_store(), fields.into_any(), wrong, input)
}
