//! 7: ten thousand queued mails: last look, render, SMTP. Done is the sink's 250 and the record of it.

use super::{abandonment::analyze, quiet};
use crate::{
    Outcome,
    bench::{Bench, Sample, Series},
    clock,
    data::rows::{Cart, Rows, Table, shares},
    harness::report::Must,
    service::{
        keys,
        place::Place,
        server::Server,
        sql::{Kind, Sql},
    },
    sink::{Sink, doubles},
};
use serde_json::json;
use std::{path::Path, time::Duration};

const WITHIN: Duration = Duration::from_secs(180);
/// A key of RSA-2048 that the tests of the signer use as well.
const DKIM: &str = "backend/src/channels/email/testdata/dkim.pem";

/// Runs it without signatures, and with them.
///
/// # Errors
/// What the service does not do.
pub async fn run(bench: &Bench, kind: Kind) -> Outcome {
    send(bench, kind, false).await?;
    send(bench, kind, true).await
}

async fn send(bench: &Bench, kind: Kind, signed: bool) -> Outcome {
    let n = bench.scale(if signed { 2_000 } else { 10_000 }, 300);
    let (repeats, name) = (bench.scale(if signed { 3 } else { 5 }, 2), if signed { "dkim" } else { "mails" });
    let place = bench.place(kind, name).await?;
    let mut sql = place.sql().await?;
    if signed {
        sign(&place, &mut sql).await?;
    }
    let far = clock::millis() + 86_400_000;
    for repeat in 0..repeats {
        queue(&place, &mut sql, repeat * n, n, far).await?;
    }
    analyze(&mut sql).await?;
    sql.size().await?;
    let sink = Sink::start(&place.folder.join("sent"))?;
    let server = Server::start(bench, &place, Some(sink.url())).await?;
    let mut series = Series::new(if signed { "7 dkim" } else { "7" }, kind);
    for repeat in 0..repeats {
        let before_it = bench.before()?;
        let at = clock::millis() + 3_000;
        let mut begin = repeat * n;
        for (index, count) in shares(n, place.stores.len()).into_iter().enumerate().filter(|(_, n)| *n > 0) {
            let (first, now, sql) = (begin, at, &mut sql);
            begin += count;
            let mut rows = Rows { sql, store: &place.stores[index], index, first, count, now };
            rows.change(Table::Message, &format!("next_at = {at}, created_at = {at}")).await?;
        }
        let before = sink.mails()?.len();
        clock::until(at - 100).await;
        let mut watched = server.watched();
        watched.push(sink.helper.watched());
        let sql = &mut sql;
        let work = async {
            clock::until(at).await;
            quiet(sql, WITHIN).await
        };
        let ((), mut sample) = before_it.measure(n, watched, work).await?;
        let mails = sink.mails()?;
        let new = &mails[before..];
        sample.measured.wall =
            new.iter().map(|m| m.at).max().map_or(0.0, |last| (last - at * 1_000) as f64 / 1e6);
        let size = new.iter().map(|m| m.size).sum::<usize>() / new.len().max(1);
        series.add(&bench.report, sample, json!({ "bytes": size, "signed": signed }));
    }
    let sent = sql.number("SELECT count(*) FROM message WHERE status = 3").await?;
    let mails = sink.mails()?;
    if (sent, mails.len(), doubles(&mails)) != ((n * repeats) as i64, n * repeats, 0) {
        return Err(format!("{sent} recorded, {} sent, {} people twice", mails.len(), doubles(&mails)).into());
    }
    if signed {
        series.cpu(&bench.report, "render and send, RSA-2048 signature", "ms", Must::Told, Sample::unit_ms);
        series.cpu(&bench.report, "render and send, RSA-2048 signature", "cal", Must::Told, Sample::unit_cal);
    } else {
        series.unit(&bench.report, "render and send: CPU a mail", 4.6);
        series.wall(&bench.report, "render and send: rate", "1/s", Must::AtLeast(1_000.0), Sample::rate);
    }
    sql.close().await?;
    server.stop().await?;
    place.remove().await;
    Ok(())
}

async fn queue(place: &Place, sql: &mut Sql, mut begin: usize, n: usize, at: i64) -> Outcome {
    let now = clock::millis();
    for (index, count) in shares(n, place.stores.len()).into_iter().enumerate().filter(|(_, n)| *n > 0) {
        let first = begin;
        begin += count;
        let mut rows = Rows { sql, store: &place.stores[index], index, first, count, now };
        let left = Some(now - 3_600_000);
        rows.contacts().await?;
        rows.carts(Cart { status: "abandoned", idle_at: None, abandoned_at: left, full: true, number: None })
            .await?;
        rows.messages(0, at, None).await?;
    }
    Ok(())
}

/// Gives all stores a signing key and says so in their settings.
async fn sign(place: &Place, sql: &mut Sql) -> Outcome {
    let pem = std::fs::read_to_string(Path::new(DKIM)).map_err(|e| format!("{DKIM}: {e}"))?;
    super::set(sql, "dkim_domain", "\"bench.example.org\"").await?;
    super::set(sql, "dkim_selector", "\"s1\"").await?;
    for store in place.stores.iter() {
        let (id, sealed) = (sql.id(&store.hex()), keys::seal(store.id, "dkim_key", &pem)?);
        sql.run(&format!(
            "INSERT INTO store_secret (store_id, kind, sealed, created_at) VALUES ({id}, 'dkim_key', '{sealed}', {})",
            clock::millis()
        ))
        .await?;
    }
    Ok(())
}
