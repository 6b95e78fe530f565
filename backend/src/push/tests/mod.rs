//! Notifications from the browser that allows them to the browsers that are told, on both databases.

use crate::{
    accounts::SecretKind,
    carts::abandon::Abandoner,
    channels::fake::{Act, Fake},
    clock::Env,
    consent::{
        ledger,
        unsubscribe::{Choice, unsubscribe},
    },
    db::Scoped,
    ingest::{InboxLimits, Limiter, http as door},
    messages::model::{ATTEMPTING, FAILED, QUEUED, SENT, SUPPRESSED, UNCERTAIN},
    privacy, push,
    testing::{
        TestApp,
        flow::{Flow, settings},
    },
};
use actix_web::{
    App,
    http::StatusCode,
    test::{TestRequest, call_service, init_service, read_body},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use cartwheel_domain::{
    consent::{Channel, Purpose, ledger::Action},
    ids::{ContactId, MessageId},
    journey::Definition,
    push::Notice,
    time::{DAY, HOUR, MINUTE},
};
use cartwheel_entity::{
    consent_event, contact, contact_identity, event, message, message_attempt, message_content, push_device,
    store_secret,
};
use cartwheel_macros::db_test;
use sea_orm::{ActiveValue::Set, ColumnTrait, QueryFilter, QueryOrder, sea_query::Expr};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use uuid::Uuid;

mod noes;

const P256DH: &str =
    "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4";
const AUTH: &str = "BTBZMqHH6r4Tts7J_aSIgg";
const AGENT: &str = "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36";

/// A notification at once, a mail an hour later.
fn journey() -> Definition {
    Definition::from_json(
        &json!({
            "schema": 1, "name": "Notices", "start": "left",
            "nodes": {
                "left": {"type": "trigger", "on": ["cart"], "next": "notice"},
                "notice": {"type": "message", "channel": "push", "template": "recovery_push", "content_class": "informational",
                    "purpose": "push", "next": "pause"},
                "pause": {"type": "wait", "seconds": 3600, "next": "mail"},
                "mail": {"type": "message", "channel": "email", "template": "recovery_1", "content_class": "informational",
                    "purpose": "cart_email", "next": "end"},
                "end": {"type": "exit"}
            }
        })
        .to_string(),
    )
    .expect("a journey")
}

/// A browser in the shop.
#[derive(Clone, Copy)]
struct Browser {
    id: &'static str,
    token: &'static str,
    endpoint: &'static str,
}

const PHONE: Browser = Browser {
    id: "visitor-of-the-phone",
    token: "token-of-the-phone-0123456789abcdef",
    endpoint: "https://push.example/phone",
};
const LAPTOP: Browser = Browser {
    id: "visitor-of-the-laptop",
    token: "token-of-the-laptop-0123456789abcde",
    endpoint: "https://push.example/laptop",
};

struct Story {
    flow: Flow,
    key: String,
}

impl Story {
    async fn of(app: &TestApp, fake: Fake) -> Self {
        let mut settings = settings();
        settings.set("push_on", "true").expect("set");
        settings.set("logo_url", "https://wheelhouse.example/logo.png").expect("set");
        let flow = Flow::with(app, fake, settings, &journey()).await;
        let mut story = Self { flow, key: String::new() };
        let mut tx = app.db().write().await.expect("a transaction");
        let with = (&app.master_key(), app.env());
        push::ensure(&mut tx, &story.flow.store.scope(), with).await.expect("a pair of keys");
        tx.commit().await.expect("committed");
        story.key = story.current_key().await;
        // Noon by any American clock.
        app.clock().advance(10 * HOUR);
        story
    }

    async fn current_key(&self) -> String {
        let app = &self.flow.app;
        app.stores().forget(self.flow.store.id());
        let info = app.stores().by_id(self.flow.store.id()).await.expect("asked").expect("the store");
        info.push_key.clone().expect("a key")
    }

    async fn inside<T>(&self, body: impl AsyncFnOnce(&Scoped<'_>) -> T) -> T {
        let mut tx = self.flow.app.db().write().await.expect("a transaction");
        let scoped = tx.enter(&self.flow.store.scope()).await.expect("the store");
        let out = body(&scoped).await;
        tx.commit().await.expect("committed");
        out
    }

    async fn rows<E: cartwheel_entity::Tenant>(&self) -> Vec<E::Model>
    where
        E::Model: Send + Sync,
    {
        self.inside(async |scoped| scoped.find::<E>().all(scoped.on()).await.expect("rows")).await
    }

    /// Sends calls to the public door by a key of the store.
    async fn send(&self, key: &str, calls: Vec<Value>) -> (StatusCode, Value) {
        let edge = door::tests::edge(&self.flow.app, InboxLimits::default(), Limiter::default());
        let web = init_service(App::new().app_data(edge).configure(door::configure)).await;
        let basic = STANDARD.encode(format!("{key}:"));
        let request = TestRequest::post()
            .uri("/v1/batch")
            .insert_header(("authorization", format!("Basic {basic}")))
            .insert_header(("user-agent", AGENT))
            .set_payload(json!({ "batch": calls }).to_string());
        let response = call_service(&web, request.to_request()).await;
        let status = response.status();
        (status, serde_json::from_slice(&read_body(response).await).expect("JSON"))
    }

    async fn browse(&self, calls: Vec<Value>) {
        let (status, said) = self.send(&self.flow.store.keys.public_key, calls).await;
        assert_eq!((status, &said["errors"]), (StatusCode::OK, &Value::Null), "{said}");
    }

    async fn serve(&self, calls: Vec<Value>) {
        let (status, said) = self.send(&self.flow.store.keys.write_key, calls).await;
        assert_eq!((status, &said["errors"]), (StatusCode::OK, &Value::Null), "{said}");
    }

    fn call(&self, browser: Browser, name: &str, properties: Value) -> Value {
        let env = self.flow.app.env();
        json!({
            "type": "track", "event": name, "messageId": env.uuid().to_string(), "anonymousId": browser.id,
            "timestamp": cartwheel_domain::time::to_rfc3339(env.now()),
            "context": { "cart_token": browser.token, "locale": "en-US" }, "properties": properties,
        })
    }

    fn subscribed(&self, browser: Browser) -> Value {
        self.call(
            browser,
            "Push Subscribed",
            json!({
                "subscription": { "endpoint": browser.endpoint, "expirationTime": null, "keys": { "p256dh": P256DH, "auth": AUTH } },
                "key": self.key,
                "consent": { "wording": "Remind me of my cart by a notification", "language": "en", "place": "https://wheelhouse.example/" },
            }),
        )
    }

    fn added(&self, browser: Browser) -> Value {
        let product = json!({"cart_id": "c1", "currency": "USD", "product_id": "p1", "name": "Brass bell", "price": 24.5, "quantity": 2,
            "image_url": "https://wheelhouse.example/bell.png"});
        self.call(browser, "Product Added", product)
    }

    /// Whoever holds an address, and the shop's server says that this browser is theirs.
    async fn vouched(&self, email: &str, browsers: &[Browser]) -> ContactId {
        let identify = |browser: &Browser| {
            json!({ "type": "identify", "messageId": self.flow.app.env().uuid().to_string(), "anonymousId": browser.id,
                "userId": format!("customer of {email}"), "traits": { "email": email, "first_name": "Ann" } })
        };
        self.serve(browsers.iter().map(identify).collect()).await;
        let all = self.rows::<contact::Entity>().await;
        let found = all.iter().find(|c| c.email.as_deref() == Some(email) && c.merged_into.is_none());
        ContactId(found.expect("known").id)
    }

    /// Two browsers of Ann's that may be notified.
    async fn ann(&self) -> ContactId {
        self.browse(vec![self.subscribed(PHONE), self.subscribed(LAPTOP)]).await;
        self.vouched("ann@example.com", &[PHONE, LAPTOP]).await
    }

    async fn leave_carts(&self) {
        let (app, tools) = (&self.flow.app, &self.flow.tools);
        let abandoner = Abandoner::new(
            app.db().clone(),
            app.env().clone(),
            tools.wake.clone(),
            tools.stores.clone(),
            tools.versions.clone(),
        );
        app.clock().advance(40 * MINUTE);
        abandoner.tick().await.expect("judged");
        self.flow.drain().await;
    }

    async fn notice(&self) -> message::Model {
        let all = self.flow.messages().await;
        all.into_iter().rfind(|m| m.channel == "push").expect("a notification")
    }

    async fn told(&self) -> (i32, Option<String>) {
        let one = self.notice().await;
        (one.status, one.reason)
    }

    async fn endpoints(&self) -> BTreeSet<String> {
        self.rows::<push_device::Entity>().await.into_iter().map(|row| row.endpoint).collect()
    }

    /// What came of the tries of the last notification: browser, outcome, oldest first.
    async fn tries(&self) -> Vec<(Option<Uuid>, String)> {
        let id = self.notice().await.id;
        let rows = self.inside(async |scoped| {
            let mine = scoped.find::<message_attempt::Entity>();
            let mine = mine.filter(message_attempt::Column::MessageId.eq(id));
            mine.order_by_asc(message_attempt::Column::Number).all(scoped.on()).await.expect("read")
        });
        rows.await.into_iter().map(|row| (row.device_id, row.outcome.unwrap_or_default())).collect()
    }

    async fn hours(&self, n: i64) {
        for _ in 0..n {
            self.flow.app.clock().advance(HOUR);
            self.flow.drain().await;
        }
    }

    async fn says_yes(&self, contact: ContactId) -> bool {
        let states =
            self.inside(async |scoped| ledger::states(scoped, &[contact]).await.expect("read")).await;
        let standing = states.get(&contact).and_then(|s| s.standing(Channel::Push, Purpose::Push).cloned());
        standing.is_some_and(|s| !s.state.is_no())
    }
}

#[db_test]
async fn a_browser_that_allows_it_is_told_of_the_cart_it_left(app: TestApp) {
    let story = Story::of(&app, Fake::forgetful()).await;
    story.browse(vec![story.added(PHONE), story.subscribed(PHONE)]).await;
    story.leave_carts().await;
    let row = story.notice().await;
    assert_eq!(
        (row.status, row.reason.as_deref()),
        (SENT, None),
        "nobody knows an address; the browser is enough"
    );
    assert_eq!(row.subject.as_deref(), Some("Wheelhouse: your cart is saved"));
    let ledger = story.flow.fake.ledger();
    let said: Notice = serde_json::from_str(&ledger[0].message.text).expect("a notification");
    assert_eq!((said.body.as_str(), said.lang.as_str()), ("Brass bell: pick up where you left off.", "en"));
    assert!(said.url.starts_with("https://cartwheel.example/r/"), "{}", said.url);
    assert_eq!(said.image.as_deref(), Some("https://wheelhouse.example/bell.png"));
    assert_eq!(said.icon.as_deref(), Some("https://wheelhouse.example/logo.png"));
    let stop = said.stop.expect("a way to say no");
    assert!(stop.url.starts_with("https://cartwheel.example/u/"));
    let content = story.rows::<message_content::Entity>().await.remove(0);
    assert_eq!((content.recipient.as_str(), content.text.as_str()), ("Chrome, Android", said.body.as_str()));
    assert_eq!(content.headers[0], json!(["Link", said.url]));
    let yes = story.rows::<consent_event::Entity>().await;
    let yes = yes.iter().find(|row| row.channel == "push").expect("a permission");
    assert_eq!((yes.action.as_str(), yes.method.as_str()), ("given", "checkbox"));
    assert_eq!(yes.wording.as_deref(), Some("Remind me of my cart by a notification"));
    assert_eq!(yes.place.as_deref(), Some("https://wheelhouse.example/"));
    for kept in story.rows::<event::Entity>().await {
        let secret =
            kept.raw.contains(AUTH) || kept.raw.contains(P256DH) || kept.raw.contains(PHONE.endpoint);
        assert!(!secret, "what notifies a browser stands in its row alone: {}", kept.raw);
    }
    story.flow.assert_sound().await;
}

#[db_test]
async fn an_address_typed_into_a_strangers_browser_brings_no_cart_there(app: TestApp) {
    let story = Story::of(&app, Fake::forgetful()).await;
    let ann = story.flow.store.contact("ann@example.com").await;
    story
        .inside(async |scoped| {
            let known = contact_identity::ActiveModel {
                store_id: Set(scoped.store_id().uuid()),
                kind: Set("email".into()),
                value: Set("ann@example.com".into()),
                contact_id: Set(ann.uuid()),
            };
            scoped.insert_new::<contact_identity::Entity>(vec![known]).await.expect("known");
            let named = scoped.update::<contact::Entity>();
            named
                .col_expr(contact::Column::FirstName, Expr::value("Ann"))
                .filter(contact::Column::Id.eq(ann.uuid()))
                .exec(scoped.on())
                .await
                .expect("named");
        })
        .await;
    // Somebody else types her address, and lets that browser be notified.
    let typed = json!({ "type": "identify", "messageId": "typed", "anonymousId": LAPTOP.id,
        "context": { "cart_token": LAPTOP.token }, "traits": { "email": "ann@example.com" } });
    story.browse(vec![story.subscribed(LAPTOP), typed, story.subscribed(LAPTOP)]).await;
    story.flow.leave(ann).await;
    story.flow.drain().await;
    assert_eq!(story.told().await, (SUPPRESSED, Some("no_browser".into())));
    assert!(story.flow.fake.ledger().iter().all(|a| !a.message.text.contains("Brass bell &")));
    // Of its own cart it is told, without the name on record.
    story.browse(vec![story.added(LAPTOP)]).await;
    story.leave_carts().await;
    assert_eq!(story.told().await, (SENT, None));
    let notices: Vec<_> =
        story.flow.fake.ledger().into_iter().filter(|a| a.message.html.is_empty()).collect();
    assert_eq!(notices.len(), 1);
    assert!(!notices[0].message.text.contains("Ann"));
    // The shop's server knows better.
    story.vouched("ann@example.com", &[LAPTOP]).await;
    story.hours(8 * 24).await;
    story.flow.leave(ann).await;
    story.flow.drain().await;
    assert_eq!(story.told().await, (SENT, None));
}

#[db_test]
async fn each_browser_is_called_once_and_one_that_is_gone_is_forgotten(app: TestApp) {
    let fake = Fake::forgetful();
    fake.script([Act::NoSuchMailbox, Act::Accept]);
    let story = Story::of(&app, fake).await;
    let ann = story.ann().await;
    story.flow.leave(ann).await;
    story.flow.drain().await;
    assert_eq!(story.told().await, (SENT, None), "one that took it is enough");
    let tries = story.tries().await;
    assert_eq!(tries.len(), 2);
    let left = story.rows::<push_device::Entity>().await;
    assert_eq!(left.len(), 1, "the other is gone");
    let outcome =
        |id: Uuid| tries.iter().find(|(device, _)| *device == Some(id)).map(|(_, said)| said.as_str());
    assert_eq!(outcome(left[0].id), Some("accepted"));
    assert!(
        !story.rows::<cartwheel_entity::suppression::Entity>().await.iter().any(|row| row.channel == "push")
    );
    story.flow.assert_sound().await;
}

#[db_test]
async fn what_was_surely_not_taken_is_tried_again_and_a_doubt_is_not(app: TestApp) {
    let fake = Fake::forgetful();
    fake.script([Act::Defer(Some(2 * HOUR)), Act::Unreachable, Act::NoSuchMailbox, Act::Accept]);
    let story = Story::of(&app, fake).await;
    let ann = story.ann().await;
    story.flow.leave(ann).await;
    story.flow.drain().await;
    let waits = story.notice().await;
    assert_eq!((waits.status, waits.reason.as_deref()), (QUEUED, Some("deferred")));
    assert!(waits.next_at >= app.env().now() + 2 * HOUR, "not before it is asked for");
    story.hours(3).await;
    assert_eq!(story.told().await, (SENT, None));
    let words: Vec<_> = story.tries().await.into_iter().map(|(_, said)| said).collect();
    assert_eq!(words.len(), 4, "{words:?}");
    // A doubt in one browser, a delay in the other: nobody is called again.
    story.hours(8 * 24).await;
    story.browse(vec![story.subscribed(PHONE), story.subscribed(LAPTOP)]).await;
    story.vouched("ann@example.com", &[PHONE, LAPTOP]).await;
    story.flow.fake.script([Act::AcceptSilently, Act::Defer(None)]);
    let before = story.flow.fake.ledger().len();
    story.flow.leave(ann).await;
    story.flow.drain().await;
    assert_eq!(story.told().await, (UNCERTAIN, Some("no_answer".into())));
    let key = story.notice().await.send_key;
    story.hours(3).await;
    assert_eq!(story.told().await.0, UNCERTAIN);
    assert_eq!(story.flow.fake.calls_per_key()[&key], 2, "once for each browser");
    let taken = story.flow.fake.ledger().split_off(before);
    assert_eq!(taken.iter().filter(|a| a.key == key).count(), 1);
}

#[db_test]
async fn when_all_browsers_are_gone_it_says_so_and_the_journey_goes_on(app: TestApp) {
    let fake = Fake::forgetful();
    fake.script([Act::NoSuchMailbox, Act::NoSuchMailbox]);
    let story = Story::of(&app, fake).await;
    let ann = story.ann().await;
    story.flow.leave(ann).await;
    story.flow.drain().await;
    assert_eq!(story.told().await, (FAILED, Some("no_browser".into())));
    assert_eq!(story.endpoints().await, BTreeSet::new());
    story.hours(2).await;
    let mail = story.flow.messages().await.into_iter().find(|m| m.channel == "email").expect("a mail");
    assert_eq!(mail.status, SENT);
}

#[db_test]
async fn a_worker_that_dies_after_the_call_leaves_a_doubt_that_is_never_repeated(app: TestApp) {
    for (nth, (point, expected)) in [
        ("dispatch.before_commit", SENT),
        ("dispatch.handed_over", UNCERTAIN),
        ("dispatch.called", UNCERTAIN),
    ]
    .into_iter()
    .enumerate()
    {
        let story = Story::of(&app, Fake::forgetful()).await;
        let ann = story.ann().await;
        story.flow.leave(ann).await;
        while story.flow.engine().tick().await.expect("a pass").claimed > 0 {}
        app.dies(point, 1, story.flow.dispatcher().tick()).await;
        assert!(matches!(story.notice().await.status, QUEUED | 1 | ATTEMPTING), "{nth}");
        app.clock().advance(5 * MINUTE);
        story.flow.drain().await;
        app.clock().advance(HOUR / 2);
        story.flow.drain().await;
        let row = story.notice().await;
        assert_eq!(row.status, expected, "{point}");
        let calls = story.flow.fake.calls_per_key().get(&row.send_key).copied().unwrap_or(0);
        let most = if point == "dispatch.handed_over" { 0 } else { 2 };
        assert_eq!(calls, most, "{point}: once for each browser, at most");
    }
}
