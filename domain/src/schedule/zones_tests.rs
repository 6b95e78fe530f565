use super::*;

fn country(code: &str) -> Option<Country> {
    code.parse().ok()
}

const STORE: Tz = Tz::Europe__Zurich;

#[test]
fn every_line_of_the_table_names_a_country_and_a_zone_we_know() {
    assert!(TABLE.lines().count() > 400);
    for line in TABLE.lines() {
        let (code, name) = line.split_once('\t').expect("two columns");
        assert!(country(code).is_some() && zone(name).is_some(), "{line}");
        assert!(zones_of_country(country(code).expect("a country")).contains(&zone(name).expect("a zone")));
    }
}

#[test]
fn the_best_knowledge_wins() {
    let own = guess_zone(Some(" America/New_York "), country("DE"), STORE);
    assert_eq!(
        (own.zones, own.source, own.invalid),
        (vec![Tz::America__New_York], ZoneSource::Contact, None)
    );
    let one = guess_zone(None, country("FR"), STORE);
    assert_eq!((one.zones, one.source), (vec![Tz::Europe__Paris], ZoneSource::Country));
    let many = guess_zone(Some(""), country("US"), STORE);
    assert_eq!(
        (many.zones.len(), many.zones[0], many.source),
        (29, Tz::America__New_York, ZoneSource::CountryMany)
    );
    let none = guess_zone(None, None, STORE);
    assert_eq!((none.zones, none.source), (vec![STORE], ZoneSource::Store));
    assert_eq!(guess_zone(None, country("ZZ"), STORE).source, ZoneSource::Store);
}

#[test]
fn a_zone_that_does_not_exist_is_reported_and_never_stops_anything() {
    let bad = guess_zone(Some("Mars/Olympus"), country("IT"), STORE);
    assert_eq!((bad.source, bad.invalid.as_deref()), (ZoneSource::Country, Some("Mars/Olympus")));
    let long = guess_zone(Some(&"x".repeat(1_000)), None, STORE);
    assert_eq!((long.zones, long.invalid.map(|s| s.len())), (vec![STORE], Some(64)));
}
