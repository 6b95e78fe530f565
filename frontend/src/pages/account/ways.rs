//! Passkeys, and accounts at providers: what signs one in besides the password. The password is shown once more for each change.

use leptos::prelude::*;
use leptos::task::spawn_local;

use super::factor::seconds;
use crate::api::{Change, Fault, Query, Refusal, session};
use crate::graphql;
use crate::graphql::account::{
    AccountViewerOtherWaysIdentities as Identity, AccountViewerOtherWaysPasskeys as Passkey, ResponseData,
};
use crate::i18n::{format, t};
use crate::pages::shared::outcome;
use crate::passkey::{self, Unshown};
use crate::ui::{Button, ButtonKind, Field, Tone, fault, notice, use_toasts};
use crate::{browser, words};

/// The fields at which refusals stand.
const FIELDS: &[&str] = &["password", "name", "credential", "note", ""];

/// What the server says of a refusal.
fn said(refusal: &Refusal) -> String {
    match refusal.code.as_str() {
        "refused" => t::account_wrong(),
        "throttled" => t::account_throttled(&format::span(seconds(&refusal.message))),
        "known" => t::passkey_known(),
        "over" => t::passkey_over(),
        "too_many" => t::passkey_many(),
        "invalid" if refusal.field == "name" => t::passkey_name_wrong(),
        _ => t::passkey_declined(),
    }
}

/// The password of a card: what is typed, whether it was missed, and what was refused of it.
#[derive(Clone, Copy)]
struct Password {
    id: &'static str,
    value: RwSignal<String>,
    missed: RwSignal<bool>,
    wrong: RwSignal<bool>,
}

impl Password {
    fn new(id: &'static str) -> Self {
        let no = || RwSignal::new(false);
        Self { id, value: RwSignal::new(String::new()), missed: no(), wrong: no() }
    }

    /// What was typed; with nothing, the keyboard goes there.
    fn given(self) -> Option<String> {
        let typed = self.value.get_untracked();
        self.missed.set(typed.is_empty());
        self.wrong.set(false);
        if typed.is_empty() {
            browser::focus(self.id);
        }
        (!typed.is_empty()).then_some(typed)
    }

    fn field(self, change: Change) -> AnyView {
        let error = Signal::derive(move || {
            let refused =
                move || change.refusal.with(|it| it.as_ref().filter(|it| it.field == "password").map(said));
            (self.missed.get() && self.value.with(String::is_empty))
                .then(t::sign_in_password_missing)
                .or_else(refused)
                .or_else(|| self.wrong.get().then(t::account_wrong))
        });
        view! {
            <Field id=self.id label=t::account_old() value=self.value kind="password" autocomplete="current-password" error=error />
        }
        .into_any()
    }
}

/// The card of passkeys; nothing where the server has none. It stands beside the data, so that what is typed outlives a new answer.
pub fn passkeys(query: Query<ResponseData>) -> AnyView {
    let offered = Memo::new(move |_| {
        query.data.with(|data| data.as_ref()?.viewer.other_ways.as_ref().map(|ways| ways.passkeys_offered))
    });
    let keys = Memo::new(move |_| {
        let of =
            |data: &std::sync::Arc<ResponseData>| Some(data.viewer.other_ways.as_ref()?.passkeys.clone());
        query.data.with(|data| data.as_ref().and_then(of)).unwrap_or_default()
    });
    let form = PasskeyForm::new(query);
    let content = move || offered.get().filter(|offered| *offered).map(|_| form.view(keys));
    view! { {content} }.into_any()
}

#[derive(Clone, Copy)]
struct PasskeyForm {
    query: Query<ResponseData>,
    change: Change,
    password: Password,
    name: RwSignal<String>,
    tried: RwSignal<bool>,
    unshown: RwSignal<Option<Unshown>>,
}

impl PasskeyForm {
    fn new(query: Query<ResponseData>) -> Self {
        Self {
            query,
            change: Change::default(),
            password: Password::new("passkey-password"),
            name: RwSignal::new(String::new()),
            tried: RwSignal::new(false),
            unshown: RwSignal::new(None),
        }
    }

    fn view(self, keys: Memo<Vec<Passkey>>) -> AnyView {
        let rows = move || match keys.get() {
            keys if keys.is_empty() => view! { <p class="muted">{t::passkeys_none()}</p> }.into_any(),
            keys => {
                let rows: Vec<_> = keys.iter().map(|key| self.row(key)).collect();
                view! { <ul class="ways">{rows}</ul> }.into_any()
            }
        };
        let add = if passkey::offered() {
            self.form()
        } else {
            notice(Tone::Caution, t::passkeys_unable(), ().into_any())
        };
        view! {
            <section class="card" aria-labelledby="passkeys">
                <div class="card__head"><h2 id="passkeys" tabindex="-1">{t::passkeys()}</h2></div>
                <div class="card__body stack">
                    <p class="muted small">{t::passkeys_words()}</p>
                    {rows}
                    {add}
                </div>
            </section>
        }
        .into_any()
    }

    fn row(self, key: &Passkey) -> AnyView {
        let used = key.last_used_at.map_or_else(t::passkey_unused, |at| t::passkey_used(&format::date(at.0)));
        let added = t::passkey_added_on(&format::date(key.created_at.0));
        let (id, name) = (key.id.clone(), key.name.clone());
        let remove = move |()| self.remove(id.clone());
        view! {
            <li class="row row--between row--wrap">
                <div><p class="strong">{name.clone()}</p><p class="muted small">{added}", "{used}</p></div>
                <Button label=t::passkey_remove() of=name kind=ButtonKind::Quiet on_press=remove />
            </li>
        }
        .into_any()
    }

    fn form(self) -> AnyView {
        let name_error = Signal::derive(move || {
            let empty = self.tried.get() && self.name.with(|name| name.trim().is_empty());
            let refused =
                move || self.change.refusal.with(|it| it.as_ref().filter(|it| it.field == "name").map(said));
            empty.then(t::passkey_name_wrong).or_else(refused)
        });
        let told = move || {
            let words = match self.unshown.get() {
                Some(Unshown::Known) => Some(t::passkey_known()),
                Some(Unshown::Declined) => Some(t::passkey_declined()),
                None => self.change.refusal.with(|it| {
                    it.as_ref().filter(|it| !matches!(it.field.as_str(), "password" | "name")).map(said)
                }),
            };
            words
                .map(|words| view! { <div role="alert">{notice(Tone::Negative, words, ().into_any())}</div> })
        };
        let submit = move |event: leptos::ev::SubmitEvent| {
            event.prevent_default();
            self.add();
        };
        view! {
            <form class="form" novalidate aria-label=t::passkey_add() on:submit=submit>
                <Field id="passkey-name" label=t::passkey_name() value=self.name autocomplete="off" hint=t::passkey_name_hint() error=name_error />
                {self.password.field(self.change)}
                {told}
                {outcome(self.change, FIELDS)}
                <div class="form__foot"><Button label=t::passkey_add() kind=ButtonKind::Primary submits=true busy=self.change.busy /></div>
            </form>
        }
        .into_any()
    }

    fn add(self) {
        self.tried.set(true);
        self.unshown.set(None);
        let name = self.name.get_untracked();
        if name.trim().is_empty() {
            return browser::focus("passkey-name");
        }
        let Some(password) = self.password.given() else { return };
        let variables = graphql::start_passkey::Variables { password };
        let toasts = use_toasts();
        self.change.send::<graphql::StartPasskey>(variables, move |data| {
            let Some((note, options)) = data.start_passkey.note.zip(data.start_passkey.options) else {
                return;
            };
            self.change.busy.set(true);
            spawn_local(async move {
                let made = passkey::make(&options).await;
                // Another page is looked at by now.
                if self.change.busy.try_set(false).is_some() {
                    return;
                }
                let credential = match made {
                    Ok(credential) => credential,
                    Err(unshown) => return self.unshown.set(Some(unshown)),
                };
                let variables = graphql::add_passkey::Variables { note, credential, name };
                self.change.send::<graphql::AddPasskey>(variables, move |_| {
                    toasts.done(t::passkey_added());
                    self.done();
                });
            });
        });
    }

    fn remove(self, id: String) {
        self.unshown.set(None);
        self.tried.set(false);
        let Some(password) = self.password.given() else { return };
        let toasts = use_toasts();
        let variables = graphql::remove_passkey::Variables { id, password };
        self.change.send::<graphql::RemovePasskey>(variables, move |_| {
            toasts.done(t::passkey_removed());
            self.done();
        });
    }

    fn done(self) {
        self.tried.set(false);
        self.name.set(String::new());
        self.password.value.set(String::new());
        self.query.refetch();
        browser::after(0, || browser::focus("passkeys"));
    }
}

/// The card of accounts at providers; nothing where the server knows none and none is connected.
pub fn providers(query: Query<ResponseData>) -> AnyView {
    let known = RwSignal::new(Vec::<session::Provider>::new());
    spawn_local(async move {
        let ways = session::ways().await;
        // Another page is looked at by now.
        let _ = known.try_set(ways.providers);
    });
    let identities = Memo::new(move |_| {
        let of =
            |data: &std::sync::Arc<ResponseData>| Some(data.viewer.other_ways.as_ref()?.identities.clone());
        query.data.with(|data| data.as_ref().and_then(of)).unwrap_or_default()
    });
    let (change, password) = (Change::default(), Password::new("provider-password"));
    let trouble = RwSignal::new(None::<Fault>);
    let arrival = session::arrival();
    let came = arrival.clone();
    let toasts = use_toasts();
    Effect::new(move |_| {
        if came.get().as_deref() == Some("connected") {
            toasts.done(t::provider_connected());
            came.set(None);
        }
    });
    let content = move || {
        let (known, identities) = (known.get(), identities.get());
        if known.is_empty() && identities.is_empty() {
            return None;
        }
        let rows: Vec<_> = identities.iter().map(|one| identity(one, query, change, password)).collect();
        let rows = (!rows.is_empty()).then(|| view! { <ul class="ways">{rows}</ul> });
        let buttons: Vec<_> = known.into_iter().map(|one| connect(one, password, change, trouble)).collect();
        let arrival = arrival.clone();
        let told = move || {
            let word = arrival.get().filter(|word| word != "connected");
            word.map(|word| view! { <div role="alert">{notice(Tone::Negative, words::provider(&word), ().into_any())}</div> })
        };
        let view = view! {
            <section class="card" aria-labelledby="providers">
                <div class="card__head"><h2 id="providers" tabindex="-1">{t::providers()}</h2></div>
                <div class="card__body stack">
                    <p class="muted small">{t::providers_words()}</p>
                    {told}
                    {rows}
                    {password.field(change)}
                    {move || trouble.get().map(|it| fault(&it, None))}
                    {outcome(change, &["password"])}
                    <div class="form__foot">{buttons}</div>
                </div>
            </section>
        };
        Some(view)
    };
    view! { {content} }.into_any()
}

fn identity(one: &Identity, query: Query<ResponseData>, change: Change, password: Password) -> AnyView {
    let used = one.last_used_at.map_or_else(t::passkey_unused, |at| t::passkey_used(&format::date(at.0)));
    let email = one.email.clone().map(|email| format!("{email}, "));
    let (id, name, toasts) = (one.id.clone(), one.provider.clone(), use_toasts());
    let end = move |()| {
        let Some(password_given) = password.given() else { return };
        let variables = graphql::disconnect_identity::Variables { id: id.clone(), password: password_given };
        change.send::<graphql::DisconnectIdentity>(variables, move |_| {
            toasts.done(t::provider_disconnected());
            password.value.set(String::new());
            query.refetch();
            browser::after(0, || browser::focus("providers"));
        });
    };
    view! {
        <li class="row row--between row--wrap">
            <div><p class="strong">{name.clone()}</p><p class="muted small">{email}{used}</p></div>
            <Button label=t::provider_disconnect() of=name kind=ButtonKind::Quiet on_press=end />
        </li>
    }
    .into_any()
}

fn connect(
    one: session::Provider,
    password: Password,
    change: Change,
    trouble: RwSignal<Option<Fault>>,
) -> AnyView {
    let label = t::provider_connect(&one.name);
    let go = move |()| {
        change.clear();
        let Some(given) = password.given() else { return };
        let id = one.id.clone();
        trouble.set(None);
        session::arrival().set(None);
        change.busy.set(true);
        spawn_local(async move {
            let outcome = session::depart_to_connect(&id, &given).await;
            // The way out is taken, or the page was left.
            if change.busy.try_set(false).is_some() {
                return;
            }
            match outcome {
                Ok(true) => {}
                Ok(false) => {
                    password.wrong.set(true);
                    browser::focus(password.id);
                }
                Err(it) => trouble.set(Some(it)),
            }
        });
    };
    view! { <Button label=label on_press=go busy=change.busy /> }.into_any()
}
