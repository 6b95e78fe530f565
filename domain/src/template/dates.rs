//! Dates in words: names of days and months, and the patterns of `strftime`.

use chrono::{DateTime, Datelike, Timelike};
use chrono_tz::Tz;

use super::error::Fault;
use super::limits::Budget;

/// Longest pattern taken, and widest field.
const MAX_PATTERN: usize = 256;
const MAX_WIDTH: usize = 32;

struct Names {
    months: [&'static str; 12],
    short_months: [&'static str; 12],
    days: [&'static str; 7],
    short_days: [&'static str; 7],
    /// The patterns behind `long`, `short`, `weekday` and `time`.
    long: &'static str,
    short: &'static str,
    weekday: &'static str,
}

const EN: Names = Names {
    months: [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ],
    short_months: ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"],
    days: ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"],
    short_days: ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"],
    long: "%-d %B %Y",
    short: "%-d %b %Y",
    weekday: "%A, %-d %B",
};
const DE: Names = Names {
    months: [
        "Januar",
        "Februar",
        "März",
        "April",
        "Mai",
        "Juni",
        "Juli",
        "August",
        "September",
        "Oktober",
        "November",
        "Dezember",
    ],
    short_months: [
        "Jan.", "Feb.", "März", "Apr.", "Mai", "Juni", "Juli", "Aug.", "Sept.", "Okt.", "Nov.", "Dez.",
    ],
    days: ["Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag", "Sonntag"],
    short_days: ["Mo", "Di", "Mi", "Do", "Fr", "Sa", "So"],
    long: "%-d. %B %Y",
    short: "%d.%m.%Y",
    weekday: "%A, %-d. %B",
};
const FR: Names = Names {
    months: [
        "janvier",
        "février",
        "mars",
        "avril",
        "mai",
        "juin",
        "juillet",
        "août",
        "septembre",
        "octobre",
        "novembre",
        "décembre",
    ],
    short_months: [
        "janv.", "févr.", "mars", "avr.", "mai", "juin", "juil.", "août", "sept.", "oct.", "nov.", "déc.",
    ],
    days: ["lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"],
    short_days: ["lun.", "mar.", "mer.", "jeu.", "ven.", "sam.", "dim."],
    long: "%-d %B %Y",
    short: "%d/%m/%Y",
    weekday: "%A %-d %B",
};
const IT: Names = Names {
    months: [
        "gennaio",
        "febbraio",
        "marzo",
        "aprile",
        "maggio",
        "giugno",
        "luglio",
        "agosto",
        "settembre",
        "ottobre",
        "novembre",
        "dicembre",
    ],
    short_months: ["gen", "feb", "mar", "apr", "mag", "giu", "lug", "ago", "set", "ott", "nov", "dic"],
    days: ["lunedì", "martedì", "mercoledì", "giovedì", "venerdì", "sabato", "domenica"],
    short_days: ["lun", "mar", "mer", "gio", "ven", "sab", "dom"],
    long: "%-d %B %Y",
    short: "%d/%m/%Y",
    weekday: "%A %-d %B",
};

fn names(language: &str) -> &'static Names {
    match language {
        "de" => &DE,
        "fr" => &FR,
        "it" => &IT,
        _ => &EN,
    }
}

/// Writes `at` after `pattern`: `strftime` signs with the flags `-`, `_`, `0`, `^` and a width, or one of the words
/// `long`, `short`, `weekday` and `time`, which mean the usual form of the language.
pub(crate) fn format(
    at: &DateTime<Tz>,
    pattern: &str,
    language: &str,
    budget: &mut Budget,
) -> Result<String, Fault> {
    if pattern.len() > MAX_PATTERN {
        return Err(Fault::value(format!("this date pattern is longer than {MAX_PATTERN} bytes")));
    }
    let names = names(language);
    let pattern = match pattern {
        "long" => names.long,
        "short" => names.short,
        "weekday" => names.weekday,
        "time" => "%H:%M",
        other => other,
    };
    budget.make(pattern.len() * MAX_WIDTH)?;
    let mut out = String::new();
    let mut chars = pattern.chars().peekable();
    while let Some(c) = chars.next() {
        if c != '%' {
            out.push(c);
            continue;
        }
        let mut flags = String::new();
        while let Some(flag) = chars.next_if(|c| matches!(c, '-' | '_' | '0' | '^' | '#' | ':')) {
            flags.push(flag);
        }
        let mut width = 0usize;
        while let Some(digit) = chars.next_if(char::is_ascii_digit) {
            width = (width * 10 + digit.to_digit(10).unwrap_or(0) as usize).min(MAX_WIDTH);
        }
        let Some(sign) = chars.next() else {
            out.push('%');
            break;
        };
        match composite(sign) {
            Some(inner) => out.push_str(&format(at, inner, language, budget)?),
            None => field(&mut out, at, sign, &flags, width, names),
        }
    }
    if language == "fr" && at.day() == 1 && pattern.contains("%-d %B") {
        // The first of a month is an ordinal in French: 1er mai.
        out = out.replacen("1 ", "1er ", 1);
    }
    Ok(out)
}

fn composite(sign: char) -> Option<&'static str> {
    Some(match sign {
        'F' => "%Y-%m-%d",
        'T' | 'X' => "%H:%M:%S",
        'D' | 'x' => "%m/%d/%y",
        'R' => "%H:%M",
        'r' => "%I:%M:%S %p",
        'c' => "%a %b %e %H:%M:%S %Y",
        'v' => "%e-%^b-%Y",
        _ => return None,
    })
}

fn field(out: &mut String, at: &DateTime<Tz>, sign: char, flags: &str, width: usize, names: &Names) {
    let month = at.month0() as usize;
    let day = at.weekday().num_days_from_monday() as usize;
    let hour12 = i64::from(at.hour12().1);
    let text = |out: &mut String, text: &str| {
        let text = if flags.contains('^') { text.to_uppercase() } else { text.to_owned() };
        let pad = width.saturating_sub(text.chars().count());
        out.extend(std::iter::repeat_n(if flags.contains('0') { '0' } else { ' ' }, pad));
        out.push_str(&text);
    };
    let mut number = |value: i64, digits: usize, pad: char| {
        let pad = match flags.chars().last() {
            Some('_') => ' ',
            Some('0') => '0',
            _ => pad,
        };
        let digits = if flags.contains('-') { 0 } else { digits.max(width) };
        let shown = value.to_string();
        out.extend(std::iter::repeat_n(pad, digits.saturating_sub(shown.len())));
        out.push_str(&shown);
    };
    match sign {
        'Y' => number(i64::from(at.year()), 0, '0'),
        'C' => number(i64::from(at.year().div_euclid(100)), 2, '0'),
        'y' => number(i64::from(at.year().rem_euclid(100)), 2, '0'),
        'm' => number(i64::from(at.month()), 2, '0'),
        'd' => number(i64::from(at.day()), 2, '0'),
        'e' => number(i64::from(at.day()), 2, ' '),
        'j' => number(i64::from(at.ordinal()), 3, '0'),
        'H' => number(i64::from(at.hour()), 2, '0'),
        'k' => number(i64::from(at.hour()), 2, ' '),
        'I' => number(hour12, 2, '0'),
        'l' => number(hour12, 2, ' '),
        'M' => number(i64::from(at.minute()), 2, '0'),
        'S' => number(i64::from(at.second()), 2, '0'),
        'L' => number(i64::from(at.timestamp_subsec_millis()), 3, '0'),
        'N' => number(i64::from(at.timestamp_subsec_nanos()), 9, '0'),
        's' => number(at.timestamp(), 0, '0'),
        'u' => number(i64::from(at.weekday().number_from_monday()), 1, '0'),
        'w' => number(i64::from(at.weekday().num_days_from_sunday()), 1, '0'),
        'V' => number(i64::from(at.iso_week().week()), 2, '0'),
        'G' => number(i64::from(at.iso_week().year()), 0, '0'),
        'U' => number(i64::from((at.ordinal() + 6 - at.weekday().num_days_from_sunday()) / 7), 2, '0'),
        'W' => number(i64::from((at.ordinal() + 6 - at.weekday().num_days_from_monday()) / 7), 2, '0'),
        'B' => text(out, names.months[month]),
        'b' | 'h' => text(out, names.short_months[month]),
        'A' => text(out, names.days[day]),
        'a' => text(out, names.short_days[day]),
        'p' => text(out, if at.hour() < 12 { "AM" } else { "PM" }),
        'P' => text(out, if at.hour() < 12 { "am" } else { "pm" }),
        'z' => out.push_str(&at.format(if flags.contains(':') { "%:z" } else { "%z" }).to_string()),
        'Z' => text(out, &at.format("%Z").to_string()),
        'n' => out.push('\n'),
        't' => out.push('\t'),
        '%' => out.push('%'),
        other => {
            out.push('%');
            out.push_str(flags);
            out.push(other);
        }
    }
}
