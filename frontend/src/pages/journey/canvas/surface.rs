//! The window on the drawing and how it is moved. One layer is moved as a whole; what is drawn on it stays as it is.

use leptos::html::Div;
use leptos::prelude::*;
use wasm_bindgen::JsCast as _;
use web_sys::{FocusOptions, HtmlElement, ScrollIntoViewOptions, ScrollLogicalPosition};

use super::geometry::{Point, View};
use super::picture::Picture;
use crate::browser;

/// One press of a zoom button.
const STEP: f64 = 1.25;
/// One press of an arrow key, pixels.
const KEY: f64 = 80.0;
/// How long after the last move the layer is drawn sharp again, milliseconds.
const REST: u32 = 160;

/// A window on a picture. Copies are the same.
#[derive(Clone, Copy)]
pub struct Surface {
    /// The window.
    pub frame: NodeRef<Div>,
    /// What is drawn.
    pub picture: Memo<Picture>,
    /// How it lies.
    pub view: RwSignal<View>,
    /// How large the window is; nothing before it is there.
    pub window: RwSignal<Point>,
    /// The layer is under way.
    pub moving: RwSignal<bool>,
    /// Counts moves, so that only the last one ends the way.
    moves: StoredValue<u32>,
    /// The person has moved it: it is theirs now, and does not move by itself when the journey grows.
    touched: StoredValue<bool>,
    /// The node it opens at when not all of it can be read.
    start: StoredValue<String>,
}

impl Surface {
    /// A window that shows as much as can be read, beginning at `start`.
    pub fn new(picture: Memo<Picture>, start: String) -> Self {
        let surface = Self {
            frame: NodeRef::new(),
            picture,
            view: RwSignal::new(View::default()),
            window: RwSignal::new((0.0, 0.0)),
            moving: RwSignal::new(false),
            moves: StoredValue::new(0),
            touched: StoredValue::new(false),
            start: StoredValue::new(start),
        };
        Effect::new(move |_| {
            if surface.frame.get().is_some() {
                browser::after(0, move || surface.measure());
            }
        });
        Effect::new(move |_| {
            let (window, all) = (surface.window.get(), picture.with(|picture| picture.all));
            let start = surface.start.with_value(|start| picture.with(|picture| picture.rect(start)));
            if window.0 > 0.0 && !surface.touched.get_value() {
                surface.view.set(View::opening(all, start.unwrap_or(all), window));
            }
        });
        if cfg!(target_arch = "wasm32") {
            let handle = window_event_listener(leptos::ev::resize, move |_| surface.measure());
            on_cleanup(move || handle.remove());
        }
        surface
    }

    /// The window's element; none once the page is left.
    pub fn element(&self) -> Option<HtmlElement> {
        self.frame.try_get_untracked().flatten().and_then(|frame| frame.dyn_into().ok())
    }

    fn measure(&self) {
        let Some(frame) = self.element() else { return };
        let size = (f64::from(frame.client_width()), f64::from(frame.client_height()));
        if self.window.try_get_untracked().is_some_and(|before| before != size) {
            self.window.set(size);
        }
    }

    /// Where in the window something on the screen lies.
    pub fn point(&self, client: Point) -> Point {
        let corner = self.element().map(|frame| frame.get_bounding_client_rect());
        corner.map_or(client, |corner| (client.0 - corner.left(), client.1 - corner.top()))
    }

    /// Leaves it as it lies, whatever becomes of the journey.
    pub fn hold(&self) {
        self.touched.set_value(true);
    }

    /// Moves it, as far as something of the journey stays in the window.
    pub fn show(&self, view: View) {
        self.hold();
        let (all, window) = (self.picture.with_untracked(|picture| picture.all), self.window.get_untracked());
        self.view.set(view.held(all, window));
        self.moving.set(true);
        self.moves.update_value(|moves| *moves = moves.wrapping_add(1));
        let (moves, count, moving) = (self.moves, self.moves.get_value(), self.moving);
        browser::after(REST, move || {
            if moves.try_get_value() == Some(count) {
                moving.set(false);
            }
        });
    }

    /// Larger or smaller by a factor; around the middle of the window where no point is given.
    pub fn zoom(&self, factor: f64, at: Option<Point>) {
        let window = self.window.get_untracked();
        self.show(self.view.get_untracked().zoomed(factor, at.unwrap_or((window.0 / 2.0, window.1 / 2.0))));
    }

    /// One step larger.
    pub fn closer(&self) {
        self.zoom(STEP, None);
    }

    /// One step smaller.
    pub fn farther(&self) {
        self.zoom(1.0 / STEP, None);
    }

    /// The whole journey.
    pub fn fit(&self) {
        let (all, window) = (self.picture.with_untracked(|picture| picture.all), self.window.get_untracked());
        self.show(View::fitted(all, window));
    }

    /// Full size.
    pub fn whole(&self) {
        self.zoom(1.0 / self.view.get_untracked().scale, None);
    }

    /// Along, by steps of the keyboard.
    pub fn step(&self, (across, down): (i32, i32)) {
        self.show(self.view.get_untracked().panned((-KEY * f64::from(across), -KEY * f64::from(down))));
    }

    /// Brings a node into the window, unless it is there.
    pub fn reveal(&self, node: &str) {
        let window = self.window.get_untracked();
        let Some(rect) = self.picture.with_untracked(|picture| picture.rect(node)).filter(|_| window.0 > 0.0)
        else {
            return;
        };
        let now = self.view.get_untracked();
        let after = now.revealing(rect, window);
        if after != now {
            self.show(after);
        }
    }

    /// The element of a node.
    pub fn node(&self, node: &str) -> Option<HtmlElement> {
        let found = self.element()?.query_selector(&format!("[data-node=\"{node}\"]")).ok()??;
        found.dyn_into().ok()
    }

    /// Gives a node the keyboard, when it is drawn.
    pub fn focus(&self, node: &str) {
        let (surface, node) = (*self, node.to_owned());
        browser::after(0, move || {
            surface.reveal(&node);
            surface.enter(&node);
        });
    }

    /// The same for one that is drawn and about to be in the window. The page does not scroll to where it was.
    pub fn enter(&self, node: &str) {
        let options = FocusOptions::new();
        options.set_prevent_scroll(true);
        if let Some(element) = self.node(node) {
            // A node that went meanwhile needs no keyboard.
            let _ = element.focus_with_options(&options);
        }
    }

    /// Scrolls the page so that the window is seen, when the keyboard has come to it from elsewhere.
    pub fn come_into_sight(&self) {
        let surface = *self;
        browser::after(0, move || {
            let options = ScrollIntoViewOptions::new();
            options.set_block(ScrollLogicalPosition::Nearest);
            if let Some(frame) = surface.element() {
                frame.scroll_into_view_with_scroll_into_view_options(&options);
            }
        });
    }
}
