//! What BigCommerce's API says of a cart, an order or a quote of B2B Edition, as canonical events
//! (<https://developer.bigcommerce.com/docs/rest-management>). Its webhooks say only what changed; the truth is fetched.

use super::{
    facts,
    read::{self, Object, Problem},
};
use cartwheel_domain::{
    event::{
        Body, CartChange, CartKind, Company, ConsentChange, Event, EventKind, LineItem, Lines, OrderChange,
        OrderState, Source, Who,
    },
    money::{Currency, MAX_MINOR, Money},
    settings::StoreSettings,
    time::{MINUTE, Millis, SECOND, parse_rfc3339},
};
use serde_json::{Value, json};

/// What was fetched, or found gone.
#[derive(Debug, Clone)]
pub struct Fetched {
    /// `cart`, `order`, `quote`, `cart_deleted`, `quote_deleted`.
    pub kind: String,
    /// When the platform told of it, for what names no time of its own.
    pub told_at: Millis,
    /// Our clock.
    pub received: Millis,
}

/// Keys of ours beside BigCommerce's own: the customer of a cart, the link by which a cart is taken up again.
pub const CUSTOMER: &str = "_customer";
/// See [`CUSTOMER`].
pub const LINK: &str = "_recovery_url";

/// Reads what was fetched; nothing where it says nothing of use.
///
/// # Errors
/// A [`Problem`] when an id is missing or of another form.
pub fn translate(fetched: &Fetched, body: &Object, settings: &StoreSettings) -> Result<Vec<Event>, Problem> {
    let reader = Reader { fetched, body, settings };
    match fetched.kind.as_str() {
        "cart" => reader.cart(),
        "order" => reader.order(),
        "quote" => reader.quote(),
        "cart_deleted" => reader.gone(CartKind::Cart),
        "quote_deleted" => reader.gone(CartKind::Quote),
        _ => Ok(Vec::new()),
    }
}

/// Where an order stands by the number of its status (Orders V2, "Order status"). Below 0 stands for "cannot be".
fn state(status: i64) -> Option<OrderState> {
    Some(match status {
        // Incomplete; pending: "started the checkout process but did not complete it". Its cart tells of it.
        0 | 1 => return None,
        // Cancelled, declined.
        5 | 6 => OrderState::Cancelled,
        // Awaiting payment, manual verification required.
        7 | 12 => OrderState::Awaiting,
        2..=4 | 8..=11 | 13 | 14 => OrderState::Purchased,
        _ => return None,
    })
}

struct Reader<'a> {
    fetched: &'a Fetched,
    body: &'a Object,
    settings: &'a StoreSettings,
}

/// Orders V2 write `Tue, 03 Mar 2026 10:00:00 +0000`, carts RFC 3339, B2B Edition seconds since 1970.
fn time(object: &Object, key: &str) -> Option<Millis> {
    match object.get(key)? {
        Value::String(text) => parse_rfc3339(text).or_else(|| {
            let at = chrono::DateTime::parse_from_rfc2822(text.trim()).ok()?;
            parse_rfc3339(&at.to_rfc3339())
        }),
        Value::Number(number) => number.as_i64().filter(|n| *n > 0).and_then(|n| n.checked_mul(SECOND)),
        _ => None,
    }
}

impl Reader<'_> {
    fn at(&self, said: Option<Millis>) -> Millis {
        facts::by_our_clock(said.or(Some(self.fetched.told_at)), self.fetched.received)
    }

    fn event(&self, said: Option<Millis>, kind: EventKind, who: Who, body: Body) -> Event {
        facts::event(Source::Bigcommerce, &self.fetched.kind, self.at(said), kind, who, body)
    }

    fn id(&self, keys: &[&str], pointer: &str) -> Result<String, Problem> {
        read::id(self.body, keys)?.ok_or_else(|| Problem::new(pointer, "what was fetched has an id"))
    }

    fn currency(&self, object: Option<&Object>, keys: &[&str]) -> Option<Currency> {
        read::currency(object?, keys).ok().flatten()
    }

    fn amount(&self, key: &str, currency: Currency) -> Option<i64> {
        self.body.get(key).and_then(|v| read::amount(v, currency).ok()).filter(|n| *n >= 0)
    }

    fn customer(&self) -> Who {
        let none = Object::new();
        let customer = self.body.get(CUSTOMER).and_then(Value::as_object).unwrap_or(&none);
        Who {
            user_id: read::id(self.body, &["customer_id"]).ok().flatten().filter(|id| id != "0"),
            email: [self.body, customer].iter().find_map(|o| read::text(o, &["email"])?.parse().ok()),
            phone: read::text(customer, &["phone"]).and_then(|p| p.parse().ok()),
            first_name: read::text(customer, &["first_name"]),
            last_name: read::text(customer, &["last_name"]),
            locale: read::text(self.body, &["locale"]),
            company: read::text(customer, &["company"]).map(|name| Company { external_id: None, name }),
            ..Who::default()
        }
    }

    fn cart(&self) -> Result<Vec<Event>, Problem> {
        let id = self.id(&["id"], "/id")?;
        let currency = self.currency(self.body.get("currency").and_then(Value::as_object), &["code"]);
        let amounts = currency.unwrap_or(self.settings.currency);
        let mut lines = Vec::new();
        let groups = self.body.get("line_items").and_then(Value::as_object);
        for name in ["physical_items", "digital_items", "custom_items", "gift_certificates"] {
            let list = groups.and_then(|g| g.get(name)).and_then(Value::as_array);
            lines
                .extend(facts::lines(list.map(Vec::as_slice).unwrap_or_default(), |o| Ok(line(o, amounts)))?);
        }
        let coupons = self.body.get("coupons").and_then(Value::as_array);
        let change = CartChange {
            cart_token: Some(id.clone()),
            currency,
            total_minor: self.amount("cart_amount", amounts),
            recovery_url: read::url(self.body, &[LINK]),
            coupon: coupons.into_iter().flatten().find_map(|c| read::text(c.as_object()?, &["code"])),
            ..CartChange::new(CartKind::Cart, Lines::Set(lines))
        };
        let who = self.customer();
        let at = time(self.body, "updated_time");
        let mut events =
            vec![self.event(at, EventKind::CartUpdated, who.clone(), Body::Cart(Box::new(change)))];
        events.extend(self.consent(who));
        Ok(events)
    }

    /// What the customer said of mails about carts they left. Without a word nothing is assumed.
    fn consent(&self, who: Who) -> Option<Event> {
        let customer = self.body.get(CUSTOMER)?.as_object()?;
        who.email.as_ref()?;
        let said = customer.get("accepts_product_review_abandoned_cart_emails")?.as_bool()?;
        let action = if said { "given" } else { "withdrawn" };
        let change = ConsentChange {
            channel: "email".into(),
            purpose: "cart_email".into(),
            action: action.into(),
            method: "platform".into(),
            wording: None,
            place: Some("customer".into()),
            evidence: json!({"accepts_product_review_abandoned_cart_emails": said}),
        };
        let id = who.user_id.clone().unwrap_or_default();
        let at = time(customer, "date_modified");
        let event = self.event(at, EventKind::ConsentChanged, who, Body::Consent(vec![change]));
        Some(Event { source_id: format!("consent:customer:{id}:{action}:{}", at.unwrap_or(0)), ..event })
    }

    fn gone(&self, kind: CartKind) -> Result<Vec<Event>, Problem> {
        let id = self.id(&["id"], "/id")?;
        let token = if kind == CartKind::Quote { format!("quote:{id}") } else { id };
        let change = CartChange { cart_token: Some(token), ..CartChange::new(kind, Lines::Delete) };
        Ok(vec![self.event(None, EventKind::CartDeleted, Who::default(), Body::Cart(Box::new(change)))])
    }

    fn order(&self) -> Result<Vec<Event>, Problem> {
        let id = self.id(&["id"], "/id")?;
        let status = self.body.get("status_id").and_then(Value::as_i64).unwrap_or(-1);
        let deleted = read::truth(self.body, &["is_deleted"]);
        let Some(state) = (if deleted { Some(OrderState::Cancelled) } else { state(status) }) else {
            return Ok(Vec::new());
        };
        let currency = self.currency(Some(self.body), &["currency_code", "default_currency_code"]);
        let amounts = currency.unwrap_or(self.settings.currency);
        let total = self.amount("total_inc_tax", amounts);
        let back = self.amount("refunded_amount", amounts).unwrap_or(0);
        let back = if back == 0 && status == 4 { total.unwrap_or(0) } else { back };
        let none = Object::new();
        let billing = self.body.get("billing_address").and_then(Value::as_object).unwrap_or(&none);
        let who = Who {
            email: read::text(billing, &["email"]).and_then(|e| e.parse().ok()),
            phone: read::text(billing, &["phone"]).and_then(|p| p.parse().ok()),
            first_name: read::text(billing, &["first_name"]),
            last_name: read::text(billing, &["last_name"]),
            country: read::text(billing, &["country_iso2"]).and_then(|c| c.parse().ok()),
            locale: read::text(self.body, &["customer_locale"]),
            company: read::text(billing, &["company"]).map(|name| Company { external_id: None, name }),
            ..self.customer()
        };
        let placed = time(self.body, "date_created").filter(|at| *at <= self.fetched.received);
        let at = time(self.body, "date_modified").or(placed);
        let lines = self.body.get("lines").and_then(Value::as_array);
        let fresh = placed.is_none_or(|placed| self.at(at) - placed <= 2 * MINUTE);
        let change = OrderChange {
            number: Some(id.clone()),
            state: Some(state),
            total: total.map(|minor| Money::new(minor, amounts)),
            refunded_total_minor: Some(back).filter(|n| *n > 0),
            cart_token: read::id(self.body, &["cart_id"]).ok().flatten(),
            lines: facts::lines(lines.map(Vec::as_slice).unwrap_or_default(), |o| Ok(line(o, amounts)))?,
            placed_at: placed,
            newest_counts: true,
            ..OrderChange::new(id)
        };
        let kind = match state {
            OrderState::Cancelled => EventKind::OrderCancelled,
            _ if status == 4 => EventKind::OrderRefunded,
            _ if fresh => EventKind::OrderPlaced,
            _ => EventKind::OrderUpdated,
        };
        Ok(vec![self.event(at, kind, who, Body::Order(Box::new(change)))])
    }

    /// A quote of B2B Edition. Its status: 0 new, 2 in process, 3 updated by the customer, 4 ordered, 5 expired, 6 archived; drafts of
    /// buyers are not told of.
    fn quote(&self) -> Result<Vec<Event>, Problem> {
        let id = self.id(&["quoteId", "id"], "/quoteId")?;
        let object = |key: &str| self.body.get(key).and_then(Value::as_object);
        let currency = self.currency(object("currency"), &["currencyCode", "code"]);
        let amounts = currency.unwrap_or(self.settings.currency);
        let (contact, company) = (object("contactInfo"), object("companyInfo"));
        let named = company.and_then(|c| read::text(c, &["companyName", "name"]));
        let named = named.or_else(|| read::text(contact?, &["companyName"]));
        let email = read::text(self.body, &["userEmail"]).or_else(|| read::text(contact?, &["email"]));
        let name = contact.and_then(|c| read::text(c, &["name"])).unwrap_or_default();
        let (first, last) = name.split_once(' ').unwrap_or((&name, ""));
        let who = Who {
            email: email.and_then(|e| e.parse().ok()),
            phone: contact.and_then(|c| read::text(c, &["phoneNumber"])?.parse().ok()),
            first_name: Some(first.to_owned()).filter(|n| !n.is_empty()),
            last_name: Some(last.to_owned()).filter(|n| !n.is_empty()),
            company: named.map(|name| Company {
                external_id: company.and_then(|c| read::id(c, &["companyId", "id"]).ok().flatten()),
                name,
            }),
            ..Who::default()
        };
        let at = time(self.body, "updatedAt").or_else(|| time(self.body, "createdAt"));
        let token = format!("quote:{id}");
        let status = self.body.get("status").and_then(|s| s.as_i64().or_else(|| s.as_str()?.parse().ok()));
        let order = read::id(self.body, &["bcOrderId"]).ok().flatten().filter(|id| id != "0");
        if let (Some(4), Some(order)) = (status, &order) {
            let change = OrderChange {
                state: Some(OrderState::Purchased),
                cart_token: Some(token),
                placed_at: at.filter(|at| *at <= self.fetched.received),
                ..OrderChange::new(order.clone())
            };
            return Ok(vec![self.event(at, EventKind::OrderUpdated, who, Body::Order(Box::new(change)))]);
        }
        let over = matches!(status, Some(4..=6));
        let list =
            self.body.get("productsList").or_else(|| self.body.get("productList")).and_then(Value::as_array);
        let lines = facts::lines(list.map(Vec::as_slice).unwrap_or_default(), |o| Ok(line(o, amounts)))?;
        let change = CartChange {
            cart_token: Some(token),
            currency,
            total_minor: ["grandTotal", "totalAmount", "subtotal"]
                .iter()
                .find_map(|k| self.amount(k, amounts)),
            valid_until: time(self.body, "expiredAt"),
            number: read::text(self.body, &["quoteNumber"]),
            approver: object("salesRepInfo").and_then(|s| read::text(s, &["salesRepName", "salesRepEmail"])),
            recovery_url: read::url(self.body, &[LINK, "quoteUrl"]),
            ..CartChange::new(CartKind::Quote, if over { Lines::Delete } else { Lines::Set(lines) })
        };
        let kind = if over { EventKind::CartDeleted } else { EventKind::QuoteRequested };
        Ok(vec![self.event(at, kind, who, Body::Cart(Box::new(change)))])
    }
}

/// A line of a cart, an order or a quote.
fn line(object: &Object, currency: Currency) -> Option<LineItem> {
    let quantity = read::quantity(object, &["quantity"]).ok().flatten().unwrap_or(1);
    let id = |keys: &[&str]| read::id(object, keys).ok().flatten().filter(|id| id != "0");
    let title = read::text(object, &["name", "productName"]);
    let key = id(&["id", "itemId"]).or_else(|| id(&["variant_id", "variantId", "product_id", "productId"]));
    let key = key.or_else(|| title.clone())?;
    if quantity == 0 {
        return None;
    }
    let price =
        ["sale_price", "price_inc_tax", "offeredPrice", "list_price", "basePrice", "amount", "base_price"];
    let unit = price.iter().find_map(|k| read::amount(object.get(*k)?, currency).ok());
    Some(LineItem {
        title: title.unwrap_or_else(|| key.clone()),
        product_id: id(&["product_id", "productId"]),
        variant_id: id(&["variant_id", "variantId"]),
        sku: read::text(object, &["sku"]),
        variant: options(object),
        category: None,
        quantity,
        unit_minor: unit.unwrap_or(0).clamp(0, MAX_MINOR),
        image_url: read::url(object, &["image_url", "imageUrl"]),
        url: read::url(object, &["url"]),
        key,
    })
}

/// "Red, L", of the options that were chosen.
fn options(object: &Object) -> Option<String> {
    let list = object.get("options").or_else(|| object.get("product_options"))?.as_array()?;
    let values =
        list.iter().filter_map(|o| read::text(o.as_object()?, &["value", "display_value", "optionValue"]));
    let values: Vec<String> = values.take(5).collect();
    (!values.is_empty()).then(|| values.join(", "))
}

#[cfg(test)]
pub(crate) mod tests;
