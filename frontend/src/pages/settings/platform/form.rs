//! Address and credentials of a platform.

use leptos::prelude::*;

use super::{Connection, Context, name};
use crate::api::Change;
use crate::graphql;
use crate::graphql::connect_platform as connect;
use crate::graphql::types::PlatformName;
use crate::i18n::t;
use crate::pages::settings::form::optional;
use crate::pages::shared::{field_error, outcome};
use crate::ui::{Button, ButtonKind, CodeBlock, Field, use_toasts};

/// The fields at which refusals stand.
const FIELDS: &[&str] = &["address", "webhookSecret", "apiKey", "apiSecret", "recoveryUrl"];

/// Whether a text could be the address of a shop; the server asks more.
fn is_address(platform: PlatformName, text: &str) -> bool {
    let text = text.trim();
    let hash = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    match platform {
        PlatformName::Shopify => text.strip_suffix(".myshopify.com").is_some_and(|shop| !shop.is_empty()),
        PlatformName::Woocommerce => {
            let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
            rest.is_some_and(|rest| !rest.is_empty()) && !text.contains([' ', '?', '#'])
        }
        PlatformName::Bigcommerce => !text.is_empty() && text.len() <= 32 && text.chars().all(hash),
    }
}

/// The form.
pub fn part(context: Context, one: &Connection) -> AnyView {
    let (platform, toasts, change) = (one.platform, use_toasts(), Change::default());
    let address = RwSignal::new(one.address.clone());
    let [secret, key, token] = [(); 3].map(|()| RwSignal::new(String::new()));
    let recovery = RwSignal::new(one.recovery_url.clone().unwrap_or_default());
    let tried = RwSignal::new(false);
    let wrong = move || {
        let wrong = !address.with(|address| is_address(platform, address));
        (wrong && (tried.get() || address.with(|a| !a.is_empty()))).then(t::platform_address_wrong)
    };
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        tried.set(true);
        if untrack(wrong).is_some() {
            return crate::browser::focus("platform-address");
        }
        let big = platform == PlatformName::Bigcommerce;
        let input = connect::PlatformInput {
            address: Some(address.get_untracked().trim().to_owned()),
            webhook_secret: optional(&secret.get_untracked()),
            api_key: optional(&key.get_untracked()),
            api_secret: optional(&token.get_untracked()),
            recovery_url: big.then(|| recovery.get_untracked().trim().to_owned()),
        };
        let variables = connect::Variables { store: context.store.get_untracked(), platform, input };
        change.send::<graphql::ConnectPlatform>(variables, move |_| {
            toasts.done(t::platform_saved());
            tried.set(false);
            // They are kept, and never shown again.
            [secret, key, token].iter().for_each(|typed| typed.set(String::new()));
            context.query.refetch();
        });
    };
    let error = move |field: &'static str| field_error(change, field, || None);
    let (label, hint, example) = match platform {
        PlatformName::Shopify => {
            (t::platform_address_shopify(), t::platform_address_hint_shopify(), "wheelhouse.myshopify.com")
        }
        PlatformName::Woocommerce => {
            (t::platform_address_woo(), t::platform_address_hint_woo(), "https://shop.example.com")
        }
        PlatformName::Bigcommerce => (t::platform_address_big(), t::platform_address_hint_big(), "abc123def"),
    };
    let (signed, topics) = match platform {
        PlatformName::Shopify => (t::platform_secret_shopify(), t::platform_topics_shopify()),
        PlatformName::Woocommerce => (t::platform_secret_woo(), t::platform_topics_woo()),
        PlatformName::Bigcommerce => (t::platform_secret_big(), t::platform_topics_big()),
    };
    let woo = platform == PlatformName::Woocommerce;
    let secret_hint = if woo { t::platform_secret_hint_woo() } else { t::platform_secret_hint() };
    let token_label = if woo { t::platform_api_secret() } else { t::platform_api_token() };
    let key_field = woo.then(|| {
        view! { <Field id="platform-key" label=t::platform_api_key() value=key autocomplete="off" placeholder="ck_…" error=error("apiKey") /> }
    });
    let page_field = (platform == PlatformName::Bigcommerce).then(|| {
        view! { <Field id="platform-recovery" label=t::platform_recovery() value=recovery hint=t::platform_recovery_hint("{token}") placeholder="https://shop.example.com/recover?t={token}" error=error("recoveryUrl") /> }
    });
    view! {
        <section class="stack">
            <CodeBlock label=t::platform_url() text=one.webhook_url.clone() />
            <p class="small muted">{topics}</p>
        </section>
        <form class="form" novalidate aria-label=name(platform) on:submit=submit>
            <Field id="platform-address" label=label value=address hint=hint placeholder=example error=field_error(change, "address", wrong) />
            <Field id="platform-secret" label=signed value=secret kind="password" autocomplete="new-password" hint=secret_hint error=error("webhookSecret") />
            {key_field}
            <Field id="platform-token" label=token_label value=token kind="password" autocomplete="new-password" hint=t::platform_api_hint() error=error("apiSecret") />
            {page_field}
            {outcome(change, FIELDS)}
            <div class="form__foot"><Button label=t::platform_save() kind=ButtonKind::Primary submits=true busy=change.busy /></div>
        </form>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_of_its_platform() {
        for (platform, good, bad) in [
            (PlatformName::Shopify, "wheels.myshopify.com", "wheels.example.com"),
            (PlatformName::Woocommerce, "https://shop.example/wp", "shop.example"),
            (PlatformName::Woocommerce, "http://127.0.0.1:9", "https://shop.example/?a"),
            (PlatformName::Bigcommerce, "abc123", "stores/abc"),
        ] {
            assert!(is_address(platform, good) && !is_address(platform, bad), "{good} {bad}");
        }
    }
}
