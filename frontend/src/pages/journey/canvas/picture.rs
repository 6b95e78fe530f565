//! What is drawn, measured from the place where the start stands by itself: so nothing jumps when the journey grows to the left.

use std::collections::BTreeMap;

use cartwheel_domain::journey::layout::{Edge, Layout, Sizes};
use cartwheel_domain::journey::{NodeId, Place};

use super::geometry::Rect;

/// Sizes of the drawing; the style sheet has the same.
pub const SIZES: Sizes = Sizes { node_width: 240, node_height: 80, gap_x: 40, gap_y: 40, grid: 20 };

/// Nodes and edges at their places.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Picture {
    /// In reading order, each with its left upper corner.
    pub nodes: Vec<(NodeId, (i32, i32))>,
    /// The lines.
    pub edges: Vec<Edge>,
    /// The same corners by node.
    corners: BTreeMap<NodeId, (i32, i32)>,
    /// All of it.
    pub all: Rect,
    /// Somebody moved something.
    pub moved: bool,
}

impl Picture {
    /// Of what the domain has laid out.
    pub fn new(mut layout: Layout) -> Self {
        let (left, top) = layout.origin;
        for point in layout.edges.iter_mut().flat_map(|edge| &mut edge.points) {
            *point = (point.0 - left, point.1 - top);
        }
        let moved = layout.nodes.iter().any(|node| node.moved);
        let nodes: Vec<_> =
            layout.nodes.into_iter().map(|node| (node.id, (node.x - left, node.y - top))).collect();
        let all = Rect {
            x: f64::from(-left),
            y: f64::from(-top),
            width: f64::from(layout.width),
            height: f64::from(layout.height),
        };
        let corners = nodes.iter().cloned().collect();
        Self { nodes, edges: layout.edges, corners, all, moved }
    }

    /// The left upper corner of a node.
    pub fn corner(&self, node: &str) -> Option<(i32, i32)> {
        self.corners.get(node).copied()
    }

    /// Where a node is.
    pub fn rect(&self, node: &str) -> Option<Rect> {
        self.corner(node).map(rect)
    }

    /// The nodes that a frame meets.
    pub fn within(&self, frame: &Rect) -> impl Iterator<Item = &NodeId> {
        self.nodes.iter().filter(move |(_, corner)| rect(*corner).meets(frame)).map(|(id, _)| id)
    }

    /// How far nodes go with the one that is dragged: by so many pixels of the drawing, on the grid.
    pub fn snapped(&self, leader: &str, by: (f64, f64)) -> (i32, i32) {
        let Some((x, y)) = self.corner(leader) else { return (0, 0) };
        let wanted = (x + by.0.round() as i32, y + by.1.round() as i32);
        let to = Place::nearest(wanted, SIZES.grid).corner((0, 0), SIZES.grid);
        (to.0 - x, to.1 - y)
    }

    /// The places of nodes that have been moved along.
    pub fn places<'a>(
        &self,
        nodes: impl IntoIterator<Item = &'a NodeId>,
        by: (i32, i32),
    ) -> BTreeMap<NodeId, Place> {
        let corner = |id: &NodeId| self.corners.get(id).map(|(x, y)| (x + by.0, y + by.1));
        nodes
            .into_iter()
            .filter_map(|id| Some((id.clone(), Place::nearest(corner(id)?, SIZES.grid))))
            .collect()
    }
}

/// Where a node with this corner is.
pub fn rect((x, y): (i32, i32)) -> Rect {
    Rect { x: x.into(), y: y.into(), width: SIZES.node_width.into(), height: SIZES.node_height.into() }
}

/// A node's place as a transform, by its left upper corner.
pub fn place((x, y): (i32, i32)) -> String {
    format!("translate({x}px, {y}px)")
}

/// Straight down and across with rounded corners.
pub fn path(points: &[(i32, i32)]) -> String {
    let mut points = points.iter().copied();
    let Some((mut x, mut y)) = points.next() else { return String::new() };
    let mut path = format!("M{x} {y}");
    for (to_x, to_y) in points {
        let (across, down) = (to_x - x, to_y - y);
        if across == 0 || down == 0 {
            path.push_str(&format!("L{to_x} {to_y}"));
        } else {
            let middle = y + down / 2;
            let round = 10.min(across.abs() / 2).min(down.abs() / 2);
            let side = across.signum();
            path.push_str(&format!(
                "V{}q0 {round} {} {round}H{}q{} 0 {} {round}V{to_y}",
                middle - round,
                round * side,
                to_x - round * side,
                round * side,
                round * side,
            ));
        }
        (x, y) = (to_x, to_y);
    }
    path
}

/// The arrow at the end of a line.
pub fn tip(points: &[(i32, i32)]) -> String {
    let Some((x, y)) = points.last() else { return String::new() };
    let from_right = points.len() > 1 && points[points.len() - 2].1 == *y;
    if from_right { format!("M{x} {y}l7 -4v8z") } else { format!("M{x} {y}l-4 -7h8z") }
}

#[cfg(test)]
mod tests {
    use cartwheel_domain::journey::layout::layout;
    use cartwheel_domain::journey::{Change, default_recovery_journey};

    use super::*;

    fn picture(places: &[(&str, i64, i64)]) -> Picture {
        let places = places.iter().map(|(id, x, y)| (id.parse().unwrap(), Place(*x, *y))).collect();
        let moved = default_recovery_journey().with(&[Change::Place { places }]).unwrap();
        Picture::new(layout(&moved, SIZES))
    }

    #[test]
    fn a_straight_edge_is_one_line() {
        assert_eq!(path(&[(10, 0), (10, 50)]), "M10 0L10 50");
        assert_eq!(path(&[]), "");
    }

    #[test]
    fn a_bend_goes_down_across_and_down() {
        let path = path(&[(0, 0), (100, 60)]);
        assert!(path.starts_with("M0 0V") && path.ends_with("V60"), "{path}");
        assert_eq!(path.matches('q').count(), 2);
    }

    #[test]
    fn an_arrow_points_the_way_its_line_comes() {
        assert_eq!(tip(&[(10, 0), (10, 50)]), "M10 50l-4 -7h8z");
        assert_eq!(tip(&[(90, 50), (10, 50)]), "M10 50l7 -4v8z");
        assert_eq!(tip(&[]), "");
    }

    #[test]
    fn nothing_jumps_when_a_node_is_put_far_to_the_left() {
        let (before, after) = (picture(&[]), picture(&[("wait_2", -40, 3)]));
        assert_eq!(before.corner("left"), Some((0, 0)));
        assert_eq!((after.corner("left"), after.corner("wait_2")), (Some((0, 0)), Some((-800, 60))));
        assert_eq!((after.all.x, before.moved, after.moved), (-800.0, false, true));
        assert_eq!(after.corner("nobody"), None);
    }

    #[test]
    fn what_is_dragged_snaps_and_takes_the_others_along() {
        let picture = picture(&[]);
        assert_eq!(picture.snapped("wait_1", (9.0, 31.0)), (0, 40));
        assert_eq!(picture.snapped("wait_1", (-51.0, -9.4)), (-60, 0));
        assert_eq!(picture.snapped("nobody", (50.0, 50.0)), (0, 0));
        let nodes: Vec<NodeId> = ["left", "control"].iter().map(|id| id.parse().unwrap()).collect();
        let places = picture.places(&nodes, (-60, 20));
        let told: Vec<_> = places.iter().map(|(id, place)| (id.as_str(), *place)).collect();
        assert_eq!(told, [("control", Place(-3, 7)), ("left", Place(-3, 1))]);
    }

    #[test]
    fn a_frame_takes_what_it_touches() {
        let picture = picture(&[]);
        let frame = Rect { x: -10.0, y: 70.0, width: 20.0, height: 60.0 };
        assert_eq!(picture.within(&frame).map(NodeId::as_str).collect::<Vec<_>>(), ["left", "control"]);
    }
}
