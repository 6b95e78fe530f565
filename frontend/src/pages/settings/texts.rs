//! Text messages: the store's own account at Twilio, as whom they come, what they cost, and when they may not go.

use cartwheel_domain::sms::{Sender, account_id};
use leptos::prelude::*;

use super::form::{Context, Form, optional};
use crate::graphql::settings::SettingsStore;
use crate::graphql::update_store_settings::StoreSettingsInput;
use crate::i18n::t;
use crate::ui::{CodeBlock, Field, Icon, Tone, badge, notice};

/// The part about text messages.
pub fn form(store: &SettingsStore, context: Context) -> AnyView {
    let form = Form::new(context);
    let settings = &store.settings;
    let text = |text: &str| RwSignal::new(text.to_owned());
    let (account, sender) = (text(&settings.sms_account), text(&settings.sms_sender));
    let token = RwSignal::new(String::new());
    let cost = RwSignal::new(written(settings.sms_part_cost));
    let from = text(settings.sms_quiet_hours_from.as_deref().unwrap_or_default());
    let to = text(settings.sms_quiet_hours_to.as_deref().unwrap_or_default());

    let account_wrong = move || {
        account
            .with(|typed| !typed.trim().is_empty() && account_id(typed).is_none())
            .then(t::sms_account_wrong)
    };
    let sender_wrong = move || {
        sender
            .with(|typed| !typed.trim().is_empty() && Sender::parse(typed).is_none())
            .then(t::sms_sender_wrong)
    };
    let cost_wrong = move || cost.with(|typed| thousandths(typed).is_none()).then(t::sms_cost_wrong);
    let wrong = Signal::derive(move || {
        account_wrong().is_some() || sender_wrong().is_some() || cost_wrong().is_some()
    });
    let input = move || StoreSettingsInput {
        sms_account: Some(account.get_untracked().trim().to_owned()),
        sms_sender: Some(sender.get_untracked().trim().to_owned()),
        sms_part_cost: untrack(|| cost.with(|typed| thousandths(typed))),
        sms_token: optional(&token.get_untracked()),
        sms_quiet_hours_from: Some(from.get_untracked()),
        sms_quiet_hours_to: Some(to.get_untracked()),
        ..StoreSettingsInput::default()
    };
    let ready = settings.sms_connected && !settings.sms_account.is_empty() && !settings.sms_sender.is_empty();
    let state = if ready {
        badge(Tone::Positive, Some(Icon::Check), t::sms_connected())
    } else {
        badge(Tone::Quiet, None, t::sms_open())
    };
    // Nobody can answer a name, so nobody can say STOP to it.
    let unanswerable = move || {
        let name = sender.with(|typed| Sender::parse(typed).is_some_and(|sender| !sender.answerable()));
        name.then(|| {
            let words = view! { <p>{t::sms_name_words()}</p> };
            view! { <div role="status">{notice(Tone::Caution, t::sms_name(), words.into_any())}</div> }
        })
    };
    let unit = store.currency.clone();
    let fields = view! {
        <div class="form__pair">
            <Field id="sms-account" label=t::sms_account() value=account placeholder="AC…" error=form.error("smsAccount", account_wrong) />
            <Field id="sms-token" label=t::sms_token() value=token kind="password" autocomplete="new-password" hint=t::sms_token_hint() error=form.error("smsToken", || None) />
        </div>
        <div class="form__pair">
            <Field id="sms-sender" label=t::sms_sender() value=sender hint=t::sms_sender_hint() error=form.error("smsSender", sender_wrong) />
            <Field id="sms-cost" label=t::sms_cost(&unit) value=cost hint=t::sms_cost_hint() error=form.error("smsPartCost", cost_wrong) />
        </div>
        {unanswerable}
        <div class="form__pair">
            <Field id="sms-quiet-from" label=t::settings_quiet_from() value=from kind="time" error=form.error("smsQuietHoursFrom", || None) />
            <Field id="sms-quiet-to" label=t::settings_quiet_to() value=to kind="time" hint=t::sms_quiet_hint() error=form.error("smsQuietHoursTo", || None) />
        </div>
    };
    view! {
        <div class="stack stack--wide form-wide">
            <section class="stack">
                <div class="row row--wrap"><h2>{t::settings_texts()}</h2>{state}</div>
                <p class="muted">{t::sms_about()}</p>
                <CodeBlock label=t::sms_answer_url() text=settings.sms_answer_url.clone() />
                <p class="small muted">{t::sms_answer_about()}</p>
            </section>
            {form.view(t::settings_texts(), fields.into_any(), wrong, input)}
        </div>
    }
    .into_any()
}

/// Thousandths as people write them: `0.075`.
fn written(thousandths: i64) -> String {
    if thousandths == 0 {
        return String::new();
    }
    let text = format!("{}.{:03}", thousandths / 1_000, thousandths % 1_000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// What people write, with a point or a comma; nothing is 0: not known. At most ten units, and no finer than thousandths.
fn thousandths(typed: &str) -> Option<i64> {
    let typed = typed.trim().replace(',', ".");
    if typed.is_empty() {
        return Some(0);
    }
    let (whole, part) = typed.split_once('.').unwrap_or((&typed, ""));
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || whole.len() > 2 || part.len() > 3 || !digits(whole) || !digits(part) {
        return None;
    }
    let part: i64 = format!("{part:0<3}").parse().ok()?;
    Some(whole.parse::<i64>().ok()? * 1_000 + part).filter(|all| *all <= 10_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_price_is_read_as_it_is_written() {
        for (typed, expected) in [
            ("", Some(0)),
            ("0.075", Some(75)),
            ("0,08", Some(80)),
            ("1", Some(1_000)),
            ("10", Some(10_000)),
            ("10.001", None),
            ("0.0755", None),
            (".5", None),
            ("-1", None),
            ("1e3", None),
        ] {
            assert_eq!(thousandths(typed), expected, "{typed}");
        }
        for all in [0, 5, 75, 80, 1_000, 1_200, 10_000] {
            assert_eq!(thousandths(&written(all)), Some(all));
        }
    }
}
