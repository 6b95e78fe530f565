//! A courier that dies at each of its points, and the one that comes after it.

use super::*;
use crate::webhooks::DELIVERED;
use cartwheel_domain::time::HOUR;
use std::collections::BTreeSet;

const POINTS: [&str; 7] = [
    "courier.claimed",
    "courier.before_commit",
    "courier.taken",
    "courier.called",
    "courier.answered",
    "courier.recorded",
    // Never dies: the control.
    "",
];

/// At least once, under one id: whatever dies, the receiver hears of it, and can tell a repeat.
#[db_test]
async fn whatever_dies_it_is_told_under_one_id(app: TestApp) {
    let receiver = Receiver::start(|_, _| Answer::ok()).await;
    let hooked = Hooked::new(&app, &receiver.url("/")).await;
    for point in POINTS {
        let before = receiver.calls().len();
        let id = hooked.happen().await;
        let first = hooked.courier();
        if point.is_empty() {
            first.tick().await.expect("a pass");
        } else {
            app.dies(point, 1, first.tick()).await;
        }
        let second = hooked.courier();
        // Before its lease is over nobody takes it from the dead one.
        assert_eq!(second.rescue().await.expect("looked"), 0, "{point}");
        app.clock().advance(HOUR + 1);
        second.rescue().await.expect("looked");
        while second.tick().await.expect("a pass").claimed > 0 {}
        let row = hooked.row(id).await;
        assert_eq!((row.status, row.lease_owner), (DELIVERED, None), "{point}");
        let calls = receiver.calls().split_off(before);
        let ids: BTreeSet<&str> = calls.iter().map(|call| call.header("webhook-id")).collect();
        assert_eq!(ids, [id.to_string().as_str()].into(), "{point}");
        let again = point == "courier.called";
        assert_eq!(calls.len(), 1 + usize::from(again), "{point}");
        let attempts = hooked.attempts(id).await;
        assert!(attempts.iter().all(|a| a.finished_at.is_some()), "{point}: {attempts:?}");
        let lost = attempts.iter().filter(|a| a.outcome.as_deref() == Some("worker_lost")).count();
        assert_eq!(lost, usize::from(matches!(point, "courier.taken" | "courier.called")), "{point}");
    }
}

/// A worker that comes to itself after its lease writes nothing over what another has done since.
#[db_test]
async fn a_late_worker_is_fenced_off(app: TestApp) {
    let receiver = Receiver::start(|_, _| Answer::ok()).await;
    let hooked = Hooked::new(&app, &receiver.url("/")).await;
    let id = hooked.happen().await;
    let late = hooked.courier();
    let (claimed, jobs) = late.take().await.expect("taken");
    assert_eq!((claimed, jobs.len()), (1, 1));
    app.clock().advance(HOUR + 1);
    let other = hooked.courier();
    assert_eq!(other.rescue().await.expect("looked"), 1);
    other.tick().await.expect("a pass");
    let settled = hooked.row(id).await;
    assert_eq!(settled.status, DELIVERED);
    assert_eq!(late.call_all(jobs).await.expect("nothing"), 0, "its answer finds another epoch");
    assert_eq!(hooked.row(id).await, settled);
    assert_eq!(receiver.calls().len(), 1, "nor does it call after its lease");
    // Two at once take one row once.
    let next = hooked.happen().await;
    let (a, b) = (hooked.courier(), hooked.courier());
    let (a, b) = futures_util::future::join(a.tick(), b.tick()).await;
    assert_eq!(a.expect("a pass").called + b.expect("a pass").called, 1);
    assert_eq!(hooked.row(next).await.attempt, 1);
}

/// After a backup was put in place nothing is told by itself: it may have been told since.
#[db_test]
async fn a_restored_backup_tells_nothing_by_itself(app: TestApp) {
    let receiver = Receiver::start(|_, _| Answer::ok()).await;
    let hooked = Hooked::new(&app, &receiver.url("/")).await;
    let id = hooked.happen().await;
    crate::messages::cancel::after_restore(app.db(), app.env().now()).await.expect("stopped");
    hooked.courier().tick().await.expect("a pass");
    assert!(receiver.calls().is_empty());
    assert_eq!(hooked.row(id).await.reason.as_deref(), Some("restored"));
}
