//! Shopify's webhooks as canonical events (shopify.dev/docs/api/webhooks). Nearly everything in them may be null,
//! money is text, ids exceed 2^53, and deliveries repeat and overtake each other.

mod drafts;

use super::{
    items, person,
    read::{self, Object, Problem},
};
use cartwheel_domain::{
    event::{
        Body, CartChange, CartKind, Company, ConsentChange, Event, EventKind, LineItem, Lines, Marks,
        OrderChange, OrderState, Refund, Source, Who,
    },
    money::{Currency, Money},
    settings::StoreSettings,
    time::{DAY, MINUTE, Millis, parse_rfc3339},
};
use serde_json::{Value, json};

/// What the headers say of a delivery.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// `X-Shopify-Topic`.
    pub topic: String,
    /// `X-Shopify-Event-Id`, or the delivery's own id where there is none: the key of de-duplication.
    pub event_id: String,
    /// `X-Shopify-Triggered-At`.
    pub triggered_at: Option<Millis>,
    /// Our clock.
    pub received: Millis,
}

/// A request for privacy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrivacyNotice {
    /// `access`, `erase_contact` or `erase_store`.
    pub kind: &'static str,
    /// Customer id of the shop.
    pub user_id: Option<String>,
    /// E-mail as told.
    pub email: Option<String>,
    /// Phone as told.
    pub phone: Option<String>,
    /// Orders the request names.
    pub orders: Vec<String>,
    /// By when it must be done.
    pub due_at: Millis,
}

/// What a delivery means.
#[derive(Debug, Clone, PartialEq)]
pub enum Translated {
    /// Facts, at most a cart or order and the permissions that came with it.
    Events(Vec<Event>),
    /// A request for privacy.
    Privacy(PrivacyNotice),
    /// A topic we did not ask for; acknowledged, so that Shopify does not repeat it.
    Ignored,
}

/// Shopify: "complete the action within 30 days of receiving the request".
const PRIVACY_WITHIN: Millis = 30 * DAY;

/// A row of the API's list of checkouts that were left, as a topic of ours.
pub const POLLED_CHECKOUT: &str = "checkouts/polled";
/// A row of the API's list of orders.
pub const POLLED_ORDER: &str = "orders/polled";
/// A row of the API's list of draft orders.
pub const POLLED_DRAFT: &str = "draft_orders/polled";

/// Reads a delivery whose signature has been checked.
///
/// # Errors
/// A [`Problem`] when a key that identifies the cart or order is missing or of another form.
pub fn translate(
    delivery: &Delivery,
    body: &Object,
    settings: &StoreSettings,
) -> Result<Translated, Problem> {
    let reader = Reader { delivery, body, settings };
    match delivery.topic.as_str() {
        "carts/create" | "carts/update" => reader.cart(),
        "checkouts/create" | "checkouts/update" | POLLED_CHECKOUT => reader.checkout(),
        "checkouts/delete" => reader.checkout_deleted(),
        "orders/create" | "orders/updated" | "orders/paid" | "orders/cancelled" | "orders/edited"
        | POLLED_ORDER => reader.order(),
        "draft_orders/create" | "draft_orders/update" | POLLED_DRAFT => reader.draft(),
        "draft_orders/delete" => reader.draft_deleted(),
        "refunds/create" => reader.refund(),
        "customers/redact" => reader.privacy("erase_contact"),
        "customers/data_request" => reader.privacy("access"),
        "shop/redact" => reader.privacy("erase_store"),
        _ => Ok(Translated::Ignored),
    }
}

struct Reader<'a> {
    delivery: &'a Delivery,
    body: &'a Object,
    settings: &'a StoreSettings,
}

/// Shop currency amount of a `*_set`.
fn shop_money(object: &Object, key: &str) -> Option<Currency> {
    object.get(key)?.get("shop_money")?.get("currency_code")?.as_str()?.parse().ok()
}

impl Reader<'_> {
    fn time(&self, key: &str) -> Option<Millis> {
        parse_rfc3339(self.body.get(key)?.as_str()?)
    }

    /// `updated_at` says which of two payloads is newer, whatever order they arrive in.
    fn occurred_at(&self) -> Millis {
        let said = self.time("updated_at").or(self.delivery.triggered_at).or_else(|| self.time("created_at"));
        let received = self.delivery.received;
        said.filter(|at| *at <= received + MINUTE).map_or(received, |at| at.min(received))
    }

    fn event(&self, kind: EventKind, who: Who, body: Body, marks: Marks) -> Event {
        Event {
            source: Source::Shopify,
            source_id: self.delivery.event_id.clone(),
            occurred_at: self.occurred_at(),
            kind,
            name: self.delivery.topic.clone(),
            who,
            body,
            marks,
        }
    }

    fn currency(&self) -> Option<Currency> {
        self.body.get("currency").and_then(Value::as_str).and_then(|c| c.parse().ok())
    }

    fn amount(&self, object: &Object, keys: &[&str], currency: Currency) -> Result<Option<i64>, Problem> {
        read::price(object, keys, currency)
    }

    fn lines(&self, currency: Currency) -> Result<Vec<LineItem>, Problem> {
        let Some(list) = self.body.get("line_items").and_then(Value::as_array) else { return Ok(Vec::new()) };
        if list.len() > items::MAX_ITEMS {
            return Err(Problem::new("/line_items", format!("at most {} lines", items::MAX_ITEMS)));
        }
        let mut lines: Vec<LineItem> = Vec::with_capacity(list.len());
        for (index, value) in list.iter().enumerate() {
            let Some(object) = value.as_object() else { continue };
            let under = |p: Problem| p.under(&format!("/line_items/{index}"));
            let Some(line) = self.line(object, currency).map_err(under)? else { continue };
            match lines.iter_mut().find(|l| l.key == line.key && l.unit_minor == line.unit_minor) {
                Some(own) => own.quantity = own.quantity.saturating_add(line.quantity),
                None => lines.push(line),
            }
        }
        Ok(lines)
    }

    fn line(&self, object: &Object, currency: Currency) -> Result<Option<LineItem>, Problem> {
        let quantity = read::quantity(object, &["quantity"])?.unwrap_or(1);
        if quantity == 0 {
            return Ok(None);
        }
        let title = read::text(object, &["presentment_title", "title", "name"]);
        let (product_id, variant_id) =
            (read::id(object, &["product_id"])?, read::id(object, &["variant_id"])?);
        let key = read::id(object, &["key", "id"])?.or_else(|| variant_id.clone()).or_else(|| title.clone());
        Ok(key.map(|key| LineItem {
            title: title.unwrap_or_else(|| key.clone()),
            product_id,
            variant_id,
            sku: read::text(object, &["sku"]),
            variant: read::text(object, &["presentment_variant_title", "variant_title"]),
            category: read::text(object, &["product_type"]),
            quantity,
            unit_minor: read::price(object, &["discounted_price", "price", "variant_price"], currency)
                .ok()
                .flatten()
                .unwrap_or(0),
            image_url: read::url(object, &["image_url", "image"]),
            url: read::url(object, &["url"]),
            key,
        }))
    }

    fn who(&self) -> Who {
        let mut who = Who::default();
        let none = Object::new();
        let customer = self.body.get("customer").and_then(Value::as_object).unwrap_or(&none);
        let address = |key: &str| self.body.get(key).and_then(Value::as_object);
        who.user_id = read::id(customer, &["id"]).ok().flatten();
        who.email = [self.body, customer]
            .iter()
            .find_map(|o| read::text(o, &["email", "contact_email"])?.parse().ok());
        who.phone = [self.body, customer]
            .iter()
            .find_map(|o| read::text(o, &["phone", "sms_marketing_phone"])?.parse().ok());
        let named = [Some(customer), address("billing_address"), address("shipping_address")];
        let person =
            named.into_iter().flatten().find(|o| read::text(o, &["first_name", "last_name"]).is_some());
        who.first_name = person.and_then(|o| read::text(o, &["first_name"]));
        who.last_name = person.and_then(|o| read::text(o, &["last_name"]));
        who.locale = read::text(self.body, &["customer_locale"]);
        let home = customer.get("default_address").and_then(Value::as_object);
        let places = [address("shipping_address"), address("billing_address"), home];
        who.country =
            places.into_iter().flatten().find_map(|o| read::text(o, &["country_code"])?.parse().ok());
        who.company = self.body.get("company").and_then(Value::as_object).and_then(|c| {
            let id = read::id(c, &["id"]).ok().flatten()?;
            Some(Company {
                name: read::text(c, &["name"]).unwrap_or_else(|| id.clone()),
                external_id: Some(id),
            })
        });
        who
    }

    fn marks(&self) -> Marks {
        Marks { test: read::truth(self.body, &["test"]), ..person::marks(&Object::new()) }
    }

    fn cart(&self) -> Result<Translated, Problem> {
        let token = read::id(self.body, &["token", "id"])?
            .ok_or_else(|| Problem::new("/token", "a cart has a token"))?;
        let first = self.body.get("line_items").and_then(|l| l.get(0)).and_then(Value::as_object);
        // A cart names its currency only in the money sets of its lines.
        let currency = self
            .currency()
            .or_else(|| ["price_set", "line_price_set"].iter().find_map(|k| shop_money(first?, k)));
        let lines = self.lines(currency.unwrap_or(self.settings.currency))?;
        let change = CartChange {
            cart_token: Some(token.clone()),
            currency,
            // Nobody is named in a cart; its token stands for the browser until a checkout says who it is.
            ..CartChange::new(CartKind::Cart, Lines::Set(lines))
        };
        let who = Who { anonymous_id: Some(format!("shopify-cart:{token}")), ..Who::default() };
        Ok(Translated::Events(vec![self.event(
            EventKind::CartUpdated,
            who,
            Body::Cart(Box::new(change)),
            Marks::default(),
        )]))
    }

    fn checkout(&self) -> Result<Translated, Problem> {
        let token = read::id(self.body, &["token"])?;
        let cart_token = read::id(self.body, &["cart_token"])?.or_else(|| self.cart_of_link());
        let Some(about) = token.clone().or_else(|| cart_token.clone()) else {
            return Err(Problem::new("/token", "a checkout has a token"));
        };
        // Its API tells of finished ones too.
        if self.time("completed_at").is_some() && self.delivery.topic == POLLED_CHECKOUT {
            return Ok(Translated::Ignored);
        }
        let currency = self.currency();
        let amounts = currency.unwrap_or(self.settings.currency);
        let mut who = self.who();
        who.anonymous_id = cart_token.as_ref().map(|t| format!("shopify-cart:{t}"));
        let change = CartChange {
            checkout_token: token,
            cart_token,
            currency,
            total_minor: self.amount(self.body, &["total_price", "subtotal_price"], amounts)?,
            recovery_url: read::url(self.body, &["abandoned_checkout_url"]),
            number: read::text(self.body, &["name"]),
            step: read::text(self.body, &["gateway"]).map(|_| "payment".to_owned()),
            coupon: self.codes().into_iter().next(),
            ..CartChange::new(CartKind::Checkout, Lines::Set(self.lines(amounts)?))
        };
        let mut events = vec![self.event(
            EventKind::CheckoutStarted,
            who.clone(),
            Body::Cart(Box::new(change)),
            self.marks(),
        )];
        events.extend(self.consents(&about, who));
        Ok(Translated::Events(events))
    }

    /// Since version 2024-10 the API leaves the tokens of a checkout out; its link still names the cart:
    /// `/checkouts/ac/CART/recover`.
    fn cart_of_link(&self) -> Option<String> {
        let link = read::url(self.body, &["abandoned_checkout_url"])?;
        let (_, rest) = link.split_once("/checkouts/ac/").or_else(|| link.split_once("/checkouts/cn/"))?;
        let (token, _) = rest.split_once("/recover")?;
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        (!token.is_empty() && token.len() <= read::MAX_ID && token.chars().all(plain))
            .then(|| token.to_owned())
    }

    /// A checkout is deleted by its cart's token alone; the payload has no time.
    fn checkout_deleted(&self) -> Result<Translated, Problem> {
        let (cart_token, checkout_token) =
            (read::id(self.body, &["cart_token"])?, read::id(self.body, &["token"])?);
        if cart_token.is_none() && checkout_token.is_none() {
            return Err(Problem::new(
                "/cart_token",
                "a deleted checkout is named by its token or its cart's",
            ));
        }
        let who =
            Who { anonymous_id: cart_token.as_ref().map(|t| format!("shopify-cart:{t}")), ..Who::default() };
        let change =
            CartChange { cart_token, checkout_token, ..CartChange::new(CartKind::Checkout, Lines::Delete) };
        Ok(Translated::Events(vec![self.event(
            EventKind::CartDeleted,
            who,
            Body::Cart(Box::new(change)),
            Marks::default(),
        )]))
    }

    fn codes(&self) -> Vec<String> {
        let list = self.body.get("discount_codes").and_then(Value::as_array);
        list.into_iter().flatten().filter_map(|c| read::text(c.as_object()?, &["code"])).take(20).collect()
    }

    fn order(&self) -> Result<Translated, Problem> {
        let external_id =
            read::id(self.body, &["id"])?.ok_or_else(|| Problem::new("/id", "an order has an id"))?;
        let amounts = self.currency().unwrap_or(self.settings.currency);
        let total = self.amount(self.body, &["total_price", "current_total_price"], amounts)?;
        let cancelled = self.delivery.topic == "orders/cancelled" || self.time("cancelled_at").is_some();
        let state = match read::text(self.body, &["financial_status"]).as_deref() {
            _ if cancelled => OrderState::Cancelled,
            // A transfer is awaited; a voided payment is not yet a cancelled order.
            Some("pending" | "voided" | "expired") => OrderState::Awaiting,
            _ => OrderState::Purchased,
        };
        let refunds = self.body.get("refunds").and_then(Value::as_array);
        let refunded = refunds.map(|list| {
            list.iter().filter_map(|r| refund_minor(r.as_object()?, amounts)).fold(0i64, i64::saturating_add)
        });
        let change = OrderChange {
            number: read::text(self.body, &["name", "order_number"]),
            state: Some(state),
            total: total.map(|minor| Money::new(minor, amounts)),
            refunded_total_minor: refunded.filter(|n| *n > 0),
            refund: None,
            cart_token: read::id(self.body, &["cart_token"])?,
            checkout_token: read::id(self.body, &["checkout_token"])?,
            lines: self.lines(amounts)?,
            coupons: self.codes(),
            newest_counts: false,
            placed_at: self
                .time("created_at")
                .filter(|at| *at <= self.delivery.received)
                .or_else(|| Some(self.occurred_at())),
            external_id: external_id.clone(),
        };
        let kind = match self.delivery.topic.as_str() {
            _ if cancelled => EventKind::OrderCancelled,
            "orders/create" => EventKind::OrderPlaced,
            _ => EventKind::OrderUpdated,
        };
        let who = self.who();
        let mut events = vec![self.event(kind, who.clone(), Body::Order(Box::new(change)), self.marks())];
        events.extend(self.consents(&external_id, who));
        Ok(Translated::Events(events))
    }

    fn refund(&self) -> Result<Translated, Problem> {
        let external_id = read::id(self.body, &["order_id"])?
            .ok_or_else(|| Problem::new("/order_id", "a refund names its order"))?;
        let id = read::id(self.body, &["id"])?.ok_or_else(|| Problem::new("/id", "a refund has an id"))?;
        let change = OrderChange {
            refund: Some(Refund { id, minor: refund_minor(self.body, self.settings.currency).or(Some(0)) }),
            external_id,
            number: None,
            state: None,
            total: None,
            refunded_total_minor: None,
            cart_token: None,
            checkout_token: None,
            lines: Vec::new(),
            coupons: Vec::new(),
            newest_counts: false,
            placed_at: None,
        };
        Ok(Translated::Events(vec![self.event(
            EventKind::OrderRefunded,
            Who::default(),
            Body::Order(Box::new(change)),
            Marks::default(),
        )]))
    }

    /// Permissions a checkout or order carries, with what Shopify knows of them. The id is that of the box ticked, so
    /// that the next update of the same checkout says nothing new.
    fn consents(&self, about: &str, who: Who) -> Option<Event> {
        if who.email.is_none() && who.phone.is_none() && who.user_id.is_none() {
            return None;
        }
        let customer = self.body.get("customer").and_then(Value::as_object);
        let state = |key: &str| customer.and_then(|c| c.get(key)).filter(|v| v.is_object());
        let mut list = Vec::new();
        let mut push = |channel: &str, purpose: &str, ticked: bool, known: Option<&Value>| {
            let word = known.and_then(|k| k.get("state")).and_then(Value::as_str).unwrap_or_default();
            let action = match word {
                "unsubscribed" | "redacted" => "withdrawn",
                "subscribed" => "given",
                _ if ticked => "given",
                _ => return,
            };
            list.push(ConsentChange {
                channel: channel.into(),
                purpose: purpose.into(),
                action: action.into(),
                method: "platform".into(),
                wording: None,
                place: Some(self.delivery.topic.clone()),
                evidence: json!({"ticked": ticked, "shopify": known}),
            });
        };
        push(
            "email",
            "marketing_email",
            read::truth(self.body, &["buyer_accepts_marketing"]),
            state("email_marketing_consent"),
        );
        push(
            "sms",
            "sms_marketing",
            read::truth(self.body, &["buyer_accepts_sms_marketing"]),
            state("sms_marketing_consent"),
        );
        if list.is_empty() {
            return None;
        }
        let said: Vec<String> = list.iter().map(|c| format!("{}={}", c.purpose, c.action)).collect();
        let event = self.event(EventKind::ConsentChanged, who, Body::Consent(list), Marks::default());
        Some(Event { source_id: format!("consent:{about}:{}", said.join(",")), ..event })
    }
}

/// What a refund gave back: its successful refund transactions, else its lines with their taxes.
fn refund_minor(refund: &Object, currency: Currency) -> Option<i64> {
    let transactions: Vec<&Object> = refund
        .get("transactions")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_object)
        .collect();
    let sum = |values: &mut dyn Iterator<Item = &Value>| {
        values.filter_map(|v| read::amount(v, currency).ok()).fold(0i64, i64::saturating_add)
    };
    if !transactions.is_empty() {
        let done = |t: &&&Object| {
            t.get("kind").and_then(Value::as_str) == Some("refund")
                && t.get("status").and_then(Value::as_str) != Some("failure")
        };
        return Some(sum(&mut transactions.iter().filter(done).filter_map(|t| t.get("amount"))).max(0));
    }
    let lines = refund.get("refund_line_items").and_then(Value::as_array)?;
    let amounts = lines
        .iter()
        .filter_map(Value::as_object)
        .flat_map(|l| [l.get("subtotal"), l.get("total_tax")])
        .flatten();
    Some(sum(&mut amounts.into_iter()).max(0))
}

impl Reader<'_> {
    fn privacy(&self, kind: &'static str) -> Result<Translated, Problem> {
        let none = Object::new();
        let customer = self.body.get("customer").and_then(Value::as_object).unwrap_or(&none);
        let orders = self
            .body
            .get("orders_to_redact")
            .or_else(|| self.body.get("orders_requested"))
            .and_then(Value::as_array);
        let notice = PrivacyNotice {
            kind,
            user_id: read::id(customer, &["id"])?,
            email: read::text(customer, &["email"]),
            phone: read::text(customer, &["phone"]),
            orders: orders
                .into_iter()
                .flatten()
                .filter_map(|o| o.as_str().map(str::to_owned).or_else(|| o.as_i64().map(|n| n.to_string())))
                .collect(),
            due_at: self.delivery.received + PRIVACY_WITHIN,
        };
        if kind == "erase_contact"
            && notice.user_id.is_none()
            && notice.email.is_none()
            && notice.phone.is_none()
        {
            return Err(Problem::new("/customer", "an erasure names its customer"));
        }
        Ok(Translated::Privacy(notice))
    }
}
