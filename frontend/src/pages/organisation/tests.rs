use leptos::prelude::*;
use serde_json::json;

use super::keys::is_over;
use super::make_key::{is_name, last_moment};
use super::members::may_touch;
use super::{choices, roles};
use crate::api::Refusal;
use crate::graphql::types::{Role, Time};
use crate::i18n::{Lang, install, t};
use crate::route::Part;
use crate::words;

fn english() {
    assert!(install(Lang::En, include_str!("../../../lang/en.json")));
}

#[test]
fn nobody_is_offered_a_role_above_their_own() {
    assert_eq!(roles(Role::Editor).collect::<Vec<_>>(), [Role::Support, Role::Analyst, Role::Editor]);
    assert_eq!(roles(Role::Owner).count(), Role::ALL.len());
}

#[test]
fn sums_and_plans_are_told_as_people_read_them() {
    english();
    assert_eq!(super::billing::name("starter"), "Starter");
    assert!(super::billing::money(2_950, "CHF").contains("29.50"));
}

#[test]
fn only_admins_change_the_team_and_none_above_themselves() {
    for own in Role::ALL {
        for theirs in Role::ALL {
            let may = matches!(own, Role::Admin | Role::Owner) && theirs <= own;
            assert_eq!(may_touch(*own, None), *own >= Role::Admin);
            assert_eq!(may_touch(*own, Some(*theirs)), may, "{own:?} {theirs:?}");
        }
    }
}

#[test]
fn keys_and_activity_need_an_admin() {
    for part in Part::ALL {
        assert_eq!(words::least(part) == Role::Admin, part != Part::Members, "{part:?}");
    }
}

#[test]
fn each_role_is_offered_with_a_sentence_of_its_own() {
    english();
    let offered = choices(roles(Role::Owner), words::role_may);
    let mut sentences: Vec<&str> = offered.iter().map(|choice| choice.words.as_str()).collect();
    sentences.sort_unstable();
    sentences.dedup();
    assert_eq!(sentences.len(), Role::ALL.len());
    let html = Owner::new().with(|| {
        let picked = RwSignal::new("ADMIN".to_owned());
        crate::ui::radios("role", "Role".to_owned(), offered.clone(), picked, None).to_html()
    });
    assert!(
        html.contains("<fieldset") && html.contains("<legend") && html.contains(&offered[0].words),
        "{html}"
    );
    assert_eq!(html.matches("type=\"radio\"").count(), Role::ALL.len());
}

#[test]
fn a_name_is_judged_as_the_server_does() {
    for good in ["ERP", " ERP ", &"x".repeat(80), "Größe 2 – Lager"] {
        assert!(is_name(good), "{good:?}");
    }
    for wrong in ["", " ", "a\nb", "a\u{202e}b", "\u{200b}", &"x".repeat(81)] {
        assert!(!is_name(wrong), "{wrong:?}");
    }
}

#[test]
fn a_key_ends_on_a_day_that_is_not_over_and_before_2100() {
    let noon = cartwheel_domain::time::parse_rfc3339("2026-11-22T12:00:00Z").unwrap();
    assert_eq!(last_moment("", noon), Ok(None));
    let today = cartwheel_domain::time::parse_rfc3339("2026-11-22T23:59:59Z").unwrap();
    assert_eq!(last_moment("2026-11-22", noon), Ok(Some(Time(today))));
    assert!(last_moment("2099-12-31", noon).is_ok());
    for wrong in ["2026-11-21", "2100-01-01", "12026-01-01", "2026-02-30", "soon"] {
        assert_eq!(last_moment(wrong, noon), Err(()), "{wrong}");
    }
}

#[test]
fn a_key_is_over_when_revoked_or_ended() {
    let key = |expires: Option<&str>, revoked: Option<&str>| {
        serde_json::from_value(json!({
            "id": "key_1", "name": "ERP", "prefix": "cwa_1234", "role": "analyst", "createdAt": "2026-01-01T00:00:00Z",
            "expiresAt": expires, "revokedAt": revoked,
        }))
        .unwrap()
    };
    let now = cartwheel_domain::time::parse_rfc3339("2026-11-22T12:00:00Z").unwrap();
    assert!(!is_over(&key(None, None), now));
    assert!(!is_over(&key(Some("2026-11-22T12:00:01Z"), None), now));
    assert!(is_over(&key(Some("2026-11-22T12:00:00Z"), None), now));
    assert!(is_over(&key(None, Some("2026-11-01T00:00:00Z")), now));
}

#[test]
fn every_refusal_of_the_server_has_words() {
    english();
    let refusal = |field: &str, code: &str| Refusal {
        field: field.to_owned(),
        code: code.to_owned(),
        message: "server's own words".to_owned(),
    };
    for (field, code) in [
        ("role", "above_own"),
        ("id", "last_owner"),
        ("email", "member"),
        ("email", "too_many"),
        ("id", "not_found"),
        ("storeId", "not_found"),
        ("email", "invalid"),
        ("name", "invalid"),
        ("expiresAt", "invalid"),
    ] {
        assert_ne!(words::refused(&refusal(field, code)), "server's own words", "{field} {code}");
    }
    assert_eq!(words::refused(&refusal("id", "last_owner")), t::refused_owner());
    assert_eq!(words::refused(&refusal("id", "a_new_one")), "server's own words");
}
