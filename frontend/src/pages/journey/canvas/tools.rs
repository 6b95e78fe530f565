//! Buttons on the drawing: how it is seen, and what is done with the steps chosen.

use leptos::prelude::*;

use super::hand::Hand;
use super::surface::Surface;
use crate::browser;
use crate::i18n::{format, t};
use crate::ui::{Button, Dialog, Icon, IconButton};

/// Zoom, fit, the automatic drawing, and the keys.
pub fn tools(surface: Surface, hand: Option<Hand>, asking: RwSignal<bool>) -> AnyView {
    let size = move || format::percent(surface.view.get().scale);
    let arrange = hand.map(|hand| {
        let moved = Memo::new(move |_| surface.picture.with(|picture| picture.moved));
        view! { <Show when=move || moved.get()><IconButton label=t::arrange() sign=Icon::Workflow on_press=move |()| hand.arrange() /></Show> }
    });
    view! {
        <div class="graph__tools" role="group" aria-label=t::canvas_tools()>
            <IconButton label=t::zoom_out() sign=Icon::Minus on_press=move |()| surface.farther() />
            <button type="button" class="btn btn--quiet graph__size" title=t::zoom_whole() on:click=move |_| surface.whole()>
                <span class="hidden-visually">{t::zoom_whole()} ": "</span>
                {size}
            </button>
            <IconButton label=t::zoom_in() sign=Icon::Plus on_press=move |()| surface.closer() />
            <IconButton label=t::zoom_fit() sign=Icon::Expand on_press=move |()| surface.fit() />
            {arrange}
            <IconButton label=t::canvas_keys() sign=Icon::Info on_press=move |()| asking.set(true) />
        </div>
    }
    .into_any()
}

/// What can be done how, in a dialog: it stands beside the drawing, whose keys and pointers are none of its business.
pub fn help(asking: RwSignal<bool>, may: bool) -> AnyView {
    view! {
        <Dialog label=Signal::derive(t::canvas_keys) open=asking>
            <div class="dialog__body">
                <h2>{t::canvas_keys()}</h2>
                {keys(may)}
                <div class="dialog__foot"><Button label=Signal::derive(t::close) on_press=move |()| asking.set(false) /></div>
            </div>
        </Dialog>
    }
    .into_any()
}

fn keys(may: bool) -> AnyView {
    let command = if browser::is_mac() { "⌘" } else { "Ctrl" };
    let with = |key: &str| format!("{command} {key}");
    let look = [
        (t::keys_pan(), vec![t::key_drag(), t::key_arrows()]),
        (t::keys_zoom(), vec![t::key_wheel(), "+".to_owned(), "−".to_owned()]),
        (t::zoom_fit(), vec!["0".to_owned()]),
        (t::zoom_whole(), vec!["1".to_owned()]),
        (t::keys_walk(), vec![t::key_arrows()]),
    ];
    let change = [
        (t::keys_open(), vec!["Enter".to_owned()]),
        (t::keys_choose(), vec![t::key_shift_click(), t::key_space()]),
        (t::keys_more(), vec![t::key_shift_drag(), t::key_shift_arrows()]),
        (t::keys_all(), vec![with("A")]),
        (t::keys_move(), vec![t::key_drag(), t::key_alt_arrows()]),
        (t::step_copy(), vec![with("C")]),
        (t::step_cut(), vec![with("X")]),
        (t::step_paste(), vec![with("V")]),
        (t::step_double(), vec![with("D")]),
        (t::steps_remove(), vec!["Delete".to_owned()]),
        (t::undo(), vec![with("Z")]),
    ];
    let rows = look.into_iter().chain(change.into_iter().filter(|_| may)).map(|(words, keys)| {
        let keys = keys.into_iter().map(|key| view! { <kbd>{key}</kbd> " " }).collect_view();
        view! { <div class="row row--between"><dt>{words}</dt><dd class="graph__keys">{keys}</dd></div> }
    });
    view! { <dl class="stack stack--close small">{rows.collect_view()}</dl> }.into_any()
}

/// What can be done with the steps chosen; nothing while none is.
pub fn acts(surface: Surface, hand: Hand) -> AnyView {
    let count = Memo::new(move |_| {
        let chosen = hand.selection.all();
        surface
            .picture
            .with(|picture| chosen.iter().filter(|id| picture.corner(id.as_str()).is_some()).count())
    });
    view! {
        <Show when=move || count.get() != 0>
            <div class="graph__acts" role="toolbar" aria-label=t::chosen_acts()>
                <span class="small nowrap" role="status">{move || t::chosen_count(count.get() as i64)}</span>
                <IconButton label=t::step_copy() sign=Icon::Copy on_press=move |()| hand.copy() />
                <IconButton label=t::step_cut() sign=Icon::Scissors on_press=move |()| hand.cut_away() />
                <IconButton label=t::step_paste() sign=Icon::ClipboardPaste on_press=move |()| hand.paste() />
                <IconButton label=t::step_double() sign=Icon::CopyPlus on_press=move |()| hand.double() />
                <IconButton label=t::steps_remove() sign=Icon::Trash on_press=move |()| hand.remove() />
            </div>
        </Show>
    }
    .into_any()
}
