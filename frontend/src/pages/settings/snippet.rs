//! The code for the shop, what it may record, and the keys for one's own systems.

use leptos::prelude::*;

use super::form::{Context, Form};
use crate::graphql::settings::SettingsStore;
use crate::graphql::types::CaptureMode;
use crate::graphql::update_store_settings::StoreSettingsInput;
use crate::i18n::t;
use crate::ui::{CodeBlock, Select, TextArea};

/// The part about the snippet.
pub fn form(store: &SettingsStore, context: Context) -> AnyView {
    let form = Form::new(context);
    let settings = &store.settings;
    let mode = RwSignal::new(settings.capture_mode.word().to_owned());
    let hosts = RwSignal::new(settings.store_hosts.join("\n"));
    let modes = CaptureMode::ALL
        .iter()
        .map(|mode| {
            let words = match mode {
                CaptureMode::Off => t::capture_off(),
                CaptureMode::AfterConsent => t::capture_consent(),
                CaptureMode::LegitimateInterest => t::capture_interest(),
            };
            (mode.word().to_owned(), words)
        })
        .collect();
    let input = move || StoreSettingsInput {
        capture_mode: CaptureMode::from_word(&mode.get_untracked()),
        store_hosts: Some(hosts.get_untracked().split_whitespace().map(str::to_owned).collect()),
        ..StoreSettingsInput::default()
    };
    let fields = view! {
        <Select id="capture" label=t::settings_capture() options=modes value=mode on_pick=move |value: String| mode.set(value) visible_label=true hint=t::settings_capture_hint() />
        <TextArea id="hosts" label=t::settings_hosts() value=hosts hint=t::settings_hosts_hint() error=form.error("storeHosts", || None) />
    };
    view! {
        <div class="stack stack--wide form-wide">
            <section class="stack">
                <div>
                    <h2>{t::snippet_title()}</h2>
                    <p class="muted">{t::snippet_about()}</p>
                </div>
                <CodeBlock label=t::snippet_title() text=settings.snippet_html.clone() />
            </section>
            {form.view(t::settings_snippet(), fields.into_any(), Signal::from(false), input)}
            <section class="stack">
                <div>
                    <h2>{t::keys_title()}</h2>
                    <p class="muted">{t::keys_about()}</p>
                </div>
                <dl class="facts">
                    <dt>{t::key_public()}</dt>
                    <dd><code>{settings.public_key.clone()}</code></dd>
                    <dt>{t::key_write()}</dt>
                    <dd><code>{settings.write_key_hint.clone()}</code></dd>
                </dl>
            </section>
        </div>
    }
    .into_any()
}
