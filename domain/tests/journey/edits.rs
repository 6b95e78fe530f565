//! Changes of the console's form.

use crate::build::id;
use cartwheel_domain::{
    journey::{Change, Definition, Node, default_recovery_journey, default_recovery_journey_with},
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
