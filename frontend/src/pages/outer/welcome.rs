//! The page the link of a sign-up leads to: a name, what one works for, and a password.

use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::NavigateOptions;
use leptos_router::hooks::{use_location, use_navigate};

use super::{looked_at, refused_entry};
use crate::api::{
    Fault,
    session::{self, Entered, NewAccount, Purpose},
};
use crate::browser;
use crate::i18n::{self, t};
use crate::shell::outside::{heading, refusal, way};
use crate::ui::{Button, ButtonKind, Field, Switch, fault, set_title};

/// The page that makes an account.
#[component]
pub fn Welcome() -> impl IntoView {
    let token = use_location().hash.get_untracked().trim_start_matches('#').to_owned();
    let found = RwSignal::new(None);
    let asked = token.clone();
    spawn_local(async move { found.set(Some(session::link(Purpose::SignUp, &asked).await)) });
    set_title(&t::welcome_title());
    looked_at(found, t::welcome_title, gone, move |email: String| {
        view! { <Form email token=token.clone() /> }.into_any()
    })
}

fn gone() -> AnyView {
    let words = view! {
        {refusal(t::link_gone(), t::link_gone_advice())}
        {way("/sign-up", t::link_again())}
    };
    words.into_any()
}

#[component]
fn Form(email: String, token: String) -> impl IntoView {
    let (name, organisation) = (RwSignal::new(String::new()), RwSignal::new(String::new()));
    let (password, agency) = (RwSignal::new(String::new()), RwSignal::new(false));
    let (busy, missing) = (RwSignal::new(false), RwSignal::new(false));
    let (refused, trouble) = (RwSignal::new(None::<Entered>), RwSignal::new(None::<Fault>));
    let needed = move |value: RwSignal<String>, words: fn() -> String| {
        Signal::derive(move || (missing.get() && value.with(|text| text.trim().is_empty())).then(words))
    };
    let name_error = needed(name, t::join_name_missing);
    let organisation_error = needed(organisation, t::welcome_organisation_missing);
    let password_error = needed(password, t::sign_in_password_missing);
    let (navigate, token) = (use_navigate(), StoredValue::new(token));
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        missing.set(true);
        if busy.get_untracked() {
            return;
        }
        let fields =
            [("name", name_error), ("organisation", organisation_error), ("password", password_error)];
        if let Some((first, _)) = fields.into_iter().find(|(_, error)| error.get_untracked().is_some()) {
            return browser::focus(first);
        }
        busy.set(true);
        refused.set(None);
        trouble.set(None);
        let navigate = navigate.clone();
        spawn_local(async move {
            let account = NewAccount {
                token: token.get_value(),
                name: name.get_untracked().trim().to_owned(),
                organisation: organisation.get_untracked().trim().to_owned(),
                agency: agency.get_untracked(),
                password: password.get_untracked(),
                language: i18n::current().code(),
            };
            let outcome = session::sign_up(&account).await;
            busy.set(false);
            match outcome {
                Ok(Entered::In | Entered::Code) => {
                    navigate("/", NavigateOptions { replace: true, ..Default::default() })
                }
                Ok(other) => {
                    refused.set(Some(other));
                    let long = |value: RwSignal<String>| {
                        value.with_untracked(|text| text.trim().chars().count() > 80)
                    };
                    browser::focus(match other {
                        Entered::Misnamed if !long(name) && long(organisation) => "organisation",
                        Entered::Misnamed => "name",
                        _ => "password",
                    });
                }
                Err(fault) => trouble.set(Some(fault)),
            }
        });
    };
    let told = move || match (refused.get(), trouble.get()) {
        (_, Some(it)) => Some(fault(&it, None)),
        (Some(it), _) => refused_entry(it),
        (None, None) => None,
    };
    browser::after(0, || browser::focus("name"));
    view! {
        {heading(t::welcome_title(), t::join_new(&email))}
        <form class="stack" novalidate on:submit=submit aria-label=t::welcome_title()>
            {told}
            <Field id="name" label=t::join_name() value=name autocomplete="name" error=name_error />
            <Field id="organisation" label=t::welcome_organisation() value=organisation autocomplete="organization" error=organisation_error />
            <div class="field">
                <span class="field__label" aria-hidden="true">{t::welcome_agency()}</span>
                <Switch label=t::welcome_agency() on=agency on_flip=move |on| agency.set(on) words=Signal::derive(t::welcome_agency_words) />
            </div>
            <Field id="password" label=t::join_password() value=password kind="password" autocomplete="new-password" error=password_error hint=t::join_weak_advice() />
            <Button label=t::welcome_do() kind=ButtonKind::Primary submits=true busy=busy />
        </form>
    }
    .into_any()
}
