//! 8: from a shop's event to the mail, nothing waited for in between, at a gentle and at a brisk rate.

use super::{Doors, no_delay, store_of};
use crate::{
    Outcome,
    bench::{Bench, Sample, Series},
    clock,
    data::events,
    harness::{report::Must, stats::Latency},
    load::generator,
    service::{server::Server, sql::Kind},
    sink::{Sink, doubles},
};
use serde_json::json;
use std::{collections::HashMap, time::Duration};

/// Runs it.
///
/// # Errors
/// What the service does not do.
pub async fn run(bench: &Bench, kind: Kind) -> Outcome {
    let place = bench.place(kind, "latency").await?;
    no_delay(&place).await?;
    let sink = Sink::start(&place.folder.join("sent"))?;
    let server = Server::start(bench, &place, Some(sink.url())).await?;
    let doors = Doors::of(&place.stores);
    let seconds = bench.scale(60, 5);
    let mut next = 0;
    let rates = [
        (3, "event to mail at 3/s: p99", Must::AtMost(100.0)),
        (100, "event to mail at 100/s: p99", Must::AtMost(250.0)),
    ];
    for (rate, what, must) in rates {
        let mut series = Series::new(if rate == 3 { "8 at 3/s" } else { "8 at 100/s" }, kind);
        // A minute in parts, so that there is more than one value.
        for _ in 0..bench.repeats() {
            let n = (rate * seconds / bench.repeats()).max(1);
            let (first, all) = (next, next + n);
            next = all;
            let (begin, doors) = (clock::micros(), doors.clone());
            let make = move |i: usize| {
                let user = first + i;
                let body = events::whole_cart(user, clock::millis());
                doors.post("/v1/track", store_of(user, doors.len()), &body)
            };
            let mut watched = server.watched();
            watched.push(sink.helper.watched());
            let work = async {
                let begin = clock::micros();
                let answers = generator::open(server.address, 16, rate as f64, n, make).await;
                answers.all_good()?;
                Ok((begin, sink.wait_for(all, Duration::from_secs(20)).await?))
            };
            let ((begin_sent, mails), mut sample) = bench.sample(n, watched, work).await?;
            if mails.len() != all || doubles(&mails) > 0 {
                return Err(format!(
                    "{} mails for {all} carts, {} people twice",
                    mails.len(),
                    doubles(&mails)
                )
                .into());
            }
            debug_assert!(begin_sent >= begin);
            let came: HashMap<&str, i64> = mails.iter().map(|m| (m.to.as_str(), m.at)).collect();
            let late = (0..n).filter_map(|i| {
                let due = begin_sent + (i as f64 / rate as f64 * 1e6) as i64;
                Some(came.get(events::address(first + i).as_str())? - due)
            });
            sample.latency = Latency::of_micros(late);
            series.add(&bench.report, sample, json!({ "offered": rate }));
        }
        series.wall(&bench.report, what, "ms", must, |s: &Sample| s.latency.p99_ms);
        series.wall(&bench.report, "event to mail: p50", "ms", Must::Told, |s: &Sample| s.latency.p50_ms);
        series.cpu(
            &bench.report,
            "event to mail: CPU each, loops between them included",
            "ms",
            Must::Told,
            Sample::unit_ms,
        );
    }
    server.stop().await?;
    place.remove().await;
    Ok(())
}
