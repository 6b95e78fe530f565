use super::*;
use crate::{
    money::Currency,
    time::{HOUR, MINUTE},
};
use proptest::prelude::*;

pub(crate) fn line(key: &str, quantity: u32, unit_minor: i64) -> LineItem {
    LineItem {
        key: key.into(),
        product_id: None,
        variant_id: None,
        sku: None,
        title: key.to_uppercase(),
        variant: None,
        category: None,
        quantity,
        unit_minor,
        image_url: None,
        url: None,
    }
}

fn change(lines: Lines) -> CartChange {
    CartChange {
        kind: CartKind::Cart,
        cart_token: Some("t".into()),
        checkout_token: None,
        currency: None,
        lines,
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

fn facts(changes: Vec<(Millis, CartChange)>) -> Vec<Fact> {
    changes
        .into_iter()
        .enumerate()
        .map(|(i, (at, change))| Fact { at, id: Uuid::from_u128(i as u128), change })
        .collect()
}

/// Ten euros are not a thousand yen.
#[test]
fn prices_of_another_currency_do_not_add_up() {
    let priced = |currency: Currency, lines| CartChange { currency: Some(currency), ..change(lines) };
    let content = fold(&facts(vec![
        (1, priced(Currency::EUR, Lines::Add(line("lamp", 1, 1_000)))),
        (2, priced("JPY".parse().expect("a currency"), Lines::Add(line("fan", 1, 3_000)))),
        (3, change(Lines::Add(line("mat", 1, 500)))),
    ]));
    let keys: Vec<&str> = content.lines.iter().map(|l| l.key.as_str()).collect();
    assert_eq!(
        (keys, content.total_minor, content.currency.map(|c| c.to_string())),
        (vec!["fan", "mat"], 3_500, Some("JPY".to_owned()))
    );
}

#[test]
fn lines_add_up() {
    let content = fold(&facts(vec![
        (1, change(Lines::Add(line("a", 2, 100)))),
        (2, change(Lines::Add(line("b", 1, 50)))),
        (3, change(Lines::Add(line("a", 1, 90)))),
        (4, change(Lines::Remove { key: "b".into(), quantity: None })),
        (5, change(Lines::Remove { key: "a".into(), quantity: Some(1) })),
        (6, change(Lines::Remove { key: "z".into(), quantity: None })),
        (0, change(Lines::Remove { key: "a".into(), quantity: None })),
    ]));
    assert_eq!((content.lines.clone(), content.total_minor, content.at), (vec![line("a", 2, 90)], 180, 6));
}

#[test]
fn a_told_total_holds_until_the_lines_change() {
    let mut content = Content::default();
    content.apply(1, &CartChange { total_minor: Some(999), ..change(Lines::Set(vec![line("a", 1, 1000)])) });
    content.apply(2, &change(Lines::Keep));
    assert_eq!(content.total_minor, 999);
    content.apply(3, &change(Lines::Add(line("b", 1, 5))));
    assert_eq!(content.total_minor, 1005);
    content.apply(4, &CartChange { total_minor: Some(7), ..change(Lines::Delete) });
    assert!(content.is_empty());
}

#[test]
fn a_checkout_never_becomes_a_basket_again() {
    let mut content = Content::default();
    content.apply(1, &CartChange { kind: CartKind::Checkout, ..change(Lines::Add(line("a", 1, 1))) });
    content.apply(2, &change(Lines::Add(line("a", 1, 1))));
    assert_eq!((content.kind, content.open_status()), (CartKind::Checkout, Status::Checkout));
}

#[test]
fn due_follows_the_kind_the_exit_and_the_validity() {
    let settings = StoreSettings::default();
    let mut content = fold(&facts(vec![(1, change(Lines::Add(line("a", 1, 1))))]));
    assert_eq!(due(&content, 0, &settings), Some(30 * MINUTE));
    content.kind = CartKind::Checkout;
    assert_eq!(due(&content, 0, &settings), Some(15 * MINUTE));
    content.kind = CartKind::Quote;
    assert_eq!(due(&content, 0, &settings), Some(72 * HOUR));
    content.valid_until = Some(HOUR);
    assert_eq!(due(&content, 0, &settings), Some(HOUR));
    content.left = true;
    assert_eq!(due(&content, 5, &settings), Some(5));
    content.lines.clear();
    content.total_minor = 0;
    assert_eq!(due(&content, 5, &settings), None);
}

#[test]
fn only_a_sign_of_life_after_the_judgement_brings_a_cart_back() {
    assert!(!came_back(100, Some(100), 70));
    assert!(came_back(100, Some(101), 71));
    assert!(came_back(100, None, 101));
    assert!(!came_back(100, None, 99));
}

#[test]
fn within_one_millisecond_the_whole_cart_counts_last() {
    let set = change(Lines::Set(vec![line("a", 2, 100)]));
    let content = fold(&facts(vec![
        (1, set.clone()),
        (1, change(Lines::Remove { key: "b".into(), quantity: None })),
        (1, change(Lines::Add(line("b", 1, 50)))),
        (1, change(Lines::Add(line("a", 2, 100)))),
    ]));
    assert_eq!(content.lines, vec![line("a", 2, 100)]);
}

#[test]
fn a_deleted_cart_is_deleted_until_something_newer_is_heard_of_it() {
    let add = change(Lines::Add(line("a", 1, 1)));
    let content = fold(&facts(vec![(1, add.clone()), (2, change(Lines::Delete))]));
    assert!(content.deleted && content.is_empty());
    assert!(!fold(&facts(vec![(1, change(Lines::Delete)), (1, add.clone()), (2, add)])).deleted);
}

#[test]
fn an_emptied_cart_begins_nothing() {
    assert!(!begins(&change(Lines::Set(vec![]))));
    assert!(!begins(&change(Lines::Keep)));
    assert!(!begins(&change(Lines::Delete)));
    assert!(begins(&change(Lines::Add(line("a", 1, 1)))));
}

fn any_lines() -> impl Strategy<Value = Lines> {
    let key = prop::sample::select(vec!["a", "b", "c"]);
    let one = (key.clone(), 1u32..4, 0i64..500).prop_map(|(k, q, p)| line(k, q, p));
    prop_oneof![
        Just(Lines::Keep),
        prop::collection::vec(one.clone(), 0..3).prop_map(Lines::Set),
        one.prop_map(Lines::Add),
        (key, prop::option::of(1u32..3)).prop_map(|(k, quantity)| Lines::Remove { key: k.into(), quantity }),
        Just(Lines::Delete),
    ]
}

fn any_change() -> impl Strategy<Value = CartChange> {
    let kind = prop::sample::select(vec![CartKind::Cart, CartKind::Checkout]);
    (kind, any_lines(), prop::option::of(0i64..1000), prop::option::of("[a-c]"), any::<bool>()).prop_map(
        |(kind, lines, total_minor, step, left)| CartChange {
            kind,
            total_minor,
            step,
            left,
            ..change(lines)
        },
    )
}

/// The projection as the inbox does it: newer facts are applied, late ones folded with all that are kept.
fn arrive(kept: &mut Vec<Fact>, content: &mut Content, fact: &Fact) {
    if kept.iter().any(|f| f.id == fact.id) {
        return;
    }
    kept.push(fact.clone());
    if content.is_newer(fact.at) {
        content.apply(fact.at, &fact.change);
    } else {
        *content = fold(kept.iter());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    #[test]
    fn any_order_and_any_repetition_gives_the_same_cart(
        changes in prop::collection::vec((1i64..6, any_change()), 0..7),
        orders in prop::collection::vec(prop::collection::vec(any::<prop::sample::Index>(), 0..14), 4),
    ) {
        let all = facts(changes);
        let expected = fold(&all);
        for order in orders {
            let (mut kept, mut content) = (Vec::new(), Content::default());
            // Some arrive early and several times, the rest afterwards, backwards.
            for index in order.iter().filter(|_| !all.is_empty()) {
                arrive(&mut kept, &mut content, &all[index.index(all.len())]);
            }
            for fact in all.iter().rev() {
                arrive(&mut kept, &mut content, fact);
            }
            prop_assert_eq!(&content, &expected);
        }
    }

    #[test]
    fn totals_and_counts_never_overflow(quantity: u32, unit in 0i64..=MAX_MINOR, n in 0usize..600) {
        let lines: Vec<_> = (0..n).map(|i| line(&i.to_string(), quantity, unit)).collect();
        let mut content = Content::default();
        content.apply(1, &change(Lines::Set(lines)));
        prop_assert!((0..=MAX_MINOR).contains(&content.total_minor));
        prop_assert!(content.lines.len() <= MAX_LINES && count(&content.lines) >= 0);
    }
}
