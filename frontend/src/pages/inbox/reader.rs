//! One mail, as the recipient sees it, as plain text, and its headers. The mail is a document of its own in a frame that
//! may run nothing: the server gives it a policy of its own as well.

use std::sync::Arc;

use leptos::prelude::*;

use crate::api::use_query;
use crate::graphql;
use crate::graphql::message::{MessageStoreMessage as Message, ResponseData, Variables};
use crate::i18n::{format, t};
use crate::pages::shared::{Pushed, bubble, fact, given, pushed};
use crate::route::{Parameters, Route, use_store_id};
use crate::ui::{Icon, Segmented, Tab, empty, icon, notice, skeleton_block, stateful, tabs};
use crate::words;

/// The reading pane.
#[component]
pub fn Reader(parameters: Parameters) -> impl IntoView {
    let store = use_store_id();
    let id = parameters.signal("message");
    let query = use_query::<graphql::Message>(move || {
        Some(Variables { store: store.get(), message: id.get() })
            .filter(|variables| !variables.message.is_empty())
    });
    let back = move || Route::Inbox.path(&store.get());
    let body = move || {
        if id.with(String::is_empty) {
            return empty(Icon::Mail, t::inbox_pick(), t::inbox_pick_words(), ().into_any());
        }
        stateful(query, skeleton_block, move |data: Arc<ResponseData>| {
            match data.store.as_ref().and_then(|store| store.message.as_ref()) {
                Some(message) => mail(message, &store.get_untracked(), parameters),
                None => empty(Icon::Mail, t::message_gone(), t::message_gone_words(), ().into_any()),
            }
        })
    };
    view! {
        <section class="inbox__reader" aria-label=t::inbox_reader()>
            <a class="btn btn--quiet inbox__back" href=back>{icon(Icon::ChevronLeft)} {t::inbox_back()}</a>
            {body}
        </section>
    }
    .into_any()
}

fn mail(message: &Message, store: &str, parameters: Parameters) -> AnyView {
    let view = parameters.get("view");
    let here = |view: &str| {
        let base = format!("{}?message={}", Route::Inbox.path(store), message.id);
        if view.is_empty() { base } else { format!("{base}&view={view}") }
    };
    let tab = |name: String, word: &str| Tab { href: here(word), name, current: view == word };
    let sms = message.channel == "sms";
    let push = message.channel == "push";
    let views = if sms || push {
        let first = if sms { t::sms_view() } else { t::push_view() };
        vec![tab(first, ""), tab(t::mail_headers(), "headers"), tab(t::mail_basis(), "basis")]
    } else {
        vec![
            tab(t::mail_view(), ""),
            tab(t::mail_plain(), "plain"),
            tab(t::mail_headers(), "headers"),
            tab(t::mail_basis(), "basis"),
        ]
    };
    let shown = match view.as_str() {
        "plain" | "headers" if message.plain_text.is_none() => unwritten(),
        "plain" => view! { <pre class="mail-plain" tabindex="0" role="region" aria-label=t::mail_plain()>{message.plain_text.clone()}</pre> }.into_any(),
        "headers" => headers(message),
        "basis" => basis(message),
        _ if push => message.plain_text.as_ref().map_or_else(unwritten, |text| notification(message, text)),
        _ if sms => message.plain_text.as_deref().map_or_else(unwritten, bubble),
        _ => sheet(message, parameters),
    };
    let links = view! {
        <span class="row row--wide small">
            {message.cart.as_ref().map(|cart| view! { <a class="link" href=Route::Cart(cart.id.clone()).path(store)>{t::mail_cart()}</a> })}
            {message.contact.as_ref().map(|contact| view! { <a class="link" href=Route::Contact(contact.id.clone()).path(store)>{t::contact()}</a> })}
        </span>
    };
    view! {
        <div class="stack">
            <header class="stack stack--close">
                <h2 class="mail__title">{words::message_title(message.subject.as_deref(), &message.template)}</h2>
                <dl class="facts">
                    {fact(t::message_from(), given(message.from.as_ref()))}
                    {fact(t::message_to(), Some(message.to.clone()))}
                    {fact(t::message_arrived(), message.delivered_at.map(|at| format::date_time(at.0)))}
                    {fact(t::message_when(), Some(format::date_time(message.sent_at.unwrap_or(message.created_at).0)))}
                </dl>
                {came_back(message)}
                <div class="row row--wrap row--between">{words::message_badge(words::message_state(&message.status, message.bounce.as_deref(), message.complained_at.is_some()))} {links}</div>
            </header>
            {tabs(t::inbox_reader(), views)}
            {shown}
        </div>
    }
    .into_any()
}

/// Why it came back, or that it was reported as spam, with what the server said.
fn came_back(message: &Message) -> Option<AnyView> {
    let words = words::returned(message.bounce.as_deref(), message.complained_at.is_some())?;
    let said = message.bounce_detail.clone().map(|said| view! { <p class="tiny muted anywhere">{said}</p> });
    let more = view! { <p>{words}</p> {said} }.into_any();
    Some(notice(crate::ui::Tone::Caution, t::bounce_came(), more))
}

/// The notification as a desktop shows it, and where it leads.
fn notification(message: &Message, text: &str) -> AnyView {
    let header = |name: &str| {
        let found = message.headers.iter().find(|header| header.name == name);
        found.map(|header| header.value.clone()).filter(|value| !value.is_empty())
    };
    let shown = Pushed {
        title: message.subject.clone().unwrap_or_default(),
        text: text.to_owned(),
        image: header("Image"),
        stop: None,
    };
    let link = header("Link").map(|url| {
        view! { <p class="small anywhere"><a class="link" href=url.clone() rel="noreferrer" target="_blank">{t::push_opens()}</a></p> }
    });
    view! { <div class="stack stack--close">{pushed(&shown, false)}{link}</div> }.into_any()
}

/// The mail in a frame of a desktop's or a phone's width.
fn sheet(message: &Message, parameters: Parameters) -> AnyView {
    let Some(url) = message.html_url.clone() else {
        return unwritten();
    };
    let options = vec![(String::new(), t::mail_desktop()), ("phone".to_owned(), t::mail_phone())];
    let width = parameters.signal("width");
    let pick = move |value: String| parameters.set(&[("width", &value)]);
    view! {
        <div class="stack">
            <div class="only-desk"><Segmented label=t::mail_width() options=options value=width on_pick=pick /></div>
            <div class="sheet" class:sheet--phone=move || width.get() == "phone">
                <iframe class="sheet__frame" src=url title=t::mail_view() sandbox="allow-popups allow-popups-to-escape-sandbox" referrerpolicy="no-referrer"></iframe>
            </div>
        </div>
    }
    .into_any()
}

/// Of a message that was never written there is nothing to see.
fn unwritten() -> AnyView {
    view! { <p class="muted">{t::mail_no_html()}</p> }.into_any()
}

fn headers(message: &Message) -> AnyView {
    let rows: Vec<_> = message
        .headers
        .iter()
        .map(|header| view! { <tr><th scope="row">{header.name.clone()}</th><td><code class="mail-header">{header.value.clone()}</code></td></tr> })
        .collect();
    view! {
        <div class="table-frame" tabindex="0" role="region" aria-label=t::mail_headers()>
            <table class="table headers-table"><tbody>{rows}</tbody></table>
        </div>
    }
    .into_any()
}

/// Why this mail was allowed, or refused.
fn basis(message: &Message) -> AnyView {
    if let Some(refusal) = &message.refusal {
        let more = view! { <p>{words::refusal(&refusal.rule, &refusal.detail)}</p> }.into_any();
        return notice(crate::ui::Tone::Caution, t::message_refused(), more);
    }
    let Some(evidence) = &message.evidence else {
        return view! { <p class="muted">{t::mail_no_basis()}</p> }.into_any();
    };
    view! {
        <dl class="facts">
            {fact(t::evidence_basis(), Some(words::rule(&evidence.rule)))}
            {fact(t::evidence_rule(), Some(view! { <code>{evidence.rule.clone()}</code> }.into_any()))}
            {fact(t::evidence_pack(), Some(format!("{} · {}", evidence.pack, evidence.policy_version)))}
            {fact(t::evidence_consent(), evidence.consent_at.map(|at| format::date_time(at.0)))}
            {fact(t::evidence_wording(), given(evidence.wording.as_ref()))}
        </dl>
    }
    .into_any()
}
