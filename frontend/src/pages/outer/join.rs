//! The page an invitation's link leads to. Somebody new chooses a name and a password; a member shows theirs.

use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::NavigateOptions;
use leptos_router::hooks::{use_location, use_navigate};

use super::{looked_at, refused_entry};
use crate::api::{
    Fault,
    session::{self, Entered, Offer},
};
use crate::browser;
use crate::graphql;
use crate::i18n::{self, t};
use crate::shell::outside::refusal;
use crate::ui::{Button, ButtonKind, Field, fault, set_title};
use crate::words;

/// The page of an invitation.
#[component]
pub fn Join() -> impl IntoView {
    let token = use_location().hash.get_untracked().trim_start_matches('#').to_owned();
    let offer = RwSignal::new(None::<Result<Option<Offer>, Fault>>);
    let asked = token.clone();
    spawn_local(async move { offer.set(Some(session::offer(&asked).await)) });
    set_title(&t::join_title_plain());
    looked_at(offer, t::join_title_plain, gone, move |found: Offer| {
        view! { <Form offer=found token=token.clone() /> }.into_any()
    })
}

fn gone() -> AnyView {
    refusal(t::join_gone(), t::join_gone_advice())
}

#[component]
fn Form(offer: Offer, token: String) -> impl IntoView {
    let (name, password) = (RwSignal::new(String::new()), RwSignal::new(String::new()));
    let (busy, missing) = (RwSignal::new(false), RwSignal::new(false));
    let (refused, trouble) = (RwSignal::new(None::<Entered>), RwSignal::new(None::<Fault>));
    let known = offer.member;
    let name_error = Signal::derive(move || {
        (missing.get() && !known && name.with(|name| name.trim().is_empty())).then(t::join_name_missing)
    });
    let password_error = Signal::derive(move || {
        (missing.get() && password.with(String::is_empty)).then(t::sign_in_password_missing)
    });
    let (navigate, token) = (use_navigate(), StoredValue::new(token));
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        missing.set(true);
        if busy.get_untracked() {
            return;
        }
        if name_error.get_untracked().is_some() {
            return browser::focus("name");
        }
        if password_error.get_untracked().is_some() {
            return browser::focus("password");
        }
        busy.set(true);
        refused.set(None);
        trouble.set(None);
        let navigate = navigate.clone();
        spawn_local(async move {
            let (name, password) = (name.get_untracked(), password.get_untracked());
            let language = i18n::current().code();
            let outcome = session::join(&token.get_value(), name.trim(), &password, language).await;
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
        (Some(Entered::Gone), _) => Some(gone()),
        (Some(it), _) => refused_entry(it),
        (None, None) => None,
    };
    let (title, email, may) =
        (t::join_title(&offer.organisation), offer.email, words::own_role(graphql::role(&offer.role)));
    let about = if known { t::join_known(&email) } else { t::join_new(&email) };
    let (label, autocomplete) = if known {
        (t::sign_in_password(), "current-password")
    } else {
        (t::join_password(), "new-password")
    };
    browser::after(0, move || browser::focus(if known { "password" } else { "name" }));
    view! {
        <div>
            <h1 id="page-title" tabindex="-1">{title.clone()}</h1>
            <p>{may}</p>
            <p class="muted">{about}</p>
        </div>
        <form class="stack" novalidate on:submit=submit aria-label=title>
            {told}
            {(!known).then(|| view! { <Field id="name" label=t::join_name() value=name autocomplete="name" error=name_error /> })}
            <Field id="password" label=label value=password kind="password" autocomplete=autocomplete error=password_error />
            <Button label=t::join_do() kind=ButtonKind::Primary submits=true busy=busy />
        </form>
    }
    .into_any()
}
