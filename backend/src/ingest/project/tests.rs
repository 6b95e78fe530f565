//! Events end to end on both databases: what they add up to, whatever order they come in.

use super::*;
use crate::{
    accounts::StoreInfo,
    db::StoreScope,
    ingest::{segment, when},
    testing::{START, TestApp, TestStore},
};
use cartwheel_domain::{
    settings::StoreSettings,
    time::{HOUR, MINUTE, SECOND, to_rfc3339},
};
use cartwheel_entity::{
    cart, cart_key, consent_event, contact, contact_identity, journey_run, message, metric_day, order_refund,
    shop_order,
};
use cartwheel_macros::db_test;
use sea_orm::ActiveValue::Set;
use serde_json::{Value, json};
use std::sync::Arc;

const T: Millis = START - HOUR;

struct Shop {
    app: TestApp,
    store: TestStore,
    info: Arc<StoreInfo>,
    signals: Signals,
}

impl Shop {
    async fn new(app: &TestApp, name: &str) -> Self {
        app.allow_leftovers();
        let settings =
            StoreSettings { staff_domains: vec!["shop.example".into()], ..StoreSettings::default() };
        let store = app.store_with(name, false, settings).await;
        let info = app.stores().by_id(store.id()).await.expect("a look").expect("the store");
        Self { app: app.clone(), store, info, signals: Signals::default() }
    }

    fn read(&self, source: Source, id: &str, at: Millis, mut call: Value) -> Arrived {
        call["messageId"] = json!(id);
        call["timestamp"] = json!(to_rfc3339(at));
        let raw = call.to_string();
        let arrival = when::Arrival { received: self.app.env().now(), sent_at: None };
        let around = segment::Around {
            settings: &self.info.settings,
            source,
            arrival,
            context: None,
            path_type: None,
            fallback_id: "",
            kept: false,
        };
        let parsed = segment::parse(&raw, &around).unwrap_or_else(|e| panic!("{e:?} in {raw}"));
        Arrived::new(parsed.event, raw, parsed.restore_token)
    }

    fn track(&self, id: &str, at: Millis, who: Value, event: &str, properties: Value) -> Arrived {
        let mut call = json!({"type": "track", "event": event, "properties": properties});
        call.as_object_mut().expect("an object").extend(who.as_object().cloned().expect("an object"));
        self.read(Source::Api, id, at, call)
    }

    fn browser(&self, id: &str, at: Millis, bearer: &str, event: &str, properties: Value) -> Arrived {
        let call = json!({"type": "track", "event": event, "properties": properties, "anonymousId": format!("a-{bearer}"), "context": {"cart_token": bearer}});
        self.read(Source::Snippet, id, at, call)
    }

    async fn send(&self, events: &[Arrived]) -> Vec<Outcome> {
        let mut tx = self.app.db().write().await.expect("a transaction");
        let scoped = tx.enter(&StoreScope::shop(self.info.id)).await.expect("the store");
        scoped.lock().await.expect("the lock");
        let all: Vec<&Arrived> = events.iter().collect();
        let outcomes = project(&scoped, &self.info, self.app.env(), &self.signals, &all)
            .await
            .expect("projected")
            .outcomes;
        tx.commit().await.expect("committed");
        outcomes
    }

    async fn all<E: cartwheel_entity::Tenant>(&self) -> Vec<E::Model>
    where
        E::Model: Send + Sync,
    {
        let mut tx = self.app.db().read().await.expect("a transaction");
        let scoped = tx.enter(&self.store.scope()).await.expect("the store");
        scoped.find::<E>().all(scoped.on()).await.expect("rows")
    }

    async fn carts(&self) -> Vec<cart::Model> {
        let mut carts = self.all::<cart::Entity>().await;
        carts.sort_by(|a, b| (a.source_at, &a.status).cmp(&(b.source_at, &b.status)));
        carts
    }

    async fn insert<E: cartwheel_entity::Tenant>(&self, row: E::ActiveModel)
    where
        E::ActiveModel: Send,
    {
        let mut tx = self.app.db().write().await.expect("a transaction");
        let scoped = tx.enter(&self.store.scope()).await.expect("the store");
        scoped.insert::<E>(vec![row]).await.expect("a row");
        tx.commit().await.expect("committed");
    }

    /// What a store has come to, without the ids that chance gives.
    async fn state(&self) -> String {
        let contacts = self.all::<contact::Entity>().await;
        let identities = self.all::<contact_identity::Entity>().await;
        let orders = self.all::<shop_order::Entity>().await;
        let person = |id: Option<Uuid>| {
            let mut names: Vec<String> = identities
                .iter()
                .filter(|i| Some(i.contact_id) == id)
                .map(|i| format!("{}={}", i.kind, i.value))
                .collect();
            names.sort();
            names.join(",")
        };
        let order =
            |id: Option<Uuid>| orders.iter().find(|o| Some(o.id) == id).map(|o| o.external_id.clone());
        let mut lines = Vec::new();
        for c in self.carts().await {
            lines.push(format!(
                "cart {} {} {} {} items {} of [{}] order {:?} at {} idle {:?} step {:?}",
                c.kind,
                c.status,
                c.currency,
                c.total_minor,
                c.items,
                person(c.contact_id),
                order(c.order_id),
                c.source_at,
                c.idle_at,
                c.step
            ));
        }
        for o in &orders {
            lines.push(format!(
                "order {} {} {} {} of [{}] at {}",
                o.external_id,
                o.state,
                o.total_minor,
                o.refunded_minor,
                person(o.contact_id),
                o.placed_at
            ));
        }
        for c in contacts.iter().filter(|c| c.merged_into.is_none()) {
            lines.push(format!(
                "contact [{}] orders {} last {:?}",
                person(Some(c.id)),
                c.orders_count,
                c.last_order_at
            ));
        }
        lines.sort();
        lines.join("\n")
    }

    async fn metric(&self, name: &str) -> (i64, i64) {
        let rows = self.all::<metric_day::Entity>().await;
        rows.iter().filter(|m| m.metric == name).fold((0, 0), |(n, minor), m| (n + m.n, minor + m.minor))
    }
}

fn lamp(n: u32) -> Value {
    json!({"product_id": "lamp", "name": "Lamp", "price": "19.90", "quantity": n})
}

fn cart(id: &str, products: Value) -> Value {
    json!({"cart_id": id, "currency": "EUR", "products": products})
}

fn order(id: &str, cart: &str, total: &str) -> Value {
    json!({"order_id": id, "cart_id": cart, "currency": "EUR", "total": total})
}

#[db_test]
async fn a_cart_fills_is_ordered_and_the_figures_follow(app: TestApp) {
    let shop = Shop::new(&app, "a").await;
    let ann = json!({"anonymousId": "b1"});
    shop.send(&[
        shop.track("1", T, ann.clone(), "Product Added", json!({"cart_id": "c", "currency": "EUR", "product_id": "lamp", "name": "Lamp", "price": 19.9, "quantity": 2})),
        shop.read(Source::Api, "2", T + 1, json!({"type": "identify", "anonymousId": "b1", "userId": "u1", "traits": {"email": "Ann@Example.com", "firstName": "Ann", "plan": "gold"}})),
        shop.track("3", T + 2, json!({"userId": "u1"}), "Checkout Started", json!({"cart_id": "c", "checkout_id": "k", "currency": "EUR", "value": 45.5, "products": [lamp(2)], "recovery_url": "https://shop.example/r/1"})),
    ])
    .await;
    let [open] = &shop.carts().await[..] else { panic!("one cart") };
    assert_eq!(
        (open.kind.as_str(), open.status.as_str(), open.total_minor, open.item_count),
        ("checkout", "checkout", 4550, 2)
    );
    assert_eq!(
        (open.idle_at, open.recovery_url.as_deref()),
        (Some(T + 2 + 15 * MINUTE), Some("https://shop.example/r/1"))
    );
    let people = shop.all::<contact::Entity>().await;
    let owner = people.iter().find(|c| Some(c.id) == open.contact_id).expect("an owner");
    assert_eq!(
        (owner.email.as_deref(), owner.first_name.as_deref(), owner.traits["plan"].as_str()),
        (Some("ann@example.com"), Some("Ann"), Some("gold"))
    );

    shop.send(&[shop.track("4", T + MINUTE, json!({"userId": "u1"}), "Order Completed", json!({"order_id": "o1", "checkout_id": "k", "currency": "EUR", "total": "45.50", "products": [lamp(2)]}))]).await;
    let [bought] = &shop.carts().await[..] else { panic!("one cart") };
    assert_eq!(
        (bought.status.as_str(), bought.idle_at, bought.finished_at),
        ("converted", None, Some(T + MINUTE))
    );
    assert_eq!(shop.metric("orders").await, (1, 4550));
    assert_eq!((shop.metric("carts").await.0, shop.metric("identified").await.0), (1, 1));

    shop.send(&[
        shop.track(
            "5",
            T + 2 * MINUTE,
            json!({"userId": "u1"}),
            "Order Refunded",
            json!({"order_id": "o1", "refund_id": "r", "total": "5.50", "currency": "EUR"}),
        ),
        shop.track(
            "6",
            T + 2 * MINUTE,
            json!({"userId": "u1"}),
            "Order Refunded",
            json!({"order_id": "o1", "refund_id": "r", "total": "5.50", "currency": "EUR"}),
        ),
    ])
    .await;
    assert_eq!(shop.metric("orders").await, (1, 4000), "a refund counts once");
    assert_eq!(shop.all::<order_refund::Entity>().await.len(), 1);
    shop.send(&[shop.track(
        "7",
        T + 3 * MINUTE,
        json!({"userId": "u1"}),
        "Order Cancelled",
        json!({"order_id": "o1"}),
    )])
    .await;
    assert_eq!(shop.metric("orders").await, (0, 0));
    let people = shop.all::<contact::Entity>().await;
    assert_eq!(people.iter().map(|c| c.orders_count).sum::<i32>(), 0);
}

#[db_test]
async fn an_address_given_outlives_an_id_that_looks_like_one(app: TestApp) {
    let shop = Shop::new(&app, "a").await;
    let who = json!({"userId": "user-ann@crm.example"});
    let mut said = who.clone();
    said["type"] = json!("identify");
    said["traits"] = json!({"email": "ann@example.com"});
    shop.send(&[shop.track("1", T, who.clone(), "Cart Updated", cart("c", json!([lamp(1)])))]).await;
    let email = async || shop.all::<contact::Entity>().await.remove(0).email;
    assert_eq!(email().await.as_deref(), Some("user-ann@crm.example"), "better than none");
    shop.send(&[shop.read(Source::Api, "2", T + 1, said)]).await;
    shop.send(&[shop.track("3", T + MINUTE, who, "Cart Updated", cart("c", json!([lamp(2)])))]).await;
    assert_eq!(email().await.as_deref(), Some("ann@example.com"));
}

#[db_test]
async fn a_repeat_is_dropped_within_a_batch_and_across(app: TestApp) {
    let shop = Shop::new(&app, "a").await;
    let one = shop.track(
        "1",
        T,
        json!({"userId": "u"}),
        "Product Added",
        json!({"cart_id": "c", "product_id": "lamp", "price": 1}),
    );
    assert_eq!(shop.send(&[one.clone(), one.clone()]).await, [Outcome::Accepted, Outcome::Duplicate]);
    assert_eq!(shop.send(std::slice::from_ref(&one)).await, [Outcome::Duplicate]);
    assert_eq!(shop.carts().await[0].item_count, 1);
}

#[db_test]
async fn a_purchase_on_another_device_ends_the_cart_and_its_run_but_not_a_quote(app: TestApp) {
    let shop = Shop::new(&app, "a").await;
    let ann = json!({"userId": "u", "context": {"traits": {"email": "ann@example.com"}}});
    shop.send(&[
        shop.track("1", T, ann.clone(), "Cart Updated", cart("c", json!([lamp(1)]))),
        shop.track("2", T, ann.clone(), "Quote Requested", json!({"quote_id": "q1", "number": "Q-1", "value": 900, "products": [lamp(40)], "valid_until": to_rfc3339(START + 48 * HOUR), "company": "Ada Ltd", "approver": "Bo"})),
    ])
    .await;
    let carts = shop.carts().await;
    let (basket, quote) = (
        carts.iter().find(|c| c.kind == "cart").expect("a cart"),
        carts.iter().find(|c| c.kind == "quote").expect("a quote"),
    );
    assert_eq!(
        (quote.number.as_deref(), quote.approver.as_deref(), quote.idle_at),
        (Some("Q-1"), Some("Bo"), Some(START + 48 * HOUR))
    );
    assert!(quote.company_id.is_some());
    let (run, queued) = run_with_message(&shop, basket).await;
    shop.send(&[shop.track(
        "o",
        T + MINUTE,
        ann.clone(),
        "Order Completed",
        order("1", "elsewhere", "5.00"),
    )])
    .await;
    let carts = shop.carts().await;
    assert_eq!(carts.iter().find(|c| c.id == basket.id).map(|c| c.status.as_str()), Some("converted"));
    assert_eq!(carts.iter().find(|c| c.id == quote.id).map(|c| c.status.as_str()), Some("checkout"));
    let ended = shop.all::<journey_run::Entity>().await.into_iter().find(|r| r.id == run).expect("the run");
    assert_eq!((ended.status, ended.epoch, ended.end_reason.as_deref()), (2, 1, Some("ordered")));
    let cancelled =
        shop.all::<message::Entity>().await.into_iter().find(|m| m.id == queued).expect("the message");
    assert_eq!((cancelled.status, cancelled.epoch, cancelled.reason.as_deref()), (4, 1, Some("ordered")));
    shop.send(&[shop.track(
        "o2",
        T + 2 * MINUTE,
        ann,
        "Order Completed",
        json!({"order_id": "2", "quote_id": "q1", "total": 900}),
    )])
    .await;
    assert_eq!(
        shop.carts().await.iter().find(|c| c.id == quote.id).map(|c| c.status.as_str()),
        Some("converted")
    );
}

/// A waiting run of a cart with a message in the outbox.
async fn run_with_message(shop: &Shop, cart: &cart::Model) -> (Uuid, Uuid) {
    use cartwheel_entity::{journey, journey_version};
    let env = shop.app.env();
    let (store, contact) = (shop.store.id().uuid(), cart.contact_id.expect("an owner"));
    let (journey_id, version_id, run, queued) = (env.uuid(), env.uuid(), env.uuid(), env.uuid());
    shop.insert::<journey::Entity>(journey::ActiveModel {
        store_id: Set(store),
        id: Set(journey_id),
        name: Set("j".into()),
        status: Set("off".into()),
        current_version_id: Set(None),
        moves_to: Set(None),
        moves_before: Set(None),
        created_at: Set(T),
        updated_at: Set(T),
    })
    .await;
    shop.insert::<journey_version::Entity>(journey_version::ActiveModel {
        store_id: Set(store),
        id: Set(version_id),
        journey_id: Set(journey_id),
        number: Set(1),
        definition: Set("{}".into()),
        hash: Set("h".into()),
        published_at: Set(T),
        published_by: Set(None),
    })
    .await;
    shop.insert::<journey_run::Entity>(journey_run::ActiveModel {
        store_id: Set(store),
        id: Set(run),
        journey_id: Set(journey_id),
        version_id: Set(version_id),
        contact_id: Set(contact),
        cart_id: Set(Some(cart.id)),
        entry: Set(0),
        node: Set("n".into()),
        visit: Set(0),
        status: Set(0),
        wake_at: Set(START + HOUR),
        epoch: Set(0),
        attempt: Set(0),
        lane: Set(0),
        held_out: Set(Some(false)),
        entered_at: Set(T),
        ..Default::default()
    })
    .await;
    shop.insert::<message::Entity>(message::ActiveModel {
        store_id: Set(store),
        id: Set(queued),
        send_key: Set("k".into()),
        run_id: Set(Some(run)),
        journey_id: Set(Some(journey_id)),
        version_id: Set(Some(version_id)),
        node: Set("n".into()),
        contact_id: Set(contact),
        cart_id: Set(Some(cart.id)),
        channel: Set("email".into()),
        purpose: Set("cart_email".into()),
        content_class: Set("informational".into()),
        template_key: Set("t".into()),
        status: Set(0),
        next_at: Set(START),
        epoch: Set(0),
        attempt: Set(0),
        lane: Set(0),
        created_at: Set(T),
        ..Default::default()
    })
    .await;
    (run, queued)
}

#[db_test]
async fn a_click_before_the_order_makes_it_a_recovery(app: TestApp) {
    let shop = Shop::new(&app, "a").await;
    let ann = json!({"userId": "u", "context": {"traits": {"email": "ann@example.com"}}});
    shop.send(&[shop.track("1", T, ann.clone(), "Cart Updated", cart("c", json!([lamp(1)])))]).await;
    let basket = shop.carts().await.remove(0);
    let (_, sent) = run_with_message(&shop, &basket).await;
    {
        use sea_orm::{ColumnTrait, QueryFilter, sea_query::Expr};
        let mut tx = app.db().write().await.expect("a transaction");
        let scoped = tx.enter(&shop.store.scope()).await.expect("the store");
        let update = scoped.update::<message::Entity>().col_expr(message::Column::Status, Expr::value(3));
        let update = update
            .col_expr(message::Column::SentAt, Expr::value(T + SECOND))
            .col_expr(message::Column::ClickedAt, Expr::value(T + 2 * SECOND));
        update.filter(message::Column::Id.eq(sent)).exec(scoped.on()).await.expect("sent");
        tx.commit().await.expect("committed");
    }
    shop.send(&[shop.track("o", T + MINUTE, ann.clone(), "Order Completed", order("1", "c", "19.90"))]).await;
    let bought = shop.carts().await.remove(0);
    assert_eq!((bought.status.as_str(), bought.recovered_by.as_deref()), ("recovered", Some("click")));
    let stored = shop.all::<shop_order::Entity>().await.remove(0);
    assert_eq!(
        (stored.click_message_id, stored.window_message_id, stored.held_out),
        (Some(sent), Some(sent), Some(false))
    );
    assert_eq!(
        (shop.metric("recovered_by_click").await, shop.metric("treated_orders").await),
        ((1, 1990), (1, 1990))
    );
    shop.send(&[shop.track("x", T + 2 * MINUTE, ann, "Order Cancelled", json!({"order_id": "1"}))]).await;
    assert_eq!(
        (
            shop.metric("recovered_by_click").await,
            shop.metric("recovered_by_window").await,
            shop.metric("treated_orders").await
        ),
        ((0, 0), (0, 0), (0, 0))
    );
}

#[db_test]
async fn anonymous_and_known_become_one_with_carts_and_orders(app: TestApp) {
    let shop = Shop::new(&app, "a").await;
    shop.send(&[shop.track(
        "1",
        T,
        json!({"anonymousId": "b"}),
        "Cart Updated",
        cart("c", json!([lamp(1)])),
    )])
    .await;
    shop.send(&[shop.track("2", T + 1, json!({"userId": "u"}), "Cart Updated", cart("d", json!([lamp(2)])))])
        .await;
    assert_eq!(shop.metric("identified").await.0, 0);
    shop.send(&[shop.read(Source::Api, "3", T + 2, json!({"type": "identify", "anonymousId": "b", "userId": "u", "traits": {"email": "ann@example.com"}}))]).await;
    let live: Vec<_> =
        shop.all::<contact::Entity>().await.into_iter().filter(|c| c.merged_into.is_none()).collect();
    assert_eq!(live.len(), 1);
    assert!(shop.carts().await.iter().all(|c| c.contact_id == Some(live[0].id)));
    assert!(shop.all::<contact_identity::Entity>().await.iter().all(|i| i.contact_id == live[0].id));
    assert_eq!(shop.metric("identified").await.0, 2, "both carts became known");
}

#[db_test]
async fn a_merge_after_the_purchase_ends_the_other_cart(app: TestApp) {
    let shop = Shop::new(&app, "a").await;
    shop.send(&[shop.track(
        "1",
        T,
        json!({"anonymousId": "b"}),
        "Cart Updated",
        cart("c", json!([lamp(1)])),
    )])
    .await;
    shop.send(&[shop.track(
        "2",
        T + MINUTE,
        json!({"userId": "u"}),
        "Order Completed",
        json!({"order_id": "1", "total": 5}),
    )])
    .await;
    assert_eq!(shop.carts().await[0].status, "active");
    shop.send(&[shop.read(
        Source::Api,
        "3",
        T + 2 * MINUTE,
        json!({"type": "alias", "previousId": "b", "userId": "u"}),
    )])
    .await;
    assert_eq!(shop.carts().await[0].status, "converted");
}

#[db_test]
async fn bots_tests_and_staff_are_kept_marked_and_never_timed(app: TestApp) {
    let shop = Shop::new(&app, "a").await;
    shop.send(&[
        shop.track(
            "1",
            T,
            json!({"userId": "u", "context": {"userAgent": "Googlebot/2.1"}}),
            "Cart Updated",
            cart("c", json!([lamp(1)])),
        ),
        shop.track(
            "2",
            T,
            json!({"userId": "v", "context": {"traits": {"email": "bo@shop.example"}}}),
            "Cart Updated",
            cart("d", json!([lamp(1)])),
        ),
        shop.track(
            "3",
            T,
            json!({"userId": "w", "context": {"test": true}}),
            "Cart Updated",
            cart("e", json!([lamp(1)])),
        ),
    ])
    .await;
    let carts = shop.carts().await;
    assert!(carts.iter().all(|c| c.idle_at.is_none() && (c.bot || c.staff || c.test)), "{carts:#?}");
    assert_eq!(shop.metric("carts").await.0, 0);
}

/// Nobody fills more than thirty carts within an hour, whether they come together or one after another.
#[db_test]
async fn who_fills_carts_faster_than_a_person_is_a_machine(app: TestApp) {
    let shop = Shop::new(&app, "a").await;
    for part in [0..20, 20..30, 30..31] {
        let fill = |n: i64| {
            let (event, token) = (format!("e{n}"), format!("c{n}"));
            let who = json!({"userId": "u"});
            shop.track(&event, T + n * 1_000, who, "Cart Updated", cart(&token, json!([lamp(1)])))
        };
        let marked = part.end > 30;
        app.clock().advance(1);
        shop.send(&part.map(fill).collect::<Vec<_>>()).await;
        assert_eq!(shop.all::<contact::Entity>().await[0].bot, marked);
    }
    let last = shop.carts().await.pop().expect("the last");
    assert!(last.bot && last.idle_at.is_none());
    assert_eq!(shop.metric("carts").await.0, 30);
}

#[db_test]
async fn consent_is_written_down_chained(app: TestApp) {
    let shop = Shop::new(&app, "a").await;
    let consent = |action: &str| json!([{"channel": "email", "purpose": "cart_email", "action": action, "method": "checkbox", "wording": "Yes, remind me", "language": "en"}]);
    for (id, action) in [("1", "given"), ("2", "withdrawn")] {
        shop.send(&[shop.read(Source::Api, id, T, json!({"type": "identify", "userId": "u", "traits": {"email": "ann@example.com", "consent": consent(action)}}))]).await;
    }
    let mut ledger = shop.all::<consent_event::Entity>().await;
    ledger.sort_by_key(|e| e.sequence);
    assert_eq!(
        ledger.iter().map(|e| (e.sequence, e.action.as_str())).collect::<Vec<_>>(),
        [(1, "given"), (2, "withdrawn")]
    );
    assert_eq!(ledger[1].previous_hash, ledger[0].hash);
}

#[db_test]
async fn a_deleted_checkout_is_closed_until_news_of_it(app: TestApp) {
    let shop = Shop::new(&app, "a").await;
    let ann = json!({"userId": "u"});
    shop.send(&[
        shop.track("1", T, ann.clone(), "Cart Updated", cart("c", json!([lamp(1)]))),
        shop.track("2", T + 1, ann.clone(), "cart_deleted", json!({"cart_id": "c"})),
    ])
    .await;
    let closed = shop.carts().await.remove(0);
    assert_eq!((closed.status.as_str(), closed.idle_at), ("expired", None));
    shop.send(&[shop.track("3", T + 2, ann, "Cart Updated", cart("c", json!([lamp(2)])))]).await;
    let [back] = &shop.carts().await[..] else { panic!("one cart") };
    assert_eq!((back.status.as_str(), back.item_count), ("active", 2));
}

mod arrival;
mod browser;
mod late;
mod people;
mod webhooks;
