//! What stores and versions of packs change.

use super::*;
use Method::{Checkbox, DoubleOptIn};

fn signed(pack: &str) -> Override {
    Override {
        id: "ovr_1".into(),
        pack: pack.into(),
        signed_by: "Kanzlei Muster".into(),
        reason: "opinion of 2026-10-01".into(),
        at: NOW - DAY,
        switched_off: vec![],
        added: vec![],
    }
}

fn quote_grant() -> Grant {
    let text = r#"{"id":"store.quote","cite":"opinion of 2026-10-01","basis":"legitimate_interest","max_per_cart":1,"within_hours":72}"#;
    serde_json::from_str(text).expect("a grant")
}

#[test]
fn a_stores_lawyer_can_add_and_switch_off_but_not_lift_a_no() {
    let added = |pack: &str| {
        case("DE").with(|c| {
            let grant = AddedGrant {
                channel: Channel::Email,
                purposes: vec![Purpose::CartEmail],
                grant: quote_grant(),
            };
            c.store.overrides.push(Override { added: vec![grant], ..signed(pack) });
        })
    };
    let basis = added("de").basis();
    assert_eq!(basis.rule, "store.quote");
    assert!(basis.evidence.contains(&EvidenceRef::new(EvidenceKind::Override, "ovr_1")));
    assert!(!added("fr").decide().is_allow(), "another country's override");
    assert!(!added("de").with(|c| c.purpose = Purpose::MarketingEmail).decide().is_allow());
    assert!(!added("de").with(|c| c.channel = Channel::Sms).decide().is_allow());
    assert_eq!(
        added("de").entry(Purpose::CartEmail, Action::Withdrawn, None, 1).refusal().rule,
        "any.withdrawn"
    );
    assert_eq!(
        added("de").suppressed(SuppressionReason::Unsubscribed, None).refusal().rule,
        "any.suppressed-unsubscribed"
    );

    let stricter = case("US").with(|c| {
        c.store.has_postal_address = true;
        c.store.overrides.push(Override { switched_off: vec!["us.canspam-opt-out".into()], ..signed("us") });
    });
    assert_eq!(stricter.lacks("us.canspam-opt-out"), [Lack::SwitchedOff]);
}

#[test]
fn age_limits_of_consent_and_of_dealings_hold() {
    let aged = |basis: &str, extra: &str| -> Grant {
        serde_json::from_str(&format!(
            r#"{{"id":"store.aged","cite":"x","basis":"{basis}","max_age_days":4,{extra}}}"#
        ))
        .expect("a grant")
    };
    let with = |case: Case, grant: Grant| {
        case.with(|c| {
            let added =
                vec![AddedGrant { channel: Channel::Email, purposes: vec![Purpose::CartEmail], grant }];
            c.store.overrides.push(Override { added, ..signed("de") });
        })
    };
    // Given 100 hours ago: more than four days.
    let consent = || aged("consent", r#""methods":["checkbox"]"#);
    let old = with(case("DE").yes(Purpose::CartEmail, Checkbox), consent());
    assert_eq!(old.lacks("store.aged"), [Lack::Age]);
    assert!(
        with(case("DE").entry(Purpose::CartEmail, Action::Given, Some(Checkbox), 96), consent())
            .decide()
            .is_allow()
    );
    let sale = || aged("existing_customer", r#""dealing":"completed_sale""#);
    let no_flags = |c: Case| c.with(|c| c.recipient.dealings[0].own_address = false);
    let old = with(no_flags(case("DE").dealing(DealingKind::CompletedSale)), sale());
    assert_eq!(old.lacks("store.aged"), [Lack::Age]);
    let fresh = with(
        no_flags(case("DE").dealing(DealingKind::CompletedSale))
            .with(|c| c.recipient.dealings[0].at = NOW - 4 * DAY),
        sale(),
    );
    assert_eq!(fresh.basis().rule, "store.aged");
}

#[test]
fn without_a_pack_in_force_nothing_goes() {
    let refused = case("US").with(|c| c.store.has_postal_address = true);
    assert_eq!(refused.decide_by(&PolicyBook::default(), NOW).rule(), "any.no-policy");
    // Before its first day a pack does not apply.
    let first_day = crate::time::parse_rfc3339("2022-01-01T00:00:00Z").expect("an instant");
    assert!(refused.decide_at(first_day).is_allow());
    assert_eq!(refused.decide_at(first_day - 1).rule(), "strictest.no-consent");
}

#[test]
fn a_new_pack_is_compared_with_the_old_on_past_messages() {
    let old = check_builtin().expect("sound");
    let stricter = include_str!("../packs/us.json")
        .replace("\"opt_out\"", "\"consent\", \"methods\": [\"double_opt_in\"]")
        .replace("\"version\": 2", "\"version\": 3")
        .replace("2022-01-01", "2026-11-01");
    let new = PolicyBook::read(&[
        ("strictest.json", include_str!("../packs/strictest.json")),
        ("us.json", include_str!("../packs/us.json")),
        ("us2.json", &stricter),
    ])
    .expect("sound");
    let recipient = Recipient { country: "US".parse().ok(), ..Recipient::default() };
    let store = StoreFacts { has_postal_address: true, ..StoreFacts::default() };
    let sent = |now| GateInput {
        recipient: &recipient,
        channel: Channel::Email,
        purpose: Purpose::CartEmail,
        content_class: ContentClass::Promotional,
        cart: None,
        store: &store,
        now,
    };
    let found = differences(&old, &new, [sent(NOW - 60 * DAY), sent(NOW)]);
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].index, found[0].before.is_allow(), found[0].after.is_allow()), (1, true, false));
    assert!(differences(&old, &old, [sent(NOW)]).is_empty());
}

#[test]
fn an_answer_is_stored_and_read_back() {
    let rows = [
        case("DE").yes(Purpose::CartEmail, DoubleOptIn),
        case("DE"),
        case("US").suppressed(SuppressionReason::Complaint, None),
    ];
    for row in rows {
        let decision = row.decide();
        let text = serde_json::to_string(&decision).expect("serialises");
        assert_eq!(serde_json::from_str::<Decision>(&text).expect("reads back"), decision);
    }
    let text = serde_json::to_string(&case("DE").decide()).expect("serialises");
    assert!(text.starts_with(r#"{"deny":{"rule":"de.uwg7.2-no-consent","cite":"#), "{text}");
}
