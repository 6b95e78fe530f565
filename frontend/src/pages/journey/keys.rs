//! Undo and redo, copy, cut and paste by the keyboard, as everywhere: not while text is typed, which has its own.

use leptos::prelude::*;
use wasm_bindgen::JsCast as _;
use web_sys::{ClipboardEvent, Element, Event};

use super::canvas::Hand;
use super::draft::Draft;
use crate::browser;

/// Where the keys belong to somebody else.
const TYPING: &str = "input:not([type=checkbox], [type=radio]), textarea, dialog";

/// Listens as long as the page is there.
pub fn listen(draft: Draft) {
    if !cfg!(target_arch = "wasm32") {
        return;
    }
    let handle = window_event_listener(leptos::ev::keydown, move |event| {
        let with_command = (event.ctrl_key() || event.meta_key()) && !event.alt_key();
        if !with_command || lies_in(&event, TYPING) {
            return;
        }
        match (event.key().to_lowercase().as_str(), event.shift_key()) {
            ("z", false) => draft.undo(),
            ("z", true) | ("y", false) => draft.redo(),
            _ => return,
        }
        event.prevent_default();
        // The form is drawn anew, and what had the keyboard in it is gone.
        if lies_in(&event, ".journey__side") {
            browser::after(0, || browser::focus("panel"));
        }
    });
    on_cleanup(move || handle.remove());
}

/// Copy, cut and paste of steps by the browser's own commands, as long as the drawing is there. Where text is typed or marked they are
/// about the text.
pub fn carry(hand: Hand) {
    if !cfg!(target_arch = "wasm32") {
        return;
    }
    let mine = move |event: &Event| !lies_in(event, TYPING) && !is_text_marked();
    let copy = window_event_listener_untyped("copy", move |event| {
        if mine(&event) && !hand.selection.now().is_empty() {
            carry_off(&event, hand.copied());
        }
    });
    let cut = window_event_listener_untyped("cut", move |event| {
        if mine(&event) && !hand.selection.now().is_empty() {
            carry_off(&event, hand.cut());
        }
    });
    let paste = window_event_listener_untyped("paste", move |event| {
        let data = event.dyn_ref::<ClipboardEvent>().and_then(ClipboardEvent::clipboard_data);
        if let Some(text) = data.filter(|_| mine(&event)).and_then(|data| data.get_data("text/plain").ok()) {
            event.prevent_default();
            hand.put_in(&text);
        }
    });
    on_cleanup(move || [copy, cut, paste].into_iter().for_each(|handle| handle.remove()));
}

fn carry_off(event: &Event, text: Option<String>) {
    let data = event.dyn_ref::<ClipboardEvent>().and_then(ClipboardEvent::clipboard_data);
    if let (Some(data), Some(text)) = (data, text) {
        // What cannot be put on the clipboard is kept for the button.
        let _ = data.set_data("text/plain", &text);
        event.prevent_default();
    }
}

fn is_text_marked() -> bool {
    let marked = browser::window().and_then(|window| window.get_selection().ok().flatten());
    marked.is_some_and(|marked| !marked.is_collapsed())
}

fn lies_in(event: &Event, selector: &str) -> bool {
    let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
    target.is_some_and(|target| target.closest(selector).is_ok_and(|found| found.is_some()))
}
