//! 12: lists as the console and developers ask for them, while events come in at 30 % of what the service can take. Beside it the
//! smallest GraphQL server there is answers the same document from the same rows.

use super::{
    CONNECTIONS,
    abandonment::analyze,
    beside::{Beside, Form, Ingest},
};
use crate::{
    Outcome,
    anchors::bare::{DOCUMENT, cursor},
    bench::{Bench, Sample, Series},
    clock,
    data::rows::{Cart, Rows},
    harness::{meter::Watched, report::Must, stats::Spread},
    load::{
        generator::{self, Answers},
        http::{Client, Request},
    },
    service::{
        console::{Console, WHOLE, document},
        helper::Helper,
        place::Place,
        server::Server,
        sql::Kind,
    },
};
use serde_json::{Value, json};
use std::{net::SocketAddr, sync::Arc};

/// Rows of a page of the console.
const PAGE: usize = 25;
/// Since when people were seen and carts changed: a month, milliseconds.
const SPAN: i64 = 30 * 86_400_000;
const INGEST: Form = Form { each: 100, probe: 60_000 };

/// Runs it.
///
/// # Errors
/// What the service does not do.
pub async fn run(bench: &Bench, kind: Kind) -> Outcome {
    let profiles = bench.scale(100_000, 2_000);
    let now = clock::millis();
    let (place, small) =
        (bench.place(kind, "graphql").await?, bench.place(Kind::Sqlite, "graphql-bare").await?);
    eprintln!("    writing {profiles} profiles with a cart each ({})", kind.as_str());
    for place in [&place, &small] {
        fill(place, profiles, now).await?;
    }
    let file = small.file().display().to_string();
    let bare = Helper::start("bare", &["bare", "--file", &file])?;
    let limited = Helper::start("bare", &["bare", "--file", &file, "--limits"])?;
    let server = Server::start(bench, &place, None).await?;
    let pages = Pages { after: Arc::new(places(&small, profiles, now).await?) };
    let mut console = Console::sign_in(&server, &place).await?;
    same(&server, &console, &place, bare.address, &small, &pages).await?;

    let mut series = Series::new("12", kind);
    let form = Form { probe: bench.scale(INGEST.probe, 3_000), ..INGEST };
    let ingest = Ingest::measure(bench, &place, &server, &mut series, form).await?;
    let n = bench.scale(8_000, 200);
    let (mut lists, mut anchor, mut limits) =
        (Series::new("12", kind), Series::new("12 bare", kind), Series::new("12 bare, limits", kind));
    let mut pages_of_console = [Series::new("12 contacts", kind), Series::new("12 carts", kind)];
    for _ in 0..bench.repeats() {
        let (each, _) = ingest.alone(bench, &server, &mut series, bench.scale(6, 2) as u64).await?;
        console = Console::sign_in(&server, &place).await?;
        let make = pages.ask(&console, DOCUMENT, &place);
        let beside = ours(bench, &server, &ingest, n, make).await?;
        add(&mut lists, bench, &beside, each, "list of 25, six fields");

        for (anchor, helper) in [(&mut anchor, &bare), (&mut limits, &limited)] {
            let aside = server.watched().into_iter().map(|w| Watched { server: false, ..w });
            let watched = aside.chain([Watched { server: true, ..helper.watched() }]).collect();
            let nobody = Console::nobody();
            let make = pages.ask(&nobody, DOCUMENT, &small);
            let work = async { whole(generator::closed(helper.address, CONNECTIONS, n, make).await) };
            let beside = ingest.during(bench, (n, watched), work).await?;
            add(anchor, bench, &beside, 0.0, "bare");
        }

        let documents = [document!("contacts"), document!("carts")];
        for (series, document) in pages_of_console.iter_mut().zip(documents) {
            let make = pages.ask(&console, document, &place);
            let beside = ours(bench, &server, &ingest, n / 4, make).await?;
            add(series, bench, &beside, each, "as the console sends it");
        }
    }
    let mut sql = place.sql().await?;
    let kept = sql.number("SELECT count(*) FROM event WHERE kind = 'cart_item_added'").await?;
    if kept != ingest.kept() as i64 {
        return Err(format!("{kept} events were kept of {} acknowledged", ingest.kept()).into());
    }
    tell(bench, &lists, &anchor, &limits, &pages_of_console);
    sql.close().await?;
    server.stop().await?;
    place.remove().await;
    small.remove().await;
    Ok(())
}

fn tell(bench: &Bench, lists: &Series, bare: &Series, limits: &Series, pages: &[Series; 2]) {
    let report = &bench.report;
    let p99 = |s: &Sample| s.latency.p99_ms;
    lists.unit(report, "list of 25 beside ingest: CPU a request", 2.5);
    lists.wall(report, "list of 25 beside ingest: p99", "ms", Must::AtMost(50.0), p99);
    lists.wall(report, "list of 25 beside ingest: p50", "ms", Must::Told, |s| s.latency.p50_ms);
    lists.wall(report, "list of 25 beside ingest: rate", "1/s", Must::Told, Sample::rate);
    bare.cpu(report, "bare async-graphql and SQLite: CPU a request", "ms", Must::Told, Sample::unit_ms);
    bare.wall(report, "bare async-graphql and SQLite: p99", "ms", Must::Told, p99);
    bare.wall(report, "bare async-graphql and SQLite: rate", "1/s", Must::Told, Sample::rate);
    // Repeat by repeat: each pair was measured a moment apart.
    let ratio = |a: &Series, b: &Series, of: &dyn Fn(&Sample) -> f64| -> Vec<f64> {
        a.samples().iter().zip(b.samples()).map(|(a, b)| of(a) / of(b).max(1e-9)).collect()
    };
    let late = ratio(lists, bare, &p99);
    lists.put(report, "list of 25: p99", "× bare", Must::AtMost(3.0), true, late);
    let by_cpu = ratio(bare, lists, &Sample::unit_ms);
    lists.put(report, "list of 25 by CPU", "of the bare rate", Must::Told, false, by_cpu);
    lists.put(report, "list of 25", "of the bare rate", Must::Told, true, ratio(lists, bare, &Sample::rate));
    // The noise of one repeat is larger than what is looked for, so the medians are compared.
    let each = |s: &Series| Spread::of(&s.samples().iter().map(Sample::unit_ms).collect::<Vec<_>>()).median;
    let cost = (each(limits) / each(bare).max(1e-9) - 1.0) * 100.0;
    limits.put(report, "limits of depth and complexity: CPU", "% more", Must::Told, false, vec![cost]);
    for series in pages {
        series.cpu(report, "page of the console beside ingest: CPU", "ms", Must::Told, Sample::unit_ms);
        series.cpu(report, "page of the console beside ingest: CPU", "cal", Must::Told, Sample::unit_cal);
        series.wall(report, "page of the console beside ingest: p99", "ms", Must::Told, p99);
    }
}

fn add(series: &mut Series, bench: &Bench, beside: &Beside<Answers>, each: f64, what: &str) {
    let mut sample = beside.without_ingest(each);
    sample.latency = beside.done.latency();
    let told = json!({
        "what": what, "cpu_with_ingest_s": beside.sample.measured.server_cpu, "events_meanwhile": beside.events,
        "event_ms": each * 1e3, "ingest_p99_ms": beside.answers.latency().p99_ms,
        "ingest_refused": beside.answers.0.len() - beside.answers.good().count(),
    });
    series.add(&bench.report, sample, told);
}

/// A load on the service, while events come in.
async fn ours(
    bench: &Bench,
    server: &Server,
    ingest: &Ingest,
    n: usize,
    make: impl generator::Make,
) -> Outcome<Beside<Answers>> {
    let work = async { whole(generator::closed(server.address, CONNECTIONS, n, make).await) };
    ingest.during(bench, (n, server.watched()), work).await
}

/// All are there, and hold what was asked for.
fn whole(answers: Answers) -> Outcome<Answers> {
    answers.all_good()?;
    match answers.0.iter().find(|d| d.length < WHOLE) {
        None => Ok(answers),
        Some(bad) => {
            Err(format!("request {} was answered with {} bytes and not with a list", bad.index, bad.length)
                .into())
        }
    }
}

/// People, each with a cart, all in the first store.
async fn fill(place: &Place, profiles: usize, now: i64) -> Outcome {
    let mut sql = place.sql().await?;
    let mut rows = Rows { sql: &mut sql, store: &place.stores[0], index: 0, first: 0, count: profiles, now };
    rows.contacts_over(SPAN).await?;
    let left = Some(now - 3_600_000);
    rows.carts(Cart { status: "abandoned", idle_at: None, abandoned_at: left, full: false, number: None })
        .await?;
    let same_moment =
        "SELECT p.last_seen_at FROM contact p WHERE p.store_id = cart.store_id AND p.id = cart.contact_id";
    sql.run(&format!("UPDATE cart SET updated_at = ({same_moment})")).await?;
    analyze(&mut sql).await?;
    sql.size().await?;
    sql.close().await
}

/// Pages all over the list, so that not one row is asked for again and again.
struct Pages {
    after: Arc<Vec<String>>,
}

impl Pages {
    /// Requests for pages in the name of somebody.
    fn ask(&self, console: &Console, document: &'static str, place: &Place) -> impl generator::Make + use<> {
        let (after, store) = (Arc::clone(&self.after), place.stores[0].id);
        let console = console.clone();
        move |i: usize| console.ask(document, &variables(&after[i * 7_919 % after.len()], store))
    }
}

fn variables(after: &str, store: impl std::fmt::Display) -> Value {
    json!({ "store": store.to_string(), "first": PAGE, "after": after })
}

/// A place every hundred rows, all but the last page of the list.
async fn places(place: &Place, profiles: usize, now: i64) -> Outcome<Vec<String>> {
    let mut sql = place.sql().await?;
    let each = SPAN / profiles as i64;
    // As rows were spread: the k-th last seen has its own moment.
    let all = (0..profiles - PAGE).step_by(100).map(|k| cursor(now - k as i64 * each, [0; 16]));
    let all: Vec<String> = all.collect();
    let there = sql.number("SELECT count(DISTINCT last_seen_at) FROM contact").await?;
    sql.close().await?;
    if there != profiles as i64 {
        return Err(format!("{profiles} people were seen at {there} moments").into());
    }
    Ok(all)
}

/// Both servers give the same answer, byte for byte: else one of them answers another question.
async fn same(
    server: &Server,
    console: &Console,
    place: &Place,
    bare: SocketAddr,
    small: &Place,
    pages: &Pages,
) -> Outcome {
    for after in [pages.after.first(), pages.after.last()].into_iter().flatten() {
        let ours: Request = console.ask(DOCUMENT, &variables(after, place.stores[0].id));
        let theirs = Console::nobody().ask(DOCUMENT, &variables(after, small.stores[0].id));
        let ours: Value = serde_json::from_slice(&server.ask(&ours).await?.body)?;
        let theirs: Value = serde_json::from_slice(&Client::new(bare).send(&theirs).await?.body)?;
        let edges = ours["data"]["store"]["contacts"]["edges"].as_array().map_or(0, Vec::len);
        if ours != theirs || edges != PAGE {
            return Err(format!("the servers answer differently:\n{ours}\n{theirs}").into());
        }
    }
    Ok(())
}
