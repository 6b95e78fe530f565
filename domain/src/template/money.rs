//! Amounts as a reader writes them, after Unicode CLDR 48.
//!
//! The golden file of the tests comes from `Intl.NumberFormat`, so that a mail and the console show one form.

use crate::money::{Currency, Money};

/// How a locale writes an amount.
struct Style {
    group: &'static str,
    decimal: char,
    /// Thousands are only grouped from this many digits before the point on (4, or 5 where `1234` stands alone).
    group_from: usize,
    symbol_first: bool,
    /// Between symbol and number; none between a sign such as `€` and the number in English.
    space: Space,
    /// The minus stands before the number, not before the symbol: `CHF-5.00`.
    minus_inside: bool,
}

#[derive(PartialEq)]
enum Space {
    Always,
    /// Only beside a symbol that ends in a letter.
    Letters,
}

const NBSP: char = '\u{a0}';

const ENGLISH: Style = Style {
    group: ",",
    decimal: '.',
    group_from: 4,
    symbol_first: true,
    space: Space::Letters,
    minus_inside: false,
};
const GERMAN: Style = Style {
    group: ".",
    decimal: ',',
    group_from: 4,
    symbol_first: false,
    space: Space::Always,
    minus_inside: false,
};
const AUSTRIAN: Style = Style { symbol_first: true, ..GERMAN };
const FRENCH: Style = Style { group: "\u{202f}", ..GERMAN };
const ITALIAN: Style = Style { group_from: 5, ..GERMAN };
const SWISS: Style = Style {
    group: "'",
    decimal: '.',
    group_from: 4,
    symbol_first: true,
    space: Space::Always,
    minus_inside: true,
};
const SWISS_FRENCH: Style = Style { decimal: '.', ..FRENCH };
const SWISS_ITALIAN: Style = Style { group_from: 5, ..SWISS };

/// Language and, in upper case, region of a tag such as `de-CH` or `fr_CH`.
fn parts(locale: &str) -> (&str, String) {
    let mut parts = locale.split(['-', '_']);
    let language = parts.next().unwrap_or_default();
    (language, parts.next().unwrap_or_default().to_ascii_uppercase())
}

fn style(locale: &str) -> Style {
    let (language, region) = parts(locale);
    match (language, region.as_str()) {
        ("de", "CH" | "LI") => SWISS,
        ("de", "AT") => AUSTRIAN,
        ("de", _) => GERMAN,
        ("fr", "CH") => SWISS_FRENCH,
        ("fr", _) => FRENCH,
        ("it", "CH") => SWISS_ITALIAN,
        ("it", _) => ITALIAN,
        _ => ENGLISH,
    }
}

/// The sign of a currency where the language has one, else its code.
fn symbol(code: &str, locale: &str) -> Option<&'static str> {
    let (language, region) = parts(locale);
    let swiss_german = language == "de" && matches!(region.as_str(), "CH" | "LI");
    Some(match (language, code) {
        ("de", "EUR") if swiss_german => return None,
        (_, "EUR") => "€",
        ("fr", "GBP") => "£GB",
        (_, "GBP") => "£",
        ("it", "USD" | "INR" | "BRL" | "MXN" | "KRW" | "HKD" | "VND" | "TWD" | "JPY") => return None,
        ("fr", "USD") => "$US",
        ("en", "USD") if !matches!(region.as_str(), "" | "US") => "US$",
        (_, "USD") => "$",
        ("fr", "JPY" | "CNY" | "HKD" | "TWD" | "PHP") => return None,
        ("en", "JPY") if !matches!(region.as_str(), "" | "US") => "JP¥",
        (_, "JPY") => "¥",
        ("fr", "CAD") => "$CA",
        ("en", "CAD") if region == "CA" => "$",
        (_, "CAD") => "CA$",
        ("fr", "AUD") => "$AU",
        ("de", "AUD") => "AU$",
        (_, "AUD") => "A$",
        ("fr", "NZD") => "$NZ",
        (_, "NZD") => "NZ$",
        (_, "CNY") => "CN¥",
        (_, "INR") => "₹",
        (_, "BRL") => "R$",
        ("fr", "MXN") => "$MX",
        (_, "MXN") => "MX$",
        (_, "KRW") => "₩",
        (_, "ILS") => "₪",
        (_, "HKD") => "HK$",
        (_, "TWD") => "NT$",
        (_, "VND") => "₫",
        ("fr", "SGD") => "$SG",
        ("en" | "it", "PHP") => "₱",
        ("de" | "it", "THB") => "฿",
        _ => return None,
    })
}

/// An amount as a reader of `locale` (`de`, `de-CH`, `en-GB`, …) writes it; digits after the point by ISO 4217.
pub fn format(money: Money, locale: &str) -> String {
    let style = style(locale);
    let code = money.currency.code();
    let symbol = symbol(code, locale).unwrap_or(code);
    let number = number(money, &style);
    let minus = if money.minor < 0 { "-" } else { "" };
    let letter = if style.symbol_first { symbol.chars().next_back() } else { None };
    let spaced = style.space == Space::Always || letter.is_some_and(char::is_alphabetic);
    let space = if spaced { String::from(NBSP) } else { String::new() };
    match (style.symbol_first, style.minus_inside && money.minor < 0) {
        (true, true) => format!("{symbol}-{number}"),
        (true, false) => format!("{minus}{symbol}{space}{number}"),
        (false, _) => format!("{minus}{number}{space}{symbol}"),
    }
}

/// As [`format()`], of a code that may be no currency: none then.
pub(crate) fn format_code(minor: i64, code: &str, locale: &str) -> Option<String> {
    let currency: Currency = code.parse().ok()?;
    Some(format(Money::new(minor, currency), locale))
}

/// The digits without sign and symbol.
fn number(money: Money, style: &Style) -> String {
    let places = money.currency.exponent();
    let unit = 10u64.pow(places);
    let minor = money.minor.unsigned_abs();
    let whole = (minor / unit).to_string();
    let mut out = String::with_capacity(whole.len() * 2);
    for (i, digit) in whole.chars().enumerate() {
        let left = whole.len() - i;
        if i > 0 && left.is_multiple_of(3) && whole.len() >= style.group_from {
            out.push_str(style.group);
        }
        out.push(digit);
    }
    if places > 0 {
        out.push(style.decimal);
        out.push_str(&format!("{:0width$}", minor % unit, width = places as usize));
    }
    out
}
