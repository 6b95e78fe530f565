//! Noes to other stores of a circle.

use super::*;
use crate::consent::CircleNo;
use Method::{Checkbox, DoubleOptIn, Imported};

const RULE: &str = "any.suppressed-circle";

/// A person in the United States, where a reminder may go until somebody says no, and a no to another store.
fn told(reason: SuppressionReason, hours_ago: i64) -> Case {
    case("US").with(|c| {
        c.store.has_postal_address = true;
        c.recipient.circle.push(CircleNo { channel: Channel::Email, reason, at: NOW - hours_ago * HOUR });
    })
}

#[test]
fn a_no_to_another_store_stops_advertising_by_a_rule_of_its_own() {
    for reason in SuppressionReason::ALL {
        let refusal = told(*reason, 1).refusal();
        assert_eq!((refusal.rule.as_str(), refusal.evidence, refusal.missing), (RULE, vec![], vec![]));
    }
    assert!(told(SuppressionReason::Unsubscribed, 1).sms().refusal().rule != RULE, "another channel");
    let asked_for = told(SuppressionReason::Complaint, 1);
    let asked_for =
        asked_for.with(|c| (c.purpose, c.class) = (Purpose::Service, ContentClass::Transactional));
    assert_eq!(asked_for.basis().rule, "any.service");
    let own = told(SuppressionReason::Complaint, 1).suppressed(SuppressionReason::Unsubscribed, None);
    assert_eq!(
        own.refusal().rule,
        "any.suppressed-unsubscribed",
        "what this store knows itself is said first"
    );
}

#[test]
fn who_asked_this_store_anew_is_written_to_unless_the_mailbox_spoke() {
    use SuppressionReason::{Complaint, Erased, HardBounce, Manual, Objected, Unsubscribed};
    let asked = |reason, method, hours_ago| {
        told(reason, 10).entry(Purpose::CartEmail, Action::Given, Some(method), hours_ago)
    };
    for reason in [Unsubscribed, Objected, Erased, Manual] {
        assert!(asked(reason, Checkbox, 9).decide().is_allow(), "{reason}");
        assert_eq!(asked(reason, Checkbox, 10).refusal().rule, RULE, "{reason}: not after it");
        assert_eq!(asked(reason, Checkbox, 11).refusal().rule, RULE, "{reason}: before it");
        assert_eq!(asked(reason, Imported, 9).refusal().rule, RULE, "{reason}: a list claims it");
        assert_eq!(
            asked(reason, Method::Platform, 9).refusal().rule,
            RULE,
            "{reason}: the platform repeats it"
        );
        assert_eq!(asked(reason, DoubleOptIn, 9).refusal().rule, RULE, "{reason}: not confirmed");
        let confirmed = asked(reason, DoubleOptIn, 11).entry(Purpose::CartEmail, Action::Confirmed, None, 8);
        assert!(confirmed.decide().is_allow(), "{reason}: confirmed after it");
    }
    for reason in [Complaint, HardBounce] {
        assert_eq!(asked(reason, Checkbox, 9).refusal().rule, RULE, "{reason}");
    }
    let twice = asked(Unsubscribed, Checkbox, 9);
    let no = CircleNo { channel: Channel::Email, reason: Complaint, at: NOW - 20 * HOUR };
    assert_eq!(twice.with(|c| c.recipient.circle.push(no)).refusal().rule, RULE, "the gravest counts");
}
