//! 9: ten thousand people leave their carts at once, and ten thousand mails go out.

use super::{Doors, no_delay, quiet, send_all};
use crate::{
    Outcome,
    bench::{Bench, Sample, Series},
    clock,
    data::events,
    harness::{report::Must, stats::Latency},
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
    let (n, repeats) = (bench.scale(10_000, 500), bench.repeats());
    let place = bench.place(kind, "burst").await?;
    no_delay(&place).await?;
    let sink = Sink::start(&place.folder.join("sent"))?;
    let server = Server::start(bench, &place, Some(sink.url())).await?;
    let mut series = Series::new("9", kind);
    let mut sql = place.sql().await?;
    for repeat in 0..repeats {
        let (first, all) = (repeat * n, (repeat + 1) * n);
        let (mails, sample) =
            burst(bench, &server, &sink, &Doors::of(&place.stores), first..all, &mut sql).await?;
        series.add(&bench.report, sample, json!({ "mails": mails }));
    }
    let (mails, sent) = (sink.mails()?, sql.number("SELECT count(*) FROM message WHERE status = 3").await?);
    if (mails.len(), doubles(&mails), sent) != (n * repeats, 0, (n * repeats) as i64) {
        return Err(
            format!("{} mails, {} people twice, {sent} recorded", mails.len(), doubles(&mails)).into()
        );
    }
    series.unit(&bench.report, "burst, event to mail: CPU a user", 36.6 / 25.0 / 0.15);
    series.wall(&bench.report, "burst, event to mail: p99", "ms", Must::AtMost(15_000.0), |s: &Sample| {
        s.latency.p99_ms
    });
    sql.close().await?;
    server.stop().await?;
    place.remove().await;
    Ok(())
}

/// One burst of these users; gives how many mails the sink has had in all.
///
/// # Errors
/// Events are refused, or mails are missing.
pub async fn burst(
    bench: &Bench,
    server: &Server,
    sink: &Sink,
    doors: &Doors,
    users: std::ops::Range<usize>,
    sql: &mut crate::service::sql::Sql,
) -> Outcome<(usize, Sample)> {
    let (n, at) = (users.len(), clock::millis());
    let requests = doors.batches(users.clone().map(|u| (u, events::whole_cart(u, at))));
    let mut watched = server.watched();
    watched.push(sink.helper.watched());
    let work = async {
        let begin = clock::micros();
        send_all(server, requests).await.all_good()?;
        let mails = sink.wait_for(users.end, Duration::from_secs(60)).await?;
        quiet(sql, Duration::from_secs(60)).await?;
        Ok((begin, mails))
    };
    let ((begin, mails), mut sample) = bench.sample(n, watched, work).await?;
    if mails.len() < users.end {
        return Err(format!("{} mails for {} carts", mails.len(), users.end).into());
    }
    let came: HashMap<&str, i64> = mails.iter().map(|m| (m.to.as_str(), m.at)).collect();
    let late = users.filter_map(|u| Some(came.get(events::address(u).as_str())? - begin));
    sample.latency = Latency::of_micros(late);
    Ok((mails.len(), sample))
}
