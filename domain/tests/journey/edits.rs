//! Changes of the console's form.

use crate::build::id;
use cartwheel_domain::{
    journey::{Blueprint, Change, Definition, Node, default_recovery_journey, default_recovery_journey_with},
    locale::Language,
};

fn shown(result: Result<Definition, Vec<cartwheel_domain::journey::Problem>>) -> Vec<String> {
    result.err().into_iter().flatten().map(|p| p.to_string()).collect()
}

#[test]
fn changes_make_a_new_definition() {
    let old = default_recovery_journey();
    let copy = old.clone();
    let new = old
        .with(&[
            Change::SetName { name: " Spring ".into() },
            Change::SetWait { node: id("wait_1"), seconds: 60 },
            Change::SetHoldout { percent: 25 },
            Change::SetTemplate { node: id("mail_1"), template: "spring".into() },
            Change::SetSubject { node: id("mail_1"), language: Language::De, subject: "Dein Korb".into() },
            Change::SetSubject { node: id("mail_1"), language: Language::Fr, subject: "Panier".into() },
            Change::SetSubject { node: id("mail_1"), language: Language::Fr, subject: " ".into() },
            Change::SetCoolDown { seconds: 3600 },
        ])
        .expect("valid");
    assert_eq!(old, copy, "the published version stays");
    assert_eq!(
        (new.name.as_str(), new.holdout().map(|(_, p)| p), new.settings.cool_down_seconds),
        ("Spring", Some(25), 3600)
    );
    let Some(Node::Message(mail)) = new.node(&id("mail_1")) else { panic!("gone") };
    assert_eq!(
        (mail.template.as_str(), mail.subject.clone()),
        ("spring", [(Language::De, "Dein Korb".into())].into())
    );
    assert!(matches!(new.node(&id("wait_1")), Some(Node::Wait(w)) if w.seconds == 60));
}

#[test]
fn a_change_that_does_not_fit_is_refused_whole() {
    let def = default_recovery_journey();
    let refused = shown(def.with(&[
        Change::SetWait { node: id("mail_1"), seconds: 60 },
        Change::SetTemplate { node: id("nowhere"), template: "x".into() },
        Change::SetHoldout { percent: 5 },
    ]));
    assert_eq!(
        refused,
        [
            "node \"mail_1\", seconds: this change needs a node of the kind wait",
            "node \"nowhere\", template: there is no node \"nowhere\"",
        ]
    );
    let invalid =
        shown(def.with(&[
            Change::SetWait { node: id("wait_1"), seconds: -1 },
            Change::SetHoldout { percent: 101 },
        ]));
    assert_eq!(
        invalid,
        ["node \"control\", percent: must be at most 100", "node \"wait_1\", seconds: must be at least 0"]
    );
}

#[test]
fn a_store_can_choose_the_size_of_its_holdout() {
    for (asked, got) in [(0, 0), (20, 20), (-3, 0), (500, 100)] {
        let def = default_recovery_journey_with(asked);
        assert_eq!(def.holdout().map(|(_, p)| p), Some(got));
        assert_eq!(def.validate(), Ok(()));
    }
}

#[test]
fn changes_travel_as_json() {
    let change =
        Change::SetSubject { node: id("mail_1"), language: Language::It, subject: "Carrello".into() };
    let text = serde_json::to_string(&change).expect("JSON");
    assert_eq!(text, r#"{"change":"set_subject","node":"mail_1","language":"it","subject":"Carrello"}"#);
    assert_eq!(serde_json::from_str::<Change>(&text).expect("read"), change);
}

fn message() -> Box<Node> {
    let text = r#"{"type":"message","channel":"email","template":"recovery_1","content_class":"informational","purpose":"cart_email","next":"x"}"#;
    Box::new(serde_json::from_str(text).expect("a message"))
}

fn node(text: &str) -> Box<Node> {
    Box::new(serde_json::from_str(text).expect("a node"))
}

fn insert(name: &str, after: &str, way: &str, node: Box<Node>) -> Change {
    Change::Insert { id: id(name), after: id(after), way: way.into(), node }
}

/// Every way of a journey, as `from.way>to`.
fn ways(def: &Definition) -> Vec<String> {
    let all = def.nodes.iter().flat_map(|(from, node)| {
        node.targets().into_iter().map(move |(way, to)| format!("{from}.{way}>{to}")).collect::<Vec<_>>()
    });
    all.collect()
}

#[test]
fn a_journey_is_drawn_from_nothing() {
    let empty = Blueprint::Empty.definition("Mine", 10);
    let wait = node(r#"{"type":"wait","seconds":3600,"next":"x"}"#);
    let asks = node(r#"{"type":"condition","if":{"test":"has_tag","tag":"vip"},"yes":"x","no":"x"}"#);
    let drawn = empty
        .with(&[
            insert("wait_1", "left", "next", wait.clone()),
            insert("condition_1", "wait_1", "next", asks),
            insert("message_1", "condition_1", "yes", message()),
            insert("wait_2", "condition_1", "no", wait),
        ])
        .expect("sound");
    let expected = [
        "condition_1.yes>message_1",
        "condition_1.no>wait_2",
        "left.next>wait_1",
        "message_1.next>end",
        "wait_1.next>condition_1",
        "wait_2.next>end",
    ];
    assert_eq!(ways(&drawn), expected);
    assert_eq!((drawn.free_id("wait").as_str(), drawn.free_id("goal").as_str()), ("wait_3", "goal_1"));
    // What is taken out is bridged; what nothing leads to any more goes along.
    let without = drawn.with(&[Change::Remove { node: id("wait_1"), keep: None }]).expect("sound");
    assert!(ways(&without).contains(&"left.next>condition_1".to_owned()));
    let straight =
        drawn.with(&[Change::Remove { node: id("condition_1"), keep: Some("no".into()) }]).expect("sound");
    assert_eq!(ways(&straight), ["left.next>wait_1", "wait_1.next>wait_2", "wait_2.next>end"]);
}

#[test]
fn what_cannot_be_drawn_is_refused_with_its_place() {
    let def = default_recovery_journey();
    let wait = || node(r#"{"type":"wait","seconds":5,"next":"x"}"#);
    let remove = |name: &str| Change::Remove { node: id(name), keep: None };
    for (change, said) in [
        (insert("wait_1", "left", "next", wait()), "node \"wait_1\": \"wait_1\" stands here twice"),
        (insert("wait_9", "nowhere", "next", wait()), "node \"nowhere\", next: there is no node \"nowhere\""),
        (insert("wait_9", "left", "yes", wait()), "node \"left\", yes: there is no node \"yes\""),
        (
            insert("m_9", "left", "next", message()),
            "node \"m_9\": this message can come before the holdout \"control\", so the silent group would hear of it",
        ),
        (remove("left"), "node \"left\": this change needs a node of the kind between trigger and exit"),
        (remove("done"), "node \"done\": this change needs a node of the kind between trigger and exit"),
        (remove("nowhere"), "node \"nowhere\": there is no node \"nowhere\""),
        (
            Change::Set { node: id("mail_1"), to: wait() },
            "node \"mail_1\": this change needs a node of the kind wait",
        ),
    ] {
        assert_eq!(shown(def.with(&[change])), [said]);
    }
    // Somebody asks about the message that goes.
    let quote = Blueprint::Quote.definition("Quote", 0);
    let gone = shown(quote.with(&[remove("mail_1")]));
    assert_eq!(gone, ["node \"clicked_1\", message: \"mail_1\" is no message of this journey"]);
}

#[test]
fn values_are_set_and_the_ways_stay() {
    let def = default_recovery_journey();
    let only_quotes =
        node(r#"{"type":"trigger","on":["quote"],"re_entry":{"rule":"once"},"next":"nowhere"}"#);
    let new = def.with(&[Change::Set { node: id("left"), to: only_quotes }]).expect("sound");
    assert_eq!(ways(&new), ways(&def));
    assert!(
        matches!(new.node(&id("left")), Some(Node::Trigger(t)) if t.on == [cartwheel_domain::event::CartKind::Quote])
    );
    // A branch more leads where the last one does; with one less, what it alone led to goes.
    let split = |n: usize| {
        let branches: Vec<String> = (0..n).map(|_| r#"{"weight":1,"next":"x"}"#.to_owned()).collect();
        node(&format!(r#"{{"type":"split","branches":[{}]}}"#, branches.join(",")))
    };
    let drawn = Blueprint::Empty.definition("Mine", 0).with(&[
        insert("split_1", "left", "next", split(2)),
        insert("wait_1", "split_1", "branches.1.next", node(r#"{"type":"wait","seconds":5,"next":"x"}"#)),
        Change::Set { node: id("split_1"), to: split(3) },
    ]);
    let drawn = drawn.expect("sound");
    assert!(ways(&drawn).contains(&"split_1.branches.2.next>wait_1".to_owned()));
}

#[test]
fn a_draft_is_drawn_as_far_as_it_goes() {
    let def = default_recovery_journey();
    let (drawn, left) = def.draft(&[
        Change::SetHoldout { percent: 400 },
        Change::Remove { node: id("nowhere"), keep: None },
        Change::SetName { name: "Mine".into() },
    ]);
    assert_eq!((drawn.name.as_str(), drawn.holdout().map(|(_, percent)| percent)), ("Mine", Some(400)));
    assert_eq!(
        left.iter().map(ToString::to_string).collect::<Vec<_>>(),
        ["node \"nowhere\": there is no node \"nowhere\""]
    );
}

#[test]
fn every_blueprint_can_be_published_and_is_named() {
    for blueprint in Blueprint::ALL {
        let def = blueprint.definition("  Ours ", 25);
        assert_eq!((def.validate(), def.name.as_str()), (Ok(()), "Ours"), "{blueprint:?}");
        assert!(def.holdout().is_none_or(|(_, percent)| percent == 25));
    }
}

/// Whatever is put in or taken out, what is accepted is sound, and what was put in can be taken out again.
#[test]
fn random_journeys_are_changed_and_stay_sound() {
    use crate::{
        generate::{Shape, journey},
        rng::Rng,
    };
    let mut changed = 0;
    for seed in 0..2_000 {
        let mut rng = Rng::new(seed);
        let def = journey(&mut rng, Shape::ANY);
        let names: Vec<_> = def.nodes.keys().cloned().collect();
        let after = rng.pick(&names).clone();
        let Some((way, _)) = def.nodes[&after].targets().into_iter().next() else { continue };
        let new = def.free_id("wait");
        let wait = node(r#"{"type":"wait","seconds":5,"next":"x"}"#);
        let grown = def
            .with(&[Change::Insert { id: new.clone(), after, way, node: wait }])
            .expect("a wait fits anywhere");
        assert_eq!(grown.nodes.len(), def.nodes.len() + 1, "seed {seed}");
        let back = grown.with(&[Change::Remove { node: new, keep: None }]).expect("and goes");
        assert_eq!(back, def, "seed {seed}");
        if let Ok(less) = def.with(&[Change::Remove { node: rng.pick(&names).clone(), keep: None }]) {
            assert!(less.nodes.len() < def.nodes.len() && less.validate().is_ok(), "seed {seed}");
            changed += 1;
        }
    }
    assert!(changed > 500, "{changed}");
}
