use serde_json::json;

use super::*;
use crate::graphql::types::TimelineKind;
use crate::i18n::install;

fn english() {
    assert!(install(Lang::En, include_str!("../../lang/en.json")));
}

#[test]
fn every_decision_of_the_engine_has_words() {
    english();
    let decisions = [
        "entered",
        "not_admitted",
        "wait_started",
        "wait_over",
        "await_started",
        "event_happened",
        "event_timed_out",
        "condition_yes",
        "condition_no",
        "split",
        "held_out",
        "treated",
        "message_queued",
        "message_silenced",
        "webhook_queued",
        "webhook_silenced",
        "shopper_is_back",
        "goal_reached",
        "goal_not_reached",
        "ended",
    ];
    for code in decisions {
        let line = line(TimelineKind::Decision, code, &json!({}));
        assert_ne!(line.title, code.replace('_', " "), "{code} has no words");
    }
}

#[test]
fn every_reason_for_an_end_has_words() {
    english();
    for reason in cartwheel_domain::journey::EndReason::ALL {
        let said = line(TimelineKind::Decision, "ended", &json!({ "reason": reason.as_str() }));
        assert_ne!(said.why, [reason.as_str().replace('_', " ")], "{reason:?}");
    }
}

#[test]
fn every_event_has_words() {
    english();
    for kind in cartwheel_domain::event::EventKind::ALL {
        let said = line(TimelineKind::Event, kind.as_str(), &json!({ "name": "Wishlist opened" }));
        assert_ne!(said.title, kind.as_str().replace('_', " "), "{kind:?}");
    }
}

#[test]
fn a_decision_shows_the_values_that_decided_it() {
    english();
    let values = json!({ "checks": [{
        "asked": { "test": "cart_value", "at_least": 5000, "currency": "EUR" },
        "seen": { "minor": 7490, "currency": "EUR" },
        "holds": true,
    }] });
    let said = line(TimelineKind::Decision, "condition_yes", &values);
    assert_eq!(said.why.len(), 1);
    assert!(said.why[0].contains("EUR 50.00") && said.why[0].contains("EUR 74.90"), "{said:?}");
}

#[test]
fn a_wait_until_a_time_is_told_with_its_zone() {
    english();
    let values = json!({ "time": "09:00", "weekdays": [], "zone": "Europe/Berlin", "until": 1 });
    let said = line(TimelineKind::Decision, "wait_started", &values);
    assert_eq!((said.title.as_str(), said.why.len()), ("Waits until 09:00 (Europe/Berlin)", 1));
    let on_days = json!({ "time": "09:00", "weekdays": ["friday", "tuesday"], "zone": "UTC" });
    let said = line(TimelineKind::Decision, "wait_started", &on_days);
    assert!(
        said.title.starts_with("Waits until 09:00, ") && said.title.matches(',').count() == 2,
        "{said:?}"
    );
    let for_a_time = line(TimelineKind::Decision, "wait_started", &json!({ "seconds": 60 }));
    assert_eq!(for_a_time.title, "Waits 1 minute");
}

#[test]
fn a_way_is_named_where_there_are_several() {
    english();
    let split =
        r#"{"type":"split","branches":[{"weight":3,"label":"Bold","next":"a"},{"weight":1,"next":"b"}]}"#;
    let split: cartwheel_domain::journey::Node = serde_json::from_str(split).unwrap();
    assert_eq!(way(&split, "branches.0.next").as_deref(), Some("Bold · 75.0%"));
    assert_eq!(way(&split, "branches.1.next").as_deref(), Some("25.0%"));
    assert_eq!(way(&split, "branches.2.next"), None);
    assert_eq!(way(&split, "next"), None);
}

#[test]
fn the_group_is_told_with_its_share() {
    english();
    let said = line(TimelineKind::Decision, "held_out", &json!({ "bucket": 411, "percent": 10 }));
    assert!(said.why[0].contains("10"), "{said:?}");
}

#[test]
fn a_code_of_a_newer_server_is_shown_as_it_is() {
    english();
    assert_eq!(line(TimelineKind::Event, "wish_granted", &json!({})).title, "wish granted");
}

#[test]
fn a_person_without_a_name_is_called_by_the_address() {
    english();
    assert_eq!(person(Some("Ada"), Some("a@example.com")), "Ada");
    assert_eq!(person(Some(" "), Some("a@example.com")), "a@example.com");
    assert_eq!(person(None, None), t::contact_anonymous());
}

#[test]
fn a_refusal_names_its_rule_in_words() {
    english();
    assert!(refusal("de.uwg7.2-no-consent", "").len() > 20);
    assert_eq!(refusal("frequency_cap", ""), t::refusal_cap());
}
