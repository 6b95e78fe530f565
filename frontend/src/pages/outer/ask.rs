//! Asking for a mail with a link: to make an account, or to choose another password.

use leptos::prelude::*;
use leptos::task::spawn_local;

use super::done;
use crate::api::session::{self, Asked, Purpose};
use crate::browser;
use crate::i18n::{self, t};
use crate::shell::outside::{heading, outside, refusal, way};
use crate::ui::{Button, ButtonKind, Field, fault, set_title};

/// The page that asks for the address.
#[component]
pub fn Ask(
    /// What the link is for.
    purpose: Purpose,
) -> impl IntoView {
    let email = RwSignal::new(String::new());
    let (busy, missing) = (RwSignal::new(false), RwSignal::new(false));
    let (told, trouble) = (RwSignal::new(None), RwSignal::new(None));
    let error = Signal::derive(move || {
        (missing.get() && !email.with(|email| email.contains('@'))).then(t::sign_in_email_missing)
    });
    let (title, about) = match purpose {
        Purpose::SignUp => (t::sign_up_title(), t::sign_up_about()),
        Purpose::Reset => (t::forgot_title(), t::forgot_about()),
    };
    set_title(&title);
    browser::after(0, || browser::focus("email"));
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        missing.set(true);
        if busy.get_untracked() {
            return;
        }
        if error.get_untracked().is_some() {
            return browser::focus("email");
        }
        busy.set(true);
        told.set(None);
        trouble.set(None);
        spawn_local(async move {
            let outcome = session::ask(purpose, email.get_untracked().trim(), i18n::current().code()).await;
            busy.set(false);
            match outcome {
                Ok(asked) => told.set(Some(asked)),
                Err(fault) => trouble.set(Some(fault)),
            }
        });
    };
    let said = move || match (told.get(), trouble.get()) {
        (_, Some(it)) => Some(fault(&it, None)),
        (Some(Asked::Sent), _) => {
            let email = email.with_untracked(|email| email.trim().to_owned());
            Some(done(t::ask_sent(), t::ask_sent_words(&email)))
        }
        (Some(Asked::NoAddress), _) => Some(refusal(t::ask_no_address(), t::ask_no_address_advice())),
        (Some(Asked::NotOffered), _) => Some(refusal(t::ask_not_offered(), t::ask_not_offered_advice())),
        (None, None) => None,
    };
    let card = view! {
        {heading(title.clone(), about)}
        <form class="stack" novalidate on:submit=submit aria-label=title>
            {said}
            <Field id="email" label=t::sign_in_email() value=email kind="email" autocomplete="username" error=error />
            <Button label=t::ask_do() kind=ButtonKind::Primary submits=true busy=busy />
        </form>
        {way("/", t::to_sign_in())}
    };
    outside(card)
}
