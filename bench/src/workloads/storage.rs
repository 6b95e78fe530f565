//! 15: bytes: of an event, and of a run that waits, with all their indexes.

use super::{Doors, introduce, journey, send_all};
use crate::{
    Outcome,
    bench::{Bench, Series},
    clock,
    data::{
        events,
        rows::{Cart, Rows, shares},
    },
    harness::report::Must,
    service::{server::Server, sql::Kind},
};
use serde_json::json;

/// Runs it.
///
/// # Errors
/// What the service does not do.
pub async fn run(bench: &Bench, kind: Kind) -> Outcome {
    let mut series = Series::new("15", kind);
    let event = event(bench, kind, &mut series).await?;
    let run = waiting(bench, kind).await?;
    // The peer's 0.6 to 0.7 kB.
    series.put(&bench.report, "storage: a 433 B event", "B", Must::AtMost(700.0), false, vec![event]);
    series.put(&bench.report, "storage: a waiting run", "B", Must::AtMost(250.0), false, vec![run]);
    Ok(())
}

async fn event(bench: &Bench, kind: Kind, series: &mut Series) -> Outcome<f64> {
    let (n, users) = (bench.scale(100_000, 5_000), bench.scale(10_000, 500));
    let place = bench.place(kind, "storage").await?;
    let server = Server::start(bench, &place, None).await?;
    let doors = Doors::of(&place.stores);
    let at = clock::millis();
    introduce(&server, &doors, 0..users, at).await?;
    let make = |range: std::ops::Range<usize>| {
        range.map(move |i| (i % users, events::cart_event(i, i % users, at + i as i64 / 10)))
    };
    // Every cart is there and full before the first look.
    send_all(&server, doors.batches(make(0..users * events::LINES))).await.all_good()?;
    let mut sql = place.sql().await?;
    let before = sql.size().await?;
    let requests = doors.batches(make(users * events::LINES..users * events::LINES + n));
    let work = async { Ok(send_all(&server, requests).await) };
    let (answers, sample) = bench.sample(n, server.watched(), work).await?;
    answers.all_good()?;
    let each = (sql.size().await? - before) as f64 / n as f64;
    series.add(&bench.report, sample, json!({ "bytes_each": each, "disk_bytes": sql.size().await? }));
    sql.close().await?;
    server.stop().await?;
    place.remove().await;
    Ok(each)
}

async fn waiting(bench: &Bench, kind: Kind) -> Outcome<f64> {
    let place = bench.place(kind, "storage-runs").await?;
    let (mut sql, now) = (place.sql().await?, clock::millis());
    let n = bench.scale(200_000, 5_000);
    for (index, count) in shares(n, place.stores.len()).into_iter().enumerate() {
        let mut rows = Rows { sql: &mut sql, store: &place.stores[index], index, first: 0, count, now };
        let left = Some(now - 3_600_000);
        rows.contacts().await?;
        rows.carts(Cart {
            status: "abandoned",
            idle_at: None,
            abandoned_at: left,
            full: false,
            number: None,
        })
        .await?;
    }
    let before = sql.size().await?;
    for (index, count) in shares(n, place.stores.len()).into_iter().enumerate() {
        let mut rows = Rows { sql: &mut sql, store: &place.stores[index], index, first: 0, count, now };
        rows.runs(journey::standing(now)).await?;
    }
    let each = (sql.size().await? - before) as f64 / n as f64;
    sql.close().await?;
    place.remove().await;
    Ok(each)
}
