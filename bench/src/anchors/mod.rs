//! What the machine itself does: the limits that figures are held against.

pub mod bare;
pub mod database;
pub mod disk;
pub mod hello;
pub mod smtp;

use crate::{
    Outcome,
    bench::{Bench, Series},
    harness::{meter::Watched, report::Must},
    load::{generator, http::Request},
    service::{helper::Helper, sql::Kind},
    sink::Sink,
};
use serde_json::json;

/// Rows of an insert anchor.
const ROWS: usize = 20_000;

/// Measures all of them and tells them in the table.
///
/// # Errors
/// What the disk, the database or a helper says.
pub async fn all(bench: &Bench) -> Outcome {
    let rows = bench.scale(ROWS, 2_000);
    for (kind, name) in [(Kind::Sqlite, "insert"), (Kind::Postgres, "insert")] {
        if kind == Kind::Postgres && bench.postgres.is_none() {
            continue;
        }
        let mut series = Series::new("anchor", kind);
        for _ in 0..bench.repeats() {
            let watched = if kind == Kind::Postgres { bench.postmaster().await? } else { None };
            let work = database::insert(bench, kind, rows);
            let (own, mut sample) = bench.sample(rows, watched.into_iter().collect(), work).await?;
            sample.measured.server_cpu += own;
            series.add(&bench.report, sample, json!({ "anchor": name }));
        }
        let what = "insert of 430 B rows by 100, durable";
        series.cpu(&bench.report, what, "µs", Must::Told, |s| s.unit_ms() * 1_000.0);
        series.wall(&bench.report, what, "rows/s", Must::Told, |s| s.rate());
        if kind == Kind::Postgres {
            skip_locked(bench).await?;
        }
    }
    http(bench).await?;
    mail(bench).await
}

async fn skip_locked(bench: &Bench) -> Outcome {
    let mut series = Series::new("anchor", Kind::Postgres);
    let jobs = bench.scale(20_000, 1_000);
    for _ in 0..bench.repeats() {
        let watched = bench.postmaster().await?.into_iter().collect();
        let ((), sample) = bench.sample(jobs, watched, database::skip_locked(bench, jobs)).await?;
        series.add(&bench.report, sample, json!({ "anchor": "skip_locked" }));
    }
    series.cpu(&bench.report, "no-op jobs by SKIP LOCKED, 100 at once", "µs", Must::Told, |s| {
        s.unit_ms() * 1_000.0
    });
    series.wall(&bench.report, "no-op jobs by SKIP LOCKED, 100 at once", "jobs/s", Must::Told, |s| s.rate());
    Ok(())
}

async fn http(bench: &Bench) -> Outcome {
    let hello = Helper::start("hello", &["hello"])?;
    let mut series = Series::new("anchor", Kind::Sqlite);
    let n = bench.scale(40_000, 2_000);
    for _ in 0..bench.repeats() {
        let watched = vec![Watched { server: true, ..hello.watched() }];
        let work = async { Ok(generator::closed(hello.address, 16, n, |_| Request::get("/", &[])).await) };
        let (answers, mut sample) = bench.sample(n, watched, work).await?;
        answers.all_good()?;
        sample.latency = answers.latency();
        series.add(&bench.report, sample, json!({ "anchor": "hello" }));
    }
    series
        .cpu(&bench.report, "hello over HTTP, 16 connections", "µs", Must::Told, |s| s.unit_ms() * 1_000.0);
    series.wall(&bench.report, "hello over HTTP, 16 connections", "1/s", Must::Told, |s| s.rate());
    Ok(())
}

async fn mail(bench: &Bench) -> Outcome {
    let sink = Sink::start(&bench.folder().join("anchor-mails"))?;
    let mut series = Series::new("anchor", Kind::Sqlite);
    let n = bench.scale(20_000, 500);
    for _ in 0..bench.repeats() {
        let watched = vec![Watched { server: true, ..sink.helper.watched() }];
        let ((), sample) = bench.sample(n, watched, smtp::blast(sink.helper.address, 16, n)).await?;
        series.add(&bench.report, sample, json!({ "anchor": "smtp" }));
    }
    series.cpu(&bench.report, "sink, a mail of 11.5 kB", "µs", Must::Told, |s| s.unit_ms() * 1_000.0);
    series.wall(&bench.report, "own SMTP blast, 16 connections", "mails/s", Must::Told, |s| s.rate());
    Ok(())
}
