//! The page the link of a forgotten password leads to.

use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::NavigateOptions;
use leptos_router::hooks::{use_location, use_navigate};

use super::{looked_at, refused_entry};
use crate::api::{
    Fault,
    session::{self, Entered, Purpose},
};
use crate::browser;
use crate::i18n::t;
use crate::shell::outside::{heading, refusal, way};
use crate::ui::{Button, ButtonKind, Field, fault, set_title};

/// The page that chooses another password.
#[component]
pub fn Reset() -> impl IntoView {
    let token = use_location().hash.get_untracked().trim_start_matches('#').to_owned();
    let found = RwSignal::new(None);
    let asked = token.clone();
    spawn_local(async move { found.set(Some(session::link(Purpose::Reset, &asked).await)) });
    set_title(&t::reset_title());
    looked_at(found, t::reset_title, gone, move |email: String| {
        view! { <Form email token=token.clone() /> }.into_any()
    })
}

fn gone() -> AnyView {
    let words = view! {
        {refusal(t::link_gone(), t::link_gone_advice())}
        {way("/forgot", t::link_again())}
    };
    words.into_any()
}

#[component]
fn Form(email: String, token: String) -> impl IntoView {
    let password = RwSignal::new(String::new());
    let (busy, missing) = (RwSignal::new(false), RwSignal::new(false));
    let (refused, trouble) = (RwSignal::new(None::<Entered>), RwSignal::new(None::<Fault>));
    let error = Signal::derive(move || {
        (missing.get() && password.with(String::is_empty)).then(t::sign_in_password_missing)
    });
    let (navigate, token) = (use_navigate(), StoredValue::new(token));
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        missing.set(true);
        if busy.get_untracked() {
            return;
        }
        if error.get_untracked().is_some() {
            return browser::focus("password");
        }
        busy.set(true);
        refused.set(None);
        trouble.set(None);
        let navigate = navigate.clone();
        spawn_local(async move {
            let outcome = session::reset(&token.get_value(), &password.get_untracked()).await;
            busy.set(false);
            match outcome {
                Ok(Entered::In | Entered::Code) => {
                    navigate("/", NavigateOptions { replace: true, ..Default::default() })
                }
                Ok(other) => {
                    refused.set(Some(other));
                    browser::focus("password");
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
    browser::after(0, || browser::focus("password"));
    view! {
        {heading(t::reset_title(), t::reset_about(&email))}
        <form class="stack" novalidate on:submit=submit aria-label=t::reset_title()>
            {told}
            <Field id="password" label=t::join_password() value=password kind="password" autocomplete="new-password" error=error hint=t::join_weak_advice() />
            <Button label=t::reset_do() kind=ButtonKind::Primary submits=true busy=busy />
        </form>
    }
    .into_any()
}
