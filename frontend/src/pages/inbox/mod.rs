//! What the sandbox would have sent: the list, and the mail as its recipient sees it.

mod reader;

use std::sync::Arc;

use leptos::prelude::*;

use crate::api::use_query;
use crate::graphql;
use crate::graphql::messages::{
    MessagesStoreMessages, MessagesStoreMessagesEdgesNode as Row, ResponseData, Variables,
};
use crate::i18n::t;
use crate::pages::live::follow_messages;
use crate::route::{Parameters, Route, use_parameters, use_store_id};
use crate::shell::use_store;
use crate::ui::{
    ButtonKind, Icon, PageHead, Pager, Tone, button_link, empty, moment, notice, skeleton_rows, stateful,
};
use crate::words;

/// How many messages the list shows at once.
const PAGE: i64 = 30;

/// The inbox.
#[component]
pub fn Inbox() -> impl IntoView {
    let (store, parameters, info) = (use_store_id(), use_parameters(), use_store());
    let query = use_query::<graphql::Messages>(move || {
        let after = Some(parameters.get("after")).filter(|after| !after.is_empty());
        Some(Variables { store: store.get(), first: PAGE, after })
    });
    follow_messages(store, move |_| query.refetch());
    let content = move |data: Arc<ResponseData>| match &data.store {
        Some(data) => panes(&data.messages, &store.get(), parameters),
        None => ().into_any(),
    };
    let about = || view! { {t::inbox_about()} }.into_any();
    let live = move || {
        info.get().filter(|info| !info.sandbox).map(|_| {
            notice(
                Tone::Information,
                t::inbox_live(),
                view! { <p class="muted">{t::inbox_live_words()}</p> }.into_any(),
            )
        })
    };
    view! {
        <PageHead title=t::nav_inbox() about=about />
        {live}
        {stateful(query, || skeleton_rows(8), content)}
    }
    .into_any()
}

fn panes(messages: &MessagesStoreMessages, store: &str, parameters: Parameters) -> AnyView {
    if messages.edges.is_empty() {
        let next = button_link("/demo-shop/".to_owned(), ButtonKind::Primary, t::setup_cart_do());
        return empty(Icon::Inbox, t::inbox_none(), t::inbox_none_words(), next);
    }
    let rows: Vec<_> = messages.edges.iter().map(|edge| row(&edge.node, store, parameters)).collect();
    let next = messages.page_info.end_cursor.clone().unwrap_or_default();
    let open = move || !parameters.get("message").is_empty();
    let shown = match messages.total_count {
        Some(all) => t::messages_shown(all, &messages.edges.len().to_string()),
        None => t::messages_count(messages.edges.len() as i64),
    };
    view! {
        <div class="inbox" class:is-reading=open>
            <div class="inbox__list">
                <ul aria-label=t::inbox_list()>{rows}</ul>
                <Pager
                    shown=shown
                    has_before=!parameters.get("after").is_empty()
                    has_after=messages.page_info.has_next_page
                    on_first=move |()| parameters.set(&[("after", "")])
                    on_next=move |()| parameters.set(&[("after", &next)])
                />
            </div>
            <reader::Reader parameters />
        </div>
    }
    .into_any()
}

fn row(message: &Row, store: &str, parameters: Parameters) -> AnyView {
    let (id, mine) = (message.id.clone(), message.id.clone());
    let title = words::message_title(message.subject.as_deref(), &message.template);
    let href = format!("{}?message={id}", Route::Inbox.path(store));
    view! {
        <li>
            <a class="mail" href=href aria-current=move || (parameters.get("message") == mine).then_some("true")>
                <span class="row row--between">
                    <span class="mail__to truncate">{message.to.clone()}</span>
                    <span class="muted tiny nowrap">{moment(message.sent_at.unwrap_or(message.created_at).0)}</span>
                </span>
                <span class="mail__subject truncate">{title}</span>
                <span class="row">
                    {words::message_badge(words::message_state(&message.status, message.bounce.as_deref(), message.complained_at.is_some()))}
                    {message.clicked_at.map(|_| crate::ui::badge(Tone::Positive, Some(Icon::MousePointerClick), t::message_clicked()))}
                </span>
            </a>
        </li>
    }
    .into_any()
}
