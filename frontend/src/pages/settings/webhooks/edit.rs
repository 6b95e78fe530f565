//! Adding an endpoint and changing one: where it is, what it is called, what it is told.

use leptos::prelude::*;

use super::{Context, Endpoint, kinds};
use crate::api::Change;
use crate::browser;
use crate::graphql;
use crate::graphql::{create_webhook_endpoint as create, update_webhook_endpoint as update};
use crate::i18n::t;
use crate::pages::shared::{field_error, outcome};
use crate::ui::{Button, ButtonKind, Dialog, Field, checks, use_toasts};

/// The fields at which refusals stand.
const FIELDS: &[&str] = &["url", "description", "kinds"];

/// Whether a text could be the address of an endpoint; the server asks more.
fn is_address(text: &str) -> bool {
    let text = text.trim();
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    rest.is_some_and(|rest| !rest.is_empty()) && text.len() <= 2_000 && !text.contains(char::is_whitespace)
}

/// The dialog; for the endpoint given, or for a new one.
pub fn dialog(context: Context, endpoint: Option<&Endpoint>, open: RwSignal<bool>) -> AnyView {
    let (change, toasts) = (Change::default(), use_toasts());
    let endpoint = StoredValue::new(endpoint.cloned());
    let title =
        move || if endpoint.with_value(Option::is_some) { t::webhook_edit() } else { t::webhook_add() };
    let content = move || {
        change.clear();
        let (url, description, chosen) = endpoint.with_value(|endpoint| {
            let text = |pick: fn(&Endpoint) -> String| endpoint.as_ref().map(pick).unwrap_or_default();
            let chosen = endpoint.as_ref().map(|endpoint| endpoint.kinds.clone()).unwrap_or_default();
            (RwSignal::new(text(|e| e.url.clone())), RwSignal::new(text(|e| e.description.clone())), chosen)
        });
        let boxes = StoredValue::new(kinds(&chosen));
        let picked = move || {
            boxes.with_value(|boxes| {
                let on = boxes.iter().filter(|(_, _, on)| on.get());
                on.map(|(word, _, _)| word.clone()).collect::<Vec<_>>()
            })
        };
        let tried = RwSignal::new(false);
        let url_wrong = move || (tried.get() && !url.with(|url| is_address(url))).then(t::webhook_url_wrong);
        let kinds_wrong = move || (tried.get() && picked().is_empty()).then(t::webhook_kinds_wrong);
        let submit = move |event: leptos::ev::SubmitEvent| {
            event.prevent_default();
            tried.set(true);
            if untrack(url_wrong).is_some() {
                return browser::focus("hook-url");
            }
            if untrack(kinds_wrong).is_some() {
                return browser::focus("hook-kinds");
            }
            let store = context.store.get_untracked();
            let (url, description) = (url.get_untracked().trim().to_owned(), description.get_untracked());
            let wanted = untrack(picked);
            match endpoint.with_value(|endpoint| endpoint.as_ref().map(|endpoint| endpoint.id.clone())) {
                None => {
                    let input = create::WebhookEndpointInput {
                        url: Some(url),
                        description: Some(description),
                        kinds: Some(wanted),
                        enabled: None,
                    };
                    let variables = create::Variables { store, input };
                    change.send::<graphql::CreateWebhookEndpoint>(variables, move |data| {
                        open.set(false);
                        context.query.refetch();
                        context.show(data.create_webhook_endpoint.secret.unwrap_or_default());
                    });
                }
                Some(id) => {
                    let input = update::WebhookEndpointInput {
                        url: Some(url),
                        description: Some(description),
                        kinds: Some(wanted),
                        enabled: None,
                    };
                    let variables = update::Variables { store, endpoint: id, input };
                    change.send::<graphql::UpdateWebhookEndpoint>(variables, move |_| {
                        open.set(false);
                        context.query.refetch();
                        toasts.done(t::webhook_saved());
                    });
                }
            }
        };
        let boxes = boxes.get_value();
        view! {
            <form class="dialog__body" novalidate aria-label=title on:submit=submit>
                <h2>{title}</h2>
                <Field id="hook-url" label=t::webhook_url() value=url kind="url" hint=t::webhook_url_hint() placeholder="https://example.com/webhooks" error=field_error(change, "url", url_wrong) />
                <Field id="hook-name" label=t::webhook_name() value=description hint=t::webhook_name_hint() error=field_error(change, "description", || None) />
                {checks("hook-kinds", t::webhook_kinds(), &boxes, field_error(change, "kinds", kinds_wrong))}
                {outcome(change, FIELDS)}
                <div class="dialog__foot">
                    <Button label=t::cancel() on_press=move |()| open.set(false) />
                    <Button label=Signal::derive(title) kind=ButtonKind::Primary submits=true busy=change.busy />
                </div>
            </form>
        }
    };
    view! { <Dialog label=Signal::derive(title) open=open>{content()}</Dialog> }.into_any()
}

#[cfg(test)]
mod tests {
    use super::is_address;

    #[test]
    fn an_address_is_whole_and_has_no_spaces() {
        assert!(is_address(" https://example.com/hooks?a=1 ") && is_address("http://127.0.0.1:9000/"));
        for text in ["", "example.com", "https://", "ftp://example.com", "https://exa mple.com"] {
            assert!(!is_address(text), "{text}");
        }
        assert!(!is_address(&format!("https://{}", "a".repeat(2_000))));
    }
}
