use super::{Lang, format, install, t};

fn english() {
    assert!(install(Lang::En, include_str!("../../lang/en.json")));
}

#[test]
fn a_tag_finds_its_language() {
    assert_eq!(Lang::from_tag("de-CH"), Some(Lang::De));
    assert_eq!(Lang::from_tag("FR_fr"), Some(Lang::Fr));
    assert_eq!(Lang::from_tag("es"), None);
}

#[test]
fn texts_answer_in_the_language_in_use() {
    english();
    assert_eq!(t::nav_carts(), "Carts");
    assert!(install(Lang::De, include_str!("../../lang/de.json")));
    assert_eq!(t::nav_carts(), "Warenkörbe");
}

#[test]
fn a_counted_text_takes_its_form_and_its_number() {
    english();
    assert_eq!(t::span_days(1), "1 day");
    assert_eq!(t::span_days(12_000), "12,000 days");
}

#[test]
fn a_value_with_braces_is_not_read_as_a_placeholder() {
    english();
    assert!(t::cart_of("{name}").contains("{name}"));
}

#[test]
fn spans_show_their_two_largest_units() {
    english();
    assert_eq!(format::span(0), "0 seconds");
    assert_eq!(format::span(90), "1 minute 30 seconds");
    assert_eq!(format::span(3_600), "1 hour");
    assert_eq!(format::span(2 * 86_400 + 3 * 3_600 + 60), "2 days 3 hours");
}

#[test]
fn relative_time_rounds_to_the_unit_people_use() {
    english();
    let now = 1_800_000_000_000;
    assert_eq!(format::relative(now - 10_000, now), t::time_now());
    assert_eq!(format::relative(now - 90 * 60_000, now), "2 hours ago");
    assert_eq!(format::relative(now + 50_000, now), "in 1 minute");
    assert_eq!(format::relative(now - 26 * 3_600_000, now), "1 day ago");
}

#[test]
fn money_keeps_every_digit() {
    english();
    assert_eq!(format::money("90071992547409.93", "EUR"), "EUR 90,071,992,547,409.93");
    assert_eq!(format::money_round("4310.20", "EUR"), "EUR 4,310");
}

/// A text nobody shows is work for four translators: each function of `t` is used somewhere.
#[test]
fn every_text_is_used() {
    let mut sources = String::new();
    collect(std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src")), &mut sources);
    let texts: serde_json::Map<String, serde_json::Value> =
        serde_json::from_str(include_str!("../../lang/en.json")).unwrap();
    let unused: Vec<String> = texts
        .keys()
        .filter(|key| !sources.contains(&format!("t::{}", key.replace(['.', '-'], "_"))))
        .cloned()
        .collect();
    assert!(unused.is_empty(), "no view uses {unused:?}");
}

fn collect(folder: &std::path::Path, into: &mut String) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, into);
        } else {
            into.push_str(&std::fs::read_to_string(&path).unwrap());
        }
    }
}

#[test]
fn the_two_files_of_a_language_make_one() {
    let whole: Vec<serde_json::Value> = {
        let all: std::collections::BTreeMap<String, serde_json::Value> =
            serde_json::from_str(include_str!("../../lang/de.json")).expect("JSON");
        all.into_values().collect()
    };
    let half = |wanted: usize| {
        let places = whole.iter().enumerate();
        let one: Vec<_> =
            places.map(|(at, text)| if at % 2 == wanted { text.clone() } else { 0.into() }).collect();
        serde_json::to_string(&one).expect("JSON")
    };
    english();
    assert!(install(Lang::De, &half(0)) && !super::table::is_whole(), "nothing English is left beside it");
    assert!(install(Lang::De, &half(1)) && super::table::is_whole());
    assert_eq!((t::nav_carts(), t::span_days(1)), ("Warenkörbe".into(), "1 Tag".into()));
    assert!(install(Lang::De, &half(0)) && super::table::is_whole(), "what came again takes nothing away");
}
