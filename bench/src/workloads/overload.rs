//! 4: three times as many events as the service can take, for a minute. It must say so, and keep what it has promised.

use super::{Doors, beside::user_of, introduce, send_all, store_of};
use crate::{
    Outcome,
    bench::{Bench, Series},
    clock,
    data::events,
    harness::{meter::highest, report::Must},
    load::generator,
    service::{server::Server, sql::Kind},
};
use serde_json::json;

/// Shoppers whose carts change.
const USERS: usize = 20_000;

/// Runs it.
///
/// # Errors
/// What the service does not do.
pub async fn run(bench: &Bench, kind: Kind) -> Outcome {
    let place = bench.place(kind, "overload").await?;
    let server = Server::start(bench, &place, None).await?;
    let doors = Doors::of(&place.stores);
    introduce(&server, &doors, 0..USERS, clock::millis()).await?;
    let mut series = Series::new("4", kind);
    let capacity_n = bench.scale(60_000, 3_000);
    let at = clock::millis();
    let make = |range: std::ops::Range<usize>| {
        range.map(move |i| (i % USERS, events::cart_event(i, i % USERS, at + i as i64 / 10)))
    };
    // What it can take, and what it needs for that.
    let requests = doors.batches(make(0..capacity_n));
    let work = highest(server.pid(), send_all(&server, requests));
    let ((answers, steady), sample) =
        bench.sample(capacity_n, server.watched(), async { Ok(work.await) }).await?;
    answers.all_good()?;
    let capacity = sample.rate();
    series.add(&bench.report, sample, json!({ "phase": "capacity", "steady_mb": steady as f64 / 1e6 }));

    let offered = capacity * 3.0;
    let requests_a_second = offered / 100.0;
    let n = (requests_a_second * bench.scale(60, 5) as f64) as usize;
    let (stores, doors_too) = (doors.len(), doors.clone());
    let make = move |request: usize| {
        // A batch of one store; which one follows from its first user.
        let store = store_of(request, stores);
        let base = capacity_n + request * 100;
        let some: Vec<String> = (0..100)
            .map(|i| {
                events::cart_event(base + i, user_of(store, base + i, stores, USERS), at + request as i64)
            })
            .collect();
        doors_too.post("/v1/batch", store, &events::batch(&some))
    };
    let load = generator::open(server.address, 256, requests_a_second, n, make);
    let work = async { Ok(highest(server.pid(), load).await) };
    let ((answers, most), mut sample) = bench.sample(n * 100, server.watched(), work).await?;
    let (accepted, refused) = (answers.good().count(), answers.with(429));
    sample.latency = answers.latency();
    let wall = sample.measured.wall;
    let p99 = sample.latency.p99_ms;
    let facts = json!({
        "phase": "overload", "offered": offered, "accepted": accepted * 100, "refused": refused * 100,
        "accepted_per_s": (accepted * 100) as f64 / wall, "highest_mb": most as f64 / 1e6,
    });
    series.add(&bench.report, sample, facts);
    let without = answers.0.iter().filter(|d| d.status == 429 && d.retry_after.is_none()).count();
    let other = answers.0.len() - accepted - refused;

    // Afterwards: is it itself again?
    let doors_too = doors.clone();
    let calm = move |i: usize| {
        let user = i % USERS;
        let body = events::cart_event(900_000_000 + i, user, clock::millis());
        doors_too.post("/v1/track", store_of(user, doors_too.len()), &body)
    };
    let after = generator::open(server.address, 16, 50.0, bench.scale(250, 100), calm).await;
    let late = &after.0[after.0.len() / 2..];
    let calm_p99 = crate::harness::stats::Latency::of_micros(late.iter().map(|d| d.micros)).p99_ms;

    let mut sql = place.sql().await?;
    let kept = sql.number("SELECT count(*) FROM event WHERE kind = 'cart_item_added'").await?;
    let promised = (capacity_n + accepted * 100 + after.good().count()) as i64;
    let report = &bench.report;
    let one = |what, unit, must, wall, value: f64| series.put(report, what, unit, must, wall, vec![value]);
    one("overload: memory against steady", "×", Must::AtMost(2.0), false, most as f64 / steady.max(1) as f64);
    one("overload: p99 of what was accepted", "ms", Must::AtMost(1_000.0), true, p99);
    one(
        "overload: refused without Retry-After, or otherwise answered",
        "requests",
        Must::AtMost(0.0),
        false,
        (without + other) as f64,
    );
    one("overload: acknowledged and lost", "events", Must::AtMost(0.0), false, (promised - kept) as f64);
    one(
        "overload: offered against what it can take",
        "×",
        Must::Told,
        true,
        (n * 100) as f64 / wall / capacity,
    );
    one("overload: p99 a few seconds after", "ms", Must::Told, true, calm_p99);
    sql.close().await?;
    server.stop().await?;
    place.remove().await;
    Ok(())
}
