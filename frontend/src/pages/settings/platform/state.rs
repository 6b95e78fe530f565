//! How a connection stands, what is wrong with it and what to do, and what an admin can do.

use leptos::prelude::*;

use super::{Connection, Context, name};
use crate::api::Change;
use crate::graphql;
use crate::graphql::types::PlatformName;
use crate::graphql::{
    confirm_platform_reminders as confirm, disconnect_platform as disconnect,
    subscribe_platform as subscribe, test_platform as test,
};
use crate::i18n::t;
use crate::pages::shared::{fact, outcome};
use crate::ui::{Button, ButtonKind, Confirm, Icon, Tone, badge, moment, notice, use_toasts};

/// What to do about a trouble, by the words of docs/platforms.md.
fn advice(trouble: &str) -> String {
    match trouble {
        "credentials" => t::platform_trouble_credentials(),
        "not_found" | "redirected" | "address_refused" => t::platform_trouble_not_found(),
        "unknown_host" | "unreachable" | "timed_out" | "fault" | "broken" | "tls" => {
            t::platform_trouble_reach()
        }
        "rate" | "busy" => t::platform_trouble_rate(),
        "unset" => t::platform_trouble_unset(),
        _ => t::platform_trouble_other(),
    }
}

/// Why a webhook was refused.
fn refusal(word: &str) -> String {
    match word {
        "signature" => t::platform_refused_signature(),
        "other_shop" => t::platform_refused_other(),
        _ => t::platform_refused_unreadable(),
    }
}

/// The names of what sends reminders, as their makers write them.
fn reminder(word: &str) -> String {
    let known = [
        ("woocommerce", "WooCommerce"),
        ("automatewoo", "AutomateWoo"),
        ("mailpoet", "MailPoet"),
        ("shopify", "Shopify"),
        ("bigcommerce", "BigCommerce"),
        ("mailchimp", "Mailchimp"),
        ("klaviyo", "Klaviyo"),
        ("omnisend", "Omnisend"),
        ("cartflows", "CartFlows"),
        ("funnelkit", "FunnelKit"),
        ("retainful", "Retainful"),
        ("abandoned_cart_lite", "Abandoned Cart for WooCommerce"),
    ];
    known.iter().find(|(own, _)| *own == word).map_or_else(|| word.to_owned(), |(_, name)| (*name).to_owned())
}

/// How it stands.
pub fn part(context: Context, one: &Connection) -> AnyView {
    if !one.connected {
        return view! { <p>{badge(Tone::Quiet, None, t::platform_open())}</p> }.into_any();
    }
    let heard = one.heard_at.map_or_else(
        || view! { <span class="muted">{t::platform_never()}</span> }.into_any(),
        |at| moment(at.0),
    );
    let restored = one.webhooks.iter().any(|hook| hook.restored_at.is_some());
    let count = one.webhooks.len() as i64;
    // Refused after the last genuine one: what came right meanwhile is no news.
    let refused = one.refused_at.filter(|at| one.heard_at.is_none_or(|heard| heard.0 <= at.0));
    let refused = refused.map(|at| {
        view! { {moment(at.0)} <p class="muted">{refusal(one.refused.as_deref().unwrap_or_default())}</p> }
    });
    let trouble = one.trouble.as_deref().map(|word| {
        let said = one.trouble_said.clone().map(|said| view! { <p class="tiny muted anywhere">{said}</p> });
        notice(
            Tone::Negative,
            t::platform_trouble(),
            view! { <p class="muted">{advice(word)}</p> {said} }.into_any(),
        )
    });
    view! {
        <section class="stack" aria-label=t::platform_state()>
            {trouble}
            {reminders(context, one)}
            {(!one.api).then(|| notice(Tone::Information, t::platform_no_api(), ().into_any()))}
            <dl class="facts">
                {fact(t::platform_state(), Some(badge(Tone::Positive, Some(Icon::Check), t::platform_connected())))}
                {fact(t::platform_heard(), Some(heard))}
                {fact(t::platform_refused(), refused)}
                {fact(t::platform_caught_up(), one.caught_up_at.map(|at| moment(at.0)))}
                {fact(t::platform_next(), one.next_at.map(|at| moment(at.0)))}
                {fact(t::platform_hooks(), (count > 0).then(|| t::platform_hooks_count(count)))}
            </dl>
            {restored.then(|| notice(Tone::Caution, t::platform_hooks_restored(), ().into_any()))}
        </section>
    }
    .into_any()
}

/// Who else reminds, and whether somebody has seen to it.
fn reminders(context: Context, one: &Connection) -> Option<AnyView> {
    let named = |state: &str| {
        let of = one.reminders.iter().filter(|found| found.state == state);
        of.map(|found| reminder(&found.name)).collect::<Vec<_>>().join(", ")
    };
    let (on, unsure) = (named("on"), named("unsure"));
    if on.is_empty() && unsure.is_empty() {
        return None;
    }
    if on.is_empty() && one.reminders_confirmed_at.is_some() {
        return Some(view! { <p class="small muted">{t::platform_reminders_confirmed()}</p> }.into_any());
    }
    let words =
        if on.is_empty() { t::platform_reminders_unsure(&unsure) } else { t::platform_reminders_found(&on) };
    let (change, platform) = (Change::default(), one.platform);
    let say = move |()| {
        let store = context.store.get_untracked();
        let variables = confirm::Variables { store, platform, off: true };
        change.send::<graphql::ConfirmPlatformReminders>(variables, move |_| context.query.refetch());
    };
    let button = (on.is_empty() && context.may.get()).then(|| {
        view! { <div><Button label=t::platform_reminders_confirm() on_press=say busy=change.busy /></div> }
    });
    let more = view! { <p class="muted">{words}</p> {button} {outcome(change, &[])} }.into_any();
    Some(notice(Tone::Caution, t::platform_reminders_on(), more))
}

/// What an admin can do.
pub fn deeds(context: Context, platform: PlatformName, api: bool) -> AnyView {
    let (change, toasts) = (Change::default(), use_toasts());
    let asking = RwSignal::new(false);
    let told = RwSignal::new(None::<String>);
    let try_it = move |()| {
        told.set(None);
        let variables = test::Variables { store: context.store.get_untracked(), platform };
        change.send::<graphql::TestPlatform>(variables, move |data| {
            match data.test_platform.trouble {
                None => toasts.done(t::platform_test_fine()),
                Some(word) => told.set(Some(advice(&word))),
            }
            context.query.refetch();
        });
    };
    let make = move |()| {
        told.set(None);
        let variables = subscribe::Variables { store: context.store.get_untracked(), platform };
        change.send::<graphql::SubscribePlatform>(variables, move |data| {
            match data.subscribe_platform.trouble {
                None => toasts.done(t::platform_subscribed()),
                Some(word) => told.set(Some(advice(&word))),
            }
            context.query.refetch();
        });
    };
    let leave = move |()| {
        let variables = disconnect::Variables { store: context.store.get_untracked(), platform };
        change.send::<graphql::DisconnectPlatform>(variables, move |_| {
            asking.set(false);
            toasts.done(t::platform_disconnected());
            context.query.refetch();
        });
    };
    view! {
        <div class="row row--wrap">
            <Button label=t::platform_test() sign=Icon::RotateCw on_press=try_it disabled=Signal::from(!api) busy=change.busy />
            <Button label=t::platform_subscribe() sign=Icon::Send on_press=make disabled=Signal::from(!api) busy=change.busy />
            <Button label=t::platform_disconnect() kind=ButtonKind::Danger on_press=move |()| { change.clear(); asking.set(true) } />
        </div>
        {move || told.get().map(|words| view! { <p class="field__error" role="alert">{words}</p> })}
        {move || (!asking.get()).then(|| outcome(change, &[]))}
        <Confirm
            title=Signal::derive(move || format!("{}: {}", name(platform), t::platform_disconnect_title()))
            words=Signal::derive(t::platform_disconnect_words)
            act=Signal::derive(t::platform_disconnect)
            open=asking
            busy=change.busy
            outcome=move || outcome(change, &[])
            on_act=leave
        />
    }
    .into_any()
}
