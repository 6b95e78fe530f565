//! Where to draw the nodes: a layered picture from top to bottom, the same for the same journey on every machine.
//!
//! After Sugiyama, Tagawa and Toda, "Methods for visual understanding of hierarchical system structures" (1981):
//! edges that lead back are set aside, each node gets the layer of its longest way from the start, edges over
//! several layers get a place in each, layers are ordered by the mean of their neighbours, then columns are moved
//! towards their neighbours. Whole pixels, no floats. Drafts with dangling or unreachable nodes are drawn as well.

use super::{definition::Definition, node_id::NodeId};
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
}

impl Default for Sizes {
    fn default() -> Self {
        Self { node_width: 220, node_height: 72, gap_x: 40, gap_y: 56 }
    }
}

/// A drawn journey.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Layout {
    /// Width of the whole.
    pub width: i32,
    /// Height of the whole.
    pub height: i32,
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

/// Places every node and edge of a journey.
pub fn layout(def: &Definition, sizes: Sizes) -> Layout {
    let ids: Vec<&NodeId> = def.nodes.keys().collect();
    let index: BTreeMap<&NodeId, usize> = ids.iter().enumerate().map(|(i, id)| (*id, i)).collect();
    let mut links = links(def, &index);
    let order = mark_back_links(ids.len(), index.get(&def.start).copied(), &mut links);
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
    draw(def, &ids, &links, &layers, &columns, sizes)
}

fn links(def: &Definition, index: &BTreeMap<&NodeId, usize>) -> Vec<Link> {
    let mut links = Vec::new();
    for (id, node) in &def.nodes {
        let targets = node.targets();
        let ways = i32::try_from(targets.len()).unwrap_or(1);
        for (port, (field, target)) in (0..).zip(targets) {
            if let (Some(from), Some(to)) = (index.get(id), index.get(target)) {
                links.push(Link {
                    from: *from,
                    to: *to,
                    field,
                    port: (port, ways),
                    back: false,
                    bends: Vec::new(),
                });
            }
        }
    }
    links
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
    x.iter_mut().for_each(|x| *x -= leftmost);
    x
}

fn draw(
    def: &Definition,
    ids: &[&NodeId],
    links: &[Link],
    layers: &[Vec<usize>],
    x: &[i32],
    sizes: Sizes,
) -> Layout {
    let top = |layer: usize| i32::try_from(layer).unwrap_or(0) * (sizes.node_height + sizes.gap_y);
    let mut layer_of = vec![0; x.len()];
    let mut nodes = Vec::with_capacity(ids.len());
    for (layer, members) in layers.iter().enumerate() {
        for node in members {
            layer_of[*node] = layer;
            if let Some(id) = ids.get(*node) {
                let (x, y) = (x[*node] - sizes.node_width / 2, top(layer));
                nodes.push(Placed { id: (*id).clone(), layer, x, y });
            }
        }
    }
    let right = nodes.iter().map(|n| n.x + sizes.node_width).max().unwrap_or(0);
    let mut lanes = BTreeSet::new();
    let edges = links
        .iter()
        .map(|link| {
            let (from, to) = (layer_of[link.from], layer_of[link.to]);
            let points = if link.back {
                lanes.insert((link.from, link.to));
                let lane = right + 16 * i32::try_from(lanes.len()).unwrap_or(1);
                let side = |node: usize| x[node] + sizes.node_width / 2;
                let middle = |layer| top(layer) + sizes.node_height / 2;
                vec![
                    (side(link.from), middle(from)),
                    (lane, middle(from)),
                    (lane, middle(to)),
                    (side(link.to), middle(to)),
                ]
            } else {
                let (port, ways) = link.port;
                let out = x[link.from] - sizes.node_width / 2 + sizes.node_width * (port + 1) / (ways + 1);
                let mut points = vec![(out, top(from) + sizes.node_height)];
                points.extend(link.bends.iter().map(|b| (x[*b], top(layer_of[*b]) + sizes.node_height / 2)));
                points.push((x[link.to], top(to)));
                points
            };
            let (from, to) = (ids[link.from].clone(), ids[link.to].clone());
            Edge { from, to, field: link.field.clone(), back: link.back, points }
        })
        .collect::<Vec<_>>();
    debug_assert_eq!(nodes.len(), def.nodes.len(), "every node has a place");
    let width = edges.iter().flat_map(|e| &e.points).map(|p| p.0 + 16).max().unwrap_or(0).max(right);
    let height = layers.len().checked_sub(1).map_or(0, |last| top(last) + sizes.node_height);
    Layout { width, height, nodes, edges }
}
