//! 19: pixels and clicks of mails, recorded, against a static answer of the same server.

use super::{CONNECTIONS, abandonment::analyze, watch};
use crate::{
    Outcome,
    bench::{Bench, Sample, Series},
    clock,
    data::rows::{Cart, Rows, message_id, shares},
    harness::{report::Must, stats::Spread},
    load::{generator, http::Request},
    service::{
        keys::{LINK_KEY, Links},
        place::Place,
        server::Server,
        sql::{Kind, Sql},
    },
};
use cartwheel_domain::{
    ids::MessageId,
    recovery::link::{LinkPurpose, LinkToken},
};
use serde_json::json;
use std::{sync::Arc, time::Duration};

/// Links of a mail.
const EACH: usize = 10;
/// Hits a second.
const RATE: f64 = 2_000.0;
const BROWSER: (&str, &str) =
    ("User-Agent", "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Safari/605.1.15");

/// Runs it.
///
/// # Errors
/// What the service does not do.
pub async fn run(bench: &Bench, kind: Kind) -> Outcome {
    let messages = bench.scale(10_000, 500);
    let place = bench.place(kind, "links").await?;
    let mut sql = place.sql().await?;
    fill(&place, &mut sql, messages).await?;
    let server = Server::start(bench, &place, None).await?;
    let paths = Arc::new(paths(&place, messages)?);
    let count = paths.len();
    let hit = {
        let paths = Arc::clone(&paths);
        move |i: usize| Request::get(&paths[i * 7_919 % count], &[BROWSER])
    };
    let mut hits = 0;
    let (n, repeats) = (bench.scale(20_000, 1_000), bench.repeats());
    let (mut still, mut series) = (Series::new("19 static", kind), Series::new("19", kind));
    for _ in 0..repeats {
        let work = async {
            Ok(generator::closed(server.address, CONNECTIONS, n, |_| Request::get("/healthz", &[BROWSER]))
                .await)
        };
        let (answers, mut sample) = bench.sample(n, server.watched(), work).await?;
        answers.all_good()?;
        sample.latency = answers.latency();
        still.add(&bench.report, sample, json!({}));
        hits += n;
        let (hit, sql) = (hit.clone(), &mut sql);
        let work = async {
            let answers = generator::closed(server.address, CONNECTIONS, n, hit).await;
            recorded(sql, hits).await?;
            Ok(answers)
        };
        let (answers, mut sample) = bench.sample(n, server.watched(), work).await?;
        answers.all_good()?;
        sample.latency = answers.latency();
        series.add(&bench.report, sample, json!({ "closed": true }));
    }
    let mut steady = Series::new("19 at 2000/s", kind);
    for _ in 0..repeats {
        let n = (RATE * bench.scale(6, 1) as f64) as usize;
        hits += n;
        let hit = hit.clone();
        let work = async { Ok(generator::open(server.address, 64, RATE, n, hit).await) };
        let (answers, mut sample) = bench.sample(n, server.watched(), work).await?;
        answers.all_good()?;
        sample.latency = answers.latency();
        steady.add(&bench.report, sample, json!({ "offered": RATE }));
    }
    recorded(&mut sql, hits).await?;
    let report = &bench.report;
    let each = |s: &Series| Spread::of(&s.samples().iter().map(Sample::unit_cal).collect::<Vec<_>>()).median;
    series.cpu(report, "link, recorded: CPU each", "cal", Must::Told, Sample::unit_cal);
    still.cpu(report, "static answer: CPU each", "cal", Must::Told, Sample::unit_cal);
    let ratio = each(&still) / each(&series).max(1e-12);
    series.put(report, "links by CPU", "of the static answer's rate", Must::AtLeast(0.3), false, vec![ratio]);
    steady.wall(report, "links at 2,000/s: p99", "ms", Must::AtMost(20.0), |s: &Sample| s.latency.p99_ms);
    sql.close().await?;
    server.stop().await?;
    place.remove().await;
    Ok(())
}

/// Every hit stands in the database.
async fn recorded(sql: &mut Sql, hits: usize) -> Outcome {
    watch(sql, "SELECT count(*) FROM message_receipt", hits as i64, Duration::from_secs(60), |_| {}).await
}

async fn fill(place: &Place, sql: &mut Sql, messages: usize) -> Outcome {
    let now = clock::millis();
    for (index, count) in shares(messages, place.stores.len()).into_iter().enumerate().filter(|(_, n)| *n > 0)
    {
        let mut rows = Rows { sql, store: &place.stores[index], index, first: 0, count, now };
        let left = Some(now - 7_200_000);
        rows.contacts().await?;
        rows.carts(Cart { status: "abandoned", idle_at: None, abandoned_at: left, full: true, number: None })
            .await?;
        rows.messages(3, now - 3_600_000, Some(now - 3_600_000)).await?;
        rows.links(EACH).await?;
    }
    analyze(sql).await?;
    sql.size().await.map(drop)
}

/// One pixel and one of the links of each message.
fn paths(place: &Place, messages: usize) -> Outcome<Vec<String>> {
    let mut all = Vec::with_capacity(messages * 2);
    let expires_at = clock::millis() + 86_400_000;
    for (index, count) in shares(messages, place.stores.len()).into_iter().enumerate() {
        let store = &place.stores[index];
        let links = Links::of(store.id);
        for i in 0..count {
            let message = MessageId(message_id(index, i).parse()?);
            let token = |purpose, number| {
                links.text(&LinkToken {
                    purpose,
                    store: store.id,
                    message,
                    number,
                    expires_at,
                    key_id: LINK_KEY,
                })
            };
            all.push(format!("/o/{}.gif", token(LinkPurpose::Open, 0)));
            all.push(format!("/c/{}", token(LinkPurpose::Click, u16::try_from(1 + i % EACH)?)));
        }
    }
    Ok(all)
}
