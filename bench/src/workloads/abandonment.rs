//! 5: among a million open carts ten thousand become due in the same second. Done is a run that has begun, exactly once;
//! what was ordered or emptied a second before begins none.

use super::{Doors, quiet, send_all, watch};
use crate::{
    Outcome,
    bench::{Bench, Sample, Series},
    clock,
    data::{
        events,
        rows::{Cart, Rows, Table, shares},
    },
    harness::{meter::Meter, report::Must, stats::Latency},
    service::{
        place::Place,
        server::Server,
        sql::{Kind, Sql},
    },
};
use serde_json::json;
use std::time::Duration;

/// Rounds of all loops in a second in which nothing rings.
const TICKS: f64 = 5.0;
const WITHIN: Duration = Duration::from_secs(120);

/// Numbers of the carts of one repeat; those of the standing million begin at 0.
const fn block(repeat: usize) -> usize {
    10_000_000 + repeat * 100_000
}

/// Runs it.
///
/// # Errors
/// What the service does not do.
pub async fn run(bench: &Bench, kind: Kind) -> Outcome {
    let (open, due, gone) = (bench.scale(1_000_000, 5_000), bench.scale(10_000, 500), bench.scale(1_000, 50));
    let repeats = bench.repeats();
    let place = bench.place(kind, "abandonment").await?;
    let mut sql = place.sql().await?;
    fill(&place, &mut sql, (open, due, gone), repeats).await?;
    let server = Server::start(bench, &place, None).await?;
    idle(bench, &server, kind).await?;
    let mut series = Series::new("5", kind);
    let mut first = Vec::new();
    for repeat in 0..repeats {
        let before_it = bench.before()?;
        let at = clock::millis() + 4_000;
        let mut begin = 0;
        for (index, count) in shares(due + gone, place.stores.len()).into_iter().enumerate() {
            let (store, now) = (&place.stores[index], at);
            let mut rows = Rows { sql: &mut sql, store, index, first: block(repeat) + begin, count, now };
            rows.change(Table::Cart, &format!("idle_at = {at}")).await?;
            begin += count;
        }
        clock::until(at - 1_000).await;
        leave(&place, &server, repeat, (due, gone)).await?;
        let waiting = format!("SELECT count(*) FROM cart WHERE idle_at <= {at}");
        let before = sql.number(&waiting).await?;
        if clock::millis() < at && before != due as i64 {
            return Err(format!("{before} and not {due} carts are due").into());
        }
        let mut seen = Vec::new();
        let (sql, tell) = (&mut sql, &mut seen);
        let work = async {
            clock::until(at).await;
            watch(sql, &waiting, 0, WITHIN, |left| tell.push((clock::micros() - at * 1_000, left))).await?;
            // The first step of each run, up to its first wait, belongs to it.
            quiet(sql, WITHIN).await
        };
        let ((), mut sample) = before_it.measure(due, server.watched(), work).await?;
        sample.latency = lateness(due, &seen);
        first.push(seen.iter().find(|(_, left)| *left < before).map_or(0.0, |(at, _)| *at as f64 / 1_000.0));
        series.add(&bench.report, sample, json!({ "open": open, "gone": gone }));
    }
    exactly_once(&mut sql, repeats * due, repeats * gone).await?;
    series.unit(&bench.report, "abandonment: CPU a detection, with the run's first step", 0.5 / 0.15);
    series.wall(&bench.report, "abandonment: p99 late", "ms", Must::AtMost(2_000.0), |s: &Sample| {
        s.latency.p99_ms
    });
    series.put(&bench.report, "abandonment: first of them late", "ms", Must::Told, true, first);
    sql.close().await?;
    server.stop().await?;
    place.remove().await;
    Ok(())
}

async fn fill(
    place: &Place,
    sql: &mut Sql,
    (open, due, gone): (usize, usize, usize),
    repeats: usize,
) -> Outcome {
    let now = clock::millis();
    let far = Cart {
        status: "active",
        idle_at: Some(now + 7 * 86_400_000),
        abandoned_at: None,
        full: false,
        number: None,
    };
    eprintln!("    writing {open} open carts ({})", sql.kind().as_str());
    for (index, count) in shares(open, place.stores.len()).into_iter().enumerate() {
        let mut rows = Rows { sql, store: &place.stores[index], index, first: 0, count, now };
        rows.contacts().await?;
        rows.carts(far).await?;
    }
    for repeat in 0..repeats {
        let mut begin = 0;
        for (index, count) in shares(due + gone, place.stores.len()).into_iter().enumerate() {
            let first = block(repeat) + begin;
            begin += count;
            let mut rows = Rows { sql, store: &place.stores[index], index, first, count, now };
            rows.contacts().await?;
            rows.carts(Cart { full: true, number: Some("due"), ..far }).await?;
            rows.names().await?;
        }
    }
    analyze(sql).await?;
    sql.size().await.map(drop)
}

/// PostgreSQL does this by itself within a minute of such a load.
pub async fn analyze(sql: &mut Sql) -> Outcome {
    match sql.kind() {
        Kind::Postgres => sql.script("VACUUM ANALYZE").await,
        Kind::Sqlite => Ok(()),
    }
}

/// Orders or empties some of the carts that are about to be due: the last of each store's block.
async fn leave(place: &Place, server: &Server, repeat: usize, (due, gone): (usize, usize)) -> Outcome {
    let (doors, now) = (Doors::of(&place.stores), clock::millis());
    let (mut requests, mut begin) = (Vec::new(), 0);
    let all = shares(due + gone, place.stores.len());
    let leaving = shares(gone, place.stores.len());
    for (index, (count, leaving)) in all.into_iter().zip(leaving).enumerate() {
        let end = block(repeat) + begin + count;
        let some: Vec<String> = (end - leaving..end)
            .map(|i| {
                let (cart, owner) = (format!("k{index}-{i}"), format!("v{index}-{i}"));
                if i.is_multiple_of(2) {
                    events::order(&cart, &owner, now)
                } else {
                    events::emptied(&cart, &owner, now)
                }
            })
            .collect();
        requests.extend(some.chunks(100).map(|some| doors.post("/v1/batch", index, &events::batch(some))));
        begin += count;
    }
    send_all(server, requests).await.all_good()
}

/// How late each was, as far as looks every twenty milliseconds can tell.
fn lateness(due: usize, seen: &[(i64, i64)]) -> Latency {
    let mut late = Vec::with_capacity(due);
    for (at, left) in seen {
        let done = due.saturating_sub(usize::try_from(*left).unwrap_or(0));
        late.resize(late.len().max(done), *at);
    }
    Latency::of_micros(late)
}

async fn exactly_once(sql: &mut Sql, due: usize, gone: usize) -> Outcome {
    let runs = "SELECT count(*) FROM journey_run";
    let carts = "SELECT count(DISTINCT r.cart_id) FROM journey_run r JOIN cart c ON c.store_id = r.store_id AND c.id = r.cart_id WHERE c.status = 'abandoned'";
    let rest = "SELECT count(*) FROM cart WHERE number = 'due' AND status <> 'abandoned'";
    let found = sql.numbers::<3>(&format!("SELECT ({runs}), ({carts}), ({rest})")).await?;
    let wanted = [due, due, gone].map(|n| n as i64);
    let emptied_or_ordered =
        "SELECT count(*) FROM cart WHERE number = 'due' AND status <> 'abandoned' AND idle_at IS NULL";
    if found == wanted && sql.number(emptied_or_ordered).await? == gone as i64 {
        return Ok(());
    }
    Err(format!("runs, carts that were left, and carts that were not: {found:?} and not {wanted:?}").into())
}

/// What it costs when nothing is due.
async fn idle(bench: &Bench, server: &Server, kind: Kind) -> Outcome {
    let seconds = bench.scale(10, 3) as u64;
    let mut series = Series::new("5", kind);
    for _ in 0..bench.scale(3, 1) {
        // Not by `sample`: the calibrator's own load does not belong here.
        let meter = Meter::start(server.watched());
        tokio::time::sleep(Duration::from_secs(seconds)).await;
        let measured = meter.stop();
        let ticks = (measured.wall * TICKS) as usize;
        let sample =
            Sample { n: ticks, measured, cal: bench.cal()?, fsync_ms: 0.0, latency: Latency::default() };
        series.add(&bench.report, sample, json!({ "idle": true }));
    }
    series.cpu(
        &bench.report,
        "idle round of all loops, nothing due",
        "ms",
        Must::AtMost(5.0),
        Sample::unit_ms,
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lateness_is_when_it_was_first_seen_done() {
        let latency = lateness(100, &[(1_000, 100), (20_000, 60), (30_000, 60), (40_000, 0)]);
        assert_eq!((latency.p50_ms, latency.p99_ms, latency.max_ms), (40.0, 40.0, 40.0));
        let latency = lateness(100, &[(20_000, 40), (50_000, 1), (90_000, 0)]);
        assert_eq!((latency.p50_ms, latency.p99_ms, latency.max_ms), (20.0, 50.0, 90.0));
    }
}
