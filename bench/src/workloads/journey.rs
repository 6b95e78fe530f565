//! 6: among a million runs that wait, ten thousand become due at once. Each wakes, looks whether something happened in the
//! last thirty days, passes a condition and asks for a mail. Done is the next state, durable.

use super::{abandonment::analyze, lay, quiet};
use crate::{
    Outcome,
    bench::{Bench, Sample, Series},
    clock,
    data::rows::{Cart, Rows, Run, shares},
    harness::{report::Must, stats::Spread},
    service::{
        place::Place,
        server::Server,
        sql::{Kind, Sql},
    },
    sink::Sink,
};
use serde_json::json;
use std::time::Duration;

const WITHIN: Duration = Duration::from_secs(180);
/// How long before they are due the measurement begins, milliseconds.
const LEAD: i64 = 300;
/// Page views of each person in the last thirty days.
const VIEWS: usize = 10;

const GATED: &str = r#"{"schema":1,"name":"Gated","start":"left","settings":{"exit_on_purchase":true},"nodes":{
  "left":{"type":"trigger","on":["cart","checkout","quote"],"re_entry":{"rule":"once"},"next":"hold"},
  "hold":{"type":"wait_for_event","events":["checkout_started"],"timeout_seconds":3600,"happened":"done","timed_out":"gate"},
  "gate":{"type":"condition","if":{"test":"all","of":[{"test":"first_time_buyer"},{"test":"cart_lines","at_least":1},{"test":"has_email"}]},"yes":"mail","no":"done"},
  "mail":{"type":"message","channel":"email","template":"recovery_1","content_class":"informational","purpose":"cart_email","next":"pause"},
  "pause":{"type":"wait","seconds":2592000,"next":"done"},
  "done":{"type":"exit"}}}"#;

const PASSED: &str = r#"{"context":{"visits":{"gate":1,"hold":1,"left":1,"mail":1,"pause":1}}}"#;

/// Numbers of the runs of one repeat; those of the standing million begin at 0.
const fn block(repeat: usize) -> usize {
    10_000_000 + repeat * 100_000
}

/// Runs it beside a million and beside none.
///
/// # Errors
/// What the service does not do.
pub async fn run(bench: &Bench, kind: Kind) -> Outcome {
    let waiting = bench.scale(1_000_000, 5_000);
    let alone = beside(bench, kind, 0).await?;
    let crowded = beside(bench, kind, waiting).await?;
    let median = |series: &Series| {
        Spread::of(&series.samples().iter().map(Sample::unit_cal).collect::<Vec<_>>()).median
    };
    let ratio = median(&alone) / median(&crowded).max(1e-12);
    let what = "journey: by CPU, throughput beside the waiting million";
    crowded.put(&bench.report, what, "of that beside none", Must::AtLeast(0.9), false, vec![ratio]);
    Ok(())
}

async fn beside(bench: &Bench, kind: Kind, waiting: usize) -> Outcome<Series> {
    let (due, repeats) = (bench.scale(10_000, 500), bench.repeats());
    let place = bench.place(kind, &format!("journey{waiting}")).await?;
    let mut sql = place.sql().await?;
    lay(&mut sql, GATED).await?;
    fill(&place, &mut sql, waiting, due, repeats + 1).await?;
    hold_back(&mut sql).await?;
    sql.size().await?;
    let sink = Sink::start(&place.folder.join("mails"))?;
    let server = Server::start(bench, &place, Some(sink.url())).await?;
    let mut series = Series::new(if waiting == 0 { "6 alone" } else { "6" }, kind);
    for repeat in 0..repeats {
        let before = bench.before()?;
        let at = wake(&place, &mut sql, repeat, due).await?;
        let sql = &mut sql;
        let work = async {
            clock::until(at).await;
            quiet(sql, WITHIN).await
        };
        // Steps are counted from the moment they are due.
        clock::until(at - LEAD).await;
        if clock::millis() >= at {
            return Err("the runs were due before the measurement began".into());
        }
        let ((), mut sample) = before.measure(due, server.watched(), work).await?;
        sample.measured.wall = (sample.measured.wall - LEAD as f64 / 1_000.0).max(1e-3);
        series.add(&bench.report, sample, json!({ "waiting": waiting }));
    }
    let stepped = sql
        .numbers::<2>(
            "SELECT (SELECT count(*) FROM message), (SELECT count(*) FROM run_step WHERE node = 'mail')",
        )
        .await?;
    if stepped != [(due * repeats) as i64; 2] {
        return Err(format!("{stepped:?} messages and steps, {} runs were due", due * repeats).into());
    }
    series.unit(&bench.report, "journey: CPU a step", 0.5 / 0.15);
    series.wall(&bench.report, "journey: steps", "1/s", Must::AtLeast(2_000.0), Sample::rate);
    if waiting > 0 {
        let first = first_mail(&place, &mut sql, &sink, repeats, due).await?;
        series.put(
            &bench.report,
            "journey: first mail after due",
            "ms",
            Must::AtMost(1_000.0),
            true,
            vec![first],
        );
    }
    sql.close().await?;
    server.stop().await?;
    place.remove().await;
    Ok(series)
}

/// A last block, with its mails let go: how long until the first is out.
async fn first_mail(place: &Place, sql: &mut Sql, sink: &Sink, repeat: usize, due: usize) -> Outcome<f64> {
    let_go(sql).await?;
    let at = wake(place, sql, repeat, due).await?;
    clock::until(at).await;
    let mails = sink.wait_for(due, Duration::from_secs(60)).await?;
    if mails.len() != due || crate::sink::doubles(&mails) > 0 {
        return Err(format!("{} mails went out and not {due}, or some twice", mails.len()).into());
    }
    let first = mails.iter().map(|m| m.at).min().unwrap_or(0);
    Ok((first - at * 1_000) as f64 / 1_000.0)
}

/// Fills a database with runs that wait for weeks, and with blocks that are woken later.
///
/// # Errors
/// What the database says.
pub async fn fill(place: &Place, sql: &mut Sql, waiting: usize, due: usize, blocks: usize) -> Outcome {
    let now = clock::millis();
    let cart = Cart {
        status: "abandoned",
        idle_at: None,
        abandoned_at: Some(now - 3_600_000),
        full: false,
        number: None,
    };
    if waiting > 0 {
        eprintln!("    writing {waiting} waiting runs ({})", sql.kind().as_str());
    }
    for (index, count) in shares(waiting, place.stores.len()).into_iter().enumerate().filter(|(_, n)| *n > 0)
    {
        let mut rows = Rows { sql, store: &place.stores[index], index, first: 0, count, now };
        rows.contacts().await?;
        rows.carts(cart).await?;
        rows.runs(standing(now)).await?;
    }
    let until = now - 60_000;
    let memory = format!(
        r#"{{"context":{{"visits":{{"hold":1,"left":1}}}},"waiting_for":{{"events":["checkout_started"],"since":{},"until":{until}}}}}"#,
        now - 3_600_000
    );
    for block_number in 0..blocks {
        let mut begin = 0;
        for (index, count) in shares(due, place.stores.len()).into_iter().enumerate().filter(|(_, n)| *n > 0)
        {
            let first = block(block_number) + begin;
            begin += count;
            let mut rows = Rows { sql, store: &place.stores[index], index, first, count, now };
            rows.contacts().await?;
            rows.carts(Cart { full: true, ..cart }).await?;
            rows.runs(Run { node: "hold", wake_at: now + 30 * 86_400_000, spread: 0, memory: &memory })
                .await?;
            rows.waits("checkout_started").await?;
            rows.views(VIEWS).await?;
        }
    }
    analyze(sql).await
}

/// A run that has had its mail and waits for thirty days.
pub const fn standing(now: i64) -> Run<'static> {
    Run { node: "pause", wake_at: now + 86_400_000, spread: 2_592_000, memory: PASSED }
}

/// Makes a block due in four seconds and says when.
async fn wake(place: &Place, sql: &mut Sql, repeat: usize, due: usize) -> Outcome<i64> {
    let at = clock::millis() + 4_000;
    let mut begin = 0;
    for (index, count) in shares(due, place.stores.len()).into_iter().enumerate().filter(|(_, n)| *n > 0) {
        let first = block(repeat) + begin;
        begin += count;
        Rows { sql, store: &place.stores[index], index, first, count, now: at }.wake(at).await?;
    }
    Ok(at)
}

/// Keeps new messages from being due, so that only the engine's work is measured; what this costs counts against us.
async fn hold_back(sql: &mut Sql) -> Outcome {
    match sql.kind() {
        Kind::Sqlite => {
            sql.script(
                "CREATE TRIGGER bench_hold AFTER INSERT ON message BEGIN \
                 UPDATE message SET next_at = next_at + 8640000000 WHERE rowid = NEW.rowid; END",
            )
            .await
        }
        Kind::Postgres => {
            sql.script(
                "CREATE FUNCTION bench_hold() RETURNS trigger LANGUAGE plpgsql AS \
                 'BEGIN NEW.next_at := NEW.next_at + 8640000000; RETURN NEW; END'; \
                 CREATE TRIGGER bench_hold BEFORE INSERT ON message FOR EACH ROW EXECUTE FUNCTION bench_hold()",
            )
            .await
        }
    }
}

async fn let_go(sql: &mut Sql) -> Outcome {
    match sql.kind() {
        Kind::Sqlite => sql.script("DROP TRIGGER bench_hold").await,
        Kind::Postgres => sql.script("DROP TRIGGER bench_hold ON message").await,
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_journey_is_sound() {
        assert!(cartwheel_domain::journey::Definition::from_json(super::GATED).is_ok());
    }
}
