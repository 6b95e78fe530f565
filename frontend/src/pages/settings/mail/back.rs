//! What comes back: the return path, and the addresses at which services tell.

use std::sync::Arc;

use leptos::prelude::*;

use super::{Context, Mail, form};
use crate::api::{Change, use_query};
use crate::graphql;
use crate::graphql::mail_hooks::{ResponseData, Variables};
use crate::graphql::replace_mail_hooks as replace;
use crate::graphql::settings::SettingsStore;
use crate::graphql::update_store_settings::StoreSettingsInput;
use crate::i18n::t;
use crate::pages::shared::outcome;
use crate::ui::{Button, CodeBlock, Confirm, Field, moment, skeleton_lines, stateful, use_toasts};

/// The section.
pub fn part(context: Context, mail: &Mail, data: &SettingsStore, form: &form::Context) -> AnyView {
    let last = match mail.reported_at {
        Some(at) => moment(at.0).into_any(),
        None => t::mailer_never().into_any(),
    };
    let data = StoredValue::new(data.clone());
    let form = StoredValue::new(form.clone());
    let rest = move || {
        context.may.get().then(|| {
            view! {
                {fields(&data.get_value(), form.get_value())}
                {hooks(context)}
            }
        })
    };
    view! {
        <section class="section stack" aria-labelledby="back">
            <h2 id="back">{t::mailer_back()}</h2>
            <p class="muted">{t::mailer_back_about()}</p>
            <p class="small">{t::mailer_reported()} ": " {last}</p>
            {rest}
        </section>
    }
    .into_any()
}

fn fields(data: &SettingsStore, context: form::Context) -> AnyView {
    let form = form::Form::new(context);
    let settings = &data.settings;
    let text = |text: &str| RwSignal::new(text.to_owned());
    let domain = text(&settings.mail_return_domain);
    let (topic, key) = (text(&settings.ses_topic), text(&settings.sendgrid_key));
    let input = move || StoreSettingsInput {
        mail_return_domain: Some(domain.get_untracked().trim().to_ascii_lowercase()),
        ses_topic: Some(topic.get_untracked().trim().to_owned()),
        sendgrid_key: Some(key.get_untracked().trim().to_owned()),
        ..StoreSettingsInput::default()
    };
    let fields = view! {
        <Field id="mail-return" label=t::mailer_return() value=domain hint=t::mailer_return_hint() error=form.error("mailReturnDomain", || None) />
        <Field id="mail-topic" label=t::mailer_ses_topic() value=topic placeholder="arn:aws:sns:…" error=form.error("sesTopic", || None) />
        <Field id="mail-key" label=t::mailer_sendgrid_key() value=key error=form.error("sendgridKey", || None) />
    };
    form.view(t::mailer_back(), fields.into_any(), Signal::from(false), input)
}

/// Addresses to be copied.
fn hooks(context: Context) -> AnyView {
    let query = use_query::<graphql::MailHooks>(move || Some(Variables { store: context.store.get_value() }));
    let (change, toasts, asking) = (Change::default(), use_toasts(), RwSignal::new(false));
    let act = move |()| {
        let variables = replace::Variables { store: context.store.get_value() };
        change.send::<graphql::ReplaceMailHooks>(variables, move |_| {
            asking.set(false);
            toasts.done(t::mailer_replaced());
            query.refetch();
        });
    };
    let shown = stateful(
        query,
        || skeleton_lines(4),
        move |data: Arc<ResponseData>| {
            let Some(hooks) = data.store.as_ref().map(|store| store.mail.hooks.clone()) else {
                return ().into_any();
            };
            let all = [
                (t::mailer_raw_url(), hooks.raw_url),
                (t::mailer_ses_url(), hooks.ses_url),
                (t::mailer_postmark_url(), hooks.postmark_url),
                (t::mailer_sendgrid_url(), hooks.sendgrid_url),
            ];
            let block = |(label, url): (String, String)| {
                view! {
                    <div class="stack stack--tight">
                        <span class="field__label">{label.clone()}</span>
                        <CodeBlock label=label text=url />
                    </div>
                }
            };
            all.map(block).into_iter().collect_view().into_any()
        },
    );
    view! {
        <p class="muted small">{t::mailer_hooks_secret()}</p>
        {shown}
        <div class="row"><Button label=t::mailer_replace() on_press=move |()| { change.clear(); asking.set(true) } /></div>
        <Confirm
            title=Signal::derive(t::mailer_replace)
            words=Signal::derive(t::mailer_replace_words)
            act=Signal::derive(t::mailer_replace)
            open=asking
            busy=change.busy
            outcome=move || outcome(change, &[])
            on_act=act
        />
    }
    .into_any()
}
