//! A span of time: a number and the unit people think of it in.

use cartwheel_domain::journey::Change;
use leptos::prelude::*;

use super::{Form, follow};
use crate::i18n::t;
use crate::pages::shared::span_field;

/// Units with their seconds.
const UNITS: [(&str, i64); 3] = [("minutes", 60), ("hours", 3_600), ("days", 86_400)];

/// What stands in the fields of a span.
#[derive(Clone, Copy)]
pub struct Span {
    digits: RwSignal<String>,
    unit: RwSignal<String>,
}

impl Span {
    /// From seconds; less than none leaves the field empty.
    pub fn new(seconds: i64) -> Self {
        let (name, size) = unit_of(seconds);
        let digits = if seconds < 0 { String::new() } else { (seconds / size).to_string() };
        Self { digits: RwSignal::new(digits), unit: RwSignal::new(name.to_owned()) }
    }

    /// In seconds; what is no number is -1, which the journey refuses with words.
    pub fn seconds(self) -> i64 {
        seconds(&self.digits.get(), &self.unit.get())
    }

    /// The fields.
    pub fn field(
        self,
        id: &'static str,
        label: String,
        hint: String,
        error: Signal<Option<String>>,
    ) -> AnyView {
        let options = vec![
            ("minutes".to_owned(), t::unit_minutes()),
            ("hours".to_owned(), t::unit_hours()),
            ("days".to_owned(), t::unit_days()),
        ];
        span_field((id, label, hint), (self.digits, self.unit), options, error)
    }
}

/// The length of a wait, or the time-out of one for an event.
pub fn wait(form: Form, now: i64, field: &'static str, label: String) -> AnyView {
    let span = Span::new(now);
    follow(
        move || span.seconds(),
        move |seconds| form.draft.change(Change::SetWait { node: form.id(), seconds }),
    );
    span.field("wait", label, t::wait_hint(), form.error(field))
}

/// The largest unit that gives a whole number.
fn unit_of(seconds: i64) -> (&'static str, i64) {
    UNITS.into_iter().rev().find(|(_, unit)| seconds > 0 && seconds % unit == 0).unwrap_or(UNITS[0])
}

/// Digits and unit as seconds.
fn seconds(digits: &str, unit: &str) -> i64 {
    let unit = UNITS.into_iter().find(|(name, _)| *name == unit).map_or(60, |(_, seconds)| seconds);
    digits.trim().parse::<i64>().map_or(-1, |number| number.saturating_mul(unit))
}

#[cfg(test)]
mod tests {
    use super::{seconds, unit_of};

    #[test]
    fn a_wait_is_shown_in_its_largest_whole_unit() {
        assert_eq!(unit_of(3_600), ("hours", 3_600));
        assert_eq!(unit_of(82_800), ("hours", 3_600));
        assert_eq!(unit_of(86_400), ("days", 86_400));
        assert_eq!(unit_of(90 * 60), ("minutes", 60));
        assert_eq!(unit_of(0), ("minutes", 60));
    }

    #[test]
    fn what_is_no_number_is_refused_later() {
        assert_eq!(seconds("2", "hours"), 7_200);
        assert_eq!(seconds("", "hours"), -1);
        assert_eq!(seconds("9223372036854775807", "days"), i64::MAX);
    }
}
