use serde_json::{Value, json};

use super::*;
use crate::i18n::{Lang, install};

fn entry(action: &str, actor: &str, subject: &str, detail: Value) -> Entry {
    serde_json::from_value(json!({
        "seq": 1, "at": "2026-11-22T10:00:00Z", "actor": actor, "action": action, "storeId": "store_1", "subject": subject,
        "detail": detail,
    }))
    .unwrap()
}

fn known() -> Known {
    let mut known = Known::default();
    known.learn("member_ann", "Ann");
    known.learn("member_ben", "Ben");
    known.learn("store_1", "Lamps");
    known.learn("key_1", "ERP (cwa_1234)");
    known
}

fn english() {
    assert!(install(Lang::En, include_str!("../../../lang/en.json")));
}

fn title(action: &str, actor: &str, subject: &str, detail: Value) -> String {
    audit(&entry(action, actor, subject, detail), &known()).title
}

#[test]
fn every_action_of_the_server_is_a_sentence() {
    english();
    let cases = [
        ("organisation.made", "org_1", json!({ "kind": "agency" }), "Ann signed up with this organisation"),
        (
            "store.settings_changed",
            "store_1",
            json!({ "changed": ["name"] }),
            "Ann changed settings of Lamps",
        ),
        (
            "store.erased",
            "store_1",
            json!({ "kept_until": 0 }),
            "The people in Lamps were erased: its plan was over for long",
        ),
        ("store.made", "store_1", json!({ "live": true }), "Ann made the store Lamps"),
        (
            "journey.published",
            "journey_1",
            json!({ "version": 3, "name": "Recovery" }),
            "Ann published version 3 of “Recovery”",
        ),
        (
            "template.saved",
            "template_1",
            json!({ "key": "recovery_1", "language": "de", "formality": "formal", "version": 2 }),
            "Ann saved version 2 of “First reminder” (DE)",
        ),
        ("journey.switched", "journey_1", json!({ "to": "off" }), "Ann switched a journey off"),
        (
            "member.invited",
            "invitation_1",
            json!({ "email": "nora@lamps.example", "role": "editor" }),
            "Ann invited nora@lamps.example (Editor)",
        ),
        (
            "invitation.withdrawn",
            "invitation_1",
            json!({ "email": "nora@lamps.example" }),
            "Ann withdrew the invitation for nora@lamps.example",
        ),
        (
            "member.role_changed",
            "member_ben",
            json!({ "from": "editor", "to": "analyst" }),
            "Ann changed a role: Ben, from Editor to Analyst",
        ),
        ("member.removed", "member_ben", json!({ "role": "editor", "keys_in_force": 0 }), "Ann removed Ben"),
        (
            "mail_provider.made",
            "provider_1",
            json!({ "host": "smtp.lamps.example" }),
            "Ann added a mail server",
        ),
        ("mail_provider.changed", "provider_1", json!({ "enabled": false }), "Ann changed a mail server"),
        ("mail_provider.deleted", "provider_1", json!({}), "Ann deleted a mail server"),
        ("mail_provider.ordered", "store_1", json!({}), "Ann put the mail servers in another order"),
        ("mail.hooks_replaced", "store_1", json!({}), "Ann replaced the addresses for what comes back"),
        ("mail.resumed", "store_1", json!({ "messages": 3 }), "Ann let the mail of Lamps go on"),
        (
            "mail.guarded",
            "store_1",
            json!({ "state": "paused", "why": "bounces" }),
            "The mail of Lamps was paused: too much came back",
        ),
        (
            "api_key.made",
            "key_2",
            json!({ "name": "Shop system", "role": "analyst", "expires_at": null }),
            "Ann made the key “Shop system” (Analyst)",
        ),
        ("api_key.revoked", "key_2", json!({ "name": "Shop system" }), "Ann revoked the key “Shop system”"),
        ("detail.erased", "member_x", json!({ "entries": 2 }), "Ann erased what 2 entries said of somebody"),
    ];
    for (action, subject, detail, sentence) in cases {
        assert_eq!(title(action, "member_ann", subject, detail), sentence);
    }
    let joined = title("member.joined", "member_ben", "member_ben", json!({ "role": "editor" }));
    assert_eq!(joined, "Ben joined (Editor)");
    assert_eq!(title("member.removed", "member_ben", "member_ben", json!({})), "Ben left");
}

#[test]
fn whoever_acts_is_named_as_far_as_known() {
    english();
    let by = |actor| title("store.made", actor, "store_1", json!({}));
    assert_eq!(by("system"), "Cartwheel made the store Lamps");
    assert_eq!(by("shop"), "The shop made the store Lamps");
    assert_eq!(by("key_1"), "The key ERP (cwa_1234) made the store Lamps");
    assert_eq!(by("key_9"), "A key of the API made the store Lamps");
    assert_eq!(by("member_gone"), "A former member made the store Lamps");
    let mut known = known();
    known.learn("member_vera", "vera de Groot");
    let line = audit(&entry("store.made", "member_vera", "store_1", json!({})), &known);
    assert_eq!(line.title, "vera de Groot made the store Lamps", "a name stays as its bearer writes it");
}

#[test]
fn somebody_who_has_gone_is_called_by_the_address_they_were_invited_under() {
    english();
    let entries = [
        entry("member.removed", "member_ann", "member_nora", json!({ "keys_in_force": 2 })),
        entry(
            "member.joined",
            "member_nora",
            "member_nora",
            json!({ "invitation": "invitation_1", "role": "editor" }),
        ),
        entry(
            "member.invited",
            "member_ann",
            "invitation_1",
            json!({ "email": "nora@lamps.example", "role": "editor" }),
        ),
    ];
    let mut known = known();
    known.learn_from(&entries);
    let line = audit(&entries[0], &known);
    assert_eq!(line.title, "Ann removed nora@lamps.example");
    assert_eq!(line.why, ["2 keys of the organisation stayed in force"]);
}

#[test]
fn an_action_of_a_newer_server_is_shown_as_it_is() {
    english();
    assert_eq!(title("wish.granted", "member_ann", "x", json!({ "deep": [1] })), "Ann: wish.granted");
}

#[test]
fn what_was_erased_is_said_to_be() {
    english();
    let line = audit(&entry("member.invited", "member_ann", "invitation_1", Value::Null), &known());
    assert_eq!(line.title, "Ann invited … (…)");
    assert_eq!(line.why, [t::audit_gone()]);
}

#[test]
fn changed_settings_are_called_as_the_form_calls_them_each_once() {
    english();
    let changed = json!({ "changed": ["sender_name", "cap_messages", "cap_window_seconds", "moon_phase"] });
    let line = audit(&entry("store.settings_changed", "member_ann", "store_1", changed), &known());
    assert_eq!(line.why, ["Sender’s name, Limit of messages, moon phase"]);
}

#[test]
fn every_language_says_every_action_without_a_gap() {
    for (lang, json) in [
        (Lang::De, include_str!("../../../lang/de.json")),
        (Lang::Fr, include_str!("../../../lang/fr.json")),
        (Lang::It, include_str!("../../../lang/it.json")),
    ] {
        assert!(install(lang, json));
        let said = title(
            "member.role_changed",
            "member_gone",
            "member_ben",
            json!({ "from": "owner", "to": "admin" }),
        );
        for part in [t::role_name_owner(), t::role_name_admin(), "Ben".to_owned()] {
            assert!(said.contains(&part), "{said}");
        }
        assert!(said.chars().next().is_some_and(char::is_uppercase), "{said}");
    }
}
