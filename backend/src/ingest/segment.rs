//! One call of the Segment HTTP API as a canonical event (segment.com/docs/connections/spec). The snippet, servers
//! of shops, and clients that send Klaviyo's or GA4's names all come through here.

use super::{
    aliases, commerce, person, push,
    read::{self, Object, Problem},
    when::{self, Arrival},
};
use cartwheel_domain::{
    event::{Body, Event, EventKind, Marks, Source, Who},
    settings::StoreSettings,
};
use ring::digest::{SHA256, digest};
use serde_json::Value;

/// The largest single event.
pub const MAX_EVENT: usize = 32 * 1024;

/// A call, read.
#[derive(Debug, Clone, PartialEq)]
pub struct Parsed {
    /// The fact.
    pub event: Event,
    /// The token of the restore link the browser came by, when it says one.
    pub restore_token: Option<String>,
    /// What was read in another way than it was sent.
    pub notes: Vec<Problem>,
}

/// What is known around a call.
pub struct Around<'a> {
    /// The store's settings: its currency.
    pub settings: &'a StoreSettings,
    /// [`Source::Api`] or [`Source::Snippet`], by the key that came with the call.
    pub source: Source,
    /// Clocks.
    pub arrival: Arrival,
    /// Context of the whole batch, used where the call has none.
    pub context: Option<&'a Object>,
    /// The call's type when the path says it and the body need not.
    pub path_type: Option<&'a str>,
    /// An id for a call that has none and no time either.
    pub fallback_id: &'a str,
    /// It is read from what was kept of it: of a subscription the address and the keys were not.
    pub kept: bool,
}

/// Reads one call from its JSON text.
///
/// # Errors
/// The first [`Problem`], with a pointer into the call.
pub fn parse(raw: &str, around: &Around<'_>) -> Result<Parsed, Problem> {
    if raw.len() > MAX_EVENT {
        return Err(Problem::new(
            "",
            format!("one event has at most {MAX_EVENT} bytes, this one has {}", raw.len()),
        ));
    }
    let value: Value =
        serde_json::from_str(raw).map_err(|e| Problem::new("", format!("this is not JSON: {e}")))?;
    if let Some(place) = read::nul(raw, &value) {
        return Err(Problem::new(place, "a NUL character cannot be kept"));
    }
    let Value::Object(call) = value else { return Err(Problem::new("", "an event must be a JSON object")) };
    Reader { raw, call: &call, around, notes: Vec::new() }.read()
}

/// A part of the call that must be an object where it is there.
fn child<'o>(call: &'o Object, key: &str) -> Result<Option<&'o Object>, Problem> {
    match call.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Object(object)) => Ok(Some(object)),
        Some(_) => Err(Problem::new(format!("/{key}"), "must be an object")),
    }
}

/// A subscription belongs to the browser that speaks, whatever it says of people: an address selects nobody.
fn browser_alone(who: Who) -> Result<Who, Problem> {
    let Who { anonymous_id, locale, time_zone, user_agent, .. } = who;
    if anonymous_id.is_none() {
        return Err(Problem::new("/anonymousId", "a subscription needs the browser's anonymousId"));
    }
    Ok(Who { anonymous_id, locale, time_zone, user_agent, ..Who::default() })
}

struct Reader<'a> {
    raw: &'a str,
    call: &'a Object,
    around: &'a Around<'a>,
    notes: Vec<Problem>,
}

impl Reader<'_> {
    fn read(mut self) -> Result<Parsed, Problem> {
        let none = Object::new();
        let call_type = read::text(self.call, &["type"])
            .or_else(|| self.around.path_type.map(str::to_owned))
            .unwrap_or_default();
        let properties = child(self.call, "properties")?.unwrap_or(&none);
        let traits = child(self.call, "traits")?;
        let context = child(self.call, "context")?.or(self.around.context).unwrap_or(&none);
        let mut name = String::new();
        let kind = match call_type.as_str() {
            "track" => {
                name = read::id(self.call, &["event"])?
                    .ok_or_else(|| Problem::new("/event", "a track call needs the event's name"))?;
                aliases::kind_of(&name)
            }
            "page" => EventKind::PageViewed,
            "screen" => EventKind::PageViewed,
            "identify" | "alias" | "group" => EventKind::Identified,
            _ => {
                return Err(Problem::new(
                    "/type",
                    "must be one of track, identify, page, screen, group, alias",
                ));
            }
        };
        if name.is_empty() {
            name.clone_from(&call_type);
        }
        let (occurred_at, has_time) = when::occurred(self.call, &self.around.arrival, &mut self.notes);
        let mut who = self.who(&call_type, traits, properties, context)?;
        if who.anonymous_id.is_none() && who.user_id.is_none() && who.email.is_none() && who.phone.is_none() {
            return Err(Problem::new(
                "/anonymousId",
                "an event needs an anonymousId, a userId, or an e-mail or phone in its traits",
            ));
        }
        if self.around.source == Source::Snippet {
            who.user_agent = read::text(context, &["userAgent", "user_agent"]).or(who.user_agent);
        }
        let marks = if self.around.source.trusted() {
            self.marks(properties, context, traits)
        } else {
            Marks::default()
        };
        let of_push = push::Kind::named(&name);
        let body = match of_push {
            None => self.body(kind, properties, traits, context)?,
            Some(_) if self.around.kept => Body::Plain(Object::new()),
            Some(kind) => push::change(kind, (properties, context), self.around.source)
                .map(|change| Body::Push(Box::new(change)))
                .map_err(|problem| problem.under("/properties"))?,
        };
        if of_push.is_some() && !self.around.source.trusted() {
            who = browser_alone(who)?;
        }
        let event = Event {
            source: self.around.source,
            source_id: self.source_id(has_time)?,
            occurred_at,
            kind,
            name,
            who,
            body,
            marks,
        };
        let restore_token =
            read::id(context, &["restore_token"])?.filter(|_| self.around.source == Source::Snippet);
        Ok(Parsed { event, restore_token, notes: self.notes })
    }

    /// Segment's clients always send a `messageId`. A call without one is known by its text when it has a time of
    /// its own, for then a second one with the same text is a repeat.
    fn source_id(&self, has_time: bool) -> Result<String, Problem> {
        Ok(match read::id(self.call, &["messageId", "message_id"])? {
            Some(id) => id,
            None if has_time => format!("sha256:{}", hex::encode(digest(&SHA256, self.raw.as_bytes()))),
            None => self.around.fallback_id.to_owned(),
        })
    }

    fn who(
        &mut self,
        call_type: &str,
        traits: Option<&Object>,
        properties: &Object,
        context: &Object,
    ) -> Result<Who, Problem> {
        let mut who = Who {
            anonymous_id: read::id(self.call, &["anonymousId", "anonymous_id"])?,
            user_id: read::id(self.call, &["userId", "user_id"])?,
            locale: read::text(context, &["locale"]),
            time_zone: read::text(context, &["timezone"]),
            user_agent: read::text(context, &["userAgent", "user_agent"]),
            ..Who::default()
        };
        if let Some(known) = read::object(context, &["traits"]) {
            person::traits(&mut who, known, "/context/traits", &mut self.notes)?;
        }
        person::contact_points(&mut who, properties, "/properties", &mut self.notes)?;
        match (call_type, traits) {
            ("group", group) => {
                let external_id = read::id(self.call, &["groupId", "group_id"])?
                    .ok_or_else(|| Problem::new("/groupId", "a group call needs a groupId"))?;
                let name =
                    group.and_then(|g| read::text(g, &["name"])).unwrap_or_else(|| external_id.clone());
                who.company = Some(cartwheel_domain::event::Company { external_id: Some(external_id), name });
            }
            ("alias", _) => {
                // The person known as `previousId` is the one known as `userId` from now on.
                who.anonymous_id = read::id(self.call, &["previousId", "previous_id"])?
                    .ok_or_else(|| Problem::new("/previousId", "an alias call needs a previousId"))?
                    .into();
            }
            (_, Some(traits)) => person::traits(&mut who, traits, "/traits", &mut self.notes)?,
            _ => {}
        }
        if who.company.is_none() {
            who.company = person::company(properties).map_err(|p| p.under("/properties"))?;
        }
        // Shops use the address as the customer's id; then it is one.
        if who.email.is_none() && self.around.source.trusted() {
            who.email = who.user_id.as_deref().and_then(|id| id.parse().ok());
        }
        Ok(who)
    }

    fn marks(&self, properties: &Object, context: &Object, traits: Option<&Object>) -> Marks {
        let mut marks = cartwheel_domain::cart::joined(person::marks(properties), person::marks(context));
        if let Some(traits) = traits {
            marks = cartwheel_domain::cart::joined(marks, person::marks(traits));
        }
        marks
    }

    fn body(
        &mut self,
        kind: EventKind,
        properties: &Object,
        traits: Option<&Object>,
        context: &Object,
    ) -> Result<Body, Problem> {
        let bearer = match self.around.source {
            Source::Snippet => Some(commerce::bearer(context, properties)?),
            _ => None,
        };
        let money = commerce::Reader {
            properties,
            store_currency: self.around.settings.currency,
            bearer: bearer.flatten(),
            browser: self.around.source == Source::Snippet,
        };
        let under = |p: Problem| p.under("/properties");
        match kind {
            EventKind::Identified => match traits.and_then(|t| t.get("consent")).filter(|v| !v.is_null()) {
                Some(consent) => Ok(Body::Consent(person::consents(consent, "/traits/consent")?)),
                None => Ok(Body::Plain(Object::new())),
            },
            EventKind::ConsentChanged => {
                match properties.get("consent").or_else(|| properties.get("consents")) {
                    Some(list) => Ok(Body::Consent(person::consents(list, "/properties/consent")?)),
                    None => Ok(Body::Consent(person::consents(
                        &Value::Object(properties.clone()),
                        "/properties",
                    )?)),
                }
            }
            EventKind::OrderPlaced
            | EventKind::OrderUpdated
            | EventKind::OrderCancelled
            | EventKind::OrderRefunded => {
                let id = self.source_id(true)?;
                Ok(Body::Order(Box::new(money.order(kind, &id).map_err(under)?)))
            }
            EventKind::PageViewed | EventKind::ProductViewed | EventKind::Custom => {
                Ok(Body::Plain(properties.clone()))
            }
            EventKind::CartItemAdded
            | EventKind::CartItemRemoved
            | EventKind::CartUpdated
            | EventKind::CartViewed
            | EventKind::CartDeleted
            | EventKind::CheckoutStarted
            | EventKind::CheckoutStepViewed
            | EventKind::PaymentInfoEntered
            | EventKind::CouponApplied
            | EventKind::QuoteRequested
            | EventKind::ExitIntent => Ok(Body::Cart(Box::new(
                money
                    .cart(kind, read::id(self.call, &["event"])?.as_deref().unwrap_or_default())
                    .map_err(under)?,
            ))),
        }
    }
}

#[cfg(test)]
mod tests;
