//! WooCommerce's webhooks, and the same orders from its REST API, as canonical events
//! (<https://woocommerce.github.io/woocommerce-rest-api-docs/#orders>).
//!
//! There is no cart in them: an order that waits for its payment is the checkout somebody left, and its page for paying
//! is where it is taken up again. Money is text, times are UTC without saying so, 0 stands for "none" in ids.

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
    settings::{StoreSettings, host_of},
    time::{MINUTE, Millis, parse_rfc3339},
};
use serde_json::{Map, Value, json};

/// A delivery whose signature has been checked, or a row of an answer of the API.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// `X-WC-Webhook-Topic`.
    pub topic: String,
    /// Our clock.
    pub received: Millis,
}

/// Keys of `meta_data` by which somebody said yes to marketing mails, and by which plugin. Nothing else is taken for a yes.
const CONSENT: [(&str, &str); 4] = [
    ("_wc_other/cartwheel/marketing", "cartwheel"),
    ("cartwheel_marketing_consent", "cartwheel"),
    ("mailchimp_woocommerce_is_subscribed", "mailchimp-for-woocommerce"),
    ("_mc4wp_optin", "mailchimp-for-wp"),
];
/// Keys by which plugins of translation keep the language of an order.
const LANGUAGE: [&str; 2] = ["wpml_language", "trp_language"];

/// Reads a delivery; nothing where it says nothing of use.
///
/// # Errors
/// A [`Problem`] when a key that identifies the order is missing or of another form.
pub fn translate(
    delivery: &Delivery,
    body: &Object,
    settings: &StoreSettings,
) -> Result<Vec<Event>, Problem> {
    let reader = Reader { delivery, body, settings };
    match delivery.topic.as_str() {
        "order.created" | "order.updated" | "order.restored" => reader.order(),
        "order.deleted" => reader.deleted(),
        "customer.created" | "customer.updated" => reader.customer(),
        _ => Ok(Vec::new()),
    }
}

/// Where an order stands by WooCommerce's word for it. A word of some plugin's ("shipped") means that the shop deals with
/// it: whoever bought is never reminded as if they had not.
fn state(word: &str, paid: bool) -> Option<OrderState> {
    Some(match word {
        "pending" | "failed" | "checkout-draft" => OrderState::Unfinished,
        "on-hold" => OrderState::Awaiting,
        "processing" | "completed" | "refunded" => OrderState::Purchased,
        "cancelled" | "trash" => OrderState::Cancelled,
        "" | "auto-draft" | "draft" => return None,
        _ if paid => OrderState::Purchased,
        _ => OrderState::Awaiting,
    })
}

struct Reader<'a> {
    delivery: &'a Delivery,
    body: &'a Object,
    settings: &'a StoreSettings,
}

impl Reader<'_> {
    /// A time of WooCommerce's: UTC, without saying so.
    fn time(&self, key: &str) -> Option<Millis> {
        let text = self.body.get(key)?.as_str()?.trim();
        parse_rfc3339(&format!("{text}Z")).or_else(|| parse_rfc3339(text))
    }

    /// `date_modified_gmt` says which of two payloads is newer, whatever order they arrive in.
    fn occurred_at(&self) -> Millis {
        let said = self.time("date_modified_gmt").or_else(|| self.time("date_created_gmt"));
        facts::by_our_clock(said, self.delivery.received)
    }

    fn id(&self) -> Result<String, Problem> {
        read::id(self.body, &["id"])?.ok_or_else(|| Problem::new("/id", "an order has an id"))
    }

    fn event(&self, kind: EventKind, who: Who, body: Body) -> Event {
        facts::event(Source::Woocommerce, &self.delivery.topic, self.occurred_at(), kind, who, body)
    }

    /// What the plugins of the shop keep with the order or the customer.
    fn meta(&self, key: &str) -> Option<String> {
        let list = self.body.get("meta_data")?.as_array()?;
        let entry = |m: &Value| m.get("key").and_then(Value::as_str) == Some(key);
        let value = list.iter().rfind(|m| entry(m))?.get("value")?;
        match value {
            Value::String(text) => Some(text.trim().to_owned()),
            Value::Bool(yes) => Some(yes.to_string()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        }
    }

    fn who(&self, customer: &[&str]) -> Who {
        let none = Object::new();
        let address = |key: &str| self.body.get(key).and_then(Value::as_object).unwrap_or(&none);
        let (billing, shipping) = (address("billing"), address("shipping"));
        let first = |keys: &[&str]| [billing, self.body, shipping].iter().find_map(|o| read::text(o, keys));
        Who {
            // 0 is a guest.
            user_id: read::id(self.body, customer).ok().flatten().filter(|id| id != "0"),
            email: [billing, self.body].iter().find_map(|o| read::text(o, &["email"])?.parse().ok()),
            phone: read::text(billing, &["phone"]).and_then(|p| p.parse().ok()),
            first_name: first(&["first_name"]),
            last_name: first(&["last_name"]),
            locale: LANGUAGE.iter().find_map(|key| self.meta(key)).filter(|l| l.len() <= 16),
            country: [shipping, billing].iter().find_map(|o| read::text(o, &["country"])?.parse().ok()),
            company: read::text(billing, &["company"]).map(|name| Company { external_id: None, name }),
            user_agent: read::text(self.body, &["customer_user_agent"]),
            ..Who::default()
        }
    }

    fn lines(&self, currency: Currency) -> Result<Vec<LineItem>, Problem> {
        let Some(list) = self.body.get("line_items").and_then(Value::as_array) else { return Ok(Vec::new()) };
        facts::lines(list, |object| Ok(self.line(object, currency)))
    }

    fn line(&self, object: &Object, currency: Currency) -> Option<LineItem> {
        let quantity = read::quantity(object, &["quantity"]).ok().flatten().unwrap_or(1);
        let id = |keys: &[&str]| read::id(object, keys).ok().flatten().filter(|id| id != "0");
        let title = read::text(object, &["name", "parent_name"]);
        let key = id(&["id"]).or_else(|| id(&["variation_id", "product_id"])).or_else(|| title.clone())?;
        if quantity == 0 {
            return None;
        }
        let amount = |name: &str| object.get(name).and_then(|v| read::amount(v, currency).ok());
        // Amounts of a line are without tax. Where the shop shows prices with it, so did the shopper see them.
        let tax = amount("subtotal_tax").filter(|_| read::truth(self.body, &["prices_include_tax"]));
        let row =
            amount("subtotal").or_else(|| amount("total")).map(|row| row.saturating_add(tax.unwrap_or(0)));
        let count = i64::from(quantity);
        let unit = row.map(|row| (row + count / 2).div_euclid(count)).or_else(|| amount("price"));
        let image = object.get("image").and_then(Value::as_object);
        Some(LineItem {
            title: title.unwrap_or_else(|| key.clone()),
            product_id: id(&["product_id"]),
            variant_id: id(&["variation_id"]),
            sku: read::text(object, &["sku"]),
            variant: variant(object),
            category: None,
            quantity,
            unit_minor: unit.unwrap_or(0).clamp(0, MAX_MINOR),
            image_url: image.and_then(|i| read::url(i, &["src"])),
            url: None,
            key,
        })
    }

    /// Where the order is paid. The shop says so itself since WooCommerce 5.9; before, it is the address of its page.
    fn pay_link(&self, id: &str) -> Option<String> {
        let shop = host_of(&self.settings.woo_url)?;
        if let Some(said) =
            read::url(self.body, &["payment_url"]).filter(|url| host_of(url).as_ref() == Some(&shop))
        {
            return Some(said);
        }
        let plain = |text: &str| text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'));
        let key = read::text(self.body, &["order_key"]).filter(|key| plain(key) && plain(id))?;
        let base = self.settings.woo_url.trim_end_matches('/');
        Some(format!("{base}/checkout/order-pay/{id}/?pay_for_order=true&key={key}"))
    }

    fn codes(&self) -> Vec<String> {
        let list = self.body.get("coupon_lines").and_then(Value::as_array);
        list.into_iter().flatten().filter_map(|c| read::text(c.as_object()?, &["code"])).take(20).collect()
    }

    fn order(&self) -> Result<Vec<Event>, Problem> {
        let id = self.id()?;
        let paid_at = self.time("date_paid_gmt");
        let word = read::text(self.body, &["status"]).unwrap_or_default();
        let word = word.strip_prefix("wc-").unwrap_or(&word);
        let Some(state) = state(word, paid_at.is_some()) else { return Ok(Vec::new()) };
        let currency = read::currency(self.body, &["currency"]).ok().flatten();
        let amounts = currency.unwrap_or(self.settings.currency);
        // A total below nothing is a refund's, which comes with its order.
        let total = self.body.get("total").and_then(|v| read::amount(v, amounts).ok()).filter(|n| *n >= 0);
        let who = self.who(&["customer_id"]);
        let mut events = Vec::new();
        if state == OrderState::Unfinished {
            // Nobody left these: the shop's people, or a subscription's next period, made them.
            let made_by = read::text(self.body, &["created_via"]).unwrap_or_default();
            if matches!(made_by.as_str(), "admin" | "subscription") {
                return Ok(Vec::new());
            }
            let lines = self.lines(amounts)?;
            events.push(self.cart(&id, Lines::Set(lines), total, currency, who.clone()));
        } else {
            let ended = state == OrderState::Cancelled && paid_at.is_none();
            if ended {
                events.push(self.cart(&id, Lines::Delete, None, None, who.clone()));
            }
            events.push(self.bought(
                &id,
                state,
                total.map(|n| Money::new(n, amounts)),
                paid_at,
                who.clone(),
            )?);
        }
        events.extend(self.consent(&id, who));
        Ok(events)
    }

    fn cart(
        &self,
        id: &str,
        lines: Lines,
        total: Option<i64>,
        currency: Option<Currency>,
        who: Who,
    ) -> Event {
        let gone = matches!(lines, Lines::Delete);
        let change = CartChange {
            checkout_token: Some(id.to_owned()),
            currency,
            total_minor: total,
            recovery_url: self.pay_link(id).filter(|_| !gone),
            number: read::text(self.body, &["number"]),
            step: (!gone).then(|| "payment".to_owned()),
            coupon: self.codes().into_iter().next(),
            ..CartChange::new(CartKind::Checkout, lines)
        };
        let kind = if gone { EventKind::CartDeleted } else { EventKind::CheckoutStarted };
        self.event(kind, who, Body::Cart(Box::new(change)))
    }

    fn bought(
        &self,
        id: &str,
        state: OrderState,
        total: Option<Money>,
        paid_at: Option<Millis>,
        who: Who,
    ) -> Result<Event, Problem> {
        let currency = total.map_or(self.settings.currency, |t| t.currency);
        let refunds = self.body.get("refunds").and_then(Value::as_array).into_iter().flatten();
        let back = refunds
            .filter_map(|r| read::amount(r.get("total")?, currency).ok())
            .fold(0i64, |sum, minor| sum.saturating_add(minor.saturating_abs()));
        let refunded = read::text(self.body, &["status"]).is_some_and(|s| s == "refunded");
        let back = if back == 0 && refunded { total.map_or(0, |t| t.minor) } else { back };
        let at = self.occurred_at();
        let received = self.delivery.received;
        let placed_at = paid_at.filter(|at| *at <= received);
        // An order is told again whenever somebody touches it; the first telling is the placing.
        let fresh =
            placed_at.or_else(|| self.time("date_created_gmt")).is_none_or(|then| at - then <= 2 * MINUTE);
        let kind = match state {
            OrderState::Cancelled => EventKind::OrderCancelled,
            _ if refunded => EventKind::OrderRefunded,
            _ if fresh => EventKind::OrderPlaced,
            _ => EventKind::OrderUpdated,
        };
        let change = OrderChange {
            number: read::text(self.body, &["number"]),
            state: Some(state),
            total,
            refunded_total_minor: Some(back).filter(|n| *n > 0),
            checkout_token: Some(id.to_owned()),
            lines: self.lines(currency)?,
            coupons: self.codes(),
            placed_at,
            newest_counts: true,
            ..OrderChange::new(id.to_owned())
        };
        Ok(self.event(kind, who, Body::Order(Box::new(change))))
    }

    /// A deleted order is told by its id alone.
    fn deleted(&self) -> Result<Vec<Event>, Problem> {
        let id = self.id()?;
        let cart = self.cart(&id, Lines::Delete, None, None, Who::default());
        let order = OrderChange {
            state: Some(OrderState::Cancelled),
            checkout_token: Some(id.clone()),
            newest_counts: true,
            ..OrderChange::new(id)
        };
        let order = self.event(EventKind::OrderCancelled, Who::default(), Body::Order(Box::new(order)));
        Ok(vec![cart, order])
    }

    fn customer(&self) -> Result<Vec<Event>, Problem> {
        let id = self.id()?;
        let who = Who { user_agent: None, ..self.who(&["id"]) };
        let mut events = vec![self.event(EventKind::Identified, who.clone(), Body::Plain(Map::new()))];
        events.extend(self.consent(&format!("customer:{id}"), who));
        Ok(events)
    }

    /// A yes that somebody gave in the shop; an unticked box says nothing. The id is that of the box, so that the next
    /// change of the same order says nothing new.
    fn consent(&self, about: &str, who: Who) -> Option<Event> {
        who.email.as_ref()?;
        let yes = |text: &str| matches!(text.to_ascii_lowercase().as_str(), "1" | "yes" | "true" | "on");
        let (key, plugin, value) = CONSENT
            .iter()
            .find_map(|(key, plugin)| Some((*key, *plugin, self.meta(key).filter(|value| yes(value))?)))?;
        let change = ConsentChange {
            channel: "email".into(),
            purpose: "marketing_email".into(),
            action: "given".into(),
            method: "platform".into(),
            wording: None,
            place: Some(self.delivery.topic.clone()),
            evidence: json!({"meta": key, "value": value, "plugin": plugin}),
        };
        let event = self.event(EventKind::ConsentChanged, who, Body::Consent(vec![change]));
        Some(Event { source_id: format!("consent:{about}:{key}"), ..event })
    }
}

/// "Blue, XL", of the attributes of a variation.
fn variant(object: &Object) -> Option<String> {
    let list = object.get("meta_data")?.as_array()?.iter().filter_map(Value::as_object);
    let parts: Vec<String> = list
        .filter(|m| read::text(m, &["key"]).is_some_and(|key| key.starts_with("pa_")))
        .filter_map(|m| read::text(m, &["display_value", "value"]))
        .take(5)
        .collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

#[cfg(test)]
pub(crate) mod tests;
