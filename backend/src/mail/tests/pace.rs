//! Mail goes as fast as its recipients' domains and its providers take it, in order, and none is lost.

use super::{Post, named};
use crate::{
    channels::email::message::message_id,
    mail::{
        pace::{self, PACED, Pace, WARMING},
        provider::Change,
    },
    messages::model::{QUEUED, SENT},
    testing::{
        TestApp,
        flow::settings,
        smtp::{Act, SmtpServer},
    },
};
use cartwheel_domain::{
    mail::{Booked, Rates, WarmUp},
    settings::StoreSettings,
    time::{DAY, HOUR, MINUTE, SECOND},
};
use cartwheel_entity::mail_pace;
use cartwheel_macros::db_test;
use sea_orm::PaginatorTrait;

fn slowly(rates: &str) -> StoreSettings {
    let mut settings = settings();
    settings.set("mail_rates", rates).expect("rates");
    settings
}

fn people(n: usize, domain: &str) -> Vec<String> {
    (0..n).map(|n| format!("p{n:02}@{domain}")).collect()
}

async fn due(post: &Post, people: &[String]) {
    post.due(&people.iter().map(String::as_str).collect::<Vec<_>>()).await;
}

#[db_test]
async fn a_domain_gets_its_share_a_minute_in_order_and_others_do_not_wait(app: TestApp) {
    let post = Post::with(&app, slowly(r#"{"gmail": 3}"#)).await;
    let server = SmtpServer::start().await;
    post.server(&server, named("A")).await;
    let mut all = people(8, "gmail.com");
    all.extend(people(2, "googlemail.com"));
    all.extend(people(5, "elsewhere.example"));
    due(&post, &all).await;
    post.send().await;
    let to = |domain: &str| server.ledger().iter().filter(|one| one.to.ends_with(domain)).count();
    assert_eq!((to("mail.com"), to("elsewhere.example")), (3, 5), "both names of one provider share");
    let waiting: Vec<_> = post.messages().await.into_iter().filter(|m| m.status == QUEUED).collect();
    assert!(waiting.iter().all(|m| m.reason.as_deref() == Some(PACED)), "{waiting:?}");
    let attempts: Vec<i32> = waiting.iter().map(|m| m.attempt).collect();
    assert_eq!(attempts, [0; 7], "waiting uses up no try");
    let began = app.env().now();
    for minute in 1..=3_usize {
        app.clock().set(began + i64::try_from(minute).expect("small") * MINUTE);
        post.send_for(30 * SECOND).await;
        assert_eq!(to("mail.com"), (3 * minute + 3).min(10), "minute {minute}");
    }
    let mut rows = post.messages().await;
    assert!(rows.iter().all(|m| m.status == SENT));
    // In the order in which they came due, as far as one minute goes before another.
    rows.sort_unstable_by_key(|m| (m.created_at, m.id));
    let ledger = server.ledger();
    let place =
        |id: &str| ledger.iter().position(|one| one.text.contains(id) && one.to.ends_with("mail.com"));
    let ids = rows.iter().map(|m| message_id(&m.send_key, "shop@wheelhouse.example"));
    let places: Vec<usize> = ids.filter_map(|id| place(&id)).collect();
    let mut later = places.clone();
    later.sort_unstable();
    let minute = |at: usize| later.iter().position(|one| *one == at).expect("known") / 3;
    assert!(places.len() == 10 && places.iter().map(|at| minute(*at)).is_sorted(), "{places:?}");
    post.flow.assert_sound().await;
    app.allow_leftovers();
}

#[db_test]
async fn too_many_slows_that_domain_alone(app: TestApp) {
    let post = Post::with(&app, slowly(r#"{"gmail": 4, "elsewhere.example": 4}"#)).await;
    let server = SmtpServer::start().await;
    post.server(&server, named("A")).await;
    server.script([Act::TooMany]);
    due(&post, &people(1, "gmail.com")).await;
    post.send().await;
    assert_eq!(server.ledger().len(), 0);
    let standing = async || {
        let mut tx = app.db().read().await.expect("a transaction");
        let scoped = tx.enter(&post.flow.store.scope()).await.expect("the store");
        pace::standing(&scoped).await.expect("rows")
    };
    let level = |rows: &[mail_pace::Model], scope: &str| {
        rows.iter().find(|row| row.scope == scope).map_or(0, |row| row.slow_level)
    };
    let rows = standing().await;
    assert_eq!((level(&rows, "d:gmail"), level(&rows, "d:elsewhere.example")), (1, 0));
    let mut tx = app.db().write().await.expect("a transaction");
    let scoped = tx.enter(&post.flow.store.scope()).await.expect("the store");
    let scopes = ["d:gmail", "d:elsewhere.example"].map(str::to_owned);
    let mut pace = Pace::load(&scoped, scopes.into()).await.expect("loaded");
    let rates = Rates::from([("gmail".into(), 4), ("elsewhere.example".into(), 4)]);
    let now = app.env().now() + 2 * MINUTE;
    let mut at_once =
        |domain: &str, now| (0..9).filter(|_| pace.at_domain(domain, &rates, now) == Booked::Now).count();
    assert_eq!((at_once("gmail.com", now), at_once("elsewhere.example", now)), (2, 4), "half, for a while");
    assert_eq!(at_once("gmail.com", now + HOUR), 4, "then as before");
    drop(tx);
    app.allow_leftovers();
}

#[db_test]
async fn a_provider_warms_up_and_what_is_too_much_waits_for_the_days_after(app: TestApp) {
    let post = Post::new(&app).await;
    let server = SmtpServer::start().await;
    let warm = Change { warming: Some(true), warm_first: Some(2), ..named("new") };
    post.server(&server, warm).await;
    due(&post, &people(9, "elsewhere.example")).await;
    post.send().await;
    assert_eq!(server.ledger().len(), 2);
    let waits: Vec<_> = post.messages().await.into_iter().filter(|m| m.status == QUEUED).collect();
    assert_eq!(waits.len(), 7);
    assert!(waits.iter().all(|m| m.reason.as_deref() == Some(WARMING)));
    let day = |at: i64| at / DAY * DAY;
    let mut expected = 2;
    for ceiling in [4, 3] {
        app.clock().set(day(app.env().now()) + DAY + HOUR);
        post.send_for(MINUTE).await;
        expected += ceiling;
        assert_eq!(server.ledger().len(), expected);
    }
    assert!(post.messages().await.iter().all(|m| m.status == SENT));
    app.allow_leftovers();
}

/// What waits for its turn longer than a message is tried otherwise does not grow stale by that.
#[db_test]
async fn a_long_warm_up_loses_nothing(app: TestApp) {
    let post = Post::new(&app).await;
    let server = SmtpServer::start().await;
    post.server(&server, Change { warming: Some(true), warm_first: Some(1), ..named("new") }).await;
    due(&post, &people(31, "elsewhere.example")).await;
    for _ in 0..6 {
        post.send_for(MINUTE).await;
        app.clock().set(app.env().now() / DAY * DAY + DAY + HOUR);
    }
    post.send_for(MINUTE).await;
    let first: Vec<_> =
        post.messages().await.into_iter().filter(|m| m.attempt > 0 || m.status == QUEUED).collect();
    assert!(
        first.iter().all(|m| m.status == SENT),
        "{:?}",
        first.iter().map(|m| (m.status, m.reason.clone())).collect::<Vec<_>>()
    );
    assert_eq!(server.ledger().len(), 31, "1, 2, 4, 8, 16");
    app.allow_leftovers();
}

#[db_test]
async fn what_a_new_server_does_not_take_today_goes_by_the_old_one(app: TestApp) {
    let post = Post::new(&app).await;
    let (new, old) = (SmtpServer::start().await, SmtpServer::start().await);
    post.server(&new, Change { warming: Some(true), warm_first: Some(2), ..named("new") }).await;
    post.server(&old, named("old")).await;
    due(&post, &people(6, "elsewhere.example")).await;
    post.send().await;
    assert_eq!((new.ledger().len(), old.ledger().len()), (2, 4));
    app.allow_leftovers();
}

/// Two workers book at the same rows: together they get what one would.
#[db_test]
async fn two_workers_get_together_what_one_would(app: TestApp) {
    let post = Post::with(&app, slowly(r#"{"*": 5}"#)).await;
    let server = SmtpServer::start().await;
    post.server(&server, Change { warming: Some(true), warm_first: Some(4), ..named("A") }).await;
    due(&post, &people(12, "elsewhere.example")).await;
    let other = post.flow.dispatcher();
    let (one, two) = tokio::join!(post.worker.tick(), other.tick());
    (one.expect("a pass"), two.expect("a pass"));
    post.send().await;
    assert_eq!(server.ledger().len(), 4);
    app.clock().set(app.env().now() / DAY * DAY + DAY + HOUR);
    let (one, two) = tokio::join!(post.worker.tick(), other.tick());
    (one.expect("a pass"), two.expect("a pass"));
    post.send().await;
    assert_eq!(server.ledger().len(), 9, "eight were booked for the day, five fit into the minute");
    app.allow_leftovers();
}

/// Where nothing is limited nothing is asked and nothing is written.
#[db_test]
async fn a_store_without_servers_of_its_own_has_no_queues(app: TestApp) {
    let mut post = Post::new(&app).await;
    post.flow.tools.channels.email = Some(post.flow.fake.clone());
    post.flow.tools.usual_mail = true;
    post.worker = post.flow.dispatcher();
    due(&post, &people(20, "gmail.com")).await;
    post.send().await;
    assert_eq!(post.flow.fake.ledger().len(), 20);
    let mut tx = app.db().read().await.expect("a transaction");
    let scoped = tx.enter(&post.flow.store.scope()).await.expect("the store");
    assert_eq!(scoped.find::<mail_pace::Entity>().count(scoped.on()).await.expect("rows"), 0);
    drop(tx);
    assert_eq!(WarmUp::USUAL, 50);
    app.allow_leftovers();
}
