//! Where people put nodes in the drawing.

use crate::{
    build::id,
    generate::{Shape, journey},
    rng::Rng,
};
use cartwheel_domain::journey::{
    Change, Definition, MAX_PLACE, NodeId, Place, default_recovery_journey,
    layout::{Layout, Sizes, layout, layout_of_both},
};
use serde_json::json;
use std::collections::BTreeMap;

const SIZES: Sizes = Sizes { node_width: 240, node_height: 80, gap_x: 40, gap_y: 40, grid: 20 };

fn moved(def: &Definition, places: &[(&str, i64, i64)]) -> Definition {
    let places = places.iter().map(|(name, x, y)| (id(name), Place(*x, *y))).collect();
    def.with(&[Change::Place { places }]).expect("sound")
}

/// Each node's corner, as seen from the origin.
fn corners(picture: &Layout) -> BTreeMap<NodeId, (i32, i32)> {
    let from = picture.origin;
    picture.nodes.iter().map(|n| (n.id.clone(), (n.x - from.0, n.y - from.1))).collect()
}

#[test]
fn a_moved_node_stands_where_it_was_put_and_the_others_stay() {
    let def = default_recovery_journey();
    let new = moved(&def, &[("wait_2", 20, -3), ("mail_1", -30, 12)]);
    let (before, after) = (corners(&layout(&def, SIZES)), corners(&layout(&new, SIZES)));
    for (name, corner) in &after {
        match name.as_str() {
            "wait_2" => assert_eq!(*corner, (400, -60)),
            "mail_1" => assert_eq!(*corner, (-600, 240)),
            _ => assert_eq!(corner, &before[name], "{name}"),
        }
    }
    let picture = layout(&new, SIZES);
    assert_eq!(
        picture.nodes.iter().filter(|n| n.moved).map(|n| n.id.as_str()).collect::<Vec<_>>(),
        ["mail_1", "wait_2"]
    );
    let inside = |(x, y): (i32, i32)| (0..=picture.width).contains(&x) && (0..=picture.height).contains(&y);
    assert!(picture.nodes.iter().all(|n| inside((n.x, n.y)) && inside((n.x + 240, n.y + 80))));
    assert!(picture.edges.iter().flat_map(|e| e.points.iter().copied()).all(inside));
}

#[test]
fn the_drawing_comes_back_by_itself_and_that_too_is_a_change() {
    let def = default_recovery_journey();
    let new = moved(&def, &[("wait_2", 20, -3)]);
    assert_eq!(new.with(&[Change::Arrange]).expect("sound"), def);
    assert_eq!(layout(&new.with(&[Change::Arrange]).expect("sound"), SIZES), layout(&def, SIZES));
    // A place goes with its node, and a node that is put in has none.
    let gone = new.with(&[Change::Remove { node: id("wait_2"), keep: None }]).expect("sound");
    assert_eq!(gone.places, BTreeMap::new());
}

#[test]
fn a_node_put_in_between_moved_ones_stands_by_them_and_covers_none() {
    let def = default_recovery_journey();
    let new = moved(&def, &[("wait_1", 100, 100), ("mail_1", 100, 106)]);
    let node = Box::new(
        serde_json::from_value(json!({"type": "wait", "seconds": 60, "next": "x"})).expect("a node"),
    );
    let more = new
        .with(&[Change::Insert { id: id("wait_9"), after: id("wait_1"), way: "next".into(), node }])
        .expect("sound");
    assert_eq!(
        corners(&layout(&more, SIZES))[&id("wait_9")],
        (2_280, 2_120),
        "below the one, beside the other"
    );
}

#[test]
fn places_that_make_no_sense_are_refused_with_their_node() {
    let def = default_recovery_journey();
    let with = |places: serde_json::Value| {
        let mut whole: serde_json::Value = serde_json::from_str(&def.to_json()).expect("JSON");
        whole["places"] = places;
        let said = Definition::from_json(&whole.to_string()).and_then(|def| def.validate());
        said.err().unwrap_or_default().iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(with(json!({"wait_1": [MAX_PLACE, -MAX_PLACE]})), Vec::<String>::new());
    assert_eq!(with(json!({})), Vec::<String>::new());
    assert_eq!(
        with(json!({"nowhere": [0, 0], "wait_1": [MAX_PLACE + 1, -MAX_PLACE - 1]})),
        [
            "node \"nowhere\", place: there is no node \"nowhere\"",
            "node \"wait_1\", place: must be at most 2000",
            "node \"wait_1\", place: must be at least -2000",
        ]
    );
    for bad in [json!([1]), json!([1, 2, 3]), json!([1.5, 2]), json!("1,2"), json!({"x": 1, "y": 2})] {
        let said = with(json!({ "wait_1": bad }));
        assert!(said.len() == 1 && said[0].starts_with("node \"wait_1\", place: "), "{said:?}");
    }
    assert!(with(json!([])).len() == 1 && with(json!({"Wait": [1, 2]})).len() == 1);
    let twice = def.to_json().replacen("\"nodes\"", r#""places":{"wait_1":[1,2],"wait_1":[3,4]},"nodes""#, 1);
    let twice = Definition::from_json(&twice).expect_err("twice")[0].to_string();
    assert_eq!(twice, "node \"wait_1\", place: \"wait_1\" stands here twice");
    let unknown = Change::Place { places: [(id("nowhere"), Place(0, 0))].into() };
    assert_eq!(
        def.with(&[unknown]).expect_err("unknown")[0].to_string(),
        "node \"nowhere\", place: there is no node \"nowhere\""
    );
}

/// Any journey with any places: it travels as text, its drawing is the same each time, nodes nobody moved cover nothing, and each
/// moved one is where it was put. Without its places the text is what it always was.
#[test]
fn random_journeys_keep_their_places() {
    for seed in 0..1_000 {
        let mut rng = Rng::new(seed);
        let def = journey(&mut rng, Shape::ANY);
        assert!(!def.to_json().contains("places"), "seed {seed}");
        let mut places = BTreeMap::new();
        for id in def.nodes.keys() {
            if rng.chance(40) {
                places.insert(id.clone(), Place(rng.between(-60, 60), rng.between(-60, 60)));
            }
        }
        let new = def
            .with(&[Change::Place { places: places.clone() }])
            .unwrap_or_else(|p| panic!("seed {seed}: {p:?}"));
        assert_eq!((&new.places, &new.nodes), (&places, &def.nodes), "seed {seed}");
        assert_eq!(Definition::from_json(&new.to_json()).as_ref(), Ok(&new), "seed {seed}");
        let picture = layout(&new, SIZES);
        assert_eq!(picture, layout(&new, SIZES), "seed {seed}");
        let at = corners(&picture);
        for (id, place) in &places {
            assert_eq!(at[id], place.corner((0, 0), SIZES.grid), "seed {seed}");
        }
        let free: Vec<_> = picture.nodes.iter().filter(|n| !n.moved).collect();
        for (i, one) in free.iter().enumerate() {
            let hit =
                picture.nodes.iter().filter(|n| n.moved).chain(free[..i].iter().copied()).find(|other| {
                    (one.x - other.x).abs() < SIZES.node_width && (one.y - other.y).abs() < SIZES.node_height
                });
            assert!(places.is_empty() || hit.is_none(), "seed {seed}: {} over {hit:?}", one.id);
        }
        assert!(
            layout(&def, SIZES).nodes.iter().all(|n| n.x % 20 == 0 && n.y % 20 == 0),
            "seed {seed}: on the grid"
        );
        let left = picture
            .nodes
            .iter()
            .map(|n| n.x)
            .chain(picture.edges.iter().flat_map(|e| e.points.iter().map(|p| p.0)))
            .min();
        assert_eq!(left, Some(0), "seed {seed}");
    }
}

#[test]
fn two_versions_share_one_picture() {
    let before = default_recovery_journey();
    let node = Box::new(
        serde_json::from_value(json!({"type": "wait", "seconds": 60, "next": "x"})).expect("a node"),
    );
    let after = before
        .with(&[
            Change::Remove { node: id("mail_2"), keep: None },
            Change::Insert { id: id("wait_9"), after: id("wait_3"), way: "next".into(), node },
        ])
        .expect("sound");
    let both = layout_of_both(&before, &after, SIZES);
    assert_eq!(both.nodes.len(), before.nodes.len() + 1);
    let has =
        |from: &str, to: &str| both.edges.iter().any(|e| e.from.as_str() == from && e.to.as_str() == to);
    assert!(
        has("wait_2", "mail_2")
            && has("wait_2", "wait_3")
            && has("mail_2", "wait_3")
            && has("wait_9", "mail_3")
    );
    assert_eq!(layout_of_both(&before, &before, SIZES), layout(&before, SIZES));
}
