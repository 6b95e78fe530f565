//! The drawn graph.

use crate::{
    build::*,
    generate::{Shape, journey},
    rng::Rng,
};
use cartwheel_domain::journey::{
    Definition, default_recovery_journey,
    layout::{Layout, Sizes, layout},
};
use serde_json::json;

fn overlaps(picture: &Layout, sizes: Sizes) -> Option<String> {
    let hit = |a: &cartwheel_domain::journey::layout::Placed,
               b: &cartwheel_domain::journey::layout::Placed| {
        (a.x - b.x).abs() < sizes.node_width && (a.y - b.y).abs() < sizes.node_height
    };
    let nodes = &picture.nodes;
    (0..nodes.len())
        .flat_map(|i| (0..i).map(move |j| (i, j)))
        .find_map(|(i, j)| hit(&nodes[i], &nodes[j]).then(|| format!("{} over {}", nodes[i].id, nodes[j].id)))
}

fn inside(picture: &Layout, sizes: Sizes) -> bool {
    let point = |(x, y): &(i32, i32)| (0..=picture.width).contains(x) && (0..=picture.height).contains(y);
    picture
        .nodes
        .iter()
        .all(|n| point(&(n.x, n.y)) && point(&(n.x + sizes.node_width, n.y + sizes.node_height)))
        && picture.edges.iter().flat_map(|e| &e.points).all(point)
}

#[test]
fn the_default_journey_is_one_straight_column() {
    let picture = layout(&default_recovery_journey(), Sizes::default());
    let order: Vec<&str> = picture.nodes.iter().map(|n| n.id.as_str()).collect();
    assert_eq!(
        order,
        [
            "left", "control", "wait_1", "mail_1", "wait_2", "mail_2", "wait_3", "mail_3", "wait_4",
            "bought", "done"
        ]
    );
    assert!(picture.nodes.iter().all(|n| n.x == 0));
    assert_eq!((picture.nodes[1].y, picture.width, picture.edges.len()), (128, 220, 10));
    assert!(picture.edges.iter().all(|e| !e.back && e.points.len() == 2 && e.points[0].0 == 110));
}

#[test]
fn branches_stand_side_by_side_under_their_question() {
    let def = graph(
        json!({"start": trigger("c"), "c": {"type": "condition", "if": {"test": "has_email"}, "yes": "a", "no": "b"},
        "a": wait(60, "end"), "b": wait(60, "end"), "end": exit()}),
    );
    let picture = layout(&def, Sizes::default());
    let at = |name: &str| {
        picture.nodes.iter().find(|n| n.id.as_str() == name).map(|n| (n.x, n.layer)).expect("placed")
    };
    assert_eq!((at("a"), at("b"), at("c"), at("end")), ((0, 2), (260, 2), (130, 1), (130, 3)));
    let yes = picture.edges.iter().find(|e| e.field == "yes").expect("an edge");
    let no = picture.edges.iter().find(|e| e.field == "no").expect("an edge");
    assert!(yes.points[0].0 < no.points[0].0, "the first way leaves on the left");
}

#[test]
fn a_way_back_runs_along_the_side() {
    let def = graph(json!({"start": trigger("m"), "m": message("w"),
        "w": {"type": "wait_for_event", "events": ["cart_updated"], "timeout_seconds": 60, "happened": "m", "timed_out": "end"},
        "end": exit()}));
    let picture = layout(&def, Sizes::default());
    let back: Vec<_> = picture.edges.iter().filter(|e| e.back).collect();
    assert_eq!(back.len(), 1);
    assert_eq!((back[0].from.as_str(), back[0].to.as_str(), back[0].points.len()), ("w", "m", 4));
    assert!(back[0].points[1].0 > 220 && picture.width > back[0].points[1].0);
}

#[test]
fn every_journey_is_drawn_without_overlaps_and_the_same_each_time() {
    let sizes = Sizes::default();
    for seed in 0..1_000 {
        let def = journey(&mut Rng::new(seed), Shape::ANY);
        let picture = layout(&def, sizes);
        assert_eq!(picture, layout(&def, sizes), "seed {seed}");
        assert_eq!(overlaps(&picture, sizes), None, "seed {seed}");
        assert!(inside(&picture, sizes), "seed {seed}: outside of {} x {}", picture.width, picture.height);
        let edges: usize = def.nodes.values().map(|n| n.targets().len()).sum();
        assert_eq!((picture.nodes.len(), picture.edges.len()), (def.nodes.len(), edges), "seed {seed}");
        let layer = |id| picture.nodes.iter().find(|n| &n.id == id).map(|n| n.layer);
        for edge in &picture.edges {
            assert_eq!(layer(&edge.from) < layer(&edge.to), !edge.back, "seed {seed}: {edge:?}");
        }
    }
}

#[test]
fn drafts_with_loose_ends_are_drawn() {
    let draft = |nodes| layout(&graph(nodes), Sizes::default());
    assert_eq!(draft(json!({})).nodes.len(), 0);
    let picture = draft(json!({"start": trigger("gone"), "lost": wait(1, "lost"), "end": exit()}));
    assert_eq!((picture.nodes.len(), picture.edges.len()), (3, 1));
    assert_eq!(overlaps(&picture, Sizes::default()), None);
}

#[test]
fn a_large_journey_is_drawn_quickly_enough_to_type_by() {
    let mut rng = Rng::new(7);
    let def: Definition = loop {
        let def = journey(&mut rng, Shape { nodes: 198, ..Shape::ANY });
        if def.nodes.len() > 150 {
            break def;
        }
    };
    let picture = layout(&def, Sizes::default());
    assert_eq!(overlaps(&picture, Sizes::default()), None);
}
