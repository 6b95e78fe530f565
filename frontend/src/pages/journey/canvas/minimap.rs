//! The whole journey in small, with the frame one sees; who drags it drags the window. The keyboard has better ways.

use leptos::prelude::*;
use web_sys::PointerEvent;

use super::geometry::Rect;
use super::picture::rect;
use super::surface::Surface;

/// Its size; the style sheet has the same.
const SIZE: (f64, f64) = (168.0, 112.0);
/// Kept free around the journey.
const FREE: f64 = 6.0;

/// How the journey lies in the map: a factor, and where its origin lies.
fn lies(all: Rect) -> (f64, f64, f64) {
    let scale = ((SIZE.0 - 2.0 * FREE) / all.width.max(1.0)).min((SIZE.1 - 2.0 * FREE) / all.height.max(1.0));
    let x = (SIZE.0 - all.width * scale) / 2.0 - all.x * scale;
    let y = (SIZE.1 - all.height * scale) / 2.0 - all.y * scale;
    (scale, x, y)
}

/// The same rectangle in the map.
fn mapped(one: Rect, (scale, x, y): (f64, f64, f64)) -> Rect {
    Rect { x: one.x * scale + x, y: one.y * scale + y, width: one.width * scale, height: one.height * scale }
}

/// The map.
pub fn minimap(surface: Surface) -> AnyView {
    let lie = Memo::new(move |_| lies(surface.picture.with(|picture| picture.all)));
    // One path for all nodes: two hundred rectangles would be two hundred elements.
    let nodes = move || {
        let lie = lie.get();
        let drawn = |corner: &(i32, i32)| {
            let one = mapped(rect(*corner), lie);
            format!(
                "M{:.1} {:.1}h{:.1}v{:.1}h{:.1}z",
                one.x,
                one.y,
                one.width.max(2.0),
                one.height.max(1.5),
                -one.width.max(2.0)
            )
        };
        surface
            .picture
            .with(|picture| picture.nodes.iter().map(|(_, corner)| drawn(corner)).collect::<String>())
    };
    let seen = Memo::new(move |_| mapped(surface.view.get().seen(surface.window.get()), lie.get()));
    let look = move |event: &PointerEvent| {
        let (scale, x, y) = lie.get_untracked();
        let Some(corner) = target(event).map(|map| map.get_bounding_client_rect()) else { return };
        let at = (f64::from(event.client_x()) - corner.left(), f64::from(event.client_y()) - corner.top());
        let middle = ((at.0 - x) / scale, (at.1 - y) / scale);
        let (view, window) = (surface.view.get_untracked(), surface.window.get_untracked());
        let now = view.under((window.0 / 2.0, window.1 / 2.0));
        surface.show(view.panned(((now.0 - middle.0) * view.scale, (now.1 - middle.1) * view.scale)));
    };
    let down = move |event: PointerEvent| {
        event.stop_propagation();
        if let Some(map) = target(&event) {
            // Without it the map still follows as long as the pointer is over it.
            let _ = map.set_pointer_capture(event.pointer_id());
        }
        look(&event);
    };
    let along = move |event: PointerEvent| {
        event.stop_propagation();
        if event.buttons() & 1 == 1 {
            look(&event);
        }
    };
    view! {
        <svg class="graph__map" viewBox=format!("0 0 {} {}", SIZE.0, SIZE.1) aria-hidden="true" on:pointerdown=down on:pointermove=along>
            <path class="graph__map-nodes" d=nodes></path>
            <rect
                class="graph__map-frame"
                rx="3"
                x=move || format!("{:.1}", seen.get().x)
                y=move || format!("{:.1}", seen.get().y)
                width=move || format!("{:.1}", seen.get().width)
                height=move || format!("{:.1}", seen.get().height)
            ></rect>
        </svg>
    }
    .into_any()
}

fn target(event: &PointerEvent) -> Option<web_sys::Element> {
    use wasm_bindgen::JsCast as _;
    event.current_target().and_then(|target| target.dyn_into().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_whole_journey_lies_in_the_map() {
        for all in [
            Rect { x: -400.0, y: 0.0, width: 900.0, height: 3_000.0 },
            Rect { x: 0.0, y: -90.0, width: 9_000.0, height: 100.0 },
            Rect::default(),
        ] {
            let one = mapped(all, lies(all));
            assert!(one.x >= FREE - 1e-6 && one.x + one.width <= SIZE.0 - FREE + 1e-6, "{one:?}");
            assert!(one.y >= FREE - 1e-6 && one.y + one.height <= SIZE.1 - FREE + 1e-6, "{one:?}");
        }
    }
}
