//! Retries, outages, ends and replays, in virtual time.

use super::*;
use crate::{
    accounts::mailbox::Letter,
    testing::mails,
    webhooks::{DELIVERED, FAILED, WAITING, replay, retry::PAUSES},
};
use cartwheel_domain::time::{DAY, HOUR, MINUTE, Millis, SECOND};
use cartwheel_entity::audit_entry;
use std::{
    collections::BTreeSet,
    sync::atomic::{AtomicBool, Ordering},
};

/// Moves the clock to the next due delivery and lets the courier work, until `until` or nothing waits.
async fn run_to(hooked: &Hooked, courier: &Courier, until: Millis) {
    loop {
        let now = hooked.app.env().now();
        let rows = hooked.deliveries().await;
        let next = rows.iter().filter(|row| row.status == WAITING).map(|row| row.next_at).min();
        match next {
            Some(at) if at <= until => {
                hooked.app.clock().set(at.max(now));
                while courier.tick().await.expect("a pass").claimed > 0 {}
            }
            _ => {
                hooked.app.clock().set(until.max(now));
                return;
            }
        }
    }
}

#[db_test]
async fn the_documented_schedule_is_kept_under_one_id(app: TestApp) {
    let well = Arc::new(AtomicBool::new(false));
    let answers = Arc::clone(&well);
    let receiver = Receiver::start(move |_, _| match answers.load(Ordering::SeqCst) {
        true => Answer::status(204, "", ""),
        false => Answer::status(500, "", "down\u{0}\u{7} for <now>"),
    })
    .await;
    let hooked = Hooked::new(&app, &receiver.url("/")).await;
    let (id, begun, courier) = (hooked.happen().await, app.env().now(), hooked.courier());
    run_to(&hooked, &courier, begun + 40 * HOUR).await;
    let attempts = hooked.attempts(id).await;
    assert_eq!(attempts.len(), 8, "at once, 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 10 h");
    assert_eq!(attempts[0].started_at, begun);
    for (i, step) in PAUSES.into_iter().enumerate() {
        let pause = attempts[i + 1].started_at - attempts[i].started_at;
        assert!((step..=step + step / 5).contains(&pause), "attempt {}: {pause}", i + 2);
    }
    assert!(attempts.iter().all(|a| a.status == Some(500) && a.answer.as_deref() == Some("down for <now>")));
    let row = hooked.row(id).await;
    assert_eq!((row.status, row.reason.as_deref(), row.attempt), (FAILED, Some("gave_up"), 8));

    // Replayed, it begins the schedule anew under the same id; the signature is of now.
    well.store(true, Ordering::SeqCst);
    let mut tx = app.db().write().await.expect("a transaction");
    let scoped = tx.enter(&hooked.store.scope()).await.expect("the store");
    replay::one(&scoped, app.env(), id).await.expect("again");
    tx.commit().await.expect("committed");
    let replayed_at = app.env().now();
    run_to(&hooked, &courier, replayed_at + HOUR).await;
    let row = hooked.row(id).await;
    assert_eq!((row.status, row.reason, row.attempt), (DELIVERED, None, 9));
    let calls = receiver.calls();
    let ids: BTreeSet<&str> = calls.iter().map(|call| call.header("webhook-id")).collect();
    let bodies: BTreeSet<&str> = calls.iter().map(|call| call.body.as_str()).collect();
    assert_eq!((calls.len(), ids.len(), bodies.len()), (9, 1, 1));
    assert!(calls.iter().all(|call| call.signed_by(&hooked.secret)));
    assert_eq!(hooked.endpoint().await.failures, 0, "one answer mends its record");
}

#[db_test]
async fn a_day_of_outage_loses_nothing(app: TestApp) {
    let well = Arc::new(AtomicBool::new(false));
    let answers = Arc::clone(&well);
    let receiver = Receiver::start(move |_, _| match answers.load(Ordering::SeqCst) {
        true => Answer::ok(),
        false => Answer::status(503, "", ""),
    })
    .await;
    let hooked = Hooked::new(&app, &receiver.url("/")).await;
    let (courier, begun) = (hooked.courier(), app.env().now());
    let mut told = BTreeSet::new();
    for n in 0..24 {
        told.insert(hooked.happen().await.to_string());
        run_to(&hooked, &courier, begun + (n + 1) * HOUR).await;
    }
    assert!(hooked.endpoint().await.off_why.is_none(), "a day is not five");
    well.store(true, Ordering::SeqCst);
    run_to(&hooked, &courier, begun + 3 * DAY).await;
    let rows = hooked.deliveries().await;
    assert_eq!(rows.iter().filter(|row| row.status == DELIVERED).count(), 24);
    let heard: BTreeSet<String> =
        receiver.calls().iter().map(|c| c.header("webhook-id").to_owned()).collect();
    assert_eq!(heard, told);
}

async fn audit(app: &TestApp) -> Vec<String> {
    let mut tx = app.db().read().await.expect("a transaction");
    let system = tx.system().await.expect("all");
    let rows = system.find::<audit_entry::Entity>().all(system.on()).await.expect("rows");
    rows.into_iter().map(|row| format!("{} {}", row.action, row.detail.unwrap_or_default())).collect()
}

#[db_test]
async fn five_days_of_failures_switch_an_endpoint_off_with_notice(app: TestApp) {
    let receiver = Receiver::start(|_, _| Answer::status(500, "", "")).await;
    let hooked = Hooked::new(&app, &receiver.url("/secret-path")).await;
    let (courier, begun) = (hooked.courier(), app.env().now());
    let mut off_at = None;
    for n in 1..=60 {
        if off_at.is_none() {
            hooked.happen().await;
        }
        run_to(&hooked, &courier, begun + n * 3 * HOUR).await;
        let endpoint = hooked.endpoint().await;
        if let (None, Some(why)) = (off_at, &endpoint.off_why) {
            assert_eq!(why, "failing");
            off_at = endpoint.off_at;
        }
    }
    let off_at = off_at.expect("off");
    assert!((5 * DAY..5 * DAY + 10 * HOUR).contains(&(off_at - begun)), "{} h", (off_at - begun) / HOUR);
    assert!(hooked.deliveries().await.iter().all(|row| row.status == FAILED));
    let info = app.stores().by_id(hooked.store.id()).await.expect("asked").expect("there");
    assert!(info.hooks.is_empty(), "nothing is written down for it any more");
    let log = audit(&app).await;
    assert_eq!(
        log.iter().filter(|e| e.contains("webhook.switched_off") && e.contains("failing")).count(),
        1,
        "{log:?}"
    );
    let letters: Vec<_> = mails(&app).await.into_iter().map(|mail| (mail.to, mail.letter)).collect();
    let [(to, Letter::WebhookOff { store, host, page, gone: false })] = &letters[..] else {
        panic!("{letters:?}")
    };
    assert_eq!((to.as_str(), store.as_str(), host.as_str()), ("shop@owner.example", "shop", "127.0.0.1"));
    assert!(page.contains(&hooked.store.id().to_string()) && !format!("{letters:?}").contains("secret-path"));

    // Switched on again, what has failed is told again.
    hooked.change(Change { on: Some(true), ..Change::default() }).await;
    assert_eq!((hooked.endpoint().await.failures, hooked.endpoint().await.failing_since), (0, None));
    let mut tx = app.db().write().await.expect("a transaction");
    let scoped = tx.enter(&hooked.store.scope()).await.expect("the store");
    let all = replay::failed(&scoped, app.env(), hooked.id, 0).await.expect("again");
    let none = replay::failed(&scoped, app.env(), hooked.id, app.env().now() + 1).await.expect("again");
    assert!(all >= 40 && none == 0, "{all} {none}");
    app.allow_leftovers();
}

/// Failures on two days that lie far apart are no five days of failures.
#[db_test]
async fn a_quiet_week_between_failures_is_no_reason(app: TestApp) {
    let receiver = Receiver::start(|_, _| Answer::status(500, "", "")).await;
    let hooked = Hooked::new(&app, &receiver.url("/")).await;
    let (courier, begun) = (hooked.courier(), app.env().now());
    for week in 0..3 {
        hooked.happen().await;
        run_to(&hooked, &courier, begun + (week + 1) * 7 * DAY).await;
    }
    let endpoint = hooked.endpoint().await;
    assert_eq!((endpoint.off_why, endpoint.failures), (None, 24));
    assert_eq!(endpoint.failing_since, Some(begun + 14 * DAY));
}

#[db_test]
async fn gone_is_gone(app: TestApp) {
    let receiver = Receiver::start(|_, _| Answer::status(410, "", "bye")).await;
    let hooked = Hooked::new(&app, &receiver.url("/")).await;
    let (first, courier) = (hooked.happen().await, hooked.courier());
    courier.tick().await.expect("a pass");
    let endpoint = hooked.endpoint().await;
    assert_eq!((endpoint.off_why.as_deref(), endpoint.off_at), (Some("gone"), Some(app.env().now())));
    assert_eq!(hooked.row(first).await.reason.as_deref(), Some("gone"));
    assert!(
        matches!(&mails(&app).await[..], [mail] if matches!(mail.letter, Letter::WebhookOff { gone: true, .. }))
    );
    hooked.happen().await;
    assert_eq!(hooked.deliveries().await.len(), 1, "it is told nothing any more");
    let mut tx = app.db().write().await.expect("a transaction");
    let scoped = tx.enter(&hooked.store.scope()).await.expect("the store");
    let refused = replay::one(&scoped, app.env(), first).await.expect_err("refused");
    assert!(matches!(refused, endpoint::HookError::Off));
}

/// What a receiver asks for is heeded, in seconds or as a date, within reason; and only where it means something.
#[db_test]
async fn retry_after_is_heeded(app: TestApp) {
    let headers = [
        (429, "retry-after: 120\r\n", 120 * SECOND, 120 * SECOND),
        (503, "retry-after: Mon, 02 Mar 2026 10:10:00 GMT\r\n", 10 * MINUTE, 10 * MINUTE),
        (429, "retry-after: 999999999999999999999\r\n", 10 * HOUR, 10 * HOUR),
        (429, "retry-after: soon\r\n", 5 * SECOND, 6 * SECOND),
        (429, "retry-after: -5\r\n", 5 * SECOND, 6 * SECOND),
        (500, "retry-after: 120\r\n", 5 * SECOND, 6 * SECOND),
        (503, "retry-after: Mon, 02 Mar 2020 10:10:00 GMT\r\n", 5 * SECOND, 6 * SECOND),
    ];
    let receiver = Receiver::start(move |call, _| {
        let n: usize = call.line.split(['/', ' ']).nth(2).and_then(|n| n.parse().ok()).expect("a number");
        Answer::status(headers[n].0, headers[n].1, "")
    })
    .await;
    let store = app.store("shop").await;
    for (n, (_, header, least, most)) in headers.iter().enumerate() {
        let (id, secret) = endpoint_of(&app, &store, &receiver.url(&format!("/{n}"))).await;
        let hooked = Hooked { app: app.clone(), store: store.clone(), id, secret };
        let delivery = hooked.happen().await;
        hooked.courier().tick().await.expect("a pass");
        let pause = hooked.row(delivery).await.next_at - app.env().now();
        assert!((*least..=*most).contains(&pause), "{header}: {pause}");
        hooked.change(Change { on: Some(false), ..Change::default() }).await;
    }
}

/// An endpoint that takes connections and says nothing keeps nobody waiting, of its own store or another's.
#[db_test]
async fn a_dead_endpoint_holds_nobody_up(app: TestApp) {
    let dead = Receiver::start(|_, _| Answer::Stares).await;
    let alive = Receiver::start(|_, _| Answer::ok()).await;
    let hooked = Hooked::new(&app, &dead.url("/")).await;
    let neighbour = app.store("neighbour").await;
    for _ in 0..300 {
        hooked.happen().await;
    }
    let (own, secret) = endpoint_of(&app, &hooked.store, &alive.url("/own")).await;
    let own = Hooked { app: app.clone(), store: hooked.store.clone(), id: own, secret };
    let (theirs, secret) = endpoint_of(&app, &neighbour, &alive.url("/theirs")).await;
    let theirs = Hooked { app: app.clone(), store: neighbour, id: theirs, secret };
    let (a, b) = (own.happen().await, theirs.happen().await);
    let courier = Arc::new(hooked.courier());
    let mut passes = 0;
    while (own.row(a).await.status, theirs.row(b).await.status) != (DELIVERED, DELIVERED) {
        courier.tick().await.expect("a pass");
        app.clock().advance(SECOND / 5);
        passes += 1;
        assert!(passes <= 8, "the others wait behind a dead endpoint");
    }
    // Its circuit is open: nobody knocks, and no attempts are used up while it rests.
    while hooked.deliveries().await.iter().any(|row| row.status == crate::webhooks::IN_HAND) {
        courier.tick().await.expect("a pass");
        tokio::task::yield_now().await;
    }
    let endpoint = hooked.endpoint().await;
    assert!(endpoint.failures >= 5 && endpoint.resting_until > Some(app.env().now()), "{endpoint:?}");
    let before = dead.calls().len();
    app.clock().advance(10 * SECOND);
    while courier.tick().await.expect("a pass").claimed > 0 {}
    assert_eq!(dead.calls().len(), before, "it is left alone");
    let tried = hooked.deliveries().await.iter().filter(|row| row.attempt > 0).count();
    assert!(tried <= 130, "{tried} of 301 were tried");
    app.allow_leftovers();
}
