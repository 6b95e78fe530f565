//! Web push: on or off, the worker in the shop, the store's key, when nothing may go.

use leptos::prelude::*;

use super::form::{Context, Form};
use crate::api::Change;
use crate::graphql;
use crate::graphql::rotate_push_key as rotate;
use crate::graphql::settings::SettingsStore;
use crate::graphql::update_store_settings::StoreSettingsInput;
use crate::i18n::{format, t};
use crate::pages::shared::{fact, outcome};
use crate::ui::{Button, ButtonKind, CodeBlock, Confirm, Field, Icon, Switch, Tone, badge, use_toasts};

/// The part about web push. Whoever is no admin sees it and changes nothing.
pub fn part(store: &SettingsStore, context: Context, may: bool) -> AnyView {
    let settings = &store.settings;
    let form = Form::new(context.clone());
    let text = |text: &str| RwSignal::new(text.to_owned());
    let (on, worker) = (RwSignal::new(settings.push_on), text(&settings.push_worker));
    let from = text(settings.push_quiet_hours_from.as_deref().unwrap_or_default());
    let to = text(settings.push_quiet_hours_to.as_deref().unwrap_or_default());
    let worker_wrong = move || {
        worker
            .with(|path| !path.trim().starts_with('/') || !path.trim().ends_with(".js"))
            .then(t::push_worker_wrong)
    };
    let wrong = Signal::derive(move || worker_wrong().is_some());
    let input = move || StoreSettingsInput {
        push_on: Some(on.get_untracked()),
        push_worker: Some(worker.get_untracked().trim().to_owned()),
        push_quiet_hours_from: Some(from.get_untracked()),
        push_quiet_hours_to: Some(to.get_untracked()),
        ..StoreSettingsInput::default()
    };
    let fields = view! {
        <Switch label=t::push_on() on=on on_flip=move |to: bool| on.set(to) words=Signal::derive(t::push_on) />
        <Field id="push-worker" label=t::push_worker() value=worker hint=t::push_worker_hint() error=form.error("pushWorker", worker_wrong) />
        <div class="form__pair">
            <Field id="push-quiet-from" label=t::settings_quiet_from() value=from kind="time" error=form.error("pushQuietHoursFrom", || None) />
            <Field id="push-quiet-to" label=t::settings_quiet_to() value=to kind="time" hint=t::push_quiet_hint() error=form.error("pushQuietHoursTo", || None) />
        </div>
    };
    let state = if settings.push_on {
        badge(Tone::Positive, Some(Icon::Check), t::push_state_on())
    } else {
        badge(Tone::Quiet, None, t::push_state_off())
    };
    let path = settings.push_worker.clone();
    view! {
        <div class="stack stack--wide form-wide">
            <section class="stack">
                <div class="row row--wrap"><h2>{t::settings_push()}</h2>{state}</div>
                <p class="muted">{t::push_about()}</p>
            </section>
            {form.view(t::settings_push(), fields.into_any(), wrong, input)}
            <section class="stack" aria-labelledby="push-install">
                <h2 id="push-install">{t::push_install()}</h2>
                <p class="muted">{t::push_install_worker(&path)}</p>
                <CodeBlock label=path.clone() text=settings.push_worker_script.clone() />
                <p class="muted">{t::push_install_ask()}</p>
                <CodeBlock label=t::push_install_call() text=CALL.to_owned() />
            </section>
            {settings.push_public_key.as_deref().map(|key| keys(key, settings.push_subscriptions, context, may))}
        </div>
    }
    .into_any()
}

/// What a shop writes beside its sentence.
const CALL: &str = "button.onclick = () => cartwheel.push.ask({ wording: sentence.textContent });";

/// The public key, how many it is used by, and the way to another.
fn keys(key: &str, subscriptions: i64, context: Context, may: bool) -> AnyView {
    let (change, toasts, asking) = (Change::default(), use_toasts(), RwSignal::new(false));
    let context = StoredValue::new(context);
    let renew = move |()| {
        let variables = rotate::Variables { store: context.with_value(|context| context.store.clone()) };
        change.send::<graphql::RotatePushKey>(variables, move |data| {
            asking.set(false);
            toasts.done(t::push_rotated(data.rotate_push_key.ended));
            context.with_value(|context| context.query.refetch());
        });
    };
    let words = move || t::push_rotate_words(subscriptions);
    let deeds = may.then(|| {
        view! {
            <div class="row"><Button label=t::push_rotate() kind=ButtonKind::Danger on_press=move |()| { change.clear(); asking.set(true) } /></div>
            <Confirm
                title=Signal::derive(t::push_rotate_title)
                words=Signal::derive(words)
                act=Signal::derive(t::push_rotate)
                open=asking
                busy=change.busy
                outcome=move || outcome(change, &[])
                on_act=renew
            />
        }
    });
    view! {
        <section class="stack" aria-labelledby="push-key">
            <h2 id="push-key">{t::push_key()}</h2>
            <dl class="facts">
                {fact(t::push_subscriptions(), Some(format::number(subscriptions)))}
                {fact(t::push_public_key(), Some(view! { <code class="anywhere">{key.to_owned()}</code> }))}
            </dl>
            <p class="small muted">{t::push_key_about()}</p>
            {deeds}
        </section>
    }
    .into_any()
}
