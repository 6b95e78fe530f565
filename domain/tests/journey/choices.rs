//! Which channel a person is tried on.

use crate::build::*;
use cartwheel_domain::journey::{
    Change, Channel, ChannelChoice, ChannelWay, Definition, Facts, Node, PREFERRED_CHANNEL, Reach,
};
use serde_json::json;

fn journey(by_preference: bool) -> Definition {
    let text = json!({"schema": 1, "name": "x", "start": "left", "nodes": {
        "left": {"type": "trigger", "on": ["cart"], "next": "where"},
        "where": {"type": "channel_choice", "by_preference": by_preference, "none": "nobody", "ways": [
            {"channel": "email", "next": "mail"}, {"channel": "sms", "next": "text"}, {"channel": "push", "next": "note"}]},
        "mail": {"type": "exit"}, "text": {"type": "exit"}, "note": {"type": "exit"}, "nobody": {"type": "exit"}}});
    let def = Definition::from_json(&text.to_string()).expect("read");
    def.validate().expect("sound");
    def
}

fn reached(all: &[(Channel, bool, &str, Option<i64>)]) -> Facts {
    let one = |(channel, open, rule, clicked_at): &(Channel, bool, &str, Option<i64>)| {
        (*channel, Reach { open: *open, rule: (*rule).to_owned(), clicked_at: *clicked_at })
    };
    Facts { reach: all.iter().map(one).collect(), ..facts() }
}

/// Where the run ends, and what the decision says.
fn goes(by_preference: bool, facts: &Facts) -> (String, serde_json::Value) {
    let def = journey(by_preference);
    let mut run = run(&def, 1);
    let outcome = advance(&def, &mut run, facts, T0);
    let said =
        outcome.trail.iter().find(|entry| entry.decision.as_str() == "channel_chosen").expect("decided");
    (run.node.as_str().to_owned(), json!(said.values))
}

#[test]
fn the_first_open_channel_is_taken_and_each_that_was_asked_is_told() {
    let facts = reached(&[
        (Channel::Email, false, "suppressed.unsubscribed", None),
        (Channel::Sms, true, "us.tcpa", None),
        (Channel::Push, true, "eu.push", None),
    ]);
    let (end, said) = goes(false, &facts);
    assert_eq!(end, "text");
    assert_eq!(
        said,
        json!({"channel": "sms", "branch": 1, "preferred": null, "asked": [
            {"channel": "email", "open": false, "rule": "suppressed.unsubscribed"},
            {"channel": "sms", "open": true, "rule": "us.tcpa"}]})
    );
}

#[test]
fn who_is_reached_nowhere_goes_the_way_for_that() {
    let closed = [(Channel::Email, false, "no_address", None), (Channel::Sms, false, "no_sms_route", None)];
    let (end, said) = goes(true, &reached(&closed));
    assert_eq!(end, "nobody");
    assert_eq!(said["channel"], json!(null));
    assert_eq!(said["asked"].as_array().map(Vec::len), Some(3), "what nothing is known of is closed");
    assert_eq!(said["asked"][2]["rule"], json!("no_address"));
}

/// A preference goes before the order in which the ways stand: what the person said, then where they clicked last; never past the gate.
#[test]
fn a_preference_comes_first_and_never_past_the_gate() {
    let all = |push: bool| {
        reached(&[
            (Channel::Email, true, "e", Some(T0 - 9)),
            (Channel::Sms, true, "s", Some(T0 - 5)),
            (Channel::Push, push, "p", None),
        ])
    };
    let named = |facts: Facts, value: &str| {
        let mut facts = facts;
        facts.contact.traits.insert(PREFERRED_CHANNEL.into(), json!(value));
        facts
    };
    for (by_preference, facts, end, preferred) in [
        (false, named(all(true), "push"), "mail", json!(null)),
        (true, all(true), "text", json!("sms")),
        (true, named(all(true), " Push "), "note", json!("push")),
        (true, named(all(false), "push"), "text", json!("push")),
        (true, named(all(true), "pigeon"), "text", json!("sms")),
        (
            true,
            reached(&[(Channel::Email, true, "e", None), (Channel::Sms, true, "s", None)]),
            "mail",
            json!(null),
        ),
    ] {
        let (at, said) = goes(by_preference, &facts);
        assert_eq!((at.as_str(), &said["preferred"]), (end, &preferred), "{said}");
    }
}

#[test]
fn a_choice_that_cannot_be_is_refused_with_its_place() {
    let problems = |ways: serde_json::Value| {
        let text = json!({"schema": 1, "name": "x", "start": "left", "nodes": {
            "left": {"type": "trigger", "on": ["cart"], "next": "where"},
            "where": {"type": "channel_choice", "ways": ways, "none": "end"}, "end": {"type": "exit"}}});
        let found =
            Definition::from_json(&text.to_string()).and_then(|def| def.validate()).expect_err("refused");
        found.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(problems(json!([])), ["node \"where\", ways: must not be empty"]);
    let twice = json!([{"channel": "sms", "next": "end"}, {"channel": "sms", "next": "end"}]);
    assert_eq!(problems(twice), ["node \"where\", ways: \"sms\" stands here twice"]);
    let post = problems(json!([{"channel": "post", "next": "end"}]));
    assert!(post.len() == 1 && post[0].starts_with("node \"where\", ways.0.channel: "), "{post:?}");
}

/// A way belongs to its channel: whatever is done to their order and number, each leads where it led, and a new one to where nobody's does.
#[test]
fn ways_keep_where_they_lead() {
    let def = journey(false);
    let choice = |channels: &[Channel]| {
        let any = || id("left");
        let ways = channels.iter().map(|channel| ChannelWay { channel: *channel, next: any() }).collect();
        Box::new(Node::ChannelChoice(ChannelChoice { ways, by_preference: true, none: any() }))
    };
    let led = |def: &Definition| {
        let targets = def.node(&id("where")).expect("there").targets();
        targets.into_iter().map(|(_, to)| to.as_str().to_owned()).collect::<Vec<_>>()
    };
    let set = |def: &Definition, channels: &[Channel]| {
        def.with(&[Change::Set { node: id("where"), to: choice(channels) }]).expect("taken")
    };
    let turned = set(&def, &[Channel::Push, Channel::Email]);
    assert_eq!(led(&turned), ["note", "mail", "nobody"]);
    assert!(turned.node(&id("text")).is_none(), "what stood only on the way that went goes with it");
    let again = set(&turned, &[Channel::Push, Channel::Email, Channel::Sms]);
    assert_eq!(led(&again), ["note", "mail", "nobody", "nobody"]);
}
