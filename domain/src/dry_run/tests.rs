use super::*;
use crate::{
    cart::CLOCKS_AGREE,
    consent::{
        Channel, Method, Purpose,
        ledger::{Action, Entry},
    },
    event::{CartChange, CartKind, EventKind, LineItem, Lines, OrderChange, OrderState},
    ids::{CartId, ContactId, JourneyId, StoreId},
    journey::{ContactFacts, Definition, EndReason, default_recovery_journey_with},
    money::{Currency, Money},
    settings::StoreSettings,
    time::{DAY, HOUR, MINUTE, Millis},
};
use std::collections::BTreeMap;
use uuid::Uuid;

const T: Millis = 1_772_445_600_000;

fn settings(country: &str) -> StoreSettings {
    let mut settings = StoreSettings::default();
    for (key, value) in [
        ("country", country),
        ("time_zone", "America/New_York"),
        ("postal_address", "1 Main Street"),
        ("shop_url", "https://shop.example"),
    ] {
        settings.set(key, value).expect(key);
    }
    settings
}

fn cart(n: u128) -> CartId {
    CartId(Uuid::from_u128(n))
}

fn change(quantity: u32) -> CartChange {
    let line = LineItem {
        key: "l".into(),
        product_id: Some("p".into()),
        variant_id: None,
        sku: None,
        title: "Bell".into(),
        variant: None,
        category: None,
        quantity,
        unit_minor: 2_450,
        image_url: None,
        url: None,
    };
    CartChange {
        kind: CartKind::Cart,
        cart_token: Some("c".into()),
        checkout_token: None,
        currency: Some(Currency::EUR),
        lines: Lines::Set(vec![line]),
        total_minor: None,
        recovery_url: None,
        valid_until: None,
        approver: None,
        number: None,
        step: None,
        coupon: None,
        left: false,
    }
}

fn happens(n: u128, at: Millis, occurred_at: Millis, kind: EventKind, of: u128, what: What) -> Happening {
    Happening { id: Uuid::from_u128(n), at, occurred_at, kind, cart: Some(cart(of)), own: true, what }
}

fn filled(n: u128, at: Millis, of: u128) -> Happening {
    happens(n, at, at, EventKind::CartUpdated, of, What::Cart(Box::new(change(1))))
}

fn ordered(n: u128, at: Millis, of: u128) -> Happening {
    let change = OrderChange {
        state: Some(OrderState::Purchased),
        total: Some(Money::new(4_900, Currency::EUR)),
        cart_token: Some("c".into()),
        ..OrderChange::new(format!("o{n}"))
    };
    let what = What::Order { change: Box::new(change), trusted: true, test: false };
    happens(n, at, at, EventKind::OrderPlaced, of, what)
}

fn person(country: &str, events: Vec<Happening>) -> Person {
    let mut carts: Vec<CartId> = events.iter().filter_map(|e| e.cart).collect();
    carts.sort();
    carts.dedup();
    Person {
        contact: ContactId(Uuid::from_u128(9)),
        facts: ContactFacts { country: country.parse().ok(), ..ContactFacts::default() },
        time_zone: None,
        email_since: Some(0),
        phone_since: None,
        browsers: Vec::new(),
        erased_at: None,
        consents: Vec::new(),
        suppressions: Vec::new(),
        circle: BTreeMap::new(),
        orders: Vec::new(),
        sent: Vec::new(),
        carts: carts.into_iter().map(|id| OwnCart { id, excluded: false }).collect(),
        events,
    }
}

fn played(settings: &StoreSettings, definition: &Definition, person: &Person) -> Played {
    let plan = Plan {
        definition,
        store: StoreId(Uuid::from_u128(1)),
        journey: JourneyId(Uuid::from_u128(2)),
        settings,
        since: T - DAY,
        until: T + 60 * DAY,
    };
    play(&plan, person)
}

fn fates(played: &Played) -> Vec<&Fate> {
    played.messages.iter().map(|m| &m.fate).collect()
}

#[test]
fn a_cart_that_is_left_enters_gets_its_mails_and_comes_to_an_end() {
    let (settings, journey) = (settings("US"), default_recovery_journey_with(0));
    let played = played(&settings, &journey, &person("US", vec![filled(1, T, 1)]));
    assert_eq!(played.left, [(cart(1), T + 30 * MINUTE)]);
    assert_eq!(fates(&played), [&Fate::Sent; 3]);
    let [run] = &played.runs[..] else { panic!("one run") };
    assert_eq!((run.entered_at, run.ended.map(|e| e.1)), (T + 30 * MINUTE, Some(EndReason::Completed)));
}

#[test]
fn an_order_ends_it_and_nothing_more_goes() {
    let (settings, journey) = (settings("US"), default_recovery_journey_with(0));
    let events = vec![filled(1, T, 1), ordered(2, T + 10 * HOUR, 1)];
    let played = played(&settings, &journey, &person("US", events));
    assert_eq!(fates(&played), [&Fate::Sent]);
    // In the window of the first mail.
    assert_eq!(played.runs[0].ended, Some((T + 10 * HOUR, EndReason::Recovered)));
}

#[test]
fn an_order_that_arrives_before_its_cart_leaves_nothing_to_remind_of() {
    let (settings, journey) = (settings("US"), default_recovery_journey_with(0));
    let mut late = filled(2, T + HOUR, 1);
    late.occurred_at = T - MINUTE;
    let events = vec![ordered(1, T, 1), late];
    let played = played(&settings, &journey, &person("US", events));
    assert!(played.left.is_empty() && played.runs.is_empty(), "{played:?}");
    let mut after = filled(2, T + HOUR, 2);
    after.occurred_at = T + CLOCKS_AGREE / 2;
    let other = self::played(&settings, &journey, &person("US", vec![ordered(1, T, 1), after]));
    assert!(other.runs.is_empty(), "what clocks that agree tell of the time before the order");
}

#[test]
fn permission_counts_as_it_was_at_the_moment() {
    let (settings, journey) = (settings("DE"), default_recovery_journey_with(0));
    let entry = |id: &str, action, method, at| Entry {
        id: id.into(),
        channel: Channel::Email,
        purpose: Purpose::CartEmail,
        action,
        method,
        at,
    };
    let confirm = Some(Method::DoubleOptIn);
    let mut someone = person("DE", vec![filled(1, T, 1)]);
    assert!(
        matches!(fates(&played(&settings, &journey, &someone))[..], [Fate::Suppressed(_), ..]),
        "nothing was ever said"
    );
    someone.consents = vec![
        (T - HOUR, entry("a", Action::Given, confirm, T - HOUR)),
        (T - HOUR, entry("b", Action::Confirmed, confirm, T - HOUR + 1)),
    ];
    assert_eq!(fates(&played(&settings, &journey, &someone)), [&Fate::Sent; 3]);
    // A no that was written down between the first and the second mail, whenever it was said.
    someone.consents.push((T + 3 * HOUR, entry("c", Action::Withdrawn, None, T)));
    let played = played(&settings, &journey, &someone);
    assert_eq!(played.messages[0].fate, Fate::Sent);
    assert_eq!(played.messages[1].fate, Fate::Suppressed("any.withdrawn".into()));
}

#[test]
fn who_has_no_address_yet_is_told_apart() {
    let (settings, journey) = (settings("US"), default_recovery_journey_with(0));
    let mut someone = person("US", vec![filled(1, T, 1), filled(2, T + 2 * HOUR, 2)]);
    someone.email_since = Some(T + HOUR);
    let played = played(&settings, &journey, &someone);
    assert_eq!(played.refused, [Refused { cart: cart(1), at: T + 30 * MINUTE, why: "unreachable" }]);
    assert_eq!(played.runs.len(), 1);
}

/// A cart is left, and one notification tells of it.
fn notified() -> Definition {
    let nodes = serde_json::json!({
        "left": {"type": "trigger", "on": ["cart"], "next": "tell"},
        "tell": {"type": "message", "channel": "push", "template": "recovery_push", "content_class": "informational", "purpose": "push", "next": "end"},
        "end": {"type": "exit"},
    });
    let text =
        serde_json::json!({"schema": 1, "name": "Notices", "start": "left", "nodes": nodes}).to_string();
    Definition::from_json(&text).expect("a journey")
}

fn wants_push(at: Millis) -> (Millis, Entry) {
    let method = Some(Method::Checkbox);
    let (channel, purpose, action) = (Channel::Push, Purpose::Push, Action::Given);
    (at, Entry { id: "p".into(), channel, purpose, action, method, at })
}

#[test]
fn a_browser_is_told_of_the_carts_it_is_bound_to_and_of_all_once_the_shop_has_vouched() {
    let (mut settings, journey) = (settings("US"), notified());
    settings.push_on = true;
    let mut someone = person("US", vec![filled(1, T, 1), filled(2, T + HOUR, 2)]);
    (someone.email_since, someone.consents) = (None, vec![wants_push(T - HOUR)]);
    assert_eq!(played(&settings, &journey, &someone).refused.len(), 2, "there is no way to them");
    let browser = OwnBrowser { since: T, vouched: false, carts: vec![cart(1)] };
    someone.browsers = vec![browser.clone()];
    let told = |fates: [&Fate; 2]| assert_eq!(self::fates(&played(&settings, &journey, &someone)), fates);
    told([&Fate::Sent, &Fate::Suppressed("no_browser".into())]);
    someone.browsers = vec![OwnBrowser { vouched: true, ..browser.clone() }];
    assert_eq!(fates(&played(&settings, &journey, &someone)), [&Fate::Sent, &Fate::Sent]);
    // It was heard of when the first cart had been left already.
    someone.browsers = vec![OwnBrowser { since: T + 45 * MINUTE, vouched: true, ..browser.clone() }];
    let late = played(&settings, &journey, &someone);
    assert_eq!(late.refused, [Refused { cart: cart(1), at: T + 30 * MINUTE, why: "unreachable" }]);
    assert_eq!(fates(&late), [&Fate::Sent]);
    settings.push_on = false;
    assert!(played(&settings, &journey, &someone).runs.is_empty(), "browsers reach nobody while that is off");
}

#[test]
fn a_notification_goes_in_the_hours_of_notifications() {
    let (mut settings, journey) = (settings("US"), notified());
    settings.push_on = true;
    // T is five o'clock in the morning in New York; notifications go from noon.
    settings.set("push_hours", r#"{"from": 720, "to": 1080}"#).expect("hours");
    let mut someone = person("US", vec![filled(1, T, 1)]);
    someone.time_zone = Some("America/New_York".into());
    someone.consents = vec![wants_push(T - HOUR)];
    someone.browsers = vec![OwnBrowser { since: 0, vouched: true, carts: Vec::new() }];
    let noon = played(&settings, &journey, &someone);
    assert_eq!((fates(&noon), noon.messages[0].at), (vec![&Fate::Sent], T + 7 * HOUR));
    settings.set("email_hours", r#"{"from": 1080, "to": 1140}"#).expect("hours");
    assert_eq!(played(&settings, &journey, &someone).messages[0].at, T + 7 * HOUR, "mail's hours are mail's");
}

#[test]
fn what_other_journeys_sent_counts_for_the_cap() {
    let (mut settings, journey) = (settings("US"), default_recovery_journey_with(0));
    settings.set("cap_messages", "1").expect("a cap");
    let mut someone = person("US", vec![filled(1, T, 1)]);
    someone.sent = vec![Sent { at: T + HOUR, cart: None, channel: Channel::Email }];
    let played = played(&settings, &journey, &someone);
    assert_eq!(played.messages[0].fate, Fate::Suppressed("frequency_cap".into()));
}

#[test]
fn before_the_beginning_nobody_enters() {
    let (settings, journey) = (settings("US"), default_recovery_journey_with(0));
    let events = vec![filled(1, T - 3 * DAY, 1), filled(2, T, 1)];
    let played = played(&settings, &journey, &person("US", events));
    assert_eq!(played.left, [(cart(1), T + 30 * MINUTE)]);
    assert_eq!(played.runs.len(), 1);
}

#[test]
fn numbers_count_all_and_keep_a_thousand_carts() {
    let mut tally = Tally::default();
    for n in 0..1_500u128 {
        let left = vec![(cart(n), T), (cart(n), T + DAY)];
        tally.add(&Played { left, ..Played::default() });
    }
    let (bucket, number) = tally.numbers().next().expect("a number");
    assert_eq!(
        (bucket.kind, number.n, number.of_carts, number.carts.len()),
        ("left", 3_000, 1_500, MOST_CARTS)
    );
    let mut half = Tally::default();
    half.add(&Played { left: vec![(cart(9_999), T)], ..Played::default() });
    half.merge(tally);
    assert_eq!(half.n("left", None), 3_001);
    half.leave_out("nobodys", 4);
    assert_eq!(half.n("not_entered", Some("nobodys")), 4);
}
