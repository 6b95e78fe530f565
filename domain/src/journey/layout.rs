//! Where to draw the nodes: a layered picture from top to bottom, the same for the same journey on every machine.
//!
//! After Sugiyama, Tagawa and Toda, "Methods for visual understanding of hierarchical system structures" (1981):
//! edges that lead back are set aside, each node gets the layer of its longest way from the start, edges over
//! several layers get a place in each, layers are ordered by the mean of their neighbours, then columns are moved
//! towards their neighbours. Whole pixels, no floats. Drafts with dangling or unreachable nodes are drawn as well.

//!
//! Nodes that a person moved stand where they were put ([`Place`]). The others keep to the automatic picture; where a moved
//! one covers that, they stand beside it, and one whose neighbours were all moved stands below the first of them.

use super::{definition::Definition, node_id::NodeId, places::Place};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// Sizes in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sizes {
    /// Width of a node.
    pub node_width: i32,
    /// Height of a node.
    pub node_height: i32,
    /// Between two nodes of a layer.
    pub gap_x: i32,
    /// Between two layers.
    pub gap_y: i32,
    /// One step of a [`Place`]. Where it divides width and gap of the nodes, every node's left edge is a multiple of it.
    pub grid: i32,
}

impl Default for Sizes {
    fn default() -> Self {
        Self { node_width: 220, node_height: 72, gap_x: 40, gap_y: 56, grid: 1 }
    }
}

/// A drawn journey.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Layout {
    /// Width of the whole.
    pub width: i32,
    /// Height of the whole.
    pub height: i32,
    /// Where the place `[0, 0]` lies: the left upper corner of the start, had nobody moved it.
    pub origin: (i32, i32),
    /// Nodes, by layer and from left to right: the order in which a keyboard walks them.
    pub nodes: Vec<Placed>,
    /// Edges, by source and drawing order.
    pub edges: Vec<Edge>,
}

/// A node's place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Placed {
    /// Which.
    pub id: NodeId,
    /// Layer, from 0.
    pub layer: usize,
    /// Left edge.
    pub x: i32,
    /// Upper edge.
    pub y: i32,
    /// Somebody put it there.
    pub moved: bool,
}

/// A drawn edge.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Edge {
    /// From.
    pub from: NodeId,
    /// To.
    pub to: NodeId,
    /// The field that names the target (`next`, `yes`, `branches.0.next`).
    pub field: String,
    /// Which of its source's ways it is, from 0, and of how many.
    pub port: (i32, i32),
    /// Leads back up.
    pub back: bool,
    /// The line, from the source's lower edge to the target's upper edge (a back edge runs along the right side).
    pub points: Vec<(i32, i32)>,
}

/// How often layers are put in order and columns moved; more changes nothing in journeys of this size.
const SWEEPS: usize = 8;

struct Link {
    from: usize,
    to: usize,
    field: String,
    port: (i32, i32),
    back: bool,
    /// The link's places in the layers between.
    bends: Vec<usize>,
}

/// What is drawn: nodes, and the ways between them.
struct Graph<'a> {
    ids: Vec<&'a NodeId>,
    start: Option<usize>,
    links: Vec<Link>,
    places: BTreeMap<&'a NodeId, Place>,
}

/// Places every node and edge of a journey.
pub fn layout(def: &Definition, sizes: Sizes) -> Layout {
    arranged(Graph::of(&[def]), sizes)
}

/// Places every node and edge of two versions of a journey in one picture. What both have stands where `after` has it.
pub fn layout_of_both(before: &Definition, after: &Definition, sizes: Sizes) -> Layout {
    arranged(Graph::of(&[after, before]), sizes)
}

impl<'a> Graph<'a> {
    /// One picture of several versions; an earlier one in the list decides.
    fn of(versions: &[&'a Definition]) -> Self {
        let all: BTreeSet<&NodeId> = versions.iter().flat_map(|def| def.nodes.keys()).collect();
        let ids: Vec<&NodeId> = all.into_iter().collect();
        let index: BTreeMap<&NodeId, usize> = ids.iter().enumerate().map(|(i, id)| (*id, i)).collect();
        let mut links = Vec::new();
        let mut known = BTreeSet::new();
        let mut places = BTreeMap::new();
        for def in versions {
            for (id, node) in &def.nodes {
                let targets = node.targets();
                let ways = i32::try_from(targets.len()).unwrap_or(1);
                for (port, (field, target)) in (0..).zip(targets) {
                    let (Some(from), Some(to)) = (index.get(id), index.get(target)) else { continue };
                    if known.insert((*from, *to, field.clone())) {
                        let port = (port, ways);
                        links.push(Link {
                            from: *from,
                            to: *to,
                            field,
                            port,
                            back: false,
                            bends: Vec::new(),
                        });
                    }
                }
            }
            for (id, place) in &def.places {
                places.entry(id).or_insert(*place);
            }
        }
        let start = versions.first().and_then(|def| index.get(&def.start).copied());
        Self { ids, start, links, places }
    }
}

fn arranged(graph: Graph, sizes: Sizes) -> Layout {
    let Graph { ids, start, mut links, places } = graph;
    let order = mark_back_links(ids.len(), start, &mut links);
    let mut layer_of = layers(&order, &links);
    let mut layers: Vec<Vec<usize>> = vec![Vec::new(); layer_of.iter().max().map_or(0, |top| top + 1)];
    for node in &order {
        layers[layer_of[*node]].push(*node);
    }
    for link in links.iter_mut().filter(|l| !l.back) {
        for layer in layers.iter_mut().take(layer_of[link.to]).skip(layer_of[link.from] + 1) {
            link.bends.push(layer_of.len());
            layer.push(layer_of.len());
            layer_of.push(usize::MAX);
        }
    }
    let (above, below) = neighbours(layer_of.len(), &links);
    sort_layers(&mut layers, &above, &below);
    let columns = columns(&layers, &above, &below, ids.len(), sizes);
    draw(&ids, &links, &layers, &columns, (start, &places), sizes)
}

/// Marks the links that close a circle, and gives the nodes so that all other links lead forward.
fn mark_back_links(count: usize, start: Option<usize>, links: &mut [Link]) -> Vec<usize> {
    let mut out: Vec<Vec<usize>> = vec![Vec::new(); count];
    for (i, link) in links.iter().enumerate() {
        // The last way first, so that the reversed order of finishing has the first way on the left.
        out[link.from].insert(0, i);
    }
    let mut done = vec![false; count];
    let mut open = vec![false; count];
    let mut finished = Vec::with_capacity(count);
    for root in start.into_iter().chain(0..count) {
        let mut stack = vec![(root, 0)];
        if std::mem::replace(&mut done[root], true) {
            continue;
        }
        open[root] = true;
        while let Some((node, next)) = stack.pop() {
            let Some(link) = out[node].get(next) else {
                open[node] = false;
                finished.push(node);
                continue;
            };
            stack.push((node, next + 1));
            let to = links[*link].to;
            if open[to] {
                links[*link].back = true;
            } else if !std::mem::replace(&mut done[to], true) {
                open[to] = true;
                stack.push((to, 0));
            }
        }
    }
    finished.reverse();
    finished
}

/// The longest way from a root to each node.
fn layers(order: &[usize], links: &[Link]) -> Vec<usize> {
    let mut layer = vec![0; order.len()];
    let mut out: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for link in links.iter().filter(|l| !l.back) {
        out.entry(link.from).or_default().push(link.to);
    }
    for node in order {
        for to in out.get(node).into_iter().flatten() {
            layer[*to] = layer[*to].max(layer[*node] + 1);
        }
    }
    layer
}

type Neighbours = Vec<Vec<usize>>;

fn neighbours(count: usize, links: &[Link]) -> (Neighbours, Neighbours) {
    let mut above: Neighbours = vec![Vec::new(); count];
    let mut below: Neighbours = vec![Vec::new(); count];
    for link in links.iter().filter(|l| !l.back) {
        let chain: Vec<usize> = std::iter::once(link.from)
            .chain(link.bends.iter().copied())
            .chain(std::iter::once(link.to))
            .collect();
        for pair in chain.windows(2) {
            below[pair[0]].push(pair[1]);
            above[pair[1]].push(pair[0]);
        }
    }
    (above, below)
}

fn mean(of: &[usize], value: &[i32]) -> Option<i32> {
    let sum: i64 = of.iter().map(|n| i64::from(value[*n])).sum();
    let count = i64::try_from(of.len()).ok().filter(|n| *n > 0)?;
    i32::try_from(sum.div_euclid(count)).ok()
}

/// Orders each layer by the mean place of the neighbours, downwards and upwards in turn.
fn sort_layers(layers: &mut [Vec<usize>], above: &Neighbours, below: &Neighbours) {
    let mut place = vec![0; above.len()];
    let set = |layer: &[usize], place: &mut Vec<i32>| {
        for (i, node) in (0..).zip(layer) {
            place[*node] = i * 1000;
        }
    };
    layers.iter().for_each(|layer| set(layer, &mut place));
    for sweep in 0..SWEEPS {
        let (near, indexes): (_, Vec<usize>) = if sweep % 2 == 0 {
            (above, (0..layers.len()).collect())
        } else {
            (below, (0..layers.len()).rev().collect())
        };
        for i in indexes {
            let layer = &mut layers[i];
            layer.sort_by_key(|n| mean(&near[*n], &place).unwrap_or(place[*n]));
            set(layer, &mut place);
        }
    }
}

/// The middle of each node, never closer than the sizes allow.
fn columns(
    layers: &[Vec<usize>],
    above: &Neighbours,
    below: &Neighbours,
    real: usize,
    sizes: Sizes,
) -> Vec<i32> {
    let half = |node: usize| if node < real { sizes.node_width / 2 } else { 0 };
    let apart = |a: usize, b: usize| half(a) + half(b) + sizes.gap_x;
    let mut x = vec![0; above.len()];
    for layer in layers {
        let mut at = 0;
        for pair in layer.windows(2) {
            at += apart(pair[0], pair[1]);
            x[pair[1]] = at;
        }
        layer.iter().for_each(|n| x[*n] -= at / 2);
    }
    for sweep in 0..SWEEPS {
        let near = if sweep % 2 == 0 { above } else { below };
        for layer in layers {
            let wanted: Vec<i32> = layer.iter().map(|n| mean(&near[*n], &x).unwrap_or(x[*n])).collect();
            // Pushed apart from the left and from the right; the middle of both is free of overlaps too.
            let mut left = wanted.clone();
            for i in 1..layer.len() {
                left[i] = left[i].max(left[i - 1] + apart(layer[i - 1], layer[i]));
            }
            let mut right = wanted;
            for i in (1..layer.len()).rev() {
                right[i - 1] = right[i - 1].min(right[i] - apart(layer[i - 1], layer[i]));
            }
            for (i, node) in layer.iter().enumerate() {
                x[*node] = (left[i] + right[i]).div_euclid(2);
            }
        }
    }
    let leftmost = layers.iter().flatten().map(|n| x[*n] - half(*n)).min().unwrap_or(0);
    // Left edges on the grid: a step down is no more than the grid for all, so nodes stay apart and straight ways straight.
    for (node, x) in x.iter_mut().enumerate() {
        *x -= leftmost;
        *x -= (*x - half(node)).rem_euclid(sizes.grid.max(1));
    }
    x
}

/// Where the automatic picture has each node, and where it is to stand.
struct Corners {
    auto: Vec<(i32, i32)>,
    own: Vec<(i32, i32)>,
    moved: Vec<bool>,
}

impl Corners {
    fn of(
        ids: &[&NodeId],
        links: &[Link],
        order: &[usize],
        auto: Vec<(i32, i32)>,
        (start, places): (Option<usize>, &BTreeMap<&NodeId, Place>),
        sizes: Sizes,
    ) -> Self {
        let origin = start.map_or((0, 0), |start| auto[start]);
        let mut own = auto.clone();
        let mut moved = vec![false; ids.len()];
        for (node, id) in ids.iter().enumerate() {
            if let Some(place) = places.get(id) {
                own[node] = place.corner(origin, sizes.grid);
                moved[node] = true;
            }
        }
        let mut taken: Vec<usize> = (0..ids.len()).filter(|node| moved[*node]).collect();
        if taken.is_empty() {
            return Self { auto, own, moved };
        }
        let covers = |a: (i32, i32), b: (i32, i32)| {
            (a.0 - b.0).abs() < sizes.node_width && (a.1 - b.1).abs() < sizes.node_height
        };
        for node in order.iter().filter(|node| !moved[**node]) {
            let mut near = links.iter().filter(|l| l.from == *node || l.to == *node).peekable();
            let alone = near.peek().is_some()
                && near.all(|l| moved[if l.from == *node { l.to } else { l.from }] || l.from == l.to);
            let before = links.iter().find(|l| l.to == *node && l.from != *node).filter(|_| alone);
            if let Some(before) = before {
                let (x, y) = own[before.from];
                own[*node] = (x, y + sizes.node_height + sizes.gap_y);
            }
            while let Some(other) = taken.iter().find(|other| covers(own[*node], own[**other])) {
                own[*node].0 = own[*other].0 + sizes.node_width + sizes.gap_x;
            }
            taken.push(*node);
        }
        Self { auto, own, moved }
    }
}

fn draw(
    ids: &[&NodeId],
    links: &[Link],
    layers: &[Vec<usize>],
    x: &[i32],
    (start, places): (Option<usize>, &BTreeMap<&NodeId, Place>),
    sizes: Sizes,
) -> Layout {
    let top = |layer: usize| i32::try_from(layer).unwrap_or(0) * (sizes.node_height + sizes.gap_y);
    let mut layer_of = vec![0; x.len()];
    for (layer, members) in layers.iter().enumerate() {
        members.iter().for_each(|node| layer_of[*node] = layer);
    }
    let auto = (0..ids.len()).map(|n| (x[n] - sizes.node_width / 2, top(layer_of[n]))).collect();
    let order: Vec<usize> = layers.iter().flatten().copied().filter(|node| *node < ids.len()).collect();
    let Corners { auto, own, moved } = Corners::of(ids, links, &order, auto, (start, places), sizes);
    let right = own.iter().map(|(x, _)| x + sizes.node_width).max().unwrap_or(0);
    let mut lanes = BTreeSet::new();
    let mut edges = links
        .iter()
        .map(|link| {
            let still = own[link.from] == auto[link.from] && own[link.to] == auto[link.to];
            let points = if !still {
                line(own[link.from], link.port, own[link.to], sizes)
            } else if link.back {
                lanes.insert((link.from, link.to));
                let lane = right + 16 * i32::try_from(lanes.len()).unwrap_or(1);
                let side =
                    |node: usize| (x[node] + sizes.node_width / 2, own[node].1 + sizes.node_height / 2);
                let (from, to) = (side(link.from), side(link.to));
                vec![from, (lane, from.1), (lane, to.1), to]
            } else {
                let straight = line(own[link.from], link.port, own[link.to], sizes);
                let bends = link.bends.iter().map(|b| (x[*b], top(layer_of[*b]) + sizes.node_height / 2));
                let last = straight.last().copied();
                straight.first().copied().into_iter().chain(bends).chain(last).collect()
            };
            let (from, to) = (ids[link.from].clone(), ids[link.to].clone());
            Edge { from, to, field: link.field.clone(), port: link.port, back: link.back, points }
        })
        .collect::<Vec<_>>();
    let mut nodes: Vec<Placed> = order
        .iter()
        .map(|n| Placed {
            id: ids[*n].clone(),
            layer: layer_of[*n],
            x: own[*n].0,
            y: own[*n].1,
            moved: moved[*n],
        })
        .collect();
    let points = || edges.iter().flat_map(|e| e.points.iter().copied());
    let corners = || nodes.iter().map(|n| (n.x, n.y)).chain(points());
    let left = corners().map(|p| p.0).min().unwrap_or(0);
    let upper = corners().map(|p| p.1).min().unwrap_or(0);
    let width = points().map(|p| p.0 + 16).max().unwrap_or(0).max(right) - left;
    let lower = nodes.iter().map(|n| n.y + sizes.node_height).max().unwrap_or(0);
    let height = points().map(|p| p.1).max().unwrap_or(0).max(lower) - upper;
    let origin = start.map_or((0, 0), |start| auto[start]);
    for node in &mut nodes {
        (node.x, node.y) = (node.x - left, node.y - upper);
    }
    for point in edges.iter_mut().flat_map(|e| &mut e.points) {
        *point = (point.0 - left, point.1 - upper);
    }
    Layout { width, height, origin: (origin.0 - left, origin.1 - upper), nodes, edges }
}

/// The line from one node to another, by their left upper corners: out of the lower edge, at the way's own port, into the middle of
/// the upper edge. Where the target does not lie below, it goes round.
pub fn line(from: (i32, i32), port: (i32, i32), to: (i32, i32), sizes: Sizes) -> Vec<(i32, i32)> {
    let out = (from.0 + sizes.node_width * (port.0 + 1) / (port.1 + 1), from.1 + sizes.node_height);
    let into = (to.0 + sizes.node_width / 2, to.1);
    if into.1 > out.1 || (into.1 == out.1 && into.0 == out.0) {
        return vec![out, into];
    }
    let step = sizes.gap_y / 2;
    let (left, right) = if from.0 < to.0 { (from.0, to.0) } else { (to.0, from.0) };
    let between = right - left - sizes.node_width;
    let lane = if between >= 16 { right - between / 2 } else { right + sizes.node_width + 16 };
    let (below, above) = (out.1 + step, into.1 - step);
    vec![out, (out.0, below), (lane, below), (lane, above), (into.0, above), into]
}
