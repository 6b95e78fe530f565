//! The sign-in: password and, where somebody has set that up, a code. It stands at whatever address one came to, so that signing in leads straight there.

use leptos::prelude::*;
use leptos::task::spawn_local;

use super::outside::{heading, outside, refusal, way};
use crate::api::{
    Fault, FaultKind,
    session::{self, Entered, Ways},
};
use crate::i18n::t;
use crate::ui::{Button, ButtonKind, Field, fault, set_title};
use crate::{browser, passkey, words};

/// The sign-in page: the password, then the code where one is asked for.
#[component]
pub fn Door() -> impl IntoView {
    let challenge = session::challenge();
    move || match challenge.get() {
        Some(asked) => view! { <Code asked /> }.into_any(),
        None => view! { <Password /> }.into_any(),
    }
}

#[component]
fn Password() -> impl IntoView {
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
            let outcome = session::sign_in(email.get_untracked().trim(), &password.get_untracked()).await;
            busy.try_set(false);
            if let Err(fault) = outcome {
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
    let arrival = session::arrival();
    let arrived = move || arrival.get().map(|word| refusal(t::provider_trouble(), words::provider(&word)));
    let card = view! {
        {heading(t::sign_in_title(), t::sign_in_about())}
        <form class="stack" novalidate on:submit=submit aria-label=t::sign_in_title()>
            {arrived}
            {told}
            <Field id="email" label=t::sign_in_email() value=email kind="email" autocomplete="username" error=email_error />
            <Field id="password" label=t::sign_in_password() value=password kind="password" autocomplete="current-password" error=password_error />
            <Button label=t::sign_in_do() kind=ButtonKind::Primary submits=true busy=busy />
        </form>
        {move || others(ways.get())}
        {move || ways.get().reset.then(|| way("/forgot", t::forgot_title()))}
        {move || ways.get().sign_up.then(|| way("/sign-up", t::sign_up_title()))}
    };
    outside(card)
}

/// The ways besides the password: a passkey, where server and browser have them, and accounts at providers.
fn others(ways: Ways) -> Option<AnyView> {
    let key = ways.passkeys && passkey::offered();
    if !key && ways.providers.is_empty() {
        return None;
    }
    let trouble = RwSignal::new(None::<AnyTrouble>);
    let busy = RwSignal::new(false);
    let show = move |_| {
        if busy.get_untracked() {
            return;
        }
        busy.set(true);
        trouble.set(None);
        spawn_local(async move {
            let outcome = session::passkey().await;
            // Whoever is in looks at another page by now.
            if busy.try_set(false).is_some() {
                return;
            }
            trouble.set(match outcome {
                Ok(Some(Entered::In | Entered::Code)) => None,
                Ok(Some(Entered::Gone)) => Some(AnyTrouble::Over),
                Ok(Some(_)) => Some(AnyTrouble::Unknown),
                Ok(None) => Some(AnyTrouble::NotShown),
                Err(fault) => Some(AnyTrouble::Fault(fault)),
            });
        });
    };
    let leave = move |id: String| {
        if busy.get_untracked() {
            return;
        }
        busy.set(true);
        trouble.set(None);
        spawn_local(async move {
            if let Err(fault) = session::depart(&id).await {
                busy.set(false);
                trouble.set(Some(AnyTrouble::Fault(fault)));
            }
        });
    };
    let told = move || {
        trouble.get().map(|it| match it {
            AnyTrouble::NotShown => refusal(t::passkey_declined_sign_in(), t::passkey_declined_advice()),
            AnyTrouble::Unknown => refusal(t::passkey_refused(), t::passkey_refused_advice()),
            AnyTrouble::Over => refusal(t::code_over(), t::passkey_over()),
            AnyTrouble::Fault(it) => fault(&it, None),
        })
    };
    let buttons = ways.providers.into_iter().map(|provider| {
        let label = t::provider_sign_in(&provider.name);
        let go = move |()| leave(provider.id.clone());
        view! { <Button label=label on_press=go /> }
    });
    let view = view! {
        <div class="stack door__others">
            <p class="door__or muted small">{t::ways_or()}</p>
            {told}
            {key.then(|| view! { <Button label=t::passkey_sign_in() on_press=show /> })}
            {buttons.collect_view()}
        </div>
    };
    Some(view.into_any())
}

/// Why none of these ways let somebody in.
#[derive(Clone)]
enum AnyTrouble {
    NotShown,
    Unknown,
    Over,
    Fault(Fault),
}

/// Asks for the code of the app, or one that was written down.
#[component]
fn Code(asked: String) -> impl IntoView {
    let code = RwSignal::new(String::new());
    let (busy, missing) = (RwSignal::new(false), RwSignal::new(false));
    let (wrong, trouble) = (RwSignal::new(false), RwSignal::new(None::<Fault>));
    let over = RwSignal::new(false);
    let error = Signal::derive(move || {
        let empty = missing.get() && code.with(|code| code.trim().is_empty());
        empty.then(t::code_missing).or_else(|| wrong.get().then(t::code_wrong))
    });
    set_title(&t::code_title());
    browser::after(0, || browser::focus("code"));
    let asked = StoredValue::new(asked);
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        missing.set(true);
        if busy.get_untracked() {
            return;
        }
        wrong.set(false);
        trouble.set(None);
        if error.get_untracked().is_some() {
            return browser::focus("code");
        }
        busy.set(true);
        spawn_local(async move {
            let outcome = session::second_factor(&asked.get_value(), code.get_untracked().trim()).await;
            // Whoever is in looks at another page by now.
            if busy.try_set(false).is_some() {
                return;
            }
            match outcome {
                Ok(Entered::In | Entered::Code) => {}
                Ok(Entered::Gone) => over.set(true),
                Ok(_) => {
                    wrong.set(true);
                    browser::focus("code");
                }
                Err(fault) => trouble.set(Some(fault)),
            }
        });
    };
    let told = move || match (over.get(), trouble.get()) {
        (true, _) => Some(refusal(t::code_over(), t::code_over_advice())),
        (false, Some(it)) => Some(fault(&it, None)),
        (false, None) => None,
    };
    // After this very click: the button must not become that of the next form while it is pressed.
    let back = move |()| browser::after(0, || session::challenge().set(None));
    let card = view! {
        {heading(t::code_title(), t::code_about())}
        <form class="stack" novalidate on:submit=submit aria-label=t::code_title()>
            {told}
            <Field id="code" label=t::code_label() value=code autocomplete="one-time-code" hint=t::code_hint() error=error />
            <Button label=t::sign_in_do() kind=ButtonKind::Primary submits=true busy=busy />
            <Button label=t::code_back() on_press=back />
        </form>
    };
    outside(card)
}
