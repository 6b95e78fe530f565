//! Subscriptions over one WebSocket in the protocol `graphql-transport-ws`.
//!
//! The socket opens with the first subscription, closes after the last, and comes back by itself with growing pauses.
//! Every subscription is told when the link is back, since something may have been missed meanwhile.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use leptos::prelude::*;
use leptos::task::spawn_local;
use serde_json::{Value, json};
use wasm_bindgen::JsCast as _;
use wasm_bindgen::closure::Closure;
use web_sys::{CloseEvent, MessageEvent, WebSocket};

use super::session;
use crate::browser;

/// Longest pause between two attempts, in milliseconds.
const LONGEST_PAUSE: u32 = 30_000;

/// Whether live updates arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkState {
    /// Nobody listens.
    Idle,
    /// Being made.
    Opening,
    /// Updates arrive.
    Live,
    /// Lost; another attempt follows.
    Lost,
}

/// What a subscriber is told.
pub enum Notice {
    /// New data.
    Next(Value),
    /// The link is back; what happened meanwhile is unknown.
    Back,
}

type Listener = Rc<dyn Fn(Notice)>;

struct Entry {
    query: &'static str,
    variables: Value,
    listener: Listener,
}

#[derive(Default)]
struct Link {
    socket: Option<WebSocket>,
    entries: BTreeMap<u32, Entry>,
    last_id: u32,
    failures: u32,
    /// The server has taken the token; subscriptions may be sent.
    acknowledged: bool,
    /// There was a link before, so that the next one is a return.
    was_live: bool,
}

thread_local! {
    static LINK: RefCell<Link> = RefCell::default();
    static STATE: ArcRwSignal<LinkState> = ArcRwSignal::new(LinkState::Idle);
}

/// Whether live updates arrive, to be read in views.
pub fn link_state() -> ArcRwSignal<LinkState> {
    STATE.with(Clone::clone)
}

/// Ends its subscription when dropped.
pub struct Subscription {
    id: u32,
}

impl Drop for Subscription {
    fn drop(&mut self) {
        let close = LINK.with_borrow_mut(|link| {
            link.entries.remove(&self.id);
            send(link, &json!({ "id": self.id.to_string(), "type": "complete" }));
            if !link.entries.is_empty() {
                return None;
            }
            link.acknowledged = false;
            link.was_live = false;
            link.socket.take()
        });
        if let Some(socket) = close {
            // Closing a socket that is closed already does nothing.
            let _ = socket.close();
            link_state().set(LinkState::Idle);
        }
    }
}

/// Subscribes; `listener` is called for each notice until the subscription is dropped.
pub fn subscribe(query: &'static str, variables: Value, listener: impl Fn(Notice) + 'static) -> Subscription {
    let (id, open) = LINK.with_borrow_mut(|link| {
        link.last_id += 1;
        let entry = Entry { query, variables, listener: Rc::new(listener) };
        if link.acknowledged {
            start(link, link.last_id, &entry);
        }
        link.entries.insert(link.last_id, entry);
        (link.last_id, link.socket.is_none())
    });
    if open {
        spawn_local(connect());
    }
    Subscription { id }
}

fn send(link: &Link, message: &Value) {
    if let Some(socket) = link.socket.as_ref().filter(|socket| socket.ready_state() == WebSocket::OPEN) {
        // A link that breaks here is noticed by its close event.
        let _ = socket.send_with_str(&message.to_string());
    }
}

fn start(link: &Link, id: u32, entry: &Entry) {
    let payload = json!({ "query": entry.query, "variables": entry.variables });
    send(link, &json!({ "id": id.to_string(), "type": "subscribe", "payload": payload }));
}

async fn connect() {
    if LINK.with_borrow(|link| link.entries.is_empty() || link.socket.is_some()) {
        return;
    }
    link_state().set(LinkState::Opening);
    let Ok(token) = session::token().await else { return retry() };
    let Some(url) = address() else { return };
    let Ok(socket) = WebSocket::new_with_str(&url, "graphql-transport-ws") else { return retry() };

    let opened = socket.clone();
    let on_open = Closure::once_into_js(move || {
        let hello = json!({ "type": "connection_init", "payload": { "token": token } });
        let _ = opened.send_with_str(&hello.to_string());
    });
    socket.set_onopen(Some(on_open.unchecked_ref()));

    let on_message = Closure::<dyn FnMut(MessageEvent)>::new(|event: MessageEvent| {
        if let Some(text) = event.data().as_string() {
            receive(&text);
        }
    });
    socket.set_onmessage(Some(on_message.into_js_value().unchecked_ref()));

    let mine = socket.clone();
    let on_close = Closure::once_into_js(move |_: CloseEvent| {
        let current = LINK.with_borrow_mut(|link| {
            let current = link.socket.as_ref() == Some(&mine);
            if current {
                link.socket = None;
                link.acknowledged = false;
            }
            current
        });
        if current {
            retry();
        }
    });
    socket.set_onclose(Some(on_close.unchecked_ref()));
    LINK.with_borrow_mut(|link| link.socket = Some(socket));
}

fn address() -> Option<String> {
    let location = browser::window()?.location();
    let scheme = if location.protocol().ok()? == "https:" { "wss" } else { "ws" };
    Some(format!("{scheme}://{}/graphql/ws", location.host().ok()?))
}

fn retry() {
    let pause = LINK.with_borrow_mut(|link| {
        link.failures += 1;
        (!link.entries.is_empty()).then(|| (500_u32 << link.failures.min(6)).min(LONGEST_PAUSE))
    });
    let Some(pause) = pause else { return link_state().set(LinkState::Idle) };
    link_state().set(LinkState::Lost);
    browser::after(pause, || spawn_local(connect()));
}

fn receive(text: &str) {
    let Ok(mut message) = serde_json::from_str::<Value>(text) else { return };
    match message["type"].as_str() {
        Some("connection_ack") => acknowledged(),
        Some("ping") => LINK.with_borrow(|link| send(link, &json!({ "type": "pong" }))),
        Some("next") => {
            let id = message["id"].as_str().and_then(|id| id.parse::<u32>().ok()).unwrap_or_default();
            let listener =
                LINK.with_borrow(|link| link.entries.get(&id).map(|entry| Rc::clone(&entry.listener)));
            let data = message["payload"]["data"].take();
            if let Some(listener) = listener.filter(|_| !data.is_null()) {
                listener(Notice::Next(data));
            }
        }
        _ => {}
    }
}

fn acknowledged() {
    let returned = LINK.with_borrow_mut(|link| {
        for (id, entry) in &link.entries {
            start(link, *id, entry);
        }
        link.failures = 0;
        link.acknowledged = true;
        std::mem::replace(&mut link.was_live, true)
    });
    link_state().set(LinkState::Live);
    if returned {
        let listeners: Vec<Listener> =
            LINK.with_borrow(|link| link.entries.values().map(|entry| Rc::clone(&entry.listener)).collect());
        for listener in listeners {
            listener(Notice::Back);
        }
    }
}
