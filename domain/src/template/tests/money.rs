//! Amounts against `Intl.NumberFormat` (ICU 78, CLDR 48); see `tests/money_golden/`.

use crate::money::Money;
use crate::template::money::format;

#[derive(serde::Deserialize)]
struct Row {
    locale: String,
    currency: String,
    minor: i64,
    text: String,
}

#[test]
fn amounts_read_as_intl_writes_them() {
    let rows: Vec<Row> =
        serde_json::from_str(include_str!("../../../tests/money_golden/golden.json")).expect("golden.json");
    assert!(rows.len() > 1_000, "only {} rows", rows.len());
    let mut wrong = Vec::new();
    for row in &rows {
        let money = Money::new(row.minor, row.currency.parse().expect("a currency"));
        let ours = format(money, &row.locale);
        if ours != row.text {
            wrong
                .push(format!("{} {} {}: {ours:?}, not {:?}", row.locale, row.currency, row.minor, row.text));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), rows.len(), wrong.join("\n"));
}

#[test]
fn extremes_do_not_overflow() {
    let eur = "EUR".parse().expect("a currency");
    assert_eq!(format(Money::new(i64::MIN, eur), "de"), "-92.233.720.368.547.758,08\u{a0}€");
    assert_eq!(format(Money::new(0, eur), "xx-YY"), "€0.00");
    assert_eq!(format(Money::new(-5, eur), ""), "-€0.05");
}
