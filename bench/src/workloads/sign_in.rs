//! 16: fifty sign-ins a second while events come in: each costs a hash that is meant to be dear. And two hundred at once, for the memory.

use super::beside::{Form, Ingest};
use crate::{
    Outcome,
    bench::{Bench, Sample, Series},
    clock,
    harness::{meter::highest, process, report::Must},
    load::{
        generator::{self, Answers},
        http::Request,
    },
    service::{place::Place, server::Server, sql::Kind},
};
use serde_json::json;
use std::{sync::Arc, time::Duration};

/// Sign-ins offered a second.
const RATE: f64 = 50.0;
/// One in so many has the wrong password.
const WRONG: usize = 4;
/// People who sign in. Few enough tries each that no account is throttled.
const MEMBERS: usize = 1_000;
/// As many wait at the same time at most.
const CONNECTIONS: usize = 512;
/// Sign-ins at once, and by how much memory may grow meanwhile: eight hashes of 46 MiB (quality.md, S3).
const AT_ONCE: usize = 200;
const GROWTH: f64 = 8.0 * 46.0 * 1.048_576;
const INGEST: Form = Form { each: 1, probe: 10_000 };

/// Runs it.
///
/// # Errors
/// What the service does not do.
pub async fn run(bench: &Bench, kind: Kind) -> Outcome {
    let place = bench.place(kind, "sign_in").await?;
    let password = members(&place).await?;
    // One proxy of ours stands before it, as far as the service knows: so that each can come from an address of their own.
    let server = Server::start_with(bench, &place, None, &[("CARTWHEEL_PROXIES", "1")]).await?;
    let mut series = Series::new("16", kind);
    let form = Form { probe: bench.scale(INGEST.probe, 500), ..INGEST };
    let ingest = Ingest::measure(bench, &place, &server, &mut series, form).await?;
    let seconds = bench.scale(10, 2) as u64;
    let n = (RATE * seconds as f64) as usize;
    let (mut offered, mut beside, mut late) = (0, Series::new("16 ingest", kind), Vec::new());
    let mut signing = Series::new("16 sign-ins", kind);
    for _ in 0..bench.repeats() {
        let (_, alone) = ingest.alone(bench, &server, &mut series, seconds).await?;
        let make = sign_in(Arc::clone(&password), offered);
        offered += n;
        let work = async { Ok(generator::open(server.address, CONNECTIONS, RATE, n, make).await) };
        let found = ingest.during(bench, (n, server.watched()), work).await?;
        judged(&found.done)?;
        let mut sample = found.sample;
        sample.latency = found.done.latency();
        let done = found.done.with(200) + found.done.with(401);
        let wall = sample.measured.wall;
        let facts = json!({
            "right": found.done.with(200), "wrong": found.done.with(401), "refused": found.done.with(503),
            "hashed_a_second": done as f64 / wall, "ingest_alone_p99_ms": alone.p99_ms,
        });
        // What was hashed, not what was offered, is the work.
        sample.n = done;
        let mut events = sample.clone();
        (events.n, events.latency) = (found.events, found.answers.latency());
        late.push(events.latency.p99_ms / alone.p99_ms.max(1e-9));
        signing.add(&bench.report, sample, facts);
        let refused = found.answers.0.len() - found.answers.good().count();
        beside.add(&bench.report, events, json!({ "refused": refused }));
    }
    let report = &bench.report;
    beside.put(report, "ingest beside 50 sign-ins/s: p99", "× without", Must::AtMost(2.0), true, late);
    beside.wall(report, "ingest beside 50 sign-ins/s: p99", "ms", Must::Told, |s| s.latency.p99_ms);
    signing.wall(report, "sign-ins done", "1/s", Must::Told, Sample::rate);
    signing.wall(report, "sign-in, right password: p99", "ms", Must::Told, |s| s.latency.p99_ms);
    signing.cpu(
        report,
        "sign-in beside ingest: CPU each, ingest included",
        "ms",
        Must::Told,
        Sample::unit_ms,
    );
    memory(bench, &server, kind, sign_in(password, offered)).await?;
    server.stop().await?;
    place.remove().await;
    Ok(())
}

/// Two hundred at once.
async fn memory(bench: &Bench, server: &Server, kind: Kind, make: impl generator::Make) -> Outcome {
    tokio::time::sleep(Duration::from_secs(bench.scale(10, 1) as u64)).await;
    let before = process::usage(server.pid()).map_or(0, |u| u.rss);
    let mut series = Series::new("16 at once", kind);
    let load = generator::closed(server.address, AT_ONCE, AT_ONCE, make);
    let work = async { Ok(highest(server.pid(), load).await) };
    let ((answers, most), mut sample) = bench.sample(AT_ONCE, server.watched(), work).await?;
    judged(&answers)?;
    sample.latency = answers.latency();
    let grown = (most as f64 - before as f64).max(0.0) / 1e6;
    let facts = json!({
        "before_mb": before as f64 / 1e6, "most_mb": most as f64 / 1e6,
        "right": answers.with(200), "wrong": answers.with(401), "refused": answers.with(503),
    });
    series.add(&bench.report, sample, facts);
    let what = "200 sign-ins at once: memory grows by";
    series.put(&bench.report, what, "MB", Must::AtMost(GROWTH), false, vec![grown]);
    Ok(())
}

/// Each was let in, refused for the password, or told to come again; no brake on guessing stood before the hash, and nothing broke.
fn judged(answers: &Answers) -> Outcome {
    let known = [200, 401, 503].map(|status| answers.with(status)).iter().sum::<usize>();
    match answers.0.len() - known {
        0 if answers.with(200) > 0 && answers.with(401) > 0 => Ok(()),
        others => Err(format!(
            "of {} sign-ins {} were let in, {} refused, {others} answered otherwise ({} throttled)",
            answers.0.len(),
            answers.with(200),
            answers.with(401),
            answers.with(429),
        )
        .into()),
    }
}

/// A try, number `first` and on: another person each time, from an address of their own.
fn sign_in(password: Arc<str>, first: usize) -> impl generator::Make + use<> {
    move |i: usize| {
        let n = first + i;
        let word = if n.is_multiple_of(WRONG) { "not the right one" } else { &password };
        let body = json!({ "email": address(n % MEMBERS), "password": word }).to_string();
        let from = format!("10.{}.{}.{}", n >> 16 & 255, n >> 8 & 255, n & 255);
        Request::json("/auth/sign-in", &[("X-Forwarded-For", &from)], &body)
    }
}

fn address(member: usize) -> String {
    format!("member{member}@bench.example.org")
}

/// Adds people who have the owner's password, and gives it.
async fn members(place: &Place) -> Outcome<Arc<str>> {
    let mut sql = place.sql().await?;
    let now = clock::millis();
    for first in (0..MEMBERS).step_by(100) {
        let rows: Vec<String> = (first..first + 100)
            .map(|n| {
                let id = sql.id(&format!("0f{n:030x}"));
                format!("SELECT {id}, '{}', 'M', password_hash, 'en', {now} FROM member WHERE email LIKE 'owner@%'", address(n))
            })
            .collect();
        sql.run(&format!(
            "INSERT INTO member (id, email, name, password_hash, language, created_at) {}",
            rows.join(" UNION ALL ")
        ))
        .await?;
    }
    let there = sql.number("SELECT count(*) FROM member").await?;
    sql.close().await?;
    if there != MEMBERS as i64 + 1 {
        return Err(format!("there are {there} members and not {}", MEMBERS + 1).into());
    }
    Ok(place.stores[0].password.as_deref().ok_or("the first store's owner has no password")?.into())
}
