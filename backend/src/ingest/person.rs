//! What an event says about the person.

use super::read::{self, Object, Problem};
use cartwheel_domain::{
    consent::{Channel, Method, Purpose, ledger::Action},
    contact_point::EmailAddress,
    event::{Company, ConsentChange, Marks, Who},
};
use serde_json::Value;

const EMAIL: &[&str] = &["email", "$email", "email_address", "contact_email", "customer_email"];
const PHONE: &[&str] = &["phone", "$phone_number", "phone_number"];
/// Traits that have a place of their own and are not kept a second time.
const OWN: &[&str] = &[
    "email",
    "$email",
    "phone",
    "$phone_number",
    "phone_number",
    "first_name",
    "firstName",
    "$first_name",
    "last_name",
    "lastName",
    "$last_name",
    "locale",
    "language",
    "country",
    "timezone",
    "time_zone",
    "company",
    "organization",
    "tags",
    "consent",
    "address",
    "bot",
    "test",
    "staff",
];
const MAX_TRAITS: usize = 50;

/// Reads a person's traits into `who`. `place` names the object in problems.
pub fn traits(who: &mut Who, traits: &Object, place: &str, notes: &mut Vec<Problem>) -> Result<(), Problem> {
    contact_points(who, traits, place, notes)?;
    let put = |slot: &mut Option<String>, names: &[&str]| {
        if let Some(text) = read::text(traits, names) {
            *slot = Some(text);
        }
    };
    put(&mut who.first_name, &["first_name", "firstName", "$first_name"]);
    put(&mut who.last_name, &["last_name", "lastName", "$last_name"]);
    put(&mut who.locale, &["locale", "language"]);
    put(&mut who.time_zone, &["timezone", "time_zone"]);
    let address = read::object(traits, &["address"]);
    let country = read::text(traits, &["country", "country_code"])
        .or_else(|| read::text(address?, &["country", "country_code"]));
    if let Some(country) = country {
        match country.parse() {
            Ok(country) => who.country = Some(country),
            Err(_) => notes.push(Problem::new(
                format!("{place}/country"),
                "ignored: a country is two letters of ISO 3166-1, such as \"DE\"",
            )),
        }
    }
    if let Some(company) = company(traits).map_err(|p| p.under(place))? {
        who.company = Some(company);
    }
    if let Some(Value::Array(tags)) = traits.get("tags") {
        who.tags = tags
            .iter()
            .filter_map(Value::as_str)
            .map(|t| t.trim().chars().take(100).collect())
            .filter(|t: &String| !t.is_empty())
            .take(50)
            .collect();
    }
    let free = traits.iter().filter(|(k, v)| {
        !OWN.contains(&k.as_str()) && read::harmless(k) && (v.is_boolean() || v.is_number() || v.is_string())
    });
    for (key, value) in free.take(MAX_TRAITS) {
        let value = match value {
            Value::String(s) => Value::String(s.chars().take(read::MAX_TEXT).collect()),
            other => other.clone(),
        };
        who.traits.insert(key.clone(), value);
    }
    Ok(())
}

/// E-mail and phone. A wrong e-mail is refused; a phone that is not in international form is left out and noted.
pub fn contact_points(
    who: &mut Who,
    object: &Object,
    place: &str,
    notes: &mut Vec<Problem>,
) -> Result<(), Problem> {
    if let Some((name, value)) = read::first(object, EMAIL) {
        let text = value.as_str().unwrap_or_default();
        let email: EmailAddress =
            text.parse().map_err(|e: cartwheel_domain::contact_point::ContactPointError| {
                Problem::new(format!("{place}/{name}"), e.to_string())
            })?;
        who.email = Some(email);
    }
    if let Some((name, value)) = read::first(object, PHONE) {
        match value.as_str().unwrap_or_default().parse() {
            Ok(phone) => who.phone = Some(phone),
            Err(e) => notes.push(Problem::new(format!("{place}/{name}"), format!("ignored: {e}"))),
        }
    }
    Ok(())
}

/// The company a person acts for: a text, or an object with `id` and `name`.
pub fn company(object: &Object) -> Result<Option<Company>, Problem> {
    match read::first(object, &["company", "organization"]) {
        Some((name, Value::Object(company))) => {
            let external_id = read::id(company, &["id", "external_id", "company_id"])
                .map_err(|p| p.under(&format!("/{name}")))?;
            let title = read::text(company, &["name"]).or_else(|| external_id.clone());
            Ok(title.map(|name| Company { external_id, name }))
        }
        Some((name, Value::String(_))) => {
            Ok(read::text(object, &[name]).map(|name| Company { external_id: None, name }))
        }
        _ => Ok(None),
    }
}

/// Marks the source itself gives.
pub fn marks(object: &Object) -> Marks {
    Marks {
        bot: read::truth(object, &["bot"]),
        test: read::truth(object, &["test"]),
        staff: read::truth(object, &["staff"]),
    }
}

/// Permissions given or withdrawn: one object or a list of them.
pub fn consents(value: &Value, place: &str) -> Result<Vec<ConsentChange>, Problem> {
    match value {
        Value::Object(one) => Ok(vec![one_consent(one, place)?]),
        Value::Array(list) if list.len() <= 50 => list
            .iter()
            .enumerate()
            .map(|(i, v)| {
                let place = format!("{place}/{i}");
                v.as_object()
                    .ok_or_else(|| Problem::new(place.clone(), "a consent must be an object"))
                    .and_then(|o| one_consent(o, &place))
            })
            .collect(),
        _ => Err(Problem::new(place, "consent must be an object or a list of at most 50 objects")),
    }
}

/// One permission, given or withdrawn.
pub fn one_consent(object: &Object, place: &str) -> Result<ConsentChange, Problem> {
    let named = |key: &str, fallback: Option<&str>, good: &dyn Fn(&str) -> bool, all: &[&str]| {
        let text = read::text(object, &[key]).or_else(|| fallback.map(str::to_owned)).unwrap_or_default();
        if good(&text) {
            Ok(text)
        } else {
            Err(Problem::new(format!("{place}/{key}"), format!("must be one of {}", all.join(", "))))
        }
    };
    let channels: Vec<&str> = Channel::ALL.iter().map(|v| v.as_str()).collect();
    let purposes: Vec<&str> = Purpose::ALL.iter().map(|v| v.as_str()).collect();
    let actions = ["given", "confirmed", "withdrawn", "objected"];
    let methods: Vec<&str> = Method::ALL.iter().map(|v| v.as_str()).collect();
    let mut evidence = Object::new();
    for key in ["language", "state", "opt_in_level", "consent_updated_at", "form", "version"] {
        if let Some(text) = read::text(object, &[key]) {
            evidence.insert(key.to_owned(), Value::String(text));
        }
    }
    Ok(ConsentChange {
        channel: named("channel", Some("email"), &|t| Channel::from_name(t).is_some(), &channels)?,
        purpose: named("purpose", None, &|t| Purpose::from_name(t).is_some(), &purposes)?,
        action: named("action", None, &|t| actions.contains(&t) && Action::from_name(t).is_some(), &actions)?,
        method: named("method", Some("api"), &|t| Method::from_name(t).is_some(), &methods)?,
        wording: read::text(object, &["wording"]),
        place: read::text(object, &["place"]),
        evidence: Value::Object(evidence),
    })
}
