//! The drawing of a journey: a window on one layer that is moved as a whole, with tools, a map, and everything by the keyboard too.

mod geometry;
mod hand;
mod keys;
mod minimap;
mod picture;
mod pointer;
mod selection;
mod surface;
mod tools;

use leptos::prelude::*;

pub use hand::Hand;
pub use picture::{Picture, SIZES, path, place, tip};
pub use pointer::Pointers;
pub use selection::Selection;
pub use surface::Surface;

use crate::i18n::t;

/// The window around what is drawn. Without a hand the drawing can only be looked at.
pub fn canvas(
    surface: Surface,
    pointers: Pointers,
    hand: Option<Hand>,
    label: String,
    drawn: AnyView,
) -> AnyView {
    let asking = RwSignal::new(false);
    let far = Memo::new(move |_| surface.view.get().scale < 0.6);
    let ready = Memo::new(move |_| surface.window.get().0 > 0.0);
    let dots = move || geometry::dots(surface.view.get(), f64::from(SIZES.grid));
    let band = move || {
        pointers.band.get().map(|band| {
            let place = format!("translate({:.0}px, {:.0}px)", band.x, band.y);
            let (width, height) = (format!("{:.0}px", band.width), format!("{:.0}px", band.height));
            view! { <div class="graph__band" style:transform=place style:width=width style:height=height></div> }
        })
    };
    view! {
        <div
            class="graph"
            class:is-far=far
            class:is-moving=surface.moving
            class:is-ready=ready
            role="group"
            tabindex="0"
            aria-label=label
            aria-describedby="graph-help"
            node_ref=surface.frame
            on:pointerdown=move |event| pointers.down(&event)
            on:pointermove=move |event| pointers.moved(&event)
            on:pointerup=move |event| pointers.up(&event)
            on:pointercancel=move |_| pointers.cancel()
            on:wheel=move |event| pointers.wheel(&event)
            on:keydown=move |event| keys::pressed(&event, surface, pointers, hand)
            on:keyup=move |event| keys::released(&event)
            on:focusin=move |event| keys::arrived(&event, surface)
        >
            <div class="graph__dots" style:transform=dots></div>
            <div class="graph__sheet" style:transform=move || surface.view.get().css()>{drawn}</div>
            {band}
            {hand.map(|hand| tools::acts(surface, hand))}
            {tools::tools(surface, hand, asking)}
            {minimap::minimap(surface)}
            <span id="graph-help" class="hidden-visually">{t::canvas_help()}</span>
        </div>
        {tools::help(asking, hand.is_some())}
    }
    .into_any()
}
