//! A dry run as a row: begun once, shown by all, cancelled at once, taken over when its process dies, gone after a day.

use super::differential::Lived;
use crate::{
    db::{Db, StoreScope},
    dry_run::{
        Asked, DryRunError, Status, Worker, cancel, carts_behind, find,
        job::Job,
        numbers,
        read::{self, Wanted},
        start, sweep,
        worker::LEASE,
    },
    testing::{
        START, TestApp, TestStore,
        database::{analyze, plan},
    },
};
use cartwheel_domain::{
    dry_run::{Tally, kinds},
    event::{Marks, Source},
    ids::{DryRunId, JourneyId},
    journey::{Definition, default_recovery_journey_with},
    money::Currency,
    time::{DAY, HOUR},
};
use cartwheel_entity::{cart, dry_run, dry_run_number, message};
use cartwheel_macros::db_test;
use sea_orm::{ActiveValue::Set, IntoActiveModel, PaginatorTrait};

fn worker(app: &TestApp) -> Worker {
    Worker::new(app.db().clone(), app.env().clone(), app.stores().clone(), app.master_key())
}

async fn ask(
    app: &TestApp,
    store: &TestStore,
    journey: JourneyId,
    definition: &Definition,
    days: i32,
) -> Result<DryRunId, DryRunError> {
    let mut tx = app.db().write().await.expect("a transaction");
    let scoped = tx.enter(&store.scope()).await.expect("the store");
    let asked = Asked { journey, definition: definition.clone(), days, by: None };
    let id = start(&scoped, app.env(), asked).await?;
    tx.commit().await.expect("committed");
    Ok(id)
}

async fn row(db: &Db, store: &TestStore, id: DryRunId) -> dry_run::Model {
    let mut tx = db.read().await.expect("a transaction");
    let scoped = tx.enter(&store.scope()).await.expect("the store");
    find(&scoped, id).await.expect("asked").expect("the dry run")
}

async fn rows_of(app: &TestApp, store: &TestStore, id: DryRunId) -> Vec<dry_run_number::Model> {
    let mut tx = app.db().read().await.expect("a transaction");
    let scoped = tx.enter(&store.scope()).await.expect("the store");
    numbers(&scoped, id).await.expect("numbers")
}

fn n(rows: &[dry_run_number::Model], kind: &str) -> i64 {
    rows.iter().filter(|r| r.kind == kind && r.node.is_none()).map(|r| r.n).sum()
}

#[db_test]
async fn a_dry_run_comes_to_what_the_engine_did_and_shows_the_carts(app: TestApp) {
    app.allow_leftovers();
    let lived = Lived::through(&app, 3, 14).await;
    let (store, runs, messages) = (&lived.flow.store, lived.flow.runs().await, lived.flow.messages().await);
    lived.forget_updates(&app).await;
    let id = ask(&app, store, lived.journey, &lived.definition, 90).await.expect("begun");
    assert!(matches!(ask(&app, store, lived.journey, &lived.definition, 30).await, Err(DryRunError::Going)));
    let worker = worker(&app);
    while worker.tick().await.expect("a slice") {}
    let done = row(app.db(), store, id).await;
    assert_eq!((Status::of(&done), done.people), (Status::Done, Some(done.done)));
    assert!(done.events > 20 && done.finished_at.is_some() && done.lease_owner.is_none());
    let rows = rows_of(&app, store, id).await;
    let sent = messages.iter().filter(|m| m.status == 3).count() as i64;
    let suppressed = messages.iter().filter(|m| m.status == 5).count() as i64;
    assert_eq!(
        (n(&rows, kinds::ENTERED), n(&rows, kinds::SENT), n(&rows, kinds::SUPPRESSED)),
        (runs.len() as i64, sent, suppressed)
    );
    let ended = runs.iter().filter(|r| r.status == 2).count() as i64;
    assert_eq!((n(&rows, kinds::ENDED), n(&rows, kinds::STILL_IN)), (ended, runs.len() as i64 - ended));
    assert!(rows.iter().all(|r| r.carts.is_empty()), "the carts come when they are asked for");
    let entered = rows.iter().find(|r| r.kind == kinds::ENTERED).expect("entries");
    let mut tx = app.db().read().await.expect("a transaction");
    let scoped = tx.enter(&store.scope()).await.expect("the store");
    let mut behind = carts_behind(&scoped, id, entered.place).await.expect("carts");
    behind.sort();
    let mut theirs: Vec<_> =
        runs.iter().filter_map(|r| r.cart_id).map(cartwheel_domain::ids::CartId).collect();
    theirs.sort();
    theirs.dedup();
    assert_eq!((behind.len() as i64, behind), (entered.of_carts, theirs));
    assert!(carts_behind(&scoped, id, 9_999).await.expect("none").is_empty());
    // Nothing was sent, and nothing but the dry run was written.
    drop(tx);
    assert_eq!((lived.flow.runs().await, lived.flow.messages().await), (runs, messages));
}

#[db_test]
async fn what_cannot_be_played_is_refused(app: TestApp) {
    app.allow_leftovers();
    let lived = Lived::through(&app, 0, 1).await;
    let (store, journey, sound) = (&lived.flow.store, lived.journey, default_recovery_journey_with(10));
    assert!(matches!(ask(&app, store, journey, &sound, 31).await, Err(DryRunError::Days)));
    let other = app.store("other").await;
    let foreign = ask(&app, &other, journey, &sound, 30).await.expect_err("another store's journey");
    assert_eq!(foreign.to_string(), format!("there is no journey {journey}"));
    let mut unsound = sound.clone();
    unsound.nodes.retain(|_, node| !matches!(node, cartwheel_domain::journey::Node::Exit(_)));
    let said = ask(&app, store, journey, &unsound, 30).await.expect_err("unsound").to_string();
    assert!(said.contains("cannot be published"), "{said}");
    let mut wordless = sound.clone();
    for node in wordless.nodes.values_mut() {
        if let cartwheel_domain::journey::Node::Message(message) = node {
            message.template = "nowhere".into();
        }
    }
    let said = ask(&app, store, journey, &wordless, 30).await.expect_err("no text").to_string();
    assert!(said.contains("there is no template \"nowhere\""), "{said}");
}

#[db_test]
async fn cancelling_ends_it_at_once_and_another_may_begin(app: TestApp) {
    app.allow_leftovers();
    let lived = Lived::through(&app, 1, 6).await;
    let store = &lived.flow.store;
    let id = ask(&app, store, lived.journey, &lived.definition, 30).await.expect("begun");
    let worker = worker(&app);
    // In hand, and then cancelled by somebody else's process.
    let (fate, _) = crate::crash::armed("dry_run.played", 1, worker.tick()).await;
    assert!(matches!(fate, crate::crash::Fate::Died));
    crate::testing::database::await_idle(app.db()).await;
    let mut tx = app.db().write().await.expect("a transaction");
    let scoped = tx.enter(&store.scope()).await.expect("the store");
    assert!(cancel(&scoped, id, app.env().now()).await.expect("cancelled"));
    assert!(!cancel(&scoped, id, app.env().now()).await.expect("over already"));
    tx.commit().await.expect("committed");
    app.clock().advance(LEASE + 1);
    assert!(!worker.tick().await.expect("nothing to do"));
    assert_eq!(Status::of(&row(app.db(), store, id).await), Status::Cancelled);
    assert!(rows_of(&app, store, id).await.is_empty());
    let again = ask(&app, store, lived.journey, &lived.definition, 30).await.expect("begun");
    while worker.tick().await.expect("a slice") {}
    assert_eq!(Status::of(&row(app.db(), store, again).await), Status::Done);
}

#[db_test]
async fn a_late_worker_writes_nothing_over_what_was_cancelled(app: TestApp) {
    app.allow_leftovers();
    let lived = Lived::through(&app, 1, 6).await;
    let store = &lived.flow.store;
    let id = ask(&app, store, lived.journey, &lived.definition, 30).await.expect("begun");
    // Claimed by one that sleeps, and cancelled meanwhile: its slices go on, and change nothing.
    let sleeper = worker(&app);
    let job = sleeper.claim().await.expect("asked").expect("claimed");
    let mut tx = app.db().write().await.expect("a transaction");
    let scoped = tx.enter(&store.scope()).await.expect("the store");
    cancel(&scoped, id, app.env().now()).await.expect("cancelled");
    tx.commit().await.expect("committed");
    let mut job: Job = job;
    while !job.is_over() {
        job.advance(app.db(), &app.master_key()).await.expect("a portion");
    }
    assert!(!sleeper.report(&job).await.expect("told"), "it learns that nobody waits for it");
    sleeper.finish(&job).await.expect("no fault");
    assert_eq!(Status::of(&row(app.db(), store, id).await), Status::Cancelled);
    assert!(rows_of(&app, store, id).await.is_empty());
}

#[db_test]
async fn a_dead_process_is_taken_over_and_not_for_ever(app: TestApp) {
    app.allow_leftovers();
    let lived = Lived::through(&app, 2, 6).await;
    let store = &lived.flow.store;
    for (deaths, end) in [(2, Status::Done), (3, Status::Failed)] {
        let id = ask(&app, store, lived.journey, &lived.definition, 30).await.expect("begun");
        for _ in 0..deaths {
            app.dies("dry_run.before_commit", 1, worker(&app).tick()).await;
            let held = row(app.db(), store, id).await;
            assert_eq!(Status::of(&held), Status::Running);
            let other = worker(&app);
            assert!(!other.tick().await.expect("asked"), "its lease is not over");
            app.clock().advance(LEASE + 1);
        }
        let heir = worker(&app);
        while heir.tick().await.expect("a slice") {}
        let over = row(app.db(), store, id).await;
        assert_eq!(Status::of(&over), end);
        assert_eq!(over.reason.as_deref(), (end == Status::Failed).then_some("interrupted"));
        assert_eq!(rows_of(&app, store, id).await.is_empty(), end == Status::Failed);
    }
}

#[db_test]
async fn a_dry_run_is_gone_after_a_day_with_its_numbers(app: TestApp) {
    app.allow_leftovers();
    let lived = Lived::through(&app, 1, 6).await;
    let store = &lived.flow.store;
    let id = ask(&app, store, lived.journey, &lived.definition, 30).await.expect("begun");
    let worker = worker(&app);
    while worker.tick().await.expect("a slice") {}
    assert!(!rows_of(&app, store, id).await.is_empty());
    app.clock().advance(DAY - HOUR);
    assert_eq!(sweep(app.db(), app.env().now()).await.expect("swept"), 0);
    app.clock().advance(HOUR + 1);
    assert_eq!(sweep(app.db(), app.env().now()).await.expect("swept"), 1);
    let mut tx = app.db().read().await.expect("a transaction");
    let system = tx.system().await.expect("all");
    assert_eq!(system.find::<dry_run_number::Entity>().count(system.on()).await.expect("none"), 0);
}

/// Two stores and two workers: side by side, and each store's own numbers.
#[db_test]
async fn stores_do_not_wait_for_each_other(app: TestApp) {
    app.allow_leftovers();
    let (one, two) = (Lived::through(&app, 1, 6).await, Lived::through(&app, 2, 6).await);
    let first = ask(&app, &one.flow.store, one.journey, &one.definition, 90).await.expect("begun");
    let second = ask(&app, &two.flow.store, two.journey, &two.definition, 90).await.expect("begun");
    let (a, b) = (worker(&app), worker(&app));
    while a.tick().await.expect("a slice") | b.tick().await.expect("a slice") {}
    for (lived, id) in [(&one, first), (&two, second)] {
        let store = &lived.flow.store;
        assert_eq!(Status::of(&row(app.db(), store, id).await), Status::Done);
        let entered = n(&rows_of(&app, store, id).await, kinds::ENTERED);
        assert_eq!(entered, lived.flow.runs().await.len() as i64);
    }
}

/// People are played in portions of any size with one result.
#[db_test]
async fn the_size_of_a_portion_changes_nothing(app: TestApp) {
    app.allow_leftovers();
    let lived = Lived::through(&app, 4, 12).await;
    let store = &lived.flow.store;
    let id = ask(&app, store, lived.journey, &lived.definition, 90).await.expect("begun");
    let of = async |together: usize| -> Tally {
        let info = app.stores().by_id(store.id()).await.expect("asked").expect("the store");
        let mut job = Job::new(&row(app.db(), store, id).await, info).expect("a job");
        while !job.is_over() {
            job.read_together(together);
            job.advance(app.db(), &app.master_key()).await.expect("a portion");
        }
        job.tally
    };
    let whole = of(512).await;
    assert!(whole.n(kinds::ENTERED, None) > 5);
    for together in [1, 2, 5] {
        assert_eq!(of(together).await, whole, "{together} together");
    }
}

/// So many carts and messages of nobody who is asked about, so that PostgreSQL does not take a table for one that is read as fast as its
/// index.
async fn crowd(app: &TestApp, store: &TestStore, n: i64) {
    let (store_id, stranger) = (store.id().uuid(), store.contact("crowd@example.com").await.uuid());
    let left = |at: i64| {
        let (id, currency, marks) = (app.env().uuid(), Currency::EUR, Marks::default());
        crate::carts::created(store_id, id, Source::Api, currency, marks, at).into_active_model()
    };
    let sent = |at: i64| message::ActiveModel {
        store_id: Set(store_id),
        id: Set(app.env().uuid()),
        send_key: Set(format!("crowd {at}")),
        node: Set("mail_1".into()),
        contact_id: Set(stranger),
        channel: Set("email".into()),
        purpose: Set("cart_email".into()),
        content_class: Set("informational".into()),
        template_key: Set("recovery_1".into()),
        status: Set(3),
        next_at: Set(at),
        epoch: Set(1),
        attempt: Set(1),
        lane: Set(0),
        created_at: Set(at),
        ..Default::default()
    };
    let mut tx = app.db().write().await.expect("a transaction");
    let scoped = tx.enter(&store.scope()).await.expect("the store");
    for first in (START..START + n).step_by(100) {
        scoped.insert::<cart::Entity>((first..first + 100).map(left).collect()).await.expect("carts");
        scoped.insert::<message::Entity>((first..first + 100).map(sent).collect()).await.expect("messages");
    }
    tx.commit().await.expect("committed");
    if app.db().file().is_none() {
        analyze(app.db()).await;
    }
}

/// Every question goes by an index, however much is stored.
#[db_test]
async fn questions_go_by_their_indexes(app: TestApp) {
    app.allow_leftovers();
    let lived = Lived::through(&app, 1, 4).await;
    crowd(&app, &lived.flow.store, 2_000).await;
    let mut tx = app.db().read().await.expect("a transaction");
    let scoped = tx.enter(&StoreScope::system(lived.flow.store.id())).await.expect("the store");
    let info = app.stores().by_id(lived.flow.store.id()).await.expect("asked").expect("the store");
    let wanted = Wanted::new(lived.journey, &lived.definition, &info.settings, 0);
    let (people, carts) = (vec![app.env().uuid(); 8], vec![app.env().uuid(); 8]);
    let after = Some((app.env().now(), app.env().uuid()));
    for (said, index) in [
        (plan(&scoped, read::listing(&scoped, 0, after)).await, "cart_list"),
        (plan(&scoped, read::of_carts(&scoped, &carts)).await, "event_cart"),
        (plan(&scoped, read::of_people(&scoped, &wanted, &people)).await, "event_contact"),
        (plan(&scoped, read::carts_of(&scoped, &people)).await, "cart_contact"),
        (plan(&scoped, read::sent_to(&scoped, &wanted, &people[..1])).await, "message_contact"),
        (plan(&scoped, read::orders_of(&scoped, &people[..1])).await, "shop_order_contact"),
    ] {
        assert!(said.contains(index), "{index} in\n{said}");
        assert!(!said.contains("TEMP B-TREE"), "{said}");
    }
}
