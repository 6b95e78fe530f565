//! The messages of a cart with what they rest on.

use leptos::prelude::*;

use crate::graphql::cart::{CartStoreCart, CartStoreCartMessages as Message};
use crate::i18n::{format, t};
use crate::pages::shared::{fact, given};
use crate::route::Route;
use crate::ui::{Icon, icon, moment};
use crate::words;

/// The messages; each opens to its evidence or its refusal.
pub fn messages(cart: &CartStoreCart, store: &str) -> Option<AnyView> {
    if cart.messages.is_empty() {
        return None;
    }
    let rows: Vec<_> = cart.messages.iter().map(|message| one(message, store)).collect();
    Some(
        view! {
            <section class="section" aria-labelledby="messages">
                <h2 id="messages">{t::messages()}</h2>
                <div class="folds">{rows}</div>
            </section>
        }
        .into_any(),
    )
}

fn one(message: &Message, store: &str) -> AnyView {
    let title = words::message_title(message.subject.as_deref(), &message.template);
    let when = message.sent_at.or(message.next_at).unwrap_or(message.created_at);
    let evidence = message.evidence.as_ref().map(|evidence| {
        view! {
            <dl class="facts">
                {fact(t::evidence_basis(), Some(words::rule(&evidence.rule)))}
                {fact(t::evidence_rule(), Some(view! { <code>{evidence.rule.clone()}</code> }.into_any()))}
                {fact(t::evidence_pack(), Some(format!("{} · {}", evidence.pack, evidence.policy_version)))}
                {fact(t::evidence_consent(), evidence.consent_at.map(|at| format::date_time(at.0)))}
                {fact(t::evidence_wording(), given(evidence.wording.as_ref()))}
            </dl>
        }
    });
    let refusal = message.refusal.as_ref().map(|refusal| {
        view! {
            <p class="row row--top">{icon(Icon::Ban)}<span>{words::refusal(&refusal.rule, &refusal.detail)}</span></p>
        }
    });
    let link = format!("{}?message={}", Route::Inbox.path(store), message.id);
    view! {
        <details class="fold">
            <summary class="fold__head">
                {icon(Icon::ChevronRight)}
                <span class="grow truncate strong">{title}</span>
                {words::message_badge(&message.status)}
                <span class="muted tiny nowrap only-desk">{moment(when.0)}</span>
            </summary>
            <div class="fold__body stack">
                {refusal}
                {evidence}
                <dl class="facts">
                    {fact(t::message_to(), Some(message.to.clone()))}
                    {fact(t::message_sent(), message.sent_at.map(|at| format::date_time(at.0)))}
                    {fact(t::message_opened(), message.opened_at.map(|at| format::date_time(at.0)))}
                    {fact(t::message_clicked(), message.clicked_at.map(|at| format::date_time(at.0)))}
                </dl>
                {message.sent_at.map(|_| view! { <p><a class="link small" href=link>{t::message_read()}</a></p> })}
            </div>
        </details>
    }
    .into_any()
}
