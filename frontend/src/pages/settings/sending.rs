//! Who writes, how often at most, and when not.

use cartwheel_domain::contact_point::EmailAddress;
use leptos::prelude::*;

use super::form::{Context, Form};
use crate::graphql::settings::SettingsStore;
use crate::graphql::update_store_settings::StoreSettingsInput;
use crate::i18n::t;
use crate::ui::{Field, NumberField, TextArea};

/// Seconds of a day.
const DAY: i64 = 86_400;

/// The part about sending.
pub fn form(store: &SettingsStore, context: Context) -> AnyView {
    let form = Form::new(context);
    let settings = &store.settings;
    let text = |text: &str| RwSignal::new(text.to_owned());
    let name = text(&settings.sender_name);
    let email = text(&settings.sender_email);
    let reply = text(settings.reply_to.as_deref().unwrap_or_default());
    let address = text(&settings.postal_address);
    let from = text(settings.quiet_hours_from.as_deref().unwrap_or_default());
    let to = text(settings.quiet_hours_to.as_deref().unwrap_or_default());
    let cap =
        RwSignal::new(settings.frequency_cap_messages.map(|number| number.to_string()).unwrap_or_default());
    let days = RwSignal::new(
        settings.frequency_cap_seconds.map(|seconds| (seconds / DAY).max(1).to_string()).unwrap_or_default(),
    );

    let name_wrong = move || name.with(|name| name.trim().is_empty()).then(t::problem_missing);
    let email_wrong = move || (!is_email(&email.get())).then(t::settings_email_wrong);
    let reply_wrong = move || {
        reply.with(|reply| !reply.trim().is_empty() && !is_email(reply)).then(t::settings_email_wrong)
    };
    let number = move |value: RwSignal<String>| {
        value.get().trim().parse::<i64>().ok().filter(|number| (1..=1_000).contains(number))
    };
    let cap_wrong =
        move |value: RwSignal<String>| move || number(value).is_none().then(t::settings_number_wrong);
    let wrong = Signal::derive(move || {
        name_wrong().is_some()
            || email_wrong().is_some()
            || reply_wrong().is_some()
            || cap_wrong(cap)().is_some()
            || cap_wrong(days)().is_some()
    });
    let input = move || StoreSettingsInput {
        sender_name: Some(name.get_untracked().trim().to_owned()),
        sender_email: Some(email.get_untracked().trim().to_owned()),
        // Empty takes it out.
        reply_to: Some(reply.get_untracked().trim().to_owned()),
        postal_address: Some(address.get_untracked().trim().to_owned()),
        quiet_hours_from: Some(from.get_untracked()),
        quiet_hours_to: Some(to.get_untracked()),
        frequency_cap_messages: untrack(|| number(cap)),
        frequency_cap_seconds: untrack(|| number(days)).map(|days| days * DAY),
        ..StoreSettingsInput::default()
    };
    let messages = || view! { <span class="affix__unit">{t::unit_messages()}</span> }.into_any();
    let in_days = || view! { <span class="affix__unit">{t::unit_days()}</span> }.into_any();
    let fields = view! {
        <div class="form__pair">
            <Field id="sender-name" label=t::settings_sender_name() value=name error=form.error("senderName", name_wrong) />
            <Field id="sender-email" label=t::settings_sender_email() value=email kind="email" error=form.error("senderEmail", email_wrong) />
        </div>
        <Field id="reply-to" label=t::settings_reply() value=reply kind="email" hint=t::settings_reply_hint() error=form.error("replyTo", reply_wrong) />
        <TextArea id="address" label=t::settings_address() value=address hint=t::settings_address_hint() error=form.error("postalAddress", || None) />
        <div class="form__pair">
            <Field id="quiet-from" label=t::settings_quiet_from() value=from kind="time" error=form.error("quietHoursFrom", || None) />
            <Field id="quiet-to" label=t::settings_quiet_to() value=to kind="time" hint=t::settings_quiet_hint() error=form.error("quietHoursTo", || None) />
        </div>
        <div class="form__pair">
            <NumberField id="cap" label=t::settings_cap() value=cap unit=messages hint=t::settings_cap_hint() error=form.error("frequencyCapMessages", cap_wrong(cap)) />
            <NumberField id="cap-days" label=t::settings_cap_days() value=days unit=in_days error=form.error("frequencyCapSeconds", cap_wrong(days)) />
        </div>
    };
    form.view(t::settings_sending(), fields.into_any(), wrong, input)
}

/// By the rule of `domain`, the same the server uses.
fn is_email(text: &str) -> bool {
    text.trim().parse::<EmailAddress>().is_ok()
}
