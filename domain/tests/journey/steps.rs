//! One step after another: tables.

use crate::build::*;
use cartwheel_domain::{
    event::{CartKind, EventKind},
    journey::{
        Arrived, Awaited, CartStatus, Effect, EndReason, Group, JourneyState, PAUSE_RECHECK, PUT_OFF,
        RunStatus, Transition, default_recovery_journey, keys, step,
    },
    time::{DAY, HOUR, MINUTE, SECOND},
};
use serde_json::json;

type Change = fn(&mut cartwheel_domain::journey::Facts);

fn reason(t: &Transition) -> Option<EndReason> {
    match t {
        Transition::End { reason, .. } => Some(*reason),
        Transition::Wait { .. } => None,
    }
}

#[test]
fn default_journey_writes_after_1_24_and_48_hours() {
    let def = default_recovery_journey();
    let mut run = run(&def, contact_in_group(false));
    let facts = facts();
    let first = advance(&def, &mut run, &facts, T0);
    assert_eq!(decisions(&first), ["entered", "treated", "wait_started"]);
    assert!(matches!(first.effects[..], [Effect::Exposure { group: Group::Treated, percent: 10, .. }]));
    let mut history = Vec::new();
    while run.status != RunStatus::Ended {
        let at = run.wake_at;
        let outcome = advance(&def, &mut run, &facts, at);
        history.extend(sent(&outcome).into_iter().map(|(node, visit)| (node, visit, (at - T0) / HOUR)));
        if run.status == RunStatus::Ended {
            assert_eq!(reason(&outcome.transition), Some(EndReason::Completed));
            assert_eq!(decisions(&outcome), ["wait_over", "goal_not_reached", "ended"]);
            assert_eq!(at - T0, 7 * DAY);
        }
    }
    assert_eq!(history, [("mail_1".into(), 1, 1), ("mail_2".into(), 1, 24), ("mail_3".into(), 1, 48)]);
}

#[test]
fn first_mail_is_informational_and_the_key_is_the_send_key() {
    let def = default_recovery_journey();
    let mut run = run(&def, contact_in_group(false));
    advance(&def, &mut run, &facts(), T0);
    let outcome = advance(&def, &mut run, &facts(), T0 + HOUR);
    let [Effect::SendMessage { node, visit, template, content_class, purpose, send_key, .. }] =
        &outcome.effects[..]
    else {
        panic!("{:?}", outcome.effects)
    };
    assert_eq!(
        (template.as_str(), content_class.as_str(), purpose.as_str()),
        ("recovery_1", "informational", "cart_email")
    );
    assert_eq!(*send_key, keys::send_key(run.store_id, run.run_id, node, *visit));
}

#[test]
fn held_out_people_go_all_the_way_and_hear_nothing() {
    let def = default_recovery_journey();
    let mut run = run(&def, contact_in_group(true));
    let mut effects = Vec::new();
    let mut said = Vec::new();
    let mut last = None;
    while run.status != RunStatus::Ended {
        let at = run.wake_at;
        let outcome = advance(&def, &mut run, &facts(), at);
        said.extend(decisions(&outcome));
        last = reason(&outcome.transition);
        effects.extend(outcome.effects);
    }
    assert!(matches!(effects[..], [Effect::Exposure { group: Group::HeldOut, .. }]), "{effects:?}");
    assert_eq!(said.iter().filter(|s| **s == "message_silenced").count(), 3);
    assert_eq!(last, Some(EndReason::HeldOut));
}

#[test]
fn a_finished_cart_ends_the_run_wherever_it_is() {
    let def = default_recovery_journey();
    let cases: [(Change, EndReason); 7] = [
        (|f| f.cart.status = CartStatus::Converted, EndReason::Converted),
        (|f| f.cart.status = CartStatus::Recovered, EndReason::Recovered),
        (|f| f.cart.status = CartStatus::Expired, EndReason::Expired),
        (|f| f.ordered_since_entry = true, EndReason::Ordered),
        (|f| f.contact.erased = true, EndReason::Erased),
        (|f| f.cart.excluded = true, EndReason::Excluded),
        (|f| f.journey = JourneyState::Off, EndReason::JourneyOff),
    ];
    for (change, expected) in cases {
        let mut facts = facts();
        change(&mut facts);
        for begun in [false, true] {
            let mut run = run(&def, contact_in_group(false));
            if begun {
                advance(&def, &mut run, &self::facts(), T0);
            }
            let outcome = step(&def, &run, &facts, T0 + HOUR);
            assert_eq!(reason(&outcome.transition), Some(expected));
            assert!(sent(&outcome).is_empty(), "{expected:?}");
            let goals = outcome.effects.iter().filter(|e| matches!(e, Effect::GoalReached { .. })).count();
            assert_eq!(goals, usize::from(expected.is_purchase()), "{expected:?}");
        }
    }
}

#[test]
fn a_quote_may_go_on_after_the_order_if_it_says_so() {
    let mut def = graph(json!({"start": trigger("w"), "w": wait(60, "m"), "m": message("g"),
        "g": {"type": "goal", "on": "order_placed", "next": "end"}, "end": exit()}));
    def.settings.exit_on_purchase = false;
    let mut facts = facts();
    facts.ordered_since_entry = true;
    facts.cart.status = CartStatus::Converted;
    for (kind, sends) in [(CartKind::Quote, 1), (CartKind::Cart, 0), (CartKind::Checkout, 0)] {
        facts.cart.kind = kind;
        let mut run = run(&def, 1);
        let begun = advance(&def, &mut run, &facts, T0);
        assert_eq!(reason(&begun.transition).is_none(), sends == 1, "{kind:?}");
        if sends == 1 {
            let outcome = advance(&def, &mut run, &facts, T0 + MINUTE);
            assert_eq!(sent(&outcome).len(), 1);
            assert_eq!(decisions(&outcome), ["wait_over", "message_queued", "goal_reached", "ended"]);
        }
    }
}

#[test]
fn never_early() {
    let def = default_recovery_journey();
    let mut run = run(&def, contact_in_group(false));
    advance(&def, &mut run, &facts(), T0);
    for early in [T0 + HOUR - 1, T0, T0 - DAY, T0 - 365 * DAY] {
        let outcome = step(&def, &run, &facts(), early);
        let stays = Transition::Wait { node: id("wait_1"), visit: 1, wake_at: T0 + HOUR, wait_for: None };
        assert_eq!((outcome.transition, outcome.effects.len(), outcome.trail.len()), (stays, 0, 0));
        assert_eq!(outcome.context, run.context);
    }
}

#[test]
fn lateness_is_forgiven_in_part_and_waits_stay_waits() {
    let def = graph(
        json!({"start": trigger("a"), "a": wait(3600, "b"), "b": wait(86_400, "c"), "c": wait(60, "end"), "end": exit()}),
    );
    for (late, b_shorter, c_shorter) in
        [(0, 0, 0), (10 * MINUTE, 10 * MINUTE, 3 * SECOND), (3 * DAY, 15 * MINUTE, 3 * SECOND)]
    {
        let mut run = run(&def, 1);
        advance(&def, &mut run, &facts(), T0);
        let now = run.wake_at + late;
        advance(&def, &mut run, &facts(), now);
        assert_eq!(run.wake_at, now + DAY - b_shorter, "late by {late}");
        let now = run.wake_at + late;
        advance(&def, &mut run, &facts(), now);
        assert_eq!(run.wake_at, now + MINUTE - c_shorter, "late by {late}");
    }
}

#[test]
fn a_wait_of_no_seconds_goes_on_at_once() {
    let def = graph(json!({"start": trigger("w"), "w": wait(0, "m"), "m": message("end"), "end": exit()}));
    let outcome = step(&def, &run(&def, 1), &facts(), T0);
    assert_eq!(decisions(&outcome), ["entered", "wait_over", "message_queued", "ended"]);
}

fn waiting_for_a_click() -> cartwheel_domain::journey::Definition {
    graph(json!({"start": trigger("m"), "m": message("w"),
        "w": {"type": "wait_for_event", "events": ["clicked", "cart_updated", "product_viewed"], "message": "m",
              "timeout_seconds": 3600, "happened": "yes", "timed_out": "no"},
        "yes": message("end"), "no": message("end"), "end": exit()}))
}

#[test]
fn an_event_in_time_an_event_too_late_and_none() {
    let def = waiting_for_a_click();
    let mut run = run(&def, 7);
    let begun = advance(&def, &mut run, &facts(), T0);
    let Some(Effect::RegisterWait { waits, until, .. }) = begun.effects.last() else {
        panic!("{:?}", begun.effects)
    };
    let keys: Vec<_> = waits.iter().map(|(e, key)| (e.as_str(), key.clone())).collect();
    assert_eq!(
        keys,
        [
            ("clicked", run.run_id.to_string()),
            ("cart_updated", run.cart_id.to_string()),
            ("product_viewed", run.contact_id.to_string()),
        ]
    );
    assert_eq!(*until, T0 + HOUR);
    let clicked = |at| Some(Arrived { event: Awaited::Clicked, at });
    let ordered = Some(Arrived { event: Awaited::Event(EventKind::OrderPlaced), at: T0 + 1 });
    // (arrived, now) → the message that follows; none when it still waits
    let table = [
        (clicked(T0 + 5), T0 + 6, Some("yes")),
        (clicked(T0 + HOUR - 1), T0 + 2 * HOUR, Some("yes")),
        (clicked(T0 - 5), T0 - 4, Some("yes")),
        (clicked(T0 + HOUR), T0 + 2 * HOUR, Some("no")),
        (ordered, T0 + 6, None),
        (None, T0 + HOUR - 1, None),
        (None, T0 + HOUR, Some("no")),
    ];
    for (arrived, now, expected) in table {
        let mut facts = facts();
        facts.arrived = arrived;
        let outcome = step(&def, &run, &facts, now);
        assert_eq!(sent(&outcome).first().map(|(node, _)| node.as_str()), expected, "{arrived:?} at {now}");
        assert_eq!(outcome.effects.first() == Some(&Effect::ClearWaits), expected.is_some(), "{arrived:?}");
        if expected.is_none() {
            let Transition::Wait { wake_at, wait_for, .. } = outcome.transition else { panic!("ended") };
            assert_eq!((wake_at, wait_for), (T0 + HOUR, run.waiting_for.clone()));
        }
    }
}

#[test]
fn an_end_clears_what_was_waited_for() {
    let def = waiting_for_a_click();
    let mut run = run(&def, 7);
    advance(&def, &mut run, &facts(), T0);
    let mut facts = facts();
    facts.cart.status = CartStatus::Expired;
    assert_eq!(step(&def, &run, &facts, T0 + 1).effects, [Effect::ClearWaits]);
}

#[test]
fn a_wait_for_event_in_a_loop_clears_before_it_registers_anew() {
    let def = graph(json!({"start": trigger("w"),
        "w": {"type": "wait_for_event", "events": ["cart_updated"], "timeout_seconds": 60, "happened": "w", "timed_out": "end"},
        "end": exit()}));
    let mut run = run(&def, 7);
    advance(&def, &mut run, &facts(), T0);
    let mut facts = facts();
    facts.arrived = Some(Arrived { event: Awaited::Event(EventKind::CartUpdated), at: T0 + 1 });
    let outcome = advance(&def, &mut run, &facts, T0 + 2);
    assert!(
        matches!(outcome.effects[..], [Effect::ClearWaits, Effect::RegisterWait { .. }]),
        "{:?}",
        outcome.effects
    );
    assert_eq!((run.visit, run.wake_at), (2, T0 + 2 + MINUTE));
}

#[test]
fn nobody_is_reminded_while_in_the_shop() {
    let def = default_recovery_journey();
    let mut run = run(&def, contact_in_group(false));
    advance(&def, &mut run, &facts(), T0);
    let mut back = facts();
    back.cart.status = CartStatus::Active;
    let put_off = advance(&def, &mut run, &back, T0 + HOUR);
    assert_eq!(decisions(&put_off), ["wait_over", "shopper_is_back"]);
    assert_eq!((run.node.as_str(), run.visit, run.wake_at), ("mail_1", 1, T0 + HOUR + PUT_OFF));
    back.cart.status = CartStatus::Checkout;
    let still = advance(&def, &mut run, &back, T0 + HOUR + PUT_OFF);
    assert_eq!((decisions(&still).len(), sent(&still).len()), (0, 0));
    let now = run.wake_at;
    let left_again = advance(&def, &mut run, &facts(), now);
    assert_eq!(sent(&left_again), [("mail_1".to_owned(), 1)]);
    assert_eq!(run.node.as_str(), "wait_2");
}

#[test]
fn a_paused_journey_keeps_its_place() {
    let def = waiting_for_a_click();
    let mut run = run(&def, 7);
    advance(&def, &mut run, &facts(), T0);
    let mut paused = facts();
    paused.journey = JourneyState::Paused;
    paused.arrived = Some(Arrived { event: Awaited::Clicked, at: T0 + 5 });
    let before = run.clone();
    let outcome = advance(&def, &mut run, &paused, T0 + 6);
    assert_eq!((outcome.effects.len(), outcome.trail.len(), run.wake_at), (0, 0, T0 + 6 + PAUSE_RECHECK));
    assert_eq!((&run.node, run.visit, &run.waiting_for), (&before.node, before.visit, &before.waiting_for));
    paused.journey = JourneyState::Active;
    let now = run.wake_at;
    assert_eq!(sent(&step(&def, &run, &paused, now)), [("yes".to_owned(), 1)]);
}

#[test]
fn the_trigger_takes_only_what_it_names() {
    let def = graph(json!({"start": {"type": "trigger", "on": ["quote"], "next": "end",
        "filter": {"test": "cart_lines", "at_least": 2}}, "end": exit()}));
    let mut facts = facts();
    assert_eq!(reason(&step(&def, &run(&def, 1), &facts, T0).transition), Some(EndReason::NotAdmitted));
    facts.cart.kind = CartKind::Quote;
    assert_eq!(reason(&step(&def, &run(&def, 1), &facts, T0).transition), Some(EndReason::Completed));
    facts.cart.lines.truncate(1);
    assert_eq!(reason(&step(&def, &run(&def, 1), &facts, T0).transition), Some(EndReason::NotAdmitted));
}

#[test]
fn a_loop_makes_new_keys_and_has_an_end() {
    let def = graph(json!({"start": trigger("m"), "m": message("w"),
        "w": {"type": "wait_for_event", "events": ["cart_updated"], "timeout_seconds": 60, "happened": "end", "timed_out": "m"},
        "end": exit()}));
    let mut run = run(&def, 1);
    let mut keys = std::collections::BTreeSet::new();
    let mut last = None;
    while run.status != RunStatus::Ended {
        let at = run.wake_at;
        let outcome = advance(&def, &mut run, &facts(), at);
        for effect in &outcome.effects {
            if let Effect::SendMessage { send_key, .. } = effect {
                assert!(keys.insert(send_key.clone()), "a key came twice");
            }
        }
        last = reason(&outcome.transition);
    }
    assert_eq!((last, keys.len()), (Some(EndReason::LoopLimit), 100));
}

#[test]
fn a_graph_that_points_nowhere_ends_the_run() {
    let def = graph(json!({"start": trigger("gone"), "end": exit()}));
    assert_eq!(reason(&step(&def, &run(&def, 1), &facts(), T0).transition), Some(EndReason::Broken));
    let mut lost = run(&def, 1);
    lost.node = id("never");
    lost.visit = 3;
    assert_eq!(reason(&step(&def, &lost, &facts(), T0).transition), Some(EndReason::Broken));
    let spin = graph(json!({"start": trigger("a"), "a": wait(0, "b"), "b": wait(0, "a")}));
    assert_eq!(reason(&step(&spin, &run(&spin, 1), &facts(), T0).transition), Some(EndReason::LoopLimit));
}

#[test]
fn every_decision_carries_the_values_that_decided_it() {
    let def = graph(json!({"start": trigger("c"),
        "c": {"type": "condition", "if": {"test": "cart_value", "at_least": 5000, "currency": "EUR"}, "yes": "s", "no": "end"},
        "s": {"type": "split", "branches": [{"weight": 1, "label": "a", "next": "end"}, {"weight": 3, "next": "end"}]},
        "end": exit()}));
    let outcome = step(&def, &run(&def, 1), &facts(), T0);
    assert_eq!(decisions(&outcome), ["entered", "condition_yes", "split", "ended"]);
    assert_eq!(
        outcome.trail[1].values["checks"],
        json!([{"asked": {"test": "cart_value", "at_least": 5000, "currency": "EUR"},
        "seen": {"minor": 5990, "currency": "EUR"}, "holds": true}])
    );
    assert_eq!(outcome.trail[2].values["weights"], json!([1, 3]));
    assert!(outcome.trail.iter().all(|t| t.at == T0));
}

/// 09:00 on a wall in Berlin, wherever the server stands; on the days that are named, over a change of the clock too.
#[test]
fn a_wait_until_ends_by_the_recipients_clock() {
    let at = |time: &str| cartwheel_domain::time::parse_rfc3339(time).expect("a time");
    let journey = |days: &str| {
        let text = format!(
            r#"{{"schema":1,"name":"x","start":"left","nodes":{{"left":{{"type":"trigger","on":["cart"],"next":"nine"}},
            "nine":{{"type":"wait_until","time":"09:00","weekdays":{days},"next":"end"}},"end":{{"type":"exit"}}}}}}"#
        );
        let def = cartwheel_domain::journey::Definition::from_json(&text).expect("read");
        def.validate().expect("sound");
        def
    };
    for (days, now, zone, until) in [
        ("[]", "2026-11-02T07:59:59Z", chrono_tz::Europe::Berlin, "2026-11-02T08:00:00Z"),
        ("[]", "2026-11-02T08:00:00Z", chrono_tz::Europe::Berlin, "2026-11-03T08:00:00Z"),
        ("[]", "2026-11-02T10:00:00Z", chrono_tz::America::New_York, "2026-11-02T14:00:00Z"),
        // Summer time ends in the night to Sunday, the 25th.
        ("[]", "2026-10-24T10:00:00Z", chrono_tz::Europe::Berlin, "2026-10-25T08:00:00Z"),
        (
            r#"["tuesday","thursday"]"#,
            "2026-11-02T10:00:00Z",
            chrono_tz::Europe::Berlin,
            "2026-11-03T08:00:00Z",
        ),
        (r#"["monday"]"#, "2026-11-02T10:00:00Z", chrono_tz::Europe::Berlin, "2026-11-09T08:00:00Z"),
    ] {
        let def = journey(days);
        let mut run = run(&def, 1);
        (run.wake_at, run.entered_at) = (at(now), at(now));
        let mut facts = facts();
        facts.zone = zone;
        let first = advance(&def, &mut run, &facts, at(now));
        assert_eq!(decisions(&first), ["entered", "wait_started"]);
        assert_eq!(run.wake_at, at(until), "{days} {now} {zone}");
        let early = step(&def, &run, &facts, at(until) - 1);
        assert!(early.trail.is_empty() && early.effects.is_empty());
        let second = advance(&def, &mut run, &facts, at(until) + SECOND);
        assert_eq!(decisions(&second), ["wait_over", "ended"]);
    }
}

/// What a run writes down it knows from there on, in the very same step too; tags know no case.
#[test]
fn what_is_written_down_is_known_at_once() {
    let text = r#"{"schema":1,"name":"x","start":"left","nodes":{"left":{"type":"trigger","on":["cart"],"next":"mark"},
        "mark":{"type":"update_contact","add_tags":["Left Twice","VIP"],"remove_tags":["new"],"set_traits":{"tier":"gold","old":null},"next":"asked"},
        "asked":{"type":"condition","if":{"test":"all","of":[{"test":"has_tag","tag":"left twice"},{"test":"trait_equals","name":"tier","value":"gold"},
            {"test":"not","of":{"test":"has_tag","tag":"NEW"}}]},"yes":"end","no":"other"},
        "other":{"type":"exit"},"end":{"type":"exit"}}}"#;
    let def = cartwheel_domain::journey::Definition::from_json(text).expect("read");
    def.validate().expect("sound");
    let mut run = run(&def, 1);
    let mut facts = facts();
    facts.contact.tags = ["New", "vip"].map(str::to_owned).into();
    facts.contact.traits.insert("old".into(), json!(1));
    let before = facts.clone();
    let outcome = advance(&def, &mut run, &facts, T0);
    assert_eq!(decisions(&outcome), ["entered", "contact_updated", "condition_yes", "ended"]);
    assert_eq!(facts, before, "the step changes nothing itself");
    let [Effect::UpdateContact { change }] = &outcome.effects[..] else { panic!("{:?}", outcome.effects) };
    let (mut tags, mut traits) = (facts.contact.tags.clone(), facts.contact.traits.clone());
    assert!(change.apply(&mut tags, &mut traits));
    assert_eq!(
        tags.into_iter().collect::<Vec<_>>(),
        ["Left Twice", "vip"],
        "who has a tag keeps it as it is written"
    );
    assert_eq!(json!(traits), json!({ "tier": "gold" }));
}

#[test]
fn what_cannot_be_written_down_is_refused() {
    let problems = |node: &str| {
        let text = format!(
            r#"{{"schema":1,"name":"x","start":"left","nodes":{{"left":{{"type":"trigger","on":["cart"],"next":"mark"}},"mark":{node},"end":{{"type":"exit"}}}}}}"#
        );
        let def = cartwheel_domain::journey::Definition::from_json(&text);
        let found = def.and_then(|def| def.validate()).expect_err("refused");
        found.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    let twenty_one: Vec<String> = (0..21).map(|n| format!("\"{n}\"")).collect();
    for (fields, said) in [
        (String::new(), "node \"mark\", add_tags: must not be empty"),
        (r#""add_tags":[" "],"#.into(), "node \"mark\", add_tags.0: must not be empty"),
        (
            r#""add_tags":["vip"],"remove_tags":["VIP"],"#.into(),
            "node \"mark\", remove_tags.0: \"VIP\" stands here twice",
        ),
        (
            r#""set_traits":{"a":[]},"#.into(),
            "node \"mark\", set_traits.a: must be a text, a number, true or false",
        ),
        (
            format!(r#""add_tags":[{}],"#, twenty_one.join(",")),
            "node \"mark\", add_tags: longer than 20 tags and traits",
        ),
    ] {
        assert_eq!(problems(&format!(r#"{{"type":"update_contact",{fields}"next":"end"}}"#)), [said]);
    }
}
