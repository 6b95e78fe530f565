//! What holds for every case.

use super::*;

fn any_method() -> impl Strategy<Value = Option<Method>> {
    prop::option::of(prop::sample::select(Method::ALL))
}

fn any_entry() -> impl Strategy<Value = (Purpose, Action, Option<Method>, i64)> {
    let purpose =
        prop::sample::select(&[Purpose::CartEmail, Purpose::MarketingEmail, Purpose::OpenPixel][..]);
    (purpose, prop::sample::select(Action::ALL), any_method(), 1i64..300)
}

fn any_case() -> impl Strategy<Value = Case> {
    let country = prop::sample::select(&["DE", "AT", "CH", "FR", "IT", "GB", "US", "ES", ""][..]);
    let dealing = (prop::sample::select(DealingKind::ALL), any::<[bool; 3]>());
    let class = prop::sample::select(&[ContentClass::Informational, ContentClass::Promotional][..]);
    (
        country,
        prop::collection::vec(any_entry(), 0..5),
        prop::option::of(dealing),
        class,
        any::<[bool; 3]>(),
        0u32..3,
        0i64..60,
    )
        .prop_map(|(country, entries, dealing, class, flags, sent, hours)| {
            let mut c = case(country).with(|c| {
                (c.class, c.sent, c.left_hours_ago) = (class, sent, Some(hours));
                c.store.has_postal_address = flags[0];
                c.store.reminder_announced = flags[1];
                c.recipient.preference_list_clear = flags[2];
            });
            for (purpose, action, method, ago) in entries {
                c = c.entry(purpose, action, method, ago);
            }
            match dealing {
                Some((kind, [own, opt_out, similar])) => c.dealing(kind).with(|c| {
                    let d = &mut c.recipient.dealings[0];
                    (d.own_address, d.opt_out_offered, d.similar_goods) = (own, opt_out, similar);
                }),
                None => c,
            }
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn a_suppression_always_denies(c in any_case(), reason in prop::sample::select(SuppressionReason::ALL)) {
        prop_assert_eq!(c.suppressed(reason, None).refusal().rule, reason.rule());
    }

    #[test]
    fn a_no_said_last_always_denies(c in any_case(), objected: bool, purpose in prop::sample::select(&[Purpose::CartEmail, Purpose::MarketingEmail][..])) {
        let action = if objected { Action::Objected } else { Action::Withdrawn };
        prop_assert!(!c.entry(purpose, action, None, 0).decide().is_allow());
    }

    #[test]
    fn the_unknown_country_is_never_laxer_than_any_other(c in any_case()) {
        let nowhere = c.clone().with(|c| c.recipient.country = None);
        prop_assert!(!nowhere.decide().is_allow() || c.with(|c| c.store.has_postal_address = true).decide().is_allow());
    }

    #[test]
    fn an_allowed_message_has_ground_and_a_way_out(c in any_case()) {
        if let Decision::Allow(basis) = c.decide() {
            prop_assert!(basis.conditions.opt_out_line && basis.conditions.one_click && basis.conditions.sender_identity);
            prop_assert!(basis.kind == BasisKind::OptOut || !basis.evidence.is_empty());
            prop_assert!(!basis.cite.is_empty());
        }
    }
}
