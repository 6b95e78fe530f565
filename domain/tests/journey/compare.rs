//! Two versions, told to people.

use crate::{
    build::id,
    generate::{Shape, journey},
    rng::Rng,
};
use cartwheel_domain::journey::{
    Blueprint, Change, Comparison, Definition, Led, Mark, Node, NodeId, Place, compare,
    default_recovery_journey,
};
use serde_json::json;
use std::collections::BTreeMap;

fn marks(found: &Comparison) -> Vec<(&str, Mark)> {
    found.nodes.iter().map(|(id, mark)| (id.as_str(), *mark)).collect()
}

#[test]
fn what_came_what_went_and_what_changed_is_told_apart() {
    let before = default_recovery_journey();
    let wait = Box::new(
        serde_json::from_value::<Node>(json!({"type": "wait", "seconds": 60, "next": "x"})).expect("a wait"),
    );
    let after = before
        .with(&[
            Change::Insert { id: id("wait_9"), after: id("wait_3"), way: "next".into(), node: wait },
            Change::Remove { node: id("mail_2"), keep: None },
            Change::SetWait { node: id("wait_1"), seconds: 60 },
            Change::SetName { name: "Mine".into() },
            Change::SetCoolDown { seconds: 60 },
            Change::Place { places: [(id("left"), Place(1, 1)), (id("wait_9"), Place(2, 2))].into() },
        ])
        .expect("sound");
    let found = compare(&before, &after);
    assert_eq!(
        marks(&found),
        [("mail_2", Mark::Removed), ("wait_1", Mark::Changed), ("wait_9", Mark::Added)]
    );
    assert_eq!(
        (found.led.as_slice(), found.moved),
        ([].as_slice(), 1),
        "a step that came or went says where the ways lead"
    );
    assert_eq!(
        found.whole.iter().map(|one| one.place.join(".")).collect::<Vec<_>>(),
        ["name", "settings.cool_down_seconds"]
    );
    let back = compare(&after, &before);
    assert_eq!(marks(&back), [("mail_2", Mark::Added), ("wait_1", Mark::Changed), ("wait_9", Mark::Removed)]);
}

#[test]
fn a_way_that_leads_elsewhere_is_told_where_nothing_else_says_so() {
    let before = Blueprint::Recovery.definition("Mine", 10);
    let mut text: serde_json::Value = serde_json::from_str(&before.to_json()).expect("JSON");
    text["nodes"]["mail_1"]["next"] = json!("wait_3");
    text["nodes"]["wait_3"]["next"] = json!("wait_2");
    text["nodes"]["mail_2"]["next"] = json!("mail_3");
    let after = Definition::from_json(&text.to_string()).expect("sound");
    let found = compare(&before, &after);
    assert_eq!(marks(&found), []);
    let led = |from: &str, before: &str, after: &str| Led {
        from: id(from),
        way: "next".into(),
        before: id(before),
        after: id(after),
    };
    assert_eq!(
        found.led,
        [
            led("mail_1", "wait_2", "wait_3"),
            led("mail_2", "wait_3", "mail_3"),
            led("wait_3", "mail_3", "wait_2")
        ]
    );
}

/// Nothing is different from itself; each step is told once, the other way round the other way; what is told is all there is.
#[test]
fn random_versions_are_told_whole() {
    for seed in 0..500 {
        let mut rng = Rng::new(seed);
        let before = journey(&mut rng, Shape::ANY);
        let other = journey(&mut rng, Shape::ANY);
        let chosen = before.nodes.keys().filter(|_| rng.chance(30)).cloned().collect();
        let after = if rng.chance(50) { before.draft(&before.removal(&chosen)).0 } else { other };
        assert!(compare(&before, &before).is_empty(), "seed {seed}");
        let (there, back) = (compare(&before, &after), compare(&after, &before));
        assert_eq!(there.is_empty(), before == after, "seed {seed}");
        let turned: BTreeMap<NodeId, Mark> = back
            .nodes
            .into_iter()
            .map(|(id, mark)| {
                let mark = match mark {
                    Mark::Added => Mark::Removed,
                    Mark::Removed => Mark::Added,
                    Mark::Changed => Mark::Changed,
                };
                (id, mark)
            })
            .collect();
        assert_eq!(there.nodes, turned, "seed {seed}");
        assert_eq!(there.led.len(), back.led.len(), "seed {seed}");
    }
}
