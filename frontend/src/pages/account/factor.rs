//! The code at sign-in: setting an app up, the codes for whoever loses it, and switching it off.

use leptos::prelude::*;

use crate::api::{Change, Query, Refusal};
use crate::browser;
use crate::graphql;
use crate::graphql::account::{AccountViewerSecondFactor as Factor, ResponseData};
use crate::i18n::{format, t};
use crate::pages::shared::outcome;
use crate::shell::use_stores;
use crate::ui::{Button, ButtonKind, CodeBlock, Field, Tone, notice, use_toasts};

/// The fields at which refusals stand.
const FIELDS: &[&str] = &["password", "code"];

/// An app that is being set up: its key, and the same as a picture.
type Begun = RwSignal<Option<(String, String)>>;

/// New recovery codes, until they are put away.
type Fresh = RwSignal<Option<Vec<String>>>;

/// The card. It stands beside the data, so that what is begun outlives a new answer.
pub fn card(query: Query<ResponseData>) -> AnyView {
    let (begun, fresh) = (Begun::new(None), Fresh::new(None));
    let factor = Memo::new(move |_| {
        query.data.with(|data| data.as_ref().and_then(|data| data.viewer.second_factor.clone()))
    });
    let content = move || match (fresh.get(), begun.get(), factor.get()) {
        (Some(codes), ..) => written(&codes, fresh),
        (None, Some(app), _) => confirm(app, begun, fresh, query),
        (None, None, Some(factor)) if factor.since.is_some() => on(&factor, fresh, query),
        (None, None, Some(factor)) => off(&factor, begun),
        (None, None, None) => ().into_any(),
    };
    view! {
        <section class="card" aria-labelledby="factor">
            <div class="card__head"><h2 id="factor" tabindex="-1">{t::factor()}</h2></div>
            {content}
        </section>
    }
    .into_any()
}

/// What the server says of what was shown.
fn said(refusal: &Refusal) -> String {
    match refusal.code.as_str() {
        "wrong_code" => t::code_wrong(),
        "throttled" => t::account_throttled(&format::span(seconds(&refusal.message))),
        _ => t::account_wrong(),
    }
}

/// The seconds to wait, from the server's words: the number in them, a minute when there is none.
pub(super) fn seconds(message: &str) -> i64 {
    let digits = message.split(|c: char| !c.is_ascii_digit()).find(|part| !part.is_empty());
    digits.and_then(|digits| digits.parse().ok()).unwrap_or(60)
}

/// A field's text, whether it was sent empty, and what was refused of it.
fn asked(
    change: Change,
    field: &'static str,
    value: RwSignal<String>,
    tried: RwSignal<bool>,
    missing: fn() -> String,
) -> Signal<Option<String>> {
    Signal::derive(move || {
        let empty = tried.get() && value.with(|text| text.trim().is_empty());
        let refused = change.refusal.with(|it| it.as_ref().filter(|it| it.field == field).map(said));
        empty.then(missing).or(refused)
    })
}

/// The codes that were just made.
fn written(codes: &[String], fresh: Fresh) -> AnyView {
    let stores = use_stores();
    let kept = move |()| {
        fresh.set(None);
        // What was closed until a code was shown is open now; everything is asked for anew.
        if stores.withheld {
            browser::reload();
        }
    };
    view! {
        <div class="card__body stack">
            <h3>{t::factor_codes()}</h3>
            <p>{t::factor_codes_words()}</p>
            <CodeBlock label=t::factor_codes() text=codes.join("\n") />
            <div><Button label=t::factor_kept() kind=ButtonKind::Primary on_press=kept /></div>
        </div>
    }
    .into_any()
}

/// None is asked for yet.
fn off(factor: &Factor, begun: Begun) -> AnyView {
    let (change, password, tried) = (Change::default(), RwSignal::new(String::new()), RwSignal::new(false));
    let error = asked(change, "password", password, tried, t::sign_in_password_missing);
    let needed = factor.required.then(|| notice(Tone::Caution, t::factor_required(), ().into_any()));
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        tried.set(true);
        if password.with_untracked(String::is_empty) {
            return browser::focus("factor-password");
        }
        let variables = graphql::start_second_factor::Variables { password: password.get_untracked() };
        change.send::<graphql::StartSecondFactor>(variables, move |data| {
            let started = data.start_second_factor;
            begun.set(started.secret.zip(started.qr));
            browser::after(0, || browser::focus("factor-code"));
        });
    };
    view! {
        <form class="card__body form" novalidate aria-labelledby="factor" on:submit=submit>
            {needed}
            <p class="muted small">{t::factor_words()}</p>
            <Field id="factor-password" label=t::sign_in_password() value=password kind="password" autocomplete="current-password" error=error />
            {outcome(change, &["password"])}
            <div class="form__foot"><Button label=t::factor_start() kind=ButtonKind::Primary submits=true busy=change.busy /></div>
        </form>
    }
    .into_any()
}

/// The app has its key, and shows a first code.
fn confirm(
    (secret, qr): (String, String),
    begun: Begun,
    fresh: Fresh,
    query: Query<ResponseData>,
) -> AnyView {
    let (change, toasts) = (Change::default(), use_toasts());
    let (code, tried) = (RwSignal::new(String::new()), RwSignal::new(false));
    let error = asked(change, "code", code, tried, t::code_missing);
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        tried.set(true);
        if code.with_untracked(|code| code.trim().is_empty()) {
            return browser::focus("factor-code");
        }
        let variables = graphql::confirm_second_factor::Variables { code: code.get_untracked() };
        change.send::<graphql::ConfirmSecondFactor>(variables, move |data| {
            begun.set(None);
            fresh.set(Some(data.confirm_second_factor.recovery_codes));
            toasts.done(t::factor_on_done());
            query.refetch();
            browser::after(0, || browser::focus("factor"));
        });
    };
    view! {
        <form class="card__body form" novalidate aria-labelledby="factor" on:submit=submit>
            <p>{t::factor_scan()}</p>
            <div class="qr" role="img" aria-label=t::factor_qr() inner_html=qr></div>
            <p class="muted small">{t::factor_secret()}</p>
            <CodeBlock label=t::factor_key() text=secret />
            <Field id="factor-code" label=t::code_label() value=code autocomplete="one-time-code" error=error />
            {outcome(change, FIELDS)}
            <div class="form__foot">
                <Button label=t::cancel() on_press=move |()| begun.set(None) />
                <Button label=t::factor_on() kind=ButtonKind::Primary submits=true busy=change.busy />
            </div>
        </form>
    }
    .into_any()
}

/// It is asked for.
fn on(factor: &Factor, fresh: Fresh, query: Query<ResponseData>) -> AnyView {
    let since = factor.since.map(|at| t::factor_since(&format::date(at.0)));
    let few = factor.recovery_codes < 3;
    let left = t::factor_left(factor.recovery_codes);
    let left = if few {
        notice(Tone::Caution, left, view! { <p>{t::factor_few()}</p> }.into_any())
    } else {
        view! { <p class="muted">{left}</p> }.into_any()
    };
    let way_out = if factor.required {
        view! { <p class="muted small">{t::factor_required()}</p> }.into_any()
    } else {
        folded(t::factor_off(), end(query))
    };
    view! {
        <div class="card__body stack">
            <p class="strong">{since}</p>
            {left}
            {folded(t::factor_renew(), renew(fresh, query))}
            {way_out}
        </div>
    }
    .into_any()
}

fn folded(title: String, content: AnyView) -> AnyView {
    view! { <details class="folded"><summary>{title}</summary>{content}</details> }.into_any()
}

fn renew(fresh: Fresh, query: Query<ResponseData>) -> AnyView {
    let change = Change::default();
    let shown = Shown::default();
    let send = move |password, code| {
        let variables = graphql::renew_recovery_codes::Variables { password, code };
        change.send::<graphql::RenewRecoveryCodes>(variables, move |data| {
            fresh.set(Some(data.renew_recovery_codes.recovery_codes));
            query.refetch();
            browser::after(0, || browser::focus("factor"));
        });
    };
    shown.form("renew", (t::factor_renew(), t::factor_renew_words()), ButtonKind::default(), change, send)
}

fn end(query: Query<ResponseData>) -> AnyView {
    let (change, toasts) = (Change::default(), use_toasts());
    let shown = Shown::default();
    let send = move |password, code| {
        let variables = graphql::end_second_factor::Variables { password, code };
        change.send::<graphql::EndSecondFactor>(variables, move |_| {
            toasts.done(t::factor_off_done());
            query.refetch();
            browser::after(0, || browser::focus("factor"));
        });
    };
    shown.form("end", (t::factor_off(), t::factor_off_words()), ButtonKind::Danger, change, send)
}

/// Password and code, as they are typed.
#[derive(Clone, Copy)]
struct Shown {
    password: RwSignal<String>,
    code: RwSignal<String>,
    tried: RwSignal<bool>,
}

impl Default for Shown {
    fn default() -> Self {
        let empty = || RwSignal::new(String::new());
        Self { password: empty(), code: empty(), tried: RwSignal::new(false) }
    }
}

impl Shown {
    /// The form that asks for both; `id` begins the ids of its fields.
    fn form(
        self,
        id: &'static str,
        (title, words): (String, String),
        kind: ButtonKind,
        change: Change,
        send: impl Fn(String, String) + 'static,
    ) -> AnyView {
        let Self { password, code, tried } = self;
        let password_error = asked(change, "password", password, tried, t::sign_in_password_missing);
        let code_error = asked(change, "code", code, tried, t::code_missing);
        let submit = move |event: leptos::ev::SubmitEvent| {
            event.prevent_default();
            tried.set(true);
            if password.with_untracked(String::is_empty) {
                return browser::focus(&format!("{id}-password"));
            }
            if code.with_untracked(|code| code.trim().is_empty()) {
                return browser::focus(&format!("{id}-code"));
            }
            send(password.get_untracked(), code.get_untracked());
        };
        let name = title.clone();
        view! {
            <form class="form" novalidate aria-label=name on:submit=submit>
                <p class="muted small">{words}</p>
                <Field id=format!("{id}-password") label=t::sign_in_password() value=password kind="password" autocomplete="current-password" error=password_error />
                <Field id=format!("{id}-code") label=t::code_label() value=code autocomplete="one-time-code" hint=t::code_hint() error=code_error />
                {outcome(change, FIELDS)}
                <div class="form__foot"><Button label=title kind=kind submits=true busy=change.busy /></div>
            </form>
        }
        .into_any()
    }
}
