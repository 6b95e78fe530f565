//! One endpoint: what it is, what can be done with it, what it was told.

use leptos::prelude::*;

use super::{Context, Endpoint, deliveries, edit, state, trouble};
use crate::api::Change;
use crate::browser;
use crate::graphql;
use crate::graphql::{
    delete_webhook_endpoint as delete, rotate_webhook_secret as rotate, send_test_webhook as test,
    update_webhook_endpoint as update,
};
use crate::i18n::t;
use crate::pages::shared::{fact, outcome};
use crate::route::{Route, Section, use_parameters};
use crate::ui::{Button, ButtonKind, Confirm, Icon, Switch, button_link, moment, use_toasts};
use crate::words;

/// How long a test is given before the list is read again, milliseconds.
const SOON: u32 = 1_500;

/// The page of one endpoint.
pub fn part(context: Context, endpoint: &Endpoint) -> AnyView {
    let store = context.store.get_untracked();
    let back =
        button_link(Route::Settings(Section::Webhooks).path(&store), ButtonKind::Plain, t::webhook_back());
    let again = RwSignal::new(0_u32);
    let kinds: Vec<_> = endpoint.kinds.iter().map(|kind| words::hook_kind(kind)).collect();
    let title =
        if endpoint.description.is_empty() { endpoint.url.clone() } else { endpoint.description.clone() };
    view! {
        <section class="section" aria-labelledby="endpoint">
            <div class="row row--between row--wrap">
                <h2 id="endpoint" class="anywhere">{title}</h2>
                {back}
            </div>
            {trouble(endpoint)}
            <dl class="facts">
                {fact(t::webhook_state(), Some(state(endpoint)))}
                {fact(t::webhook_url(), Some(view! { <code class="anywhere">{endpoint.url.clone()}</code> }))}
                {fact(t::webhook_kinds(), Some(kinds.join(", ")))}
                {fact(t::webhook_failing_since(), endpoint.failing_since.map(|at| moment(at.0)))}
                {fact(t::webhook_old_secret(), endpoint.old_secret_until.map(|at| moment(at.0)))}
            </dl>
            {context.may.get().then(|| deeds(context, endpoint, again))}
        </section>
        {deliveries::part(context, endpoint.id.clone(), endpoint.enabled, again)}
    }
    .into_any()
}

/// What an admin can do with it.
fn deeds(context: Context, endpoint: &Endpoint, again: RwSignal<u32>) -> AnyView {
    let (id, enabled) = (StoredValue::new(endpoint.id.clone()), endpoint.enabled);
    let (change, toasts, parameters) = (Change::default(), use_toasts(), use_parameters());
    let (editing, rotating, deleting) = (RwSignal::new(false), RwSignal::new(false), RwSignal::new(false));
    let flip = move |on: bool| {
        let input = update::WebhookEndpointInput { enabled: Some(on), ..Default::default() };
        let variables =
            update::Variables { store: context.store.get_untracked(), endpoint: id.get_value(), input };
        change.send::<graphql::UpdateWebhookEndpoint>(variables, move |_| {
            context.query.refetch();
            toasts.done(if on { t::webhook_switched_on() } else { t::webhook_switched_off() });
        });
    };
    let try_it = move |()| {
        let variables = test::Variables { store: context.store.get_untracked(), endpoint: id.get_value() };
        change.send::<graphql::SendTestWebhook>(variables, move |_| {
            toasts.done(t::webhook_test_sent());
            again.update(|n| *n += 1);
            browser::after(SOON, move || {
                // The page may have been left meanwhile.
                let _ = again.try_update(|n| *n += 1);
            });
        });
    };
    let renew = move |()| {
        let variables = rotate::Variables { store: context.store.get_untracked(), endpoint: id.get_value() };
        change.send::<graphql::RotateWebhookSecret>(variables, move |data| {
            rotating.set(false);
            context.query.refetch();
            context.show(data.rotate_webhook_secret.secret.unwrap_or_default());
        });
    };
    let remove = move |()| {
        let variables = delete::Variables { store: context.store.get_untracked(), endpoint: id.get_value() };
        change.send::<graphql::DeleteWebhookEndpoint>(variables, move |_| {
            deleting.set(false);
            toasts.done(t::webhook_deleted());
            parameters.set(&[("endpoint", ""), ("after", ""), ("status", "")]);
            context.query.refetch();
        });
    };
    let asking = move || rotating.get() || deleting.get();
    view! {
        <div class="row row--wrap">
            <Switch label=t::webhook_enabled() on=Signal::from(enabled) on_flip=flip words=Signal::derive(t::webhook_enabled) disabled=change.busy />
            <Button label=t::webhook_test() sign=Icon::Send on_press=try_it disabled=Signal::from(!enabled) busy=change.busy />
            <Button label=t::webhook_edit() on_press=move |()| editing.set(true) />
            <Button label=t::webhook_rotate() sign=Icon::Key on_press=move |()| { change.clear(); rotating.set(true) } />
            <Button label=t::webhook_delete() kind=ButtonKind::Danger on_press=move |()| { change.clear(); deleting.set(true) } />
        </div>
        {move || (!asking()).then(|| outcome(change, &[]))}
        {edit::dialog(context, Some(endpoint), editing)}
        <Confirm
            title=Signal::derive(t::webhook_rotate_title)
            words=Signal::derive(t::webhook_rotate_words)
            act=Signal::derive(t::webhook_rotate)
            open=rotating
            busy=change.busy
            outcome=move || outcome(change, &[])
            on_act=renew
        />
        <Confirm
            title=Signal::derive(t::webhook_delete_title)
            words=Signal::derive(t::webhook_delete_words)
            act=Signal::derive(t::webhook_delete)
            open=deleting
            busy=change.busy
            outcome=move || outcome(change, &[])
            on_act=remove
        />
    }
    .into_any()
}
