//! Whom a run tells that it has come by, and with which constant fields.

use cartwheel_domain::journey::{Node, Webhook};
use leptos::prelude::*;
use serde_json::Value;
use std::collections::BTreeMap;

use super::{Form, follow};
use crate::api::use_query;
use crate::graphql;
use crate::graphql::webhook_endpoints::Variables;
use crate::i18n::t;
use crate::route::use_store_id;
use crate::ui::{Select, TextArea};

/// The form.
pub fn form(form: Form, webhook: &Webhook) -> AnyView {
    let store = use_store_id();
    let query = use_query::<graphql::WebhookEndpoints>(move || Some(Variables { store: store.get() }));
    let chosen = RwSignal::new(webhook.endpoint.map(|id| id.to_string()).unwrap_or_default());
    let fields = RwSignal::new(shown(&webhook.fields));
    follow(
        move || (chosen.get(), fields.get()),
        move |(chosen, fields)| {
            form.set(|node| {
                if let Node::Webhook(webhook) = node {
                    (webhook.endpoint, webhook.fields) = (chosen.parse().ok(), read(&fields));
                }
            });
        },
    );
    // Whoever may not see endpoints sees what is chosen by its id.
    let select = move || {
        let mut options = vec![(String::new(), t::webhook_node_all())];
        if let Some(data) = query.data.get().as_ref().and_then(|data| data.store.as_ref()) {
            options.extend(data.webhook_endpoints.iter().map(|one| {
                (
                    one.id.clone(),
                    if one.description.is_empty() { one.url.clone() } else { one.description.clone() },
                )
            }));
        }
        let now = chosen.get_untracked();
        if !options.iter().any(|(id, _)| *id == now) {
            options.push((now.clone(), now));
        }
        view! { <Select id="hook" label=t::webhook_node_to() options=options value=chosen on_pick=move |id: String| chosen.set(id) visible_label=true hint=t::webhook_node_hint() /> }
    };
    view! {
        {select}
        <TextArea id="hook-fields" label=t::webhook_node_fields() value=fields hint=t::webhook_node_fields_hint() code=true />
    }
    .into_any()
}

/// A field a line: its name, a colon, its value.
fn shown(fields: &BTreeMap<String, Value>) -> String {
    let line = |(name, value): (&String, &Value)| match value {
        Value::String(text) if plain(text) == *value => format!("{name}: {text}"),
        other => format!("{name}: {other}"),
    };
    fields.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn read(text: &str) -> BTreeMap<String, Value> {
    let line = |line: &str| {
        let (name, value) = line.split_once(':').unwrap_or((line, ""));
        (name.trim().to_owned(), plain(value.trim()))
    };
    text.lines().filter(|text| !text.trim().is_empty()).map(line).collect()
}

/// A number, `true`, `false`, `null` or a text in quotes as what they are; everything else is a text.
fn plain(text: &str) -> Value {
    match serde_json::from_str::<Value>(text) {
        Ok(value @ (Value::Number(_) | Value::Bool(_) | Value::Null | Value::String(_))) => value,
        _ => Value::String(text.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn fields_are_read_as_they_are_shown() {
        let text = "list: winback: spring\nweight: 3\nhot: true\nnone: null\ncode: \"007\"";
        let fields = read(&format!("\n{text}\n  \n"));
        let expected = [
            ("list", json!("winback: spring")),
            ("weight", json!(3)),
            ("hot", json!(true)),
            ("none", Value::Null),
            ("code", json!("007")),
        ];
        assert_eq!(fields, expected.map(|(name, value)| (name.to_owned(), value)).into());
        assert_eq!(read(&shown(&fields)), fields);
        assert_eq!(read("lonely")["lonely"], json!(""));
    }
}
