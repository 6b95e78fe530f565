//! A wait until the clock on the recipient's wall shows a time.

use cartwheel_domain::journey::{Node, WaitUntil, Weekday};
use cartwheel_domain::schedule::LocalTime;
use leptos::prelude::*;

use super::{Form, follow};
use crate::i18n::{format, t};
use crate::ui::{Field, checks};

/// The form.
pub fn form(form: Form, wait: &WaitUntil) -> AnyView {
    let time = RwSignal::new(wait.time.to_string());
    let read = move || time.with(|text| of_field(text));
    let days: Vec<(String, String, RwSignal<bool>)> = Weekday::ALL
        .map(|day| {
            (day.to_string(), format::weekday(day, "long"), RwSignal::new(wait.weekdays.contains(&day)))
        })
        .to_vec();
    let boxes = days.iter().map(|(_, _, on)| *on).collect::<Vec<_>>();
    let chosen = move || {
        let of = Weekday::ALL.into_iter().zip(&boxes);
        of.filter(|(_, on)| on.get()).map(|(day, _)| day).collect::<Vec<_>>()
    };
    follow(
        move || (read(), chosen()),
        move |(time, weekdays)| {
            form.set(|node| {
                if let Node::WaitUntil(wait) = node {
                    wait.time = time.unwrap_or(wait.time);
                    wait.weekdays = weekdays;
                }
            });
        },
    );
    let error = Signal::derive(move || read().is_none().then(t::problem_missing));
    view! {
        <Field id="until" label=t::until_label() value=time kind="time" error=error hint=t::until_hint() />
        {checks("until-days", t::until_days(), &days, Signal::derive(|| None))}
        <p class="field__hint">{t::until_days_hint()}</p>
    }
    .into_any()
}

/// The time in a field; some browsers give seconds as well.
fn of_field(text: &str) -> Option<LocalTime> {
    text.get(..5).unwrap_or(text).parse().ok()
}

#[cfg(test)]
mod tests {
    use super::of_field;

    #[test]
    fn a_time_is_read_with_or_without_seconds() {
        let shown = |text: &str| of_field(text).map(|time| time.to_string());
        assert_eq!(shown("09:30").as_deref(), Some("09:30"));
        assert_eq!(shown("09:30:00").as_deref(), Some("09:30"));
        assert_eq!(shown(""), None);
        assert_eq!(shown("24:00"), None);
    }
}
