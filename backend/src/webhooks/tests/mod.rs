//! Webhooks end to end on both databases, with receivers on loopback that a test scripts.

mod crashes;
mod happenings;
mod reach;
pub(crate) mod receiver;
mod schedule;
mod scripts;

use super::{
    Caller, Courier, Happening,
    endpoint::{self, Change},
    tell,
};
use crate::testing::{TestApp, TestStore};
use cartwheel_domain::{
    hook::{HookKind, HookKinds},
    ids::{DeliveryId, HookId},
};
use cartwheel_entity::{hook_attempt, hook_delivery, hook_endpoint};
use cartwheel_macros::db_test;
use receiver::{Answer, Loopback, Receiver};
use rustls::RootCertStore;
use sea_orm::{ColumnTrait, QueryFilter, QueryOrder};
use std::{sync::Arc, time::Duration};

/// How long the couriers of these tests wait for an answer: real time, for the sockets are real.
const PATIENCE: Duration = Duration::from_millis(400);

/// A store with an endpoint.
struct Hooked {
    app: TestApp,
    store: TestStore,
    id: HookId,
    secret: String,
}

fn all_kinds() -> Vec<String> {
    HookKind::ALL.iter().map(|kind| kind.as_str().to_owned()).collect()
}

/// An endpoint of a store.
async fn endpoint_of(app: &TestApp, store: &TestStore, url: &str) -> (HookId, String) {
    let change = Change { url: Some(url.into()), kinds: Some(all_kinds()), ..Change::default() };
    let mut tx = app.db().write().await.expect("a transaction");
    let with = (&store.scope(), app.env(), &app.master_key());
    let (row, secret) = endpoint::create(&mut tx, with, true, &change).await.expect("made");
    tx.commit().await.expect("committed");
    app.stores().forget(store.id());
    (HookId(row.id), secret)
}

/// A courier on loopback.
fn courier_of(app: &TestApp) -> Courier {
    let caller = Caller::over(Arc::new(Loopback), RootCertStore::empty(), true, PATIENCE).expect("a caller");
    Courier::new(app.db().clone(), app.env().clone(), app.master_key(), app.stores().clone(), caller, true)
}

impl Hooked {
    async fn new(app: &TestApp, url: &str) -> Self {
        let store = app.store("shop").await;
        let (id, secret) = endpoint_of(app, &store, url).await;
        Self { app: app.clone(), store, id, secret }
    }

    fn courier(&self) -> Courier {
        courier_of(&self.app)
    }

    /// Something that happens, committed.
    async fn happen(&self) -> DeliveryId {
        let mut tx = self.app.db().write().await.expect("a transaction");
        let scoped = tx.enter(&self.store.scope()).await.expect("the store");
        let happening = happening(&self.app);
        let id = happening.id(self.id);
        tell(&scoped, all(), self.app.env().now(), vec![happening]).await.expect("told");
        tx.commit().await.expect("committed");
        id
    }

    async fn row(&self, id: DeliveryId) -> hook_delivery::Model {
        let rows = self.deliveries().await;
        rows.into_iter().find(|row| row.id == id.uuid()).expect("the delivery")
    }

    async fn deliveries(&self) -> Vec<hook_delivery::Model> {
        let mut tx = self.app.db().read().await.expect("a transaction");
        let scoped = tx.enter(&self.store.scope()).await.expect("the store");
        let query = scoped.find::<hook_delivery::Entity>().order_by_asc(hook_delivery::Column::CreatedAt);
        query.all(scoped.on()).await.expect("rows")
    }

    async fn attempts(&self, id: DeliveryId) -> Vec<hook_attempt::Model> {
        let mut tx = self.app.db().read().await.expect("a transaction");
        let scoped = tx.enter(&self.store.scope()).await.expect("the store");
        let query =
            scoped.find::<hook_attempt::Entity>().filter(hook_attempt::Column::DeliveryId.eq(id.uuid()));
        query.order_by_asc(hook_attempt::Column::Number).all(scoped.on()).await.expect("rows")
    }

    async fn endpoint(&self) -> hook_endpoint::Model {
        let mut tx = self.app.db().read().await.expect("a transaction");
        let scoped = tx.enter(&self.store.scope()).await.expect("the store");
        endpoint::find(&scoped, self.id).await.expect("the endpoint")
    }

    async fn change(&self, change: Change) {
        let mut tx = self.app.db().write().await.expect("a transaction");
        let with = (&self.store.scope(), self.app.env());
        endpoint::change(&mut tx, with, true, self.id, &change).await.expect("changed");
        tx.commit().await.expect("committed");
        self.app.stores().forget(self.store.id());
    }
}

fn all() -> HookKinds {
    HookKind::ALL.into_iter().collect()
}

/// Something that nobody has heard of yet.
fn happening(app: &TestApp) -> Happening {
    let (contact, entry) = (app.env().id(), app.env().uuid());
    Happening::unsubscribed(entry, contact, ("email", "cart_email", "withdrawn"), app.env().now())
}

#[db_test]
async fn what_happens_is_told_once_and_signed(app: TestApp) {
    let receiver = Receiver::start(|_, _| Answer::ok()).await;
    let hooked = Hooked::new(&app, &receiver.url("/hooks?shop=1")).await;
    let id = hooked.happen().await;
    let courier = hooked.courier();
    let pass = courier.tick().await.expect("a pass");
    assert_eq!((pass.claimed, pass.called, pass.answered), (1, 1, 1));
    assert_eq!(courier.tick().await.expect("a pass").claimed, 0);
    let calls = receiver.calls();
    let [call] = &calls[..] else { panic!("{calls:?}") };
    assert_eq!(call.line, "POST /hooks?shop=1 HTTP/1.1");
    assert_eq!(call.header("webhook-id"), id.to_string());
    assert_eq!(call.header("content-type"), "application/json");
    assert_eq!(call.header("webhook-timestamp"), (app.env().now() / 1_000).to_string());
    assert!(call.signed_by(&hooked.secret), "{call:?}");
    assert!(!call.signed_by("whsec_b3RoZXI="), "and by nobody else");
    let body: serde_json::Value = serde_json::from_str(&call.body).expect("JSON");
    assert_eq!((body["type"].as_str(), body["version"].as_i64()), (Some("contact.unsubscribed"), Some(1)));
    assert_eq!(body["store_id"], hooked.store.id().to_string());
    assert_eq!(body["timestamp"], "2026-03-02T10:00:00.000Z");
    let row = hooked.row(id).await;
    assert_eq!(
        (row.status, row.attempt, row.done_at),
        (crate::webhooks::DELIVERED, 1, Some(app.env().now()))
    );
    let attempts = hooked.attempts(id).await;
    assert_eq!(attempts.len(), 1);
    assert_eq!((attempts[0].status, attempts[0].outcome.as_deref()), (Some(200), Some("delivered")));
    assert_eq!(attempts[0].answer.as_deref(), Some("thanks"));
}

/// A store nobody listens in writes nothing; an endpoint hears what it has chosen and nothing else; the same event is one row.
#[db_test]
async fn only_what_was_chosen_is_written_down(app: TestApp) {
    let hooked = Hooked::new(&app, "http://127.0.0.1:9999/").await;
    let one = happening(&app);
    for wanted in [HookKinds::default(), all(), all()] {
        let mut tx = app.db().write().await.expect("a transaction");
        let scoped = tx.enter(&hooked.store.scope()).await.expect("the store");
        tell(&scoped, wanted, app.env().now(), vec![one.clone(), one.clone()]).await.expect("told");
        tx.commit().await.expect("committed");
    }
    assert_eq!(hooked.deliveries().await.len(), 1, "the same event is one row, however often it is told");
    hooked.change(Change { kinds: Some(vec!["order.placed".into()]), ..Change::default() }).await;
    let info = app.stores().by_id(hooked.store.id()).await.expect("asked").expect("there");
    assert_eq!(info.hooks.iter().collect::<Vec<_>>(), [HookKind::OrderPlaced]);
    hooked.happen().await;
    assert_eq!(hooked.deliveries().await.len(), 1, "nobody has chosen it");
    hooked.change(Change { on: Some(false), ..Change::default() }).await;
    let info = app.stores().by_id(hooked.store.id()).await.expect("asked").expect("there");
    assert!(info.hooks.is_empty(), "an endpoint that is off wants nothing");
    assert_eq!(
        hooked.deliveries().await[0].reason.as_deref(),
        Some("off"),
        "and what waited for it has failed"
    );
    // Another store's endpoint hears nothing of this one.
    let other = app.store("other").await;
    endpoint_of(&app, &other, "http://127.0.0.1:9999/").await;
    hooked.happen().await;
    assert_eq!(hooked.deliveries().await.len(), 1);
    app.allow_leftovers();
}

/// For a day both secrets sign, then the new one alone; no secret lies in the database as it is.
#[db_test]
async fn a_rotated_secret_overlaps_for_a_day(app: TestApp) {
    let receiver = Receiver::start(|_, _| Answer::ok()).await;
    let hooked = Hooked::new(&app, &receiver.url("/")).await;
    let mut tx = app.db().write().await.expect("a transaction");
    let scoped = tx.enter(&hooked.store.scope()).await.expect("the store");
    let new = endpoint::rotate(&scoped, (app.env(), &app.master_key()), hooked.id).await.expect("rotated");
    tx.commit().await.expect("committed");
    let courier = hooked.courier();
    for (after, old_signs) in [(0, true), (crate::webhooks::secret::OVERLAP - 1, true), (1, false)] {
        app.clock().advance(after);
        hooked.happen().await;
        courier.tick().await.expect("a pass");
        let call = receiver.calls().pop().expect("a call");
        assert!(call.signed_by(&new));
        assert_eq!(call.signed_by(&hooked.secret), old_signs);
    }
    // The keys of the store are replaced: what is sealed by them is sealed anew.
    let done = crate::accounts::keys::rotate::rotate(app.db(), app.env(), &app.master_key(), true).await;
    assert_eq!(done.expect("replaced").lost, Vec::<String>::new());
    hooked.happen().await;
    courier.tick().await.expect("a pass");
    assert!(receiver.calls().pop().expect("a call").signed_by(&new));
    let dump = crate::testing::database::dump(app.db()).await;
    for secret in [&new, &hooked.secret] {
        let core = secret.strip_prefix("whsec_").expect("a secret");
        assert!(!dump.windows(core.len()).any(|w| w == core.as_bytes()), "a secret lies open");
    }
}

#[db_test]
async fn what_is_wrong_is_refused_and_ten_are_enough(app: TestApp) {
    let store = app.store("shop").await;
    let make = async |url: &str, kinds: &[&str], description: &str| {
        let change = Change {
            url: Some(url.into()),
            kinds: Some(kinds.iter().map(|k| (*k).to_owned()).collect()),
            description: Some(description.into()),
            on: None,
        };
        let mut tx = app.db().write().await.expect("a transaction");
        let with = (&store.scope(), app.env(), &app.master_key());
        let made = endpoint::create(&mut tx, with, false, &change).await;
        tx.commit().await.expect("committed");
        made.map(|_| ()).map_err(|e| e.to_string())
    };
    let fine = "https://hooks.example/a";
    assert!(make("http://127.0.0.1:9999/", &["order.placed"], "").await.is_err());
    assert!(make(fine, &[], "").await.expect_err("refused").contains("at least one"));
    assert!(make(fine, &["webhook.test"], "").await.expect_err("refused").contains("webhook.test"));
    assert!(make(fine, &["order.placed"], &"x".repeat(121)).await.expect_err("refused").contains("120"));
    for n in 0..endpoint::MOST {
        assert_eq!(make(fine, &["order.placed"], &format!("{n}")).await, Ok(()));
    }
    assert!(make(fine, &["order.placed"], "").await.expect_err("refused").contains("at most 10"));
}

/// Old deliveries are forgotten with their attempts; what still waits is not.
#[db_test]
async fn deliveries_are_kept_for_thirty_days(app: TestApp) {
    let receiver = Receiver::start(|_, _| Answer::ok()).await;
    let hooked = Hooked::new(&app, &receiver.url("/")).await;
    let old = hooked.happen().await;
    hooked.courier().tick().await.expect("a pass");
    app.clock().advance(crate::webhooks::replay::KEPT / 2);
    let young = hooked.happen().await;
    hooked.courier().tick().await.expect("a pass");
    app.clock().advance(crate::webhooks::replay::KEPT / 2 + 1);
    let waiting = hooked.happen().await;
    assert_eq!(crate::webhooks::replay::sweep(app.db(), app.env()).await.expect("swept"), 1);
    assert_eq!(crate::webhooks::replay::sweep(app.db(), app.env()).await.expect("swept"), 0);
    let left: Vec<_> = hooked.deliveries().await.into_iter().map(|row| DeliveryId(row.id)).collect();
    assert!(!left.contains(&old) && left.contains(&young) && left.contains(&waiting), "{left:?}");
    assert!(hooked.attempts(old).await.is_empty());
    app.allow_leftovers();
}
