//! 14: memory and start: idle with all stores, after a burst, and with a million runs that wait.

use super::{Doors, burst::burst, journey, no_delay};
use crate::{
    Outcome,
    bench::{Bench, Sample, Series},
    clock,
    data::rows::{Cart, Rows, shares},
    harness::{meter::Meter, process, report::Must, stats::Latency},
    service::{server::Server, sql::Kind},
    sink::Sink,
};
use serde_json::json;
use std::time::Duration;

/// Runs it.
///
/// # Errors
/// What the service does not do.
pub async fn run(bench: &Bench, kind: Kind) -> Outcome {
    let place = bench.place(kind, "memory").await?;
    no_delay(&place).await?;
    let sink = Sink::start(&place.folder.join("sent"))?;
    let mut series = Series::new("14", kind);
    let (mut starts, mut idles) = (Vec::new(), Vec::new());
    for _ in 0..bench.repeats() {
        let server = Server::start(bench, &place, Some(sink.url())).await?;
        starts.push(server.started_in.as_secs_f64() * 1_000.0);
        idles.push(rest(bench, &mut series, &server, "idle", 3).await?);
        server.stop().await?;
    }
    let server = Server::start(bench, &place, Some(sink.url())).await?;
    let idle = rest(bench, &mut series, &server, "idle", 3).await?;
    let mut sql = place.sql().await?;
    let n = bench.scale(10_000, 500);
    let (_, sample) = burst(bench, &server, &sink, &Doors::of(&place.stores), 0..n, &mut sql).await?;
    series.add(&bench.report, sample, json!({ "phase": "burst" }));
    let peak = process::usage(server.pid()).map_or(0.0, |u| u.peak as f64 / 1e6);
    let after =
        rest(bench, &mut series, &server, "a minute after the burst", bench.scale(60, 5) as u64).await?;
    server.stop().await?;
    sql.close().await?;
    place.remove().await;

    let crowded = bench.place(kind, "memory-million").await?;
    let mut sql = crowded.sql().await?;
    let (waiting, now) = (bench.scale(1_000_000, 5_000), clock::millis());
    eprintln!("    writing {waiting} waiting runs ({})", kind.as_str());
    for (index, count) in shares(waiting, crowded.stores.len()).into_iter().enumerate() {
        let mut rows = Rows { sql: &mut sql, store: &crowded.stores[index], index, first: 0, count, now };
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
        rows.runs(journey::standing(now)).await?;
    }
    sql.size().await?;
    sql.close().await?;
    let server = Server::start(bench, &crowded, None).await?;
    let start_crowded = server.started_in.as_secs_f64() * 1_000.0;
    let with_waiting = rest(bench, &mut series, &server, "a million wait", 10).await?;
    server.stop().await?;
    crowded.remove().await;

    let report = &bench.report;
    series.put(report, "start until ready", "ms", Must::AtMost(1_000.0), true, starts);
    series.put(
        report,
        "start until ready, a million wait",
        "ms",
        Must::AtMost(1_000.0),
        true,
        vec![start_crowded],
    );
    series.put(report, "memory, idle with all stores", "MB", Must::AtMost(60.0), false, idles);
    series.put(report, "memory, peak of the burst", "MB", Must::AtMost(250.0), false, vec![peak]);
    let back = vec![after / idle.max(1e-9)];
    series.put(report, "memory a minute after the burst", "× idle", Must::AtMost(2.0), false, back);
    series.put(report, "memory, a million wait", "MB", Must::AtMost(60.0), false, vec![with_waiting]);
    Ok(())
}

/// Leaves the server alone for a while; gives its resident megabytes then.
async fn rest(
    bench: &Bench,
    series: &mut Series,
    server: &Server,
    phase: &'static str,
    seconds: u64,
) -> Outcome<f64> {
    let meter = Meter::start(server.watched());
    tokio::time::sleep(Duration::from_secs(seconds)).await;
    let measured = meter.stop();
    let rss = measured.rss as f64 / 1e6;
    let sample = Sample { n: 1, measured, cal: bench.cal()?, fsync_ms: 0.0, latency: Latency::default() };
    series.add(&bench.report, sample, json!({ "phase": phase }));
    Ok(rss)
}
