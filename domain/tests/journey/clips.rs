//! Several steps at once: copied, put in, taken out.

use crate::{
    build::{exit, graph, id, message, trigger, wait},
    generate::{Shape, journey},
    rng::Rng,
};
use cartwheel_domain::journey::{
    Blueprint, Change, Code, Definition, Node, NodeId, default_recovery_journey,
};
use serde_json::json;
use std::collections::BTreeSet;

fn ids(names: &[&str]) -> BTreeSet<NodeId> {
    names.iter().map(|name| id(name)).collect()
}

fn condition(yes: &str, no: &str) -> serde_json::Value {
    json!({"type": "condition", "if": {"test": "has_email"}, "yes": yes, "no": no})
}

/// Every way of a journey, as `from.way>to`.
fn ways(def: &Definition) -> Vec<String> {
    let all = def.nodes.iter().flat_map(|(from, node)| {
        node.targets().into_iter().map(move |(way, to)| format!("{from}.{way}>{to}")).collect::<Vec<_>>()
    });
    all.collect()
}

fn pasted(def: &Definition, clip: &Definition, after: &str, way: &str) -> Definition {
    let change = def.graft(clip, &id(after), way).expect("steps");
    def.with(&[change]).unwrap_or_else(|problems| panic!("{problems:?}"))
}

/// A question with a step on each way, which meet again.
fn diamond() -> Definition {
    graph(
        json!({"start": trigger("ask"), "ask": condition("plain", "dear"), "plain": wait(60, "mail"), "dear": wait(90, "mail"),
        "mail": message("end"), "end": exit()}),
    )
}

#[test]
fn ways_between_copies_stay_and_the_others_lead_on() {
    let def = diamond();
    let clip = def.clip(&ids(&["ask", "plain", "dear", "mail", "start", "end"])).expect("steps");
    assert_eq!(clip.validate(), Ok(()));
    let twice = pasted(&def, &clip, "mail", "next");
    let expected = [
        "ask.yes>plain",
        "ask.no>dear",
        "condition_1.yes>wait_2",
        "condition_1.no>wait_1",
        "dear.next>mail",
        "mail.next>condition_1",
        "message_1.next>end",
        "plain.next>mail",
        "start.next>ask",
        "wait_1.next>message_1",
        "wait_2.next>message_1",
    ];
    let mut told = ways(&twice);
    told.sort();
    let mut expected: Vec<String> = expected.iter().map(ToString::to_string).collect();
    // Which of the two waits is drawn first is the drawing's affair.
    if told.contains(&"condition_1.yes>wait_1".to_owned()) {
        for way in &mut expected {
            *way = way
                .replace("yes>wait_2", "yes>wait_x")
                .replace("no>wait_1", "no>wait_2")
                .replace("yes>wait_x", "yes>wait_1");
        }
    }
    expected.sort();
    assert_eq!(told, expected);
    assert_eq!(twice.nodes[&id("condition_1")], {
        let mut same = def.nodes[&id("ask")].clone();
        if let (Node::Condition(copy), Node::Condition(made)) = (&mut same, &twice.nodes[&id("condition_1")])
        {
            (copy.yes, copy.no) = (made.yes.clone(), made.no.clone());
        }
        same
    });
}

#[test]
fn what_was_left_out_between_two_is_bridged() {
    let def = diamond();
    let clip = def.clip(&ids(&["ask", "mail"])).expect("steps");
    assert!(
        ways(&clip).contains(&"ask.yes>mail".to_owned()) && ways(&clip).contains(&"ask.no>mail".to_owned())
    );
    // Two that no way joins come one after the other.
    let clip = def.clip(&ids(&["plain", "dear"])).expect("steps");
    assert_eq!(clip.nodes.len(), 4);
    let row: Vec<String> =
        ways(&clip).into_iter().filter(|way| way.starts_with("plain") || way.starts_with("dear")).collect();
    assert!(
        row == ["dear.next>end", "plain.next>dear"] || row == ["dear.next>plain", "plain.next>end"],
        "{row:?}"
    );
}

#[test]
fn a_copy_asks_about_its_own_message_and_a_lone_one_about_the_old() {
    let def = Blueprint::Quote.definition("Quote", 10);
    let all = def.nodes.keys().cloned().collect();
    let clip = def.clip(&all).expect("steps");
    assert!(!clip.nodes.values().any(|node| matches!(node, Node::Holdout(_))), "one of each");
    let (way, _) = def.way_after(&ids(&["mail_1"])).expect("a way");
    let twice = def.with(&[def.graft(&clip, &way, "next").expect("steps")]).expect("sound");
    let asked = |name: &str| match &twice.nodes[&id(name)] {
        Node::WaitForEvent(wait) => wait.message.clone(),
        _ => None,
    };
    assert_eq!((asked("clicked_1"), asked("wait_for_event_1")), (Some(id("mail_1")), Some(id("message_1"))));
    let alone = def.clip(&ids(&["clicked_1"])).expect("a step");
    let more = def.with(&[def.graft(&alone, &id("mail_1"), "next").expect("steps")]).expect("sound");
    assert!(
        matches!(&more.nodes[&id("wait_for_event_1")], Node::WaitForEvent(wait) if wait.message == Some(id("mail_1")))
    );
    // Where that message is not, it is told at the copy.
    let elsewhere = Blueprint::Empty.definition("Mine", 10);
    let (_, way) = elsewhere.way_after(&BTreeSet::new()).expect("a way");
    let foreign = elsewhere.with(&[elsewhere.graft(&alone, &elsewhere.start, &way).expect("steps")]);
    let problems = foreign.expect_err("asks about nothing");
    assert_eq!(
        (problems[0].code, problems[0].node.as_deref()),
        (Code::NotAMessage, Some("wait_for_event_1"))
    );
}

#[test]
fn nothing_to_copy_is_nothing() {
    let def = default_recovery_journey();
    assert_eq!(def.clip(&ids(&["left", "control", "done", "nowhere"])), None);
    assert_eq!(def.graft(&Blueprint::Empty.definition("x", 0), &id("left"), "next"), None);
    assert_eq!(def.removal(&ids(&["left", "done", "nowhere"])), []);
}

#[test]
fn a_graft_that_does_not_fit_is_refused_with_its_place() {
    let def = default_recovery_journey();
    let clip = def.clip(&ids(&["wait_1"])).expect("a step");
    let Some(Change::Graft { first, nodes, .. }) = def.graft(&clip, &id("wait_2"), "next") else {
        panic!("no graft")
    };
    let said = |after: &str, way: &str, first: &NodeId, nodes: &std::collections::BTreeMap<NodeId, Node>| {
        let change =
            Change::Graft { after: id(after), way: way.into(), first: first.clone(), nodes: nodes.clone() };
        def.with(&[change]).expect_err("refused")[0].to_string()
    };
    let taken = [(id("mail_1"), nodes[&first].clone())].into();
    for (told, expected) in [
        (said("nowhere", "next", &first, &nodes), "node \"nowhere\", next: there is no node \"nowhere\""),
        (said("wait_2", "yes", &first, &nodes), "node \"wait_2\", yes: there is no node \"yes\""),
        (said("wait_2", "next", &id("other"), &nodes), "node \"wait_2\", next: there is no node \"other\""),
        (said("wait_2", "next", &first, &taken), "node \"mail_1\": \"mail_1\" stands here twice"),
    ] {
        assert_eq!(told, expected);
    }
    let text = serde_json::to_string(&Change::Arrange).expect("JSON");
    assert_eq!(
        (text.as_str(), serde_json::from_str::<Change>(&text).expect("read")),
        (r#"{"change":"arrange"}"#, Change::Arrange)
    );
}

#[test]
fn of_several_ways_the_one_with_most_on_it_stays() {
    let def = graph(
        json!({"start": trigger("ask"), "ask": condition("end", "a"), "a": wait(60, "b"), "b": wait(90, "end"), "end": exit()}),
    );
    let less = def.with(&def.removal(&ids(&["ask"]))).expect("sound");
    assert_eq!(ways(&less), ["a.next>b", "b.next>end", "start.next>a"]);
    let none = def.with(&def.removal(&def.nodes.keys().cloned().collect())).expect("sound");
    assert_eq!(ways(&none), ["start.next>end"]);
}

#[test]
fn something_comes_after_the_last_chosen_and_before_an_end() {
    let def = diamond();
    let after = |names: &[&str]| def.way_after(&ids(names)).map(|(id, way)| format!("{id}.{way}"));
    assert_eq!(after(&[]).as_deref(), Some("start.next"));
    assert_eq!(after(&["ask", "mail", "plain"]).as_deref(), Some("mail.next"));
    assert_eq!(after(&["ask"]).as_deref(), Some("ask.yes"));
    assert_eq!(after(&["end"]).as_deref(), Some("mail.next"));
}

/// Whatever is chosen: the copy is a sound journey, it can be put in anywhere behind the control group, the old steps stay as they
/// were, and taking the new ones out gives the old journey back. Without its control group a journey takes anything anywhere.
#[test]
fn random_steps_are_copied_put_in_and_taken_out() {
    let mut grafted = 0;
    for seed in 0..3_000 {
        let mut rng = Rng::new(seed);
        let def = journey(&mut rng, Shape::ANY);
        let chosen: BTreeSet<NodeId> = def.nodes.keys().filter(|_| rng.chance(40)).cloned().collect();
        let steps = def
            .in_drawing_order(&chosen)
            .into_iter()
            .filter(|id| !matches!(def.nodes[*id], Node::Trigger(_) | Node::Holdout(_) | Node::Exit(_)))
            .count();
        let Some(clip) = def.clip(&chosen) else {
            assert_eq!(steps, 0, "seed {seed}");
            continue;
        };
        assert_eq!(clip.nodes.len(), steps + 2, "seed {seed}: every step, and nothing else");
        let shape = clip.validate().err().unwrap_or_default();
        assert!(shape.iter().all(|problem| problem.code == Code::NotAMessage), "seed {seed}: {shape:?}");
        assert_eq!(
            Definition::from_json(&clip.to_json()).as_ref(),
            Ok(&clip),
            "seed {seed}: it travels as text"
        );
        let names: Vec<_> = def.nodes.keys().cloned().collect();
        let after = rng.pick(&names).clone();
        let Some((way, _)) = def.nodes[&after].targets().into_iter().next() else { continue };
        let change = def.graft(&clip, &after, &way).expect("steps");
        let Change::Graft { nodes, .. } = &change else { panic!("no graft") };
        assert_eq!(nodes.len(), steps, "seed {seed}");
        match def.with(std::slice::from_ref(&change)) {
            Ok(grown) => {
                grafted += 1;
                assert_eq!(grown.nodes.len(), def.nodes.len() + steps, "seed {seed}");
                for (id, node) in def.nodes.iter().filter(|(id, _)| **id != after) {
                    assert_eq!(&grown.nodes[id], node, "seed {seed}: {id} is as it was");
                }
                let new: BTreeSet<NodeId> = nodes.keys().cloned().collect();
                let back = grown.with(&grown.removal(&new)).unwrap_or_else(|p| panic!("seed {seed}: {p:?}"));
                assert_eq!(back, def, "seed {seed}");
            }
            Err(problems) => assert!(
                problems.iter().all(|p| p.code == Code::MessageBeforeHoldout),
                "seed {seed}: only the control group may forbid it: {problems:?}"
            ),
        }
        let less = def.draft(&def.removal(&chosen));
        assert_eq!(less.1, [], "seed {seed}: each removal fits");
        let gone = chosen.iter().filter(|id| !matches!(def.nodes[*id], Node::Trigger(_) | Node::Exit(_)));
        assert!(
            gone.into_iter().all(|id| !less.0.nodes.contains_key(id) || leads_to_itself(&less.0, id)),
            "seed {seed}"
        );
    }
    assert!(grafted > 1_500, "{grafted}");
}

fn leads_to_itself(def: &Definition, id: &NodeId) -> bool {
    def.nodes[id].targets().iter().any(|(_, to)| *to == id)
}
