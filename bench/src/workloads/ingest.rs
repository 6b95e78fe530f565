//! 1 to 3: events in. Done is a 2xx after the commit, and the row is there.

use super::{CONNECTIONS, Doors, introduce, send_all, store_of};
use crate::{
    Outcome,
    bench::{Bench, Sample, Series},
    clock,
    data::events,
    harness::report::Must,
    load::generator,
    service::{server::Server, sql::Kind},
};
use serde_json::json;

/// Events of one cart, on average.
const PER_CART: usize = 10;

/// 1: one event a request.
///
/// # Errors
/// What the service does not do.
pub async fn single(bench: &Bench, kind: Kind) -> Outcome {
    let (n, repeats) = (bench.scale(10_000, 500), bench.repeats());
    let place = bench.place(kind, "single").await?;
    let server = Server::start(bench, &place, None).await?;
    let doors = Doors::of(&place.stores);
    let users = (n * repeats / PER_CART).max(1);
    introduce(&server, &doors, 0..users, clock::millis()).await?;
    let mut series = Series::new("1", kind);
    for repeat in 0..repeats {
        let (doors, at) = (doors.clone(), clock::millis());
        let make = move |i: usize| {
            let event = repeat * n + i;
            let user = event % users;
            let body = events::cart_event(event, user, at + i as i64 / 10);
            doors.post("/v1/track", store_of(user, doors.len()), &body)
        };
        let work = async { Ok(generator::closed(server.address, CONNECTIONS, n, make).await) };
        let (answers, mut sample) = bench.sample(n, server.watched(), work).await?;
        answers.all_good()?;
        sample.latency = answers.latency();
        series.add(&bench.report, sample, json!({}));
    }
    let mut sql = place.sql().await?;
    let kept = sql.numbers::<2>("SELECT (SELECT count(*) FROM event WHERE kind = 'cart_item_added'), (SELECT count(*) FROM cart WHERE item_count > 0)").await?;
    expect(kept, [n * repeats, users])?;
    series.unit(&bench.report, "ingest, single: CPU an event", 1.8);
    series.wall(&bench.report, "ingest, single: p99 in fsyncs", "×", Must::AtMost(5.0), |s: &Sample| {
        s.latency.p99_ms / s.fsync_ms
    });
    series.wall(&bench.report, "ingest, single: rate", "1/s", Must::Told, Sample::rate);
    sql.close().await?;
    server.stop().await?;
    place.remove().await;
    Ok(())
}

/// 2: a hundred events a request.
///
/// # Errors
/// What the service does not do.
pub async fn batch(bench: &Bench, kind: Kind) -> Outcome {
    let (n, repeats) = (bench.scale(100_000, 2_000), bench.repeats());
    let place = bench.place(kind, "batch").await?;
    let server = Server::start(bench, &place, None).await?;
    let doors = Doors::of(&place.stores);
    let users = (n * repeats / PER_CART).max(1);
    introduce(&server, &doors, 0..users, clock::millis()).await?;
    let mut series = Series::new("2", kind);
    for repeat in 0..repeats {
        let at = clock::millis();
        // Events of one cart are far from each other, as those of different shoppers lie between them.
        let made = (0..n).map(|i| {
            let event = repeat * n + i;
            (event % users, events::cart_event(event, event % users, at + i as i64 / 10))
        });
        let requests = doors.batches(made);
        let work = async { Ok(send_all(&server, requests).await) };
        let (answers, mut sample) = bench.sample(n, server.watched(), work).await?;
        answers.all_good()?;
        sample.latency = answers.latency();
        series.add(&bench.report, sample, json!({ "requests": answers.0.len() }));
    }
    let mut sql = place.sql().await?;
    let kept = sql.numbers::<2>("SELECT (SELECT count(*) FROM event WHERE kind = 'cart_item_added'), (SELECT count(*) FROM cart WHERE item_count > 0)").await?;
    expect(kept, [n * repeats, users])?;
    series.unit(&bench.report, "ingest, batch of 100: CPU an event", 0.47);
    series.wall(&bench.report, "ingest, batch of 100: rate", "1/s", Must::AtLeast(10_000.0), Sample::rate);
    sql.close().await?;
    server.stop().await?;
    place.remove().await;
    Ok(())
}

/// 3: somebody new: e-mail, consent, four attributes.
///
/// # Errors
/// What the service does not do.
pub async fn new_profile(bench: &Bench, kind: Kind) -> Outcome {
    let (n, repeats) = (bench.scale(4_000, 300), bench.repeats());
    let place = bench.place(kind, "profile").await?;
    let server = Server::start(bench, &place, None).await?;
    let doors = Doors::of(&place.stores);
    let mut series = Series::new("3", kind);
    for repeat in 0..repeats {
        let (doors, at) = (doors.clone(), clock::millis());
        let make = move |i: usize| {
            let user = repeat * n + i;
            doors.post("/v1/identify", store_of(user, doors.len()), &events::identify(user, at))
        };
        let work = async { Ok(generator::closed(server.address, CONNECTIONS, n, make).await) };
        let (answers, mut sample) = bench.sample(n, server.watched(), work).await?;
        answers.all_good()?;
        sample.latency = answers.latency();
        series.add(&bench.report, sample, json!({}));
    }
    let mut sql = place.sql().await?;
    let kept = sql.numbers::<2>("SELECT (SELECT count(*) FROM contact WHERE email IS NOT NULL), (SELECT count(*) FROM consent_event)").await?;
    expect(kept, [n * repeats, n * repeats])?;
    // A thirtieth of the peer's 119 cal.
    series.unit(&bench.report, "ingest, new profile: CPU each", 119.0 / 30.0);
    series.wall(&bench.report, "ingest, new profile: rate", "1/s", Must::Told, Sample::rate);
    sql.close().await?;
    server.stop().await?;
    place.remove().await;
    Ok(())
}

fn expect(kept: [i64; 2], wanted: [usize; 2]) -> Outcome {
    if kept.map(|n| usize::try_from(n).unwrap_or(0)) == wanted {
        return Ok(());
    }
    Err(format!("after the acknowledgements there are {kept:?} rows and not {wanted:?}").into())
}
