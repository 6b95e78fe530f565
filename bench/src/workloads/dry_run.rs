//! 18: a store's events of 90 days through a draft, asked for as the console asks. Beside it, in the same minute, the step alone: as
//! many calls of `domain::journey::step` in a loop as there are events. Done is the result, readable; it must have the entries that the
//! events make.

use super::abandonment::analyze;
use crate::{
    Outcome,
    bench::{Bench, Sample, Series},
    clock,
    data::rows::{Cart, Rows},
    harness::report::Must,
    service::{
        console::{Console, document},
        place::Place,
        server::Server,
        sql::Kind,
    },
};
use cartwheel_domain::{
    event::CartKind,
    ids::{CartId, ContactId, JourneyId, StoreId, VersionId, uuid_v7},
    journey::{
        CartFacts, CartStatus, ContactFacts, Definition, Facts, JourneyState, RunContext, RunState,
        RunStatus, Transition, default_recovery_journey_with, keys, step,
    },
    locale::zone,
    money::{Currency, Money},
};
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    hint::black_box,
    time::{Duration, Instant},
};

/// Events of each cart: two visits of five.
pub const EACH: usize = 10;
const DAY: i64 = 86_400_000;
const WITHIN: Duration = Duration::from_secs(600);
/// How often it is asked whether it is done.
const LOOK: Duration = Duration::from_millis(50);

const JOURNEYS: &str = "query Journeys($store: ID!) { store(id: $store) { journeys { id } } }";

/// Runs it.
///
/// # Errors
/// What the service does not do.
pub async fn run(bench: &Bench, kind: Kind) -> Outcome {
    let people = bench.scale(100_000, 1_000);
    let n = people * EACH;
    let place = bench.place(kind, "dry-run").await?;
    eprintln!("    writing {n} events of {people} carts ({})", kind.as_str());
    fill(&place, people).await?;
    let server = Server::start(bench, &place, None).await?;
    let draft = default_recovery_journey_with(10);
    let (mut series, mut ratios, mut by_cpu) = (Series::new("18", kind), Vec::new(), Vec::new());
    for _ in 0..bench.repeats() {
        let alone = steps_alone(&draft, n);
        // A session lasts five minutes.
        let console = Console::sign_in(&server, &place).await?;
        let work = dry_run(&server, &console, &place, &draft, people);
        let (events, sample) = bench.sample(n, server.watched(), work).await?;
        if events != n as i64 {
            return Err(format!("{events} events were played of {n}").into());
        }
        ratios.push(alone / sample.measured.wall.max(1e-9));
        by_cpu.push(alone / sample.measured.server_cpu.max(1e-9));
        series.add(&bench.report, sample, json!({ "steps_alone_s": alone }));
    }
    let report = &bench.report;
    let full = !bench.quick;
    let most = if full { Must::AtMost(60.0) } else { Must::Told };
    series.wall(report, "dry run of 90 days: whole", "s", most, |s| s.measured.wall);
    series.put(report, "dry run: rate", "of the step in a loop", Must::AtLeast(0.3), true, ratios);
    series.put(report, "dry run by CPU", "of the step in a loop", Must::Told, false, by_cpu);
    series.cpu(report, "dry run: CPU an event", "ms", Must::Told, Sample::unit_ms);
    series.cpu(report, "dry run: peak memory", "MB", Must::Told, |s| s.measured.peak as f64 / 1e6);
    server.stop().await?;
    place.remove().await;
    Ok(())
}

/// People who are known for long, a cart each, and the events of their carts: five within minutes, two days later five more.
async fn fill(place: &Place, people: usize) -> Outcome {
    let mut sql = place.sql().await?;
    let now = clock::millis();
    let mut rows = Rows { sql: &mut sql, store: &place.stores[0], index: 0, first: 0, count: people, now };
    rows.contacts().await?;
    let left = Some(now - DAY);
    rows.carts(Cart { status: "abandoned", idle_at: None, abandoned_at: left, full: false, number: None })
        .await?;
    rows.cart_events(EACH, 85 * DAY).await?;
    sql.run(&format!("UPDATE contact SET created_at = created_at - {}", 400 * DAY)).await?;
    analyze(&mut sql).await?;
    sql.size().await?;
    sql.close().await
}

/// Asks for a dry run and waits until it is done; says how many events it has played.
async fn dry_run(
    server: &Server,
    console: &Console,
    place: &Place,
    draft: &Definition,
    people: usize,
) -> Outcome<i64> {
    let store = place.stores[0].id.to_string();
    let found = console.answer(server, JOURNEYS, &json!({ "store": store })).await?;
    let journey = found["store"]["journeys"][0]["id"].as_str().ok_or("the store has no journey")?.to_owned();
    let definition = serde_json::to_value(draft)?;
    let variables = json!({ "store": store, "journey": journey, "definition": definition, "days": 90 });
    let begun = console.answer(server, document!("start_dry_run"), &variables).await?;
    if begun["startDryRun"]["dryRun"].is_null() {
        return Err(format!("no dry run was begun: {begun}").into());
    }
    let start = Instant::now();
    let variables = json!({ "store": store, "journey": journey });
    loop {
        tokio::time::sleep(LOOK).await;
        let said = console.answer(server, document!("dry_run"), &variables).await?;
        let run = &said["store"]["journey"]["dryRun"];
        match run["status"].as_str() {
            Some("DONE") => return whole(run, people),
            Some("QUEUED" | "RUNNING") if start.elapsed() < WITHIN => {}
            _ => return Err(format!("the dry run came to {run}").into()),
        }
    }
}

/// Each cart enters once, and its second abandonment is refused.
fn whole(run: &Value, people: usize) -> Outcome<i64> {
    let sum = |kind: &str| -> i64 {
        let numbers = run["numbers"].as_array().into_iter().flatten();
        let mine = numbers.filter(|n| n["kind"] == kind && n["node"].is_null());
        mine.filter_map(|n| n["count"].as_i64()).sum()
    };
    let (entered, left) = (sum("entered"), sum("left"));
    if (entered, left) != (people as i64, 2 * people as i64) {
        return Err(format!("{entered} entries and {left} carts left, of {people} carts left twice").into());
    }
    run["events"].as_i64().ok_or_else(|| "the dry run does not say how many events it read".into())
}

/// Seconds that so many steps take, one run after the other through the whole draft.
fn steps_alone(draft: &Definition, n: usize) -> f64 {
    let uuid = |number: i64| uuid_v7(number, [0; 10]);
    let Some(zone) = zone("UTC") else { return 0.0 };
    let fresh = |number: i64| {
        let cart = CartId(uuid(number));
        let entry_key = keys::entry_key(cart, 0);
        RunState {
            store_id: StoreId(uuid(1)),
            journey_id: JourneyId(uuid(2)),
            version_id: VersionId(uuid(3)),
            run_id: keys::run_id(JourneyId(uuid(2)), &entry_key),
            contact_id: ContactId(uuid(number)),
            cart_id: cart,
            entry_key,
            node: draft.start.clone(),
            visit: 0,
            status: RunStatus::Leased,
            wake_at: 0,
            waiting_for: None,
            entered_at: 0,
            context: RunContext::default(),
        }
    };
    let facts = Facts {
        journey: JourneyState::Active,
        cart: CartFacts {
            kind: CartKind::Cart,
            status: CartStatus::Abandoned,
            excluded: false,
            value: Money::new(4_900, Currency::EUR),
            lines: Vec::new(),
        },
        contact: ContactFacts { has_email: true, ..ContactFacts::default() },
        zone,
        ordered_since_entry: false,
        engagement: BTreeMap::new(),
        reach: BTreeMap::new(),
        arrived: None,
    };
    let start = Instant::now();
    let (mut run, mut number) = (fresh(0), 0);
    for _ in 0..n {
        let outcome = black_box(step(draft, &run, &facts, run.wake_at));
        run.context = outcome.context;
        match outcome.transition {
            Transition::Wait { node, visit, wake_at, wait_for } => {
                (run.node, run.visit, run.wake_at, run.waiting_for) = (node, visit, wake_at, wait_for);
            }
            Transition::End { .. } => {
                number += 1;
                run = fresh(number);
            }
        }
    }
    start.elapsed().as_secs_f64()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_step_alone_goes_through_the_whole_draft() {
        assert!(steps_alone(&default_recovery_journey_with(10), 100) > 0.0);
    }

    #[test]
    fn a_result_must_have_the_entries_the_events_make() {
        let number = |kind: &str, count: i64| json!({ "kind": kind, "node": null, "count": count });
        let run = json!({ "events": 20, "numbers": [number("entered", 2), number("left", 4)] });
        assert_eq!(whole(&run, 2).ok(), Some(20));
        assert!(whole(&run, 3).is_err());
    }
}
