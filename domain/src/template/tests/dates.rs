//! Dates in the reader's zone and language.

use super::text;
use serde_json::json;

#[test]
fn usual_forms_of_each_language() {
    for (language, pattern, expected) in [
        ("en", "long", "5 March 2026"),
        ("en", "short", "5 Mar 2026"),
        ("en", "weekday", "Thursday, 5 March"),
        ("de", "long", "5. März 2026"),
        ("de", "short", "05.03.2026"),
        ("de", "weekday", "Donnerstag, 5. März"),
        ("fr", "long", "5 mars 2026"),
        ("fr", "short", "05/03/2026"),
        ("fr", "weekday", "jeudi 5 mars"),
        ("it", "long", "5 marzo 2026"),
        ("it", "short", "05/03/2026"),
        ("it", "weekday", "giovedì 5 marzo"),
        ("de", "time", "14:07"),
    ] {
        let data = json!({ "language": language, "d": "2026-03-05T14:07:09Z", "p": pattern });
        assert_eq!(text("{{ d | date: p }}", data), expected, "{language} {pattern}");
    }
    assert_eq!(text("{{ d | date }}", json!({ "language": "de", "d": "2026-03-05" })), "5. März 2026");
    assert_eq!(text("{{ d | date }}", json!({ "language": "fr", "d": "2026-05-01" })), "1er mai 2026");
    assert_eq!(text("{{ d | date }}", json!({ "language": "fr", "d": "2026-05-11" })), "11 mai 2026");
}

#[test]
fn dates_and_amounts_are_in_the_language_of_the_words() {
    let data = json!({ "language": "de", "locale": "nl-CH", "d": "2026-03-05", "t": { "minor": 123_450, "currency": "CHF" } });
    assert_eq!(text("{{ d | date }} {{ t }}", data), "5. März 2026 CHF\u{a0}1'234.50");
    let data = json!({ "language": "fr", "locale": "pt", "d": "2026-03-05" });
    assert_eq!(text("{{ d | date }}", data), "5 mars 2026");
}

#[test]
fn the_readers_zone_decides_the_day() {
    let at = |zone: &str| json!({ "time_zone": zone, "d": "2026-03-28T23:30:00Z" });
    let source = "{{ d | date: '%Y-%m-%d %H:%M %z' }}";
    assert_eq!(text(source, at("UTC")), "2026-03-28 23:30 +0000");
    assert_eq!(text(source, at("Europe/Berlin")), "2026-03-29 00:30 +0100");
    assert_eq!(text(source, at("America/New_York")), "2026-03-28 19:30 -0400");
    assert_eq!(text(source, at("Mars/Olympus")), "2026-03-28 23:30 +0000", "an unknown zone is UTC");
    // The hour that does not exist in Berlin on 29 March 2026 leaves the value as it was written.
    let gap = json!({ "time_zone": "Europe/Berlin", "d": "2026-03-29 02:30:00" });
    assert_eq!(text("{{ d | date: '%H:%M' }}", gap), "2026-03-29 02:30:00");
    let fold = json!({ "time_zone": "Europe/Berlin", "d": "2026-10-25 02:30:00" });
    assert_eq!(text("{{ d | date: '%H:%M %z' }}", fold), "02:30 +0200");
}

#[test]
fn now_comes_from_the_context_and_nowhere_else() {
    let data = json!({ "now": "2026-11-22T10:00:00.000Z" });
    assert_eq!(text("{{ 'now' | date: '%F' }} {{ now | date: '%T' }}", data), "2026-11-22 10:00:00");
    assert_eq!(
        text("{{ 'now' | date: '%F' }}", json!({})),
        "now",
        "without a now in the context there is none"
    );
}

#[test]
fn signs_flags_and_widths() {
    let data = || json!({ "d": "2026-03-05T04:07:09.123Z" });
    for (pattern, expected) in [
        ("%-d.%-m.", "5.3."),
        ("%e|%k|%l", " 5| 4| 4"),
        ("%I%p%P", "04AMam"),
        ("%j %U %W %V %u %w", "064 09 09 10 4 4"),
        ("%y %C %G", "26 20 2026"),
        ("%s", "1772683629"),
        ("%L %N", "123 123000000"),
        ("%D %R %r", "03/05/26 04:07 04:07:09 AM"),
        ("%^a %^B", "THU MARCH"),
        ("%5d", "00005"),
        ("%_5d", "    5"),
        ("%%|%q|%", "%|%q|%"),
        ("%n%t", "\n\t"),
        ("%:z", "+00:00"),
        ("%c", "Thu Mar  5 04:07:09 2026"),
        ("%v", " 5-MAR-2026"),
        ("%10A", "  Thursday"),
    ] {
        let source = format!("{{{{ d | date: '{pattern}' }}}}");
        assert_eq!(text(&source, data()), expected, "{pattern}");
    }
}

#[test]
fn extreme_dates_are_left_alone() {
    for value in
        [json!(i64::MAX), json!(i64::MIN), json!(253_402_300_800_i64), json!("99999-01-01"), json!(true)]
    {
        let out = text("{{ d | date: '%Y' }}", json!({ "d": value.clone() }));
        assert!(!out.contains("9999") || value.to_string().contains(&out), "{value} became {out}");
    }
    assert_eq!(text("{{ d | date: '%Y' }}", json!({ "d": 253_402_300_799_i64 })), "9999");
    assert_eq!(text("{{ d | date: '%Y' }}", json!({ "d": 0 })), "1970");
}
