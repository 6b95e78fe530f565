//! The connection to Shopify: its address, the secret its webhooks are signed with, and where they go.

use leptos::prelude::*;

use super::form::{Context, Form, optional};
use crate::graphql::settings::SettingsStore;
use crate::graphql::update_store_settings::StoreSettingsInput;
use crate::i18n::t;
use crate::ui::{CodeBlock, Field, Icon, Tone, badge};

/// The part about Shopify.
pub fn form(store: &SettingsStore, context: Context) -> AnyView {
    let form = Form::new(context);
    let settings = &store.settings;
    let domain = RwSignal::new(settings.shopify_domain.clone().unwrap_or_default());
    let secret = RwSignal::new(String::new());
    let domain_wrong = move || {
        domain
            .with(|domain| !domain.trim().is_empty() && !domain.trim().ends_with(".myshopify.com"))
            .then(t::shopify_domain_wrong)
    };
    let wrong = Signal::derive(move || domain_wrong().is_some());
    let input = move || StoreSettingsInput {
        shopify_domain: Some(domain.get_untracked().trim().to_owned()),
        shopify_secret: optional(&secret.get_untracked()),
        ..StoreSettingsInput::default()
    };
    let state = if settings.shopify_connected {
        badge(Tone::Positive, Some(Icon::Check), t::shopify_connected())
    } else {
        badge(Tone::Quiet, None, t::shopify_open())
    };
    let fields = view! {
        <Field id="shopify-domain" label=t::shopify_domain() value=domain placeholder="wheelhouse.myshopify.com" error=form.error("shopifyDomain", domain_wrong) />
        <Field id="shopify-secret" label=t::shopify_secret() value=secret kind="password" autocomplete="new-password" hint=t::shopify_secret_hint() error=form.error("shopifySecret", || None) />
    };
    view! {
        <div class="stack stack--wide form-wide">
            <section class="stack">
                <div class="row row--wrap"><h2>{t::settings_shopify()}</h2>{state}</div>
                <p class="muted">{t::shopify_about()}</p>
                <CodeBlock label=t::shopify_url() text=settings.shopify_webhook_url.clone() />
                <p class="small muted">{t::shopify_topics()}</p>
            </section>
            {form.view(t::settings_shopify(), fields.into_any(), wrong, input)}
        </div>
    }
    .into_any()
}
