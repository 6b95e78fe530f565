use super::*;
use serde_json::{Value, json};

fn millis(text: &str) -> Millis {
    crate::time::parse_rfc3339(text).expect("an instant")
}

#[test]
fn the_packs_of_this_build_are_sound() {
    let book = check_builtin().expect("sound");
    let ids: Vec<&str> = book.packs().iter().map(|p| p.id.as_str()).collect();
    assert_eq!(ids, ["any", "strictest", "de", "at", "ch", "fr", "it", "gb", "us"]);
    assert_eq!(PolicyBook::builtin().packs().len(), ids.len());
}

#[test]
fn a_country_has_its_pack_and_the_rest_the_strictest() {
    let book = check_builtin().expect("sound");
    let now = millis("2026-11-22T10:00:00Z");
    for (country, pack) in [
        ("DE", "de"),
        ("AT", "at"),
        ("CH", "ch"),
        ("FR", "fr"),
        ("RE", "fr"),
        ("IT", "it"),
        ("UK", "gb"),
        ("US", "us"),
        ("PR", "us"),
        ("ES", "strictest"),
        ("CA", "strictest"),
        ("AU", "strictest"),
        ("ZZ", "strictest"),
    ] {
        assert_eq!(
            book.applicable(country.parse().ok(), now).map(|a| a.pack.id.as_str()),
            Some(pack),
            "{country}"
        );
    }
    assert_eq!(book.applicable(None, now).map(|a| a.pack.id.as_str()), Some("strictest"));
    assert!(PolicyBook::default().applicable(None, now).is_none());
}

#[test]
fn packs_give_the_hours_and_caps_of_text_messages_and_none_of_mail() {
    let book = check_builtin().expect("sound");
    let us = book.applicable("US".parse().ok(), millis("2026-11-22T10:00:00Z")).expect("a pack");
    let sms = us.quiet_hours(Channel::Sms).expect("quiet hours");
    assert_eq!((sms.from().to_string(), sms.to().to_string()), ("20:00".into(), "09:00".into()));
    assert_eq!(us.quiet_hours(Channel::Email), None);
    assert_eq!((us.daily_cap(Channel::Sms), us.daily_cap(Channel::Email)), (Some(3), None));
}

#[test]
fn the_newest_version_in_force_applies() {
    let old = include_str!("packs/de.json");
    let new = old.replace("\"version\": 1", "\"version\": 2").replace("2022-01-01", "2027-01-01");
    let book = PolicyBook::read(&[("new.json", &new), ("old.json", old)]).expect("sound");
    let version = |at: &str| book.applicable("DE".parse().ok(), millis(at)).map(|a| a.pack.version);
    assert_eq!(version("2026-12-31T23:59:59.999Z"), Some(1));
    assert_eq!(version("2027-01-01T00:00:00Z"), Some(2));
    assert_eq!(version("2021-12-31T23:59:59Z"), None);
    for (from, to) in [("\"version\": 2", "\"version\": 1"), ("2027-01-01", "2022-01-01")] {
        assert!(PolicyBook::read(&[("a.json", &new.replace(from, to)), ("b.json", old)]).is_err());
    }
}

/// The German pack with one thing changed.
fn changed(change: impl FnOnce(&mut Value)) -> Result<PolicyBook, PackError> {
    let mut pack: Value = serde_json::from_str(include_str!("packs/de.json")).expect("JSON");
    change(&mut pack);
    PolicyBook::read(&[("de.json", &pack.to_string())])
}

#[test]
fn unsound_packs_are_refused_with_the_place_named() {
    type Change = fn(&mut Value);
    let rows: [(Change, &str); 24] = [
        (|p| p["id"] = json!(""), "id, version"),
        (|p| p["version"] = json!(0), "id, version"),
        (|p| p["surprise"] = json!(1), "JSON"),
        (|p| p["pixel"] = json!("perhaps"), "JSON"),
        (|p| p["valid_from"] = json!("soon"), "JSON"),
        (|p| p["countries"] = json!(["Deutschland"]), "JSON"),
        (|p| p["quiet_hours"] = json!({"sms": {"from": "20:00", "to": "20:00"}}), "JSON"),
        (|p| p["quiet_hours"] = json!({"sms": {"from": "24:00", "to": "20:00"}}), "JSON"),
        (|p| p["blocks"][0]["purposes"] = json!([]), "de.uwg7.2-no-consent"),
        (|p| p["blocks"][0]["purposes"] = json!(["service"]), "de.uwg7.2-no-consent"),
        (|p| p["blocks"][0]["purposes"] = json!(["cart_email", "cart_email"]), "de.uwg7.2-no-consent"),
        (|p| p["blocks"][0]["refusal"]["id"] = json!("fr.no"), "fr.no"),
        (|p| p["blocks"][0]["refusal"]["cite"] = json!(""), "de.uwg7.2-no-consent"),
        (|p| p["blocks"][0]["conditions"]["opt_out_line"] = json!(false), "de.uwg7.2-no-consent"),
        (|p| p["blocks"][0]["grants"][0]["id"] = json!("de.UWG"), "de.UWG"),
        (|p| p["blocks"][0]["grants"][0]["id"] = json!("de."), "de."),
        (|p| p["blocks"][0]["grants"][0]["cite"] = json!(" "), "de.uwg7.2-consent"),
        (|p| p["blocks"][0]["grants"][0]["methods"] = json!([]), "de.uwg7.2-consent"),
        (|p| p["blocks"][0]["grants"][0]["needs"] = json!(["own_address"]), "de.uwg7.2-consent"),
        (|p| p["blocks"][0]["grants"][0]["classes"] = json!(["transactional"]), "de.uwg7.2-consent"),
        (|p| p["blocks"][0]["grants"][1]["methods"] = json!(["api"]), "de.uwg7.3-customer"),
        (|p| p["blocks"][0]["grants"][1]["dealing"] = json!(null), "de.uwg7.3-customer"),
        (|p| p["blocks"][0]["grants"][1]["id"] = json!("de.uwg7.2-consent"), "blocks"),
        (
            |p| {
                p["blocks"][0]["grants"][0] =
                    json!({"id": "de.x", "cite": "x", "basis": "opt_out", "max_age_days": 1})
            },
            "de.x",
        ),
    ];
    for (n, (change, place)) in rows.into_iter().enumerate() {
        let error = changed(change).expect_err("unsound");
        assert_eq!((error.file.as_str(), error.place.as_str()), ("de.json", place), "row {n}: {error}");
    }
    let unbounded = json!({"id": "de.x", "cite": "x", "basis": "legitimate_interest", "max_per_cart": 1});
    assert_eq!(changed(|p| p["blocks"][0]["grants"][0] = unbounded).expect_err("unsound").place, "de.x");
    let service = json!({"id": "de.x", "cite": "x", "basis": "service"});
    assert_eq!(changed(|p| p["blocks"][0]["grants"][0] = service).expect_err("unsound").place, "de.x");
    assert!(changed(|_| ()).is_ok());
}

#[test]
fn overrides_are_checked_before_they_are_stored() {
    let book = check_builtin().expect("sound");
    let sound = json!({
        "id": "ovr_1", "pack": "de", "signed_by": "Kanzlei Muster", "reason": "opinion of 2026-10-01", "at": 1,
        "switched_off": ["de.uwg7.3-customer"],
        "added": [{"channel": "email", "purposes": ["cart_email"],
            "grant": {"id": "store.quote", "cite": "opinion", "basis": "legitimate_interest", "max_per_cart": 1, "within_hours": 72}}],
    });
    let check = |change: fn(&mut Value)| {
        let mut value = sound.clone();
        change(&mut value);
        serde_json::from_value::<Override>(value).expect("an override").check(&book)
    };
    assert_eq!(check(|_| ()), Ok(()));
    type Change = fn(&mut Value);
    let rows: [(Change, &str); 6] = [
        (|o| o["signed_by"] = json!(" "), "signed_by, reason"),
        (|o| o["reason"] = json!(""), "signed_by, reason"),
        (|o| o["pack"] = json!("zz"), "pack"),
        (|o| o["switched_off"] = json!(["de.nothing"]), "de.nothing"),
        (|o| o["added"][0]["grant"]["id"] = json!("de.mine"), "de.mine"),
        (|o| o["added"][0]["purposes"] = json!([]), "store.quote"),
    ];
    for (change, place) in rows {
        assert_eq!(check(change).expect_err("unsound").place, place);
    }
}
