//! A stand-in for Stripe on this machine: the calls we make, shaped after its published API, with a ledger of what it was told, idempotent
//! keys, and faults that a test scripts.

use super::TestApp;
use crate::{
    billing::{Billing, plans::Book, stripe::Stripe},
    config::Secret,
    https::Endpoint,
};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, http::StatusCode, web};
use ring::hmac;
use serde_json::{Map, Value, json};
use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// What webhooks are signed with in tests.
pub const SECRET: &str = "whsec_test";

/// What becomes of one call instead of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It is not done, and this status says so.
    Status(u16),
    /// It is done, and nobody says so.
    Lost,
}

/// One call as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// Method and path.
    pub what: String,
    /// Fields.
    pub form: BTreeMap<String, String>,
    /// Idempotency key.
    pub key: Option<String>,
}

#[derive(Default)]
struct Inner {
    next: u64,
    calls: Vec<Call>,
    faults: VecDeque<Fault>,
    later: Option<(usize, Fault)>,
    remembered: HashMap<String, (Call, Value)>,
    subscriptions: BTreeMap<String, Value>,
    products: BTreeMap<String, Value>,
    prices: Vec<Value>,
    meters: Vec<Value>,
    drafts: Vec<Value>,
    metered: Vec<(String, BTreeMap<String, String>)>,
}

/// The stand-in.
#[derive(Clone, Default)]
pub struct FakeStripe(Arc<Mutex<Inner>>);

/// Billing of a test over a Stripe at an address.
///
/// # Panics
/// When the address is none.
pub fn billing(app: &TestApp, url: &str) -> Billing {
    Billing {
        db: app.db().clone(),
        env: app.env().clone(),
        master: app.master_key(),
        stripe: Stripe::new(Endpoint::parse(url).expect("an address"), Secret::new("sk_test_fake")),
        secrets: [Secret::new(SECRET)].into(),
        test_mode: true,
        public_url: "https://cartwheel.example".into(),
        mails: true,
        book: Book::builtin().expect("plans"),
    }
}

/// A signature as Stripe makes it.
pub fn signature(secret: &str, seconds: i64, body: &[u8]) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let tag = hmac::sign(&key, &[format!("{seconds}.").as_bytes(), body].concat());
    format!("t={seconds},v1={}", hex::encode(tag.as_ref()))
}

/// An event about a customer.
pub fn event(id: &str, kind: &str, customer: &str) -> Value {
    let object = json!({ "object": "subscription", "id": "sub_whatever", "customer": customer });
    json!({ "id": id, "object": "event", "type": kind, "livemode": false, "data": { "object": object } })
}

impl FakeStripe {
    /// Starts to answer; the address is good as long as the test's system runs.
    ///
    /// # Panics
    /// When there is no port.
    pub fn start() -> (Self, String) {
        let fake = Self::default();
        let data = web::Data::new(fake.clone());
        let server =
            HttpServer::new(move || App::new().app_data(data.clone()).default_service(web::to(answer)));
        let server = server.workers(1).disable_signals().bind("127.0.0.1:0").expect("a port");
        let address = server.addrs()[0];
        actix_web::rt::spawn(server.run());
        (fake, format!("http://{address}"))
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What becomes of the next calls; after that all are answered.
    pub fn script(&self, faults: impl IntoIterator<Item = Fault>) {
        self.inner().faults.extend(faults);
    }

    /// What becomes of a call after so many good ones.
    pub fn script_after(&self, good: usize, fault: Fault) {
        self.inner().later = Some((good, fault));
    }

    /// Calls so far.
    pub fn calls(&self) -> Vec<Call> {
        self.inner().calls.clone()
    }

    /// Calls to a place.
    pub fn calls_to(&self, what: &str) -> Vec<Call> {
        self.calls().into_iter().filter(|c| c.what == what).collect()
    }

    /// Units that meters were told of, by the meter's event name: a name that was told twice counts once.
    pub fn metered(&self) -> BTreeMap<String, i64> {
        let mut sums = BTreeMap::new();
        for (_, fields) in &self.inner().metered {
            let units: i64 = fields["payload[value]"].parse().expect("a number");
            *sums.entry(fields["event_name"].clone()).or_insert(0) += units;
        }
        sums
    }

    /// A subscription of a customer to a plan, as Stripe makes it after a checkout. `fields` lie over it.
    pub fn subscribe(&self, id: &str, customer: &str, keys: &[&str], at: i64, fields: Value) {
        let items: Vec<Value> = keys
            .iter()
            .enumerate()
            .map(|(n, key)| {
                json!({
                    "id": format!("si_{id}_{n}"), "object": "subscription_item",
                    "current_period_start": at, "current_period_end": at + 30 * 86_400,
                    "price": { "id": format!("price_of_{key}"), "lookup_key": key, "unit_amount": 2_900 },
                })
            })
            .collect();
        let mut made = json!({
            "id": id, "object": "subscription", "customer": customer, "status": "active", "created": at,
            "start_date": at, "billing_cycle_anchor": at, "cancel_at_period_end": false, "cancel_at": null,
            "trial_end": null, "ended_at": null, "items": { "object": "list", "data": items },
        });
        lay_over(&mut made, fields);
        self.inner().subscriptions.insert(id.to_owned(), made);
    }

    /// Changes a subscription behind our back.
    ///
    /// # Panics
    /// When there is none.
    pub fn change(&self, id: &str, fields: Value) {
        let mut inner = self.inner();
        lay_over(inner.subscriptions.get_mut(id).expect("a subscription"), fields);
    }

    /// All subscriptions there are.
    pub fn subscriptions(&self) -> Vec<Value> {
        self.inner().subscriptions.values().cloned().collect()
    }

    /// An invoice that is being made.
    pub fn draft(&self, id: &str, from: i64, to: i64) {
        let made =
            json!({ "id": id, "currency": "eur", "period_start": from, "period_end": to, "metadata": {} });
        self.inner().drafts.push(made);
    }

    /// Forgets subscriptions.
    pub fn forget(&self) {
        self.inner().subscriptions.clear();
    }

    /// Sets the price of a look-up key, as somebody would by hand.
    ///
    /// # Panics
    /// When there is none.
    pub fn reprice(&self, key: &str, minor: i64) {
        let mut inner = self.inner();
        let price = inner.prices.iter_mut().find(|p| p["lookup_key"] == key).expect("a price");
        price["unit_amount"] = json!(minor);
        price["unit_amount_decimal"] = json!(minor.to_string());
    }
}

fn lay_over(value: &mut Value, fields: Value) {
    if let (Value::Object(own), Value::Object(fields)) = (value, fields) {
        own.extend(fields);
    }
}

fn refusal(status: u16, code: &str, message: &str) -> (u16, Value) {
    (status, json!({ "error": { "code": code, "type": "invalid_request_error", "message": message } }))
}

async fn answer(fake: web::Data<FakeStripe>, request: HttpRequest, body: web::Bytes) -> HttpResponse {
    let header = |name: &str| request.headers().get(name).and_then(|v| v.to_str().ok()).map(str::to_owned);
    let read = |text: &[u8]| form_urlencoded::parse(text).into_owned().collect::<BTreeMap<String, String>>();
    let mut form = read(request.query_string().as_bytes());
    form.extend(read(&body));
    let key = header("idempotency-key");
    let call = Call { what: format!("{} {}", request.method(), request.path()), form, key };
    let send = |(status, value): (u16, Value)| {
        HttpResponse::build(StatusCode::from_u16(status).unwrap_or(StatusCode::OK)).json(value)
    };
    if header("authorization").as_deref() != Some("Bearer sk_test_fake") {
        return send(refusal(401, "invalid_api_key", "Invalid API Key provided"));
    }
    if header("stripe-version").is_none() {
        return send(refusal(400, "version", "no version of the API was named"));
    }
    let mut inner = fake.inner();
    inner.calls.push(call.clone());
    let fault = match inner.later {
        Some((0, fault)) => {
            inner.later = None;
            Some(fault)
        }
        Some((n, fault)) => {
            inner.later = Some((n - 1, fault));
            None
        }
        None => inner.faults.pop_front(),
    };
    if let Some(Fault::Status(status)) = fault {
        return send(refusal(status, "scripted", "the test says so"));
    }
    let known = call.key.as_ref().and_then(|k| inner.remembered.get(k).cloned());
    let answer = match known {
        Some((first, _)) if first != call => refusal(
            400,
            "idempotency_error",
            "Keys for idempotent requests can only be used with the same parameters",
        ),
        Some((_, value)) => (200, value),
        None if request.method() == "POST" && call.key.is_none() => refusal(400, "key", "no key was sent"),
        None => inner.done(&call),
    };
    if let (200, Some(key)) = (answer.0, &call.key) {
        inner.remembered.insert(key.clone(), (call, answer.1.clone()));
    }
    if fault == Some(Fault::Lost) {
        return send(refusal(503, "lost", "the answer was lost"));
    }
    send(answer)
}

impl Inner {
    fn done(&mut self, call: &Call) -> (u16, Value) {
        self.next += 1;
        let (n, form) = (self.next, &call.form);
        let field = |name: &str| form.get(name).cloned().unwrap_or_default();
        let list = |data: Vec<Value>| (200, json!({ "object": "list", "data": data, "has_more": false }));
        let (method, path) = call.what.split_once(' ').unwrap_or_default();
        let parts: Vec<&str> = path.trim_start_matches("/v1/").split('/').collect();
        match (method, parts.as_slice()) {
            ("POST", ["customers"]) => (200, json!({ "id": format!("cus_{n}"), "object": "customer" })),
            ("GET", ["subscriptions"]) => {
                let mine = |s: &&Value| s["customer"] == form["customer"].as_str();
                list(self.subscriptions.values().filter(mine).cloned().collect())
            }
            (_, ["subscriptions", id]) => {
                let keys: HashMap<String, Value> = self
                    .prices
                    .iter()
                    .map(|p| (p["id"].as_str().unwrap_or_default().to_owned(), p["lookup_key"].clone()))
                    .collect();
                let Some(found) = self.subscriptions.get_mut(*id) else {
                    return refusal(404, "resource_missing", "No such subscription");
                };
                if method == "POST" {
                    changed(found, form, &keys);
                }
                (200, found.clone())
            }
            ("GET", ["products", id]) => match self.products.get(*id) {
                Some(found) => (200, found.clone()),
                None => refusal(404, "resource_missing", "No such product"),
            },
            ("POST", ["products"]) => {
                let made = json!({ "id": field("id"), "object": "product", "name": field("name") });
                self.products.insert(field("id"), made.clone());
                (200, made)
            }
            ("GET", ["billing", "meters"]) => list(self.meters.clone()),
            ("POST", ["billing", "meters"]) => {
                let made = json!({ "id": format!("mtr_{n}"), "event_name": field("event_name") });
                self.meters.push(made.clone());
                (200, made)
            }
            ("POST", ["billing", "meter_events"]) => {
                let name = field("identifier");
                if self.metered.iter().any(|(known, _)| *known == name) {
                    return refusal(400, "", &format!("An event already exists with identifier {name}."));
                }
                self.metered.push((name.clone(), form.clone()));
                (200, json!({ "object": "billing.meter_event", "identifier": name }))
            }
            ("GET", ["prices"]) => {
                let asked: Vec<&String> =
                    form.iter().filter(|(k, _)| k.starts_with("lookup_keys[")).map(|(_, v)| v).collect();
                if asked.len() > 10 {
                    return refusal(400, "too_many", "at most ten keys");
                }
                let wanted = |p: &&Value| asked.iter().any(|k| p["lookup_key"] == k.as_str());
                list(self.prices.iter().filter(wanted).cloned().collect())
            }
            ("POST", ["prices"]) => {
                let key = field("lookup_key");
                self.prices
                    .iter_mut()
                    .filter(|p| p["lookup_key"] == key.as_str())
                    .for_each(|p| p["lookup_key"] = Value::Null);
                let mut made = Map::new();
                made.insert("id".into(), json!(format!("price_{n}")));
                for name in ["lookup_key", "currency", "product"] {
                    made.insert(name.into(), json!(field(name)));
                }
                let flat = form.get("unit_amount").or(form.get("unit_amount_decimal"));
                made.insert("unit_amount_decimal".into(), json!(flat));
                if let Some(included) = form.get("tiers[0][up_to]") {
                    let tiers = json!([
                        { "up_to": included.parse::<u64>().unwrap_or(0), "unit_amount": 0 },
                        { "up_to": null, "unit_amount_decimal": field("tiers[1][unit_amount_decimal]") },
                    ]);
                    made.insert("tiers".into(), tiers);
                }
                self.prices.push(Value::Object(made.clone()));
                (200, Value::Object(made))
            }
            ("POST", ["checkout", "sessions"]) => {
                (200, json!({ "url": format!("https://checkout.stripe.com/c/pay/cs_{n}") }))
            }
            ("POST", ["billing_portal", "sessions"]) => {
                (200, json!({ "url": format!("https://billing.stripe.com/p/session/{n}") }))
            }
            ("POST", ["invoices", "create_preview"]) => {
                let line = |what: &str, amount: i64, proration: bool| {
                    json!({ "description": what, "amount": amount,
                        "parent": { "subscription_item_details": { "proration": proration } } })
                };
                let lines = [
                    line("Unused time", -1_450, true),
                    line("Remaining time", 7_450, true),
                    line("Growth", 14_900, false),
                ];
                (200, json!({ "object": "invoice", "currency": "eur", "lines": { "data": lines } }))
            }
            ("GET", ["invoices"]) if field("status") == "draft" => list(self.drafts.clone()),
            ("POST", ["invoices", id]) => {
                let drafts = self.drafts.iter_mut().filter(|d| d["id"] == *id);
                drafts.for_each(|d| {
                    d["metadata"] = json!({ "cartwheel_stores": field("metadata[cartwheel_stores]") })
                });
                (200, json!({ "id": id }))
            }
            ("POST", ["invoiceitems"]) => (200, json!({ "id": format!("ii_{n}") })),
            ("GET", ["invoices"]) => list(vec![json!({
                "id": "in_1", "number": "CW-0001", "status": "paid", "total": 3_451, "amount_remaining": 0, "currency": "eur",
                "created": 1_772_445_600, "hosted_invoice_url": "https://invoice.stripe.com/i/1", "invoice_pdf": "javascript:alert(1)",
            })]),
            _ => refusal(404, "unknown_path", "Unrecognized request URL"),
        }
    }
}

/// A subscription as a form would have it.
fn changed(subscription: &mut Value, form: &BTreeMap<String, String>, keys: &HashMap<String, Value>) {
    if let Some(ends) = form.get("cancel_at_period_end") {
        subscription["cancel_at_period_end"] = json!(ends == "true");
    }
    let Some(items) = subscription["items"]["data"].as_array_mut() else { return };
    for n in 0.. {
        let Some(price) = form.get(&format!("items[{n}][price]")) else { break };
        let id = form.get(&format!("items[{n}][id]"));
        let price = json!({ "id": price, "lookup_key": keys.get(price), "unit_amount": 14_900 });
        match items.iter_mut().find(|i| id.is_some_and(|id| i["id"] == id.as_str())) {
            Some(item) => item["price"] = price,
            None => items.push(json!({ "id": format!("si_more_{n}"), "price": price })),
        }
    }
}
