//! What was done in an organisation, as sentences: who, what, to whom.

use std::collections::BTreeMap;

use serde_json::Value;

use super::message::template;
use super::team::role;
use super::timeline::{Line, new, text};
use crate::graphql;
use crate::graphql::audit_log::AuditLogOrganisationAuditLog as Entry;
use crate::i18n::{format, t};
use crate::ui::{Icon, Tone};

/// Stands where a name is not known.
const SOMETHING: &str = "…";

/// What the log's ids stand for: members, keys, stores and journeys.
#[derive(Debug, Default)]
pub struct Known(BTreeMap<String, String>);

impl Known {
    /// Learns what an id stands for; what was learned first stays.
    pub fn learn(&mut self, id: &str, name: &str) {
        if !name.is_empty() {
            self.0.entry(id.to_owned()).or_insert_with(|| name.to_owned());
        }
    }

    /// Learns from the entries themselves: names of journeys and keys, and the addresses of people who were invited and
    /// have gone since.
    pub fn learn_from(&mut self, entries: &[Entry]) {
        let invited = |id: &str| {
            entries
                .iter()
                .find(|entry| entry.action == "member.invited" && entry.subject.as_deref() == Some(id))
                .and_then(|entry| text(entry.detail.as_ref()?, "email"))
        };
        for entry in entries {
            let (Some(subject), Some(detail)) = (entry.subject.as_deref(), entry.detail.as_ref()) else {
                continue;
            };
            match entry.action.as_str() {
                "journey.published" | "api_key.made" | "api_key.revoked" => {
                    self.learn(subject, text(detail, "name").unwrap_or_default());
                }
                "member.joined" => {
                    let email = text(detail, "invitation").and_then(invited);
                    self.learn(subject, email.unwrap_or_default());
                }
                _ => {}
            }
        }
    }

    fn name(&self, id: Option<&str>) -> Option<&str> {
        self.0.get(id?).map(String::as_str)
    }

    /// Who acted, as a sentence begins. A name stays as its bearer writes it.
    fn who(&self, actor: &str) -> String {
        match (actor, self.name(Some(actor))) {
            ("system", _) => "Cartwheel".to_owned(),
            ("shop", _) => capital(&t::audit_shop()),
            (_, Some(name)) if actor.starts_with("key_") => capital(&t::audit_key(name)),
            (_, Some(name)) => name.to_owned(),
            _ if actor.starts_with("key_") => capital(&t::audit_key_other()),
            _ => capital(&t::audit_former()),
        }
    }
}

fn quoted(name: Option<&str>) -> String {
    name.map_or_else(|| SOMETHING.to_owned(), t::audit_quoted)
}

fn role_in(detail: &Value, name: &str) -> String {
    match text(detail, name) {
        Some("none") => crate::i18n::t::member_single(),
        word => word.map_or_else(|| SOMETHING.to_owned(), |word| role(graphql::role(word))),
    }
}

/// Says an entry. An action of a newer server is shown as it is.
pub fn audit(entry: &Entry, known: &Known) -> Line {
    let who = known.who(&entry.actor);
    match &entry.detail {
        Some(detail) => said(entry, detail, &who, known),
        None => Line { why: vec![t::audit_gone()], ..said(entry, &Value::Null, &who, known) },
    }
}

fn said(entry: &Entry, detail: &Value, who: &str, known: &Known) -> Line {
    let subject = entry.subject.as_deref();
    let email = || text(detail, "email").unwrap_or(SOMETHING).to_owned();
    let whom = || known.name(subject).map_or_else(t::audit_former, str::to_owned);
    let place = || known.name(entry.store_id.as_deref()).map(str::to_owned);
    let store = || place().unwrap_or_else(|| SOMETHING.to_owned());
    let shop = || text(detail, "store").map_or_else(&store, str::to_owned);
    let key = || quoted(text(detail, "name").or_else(|| known.name(subject)));
    let neutral = |sign, title| new(sign, Tone::Neutral, title);
    match entry.action.as_str() {
        "store.settings_changed" => {
            neutral(Icon::Settings, t::audit_settings(&store(), who)).why(settings(detail))
        }
        "organisation.made" => new(Icon::Users, Tone::Positive, t::audit_organisation_made(who)),
        "store.made" => {
            let kind =
                detail["live"].as_bool().map(|live| if live { t::store_live() } else { t::store_sandbox() });
            new(Icon::Store, Tone::Positive, t::audit_store_made(&store(), who)).why(kind)
        }
        "journey.published" => {
            let version = detail["version"].as_i64().map_or_else(|| SOMETHING.to_owned(), format::number);
            let name = quoted(text(detail, "name").or_else(|| known.name(subject)));
            neutral(Icon::Workflow, t::audit_published(&name, &version, who)).why(place())
        }
        "template.saved" => {
            let version = detail["version"].as_i64().map_or_else(|| SOMETHING.to_owned(), format::number);
            let name = text(detail, "key").map_or_else(|| SOMETHING.to_owned(), template);
            let language = text(detail, "language").map(str::to_uppercase).unwrap_or_default();
            let told = format!("{} ({language})", t::audit_quoted(&name));
            neutral(Icon::Mail, t::audit_template_saved(&told, &version, who)).why(place())
        }
        "webhook.made" => {
            neutral(Icon::Send, t::audit_hook_made(who)).why(text(detail, "host").map(str::to_owned))
        }
        "webhook.changed" => neutral(Icon::Send, t::audit_hook_changed(who)),
        "webhook.deleted" => neutral(Icon::Send, t::audit_hook_deleted(who)),
        "webhook.secret_rotated" => neutral(Icon::Key, t::audit_hook_secret(who)),
        "webhook.switched_off" => new(Icon::CircleAlert, Tone::Caution, t::audit_hook_off()),
        "webhook.replayed" => neutral(Icon::RotateCw, t::audit_hook_replayed(who)),
        "journey.switched" => {
            let journey = known.name(subject).map_or_else(t::audit_journey, t::audit_quoted);
            let line = match text(detail, "to") {
                Some("on") => new(Icon::Play, Tone::Positive, t::audit_journey_on(&journey, who)),
                Some("paused") => new(Icon::Pause, Tone::Caution, t::audit_journey_paused(&journey, who)),
                Some("off") => new(Icon::Ban, Tone::Quiet, t::audit_journey_off(&journey, who)),
                _ => other(entry, who),
            };
            line.why(place())
        }
        "journey.moved" => {
            let journey = known.name(subject).map_or_else(t::audit_journey, t::audit_quoted);
            match detail.get("to").and_then(serde_json::Value::as_i64) {
                Some(to) => neutral(Icon::Play, t::audit_journey_moved(&journey, &to.to_string(), who)),
                None => neutral(Icon::Undo2, t::audit_journey_kept(&journey, who)),
            }
            .why(place())
        }
        "member.invited" => neutral(Icon::Mail, t::audit_invited(&email(), &role_in(detail, "role"), who)),
        "invitation.withdrawn" => new(Icon::Undo2, Tone::Quiet, t::audit_withdrawn(&email(), who)),
        "member.joined" => new(Icon::User, Tone::Positive, t::audit_joined(&role_in(detail, "role"), who)),
        "member.role_changed" => {
            let (from, to) = (role_in(detail, "from"), role_in(detail, "to"));
            new(Icon::ShieldCheck, Tone::Information, t::audit_role(&from, &to, who, &whom()))
        }
        "member.store_role_changed" => {
            let to = text(detail, "to").map(|word| role(graphql::role(word)));
            let title = match to {
                Some(to) => t::audit_store_role(&to, &store(), who, &whom()),
                None => t::audit_store_role_gone(&store(), who, &whom()),
            };
            new(Icon::ShieldCheck, Tone::Information, title)
        }
        "store_access.asked" => {
            let guest = text(detail, "guest").unwrap_or(SOMETHING);
            let reason = text(detail, "reason").map(str::to_owned);
            new(Icon::ShieldCheck, Tone::Information, t::audit_access_asked(guest, &shop(), who)).why(reason)
        }
        "store_access.given" => {
            let guest = text(detail, "guest").unwrap_or(SOMETHING);
            let title = t::audit_access_given(guest, &role_in(detail, "role"), &shop(), who);
            let end = detail["ends_at"].as_i64().map(|at| t::why_until(&format::exact(at)));
            new(Icon::ShieldCheck, Tone::Caution, title).why(end)
        }
        "store_access.ended" => {
            let guest = text(detail, "guest").unwrap_or(SOMETHING);
            new(Icon::Ban, Tone::Neutral, t::audit_access_ended(guest, &shop(), who))
        }
        "circle.joined" => {
            let guest = text(detail, "guest").unwrap_or(SOMETHING);
            new(Icon::ShieldCheck, Tone::Information, t::audit_circle_joined(guest, &shop(), who))
        }
        "circle.left" => {
            let guest = text(detail, "guest").unwrap_or(SOMETHING);
            new(Icon::Ban, Tone::Neutral, t::audit_circle_left(guest, &shop(), who))
        }
        "billing.checkout_started" => neutral(Icon::ShoppingCart, t::audit_checkout(who)),
        "billing.plan_changed" => neutral(Icon::Settings, t::audit_plan_changed(who)),
        "billing.plan_ended" => new(Icon::Ban, Tone::Caution, t::audit_plan_ended(who)),
        "billing.plan_resumed" => new(Icon::Undo2, Tone::Positive, t::audit_plan_resumed(who)),
        "billing.beyond_changed" => neutral(Icon::Settings, t::audit_beyond(who)),
        "member.removed" => {
            let title = if subject == Some(entry.actor.as_str()) {
                t::audit_left(who)
            } else {
                t::audit_removed(who, &whom())
            };
            let keys = detail["keys_in_force"].as_i64().filter(|keys| *keys > 0).map(t::audit_keys_left);
            new(Icon::LogOut, Tone::Caution, title).why(keys)
        }
        "api_key.made" => {
            let title = t::audit_key_made(&key(), &role_in(detail, "role"), who);
            let where_to = if entry.store_id.is_none() { Some(t::api_key_all()) } else { place() };
            let end = detail["expires_at"].as_i64().map(|at| t::why_until(&format::date(at)));
            new(Icon::Key, Tone::Information, title).why(where_to.into_iter().chain(end))
        }
        "api_key.revoked" => new(Icon::Ban, Tone::Caution, t::audit_key_revoked(&key(), who)),
        "store.erased" => new(Icon::X, Tone::Caution, t::audit_store_erased(&store())),
        "detail.erased" => {
            new(Icon::X, Tone::Quiet, t::audit_erased(detail["entries"].as_i64().unwrap_or(0), who))
        }
        _ => other(entry, who),
    }
}

fn other(entry: &Entry, who: &str) -> Line {
    new(Icon::Info, Tone::Neutral, t::audit_other(&entry.action, who))
}

/// The names of settings that were changed, each once. A setting of a newer server is called by its own name.
fn settings(detail: &Value) -> Option<String> {
    let mut names: Vec<String> = Vec::new();
    for key in detail["changed"].as_array()?.iter().filter_map(Value::as_str) {
        let name = setting(key);
        if !names.contains(&name) {
            names.push(name);
        }
    }
    Some(names.join(", "))
}

fn setting(key: &str) -> String {
    match key {
        "name" => t::settings_name(),
        "country" => t::settings_country(),
        "locale" => t::settings_language(),
        "time_zone" => t::settings_zone(),
        "formality" => t::settings_formal(),
        "sender_name" => t::settings_sender_name(),
        "sender_email" => t::settings_sender_email(),
        "reply_to" => t::settings_reply(),
        "postal_address" => t::settings_address(),
        "capture_mode" => t::settings_capture(),
        "holdout_percent" => t::holdout_label(),
        "allowed_hosts" | "shop_url" => t::settings_hosts(),
        "cap_messages" | "cap_window_seconds" => t::setting_cap(),
        "email_hours" => t::setting_hours(),
        "shopify_domain" => t::shopify_domain(),
        "shopify_secret" => t::shopify_secret(),
        _ if key.starts_with("abandon_") => t::settings_abandonment(),
        other => other.replace('_', " "),
    }
}

/// With a capital first letter: in the middle of a sentence it has none.
fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests;
