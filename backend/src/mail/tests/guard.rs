//! A store is slowed, paused and let go by what comes back.

use super::{Post, named};
use crate::{
    analytics::{Metric, metrics::Deltas},
    db::StoreScope,
    mail::{
        guard,
        pace::{PAUSED, SLOWED},
    },
    messages::{
        hold,
        model::{QUEUED, SENT},
    },
    testing::{TestApp, TestStore, smtp::SmtpServer},
};
use cartwheel_domain::{
    mail::Judgement,
    time::{DAY, HOUR, MINUTE},
};
use cartwheel_entity::audit_entry;
use cartwheel_macros::db_test;
use sea_orm::{ColumnTrait, QueryFilter};

async fn count(app: &TestApp, store: &TestStore, metric: Metric, n: i64, ago: i64) {
    let mut tx = app.db().write().await.expect("a transaction");
    let scoped = tx.enter(&store.scope()).await.expect("the store");
    let mut deltas = Deltas::new();
    deltas.count(app.env().now() - ago, metric, None, n);
    deltas.write(&scoped).await.expect("counted");
    tx.commit().await.expect("committed");
}

async fn reviewed(app: &TestApp, store: &TestStore) -> Judgement {
    let found = guard::review(app.db(), app.env(), store.id()).await.expect("judged");
    app.stores().forget(store.id());
    found
}

async fn resumed(app: &TestApp, post: &Post) {
    let mut tx = app.db().write().await.expect("a transaction");
    assert!(guard::resume(&mut tx, app.env(), &post.flow.store.scope()).await.expect("resumed"));
    let info = app.stores().by_id(post.flow.store.id()).await.expect("asked").expect("the store");
    let system = tx.system().await.expect("all");
    let which = (info.id.uuid(), info.lane);
    hold::release(&system, which, PAUSED, app.env().now()).await.expect("let go");
    tx.commit().await.expect("committed");
    app.stores().forget(info.id);
}

#[db_test]
async fn a_store_is_slowed_at_two_and_paused_at_five_percent_of_bounces(app: TestApp) {
    let post = Post::new(&app).await;
    let store = &post.flow.store;
    let server = SmtpServer::start().await;
    post.server(&server, named("A")).await;
    count(&app, store, Metric::Mailed, 10, 0).await;
    count(&app, store, Metric::Bounced, 1, 0).await;
    assert_eq!(reviewed(&app, store).await, Judgement::Fine, "one of ten is chance");
    count(&app, store, Metric::Mailed, 990, DAY).await;
    count(&app, store, Metric::Bounced, 18, DAY).await;
    assert_eq!(reviewed(&app, store).await, Judgement::Fine, "1.9 %");
    count(&app, store, Metric::Bounced, 1, DAY).await;
    assert_eq!(reviewed(&app, store).await, Judgement::Slow, "2 %");
    let people: Vec<String> = (0..14).map(|n| format!("p{n}@elsewhere.example")).collect();
    post.due(&people.iter().map(String::as_str).collect::<Vec<_>>()).await;
    post.send().await;
    assert_eq!(server.ledger().len(), 10, "ten a minute");
    let waits: Vec<_> = post.messages().await.into_iter().filter(|m| m.status == QUEUED).collect();
    assert!(waits.iter().all(|m| m.reason.as_deref() == Some(SLOWED)) && waits.len() == 4);
    post.send_for(2 * MINUTE).await;
    assert_eq!(server.ledger().len(), 14);
    count(&app, store, Metric::Bounced, 32, 0).await;
    assert_eq!(reviewed(&app, store).await, Judgement::Pause, "52 of 1,014");
    post.due(&["late@elsewhere.example"]).await;
    post.send_for(10 * HOUR).await;
    assert_eq!(server.ledger().len(), 14, "nothing goes");
    assert!(post.messages().await.iter().any(|m| m.status == QUEUED && m.reason.as_deref() == Some(PAUSED)));
    // Better figures let nobody go who is paused; a person does.
    count(&app, store, Metric::Mailed, 100_000, 0).await;
    assert_eq!(reviewed(&app, store).await, Judgement::Pause);
    guard::sweep(app.db(), app.env()).await.expect("looked");
    resumed(&app, &post).await;
    assert_eq!(reviewed(&app, store).await, Judgement::Fine);
    post.send_for(MINUTE).await;
    assert_eq!(server.ledger().len(), 15, "what waited goes");
    let mut tx = app.db().read().await.expect("a transaction");
    let system = tx.system().await.expect("all");
    let log = system.find::<audit_entry::Entity>().filter(audit_entry::Column::Action.eq("mail.guarded"));
    let states: Vec<String> =
        log.all(system.on()).await.expect("the log").into_iter().filter_map(|e| e.detail).collect();
    assert!(states.len() == 2 && states[0].contains("slow") && states[1].contains("paused"), "{states:?}");
    app.allow_leftovers();
}

/// Let go, a store is judged by what it does from then on.
#[db_test]
async fn what_was_before_somebody_let_it_go_does_not_count_any_more(app: TestApp) {
    let post = Post::new(&app).await;
    let store = &post.flow.store;
    count(&app, store, Metric::Mailed, 2_000, DAY).await;
    count(&app, store, Metric::Mailed, 2_000, 0).await;
    count(&app, store, Metric::Complained, 4, 0).await;
    assert_eq!(reviewed(&app, store).await, Judgement::Pause, "0.1 %");
    resumed(&app, &post).await;
    assert_eq!(reviewed(&app, store).await, Judgement::Fine);
    // A complaint about a mail of this morning, before: of before it is.
    count(&app, store, Metric::Complained, 1, 0).await;
    let mut tx = app.db().write().await.expect("a transaction");
    let scoped = tx.enter(&StoreScope::system(store.id())).await.expect("the store");
    guard::of_before(&scoped, Metric::Complained, app.env().now() - 1).await.expect("noted");
    tx.commit().await.expect("committed");
    count(&app, store, Metric::Mailed, 1_000, 0).await;
    assert_eq!(reviewed(&app, store).await, Judgement::Fine);
    count(&app, store, Metric::Complained, 2, 0).await;
    assert_eq!(reviewed(&app, store).await, Judgement::Pause, "two of a thousand since");
    app.allow_leftovers();
}

#[db_test]
async fn slowed_or_warned_a_store_recovers_with_its_figures(app: TestApp) {
    let post = Post::new(&app).await;
    let store = &post.flow.store;
    count(&app, store, Metric::Mailed, 5_000, 0).await;
    count(&app, store, Metric::Complained, 4, 0).await;
    assert_eq!(reviewed(&app, store).await, Judgement::Warn, "0.08 %");
    app.clock().advance(8 * DAY);
    guard::sweep(app.db(), app.env()).await.expect("looked");
    app.stores().forget(store.id());
    let info = app.stores().by_id(store.id()).await.expect("asked").expect("the store");
    assert_eq!(info.mail_guard, None);
    assert!(post.messages().await.iter().all(|m| m.status == SENT));
}
