mod choices;
mod moves;

use super::{Engine, LEASE};
use crate::{
    db::claim,
    journeys::{
        Versions,
        service::{JourneyError, Whose, check_texts, end_runs, install_default, publish, switch},
        start::{Left, start_runs},
        timeline,
        wake::wake_runs,
    },
    testing::{TestApp, TestStore},
    wake::Wake,
};
use cartwheel_domain::{
    ids::{CartId, ContactId, RunId},
    journey::{Awaited, Definition, EndReason, JourneyState, default_recovery_journey_with},
    time::{DAY, HOUR, MINUTE, Millis},
};
use cartwheel_entity::{cart, contact, event, journey_run, message};
use cartwheel_macros::db_test;
use sea_orm::{ActiveValue::Set, ColumnTrait, QueryFilter, QueryOrder, sea_query::Expr};

fn engine(app: &TestApp) -> Engine {
    Engine::new(
        app.db().clone(),
        app.env().clone(),
        Wake::default(),
        app.stores().clone(),
        Versions::default(),
        app.master_key(),
    )
}

async fn drain(engine: &Engine) -> usize {
    let mut done = 0;
    loop {
        let pass = engine.tick().await.expect("a pass");
        if pass.claimed == 0 {
            return done;
        }
        done += pass.done;
    }
}

/// A cart that was just left.
async fn left(app: &TestApp, store: &TestStore, email: &str) -> Left {
    let contact = store.contact(email).await;
    let now = app.env().now();
    let id: CartId = app.env().id();
    let row = cart::ActiveModel {
        store_id: Set(store.id().uuid()),
        id: Set(id.uuid()),
        kind: Set("cart".into()),
        status: Set("abandoned".into()),
        contact_id: Set(Some(contact.uuid())),
        currency: Set("EUR".into()),
        total_minor: Set(4_900),
        item_count: Set(1),
        items: Set("[]".into()),
        source_at: Set(now),
        last_activity_at: Set(now),
        abandoned_at: Set(Some(now)),
        source: Set("api".into()),
        bot: Set(false),
        test: Set(false),
        staff: Set(false),
        entries: Set(0),
        created_at: Set(now),
        updated_at: Set(now),
        ..Default::default()
    };
    let mut tx = app.db().write().await.expect("a transaction");
    let scoped = tx.enter(&store.scope()).await.expect("the store");
    scoped.insert::<cart::Entity>(vec![row]).await.expect("a cart");
    let cart = scoped.find::<cart::Entity>().filter(cart::Column::Id.eq(id.uuid())).one(scoped.on()).await;
    tx.commit().await.expect("committed");
    Left { cart: cart.expect("query").expect("the cart"), contact }
}

async fn install(app: &TestApp, store: &TestStore, definition: &Definition) {
    let mut tx = app.db().write().await.expect("a transaction");
    let scoped = tx.enter(&store.scope()).await.expect("the store");
    let published = publish(&scoped, app.env(), None, definition, None).await.expect("published");
    switch(&scoped, app.env(), published.journey_id, JourneyState::Active).await.expect("on");
    tx.commit().await.expect("committed");
}

async fn start(app: &TestApp, store: &TestStore, left: &[Left]) -> crate::journeys::Started {
    let mut tx = app.db().write().await.expect("a transaction");
    let scoped = tx.enter(&store.scope()).await.expect("the store");
    let started = start_runs(&scoped, &Versions::default(), (3, Default::default()), left, app.env().now())
        .await
        .expect("started");
    tx.commit().await.expect("committed");
    started
}

async fn runs(app: &TestApp, store: &TestStore) -> Vec<journey_run::Model> {
    let mut tx = app.db().read().await.expect("a transaction");
    let scoped = tx.enter(&store.scope()).await.expect("the store");
    scoped.find::<journey_run::Entity>().all(scoped.on()).await.expect("runs")
}

async fn messages(app: &TestApp, store: &TestStore) -> Vec<message::Model> {
    let mut tx = app.db().read().await.expect("a transaction");
    let scoped = tx.enter(&store.scope()).await.expect("the store");
    let all = scoped.find::<message::Entity>().order_by_asc(message::Column::CreatedAt);
    all.all(scoped.on()).await.expect("messages")
}

async fn set_cart(app: &TestApp, store: &TestStore, id: uuid::Uuid, status: &str) {
    let mut tx = app.db().write().await.expect("a transaction");
    let scoped = tx.enter(&store.scope()).await.expect("the store");
    let change = scoped.update::<cart::Entity>().col_expr(cart::Column::Status, Expr::value(status));
    change.filter(cart::Column::Id.eq(id)).exec(scoped.on()).await.expect("changed");
    tx.commit().await.expect("committed");
}

#[db_test]
async fn a_cart_goes_through_the_default_journey(app: TestApp) {
    let store = app.store("shop").await;
    install(&app, &store, &default_recovery_journey_with(0)).await;
    let one = left(&app, &store, "ann@example.com").await;
    let began = app.env().now();
    assert_eq!(start(&app, &store, std::slice::from_ref(&one)).await.runs, 1);
    assert_eq!(start(&app, &store, &[one]).await.runs, 0, "an entry is admitted once");
    let engine = engine(&app);
    let mut queued = Vec::new();
    for _ in 0..20 {
        drain(&engine).await;
        let Some(next) = runs(&app, &store).await.into_iter().find(|r| r.status == 0) else { break };
        queued.push((messages(&app, &store).await.len(), next.wake_at - began));
        app.clock().set(next.wake_at);
    }
    assert_eq!(queued, [(0, HOUR), (1, 24 * HOUR), (2, 48 * HOUR), (3, 48 * HOUR + 5 * DAY)]);
    let ended = runs(&app, &store).await.remove(0);
    assert_eq!(
        (ended.status, ended.end_reason.as_deref(), ended.held_out),
        (2, Some("completed"), Some(false))
    );
    let keys: std::collections::HashSet<_> =
        messages(&app, &store).await.into_iter().map(|m| m.send_key).collect();
    assert_eq!(keys.len(), 3);
    let mut tx = app.db().read().await.expect("a transaction");
    let scoped = tx.enter(&store.scope()).await.expect("the store");
    let trail = timeline::of_runs(&scoped, &[RunId(ended.id)]).await.expect("timeline");
    let words: Vec<&str> = trail.iter().map(|e| e.decision.as_str()).collect();
    assert_eq!(words[..3], ["entered", "treated", "wait_started"]);
    assert_eq!(words.iter().filter(|w| **w == "message_queued").count(), 3);
    assert_eq!(words.last(), Some(&"ended"));
    let counts = timeline::node_counts(&scoped, cartwheel_domain::ids::VersionId(ended.version_id))
        .await
        .expect("counts");
    let entered: i64 = counts.iter().filter(|c| c.1 == "entered").map(|c| c.2).sum();
    assert_eq!(entered, 11, "eleven nodes, each entered once: {counts:?}");
    drop(tx);
    // The test queues messages and dispatches none.
    app.allow_leftovers();
}

#[db_test]
async fn a_purchase_ends_the_run_and_its_queued_messages(app: TestApp) {
    let store = app.store("shop").await;
    install(&app, &store, &default_recovery_journey_with(0)).await;
    let one = left(&app, &store, "ann@example.com").await;
    start(&app, &store, std::slice::from_ref(&one)).await;
    let engine = engine(&app);
    drain(&engine).await;
    app.clock().advance(HOUR);
    drain(&engine).await;
    set_cart(&app, &store, one.cart.id, "converted").await;
    app.clock().advance(23 * HOUR);
    drain(&engine).await;
    assert_eq!(runs(&app, &store).await[0].end_reason.as_deref(), Some("converted"));
    let all = messages(&app, &store).await;
    assert_eq!((all.len(), all[0].status, all[0].reason.as_deref()), (1, 4, Some("converted")));
}

#[db_test]
async fn the_held_out_get_nothing_and_go_through_all_the_same(app: TestApp) {
    let store = app.store("shop").await;
    install(&app, &store, &default_recovery_journey_with(100)).await;
    let one = left(&app, &store, "ann@example.com").await;
    start(&app, &store, &[one]).await;
    let engine = engine(&app);
    for _ in 0..5 {
        drain(&engine).await;
        app.clock().advance(6 * DAY);
    }
    let ended = runs(&app, &store).await.remove(0);
    assert_eq!((ended.end_reason.as_deref(), ended.held_out), (Some("held_out"), Some(true)));
    assert!(messages(&app, &store).await.is_empty());
}

#[db_test]
async fn a_late_worker_writes_nothing(app: TestApp) {
    let store = app.store("shop").await;
    install(&app, &store, &default_recovery_journey_with(0)).await;
    let one = left(&app, &store, "ann@example.com").await;
    start(&app, &store, &[one]).await;
    let (slow, quick) = (engine(&app), engine(&app));
    // The slow one has claimed and stepped, and stands still before its commit.
    app.dies("engine.stepped", 1, slow.tick()).await;
    assert_eq!(drain(&quick).await, 0, "the lease holds");
    app.clock().advance(LEASE + 1);
    assert_eq!(quick.rescue().await.expect("rescued"), 1);
    assert_eq!(drain(&quick).await, 1);
    let before = runs(&app, &store).await;
    // What the slow one decided carries the old epoch.
    let mut stale = before[0].clone();
    stale.epoch -= 2;
    let decided =
        crate::engine::effects::Decided { run: stale, memory: Default::default(), outcome: None, from: None };
    let mut tx = app.db().write().await.expect("a transaction");
    let scoped = tx.enter(&store.scope()).await.expect("the store");
    let now = app.env().now();
    let written =
        crate::engine::effects::commit(&scoped, app.env(), "slow", (vec![decided], Default::default()), now)
            .await
            .expect("no error");
    tx.commit().await.expect("committed");
    assert_eq!(written, 0);
    assert_eq!(runs(&app, &store).await, before);
}

#[db_test]
async fn each_crash_point_leaves_one_message(app: TestApp) {
    let store = app.store("shop").await;
    install(&app, &store, &default_recovery_journey_with(0)).await;
    for point in ["engine.claimed", "engine.stepped", "engine.before_commit", "engine.committed"] {
        let one = left(&app, &store, &format!("{point}@example.com")).await;
        start(&app, &store, std::slice::from_ref(&one)).await;
        drain(&engine(&app)).await;
        app.clock().advance(HOUR + MINUTE);
        app.dies(point, 1, engine(&app).tick()).await;
        app.clock().advance(LEASE + 1);
        let again = engine(&app);
        again.rescue().await.expect("rescued");
        drain(&again).await;
        let mine: Vec<_> =
            messages(&app, &store).await.into_iter().filter(|m| m.cart_id == Some(one.cart.id)).collect();
        assert_eq!(mine.len(), 1, "{point}");
    }
    app.allow_leftovers();
}

#[db_test]
async fn a_clock_set_back_does_not_keep_the_runs_of_a_dead_worker(app: TestApp) {
    let store = app.store("shop").await;
    install(&app, &store, &default_recovery_journey_with(0)).await;
    let one = left(&app, &store, "ann@example.com").await;
    start(&app, &store, &[one]).await;
    app.dies("engine.claimed", 1, engine(&app).tick()).await;
    app.clock().advance(-DAY);
    assert_eq!(engine(&app).rescue().await.expect("rescued"), 1);
    app.clock().advance(DAY);
    assert_eq!(drain(&engine(&app)).await, 1);
}

#[db_test]
async fn a_cart_left_again_begins_anew_but_never_beside_its_own_run(app: TestApp) {
    let store = app.store("shop").await;
    install(&app, &store, &default_recovery_journey_with(0)).await;
    let mut one = left(&app, &store, "ann@example.com").await;
    assert_eq!(start(&app, &store, std::slice::from_ref(&one)).await.runs, 1);
    one.cart.entries = 1;
    let beside = start(&app, &store, std::slice::from_ref(&one)).await;
    assert_eq!((beside.runs, beside.refused.get("still_in")), (0, Some(&1)));
    let mut tx = app.db().write().await.expect("a transaction");
    let scoped = tx.enter(&store.scope()).await.expect("the store");
    end_runs(&scoped, Whose::Contact(one.contact), EndReason::CameBack, app.env().now())
        .await
        .expect("ended");
    tx.commit().await.expect("committed");
    assert_eq!(start(&app, &store, &[one]).await.runs, 1, "left again");
    app.allow_leftovers();
}

#[db_test]
async fn two_workers_step_each_run_once(app: TestApp) {
    let store = app.store("shop").await;
    install(&app, &store, &default_recovery_journey_with(0)).await;
    let mut carts = Vec::new();
    for n in 0..60 {
        carts.push(left(&app, &store, &format!("a{n}@example.com")).await);
    }
    start(&app, &store, &carts).await;
    let (a, b) = (engine(&app), engine(&app));
    let (x, y) = futures_util::join!(drain(&a), drain(&b));
    assert_eq!(x + y, 60);
    app.clock().advance(HOUR + MINUTE);
    let (x, y) = futures_util::join!(drain(&a), drain(&b));
    assert_eq!(x + y, 60);
    assert_eq!(messages(&app, &store).await.len(), 60);
    app.allow_leftovers();
}

const WAITS: &str = r#"{"schema":1,"name":"waits","start":"t","nodes":{
    "t":{"type":"trigger","on":["cart"],"next":"w"},
    "w":{"type":"wait_for_event","events":["product_viewed"],"timeout_seconds":86400,"happened":"m","timed_out":"x"},
    "m":{"type":"message","channel":"email","template":"recovery_1","content_class":"informational","purpose":"cart_email","next":"x"},
    "x":{"type":"exit"}}}"#;

async fn view(app: &TestApp, store: &TestStore, contact: ContactId, wake: bool) {
    let now = app.env().now();
    let row = event::ActiveModel {
        store_id: Set(store.id().uuid()),
        id: Set(app.env().uuid()),
        source: Set("api".into()),
        kind: Set("product_viewed".into()),
        contact_id: Set(Some(contact.uuid())),
        occurred_at: Set(now),
        received_at: Set(now),
        raw: Set("{}".into()),
        ..Default::default()
    };
    let mut tx = app.db().write().await.expect("a transaction");
    let scoped = tx.enter(&store.scope()).await.expect("the store");
    scoped.insert::<event::Entity>(vec![row]).await.expect("an event");
    if wake {
        let awaited: Awaited = "product_viewed".parse().expect("an event");
        assert_eq!(wake_runs(&scoped, &[(awaited, contact.to_string())], now).await.expect("woken"), 1);
    }
    tx.commit().await.expect("committed");
}

#[db_test]
async fn an_awaited_event_wakes_its_run_and_is_not_lost_unheard(app: TestApp) {
    let store = app.store("shop").await;
    install(&app, &store, &Definition::from_json(WAITS).expect("sound")).await;
    let carts = [
        left(&app, &store, "heard@example.com").await,
        left(&app, &store, "unheard@example.com").await,
        left(&app, &store, "silent@example.com").await,
    ];
    start(&app, &store, &carts).await;
    let engine = engine(&app);
    drain(&engine).await;
    app.clock().advance(HOUR);
    view(&app, &store, carts[0].contact, true).await;
    view(&app, &store, carts[1].contact, false).await;
    drain(&engine).await;
    let to = |all: Vec<message::Model>| all.into_iter().map(|m| m.contact_id).collect::<Vec<_>>();
    assert_eq!(to(messages(&app, &store).await), [carts[0].contact.uuid()], "at once");
    app.clock().advance(DAY);
    drain(&engine).await;
    assert_eq!(
        to(messages(&app, &store).await),
        [carts[0].contact.uuid(), carts[1].contact.uuid()],
        "at the deadline"
    );
    assert!(runs(&app, &store).await.iter().all(|r| r.status == 2));
    app.allow_leftovers();
}

#[db_test]
async fn ending_a_persons_runs_fences_the_worker_that_has_them(app: TestApp) {
    let store = app.store("shop").await;
    install(&app, &store, &default_recovery_journey_with(0)).await;
    let one = left(&app, &store, "ann@example.com").await;
    start(&app, &store, std::slice::from_ref(&one)).await;
    drain(&engine(&app)).await;
    app.clock().advance(HOUR);
    app.dies("engine.claimed", 1, engine(&app).tick()).await;
    let mut tx = app.db().write().await.expect("a transaction");
    let scoped = tx.enter(&store.scope()).await.expect("the store");
    let ended =
        end_runs(&scoped, Whose::Contact(one.contact), EndReason::Unsubscribed, app.env().now()).await;
    tx.commit().await.expect("committed");
    assert_eq!(ended.expect("ended"), 1);
    app.clock().advance(LEASE + 1);
    let again = engine(&app);
    assert_eq!(again.rescue().await.expect("no error"), 0);
    drain(&again).await;
    assert!(messages(&app, &store).await.is_empty());
    assert_eq!(runs(&app, &store).await[0].end_reason.as_deref(), Some("unsubscribed"));
}

/// A message without a text, or with a subject that cannot be read, would be suppressed for each person, one by one.
#[db_test]
async fn a_journey_whose_mails_cannot_be_written_is_not_published(app: TestApp) {
    let store = app.store("a").await;
    let mut tx = app.db().write().await.expect("a transaction");
    let scoped = tx.enter(&store.scope()).await.expect("the store");
    let definition = default_recovery_journey_with(0);
    assert!(matches!(check_texts(&scoped, &definition).await, Err(JourneyError::Unsound(p)) if p.len() == 3));
    crate::templates::install_default_set(&scoped, app.env()).await.expect("texts");
    check_texts(&scoped, &definition).await.expect("all there");
    for subject in ["{{ unclosed", "{% if %}x", "{{ x | nofilter }}"] {
        let mut text: serde_json::Value = serde_json::from_str(&definition.to_json()).expect("JSON");
        text["nodes"]["mail_2"]["subject"] = serde_json::json!({ "en": subject });
        let changed = Definition::from_json(&text.to_string()).expect("a definition");
        let Err(JourneyError::Unsound(problems)) = check_texts(&scoped, &changed).await else {
            panic!("{subject} was let through")
        };
        assert!(
            problems.iter().any(|p| p.node.as_deref() == Some("mail_2") && p.field == "subject.en"),
            "{problems:?}"
        );
    }
}

#[db_test]
async fn publishing_keeps_runs_on_their_version(app: TestApp) {
    let store = app.store("shop").await;
    let mut tx = app.db().write().await.expect("a transaction");
    let scoped = tx.enter(&store.scope()).await.expect("the store");
    let settings = cartwheel_domain::settings::StoreSettings::default();
    let first = install_default(&scoped, app.env(), &settings).await.expect("installed").expect("new");
    assert!(install_default(&scoped, app.env(), &settings).await.expect("no error").is_none());
    let same =
        publish(&scoped, app.env(), Some(first.journey_id), &default_recovery_journey_with(10), None).await;
    assert_eq!(same.expect("published").version_id, first.version_id);
    tx.commit().await.expect("committed");
    let one = left(&app, &store, "ann@example.com").await;
    start(&app, &store, &[one]).await;
    let mut tx = app.db().write().await.expect("a transaction");
    let scoped = tx.enter(&store.scope()).await.expect("the store");
    let second =
        publish(&scoped, app.env(), Some(first.journey_id), &default_recovery_journey_with(5), None).await;
    let second = second.expect("published");
    assert_eq!((second.number, second.new), (2, true));
    tx.commit().await.expect("committed");
    drain(&engine(&app)).await;
    assert_eq!(runs(&app, &store).await[0].version_id, first.version_id.uuid());
    let now: Millis = app.env().now();
    let mut tx = app.db().write().await.expect("a transaction");
    let rescued = claim::rescue_runs(&tx.system().await.expect("all"), now).await;
    assert_eq!(rescued.expect("no error"), 0);
}

/// A step is being committed while the cart is bought: whichever comes first, its message does not survive.
#[db_test]
async fn a_message_queued_at_the_very_moment_of_the_end_is_cancelled_too(app: TestApp) {
    let store = app.store("shop").await;
    install(&app, &store, &default_recovery_journey_with(0)).await;
    let one = left(&app, &store, "ann@example.com").await;
    start(&app, &store, std::slice::from_ref(&one)).await;
    drain(&engine(&app)).await;
    let run = runs(&app, &store).await.remove(0);
    let mut step = app.db().write().await.expect("a transaction");
    let scoped = step.enter(&store.scope()).await.expect("the store");
    let touched = scoped.update::<journey_run::Entity>().col_expr(journey_run::Column::Visit, Expr::value(2));
    touched.filter(journey_run::Column::Id.eq(run.id)).exec(scoped.on()).await.expect("the run is held");
    let queued = message::ActiveModel {
        store_id: Set(store.id().uuid()),
        id: Set(app.env().uuid()),
        send_key: Set("k".into()),
        run_id: Set(Some(run.id)),
        node: Set("mail_1".into()),
        contact_id: Set(run.contact_id),
        cart_id: Set(run.cart_id),
        channel: Set("email".into()),
        purpose: Set("cart_email".into()),
        content_class: Set("informational".into()),
        template_key: Set("recovery_1".into()),
        status: Set(0),
        next_at: Set(app.env().now()),
        epoch: Set(0),
        attempt: Set(0),
        lane: Set(3),
        created_at: Set(app.env().now()),
        ..Default::default()
    };
    scoped.insert::<message::Entity>(vec![queued]).await.expect("queued");
    let buy = async {
        let mut tx = app.db().write().await.expect("a transaction");
        let scoped = tx.enter(&store.scope()).await.expect("the store");
        let whose = Whose::Cart(CartId(one.cart.id));
        end_runs(&scoped, whose, EndReason::Converted, app.env().now()).await.expect("ended");
        tx.commit().await.expect("committed");
    };
    let mut buy = std::pin::pin!(buy);
    // It gets as far as the lock of the step, and no further.
    let waiting = tokio::time::timeout(std::time::Duration::from_millis(300), &mut buy).await;
    assert!(waiting.is_err(), "the purchase waits for the step");
    step.commit().await.expect("committed");
    buy.await;
    let all = messages(&app, &store).await;
    assert_eq!((all.len(), all[0].status), (1, 4));
}

/// Nine o'clock is each person's own: by their zone, by their country, by the store's.
#[db_test]
async fn a_wait_until_goes_by_the_wall_of_each(app: TestApp) {
    let mut settings = crate::testing::flow::settings();
    settings.set("time_zone", "America/Chicago").expect("a zone");
    let store = app.store_with("shop", true, settings).await;
    let text = r#"{"schema":1,"name":"x","start":"left","nodes":{"left":{"type":"trigger","on":["cart"],"next":"nine"},
        "nine":{"type":"wait_until","time":"09:00","next":"end"},"end":{"type":"exit"}}}"#;
    install(&app, &store, &Definition::from_json(text).expect("read")).await;
    let mut lefts = Vec::new();
    for (email, zone, country) in [
        ("zone@example.com", Some("Asia/Tokyo"), Some("DE")),
        ("country@example.com", None, Some("DE")),
        // Of a country with several the store's, Chicago.
        ("many@example.com", None, Some("US")),
        ("unknown@example.com", None, None),
    ] {
        let one = left(&app, &store, email).await;
        let mut tx = app.db().write().await.expect("a transaction");
        let scoped = tx.enter(&store.scope()).await.expect("the store");
        let change = scoped
            .update::<contact::Entity>()
            .col_expr(contact::Column::TimeZone, Expr::value(zone))
            .col_expr(contact::Column::Country, Expr::value(country))
            .filter(contact::Column::Id.eq(one.contact.uuid()));
        change.exec(scoped.on()).await.expect("changed");
        tx.commit().await.expect("committed");
        lefts.push(one);
    }
    assert_eq!(start(&app, &store, &lefts).await.runs, 4);
    drain(&engine(&app)).await;
    let runs = runs(&app, &store).await;
    let zones = [
        chrono_tz::Asia::Tokyo,
        chrono_tz::Europe::Berlin,
        chrono_tz::America::Chicago,
        chrono_tz::America::Chicago,
    ];
    for (one, zone) in lefts.iter().zip(zones) {
        let run = runs.iter().find(|run| run.contact_id == one.contact.uuid()).expect("a run");
        let nine =
            cartwheel_domain::schedule::next_local(app.env().now(), "09:00".parse().expect("a time"), zone);
        assert_eq!((run.node.as_str(), run.wake_at), ("nine", nine), "{zone}");
    }
    app.allow_leftovers();
}

/// What runs write down about people stands with them, whoever they became meanwhile; who was erased stays so.
#[db_test]
async fn runs_write_down_what_they_learn(app: TestApp) {
    let store = app.store("shop").await;
    let text = r#"{"schema":1,"name":"x","start":"left","nodes":{"left":{"type":"trigger","on":["cart"],"next":"mark"},
        "mark":{"type":"update_contact","add_tags":["left"],"set_traits":{"tier":"gold"},"next":"end"},"end":{"type":"exit"}}}"#;
    install(&app, &store, &Definition::from_json(text).expect("read")).await;
    let (plain, became) =
        (left(&app, &store, "a@example.com").await, left(&app, &store, "b@example.com").await);
    let (another, target) = (left(&app, &store, "d@example.com").await, store.contact("c@example.com").await);
    let twice = Left { contact: plain.contact, ..another };
    let mut tx = app.db().write().await.expect("a transaction");
    let scoped = tx.enter(&store.scope()).await.expect("the store");
    let change =
        scoped.update::<contact::Entity>().col_expr(contact::Column::MergedInto, Expr::value(target.uuid()));
    change.filter(contact::Column::Id.eq(became.contact.uuid())).exec(scoped.on()).await.expect("merged");
    tx.commit().await.expect("committed");
    assert_eq!(start(&app, &store, &[plain.clone(), became.clone(), twice]).await.runs, 3);
    drain(&engine(&app)).await;
    let mut tx = app.db().read().await.expect("a transaction");
    let scoped = tx.enter(&store.scope()).await.expect("the store");
    for (id, marked) in [(plain.contact, true), (became.contact, false), (target, true)] {
        let row = scoped.find::<contact::Entity>().filter(contact::Column::Id.eq(id.uuid())).one(scoped.on());
        let row = row.await.expect("query").expect("the contact");
        let (tags, traits) = if marked { (r#"["left"]"#, r#"{"tier":"gold"}"#) } else { ("[]", "{}") };
        assert_eq!((row.tags.to_string().as_str(), row.traits.to_string().as_str()), (tags, traits));
    }
    drop(tx);
    assert!(runs(&app, &store).await.iter().all(|run| run.end_reason.as_deref() == Some("completed")));
    app.allow_leftovers();
}
