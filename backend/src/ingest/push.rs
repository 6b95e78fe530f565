//! What a browser says of its notifications: `Push Subscribed` and `Push Unsubscribed`.

use super::{
    commerce, person,
    read::{self, Object, Problem},
};
use cartwheel_domain::{
    consent::{Channel, Method, Purpose, ledger::Action},
    event::{Body, Event, PushChange, PushSaid, Source},
    push::Subscription,
};
use serde_json::Value;

/// Which of the two it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A browser may be notified.
    Subscribed,
    /// Not any more.
    Unsubscribed,
}

impl Kind {
    /// By the event's name; `None` for any other event.
    pub fn named(name: &str) -> Option<Self> {
        let plain: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
        match plain.to_ascii_lowercase().as_str() {
            "pushsubscribed" => Some(Self::Subscribed),
            "pushunsubscribed" => Some(Self::Unsubscribed),
            _ => None,
        }
    }
}

/// Reads a change.
///
/// # Errors
/// What is wrong, with a pointer into the properties.
pub fn change(
    kind: Kind,
    (properties, context): (&Object, &Object),
    source: Source,
) -> Result<PushChange, Problem> {
    let browser = match source.trusted() {
        true => None,
        false => Some(commerce::bearer(context, properties)?.ok_or_else(|| {
            Problem::new(
                "/cart_token",
                "with the public key a subscription needs the browser's own cart_token in its context",
            )
        })?),
    };
    let at = |field: &str, said: String| Problem::new(format!("/subscription/{field}"), said);
    let Some(given) = properties.get("subscription").and_then(Value::as_object) else {
        return Err(Problem::new("/subscription", "what PushSubscription.toJSON() gives"));
    };
    let text =
        |object: &Object, key: &str| object.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let endpoint = text(given, "endpoint");
    if kind == Kind::Unsubscribed {
        return Ok(PushChange { browser, said: PushSaid::Ended { endpoint } });
    }
    let none = Object::new();
    let keys = given.get("keys").and_then(Value::as_object).unwrap_or(&none);
    let subscription = Subscription::parse(&endpoint, &text(keys, "p256dh"), &text(keys, "auth"))
        .map_err(|e| at(e.field(), e.to_string()))?;
    let consent = match properties.get("consent").filter(|value| !value.is_null()) {
        None => None,
        Some(Value::Object(said)) => {
            let mut said = said.clone();
            for (key, value) in [
                ("channel", Channel::Push.as_str()),
                ("purpose", Purpose::Push.as_str()),
                ("action", Action::Given.as_str()),
            ] {
                said.insert(key.to_owned(), value.into());
            }
            // What was pressed is a button beside a sentence of the shop's.
            said.entry("method").or_insert_with(|| Method::Checkbox.as_str().into());
            let consent = person::one_consent(&said, "/consent")?;
            if consent.wording.as_deref().is_none_or(|wording| wording.trim().is_empty()) {
                return Err(Problem::new(
                    "/consent/wording",
                    "the sentence the person saw before the browser asked: its permission alone is no consent",
                ));
            }
            Some(Box::new(consent))
        }
        Some(_) => return Err(Problem::new("/consent", "must be an object")),
    };
    let key = read::text(properties, &["key"])
        .ok_or_else(|| Problem::new("/key", "the store's public key that the subscription was made for"))?;
    Ok(PushChange { browser, said: PushSaid::Subscribed { subscription, key, consent } })
}

/// The text of such an event as it is kept: without the keys, and of the address no more than whose service it is. Both stand in a row of
/// their own for as long as they are needed.
pub fn kept(event: &Event, raw: &str) -> Option<String> {
    let Body::Push(change) = &event.body else { return None };
    let endpoint = match &change.said {
        PushSaid::Subscribed { subscription, .. } => &subscription.endpoint,
        PushSaid::Ended { endpoint } => endpoint,
    };
    let mut call: Value = serde_json::from_str(raw).ok()?;
    let place = call.pointer_mut("/properties/subscription")?;
    *place = serde_json::json!({ "endpoint": Subscription::origin(endpoint) });
    Some(call.to_string())
}

/// What a browser is, for people: `Chrome, Android`. By the words that agents have in common; nothing is decided by it.
pub fn label(agent: Option<&str>) -> String {
    let agent = agent.unwrap_or_default();
    let known = |list: &[(&str, &'static str)]| {
        list.iter().find(|(word, _)| agent.contains(word)).map(|(_, name)| *name)
    };
    // The more particular first: Edge says that it is Chrome, and Chrome that it is Safari.
    let browser = known(&[
        ("Edg", "Edge"),
        ("SamsungBrowser", "Samsung Internet"),
        ("OPR/", "Opera"),
        ("Firefox", "Firefox"),
        ("Chrome", "Chrome"),
        ("Safari", "Safari"),
    ]);
    let system = known(&[
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Windows", "Windows"),
        ("Mac OS X", "macOS"),
        ("Linux", "Linux"),
    ]);
    let parts: Vec<&str> = browser.into_iter().chain(system).collect();
    parts.join(", ")
}

#[cfg(test)]
mod tests {
    use super::label;

    #[test]
    fn a_browser_is_named_for_people() {
        let chrome = "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36";
        let edge = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0";
        let safari = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Safari/605.1.15";
        let told = [Some(chrome), Some(edge), Some(safari), Some("curl"), None].map(label);
        assert_eq!(told, ["Chrome, Android", "Edge, Windows", "Safari, macOS", "", ""]);
    }
}
