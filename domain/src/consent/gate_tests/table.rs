//! Countries and channels.

use super::*;
use Method::{Api, Checkbox, DoubleOptIn, Imported, Keyword, Platform};

#[test]
fn consent_counts_by_its_proof_in_each_country() {
    // country, rule, methods that prove it
    let recorded: &[Method] = &[DoubleOptIn, Checkbox, Api, Platform];
    let rows: &[(&str, &str, &str, &[Method])] = &[
        ("DE", "de.uwg7.2-consent", "de.uwg7.2-no-consent", &[DoubleOptIn]),
        ("AT", "at.tkg174.3-consent", "at.tkg174.3-no-consent", &[DoubleOptIn]),
        ("CH", "ch.uwg3.1o-consent", "ch.uwg3.1o-no-consent", recorded),
        ("FR", "fr.l34-5-consent", "fr.l34-5-no-consent", recorded),
        ("IT", "it.privacy130.1-consent", "it.privacy130-no-consent", recorded),
        ("GB", "gb.pecr22.2-consent", "gb.pecr22-no-consent", recorded),
        ("ES", "strictest.consent", "strictest.no-consent", &[DoubleOptIn]),
        ("LI", "strictest.consent", "strictest.no-consent", &[DoubleOptIn]),
        ("CA", "strictest.consent", "strictest.no-consent", &[DoubleOptIn]),
        ("AU", "strictest.consent", "strictest.no-consent", &[DoubleOptIn]),
        ("", "strictest.consent", "strictest.no-consent", &[DoubleOptIn]),
    ];
    for (country, allow, deny, proving) in rows {
        let stranger = case(country).refusal();
        assert_eq!(stranger.rule, *deny, "{country}");
        assert_eq!(stranger.missing[0].lacks, [Lack::Consent], "{country}");
        for method in Method::ALL {
            let decided = case(country).yes(Purpose::CartEmail, *method).decide();
            let expected = if proving.contains(method) { allow } else { deny };
            assert_eq!(decided.rule(), *expected, "{country} {method}");
            if let Decision::Deny(refusal) = decided {
                assert_eq!(refusal.missing[0].lacks, [Lack::Proof], "{country} {method}");
            }
        }
    }
}

#[test]
fn consent_to_the_newsletter_covers_the_reminder_and_not_the_other_way_round() {
    let newsletter = case("DE").yes(Purpose::MarketingEmail, DoubleOptIn);
    let basis = newsletter.basis();
    assert_eq!(
        (basis.rule.as_str(), basis.kind, basis.pack.as_str(), basis.pack_version),
        ("de.uwg7.2-consent", BasisKind::Consent, "de", 1)
    );
    let ids: Vec<_> = basis.evidence.iter().map(|e| (e.kind, e.id.as_str())).collect();
    assert_eq!(
        ids,
        [(EvidenceKind::Consent, "consent_0"), (EvidenceKind::Consent, "consent_1")],
        "both steps of the double opt-in"
    );

    let reminder_only =
        case("DE").yes(Purpose::CartEmail, DoubleOptIn).with(|c| c.purpose = Purpose::MarketingEmail);
    assert_eq!(reminder_only.refusal().rule, "de.uwg7.2-no-consent");
}

#[test]
fn a_confirmation_that_is_awaited_is_no_consent() {
    let awaited = case("FR").entry(Purpose::CartEmail, Action::Given, Some(DoubleOptIn), 1);
    assert_eq!(awaited.refusal().missing[0].lacks, [Lack::Consent]);
}

#[test]
fn consent_of_the_future_does_not_count_yet() {
    let early = case("FR").yes(Purpose::CartEmail, Checkbox);
    assert!(early.decide_at(NOW - 100 * HOUR).is_allow());
    assert!(!early.decide_at(NOW - 100 * HOUR - 1).is_allow());
}

#[test]
fn customers_may_be_written_to_only_when_all_facts_are_true() {
    let rows = [
        ("DE", "de.uwg7.3-customer"),
        ("AT", "at.tkg174.4-customer"),
        ("CH", "ch.uwg3.1o-customer"),
        ("FR", "fr.l34-5-customer"),
        ("IT", "it.privacy130.4-customer"),
        ("GB", "gb.pecr22.3-customer"),
    ];
    for (country, rule) in rows {
        let customer = case(country)
            .dealing(DealingKind::CompletedSale)
            .with(|c| c.recipient.preference_list_clear = true);
        let basis = customer.basis();
        assert_eq!((basis.rule.as_str(), basis.kind), (rule, BasisKind::ExistingCustomer), "{country}");
        assert_eq!(basis.evidence, [EvidenceRef::new(EvidenceKind::Order, "order_1")]);
        type Break = fn(&mut Dealing);
        let without: [(Break, Lack); 3] = [
            (|d| d.own_address = false, Lack::OwnAddress),
            (|d| d.opt_out_offered = false, Lack::OptOutAtCollection),
            (|d| d.similar_goods = false, Lack::SimilarGoods),
        ];
        for (break_it, lack) in without {
            let broken = customer.clone().with(|c| break_it(&mut c.recipient.dealings[0]));
            assert_eq!(broken.lacks(rule), [lack], "{country}");
        }
        let future = customer.clone().with(|c| c.recipient.dealings[0].at = NOW + 1);
        assert_eq!(future.lacks(rule), [Lack::Dealing], "{country}");
        let today = customer.with(|c| c.recipient.dealings[0].at = NOW);
        assert!(today.decide().is_allow(), "{country}");
    }
    for country in ["ES", "", "CA"] {
        assert!(
            !case(country).dealing(DealingKind::CompletedSale).decide().is_allow(),
            "{country}: no pack, no exception"
        );
    }
}

#[test]
fn facts_of_two_sales_do_not_add_up() {
    let two = case("DE").dealing(DealingKind::CompletedSale).dealing(DealingKind::CompletedSale).with(|c| {
        c.recipient.dealings[0].own_address = false;
        c.recipient.dealings[1].opt_out_offered = false;
    });
    assert_eq!(two.lacks("de.uwg7.3-customer").len(), 1);
}

#[test]
fn austria_asks_for_the_do_not_mail_list() {
    let unchecked = case("AT").dealing(DealingKind::CompletedSale);
    assert_eq!(unchecked.lacks("at.tkg174.4-customer"), [Lack::PreferenceList]);
}

#[test]
fn only_the_united_kingdom_counts_negotiations() {
    let negotiating = case("GB").dealing(DealingKind::Negotiation);
    assert_eq!(negotiating.basis().rule, "gb.pecr22.3-negotiation");
    let silent = negotiating.with(|c| c.recipient.dealings[0].opt_out_offered = false);
    assert_eq!(silent.lacks("gb.pecr22.3-negotiation"), [Lack::OptOutAtCollection]);
    for country in ["DE", "AT", "CH", "FR", "IT", "ES", ""] {
        let there = case(country)
            .dealing(DealingKind::Negotiation)
            .with(|c| c.recipient.preference_list_clear = true);
        assert!(!there.decide().is_allow(), "{country}");
    }
}

fn italian_reminder() -> Case {
    case("IT").with(|c| {
        c.class = ContentClass::Informational;
        c.store.reminder_announced = true;
    })
}

#[test]
fn italy_allows_one_early_reminder_that_only_informs() {
    let basis = italian_reminder().basis();
    assert_eq!((basis.rule.as_str(), basis.kind), ("it.reminder-24h", BasisKind::LegitimateInterest));
    assert!(basis.conditions.no_offer && basis.conditions.opt_out_line);
    let shown: Vec<_> = basis.evidence.iter().map(|e| e.kind).collect();
    assert_eq!(shown, [EvidenceKind::StoreSetting, EvidenceKind::Cart]);

    type Break = fn(&mut Case);
    let rows: [(Break, Lack); 5] = [
        (|c| c.class = ContentClass::Promotional, Lack::ContentClass),
        (|c| c.sent = 1, Lack::MaxPerCart),
        (|c| c.left_hours_ago = Some(25), Lack::Late),
        (|c| c.store.reminder_announced = false, Lack::Announced),
        (|c| c.left_hours_ago = None, Lack::Cart),
    ];
    for (break_it, lack) in rows {
        assert_eq!(italian_reminder().with(break_it).lacks("it.reminder-24h"), [lack]);
    }
    let on_the_hour = italian_reminder().with(|c| c.left_hours_ago = Some(24));
    assert!(on_the_hour.decide().is_allow(), "24 hours are within 24 hours");
    assert!(!on_the_hour.decide_at(NOW + 1).is_allow());
}

#[test]
fn a_cart_that_was_not_left_is_no_reason_to_remind() {
    let input_cart = CartFacts { id: "cart_1", kind: CartKind::Cart, abandoned_at: None, messages_sent: 0 };
    let case = italian_reminder();
    let input = GateInput {
        recipient: &case.recipient,
        channel: case.channel,
        purpose: case.purpose,
        content_class: case.class,
        cart: Some(input_cart),
        store: &case.store,
        now: NOW,
    };
    assert!(!may_send(&input).is_allow());
}

#[test]
fn the_united_states_ask_for_a_postal_address_and_no_consent() {
    assert_eq!(case("US").refusal().rule, "us.canspam-no-postal-address");
    assert_eq!(case("US").lacks("us.canspam-opt-out"), [Lack::PostalAddress]);
    let basis = case("US").with(|c| c.store.has_postal_address = true).basis();
    assert_eq!((basis.rule.as_str(), basis.kind), ("us.canspam-opt-out", BasisKind::OptOut));
    assert!(basis.conditions.postal_address && basis.conditions.one_click && basis.conditions.pixel_allowed);
    assert!(basis.conditions.click_profile_allowed && !basis.conditions.no_offer);
}

#[test]
fn text_messages_need_confirmed_consent_and_in_the_united_states_come_once_in_48_hours() {
    assert_eq!(case("US").sms().refusal().rule, "us.tcpa-no-cart-consent");
    let consenting = case("US").sms().yes(Purpose::CartSms, DoubleOptIn);
    assert_eq!(consenting.basis().rule, "us.tcpa-cart-consent");
    assert_eq!(consenting.clone().with(|c| c.sent = 1).lacks("us.tcpa-cart-consent"), [Lack::MaxPerCart]);
    assert_eq!(
        consenting.clone().with(|c| c.left_hours_ago = Some(49)).lacks("us.tcpa-cart-consent"),
        [Lack::Late]
    );
    assert_eq!(consenting.with(|c| c.left_hours_ago = None).lacks("us.tcpa-cart-consent"), [Lack::Cart]);
    for (country, method, allowed) in
        [("US", Keyword, false), ("US", Checkbox, false), ("DE", Keyword, true), ("DE", Checkbox, false)]
    {
        let asked = case(country).sms().yes(Purpose::CartSms, method);
        assert_eq!(asked.decide().is_allow(), allowed, "{country} {method}");
    }
    // Consent to offers does not name reminders.
    assert!(!case("US").sms().yes(Purpose::SmsMarketing, DoubleOptIn).decide().is_allow());
    let offers =
        case("US").sms().yes(Purpose::SmsMarketing, DoubleOptIn).with(|c| c.purpose = Purpose::SmsMarketing);
    assert_eq!(offers.basis().rule, "us.tcpa-consent");
    let no_offers = case("US").sms().with(|c| c.purpose = Purpose::SmsMarketing);
    assert_eq!(no_offers.refusal().rule, "us.tcpa-no-consent");
    assert_eq!(case("DE").sms().refusal().rule, "any.sms-no-consent");
}

#[test]
fn the_other_channels_take_the_common_rules() {
    let rows = [
        (Channel::Push, Purpose::Push, "any.push-no-consent", "any.push-consent", "any.push-no-consent"),
        (Channel::Post, Purpose::Post, "any.post-no-consent", "any.post-consent", "any.post-no-consent"),
        (
            Channel::Audience,
            Purpose::AudienceUpload,
            "any.audience-no-consent",
            "any.audience-consent",
            "us.ccpa-audience",
        ),
    ];
    for (channel, purpose, deny, allow, in_us) in rows {
        let on = |country: &str| case(country).with(|c| (c.channel, c.purpose) = (channel, purpose));
        assert_eq!(on("DE").refusal().rule, deny);
        assert_eq!(on("DE").yes(purpose, Checkbox).basis().rule, allow);
        assert_eq!(on("US").decide().rule(), in_us);
    }
    let opted_out = case("US")
        .with(|c| (c.channel, c.purpose) = (Channel::Audience, Purpose::AudienceUpload))
        .entry(Purpose::AudienceUpload, Action::Withdrawn, None, 1);
    assert_eq!(opted_out.refusal().rule, "any.withdrawn");
}

#[test]
fn a_purpose_that_does_not_belong_to_the_channel_is_refused() {
    for (channel, purpose) in [
        (Channel::Email, Purpose::CartSms),
        (Channel::OnSite, Purpose::CartEmail),
        (Channel::Email, Purpose::Storage),
    ] {
        let odd = case("US").with(|c| {
            (c.channel, c.purpose) = (channel, purpose);
            c.store.has_postal_address = true;
        });
        assert_eq!(odd.refusal().rule, "any.channel-purpose", "{channel} {purpose}");
    }
}

#[test]
fn what_was_asked_for_needs_no_consent_but_cannot_carry_a_reminder() {
    let service = case("DE").with(|c| (c.purpose, c.class) = (Purpose::Service, ContentClass::Transactional));
    let basis = service.basis();
    assert_eq!((basis.rule.as_str(), basis.kind), ("any.service", BasisKind::Service));
    assert!(basis.conditions.no_offer && !basis.conditions.pixel_allowed);
    let disguised = case("US").with(|c| {
        c.class = ContentClass::Transactional;
        c.store.has_postal_address = true;
    });
    assert_eq!(disguised.refusal().rule, "any.class-mismatch");
    let advertising = case("DE").with(|c| c.purpose = Purpose::Service);
    assert_eq!(advertising.refusal().rule, "any.class-mismatch");
}

#[test]
fn suppressions_win_and_the_gravest_is_named() {
    let consenting = || case("DE").yes(Purpose::CartEmail, DoubleOptIn);
    for reason in SuppressionReason::ALL {
        for channel in [None, Some(Channel::Email)] {
            let refusal = consenting().suppressed(*reason, channel).refusal();
            assert_eq!(refusal.rule, reason.rule());
            assert_eq!(refusal.evidence, [EvidenceRef::new(EvidenceKind::Suppression, "s0")]);
        }
        let elsewhere = consenting().suppressed(*reason, Some(Channel::Sms));
        assert!(elsewhere.decide().is_allow(), "{reason} on another channel");
        let service = case("DE")
            .suppressed(*reason, None)
            .with(|c| (c.purpose, c.class) = (Purpose::Service, ContentClass::Transactional));
        let may_ask_again = matches!(reason, SuppressionReason::Unsubscribed | SuppressionReason::Objected);
        assert_eq!(service.decide().is_allow(), may_ask_again, "{reason}");
    }
    let both = consenting()
        .suppressed(SuppressionReason::Manual, None)
        .suppressed(SuppressionReason::Complaint, None);
    assert_eq!(both.refusal().rule, "any.suppressed-complaint");
}

#[test]
fn a_withdrawal_ends_every_ground_until_a_newer_consent() {
    let customer = case("DE").dealing(DealingKind::CompletedSale);
    let withdrawn = customer.entry(Purpose::CartEmail, Action::Withdrawn, None, 10);
    let refusal = withdrawn.refusal();
    assert_eq!(refusal.rule, "any.withdrawn");
    assert_eq!(refusal.evidence, [EvidenceRef::new(EvidenceKind::Consent, "consent_0")]);
    assert_eq!(withdrawn.lacks("de.uwg7.3-customer"), [Lack::Consent], "a sale does not outweigh a no");
    let again = withdrawn.entry(Purpose::CartEmail, Action::Given, Some(DoubleOptIn), 5).entry(
        Purpose::CartEmail,
        Action::Confirmed,
        None,
        4,
    );
    assert_eq!(again.basis().rule, "de.uwg7.2-consent");
    // The covering purpose was withdrawn after the consent: both are off.
    let covering = case("FR").yes(Purpose::CartEmail, Checkbox).entry(
        Purpose::MarketingEmail,
        Action::Withdrawn,
        None,
        10,
    );
    assert_eq!(covering.refusal().rule, "any.withdrawn");
    // Withdrawn before the consent: the consent is newer.
    let before = case("FR")
        .entry(Purpose::MarketingEmail, Action::Withdrawn, None, 200)
        .yes(Purpose::CartEmail, Checkbox);
    assert!(before.decide().is_allow());
    let us = case("US").with(|c| c.store.has_postal_address = true).entry(
        Purpose::MarketingEmail,
        Action::Withdrawn,
        None,
        10,
    );
    assert_eq!(us.refusal().rule, "any.withdrawn");
    // Who asks anew after a no is written to again, in the United States as anywhere.
    let anew = case("US")
        .with(|c| c.store.has_postal_address = true)
        .entry(Purpose::MarketingEmail, Action::Withdrawn, None, 200)
        .yes(Purpose::CartEmail, DoubleOptIn);
    assert_eq!(anew.basis().rule, "us.canspam-asked-again");
}

#[test]
fn an_objection_ends_marketing_on_all_channels() {
    let objected = |country: &str| {
        let by_text = case(country).sms().entry(Purpose::SmsMarketing, Action::Objected, None, 10);
        by_text.with(|c| {
            (c.channel, c.purpose) = (Channel::Email, Purpose::CartEmail);
            c.store.has_postal_address = true;
        })
    };
    for country in ["DE", "AT", "CH", "FR", "IT", "GB", "US", "ES", ""] {
        let customer =
            objected(country).dealing(DealingKind::CompletedSale).yes(Purpose::CartEmail, DoubleOptIn);
        assert_eq!(customer.refusal().rule, "any.objected", "{country}: the consent is older");
    }
    let newer = objected("FR").entry(Purpose::CartEmail, Action::Given, Some(Checkbox), 9);
    assert!(newer.decide().is_allow());
    let same_instant = objected("FR").entry(Purpose::CartEmail, Action::Given, Some(Checkbox), 10);
    assert_eq!(same_instant.refusal().rule, "any.objected");
    // An objection to being measured is not one to being written to.
    let pixel =
        case("FR").yes(Purpose::CartEmail, Checkbox).entry(Purpose::OpenPixel, Action::Objected, None, 1);
    assert!(pixel.decide().is_allow());
}

#[test]
fn of_two_noes_the_later_is_named() {
    let both = |objected: i64, withdrawn: i64| {
        case("DE").entry(Purpose::MarketingEmail, Action::Objected, None, objected).entry(
            Purpose::CartEmail,
            Action::Withdrawn,
            None,
            withdrawn,
        )
    };
    assert_eq!(both(10, 5).refusal().rule, "any.withdrawn");
    assert_eq!(both(5, 10).refusal().rule, "any.objected");
    assert_eq!(both(5, 5).refusal().rule, "any.objected");
}

#[test]
fn the_pixel_needs_consent_of_its_own_where_the_pack_says_so() {
    let conditions = |country: &str, method: Option<Method>, no: Option<Action>| {
        let mut c =
            case(country).yes(Purpose::CartEmail, DoubleOptIn).with(|c| c.store.has_postal_address = true);
        if let Some(method) = method {
            c = c.yes(Purpose::OpenPixel, method);
        }
        if let Some(no) = no {
            c = c.entry(Purpose::OpenPixel, no, None, 1);
        }
        c.basis().conditions
    };
    for country in ["DE", "AT", "CH", "FR", "IT", "GB", "ES"] {
        assert!(!conditions(country, None, None).pixel_allowed, "{country}");
        assert!(conditions(country, Some(Checkbox), None).pixel_allowed, "{country}");
        assert!(!conditions(country, Some(Imported), None).pixel_allowed, "{country}: claimed");
        assert!(!conditions(country, Some(Checkbox), Some(Action::Withdrawn)).pixel_allowed, "{country}");
        assert!(
            !conditions(country, Some(Checkbox), None).click_profile_allowed,
            "{country}: another purpose"
        );
    }
    assert!(conditions("US", None, None).pixel_allowed);
    assert!(!conditions("US", None, Some(Action::Objected)).pixel_allowed);
    let clicks =
        case("FR").yes(Purpose::CartEmail, Checkbox).yes(Purpose::ClickProfile, Checkbox).basis().conditions;
    assert!(clicks.click_profile_allowed && !clicks.pixel_allowed);
    let future = case("FR").yes(Purpose::CartEmail, Checkbox).entry(
        Purpose::OpenPixel,
        Action::Given,
        Some(Checkbox),
        -1,
    );
    assert!(!future.basis().conditions.pixel_allowed);
}

#[test]
fn a_message_that_only_informs_stays_without_offer() {
    let informing =
        case("DE").yes(Purpose::CartEmail, DoubleOptIn).with(|c| c.class = ContentClass::Informational);
    assert!(informing.basis().conditions.no_offer);
}
