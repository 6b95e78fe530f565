//! Catching up, with stand-ins for the platforms on loopback.

use super::*;
use crate::{
    accounts::secrets,
    ingest::{
        Edge, InboxLimits, Limiter, big::tests as big_forms, http::tests::edge, raw, woo,
        woo::tests::order as woo_order,
    },
    platforms::{api::StandIns, link},
    testing::{TestApp, TestStore},
    webhooks::{
        Caller,
        tests::receiver::{Answer, Loopback, Receiver},
    },
};
use actix_web::web;
use cartwheel_domain::{
    settings::StoreSettings,
    time::{parse_rfc3339, to_rfc3339},
};
use cartwheel_entity::{cart, event, platform_hint, shop_order};
use cartwheel_macros::db_test;
use rustls::RootCertStore;
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

const PUBLIC: &str = "https://c.example";

/// A stand-in: its answers by method and path, and what it holds.
struct Shop {
    app: TestApp,
    store: TestStore,
    edge: web::Data<Edge>,
    part: CatchUp,
    fake: Receiver,
    held: Arc<Mutex<BTreeMap<String, Value>>>,
    /// Said once, before anything else.
    once: Arc<Mutex<Vec<Answer>>>,
}

fn query(line: &str) -> (String, BTreeMap<String, String>) {
    let path = line.split(' ').nth(1).unwrap_or_default();
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let pairs = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    (format!("{} {path}", line.split(' ').next().unwrap_or_default()), pairs)
}

/// What a stand-in answers, by what it holds, the method and path, the parameters and the body.
type Answers = fn(&BTreeMap<String, Value>, &str, &BTreeMap<String, String>, &str) -> Answer;

impl Shop {
    async fn new(app: &TestApp, platform: Platform, answers: Answers) -> Self {
        let (held, once) =
            (Arc::<Mutex<BTreeMap<String, Value>>>::default(), Arc::<Mutex<Vec<Answer>>>::default());
        let (kept, first) = (Arc::clone(&held), Arc::clone(&once));
        let fake = Receiver::start(move |call, _| {
            if let Some(answer) = first.lock().unwrap_or_else(PoisonError::into_inner).pop() {
                return answer;
            }
            let (path, pairs) = query(&call.line);
            answers(&kept.lock().unwrap_or_else(PoisonError::into_inner), &path, &pairs, &call.body)
        })
        .await;
        let settings = StoreSettings {
            woo_url: fake.url(""),
            shopify_domain: "wheels.myshopify.com".into(),
            bigcommerce_store: "abc123".into(),
            ..StoreSettings::default()
        };
        let store = app.store_with("a", false, settings).await;
        let mut tx = app.db().write().await.expect("a transaction");
        let scoped = tx.enter(&store.scope()).await.expect("the store");
        for kind in [platform.api_secret(), platform.hook_secret()] {
            secrets::put(&scoped, &app.master_key(), app.env(), kind, "a:b").await.expect("sealed");
        }
        link::connect(&scoped, platform, true, app.env().now()).await.expect("connected");
        tx.commit().await.expect("committed");
        let caller = Caller::over(Arc::new(Loopback), RootCertStore::empty(), true, Duration::from_secs(5))
            .expect("a caller");
        let here = Some(fake.url(""));
        let apis =
            Apis::new(caller, StandIns { shopify: here.clone(), bigcommerce: here.clone(), b2b: here });
        let edge = edge(app, InboxLimits::default(), Limiter::default());
        let with = (app.db().clone(), app.env().clone(), app.master_key(), app.stores().clone());
        let part = CatchUp::new(with, apis, edge.inbox.clone(), PUBLIC.into());
        Self { app: app.clone(), store, edge, part, fake, held, once }
    }

    fn holds(&self, key: impl Into<String>, value: Value) {
        self.held.lock().unwrap_or_else(PoisonError::into_inner).insert(key.into(), value);
    }

    fn drops(&self, key: &str) {
        self.held.lock().unwrap_or_else(PoisonError::into_inner).remove(key);
    }

    fn first_says(&self, answer: Answer) {
        self.once.lock().unwrap_or_else(PoisonError::into_inner).push(answer);
    }

    async fn rows<E: cartwheel_entity::Tenant>(&self) -> Vec<E::Model>
    where
        E::Model: Send + Sync,
    {
        let mut tx = self.app.db().read().await.expect("a transaction");
        let scoped = tx.enter(&self.store.scope()).await.expect("the store");
        scoped.find::<E>().all(scoped.on()).await.expect("rows")
    }

    async fn link(&self) -> platform_link::Model {
        self.rows::<platform_link::Entity>().await.remove(0)
    }

    /// Works until nothing is due.
    async fn round(&self) {
        while self.part.tick().await.expect("a tick") {}
    }

    /// The carts by what they are called, with where they stand.
    async fn stand(&self) -> BTreeMap<String, (String, i64, i32)> {
        let carts = self.rows::<cart::Entity>().await;
        let orders = self.rows::<shop_order::Entity>().await.into_iter();
        let orders = orders.map(|o| (format!("order {}", o.external_id), (o.state, o.total_minor, 0)));
        let keys = self.rows::<cartwheel_entity::cart_key::Entity>().await;
        let cart = |key: cartwheel_entity::cart_key::Model| {
            let cart = carts.iter().find(|c| c.id == key.cart_id)?;
            Some((
                format!("{} {}", key.kind, key.value),
                (cart.status.clone(), cart.total_minor, cart.item_count),
            ))
        };
        keys.into_iter().filter_map(cart).chain(orders).collect()
    }
}

/// WooCommerce: orders by the time of their last change, webhooks, plugins.
fn woo_answers(
    held: &BTreeMap<String, Value>,
    path: &str,
    pairs: &BTreeMap<String, String>,
    _body: &str,
) -> Answer {
    let json = |value: &Value| Answer::status(200, "", &value.to_string());
    match path {
        "GET /wp-json/wc/v3/orders" => {
            let at = |name: &str| parse_rfc3339(&format!("{}Z", pairs[name])).expect("a time");
            let modified = |o: &Value| {
                parse_rfc3339(&format!("{}Z", o["date_modified_gmt"].as_str().expect("a time")))
                    .expect("a time")
            };
            let mut orders: Vec<&Value> =
                held.iter().filter(|(k, _)| k.starts_with("order")).map(|(_, v)| v).collect();
            orders.retain(|o| (at("modified_after") + 1..at("modified_before")).contains(&modified(o)));
            orders.sort_by_key(|o| (modified(o), o["id"].as_i64()));
            let n = |name: &str| pairs[name].parse::<usize>().expect("a number");
            let page: Vec<_> =
                orders.into_iter().skip((n("page") - 1) * n("per_page")).take(n("per_page")).collect();
            json(&json!(page))
        }
        "GET /wp-json/wc/v3/webhooks" => json(held.get("hooks").unwrap_or(&json!([]))),
        "GET /wp-json/wc/v3/system_status" => json(
            &json!({"environment": {"version": "9.9.1"}, "active_plugins": [{"plugin": "automatewoo/automatewoo.php"}]}),
        ),
        _ if path.starts_with("PUT ") || path.starts_with("POST ") => json(&json!({"id": 99})),
        _ => Answer::status(404, "", "{}"),
    }
}

fn woo_at(app: &TestApp, id: u64, status: &str, ago: Millis) -> Value {
    let mut body = woo_order(id, status);
    (body["billing"]["email"], body["billing"]["phone"]) = (json!(format!("p{id}@example.com")), json!(""));
    let text = to_rfc3339(app.env().now() - ago);
    body["date_modified_gmt"] = json!(text.trim_end_matches(".000Z"));
    if status == "processing" {
        body["date_paid_gmt"] = body["date_modified_gmt"].clone();
    }
    body
}

/// Three in ten deliveries are lost, and none is told again: after one round everything stands as if all had come.
#[db_test]
async fn lost_webhooks_heal_within_a_round(app: TestApp) {
    let (lossy, whole) = (
        Shop::new(&app, Platform::Woocommerce, woo_answers).await,
        Shop::new(&app, Platform::Woocommerce, woo_answers).await,
    );
    let (mut told, mut come) = (0, [Vec::new(), Vec::new()]);
    let settings = |shop: &Shop| app.stores().by_id(shop.store.id());
    let infos = [&whole, &lossy].map(settings);
    let [whole_info, lossy_info] = infos;
    let infos = [whole_info.await, lossy_info.await].map(|info| info.expect("found").expect("a store"));
    for id in 0..70_u64 {
        let mut last = Value::Null;
        let path = [
            "pending",
            ["pending", "failed", "pending"][(id % 3) as usize],
            ["processing", "on-hold", "cancelled", "failed", "pending"][(id % 5) as usize],
        ];
        for (step, status) in path.into_iter().enumerate() {
            last = woo_at(&app, id, status, (50 - 10 * step as i64) * MINUTE + (id as i64) * SECOND);
            let delivery = woo::Delivery { topic: "order.updated".into(), received: app.env().now() };
            let lost = (id * 7 + step as u64 * 3) % 10 <= 2;
            told += u32::from(lost);
            for (n, info) in infos.iter().enumerate().filter(|(n, _)| *n == 0 || !lost) {
                let body = last.as_object().expect("an object");
                let events = woo::translate(&delivery, body, &info.settings).expect("readable");
                come[n].extend(raw::arrived(events, raw::webhook("order.updated", body)));
            }
        }
        lossy.holds(format!("order {id}"), last);
    }
    for ((shop, info), come) in [&whole, &lossy].into_iter().zip(infos).zip(come) {
        shop.edge.inbox.accept(info, come).await.expect("kept");
    }
    assert!((40..100).contains(&told), "{told} lost");
    assert_ne!(lossy.stand().await, whole.stand().await);
    lossy.round().await;
    assert_eq!(lossy.stand().await, whole.stand().await);
    let link = lossy.link().await;
    assert_eq!((link.round_at, link.place.as_str(), link.wrong), (Some(app.env().now()), "", None));
    assert_eq!((link.next_at, link.cursor_at), (Some(app.env().now() + EVERY), app.env().now() - OVERLAP));
    assert!(link.reminders.contains("automatewoo"));
    // A round that finds the same finds nothing new.
    let before = lossy.rows::<event::Entity>().await.len();
    app.clock().advance(EVERY);
    lossy.round().await;
    assert_eq!(
        (lossy.rows::<event::Entity>().await.len(), lossy.stand().await),
        (before, whole.stand().await)
    );
    for shop in [lossy, whole] {
        shop.edge.inbox.close().await;
    }
    app.allow_leftovers();
}

#[db_test]
async fn a_platform_that_says_later_is_left_alone_until_then(app: TestApp) {
    let shop = Shop::new(&app, Platform::Woocommerce, woo_answers).await;
    for id in 0..120 {
        shop.holds(format!("order {id:03}"), woo_at(&app, id, "pending", 20 * MINUTE));
    }
    for (answer, word, wait) in [
        (Answer::status(429, "retry-after: 120\r\n", ""), "rate", 120 * SECOND),
        (Answer::status(503, "", "busy"), "fault", 60 * SECOND),
        (Answer::status(401, "", "{\"code\":\"woocommerce_rest_cannot_view\"}"), "credentials", HOUR),
        (Answer::status(301, "location: https://elsewhere.example\r\n", ""), "redirected", HOUR),
        (Answer::status(200, "", "<html>"), "unreadable", 480 * SECOND),
    ] {
        // What a key may not see besides (webhooks, plugins) is no trouble: the orders are.
        for _ in 0..if word == "credentials" { 3 } else { 1 } {
            shop.first_says(answer.clone());
        }
        shop.round().await;
        let link = shop.link().await;
        assert_eq!(
            (link.wrong.as_deref(), link.next_at.map(|at| at - app.env().now())),
            (Some(word), Some(wait)),
            "{:?}",
            link.said
        );
        assert!(link.round_at.is_none() && link.lease_until.is_none());
        app.clock().advance(wait);
    }
    assert!(shop.rows::<cart::Entity>().await.is_empty());
    // All 120 were changed in one second: pages by their number, until the time moves on. After the second page, a pause.
    shop.first_says(Answer::status(429, "retry-after: 30\r\n", ""));
    shop.round().await;
    app.clock().advance(30 * SECOND);
    assert_eq!(shop.rows::<cart::Entity>().await.len(), 0, "the first call of all");
    shop.round().await;
    assert_eq!(shop.rows::<cart::Entity>().await.len(), 120);
    let link = shop.link().await;
    assert_eq!((link.failures, link.wrong, link.round_at), (0, None, Some(app.env().now())));
    shop.edge.inbox.close().await;
    app.allow_leftovers();
}

#[db_test]
async fn a_worker_that_comes_back_late_writes_nothing(app: TestApp) {
    let shop = Shop::new(&app, Platform::Woocommerce, woo_answers).await;
    let late = shop.part.claim().await.expect("asked").expect("due");
    assert!(shop.part.claim().await.expect("asked").is_none(), "one at a time");
    app.clock().advance(LEASE + SECOND);
    let other = shop.part.claim().await.expect("asked").expect("the lease is over");
    assert_eq!(other.row.epoch, late.row.epoch + 1);
    let step = shop.part.step(&late).await;
    shop.part.settle(&late, step).await.expect("settled");
    assert!(shop.link().await.round_at.is_none(), "it is not its any more");
    let step = shop.part.step(&other).await;
    shop.part.settle(&other, step).await.expect("settled");
    assert!(shop.link().await.round_at.is_some());
    shop.edge.inbox.close().await;
}

#[db_test]
async fn what_came_of_former_credentials_is_not_said_of_new_ones(app: TestApp) {
    let shop = Shop::new(&app, Platform::Woocommerce, woo_answers).await;
    shop.first_says(Answer::status(401, "", ""));
    let former = shop.part.claim().await.expect("asked").expect("due");
    let refused = shop.part.step(&former).await;
    let mut tx = app.db().write().await.expect("a transaction");
    let scoped = tx.enter(&shop.store.scope()).await.expect("the store");
    link::connect(&scoped, Platform::Woocommerce, true, app.env().now()).await.expect("connected anew");
    tx.commit().await.expect("committed");
    shop.part.settle(&former, refused).await.expect("settled");
    let link = shop.link().await;
    assert_eq!((link.wrong, link.next_at, link.lease_until), (None, Some(app.env().now()), None));
    shop.round().await;
    assert!(shop.link().await.round_at.is_some());
    shop.edge.inbox.close().await;
    app.allow_leftovers();
}

#[db_test]
async fn webhooks_that_were_switched_off_are_switched_on_again(app: TestApp) {
    let shop = Shop::new(&app, Platform::Woocommerce, woo_answers).await;
    let to = format!("{PUBLIC}/webhooks/woocommerce/{}", shop.store.id());
    let hook = |id: u64, topic: &str, status: &str| json!({"id": id, "topic": topic, "status": status, "delivery_url": to});
    shop.holds("hooks", json!([hook(1, "order.created", "active"), {"id": 5, "topic": "order.created", "status": "disabled", "delivery_url": "https://other.example"}]));
    shop.round().await;
    let puts = || {
        shop.fake
            .calls()
            .into_iter()
            .filter(|c| !c.line.starts_with("GET"))
            .map(|c| c.line)
            .collect::<Vec<_>>()
    };
    assert!(puts().is_empty(), "what others made is theirs");
    shop.holds("hooks", json!([hook(1, "order.created", "disabled")]));
    app.clock().advance(LOOK);
    shop.round().await;
    let lines = puts();
    assert!(lines[0].starts_with("PUT /wp-json/wc/v3/webhooks/1 "), "{lines:?}");
    assert_eq!(
        lines.len(),
        1 + crate::platforms::api::woo::TOPICS.len() - 1,
        "and those that are missing are made"
    );
    let hooks: Vec<Hook> = serde_json::from_str(&shop.link().await.hooks).expect("hooks");
    assert!(hooks.iter().all(|h| h.active && h.restored_at.is_some()), "{hooks:?}");
    shop.edge.inbox.close().await;
}

/// Shopify: three lists, by pages with names.
fn shopify_answers(
    held: &BTreeMap<String, Value>,
    path: &str,
    pairs: &BTreeMap<String, String>,
    _body: &str,
) -> Answer {
    let list = path.rsplit('/').next().unwrap_or_default().trim_end_matches(".json").to_owned();
    let rows: Vec<&Value> =
        held.iter().filter(|(key, _)| key.starts_with(&format!("{list} "))).map(|(_, row)| row).collect();
    let from =
        pairs.get("page_info").map_or(0, |p| p.trim_start_matches('p').parse::<usize>().expect("a page"));
    let page: Vec<_> = rows.iter().skip(from).take(2).collect();
    let link = if from + 2 < rows.len() {
        format!("link: <https://x.example/?page_info=p{}>; rel=\"next\"\r\n", from + 2)
    } else {
        String::new()
    };
    Answer::status(200, &link, &json!({ list: page }).to_string())
}

#[db_test]
async fn shopify_is_caught_up_with_by_its_three_lists(app: TestApp) {
    let shop = Shop::new(&app, Platform::Shopify, shopify_answers).await;
    let ago = |ms| to_rfc3339(app.env().now() - ms);
    for n in 0..5 {
        shop.holds(format!("checkouts {n}"), json!({"id": n, "email": format!("p{n}@example.com"), "updated_at": ago(30 * MINUTE), "total_price": "20.00", "currency": "EUR",
            "abandoned_checkout_url": format!("https://wheels.myshopify.com/1/checkouts/ac/cart{n}/recover?key=1"), "line_items": [{"key": "l", "title": "Lamp", "quantity": 1, "price": "20.00"}]}));
    }
    shop.holds("orders 1", json!({"id": 70, "cart_token": "cart3", "email": "p3@example.com", "total_price": "20.00", "currency": "EUR", "financial_status": "paid", "created_at": ago(20 * MINUTE), "updated_at": ago(20 * MINUTE)}));
    shop.holds("draft_orders 1", json!({"id": 9, "name": "#D9", "status": "invoice_sent", "email": "b@rad.example", "updated_at": ago(10 * MINUTE), "total_price": "90.00", "currency": "EUR", "b2b?": true,
        "invoice_url": "https://wheels.myshopify.com/i/1", "line_items": [{"id": 1, "title": "Frame", "quantity": 1, "price": "90.00"}]}));
    shop.holds(
        "webhooks 1",
        json!({"id": 1, "topic": "orders/create", "address": "https://elsewhere.example"}),
    );
    shop.round().await;
    let carts = shop.rows::<cart::Entity>().await;
    let count =
        |kind: &str, status: &str| carts.iter().filter(|c| c.kind == kind && c.status == status).count();
    assert_eq!(
        (count("checkout", "checkout"), count("checkout", "converted"), count("quote", "checkout")),
        (4, 1, 1),
        "{carts:?}"
    );
    assert!(shop.link().await.reminders.contains("unsure"));
    shop.edge.inbox.close().await;
    app.allow_leftovers();
}

fn big_answers(
    held: &BTreeMap<String, Value>,
    path: &str,
    pairs: &BTreeMap<String, String>,
    _body: &str,
) -> Answer {
    let json = |value: Value| Answer::status(200, "", &value.to_string());
    let (method, path) = path.split_once(' ').unwrap_or_default();
    let at = path.strip_prefix("/stores/abc123").unwrap_or(path);
    match (method, at) {
        ("GET", "/v2/orders") => match pairs["page"].as_str() {
            "1" => json(held.get("orders").cloned().unwrap_or_else(|| json!([]))),
            _ => Answer::status(204, "", ""),
        },
        ("GET", "/api/v3/io/rfq") => {
            json(json!({"code": 200, "data": held.get("quotes").cloned().unwrap_or_else(|| json!([]))}))
        }
        ("GET", "/v3/hooks") => json(json!({"data": []})),
        ("GET", "/v3/abandoned-carts/settings") => json(json!({"data": {"enable_notification": true}})),
        ("GET", "/v3/customers") => json(
            json!({"data": [{"id": 44, "email": "lea@example.com", "accepts_product_review_abandoned_cart_emails": true}]}),
        ),
        ("POST", _) if at.ends_with("/redirect_urls") => json(
            json!({"data": {"cart_url": "https://store-abc123.mybigcommerce.com/cart.php?action=load&id=c1"}}),
        ),
        ("GET", _) => match held.get(at) {
            Some(found) if at.starts_with("/v2") => json(found.clone()),
            Some(found) => json(json!({"data": found})),
            None => Answer::status(404, "", "{}"),
        },
        _ => Answer::status(400, "", "{}"),
    }
}

impl Shop {
    async fn hint(&self, kind: &'static str, resource: &str, token: Option<&str>) {
        let now = self.app.env().now();
        let hint = Hint {
            source: format!("{kind}:{resource}:{now}"),
            kind,
            resource: resource.into(),
            token: token.map(Into::into),
            told_at: now,
        };
        keep(self.app.db(), self.app.env(), self.store.id(), vec![hint]).await.expect("kept");
    }

    /// A cart of BigCommerce's that changed so long ago.
    fn big_cart(&self, id: &str, ago: Millis) {
        let mut cart = big_forms::cart(id);
        cart["updated_time"] = json!(to_rfc3339(self.app.env().now() - ago));
        cart.as_object_mut().expect("an object").remove("_customer");
        self.holds(format!("/v3/carts/{id}"), cart);
    }

    fn big_order(&self, id: u64, status: i64, cart: &str) {
        let mut order = big_forms::order(id, status);
        let text =
            chrono::DateTime::from_timestamp_millis(self.app.env().now()).expect("a time").to_rfc2822();
        (order["date_created"], order["date_modified"], order["cart_id"]) =
            (json!(text), json!(text), json!(cart));
        let lines = order["lines"].take();
        order.as_object_mut().expect("an object").remove("lines");
        self.holds(format!("/v2/orders/{id}"), order);
        self.holds(format!("/v2/orders/{id}/products"), lines);
    }
}

#[db_test]
async fn what_bigcommerce_hints_at_is_fetched_once(app: TestApp) {
    let shop = Shop::new(&app, Platform::Bigcommerce, big_answers).await;
    shop.round().await;
    assert!(shop.link().await.reminders.contains("\"on\""), "the store's own reminder");
    shop.big_cart("c1", MINUTE);
    shop.hint("cart", "c1", None).await;
    shop.round().await;
    app.clock().advance(SECOND);
    shop.hint("cart", "c1", Some("1eed6d")).await;
    shop.round().await;
    let open = shop.rows::<cart::Entity>().await.remove(0);
    assert_eq!((open.kind.as_str(), open.status.as_str(), open.total_minor), ("cart", "active", 5_997));
    assert_eq!(
        open.recovery_url.as_deref(),
        Some("https://store-abc123.mybigcommerce.com/cart.php?action=load&id=c1")
    );
    let ledger = shop.rows::<cartwheel_entity::consent_event::Entity>().await;
    assert_eq!(ledger.len(), 1, "the customer's word, once");
    // Bought: the cart goes, its order comes. Whichever is heard of first.
    shop.drops("/v3/carts/c1");
    app.clock().advance(MINUTE);
    shop.hint("cart_deleted", "c1", None).await;
    shop.hint("cart", "c1", None).await;
    shop.round().await;
    assert_eq!(shop.rows::<cart::Entity>().await[0].status, "active", "it may have been bought");
    shop.big_order(250, 11, "c1");
    shop.hint("order", "250", None).await;
    shop.round().await;
    let bought = shop.rows::<cart::Entity>().await.remove(0);
    assert_eq!((bought.status.as_str(), bought.item_count), ("converted", 3));
    app.clock().advance(HOUR);
    shop.round().await;
    let carts = shop.rows::<cart::Entity>().await;
    assert_eq!(
        carts.iter().map(|c| (c.status.as_str(), c.item_count)).collect::<Vec<_>>(),
        [("converted", 3)]
    );
    assert!(
        shop.rows::<platform_hint::Entity>().await.iter().all(|h| h.next_at.is_none() && h.token.is_none())
    );
    app.clock().advance(8 * 24 * HOUR);
    assert!(sweep(app.db(), app.env()).await.expect("swept") >= 4);
    shop.edge.inbox.close().await;
    app.allow_leftovers();
}

#[db_test]
async fn a_cart_that_is_gone_and_a_quote_that_is_ordered_are_over(app: TestApp) {
    let shop = Shop::new(&app, Platform::Bigcommerce, big_answers).await;
    shop.big_cart("c2", MINUTE);
    shop.hint("cart", "c2", None).await;
    shop.holds("/api/v3/io/rfq/8", {
        let mut q = big_forms::quote(8, 0);
        q["updatedAt"] = json!(app.env().now() / 1_000 - 60);
        q
    });
    shop.hint("quote", "8", None).await;
    shop.round().await;
    let of = async |kind: &str| {
        shop.rows::<cart::Entity>().await.into_iter().find(|c| c.kind == kind).map(|c| c.status)
    };
    assert_eq!(
        (of("cart").await.as_deref(), of("quote").await.as_deref()),
        (Some("active"), Some("checkout"))
    );
    shop.drops("/v3/carts/c2");
    shop.hint("cart_deleted", "c2", None).await;
    app.clock().advance(MINUTE);
    let mut ordered = big_forms::quote(8, 4);
    (ordered["updatedAt"], ordered["bcOrderId"]) = (json!(app.env().now() / 1_000), json!(301));
    shop.holds("/api/v3/io/rfq/8", ordered);
    shop.hint("quote", "8", None).await;
    shop.round().await;
    assert_eq!(of("quote").await.as_deref(), Some("converted"));
    assert_eq!(of("cart").await.as_deref(), Some("active"));
    app.clock().advance(30 * MINUTE);
    shop.round().await;
    assert_eq!(of("cart").await.as_deref(), Some("expired"));
    shop.edge.inbox.close().await;
    app.allow_leftovers();
}

#[db_test]
async fn a_silent_bigcommerce_is_caught_up_with_by_its_orders(app: TestApp) {
    let shop = Shop::new(&app, Platform::Bigcommerce, big_answers).await;
    shop.big_cart("c3", MINUTE);
    shop.hint("cart", "c3", None).await;
    shop.round().await;
    // Two hours of nothing at all: the platform had blocked us. The cart was bought meanwhile.
    app.clock().advance(2 * HOUR);
    shop.drops("/v3/carts/c3");
    shop.big_order(251, 11, "c3");
    let at = chrono::DateTime::from_timestamp_millis(app.env().now()).expect("a time").to_rfc2822();
    shop.holds("orders", json!([{"id": 251, "status_id": 11, "date_modified": at}]));
    shop.first_says(Answer::status(429, "x-rate-limit-time-reset-ms: 20000\r\n", "{}"));
    shop.round().await;
    assert_eq!(shop.link().await.next_at.map(|at| at - app.env().now()), Some(20 * SECOND));
    app.clock().advance(20 * SECOND);
    shop.round().await;
    let carts = shop.rows::<cart::Entity>().await;
    assert_eq!(carts.iter().map(|c| c.status.as_str()).collect::<Vec<_>>(), ["converted"]);
    assert!(shop.rows::<platform_hint::Entity>().await.iter().any(|h| h.kind == "cart" && h.told_at > 0));
    shop.edge.inbox.close().await;
    app.allow_leftovers();
}
