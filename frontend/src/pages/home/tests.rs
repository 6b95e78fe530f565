use super::figures;
use super::funnel::share;
use crate::graphql::home::HomeStoreOverview;
use crate::i18n::{Lang, install};
use leptos::prelude::*;
use serde_json::json;

fn overview(enough: bool) -> HomeStoreOverview {
    let money = |decimal: &str| json!({ "decimal": decimal, "currency": "EUR" });
    serde_json::from_value(json!({
        "since": "2026-01-01T00:00:00Z",
        "until": "2026-01-31T00:00:00Z",
        "recoveredByClick": { "orders": 31, "revenue": money("4310.00") },
        "recoveredByWindow": { "orders": 52, "revenue": money("6120.00") },
        "incremental": {
            "enough": enough,
            "revenue": enough.then(|| money("4310.00")),
            "low": enough.then(|| money("2900.00")),
            "high": enough.then(|| money("5700.00")),
            "treatedContacts": 900,
            "holdoutContacts": 100,
            "treatedRate": 0.11,
            "holdoutRate": 0.08,
            "contactsNeeded": 2100,
        },
        "holdingOut": true,
        "funnel": { "carts": 10, "abandoned": 7, "reachable": 4, "messaged": 3, "clicked": 1, "recoveredByClick": 1 },
        "trend": [],
        "recentRecoveries": [],
    }))
    .unwrap()
}

fn drawn(view: impl FnOnce() -> AnyView) -> String {
    assert!(install(Lang::En, include_str!("../../../lang/en.json")));
    Owner::new().with(|| view().to_html())
}

#[test]
fn the_sentence_gives_the_effect_with_its_interval() {
    let html = drawn(|| figures::headline(&overview(true), 30));
    for part in ["EUR 4,310", "EUR 2,900", "EUR 5,700", "30 days"] {
        assert!(html.contains(part), "{part} is missing in {html}");
    }
}

#[test]
fn without_enough_data_no_effect_is_claimed() {
    let html = drawn(|| figures::headline(&overview(false), 30));
    assert!(!html.contains("5,700"), "{html}");
    assert!(html.contains("2,100"), "{html}");
}

#[test]
fn without_a_control_group_nothing_is_promised_of_one() {
    let mut overview = overview(false);
    overview.holding_out = false;
    let html = drawn(|| figures::headline(&overview, 30));
    assert!(!html.contains("2,100") && html.contains("nobody new enters it"), "{html}");
}

#[test]
fn the_three_figures_are_kept_apart() {
    let html = drawn(|| figures::definitions(&overview(true)));
    assert!(html.contains("EUR 4,310.00") && html.contains("EUR 6,120.00"), "{html}");
}

#[test]
fn a_share_of_nothing_is_nothing() {
    assert!(share(3, 0).abs() < f64::EPSILON);
    assert!((share(1, 4) - 0.25).abs() < f64::EPSILON);
}
