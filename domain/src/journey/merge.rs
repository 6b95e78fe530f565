//! Two versions of a journey side by side, and one taken over where another was changed meanwhile.
//!
//! A version is read as its places, such as `nodes.wait_1.seconds`, each with a value. Lists are one value; so is a whole node
//! whose type is not the same in the versions compared, for fields of different types do not mix.

use super::{Definition, Problem};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

/// A place at which two versions differ.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    /// Where, such as `nodes.wait_1.seconds`; outermost first.
    pub place: Vec<String>,
    /// What stands there before; `None`: nothing.
    pub before: Option<Value>,
    /// What stands there after; `None`: nothing.
    pub after: Option<Value>,
}

/// A version taken over.
#[derive(Debug, Clone, PartialEq)]
pub struct Merged {
    /// What comes of it, or why that is no sound journey.
    pub definition: Result<Definition, Vec<Problem>>,
    /// What was changed locally and stays: `before` is what is taken over from, `after` is what stays.
    pub kept: Vec<Difference>,
}

type Places = BTreeMap<Vec<String>, Value>;

fn node_types(value: &Value) -> BTreeMap<&str, &str> {
    let nodes = value["nodes"].as_object().into_iter().flatten();
    nodes.map(|(id, node)| (id.as_str(), node["type"].as_str().unwrap_or_default())).collect()
}

/// The ids of nodes that have one type wherever they are.
fn mixable(versions: &[&Value]) -> BTreeSet<String> {
    let all: Vec<_> = versions.iter().map(|v| node_types(v)).collect();
    let ids: BTreeSet<&str> = all.iter().flat_map(|types| types.keys().copied()).collect();
    let same = |id: &&str| all.iter().filter_map(|types| types.get(id)).collect::<BTreeSet<_>>().len() == 1;
    ids.into_iter().filter(same).map(str::to_owned).collect()
}

fn flatten(value: &Value, place: &mut Vec<String>, mixable: &BTreeSet<String>, places: &mut Places) {
    let whole = matches!(place.as_slice(), [nodes, id] if nodes == "nodes" && !mixable.contains(id));
    match value {
        Value::Object(fields) if !whole && (!fields.is_empty() || place.is_empty()) => {
            for (name, inner) in fields {
                place.push(name.clone());
                flatten(inner, place, mixable, places);
                place.pop();
            }
        }
        leaf => {
            places.insert(place.clone(), leaf.clone());
        }
    }
}

fn places(value: &Value, mixable: &BTreeSet<String>) -> Places {
    let mut found = Places::new();
    flatten(value, &mut Vec::new(), mixable, &mut found);
    found
}

fn value(definition: &Definition) -> Value {
    serde_json::from_str(&definition.to_json()).unwrap_or_default()
}

fn between(before: &Places, after: &Places) -> Vec<Difference> {
    let all: BTreeSet<&Vec<String>> = before.keys().chain(after.keys()).collect();
    let differ = all.into_iter().filter(|place| before.get(*place) != after.get(*place));
    differ
        .map(|place| Difference {
            place: place.clone(),
            before: before.get(place).cloned(),
            after: after.get(place).cloned(),
        })
        .collect()
}

/// Where two versions differ, in the order of the places.
pub fn differences(before: &Definition, after: &Definition) -> Vec<Difference> {
    let (before, after) = (value(before), value(after));
    let mixable = mixable(&[&before, &after]);
    between(&places(&before, &mixable), &places(&after, &mixable))
}

/// Whether it is about where a node stands in the drawing.
fn is_drawing(place: &[String]) -> bool {
    place.first().is_some_and(|first| first == "places")
}

fn assembled(places: Places) -> Value {
    let mut whole = Value::Object(Map::new());
    for (place, leaf) in places {
        let mut at = &mut whole;
        for name in &place {
            if !at.is_object() {
                *at = Value::Object(Map::new());
            }
            at = &mut at[name.as_str()];
        }
        *at = leaf;
    }
    whole
}

/// Takes `library` over into `local`, both of which came from `base`: what was changed locally since stays, everything else
/// becomes as the library has it. The name stays the local one in any case.
pub fn merge(base: &Definition, library: &Definition, local: &Definition) -> Merged {
    let versions = [value(base), value(library), value(local)];
    let mixable = mixable(&[&versions[0], &versions[1], &versions[2]]);
    let [base, library, own] = versions.map(|version| places(&version, &mixable));
    let mut merged = library.clone();
    let mut kept = Vec::new();
    for change in between(&base, &own) {
        let now = library.get(&change.place).cloned();
        let place = change.place;
        let mut settle = |value: Option<Value>| match value {
            Some(value) => merged.insert(place.clone(), value),
            None => merged.remove(&place),
        };
        settle(change.after.clone());
        if now != change.after {
            kept.push(Difference { before: now, after: change.after, place });
        }
    }
    let name = vec!["name".to_owned()];
    if let Some(own) = own.get(&name) {
        merged.insert(name.clone(), own.clone());
        kept.retain(|one| one.place != name);
    }
    // Where nodes stand in the drawing is nobody's concern but the store's; a place goes with its node.
    kept.retain(|one| !is_drawing(&one.place));
    let nodes: BTreeSet<String> =
        merged.keys().filter(|place| place[0] == "nodes").filter_map(|place| place.get(1).cloned()).collect();
    merged.retain(|place, _| !is_drawing(place) || place.get(1).is_some_and(|node| nodes.contains(node)));
    let definition = Definition::from_json(&assembled(merged).to_string())
        .and_then(|definition| definition.validate().map(|()| definition));
    Merged { definition, kept }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journey::default_recovery_journey;
    use serde_json::json;

    fn start() -> Definition {
        default_recovery_journey()
    }

    fn with(changes: &[(&str, Value)]) -> Definition {
        let mut whole = value(&start());
        for (pointer, to) in changes {
            *whole.pointer_mut(pointer).expect("a place") = to.clone();
        }
        Definition::from_json(&whole.to_string()).expect("sound")
    }

    fn told(list: &[Difference]) -> Vec<(String, Option<Value>, Option<Value>)> {
        list.iter().map(|d| (d.place.join("."), d.before.clone(), d.after.clone())).collect()
    }

    #[test]
    fn a_difference_is_told_by_its_place() {
        let after =
            with(&[("/nodes/wait_1/seconds", json!(60)), ("/settings/exit_on_purchase", json!(true))]);
        assert_eq!(differences(&start(), &start()), []);
        let waits = start();
        let before = value(&waits)["nodes"]["wait_1"]["seconds"].clone();
        assert_eq!(
            told(&differences(&waits, &after)),
            [("nodes.wait_1.seconds".into(), Some(before), Some(json!(60)))]
        );
    }

    #[test]
    fn what_was_changed_locally_stays_and_the_rest_follows() {
        let base = start();
        let library = with(&[("/nodes/wait_1/seconds", json!(60)), ("/nodes/wait_2/seconds", json!(120))]);
        let local = with(&[
            ("/nodes/control/percent", json!(25)),
            ("/nodes/wait_2/seconds", json!(999)),
            ("/name", json!("Ours")),
        ]);
        let merged = merge(&base, &library, &local);
        let percent = value(&base)["nodes"]["control"]["percent"].clone();
        let kept = [
            ("nodes.control.percent".to_owned(), Some(percent), Some(json!(25))),
            ("nodes.wait_2.seconds".to_owned(), Some(json!(120)), Some(json!(999))),
        ];
        assert_eq!(told(&merged.kept), kept);
        let made = value(&merged.definition.expect("sound"));
        assert_eq!(made["nodes"]["wait_1"]["seconds"], 60);
        assert_eq!(made["nodes"]["wait_2"]["seconds"], 999);
        assert_eq!(made["nodes"]["control"]["percent"], 25);
        assert_eq!(made["name"], "Ours");
    }

    #[test]
    fn a_node_that_is_new_comes_and_one_that_is_gone_goes() {
        let mut more = value(&start());
        more["nodes"]["wait_1"]["next"] = json!("extra");
        more["nodes"]["extra"] = json!({ "type": "wait", "seconds": 5, "next": "mail_1" });
        let more = Definition::from_json(&more.to_string()).expect("sound");
        let local = with(&[("/nodes/wait_1/seconds", json!(7))]);
        let merged = merge(&start(), &more, &local);
        let grown = merged.definition.expect("sound");
        assert_eq!(value(&grown)["nodes"]["extra"]["seconds"], 5);
        assert_eq!(value(&grown)["nodes"]["wait_1"]["seconds"], 7);
        let back = merge(&more, &start(), &grown).definition.expect("sound");
        assert_eq!(value(&back)["nodes"]["extra"], Value::Null);
    }

    #[test]
    fn what_would_be_no_journey_any_more_is_said_and_not_made() {
        // The library takes out a node that was changed locally: what is left of it is no node.
        let mut less = value(&start());
        less["nodes"]["wait_3"]["next"] = json!("wait_4");
        less["nodes"].as_object_mut().expect("nodes").remove("mail_3");
        let less = Definition::from_json(&less.to_string()).expect("sound");
        let local = with(&[("/nodes/mail_3/template", json!("recovery_1"))]);
        let merged = merge(&start(), &less, &local);
        assert!(merged.definition.is_err());
        assert_eq!(merged.kept.len(), 1);
    }

    #[test]
    fn the_drawing_stays_and_a_place_goes_with_its_node() {
        let mut less = value(&start());
        less["nodes"]["wait_3"]["next"] = json!("wait_4");
        less["nodes"].as_object_mut().expect("nodes").remove("mail_3");
        let less = Definition::from_json(&less.to_string()).expect("sound");
        let mut local = start();
        for name in ["mail_3", "wait_1"] {
            local.places.insert(name.parse().expect("an id"), crate::journey::Place(3, 4));
        }
        let merged = merge(&start(), &less, &local);
        assert_eq!(merged.kept, []);
        let made = value(&merged.definition.expect("sound"));
        assert_eq!(made["places"], json!({ "wait_1": [3, 4] }));
    }

    #[test]
    fn nodes_of_another_type_do_not_mix() {
        let mut other = value(&start());
        other["nodes"]["wait_2"] = json!({ "type": "goal", "on": "order_placed", "next": "mail_2" });
        let other = Definition::from_json(&other.to_string()).expect("sound");
        let local = with(&[("/nodes/wait_2/seconds", json!(7))]);
        let merged = merge(&start(), &other, &local);
        assert_eq!(value(&merged.definition.expect("sound"))["nodes"]["wait_2"]["seconds"], 7);
        assert_eq!(merged.kept.len(), 1, "the whole node is kept");
    }

    proptest::proptest! {
        /// Whatever was changed on the two sides: nothing changed locally takes all, nothing changed in the library keeps all.
        #[test]
        fn one_side_alone_is_taken_as_it_is(waits in proptest::collection::vec(1i64..90_000, 4), percent in 0i64..50) {
            let names = ["wait_1", "wait_2", "wait_3", "wait_4"];
            let mut whole = value(&start());
            for (name, seconds) in names.iter().zip(&waits) {
                whole["nodes"][*name]["seconds"] = json!(seconds);
            }
            whole["nodes"]["control"]["percent"] = json!(percent);
            let changed = Definition::from_json(&whole.to_string()).expect("sound");
            let taken = merge(&start(), &changed, &start());
            proptest::prop_assert_eq!(taken.definition.expect("sound"), changed.clone());
            proptest::prop_assert!(taken.kept.is_empty());
            let kept = merge(&start(), &start(), &changed);
            proptest::prop_assert_eq!(kept.definition.expect("sound"), changed);
        }
    }
}
