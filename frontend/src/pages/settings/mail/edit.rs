//! Adding a mail server and changing one.

use cartwheel_domain::mail::Service;
use leptos::prelude::*;

use super::{Context, Provider};
use crate::api::Change;
use crate::browser;
use crate::graphql;
use crate::graphql::{create_mail_provider as create, update_mail_provider as update};
use crate::i18n::t;
use crate::pages::shared::{field_error, outcome};
use crate::ui::{Button, ButtonKind, Dialog, Field, NumberField, Select, Switch, use_toasts};

/// The fields at which refusals stand.
const FIELDS: &[&str] = &["name", "host", "port", "security", "password", "sender", "warmFirst"];

/// The server that each service's customers use most.
const fn usual_host(service: Service) -> &'static str {
    match service {
        Service::Smtp => "",
        Service::Ses => "email-smtp.eu-central-1.amazonaws.com",
        Service::Postmark => "smtp.postmarkapp.com",
        Service::Sendgrid => "smtp.sendgrid.net",
    }
}

fn service_name(service: Service) -> String {
    match service {
        Service::Smtp => t::mailer_service_smtp(),
        Service::Ses => "Amazon SES".to_owned(),
        Service::Postmark => "Postmark".to_owned(),
        Service::Sendgrid => "SendGrid".to_owned(),
    }
}

/// Whether a text could be the name of a server; the server asks more.
fn is_host(text: &str) -> bool {
    let text = text.trim();
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':' | '[' | ']');
    !text.is_empty() && text.len() <= 253 && text.chars().all(fits)
}

/// The dialog; for the server given, or for a new one.
pub fn dialog(context: Context, provider: Option<&Provider>, local: bool, open: RwSignal<bool>) -> AnyView {
    let provider = StoredValue::new(provider.cloned());
    let title = move || {
        if provider.with_value(Option::is_some) { t::mailer_edit_title() } else { t::mailer_add() }
    };
    view! { <Dialog label=Signal::derive(title) open=open>{form(context, provider, local, open)}</Dialog> }
        .into_any()
}

fn form(
    context: Context,
    provider: StoredValue<Option<Provider>>,
    local: bool,
    open: RwSignal<bool>,
) -> AnyView {
    let (change, toasts) = (Change::default(), use_toasts());
    let known = provider.get_value();
    let text = |pick: &dyn Fn(&Provider) -> String, other: &str| {
        RwSignal::new(known.as_ref().map_or_else(|| other.to_owned(), pick))
    };
    let name = text(&|it| it.name.clone(), "");
    let service = text(&|it| it.service.clone(), Service::Smtp.as_str());
    let host = text(&|it| it.host.clone(), "");
    let port = text(&|it| it.port.to_string(), "587");
    let security = text(&|it| it.security.clone(), "starttls");
    let user = text(&|it| it.user.clone().unwrap_or_default(), "");
    let sender = text(&|it| it.sender.clone().unwrap_or_default(), "");
    let first = text(&|it| it.warm_first.to_string(), "50");
    let password = RwSignal::new(String::new());
    let warming = RwSignal::new(known.as_ref().is_some_and(|it| it.warm_up.is_some()));
    let (tried, fresh) = (RwSignal::new(false), known.is_none());
    let host_wrong = move || (tried.get() && !host.with(|host| is_host(host))).then(t::mailer_host_wrong);
    let port_of =
        move || port.get().trim().parse::<u16>().ok().filter(|port| matches!(port, 25 | 465 | 587 | 1024..));
    let port_wrong = move || (tried.get() && port_of().is_none()).then(t::mailer_port_wrong);
    let password_wrong = move || {
        let missing = fresh && user.with(|user| !user.trim().is_empty()) && password.with(String::is_empty);
        (tried.get() && missing).then(t::mailer_password_wrong)
    };
    let first_of = move || first.get().trim().parse::<i64>().ok().filter(|n| (1..=10_000).contains(n));
    let first_wrong =
        move || (tried.get() && warming.get() && first_of().is_none()).then(t::mailer_warm_wrong);
    let pick_service = move |word: String| {
        let usual = Service::from_name(&word).map_or("", usual_host);
        if !usual.is_empty() && host.with_untracked(|host| host.trim().is_empty()) {
            host.set(usual.to_owned());
        }
        service.set(word);
    };
    let pick_security = move |word: String| {
        // The port that goes with it, unless somebody has chosen one.
        let usual = if word == "tls" { "465" } else { "587" };
        if port.with_untracked(|port| matches!(port.as_str(), "465" | "587")) && word != "none" {
            port.set(usual.to_owned());
        }
        security.set(word);
    };
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        tried.set(true);
        for (wrong, id) in [
            (untrack(host_wrong), "mailer-host"),
            (untrack(port_wrong), "mailer-port"),
            (untrack(password_wrong), "mailer-password"),
            (untrack(first_wrong), "mailer-first"),
        ] {
            if wrong.is_some() {
                return browser::focus(id);
            }
        }
        let store = context.store.get_value();
        let done = move || {
            open.set(false);
            toasts.done(t::mailer_saved());
            context.query.refetch();
        };
        macro_rules! input {
            ($operation:ident) => {
                $operation::MailProviderInput {
                    name: Some(name.get_untracked().trim().to_owned()),
                    service: Some(service.get_untracked()),
                    host: Some(host.get_untracked().trim().to_owned()),
                    port: untrack(port_of).map(i64::from),
                    security: Some(security.get_untracked()),
                    user: Some(user.get_untracked().trim().to_owned()),
                    password: Some(password.get_untracked()).filter(|it| !it.is_empty()),
                    sender: Some(sender.get_untracked().trim().to_owned()),
                    enabled: None,
                    warming: Some(warming.get_untracked()),
                    warm_first: untrack(first_of),
                }
            };
        }
        match provider.with_value(|it| it.as_ref().map(|it| it.id.clone())) {
            None => {
                let variables = create::Variables { store, input: input!(create) };
                change.send::<graphql::CreateMailProvider>(variables, move |_| done());
            }
            Some(id) => {
                let variables = update::Variables { store, provider: id, input: input!(update) };
                change.send::<graphql::UpdateMailProvider>(variables, move |_| done());
            }
        }
    };
    let services = Service::ALL.map(|one| (one.as_str().to_owned(), service_name(one))).to_vec();
    let mut securities = vec![
        ("starttls".to_owned(), "STARTTLS (587)".to_owned()),
        ("tls".to_owned(), t::mailer_security_tls()),
    ];
    if local || security.get_untracked() == "none" {
        securities.push(("none".to_owned(), t::mailer_security_none()));
    }
    let title = if fresh { t::mailer_add() } else { t::mailer_edit_title() };
    let heading = title.clone();
    let act = if fresh { t::mailer_add() } else { t::save() };
    let plan = move || {
        warming.get().then(|| {
            view! { <NumberField id="mailer-first" label=t::mailer_warm_first() value=first unit=|| ().into_any() error=field_error(change, "warmFirst", first_wrong) /> }
        })
    };
    view! {
        <form class="dialog__body" novalidate aria-label=title on:submit=submit>
            <h2>{heading}</h2>
            <Select id="mailer-service" label=t::mailer_service() options=services value=service on_pick=pick_service visible_label=true hint=t::mailer_service_hint() />
            <Field id="mailer-name" label=t::mailer_name() value=name error=field_error(change, "name", || None) />
            <div class="form__pair">
                <Field id="mailer-host" label=t::mailer_host() value=host placeholder="smtp.example.com" error=field_error(change, "host", host_wrong) />
                <Field id="mailer-port" label=t::mailer_port() value=port error=field_error(change, "port", port_wrong) />
            </div>
            <Select id="mailer-security" label=t::mailer_security() options=securities value=security on_pick=pick_security visible_label=true />
            <div class="form__pair">
                <Field id="mailer-user" label=t::mailer_user() value=user autocomplete="off" error=field_error(change, "user", || None) />
                <Field id="mailer-password" label=t::mailer_password() value=password kind="password" autocomplete="new-password" hint=t::mailer_password_hint() error=field_error(change, "password", password_wrong) />
            </div>
            <Field id="mailer-sender" label=t::mailer_sender() value=sender kind="email" hint=t::mailer_sender_hint() error=field_error(change, "sender", || None) />
            <Switch label=t::mailer_warm() on=warming on_flip=move |on| warming.set(on) words=Signal::derive(t::mailer_warm) />
            {plan}
            {outcome(change, FIELDS)}
            <div class="dialog__foot">
                <Button label=t::cancel() on_press=move |()| open.set(false) />
                <Button label=act kind=ButtonKind::Primary submits=true busy=change.busy />
            </div>
        </form>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::is_host;

    #[test]
    fn a_server_has_a_name_without_spaces_and_paths() {
        assert!(is_host(" smtp.example.com ") && is_host("127.0.0.1"));
        for text in ["", "smtp example", "https://smtp.example.com/", "user@smtp.example.com"] {
            assert!(!is_host(text), "{text}");
        }
    }
}
