//! Mouse, pen and fingers: the empty drawing is moved, two fingers pinch, a frame chooses, and steps are dragged. What is
//! dragged is moved as it stands; only its lines are drawn anew, and the journey changes when it is let go.

use std::collections::{BTreeMap, BTreeSet};

use cartwheel_domain::journey::NodeId;
use cartwheel_domain::journey::layout::{Edge, line};
use leptos::prelude::*;
use wasm_bindgen::JsCast as _;
use web_sys::{Element, HtmlElement, PointerEvent, WheelEvent};

use super::geometry::{Point, Rect, wheel};
use super::hand::Hand;
use super::picture::{SIZES, path, tip};
use super::surface::Surface;

/// A pointer that travels less has pressed, not dragged, pixels; a finger is less steady.
const STILL: f64 = 4.0;
const STILL_FINGER: f64 = 10.0;

/// What the pointers are about.
enum Gesture {
    Idle,
    /// Moves the drawing.
    Pan,
    /// Two fingers move and zoom it.
    Pinch,
    /// Has pressed a step and may drag it.
    Press {
        node: String,
    },
    /// Draws a frame around steps, beside those chosen before.
    Band {
        from: Point,
        before: BTreeSet<NodeId>,
    },
    /// Drags steps.
    Drag(Box<Drag>),
}

/// In pixels of the drawing.
type Point32 = (i32, i32);

struct Drag {
    leader: String,
    nodes: BTreeSet<NodeId>,
    from: Point,
    by: Point32,
    elements: Vec<HtmlElement>,
    lines: Vec<Line>,
}

/// A line that is drawn anew while one of its ends is dragged.
struct Line {
    edge: Edge,
    /// The left upper corners of its ends.
    from: Point32,
    to: Point32,
    way: Option<Element>,
    tip: Option<Element>,
    label: Option<HtmlElement>,
}

struct State {
    at: BTreeMap<i32, Point>,
    gesture: Gesture,
    /// Where the newest press began, and how far from there it has been.
    start: Point,
    travelled: f64,
    /// A press that stays within is no drag.
    still: f64,
    last: Point,
}

/// The pointers on one drawing. Copies are the same.
#[derive(Clone, Copy)]
pub struct Pointers {
    surface: Surface,
    hand: Option<Hand>,
    state: StoredValue<State, LocalStorage>,
    /// The frame that chooses, in the window.
    pub band: RwSignal<Option<Rect>>,
}

fn client(event: &PointerEvent) -> Point {
    (f64::from(event.client_x()), f64::from(event.client_y()))
}

fn distance(a: Point, b: Point) -> f64 {
    (a.0 - b.0).hypot(a.1 - b.1)
}

impl Pointers {
    /// Without a hand the drawing can only be looked at.
    pub fn new(surface: Surface, hand: Option<Hand>) -> Self {
        let state = State {
            at: BTreeMap::new(),
            gesture: Gesture::Idle,
            start: (0.0, 0.0),
            travelled: 0.0,
            still: STILL,
            last: (0.0, 0.0),
        };
        Self { surface, hand, state: StoredValue::new_local(state), band: RwSignal::new(None) }
    }

    /// Whether the newest press became a drag, so that it is no click.
    pub fn dragged(&self) -> bool {
        self.state.with_value(|state| state.travelled > state.still)
    }

    /// A wheel or the pinch of a touchpad.
    pub fn wheel(&self, event: &WheelEvent) {
        event.prevent_default();
        let factor = wheel(event.delta_y(), event.delta_mode(), event.ctrl_key());
        let at = self.surface.point((f64::from(event.client_x()), f64::from(event.client_y())));
        if event.shift_key() {
            let along = if event.delta_x() == 0.0 { event.delta_y() } else { event.delta_x() };
            self.surface.show(self.surface.view.get_untracked().panned((-along, 0.0)));
        } else {
            self.surface.zoom(factor, Some(at));
        }
    }

    /// A button or a finger goes down.
    pub fn down(&self, event: &PointerEvent) {
        let Some(target) = event.target().and_then(|target| target.dyn_into::<Element>().ok()) else {
            return;
        };
        let within = |selector: &str| target.closest(selector).ok().flatten();
        if event.button() > 1 || within(".graph__tools, .graph__acts, .graph__map").is_some() {
            return;
        }
        let node = within("[data-node]").and_then(|node| node.get_attribute("data-node"));
        let (at, id, finger) = (client(event), event.pointer_id(), event.pointer_type() == "touch");
        let mut captured = false;
        self.state.update_value(|state| {
            state.at.insert(id, at);
            state.travelled = 0.0;
            state.still = if finger { STILL_FINGER } else { STILL };
            (state.start, state.last) = (at, at);
            let pinch = state.at.len() == 2;
            if let Gesture::Drag(drag) = &state.gesture {
                drag.draw((0, 0));
            }
            state.gesture = match (node, self.hand) {
                _ if pinch => Gesture::Pinch,
                // A finger drags what is chosen, and moves the drawing everywhere else.
                (Some(node), Some(hand)) if event.button() == 0 && (!finger || hand.selection.has(&node)) => {
                    Gesture::Press { node }
                }
                (None, Some(hand)) if event.shift_key() => {
                    Gesture::Band { from: self.surface.point(at), before: hand.selection.now() }
                }
                _ => Gesture::Pan,
            };
            captured = !matches!(state.gesture, Gesture::Press { .. } | Gesture::Pan) || event.button() == 1;
        });
        self.band.set(None);
        if captured {
            self.capture(id);
        }
        if event.button() == 1 {
            event.prevent_default();
        }
    }

    fn capture(&self, pointer: i32) {
        if let Some(frame) = self.surface.element() {
            // A pointer that has gone meanwhile has nothing to be kept.
            let _ = frame.set_pointer_capture(pointer);
        }
    }

    /// It moves.
    pub fn moved(&self, event: &PointerEvent) {
        let (id, to) = (event.pointer_id(), client(event));
        let mut capture = false;
        self.state.update_value(|state| {
            let Some(from) = state.at.insert(id, to) else {
                // Nothing is pressed: only a pointer that went down here counts.
                state.at.remove(&id);
                return;
            };
            let before = state.travelled;
            state.travelled = before.max(distance(state.start, to));
            let still = state.still;
            let view = self.surface.view.get_untracked();
            match &mut state.gesture {
                Gesture::Idle => {}
                Gesture::Pan if state.travelled > still => {
                    capture = before <= still;
                    let last = std::mem::replace(&mut state.last, to);
                    self.surface.show(view.panned((to.0 - last.0, to.1 - last.1)));
                }
                Gesture::Pan => {}
                Gesture::Pinch => {
                    let Some(other) = state.at.iter().find(|(other, _)| **other != id).map(|(_, at)| *at)
                    else {
                        return;
                    };
                    let middle =
                        |a: Point| self.surface.point(((a.0 + other.0) / 2.0, (a.1 + other.1) / 2.0));
                    let (was, is) = (middle(from), middle(to));
                    let factor = distance(to, other).max(1.0) / distance(from, other).max(1.0);
                    self.surface.show(view.panned((is.0 - was.0, is.1 - was.1)).zoomed(factor, is));
                }
                Gesture::Press { node } => {
                    if let Some(hand) = self.hand.filter(|_| state.travelled > still) {
                        capture = true;
                        state.gesture =
                            Gesture::Drag(Box::new(Drag::new(self.surface, hand, node.clone(), state.start)));
                    }
                }
                Gesture::Band { from, before } => {
                    let now = self.surface.point(to);
                    let band = Rect::between(*from, now);
                    let frame = Rect::between(view.under(*from), view.under(now));
                    self.band.set(Some(band));
                    let inside = self
                        .surface
                        .picture
                        .with_untracked(|picture| picture.within(&frame).cloned().collect::<BTreeSet<_>>());
                    if let Some(hand) = self.hand {
                        hand.selection.set(before.union(&inside).cloned().collect());
                    }
                }
                Gesture::Drag(drag) => {
                    let by = ((to.0 - drag.from.0) / view.scale, (to.1 - drag.from.1) / view.scale);
                    let by = self.surface.picture.with_untracked(|picture| picture.snapped(&drag.leader, by));
                    if by != drag.by {
                        drag.by = by;
                        drag.draw(by);
                    }
                }
            }
        });
        if capture {
            self.capture(id);
        }
    }

    /// It comes up.
    pub fn up(&self, event: &PointerEvent) {
        let mut ended = Gesture::Idle;
        let mut pressed = false;
        self.state.update_value(|state| {
            if state.at.remove(&event.pointer_id()).is_none() {
                return;
            }
            pressed = state.travelled <= state.still;
            let next = match state.at.values().next() {
                // The other finger goes on alone.
                Some(other) => {
                    state.last = *other;
                    Gesture::Pan
                }
                None => Gesture::Idle,
            };
            ended = std::mem::replace(&mut state.gesture, next);
        });
        self.band.set(None);
        match (ended, self.hand) {
            (Gesture::Drag(drag), Some(hand)) => {
                // Back as it was drawn; what comes of the change is drawn by it.
                drag.draw((0, 0));
                hand.shift(&drag.nodes, drag.by);
            }
            (Gesture::Pan, Some(hand)) if pressed && on_nothing(event) => hand.selection.only(""),
            _ => {}
        }
    }

    /// Something else takes the pointers away, or the person thinks better of it.
    pub fn cancel(&self) {
        self.state.update_value(|state| {
            if let Gesture::Drag(drag) = &state.gesture {
                drag.draw((0, 0));
            }
            state.at.clear();
            state.gesture = Gesture::Idle;
        });
        self.band.set(None);
    }
}

fn on_nothing(event: &PointerEvent) -> bool {
    let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
    target.is_some_and(|target| target.closest("[data-node]").is_ok_and(|node| node.is_none()))
}

impl Drag {
    fn new(surface: Surface, hand: Hand, leader: String, from: Point) -> Self {
        let mut nodes = hand.selection.now();
        if !nodes.contains(leader.as_str()) {
            nodes = leader.parse().ok().into_iter().collect();
        }
        let elements = nodes.iter().filter_map(|id| surface.node(id.as_str())).collect();
        let frame = surface.element();
        let find = |what: &str, i: usize| {
            let found = frame.as_ref()?.query_selector(&format!("[data-{what}=\"{i}\"]")).ok()?;
            found.and_then(|found| found.dyn_into::<Element>().ok())
        };
        let lines = surface.picture.with_untracked(|picture| {
            let touched = |edge: &Edge| nodes.contains(&edge.from) || nodes.contains(&edge.to);
            let all = picture.edges.iter().enumerate().filter(|(_, edge)| touched(edge));
            all.filter_map(|(i, edge)| {
                Some(Line {
                    from: picture.corner(edge.from.as_str())?,
                    to: picture.corner(edge.to.as_str())?,
                    way: find("way", i),
                    tip: find("tip", i),
                    label: find("label", i).and_then(|label| label.dyn_into().ok()),
                    edge: edge.clone(),
                })
            })
            .collect()
        });
        Self { leader, nodes, from, by: (0, 0), elements, lines }
    }

    /// Draws what is dragged so far from where it was; by nothing, as it was.
    fn draw(&self, by: Point32) {
        // A style or a line that cannot be set leaves things as they are until the steps are let go.
        let translate = if by == (0, 0) { String::new() } else { format!("{}px {}px", by.0, by.1) };
        for element in &self.elements {
            let _ = element.style().set_property("translate", &translate);
        }
        for one in &self.lines {
            let points = one.points(&self.nodes, by);
            if let Some(way) = &one.way {
                let _ = way.set_attribute("d", &path(&points));
            }
            if let Some(end) = &one.tip {
                let _ = end.set_attribute("d", &tip(&points));
            }
            if let Some(label) = one.label.as_ref().filter(|_| self.nodes.contains(&one.edge.from)) {
                let _ = label.style().set_property("translate", &label_by(by));
            }
        }
    }
}

impl Line {
    /// Its points while some of the nodes are so far from their places.
    fn points(&self, moved: &BTreeSet<NodeId>, by: Point32) -> Vec<Point32> {
        if by == (0, 0) {
            return self.edge.points.clone();
        }
        let end =
            |node: &NodeId, at: Point32| if moved.contains(node) { (at.0 + by.0, at.1 + by.1) } else { at };
        line(end(&self.edge.from, self.from), self.edge.port, end(&self.edge.to, self.to), SIZES)
    }
}

/// A label is centred on its place; it goes along with its node.
fn label_by((x, y): Point32) -> String {
    if (x, y) == (0, 0) { String::new() } else { format!("calc(-50% + {x}px) calc(-50% + {y}px)") }
}

#[cfg(test)]
mod tests {
    use cartwheel_domain::journey::default_recovery_journey;
    use cartwheel_domain::journey::layout::layout;

    use super::super::picture::Picture;
    use super::*;

    #[test]
    fn a_line_follows_the_end_that_is_dragged_and_comes_back() {
        let picture = Picture::new(layout(&default_recovery_journey(), SIZES));
        let edge = picture.edges.iter().find(|edge| edge.from.as_str() == "wait_1").unwrap().clone();
        let corner = |node: &NodeId| picture.corner(node.as_str()).unwrap();
        let (from, to) = (corner(&edge.from), corner(&edge.to));
        let (first, last) = (edge.points[0], edge.points[1]);
        let one = Line { from, to, way: None, tip: None, label: None, edge: edge.clone() };
        let both: BTreeSet<NodeId> = [edge.from.clone(), edge.to.clone()].into();
        let target = [edge.to.clone()].into();
        assert_eq!(one.points(&target, (0, 0)), edge.points);
        assert_eq!(one.points(&target, (100, 20)), [first, (last.0 + 100, last.1 + 20)]);
        assert_eq!(one.points(&both, (-40, 60)), [(first.0 - 40, first.1 + 60), (last.0 - 40, last.1 + 60)]);
        assert_eq!(one.points(&target, (0, -600)).len(), 6, "round it, where it stands above");
        assert_eq!(
            (label_by((0, 0)), label_by((5, -6))),
            (String::new(), "calc(-50% + 5px) calc(-50% + -6px)".into())
        );
    }
}
