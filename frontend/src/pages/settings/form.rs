//! What the forms of the settings share: saving, the refusals of the server at their fields, and spans of time.

use std::collections::BTreeMap;

use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::api::{Fault, Query, mutate};
use crate::graphql;
use crate::graphql::settings::ResponseData;
use crate::graphql::update_store_settings::{StoreSettingsInput, Variables};
use crate::i18n::t;
use crate::pages::shared::span_field;
use crate::ui::{Button, ButtonKind, fault, use_toasts};

/// Whose settings they are, and how they are fetched again.
#[derive(Clone)]
pub struct Context {
    /// The store.
    pub store: String,
    /// The query behind the page.
    pub query: Query<ResponseData>,
}

/// The state of one form. Copies are the same form.
#[derive(Clone, Copy)]
pub struct Form {
    store: StoredValue<String>,
    query: Query<ResponseData>,
    busy: RwSignal<bool>,
    trouble: RwSignal<Option<Fault>>,
    /// What the server refused, by the last part of the path.
    refused: RwSignal<BTreeMap<String, String>>,
}

impl Form {
    /// A form that has not been sent.
    pub fn new(context: Context) -> Self {
        Self {
            store: StoredValue::new(context.store),
            query: context.query,
            busy: RwSignal::new(false),
            trouble: RwSignal::new(None),
            refused: RwSignal::new(BTreeMap::new()),
        }
    }

    /// What is wrong with a field: what the console sees while typing, else what the server said.
    pub fn error(
        self,
        field: &'static str,
        seen: impl Fn() -> Option<String> + Send + Sync + 'static,
    ) -> Signal<Option<String>> {
        Signal::derive(move || seen().or_else(|| self.refused.with(|refused| refused.get(field).cloned())))
    }

    /// Sends the form, unless a field is known to be wrong.
    pub fn save(self, input: StoreSettingsInput) {
        let toasts = use_toasts();
        self.busy.set(true);
        self.trouble.set(None);
        self.refused.set(BTreeMap::new());
        let store = self.store.get_value();
        spawn_local(async move {
            let outcome = mutate::<graphql::UpdateStoreSettings>(Variables { store, input }).await;
            self.busy.set(false);
            match outcome {
                Ok(data) if data.update_store_settings.user_errors.is_empty() => {
                    toasts.done(t::settings_saved());
                    self.query.refetch();
                }
                Ok(data) => {
                    let errors = data.update_store_settings.user_errors.into_iter();
                    let named =
                        errors.map(|error| (error.path.last().cloned().unwrap_or_default(), error.message));
                    self.refused.set(named.collect());
                }
                Err(fault) => self.trouble.set(Some(fault)),
            }
        });
    }

    /// The form around its fields.
    pub fn view(
        self,
        label: String,
        fields: AnyView,
        wrong: Signal<bool>,
        input: impl Fn() -> StoreSettingsInput + Copy + Send + Sync + 'static,
    ) -> AnyView {
        let toasts = use_toasts();
        let submit = move |event: leptos::ev::SubmitEvent| {
            event.prevent_default();
            if wrong.get_untracked() {
                toasts.failed(t::settings_wrong());
            } else if !self.busy.get_untracked() {
                self.save(input());
            }
        };
        let elsewhere = move || {
            let words = self.refused.with(|refused| refused.get("").cloned());
            words.map(|words| view! { <p class="field__error" role="alert">{words}</p> })
        };
        view! {
            <form class="form" novalidate aria-label=label on:submit=submit>
                {fields}
                {move || self.trouble.get().map(|it| fault(&it, None))}
                {elsewhere}
                <div class="form__foot"><Button label=t::save() kind=ButtonKind::Primary submits=true busy=self.busy /></div>
            </form>
        }
        .into_any()
    }
}

/// A span of time as people give it: a number and its unit.
#[derive(Clone, Copy)]
pub struct Span {
    digits: RwSignal<String>,
    unit: RwSignal<String>,
}

/// Units with their seconds, the smallest first.
const UNITS: [(&str, i64); 4] = [("seconds", 1), ("minutes", 60), ("hours", 3_600), ("days", 86_400)];

impl Span {
    /// From seconds, in the largest unit that gives a whole number.
    pub fn new(seconds: i64) -> Self {
        let (name, size) =
            UNITS.into_iter().rev().find(|(_, unit)| seconds > 0 && seconds % unit == 0).unwrap_or(UNITS[0]);
        Self { digits: RwSignal::new((seconds / size).to_string()), unit: RwSignal::new(name.to_owned()) }
    }

    /// In seconds, if it is a number of at least one and at most a year.
    pub fn seconds(self) -> Option<i64> {
        let unit = self.unit.get();
        let size = UNITS.into_iter().find(|(name, _)| *name == unit)?.1;
        let number: i64 = self.digits.get().trim().parse().ok()?;
        number.checked_mul(size).filter(|seconds| (1..=31_536_000).contains(seconds))
    }

    /// The field.
    pub fn field(
        self,
        id: &'static str,
        label: String,
        hint: String,
        error: Signal<Option<String>>,
    ) -> AnyView {
        let options = vec![
            ("seconds".to_owned(), t::unit_seconds()),
            ("minutes".to_owned(), t::unit_minutes()),
            ("hours".to_owned(), t::unit_hours()),
            ("days".to_owned(), t::unit_days()),
        ];
        span_field((id, label, hint), (self.digits, self.unit), options, error)
    }
}

/// Text that may be left empty.
pub fn optional(text: &str) -> Option<String> {
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}
