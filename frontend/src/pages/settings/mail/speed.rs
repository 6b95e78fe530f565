//! How fast which mailboxes are written to.

use leptos::prelude::*;

use super::{Context, Mail, form};
use crate::graphql::settings::SettingsStore;
use crate::graphql::update_store_settings::{MailRateInput, StoreSettingsInput};
use crate::i18n::{format, t};
use crate::ui::TextArea;

/// The section.
pub fn part(context: Context, mail: &Mail, data: &SettingsStore, form: &form::Context) -> AnyView {
    let rows: Vec<_> = mail
        .paces
        .iter()
        .map(|pace| {
            let name = if pace.name == "*" { t::mailer_pace_other() } else { pace.name.clone() };
            let slow = pace.slowed_until.map(|until| {
                view! { <div class="tiny muted">{t::mailer_pace_slow(&format::date_time(until.0))}</div> }
            });
            view! {
                <tr>
                    <td>{name}{slow}</td>
                    <td class="muted" data-name=t::mailer_pace_rate()>{format::number(pace.per_minute)}</td>
                </tr>
            }
        })
        .collect();
    let (data, form) = (StoredValue::new(data.clone()), StoredValue::new(form.clone()));
    let own = move || context.may.get().then(|| own(&data.get_value(), form.get_value()));
    view! {
        <section class="section stack" aria-labelledby="speed">
            <h2 id="speed">{t::mailer_pace()}</h2>
            <p class="muted">{t::mailer_pace_about()}</p>
            <div class="table-frame">
                <table class="table table--cards">
                    <thead>
                        <tr>
                            <th scope="col">{t::mailer_pace_name()}</th>
                            <th scope="col">{t::mailer_pace_rate()}</th>
                        </tr>
                    </thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
            {own}
        </section>
    }
    .into_any()
}

fn own(data: &SettingsStore, context: form::Context) -> AnyView {
    let form = form::Form::new(context);
    let lines: Vec<String> =
        data.settings.mail_rates.iter().map(|rate| format!("{} {}", rate.name, rate.per_minute)).collect();
    let typed = RwSignal::new(lines.join("\n"));
    let lines_wrong = move || typed.with(|typed| rates(typed).is_none()).then(t::mailer_pace_wrong);
    let input = move || StoreSettingsInput {
        mail_rates: typed.with_untracked(|typed| rates(typed)).map(|rates| {
            let one = |(name, per_minute)| MailRateInput { name, per_minute };
            rates.into_iter().map(one).collect()
        }),
        ..StoreSettingsInput::default()
    };
    let fields = view! {
        <TextArea id="mail-rates" label=t::mailer_pace_own() value=typed hint=t::mailer_pace_own_hint() error=form.error("mailRates", lines_wrong) code=true />
    };
    let wrong = Signal::derive(move || lines_wrong().is_some());
    form.view(t::mailer_pace_own(), fields.into_any(), wrong, input)
}

/// Lines of a name and a number; `None` when one is wrong.
fn rates(typed: &str) -> Option<Vec<(String, i64)>> {
    let lines = typed.lines().map(str::trim).filter(|line| !line.is_empty());
    let rate = |line: &str| {
        let (name, number) = line.rsplit_once(char::is_whitespace)?;
        let name = name.trim();
        let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '-');
        let number = number.parse::<i64>().ok().filter(|n| (1..=100_000).contains(n))?;
        (name == "*" || (!name.is_empty() && name.chars().all(fits))).then(|| (name.to_owned(), number))
    };
    lines.map(rate).collect()
}

#[cfg(test)]
mod tests {
    use super::rates;

    #[test]
    fn each_line_is_a_name_and_a_number() {
        let read = rates("gmail 100\n\n  example.com   5 \n* 1").expect("three");
        assert_eq!(read, [("gmail".into(), 100), ("example.com".into(), 5), ("*".into(), 1)]);
        for wrong in ["gmail", "gmail 0", "Gmail 5", "gmail 100001", "a b 5", "gmail -1"] {
            assert_eq!(rates(wrong), None, "{wrong}");
        }
    }
}
