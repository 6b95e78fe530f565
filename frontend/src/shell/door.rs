//! The sign-in. It stands at whatever address one came to, so that signing in leads straight there.

use leptos::prelude::*;
use leptos::task::spawn_local;

use super::outside::{heading, outside, refusal, way};
use crate::api::{
    FaultKind,
    session::{self, Ways},
};
use crate::browser;
use crate::i18n::t;
use crate::ui::{Button, ButtonKind, Field, fault, set_title};

/// The sign-in page.
#[component]
pub fn Door() -> impl IntoView {
    let (email, password) = (RwSignal::new(String::new()), RwSignal::new(String::new()));
    let busy = RwSignal::new(false);
    let trouble = RwSignal::new(None);
    let missing = RwSignal::new(false);
    let email_error = Signal::derive(move || {
        (missing.get() && !email.with(|email| email.contains('@'))).then(t::sign_in_email_missing)
    });
    let password_error = Signal::derive(move || {
        (missing.get() && password.with(String::is_empty)).then(t::sign_in_password_missing)
    });
    set_title(&t::sign_in_title());
    browser::after(0, || browser::focus("email"));

    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        missing.set(true);
        if busy.get_untracked() {
            return;
        }
        if email_error.get_untracked().is_some() {
            return browser::focus("email");
        }
        if password_error.get_untracked().is_some() {
            return browser::focus("password");
        }
        busy.set(true);
        trouble.set(None);
        spawn_local(async move {
            if let Err(fault) =
                session::sign_in(email.get_untracked().trim(), &password.get_untracked()).await
            {
                busy.set(false);
                trouble.set(Some(fault));
                browser::focus("password");
            }
        });
    };
    let told = move || {
        trouble.get().map(|it| match it.kind {
            FaultKind::Refused => refusal(t::sign_in_wrong(), t::sign_in_wrong_advice()),
            _ => fault(&it, None),
        })
    };
    let ways = RwSignal::new(Ways::default());
    spawn_local(async move { ways.set(session::ways().await) });
    let card = view! {
        {heading(t::sign_in_title(), t::sign_in_about())}
        <form class="stack" novalidate on:submit=submit aria-label=t::sign_in_title()>
            {told}
            <Field id="email" label=t::sign_in_email() value=email kind="email" autocomplete="username" error=email_error />
            <Field id="password" label=t::sign_in_password() value=password kind="password" autocomplete="current-password" error=password_error />
            <Button label=t::sign_in_do() kind=ButtonKind::Primary submits=true busy=busy />
        </form>
        {move || ways.get().reset.then(|| way("/forgot", t::forgot_title()))}
        {move || ways.get().sign_up.then(|| way("/sign-up", t::sign_up_title()))}
    };
    outside(card)
}
