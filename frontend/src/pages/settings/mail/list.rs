//! The mail servers, in their order.

use leptos::prelude::*;

use super::{Context, Mail, Provider, edit};
use crate::api::Change;
use crate::graphql;
use crate::graphql::{
    check_mail_provider as check, delete_mail_provider as delete, order_mail_providers as order,
    update_mail_provider as update,
};
use crate::i18n::{format, t};
use crate::pages::shared::outcome;
use crate::ui::{Button, ButtonKind, Confirm, Icon, Switch, Tone, badge, empty, moment, notice, use_toasts};

/// The section.
pub fn part(context: Context, mail: &Mail) -> AnyView {
    let making = RwSignal::new(false);
    let add = move || {
        context.may.get().then(|| {
            view! { <Button label=t::mailer_add() sign=Icon::Plus kind=ButtonKind::Primary on_press=move |()| making.set(true) /> }
        })
    };
    let rows = if mail.providers.is_empty() {
        let words = if mail.usual { t::mailer_none_usual() } else { t::mailer_none_waits() };
        empty(Icon::Send, t::mailer_none(), words, ().into_any())
    } else {
        let ids: Vec<String> = mail.providers.iter().map(|one| one.id.clone()).collect();
        let ids = StoredValue::new(ids);
        let rows: Vec<_> =
            mail.providers.iter().enumerate().map(|(place, one)| row(context, one, place, ids)).collect();
        view! { <ol class="stack" aria-label=t::mailer_title()>{rows}</ol> }.into_any()
    };
    let n = format::number;
    let waits = &mail.waiting;
    let waiting = (waits.paced + waits.warming + waits.slowed + waits.paused > 0).then(|| {
        let words = t::mailer_waiting(&n(waits.paced), &n(waits.paused), &n(waits.slowed), &n(waits.warming));
        view! { <p class="muted" role="status">{words}</p> }
    });
    view! {
        <section class="section stack" aria-labelledby="servers">
            <div class="row row--between row--wrap">
                <h2 id="servers">{t::mailer_title()}</h2>
                {add}
            </div>
            <p class="muted">{t::mailer_about()}</p>
            {rows}
            {waiting}
        </section>
        {edit::dialog(context, None, mail.local, making)}
    }
    .into_any()
}

/// What a check found, in a sentence that says what to do.
fn wrong(word: &str) -> String {
    match word {
        "unknown_host" => t::mailer_is_unknown_host(),
        "address_refused" => t::mailer_is_address_refused(),
        "unreachable" => t::mailer_is_unreachable(),
        "tls" => t::mailer_is_tls(),
        "no_smtp" => t::mailer_is_no_smtp(),
        "sign_in_refused" => t::mailer_is_sign_in_refused(),
        "sign_in" => t::mailer_is_sign_in(),
        "timed_out" => t::mailer_is_timed_out(),
        _ => t::mailer_is_unusable(),
    }
}

fn name_of(provider: &Provider) -> String {
    if provider.name.is_empty() { provider.host.clone() } else { provider.name.clone() }
}

fn row(context: Context, provider: &Provider, place: usize, ids: StoredValue<Vec<String>>) -> AnyView {
    let state = match (provider.enabled, provider.down_until) {
        (false, _) => badge(Tone::Quiet, Some(Icon::Pause), t::mailer_off()),
        (true, Some(until)) => {
            badge(Tone::Caution, Some(Icon::TriangleAlert), t::mailer_down(&format::date_time(until.0)))
        }
        (true, None) => badge(Tone::Positive, Some(Icon::Check), t::mailer_on()),
    };
    let found = match provider.checked.as_deref() {
        None => badge(Tone::Quiet, None, t::mailer_unchecked()),
        Some("fine") => badge(Tone::Positive, Some(Icon::Check), t::mailer_checked_fine()),
        Some(_) => badge(Tone::Negative, Some(Icon::CircleAlert), t::mailer_checked_wrong()),
    };
    let trouble = provider.checked.as_deref().filter(|word| *word != "fine").map(|word| {
        let said =
            provider.checked_said.clone().map(|said| view! { <p class="tiny muted anywhere">{said}</p> });
        notice(Tone::Negative, wrong(word), said.into_any())
    });
    let down = provider.down_until.and(provider.down_said.clone());
    let down = down.map(|said| view! { <p class="tiny muted anywhere">{said}</p> });
    let warming = provider.warm_up.as_ref().map(|plan| {
        let words = match plan.ceiling {
            Some(ceiling) => t::mailer_warming(
                &format::number(ceiling),
                &format::number(plan.day),
                &format::number(plan.used),
            ),
            None => t::mailer_warm_over(),
        };
        view! { <p class="muted small">{words}</p> }
    });
    view! {
        <li class="card">
            <div class="card__body stack">
                <div class="row row--between row--wrap">
                    <span class="strong">{format!("{}. {}", place + 1, name_of(provider))}</span>
                    <span class="row row--wrap">{state} {found} {provider.checked_at.map(|at| view! { <span class="tiny muted">{moment(at.0)}</span> })}</span>
                </div>
                <code class="small anywhere">{format!("{}:{}", provider.host, provider.port)}</code>
                {warming}
                {trouble}
                {down}
                {context.may.get().then(|| deeds(context, provider, place, ids))}
            </div>
        </li>
    }
    .into_any()
}

/// What an admin can do with it.
fn deeds(context: Context, provider: &Provider, place: usize, ids: StoredValue<Vec<String>>) -> AnyView {
    let (id, enabled) = (StoredValue::new(provider.id.clone()), provider.enabled);
    let (change, toasts) = (Change::default(), use_toasts());
    let (editing, deleting) = (RwSignal::new(false), RwSignal::new(false));
    let store = move || context.store.get_value();
    let flip = move |on: bool| {
        let input = update::MailProviderInput { enabled: Some(on), ..Default::default() };
        let variables = update::Variables { store: store(), provider: id.get_value(), input };
        change.send::<graphql::UpdateMailProvider>(variables, move |_| {
            context.query.refetch();
            toasts.done(t::mailer_saved());
        });
    };
    let look = move |()| {
        let variables = check::Variables { store: store(), provider: id.get_value() };
        change.send::<graphql::CheckMailProvider>(variables, move |_| context.query.refetch());
    };
    let up = move |()| {
        let mut providers = ids.get_value();
        providers.swap(place, place - 1);
        let variables = order::Variables { store: store(), providers };
        change.send::<graphql::OrderMailProviders>(variables, move |_| context.query.refetch());
    };
    let remove = move |()| {
        let variables = delete::Variables { store: store(), provider: id.get_value() };
        change.send::<graphql::DeleteMailProvider>(variables, move |_| {
            deleting.set(false);
            toasts.done(t::mailer_deleted());
            context.query.refetch();
        });
    };
    let name = name_of(provider);
    let rise =
        (place > 0).then(|| view! { <Button label=t::mailer_up(&name) on_press=up busy=change.busy /> });
    view! {
        <div class="row row--wrap">
            <Switch label=format!("{}: {}", t::mailer_on(), name) on=Signal::from(enabled) on_flip=flip words=Signal::derive(t::mailer_on) disabled=change.busy />
            <Button label=t::mailer_check() on_press=look busy=change.busy />
            <Button label=t::mailer_edit() on_press=move |()| editing.set(true) />
            {rise}
            <Button label=t::mailer_delete() kind=ButtonKind::Danger on_press=move |()| { change.clear(); deleting.set(true) } />
        </div>
        {move || (!deleting.get()).then(|| outcome(change, &[]))}
        {edit::dialog(context, Some(provider), false, editing)}
        <Confirm
            title=Signal::derive(t::mailer_delete_title)
            words=Signal::derive(t::mailer_delete_words)
            act=Signal::derive(t::mailer_delete)
            open=deleting
            busy=change.busy
            outcome=move || outcome(change, &[])
            on_act=remove
        />
    }
    .into_any()
}
