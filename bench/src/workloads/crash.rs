//! Durability: the service is killed in the middle of its work (SIGKILL), again and again. Every event it had acknowledged
//! is there afterwards, and nobody has got a mail twice.

use super::{CONNECTIONS, Doors, no_delay, store_of};
use crate::{
    Outcome,
    bench::{Bench, Series},
    clock,
    data::events,
    harness::report::Must,
    load::generator,
    service::{
        place::Place,
        server::Server,
        sql::{Kind, Sql},
    },
    sink::{Sink, doubles},
};
use serde_json::json;
use sha2::{Digest, Sha256};
use std::time::Duration;

/// Requests of one round at most; it is killed long before.
const MOST: usize = 20_000;
/// Events of a request.
const AT_ONCE: usize = 10;

/// Runs it.
///
/// # Errors
/// The service does not start again, or the harness fails; what is lost or double is a figure.
pub async fn run(bench: &Bench, kind: Kind) -> Outcome {
    let place = bench.place(kind, "crash").await?;
    no_delay(&place).await?;
    let sink = Sink::start(&place.folder.join("sent"))?;
    let doors = Doors::of(&place.stores);
    let mut sql = place.sql().await?;
    let mut series = Series::new("crash", kind);
    let (mut lost, mut promised, at) = (0, 0, clock::millis());
    for round in 0..bench.repeats() {
        let server = Server::start(bench, &place, Some(sink.url())).await?;
        let (address, doors_too, first) = (server.address, doors.clone(), round * MOST);
        let make = move |request: usize| {
            let (store, users) = users(first + request, doors_too.len());
            let some: Vec<String> = users.map(|user| events::whole_cart(user, at)).collect();
            doors_too.post("/v1/batch", store, &events::batch(&some))
        };
        let load = tokio::spawn(generator::closed(address, CONNECTIONS, MOST, make));
        // At another moment of the work each time.
        let life = Duration::from_millis(bench.scale(1_500, 700) as u64 + 137 * round as u64);
        let work = async {
            tokio::time::sleep(life).await;
            Ok(())
        };
        let ((), mut sample) = bench.sample(1, server.watched(), work).await?;
        server.kill()?;
        let answers = load.await?;
        let acknowledged: Vec<usize> = answers.good().map(|d| first + d.index).collect();
        let missing = missing(&place, &mut sql, &acknowledged, at).await?;
        lost += missing;
        promised += acknowledged.len() * AT_ONCE;
        sample.n = (acknowledged.len() * AT_ONCE).max(1);
        series.add(
            &bench.report,
            sample,
            json!({ "acknowledged": acknowledged.len() * AT_ONCE, "missing": missing }),
        );
    }
    // What was under way goes on by itself.
    let server = Server::start(bench, &place, Some(sink.url())).await?;
    // Leases of the dead are given back after a minute; so long nothing may move.
    let (mut before, mut still) = (0, 0);
    while still < 90 {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let now = sink.mails()?.len();
        let rest = sql.number("SELECT count(*) FROM message WHERE status < 2").await?;
        let leased = sql.number("SELECT count(*) FROM journey_run WHERE status = 1").await?;
        still = if now != before { 0 } else { still + if (rest, leased) == (0, 0) { 15 } else { 1 } };
        before = now;
    }
    let mails = sink.mails()?;
    let count = "SELECT (SELECT count(*) FROM message), (SELECT count(*) FROM message WHERE status = 3), \
                 (SELECT count(*) FROM message WHERE status = 2 OR status = 7)";
    let [messages, sent, open] = sql.numbers::<3>(count).await?;
    let twice = doubles(&mails);
    eprintln!(
        "    killed ({}): {promised} acknowledged, {lost} lost; {messages} messages, {sent} sent, {open} without an \
         answer; {} mails, {twice} people twice",
        kind.as_str(),
        mails.len(),
    );
    let put = |what, unit, must, value: f64| series.put(&bench.report, what, unit, must, false, vec![value]);
    put("killed: acknowledged events", "events", Must::Told, promised as f64);
    put("killed: of them lost", "events", Must::AtMost(0.0), lost as f64);
    put("killed: people with a mail twice", "people", Must::AtMost(0.0), twice as f64);
    put("killed: handed over without an answer, not repeated", "mails", Must::Told, open as f64);
    server.stop().await?;
    sql.close().await?;
    place.remove().await;
    Ok(())
}

/// The users of a request, all of one store.
fn users(request: usize, stores: usize) -> (usize, impl Iterator<Item = usize>) {
    // Users of one store are as far apart as the pattern of `store_of` is long.
    let period = if stores > 1 { 2 * (stores - 1) } else { 1 };
    let (lap, place) = (request / period, request % period);
    (store_of(place, stores), (0..AT_ONCE).map(move |i| (lap * AT_ONCE + i) * period + place))
}

/// How many events of these requests are not in the database.
async fn missing(place: &Place, sql: &mut Sql, requests: &[usize], at: i64) -> Outcome<usize> {
    let mut missing = 0;
    let mut wanted: Vec<Vec<String>> = vec![Vec::new(); place.stores.len()];
    for request in requests {
        let (store, users) = users(*request, place.stores.len());
        for user in users {
            let hex = event_id("api", &format!("w-{user:010}-{at}"));
            wanted[store].push(sql.id(&hex));
        }
    }
    for (store, ids) in place.stores.iter().zip(&wanted) {
        for some in ids.chunks(500) {
            let store = sql.id(&store.hex());
            let text =
                format!("SELECT count(*) FROM event WHERE store_id = {store} AND id IN ({})", some.join(","));
            missing += some.len() - usize::try_from(sql.number(&text).await?)?;
        }
    }
    Ok(missing)
}

/// The id under which an event is kept, as `backend/src/ingest/project/mod.rs` makes it, in hex.
fn event_id(source: &str, source_id: &str) -> String {
    let mut hash = Sha256::new();
    for part in [source, source_id] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    let mut bytes: [u8; 16] = std::array::from_fn(|_| 0);
    bytes.copy_from_slice(&hash.finalize()[..16]);
    bytes[6] = bytes[6] & 0x0f | 0x80;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn no_user_comes_in_two_requests_and_all_of_one_request_are_of_its_store() {
        for stores in [1, 2, 10, 100] {
            let mut seen = HashSet::new();
            for request in 0..3_000 {
                let (store, users) = users(request, stores);
                for user in users {
                    assert_eq!(store_of(user, stores), store, "{stores} {request} {user}");
                    assert!(seen.insert(user), "{stores} {request} {user}");
                }
            }
        }
    }

    #[test]
    fn an_events_id_is_a_version_8_uuid() {
        let id = event_id("api", "m-1");
        assert_eq!((id.len(), &id[12..13]), (32, "8"));
        assert!("89ab".contains(&id[16..17]));
    }
}
