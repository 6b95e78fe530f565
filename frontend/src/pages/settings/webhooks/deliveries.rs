//! What an endpoint was told, newest first: the tries, the answers, and telling again. Filter and page stand in the address.

use std::sync::Arc;

use leptos::prelude::*;

use super::Context;
use crate::api::{Change, use_query};
use crate::graphql;
use crate::graphql::types::{Time, WebhookStatus};
use crate::graphql::webhook_deliveries::{
    ResponseData, Variables, WebhookDeliveriesStoreWebhookEndpointDeliveriesEdgesNode as Delivery,
    WebhookDeliveriesStoreWebhookEndpointDeliveriesEdgesNodeAttempts as Attempt,
};
use crate::graphql::{replay_failed_webhooks as replay_failed, replay_webhook as replay};
use crate::i18n::{format, t};
use crate::pages::shared::{PAGE, outcome};
use crate::route::use_parameters;
use crate::ui::{
    Button, ButtonKind, Icon, Pager, Segmented, Tone, badge, empty, moment, skeleton_rows, stateful,
    use_toasts,
};
use crate::words;

/// The deliveries of an endpoint; read again whenever `again` changes.
pub fn part(context: Context, endpoint: String, enabled: bool, again: RwSignal<u32>) -> AnyView {
    let (parameters, change, toasts) = (use_parameters(), Change::default(), use_toasts());
    let endpoint = StoredValue::new(endpoint);
    let status = move || WebhookStatus::from_word(&parameters.get("status"));
    let query = use_query::<graphql::WebhookDeliveries>(move || {
        again.get();
        let after = Some(parameters.get("after")).filter(|after| !after.is_empty());
        Some(Variables {
            store: context.store.get(),
            endpoint: endpoint.get_value(),
            status: status(),
            first: PAGE,
            after,
        })
    });
    let may = move || context.may.get() && enabled;
    let tell_again = move |delivery: String| {
        let variables = replay::Variables { store: context.store.get_untracked(), delivery };
        change.send::<graphql::ReplayWebhook>(variables, move |_| {
            toasts.done(t::webhook_replayed(1));
            again.update(|n| *n += 1);
        });
    };
    let all_again = move |()| {
        let variables = replay_failed::Variables {
            store: context.store.get_untracked(),
            endpoint: endpoint.get_value(),
            since: Time(0),
        };
        change.send::<graphql::ReplayFailedWebhooks>(variables, move |data| {
            toasts.done(t::webhook_replayed(data.replay_failed_webhooks.count));
            again.update(|n| *n += 1);
        });
    };
    let mut options = vec![(String::new(), t::webhook_status_all())];
    options.extend(WebhookStatus::ALL.iter().map(|one| (one.word().to_owned(), words::hook_status(*one))));
    let content = stateful(
        query,
        || skeleton_rows(6),
        move |data: Arc<ResponseData>| {
            let found = data.store.as_ref().and_then(|store| store.webhook_endpoint.as_ref());
            let Some(list) = found.map(|endpoint| &endpoint.deliveries).filter(|list| !list.edges.is_empty())
            else {
                return empty(
                    Icon::Send,
                    t::webhook_deliveries_none(),
                    t::webhook_deliveries_about(),
                    ().into_any(),
                );
            };
            let rows: Vec<_> = list
                .edges
                .iter()
                .map(|edge| {
                    let id = edge.node.id.clone();
                    row(&edge.node, may().then_some(move |()| tell_again(id.clone())), change)
                })
                .collect();
            let next = list.page_info.end_cursor.clone().unwrap_or_default();
            let shown = match list.total_count {
                Some(all) => t::webhook_deliveries_shown(all, &list.edges.len().to_string()),
                None => t::webhook_deliveries_count(list.edges.len() as i64),
            };
            view! {
                <ul class="stack hook-list" aria-label=t::webhook_deliveries()>{rows}</ul>
                <Pager
                    shown=shown
                    has_before=!parameters.get("after").is_empty()
                    has_after=list.page_info.has_next_page
                    on_first=move |()| parameters.set(&[("after", "")])
                    on_next=move |()| parameters.set(&[("after", &next)])
                />
            }
            .into_any()
        },
    );
    let chosen = Signal::derive(move || status().map(|one| one.word().to_owned()).unwrap_or_default());
    view! {
        <section class="section" aria-labelledby="deliveries">
            <div class="row row--between row--wrap">
                <h2 id="deliveries">{t::webhook_deliveries()}</h2>
                <div class="row row--wrap">
                    <Button label=t::webhook_refresh() sign=Icon::RotateCw kind=ButtonKind::Quiet on_press=move |()| again.update(|n| *n += 1) />
                    {move || may().then(|| view! { <Button label=t::webhook_replay_failed() on_press=all_again busy=change.busy /> })}
                </div>
            </div>
            <p class="muted">{t::webhook_deliveries_about()}</p>
            <Segmented label=t::webhook_status() options=options value=chosen on_pick=move |word: String| parameters.set(&[("status", &word), ("after", "")]) />
            {outcome(change, &[])}
            {content}
        </section>
    }
    .into_any()
}

const fn tone(status: WebhookStatus) -> (Tone, Icon) {
    match status {
        WebhookStatus::Delivered => (Tone::Positive, Icon::Check),
        WebhookStatus::Failed => (Tone::Negative, Icon::CircleAlert),
        WebhookStatus::Sending => (Tone::Information, Icon::Send),
        WebhookStatus::Waiting => (Tone::Caution, Icon::Clock),
    }
}

fn row(
    delivery: &Delivery,
    again: Option<impl Fn(()) + Clone + Send + Sync + 'static>,
    change: Change,
) -> AnyView {
    let (tone, sign) = tone(delivery.status);
    let body = serde_json::to_string_pretty(&delivery.body).unwrap_or_default();
    let attempts: Vec<_> = delivery.attempts.iter().map(attempt).collect();
    let next = delivery.next_at.filter(|_| delivery.attempt_count > 0);
    let button = again.map(|press| {
        let done = matches!(delivery.status, WebhookStatus::Delivered | WebhookStatus::Failed);
        let label = if done { t::webhook_replay() } else { t::webhook_now() };
        view! { <div><Button label=label of=delivery.id.clone() on_press=press busy=change.busy /></div> }
    });
    view! {
        <li>
            <details class="folded card hook">
                <summary class="row row--between row--wrap">
                    <span class="strong">{words::hook_kind(&delivery.kind)}</span>
                    <span class="row">
                        {badge(tone, Some(sign), words::hook_status(delivery.status))}
                        <span class="muted tiny nowrap">{moment(delivery.at.0)}</span>
                    </span>
                </summary>
                <div class="stack card__body">
                    <p class="tiny muted anywhere"><code>{delivery.id.clone()}</code></p>
                    {delivery.reason.as_deref().map(|reason| view! { <p>{words::hook_outcome(reason)}</p> })}
                    {next.map(|at| view! { <p class="muted">{t::webhook_next()} " " {moment(at.0)}</p> })}
                    {(!attempts.is_empty()).then(|| view! { <ol class="line-list">{attempts}</ol> })}
                    <div class="code" role="group" aria-label=t::webhook_body() tabindex="0"><pre><code>{body}</code></pre></div>
                    {button}
                </div>
            </details>
        </li>
    }
    .into_any()
}

fn attempt(attempt: &Attempt) -> AnyView {
    let outcome = attempt.outcome.as_deref().map_or_else(t::webhook_under_way, words::hook_outcome);
    let status = attempt.status.map(|status| format!(" · {status}"));
    let took = attempt.milliseconds.map(|ms| t::webhook_took(&format::number(ms)));
    view! {
        <li class="hook__try">
            <p class="row row--between row--wrap">
                <span class="strong">{t::webhook_attempt(&attempt.number.to_string())}</span>
                <span class="muted tiny nowrap">{moment(attempt.at.0)}</span>
            </p>
            <p>{outcome} {status} {took.map(|took| view! { <span class="muted">" · " {took}</span> })}</p>
            {attempt.answer.clone().map(|text| view! { <p class="tiny muted anywhere">{text}</p> })}
        </li>
    }
    .into_any()
}
