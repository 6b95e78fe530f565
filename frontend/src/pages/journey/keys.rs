//! Undo and redo by the keyboard, as everywhere: not while text is typed, which has an undo of its own.

use leptos::prelude::*;
use wasm_bindgen::JsCast as _;
use web_sys::{Element, KeyboardEvent};

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

fn lies_in(event: &KeyboardEvent, selector: &str) -> bool {
    let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
    target.is_some_and(|target| target.closest(selector).is_ok_and(|found| found.is_some()))
}
