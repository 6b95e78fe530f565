//! The workloads, each in a file; the numbers are those of the goal table in `bench/README.md`.

pub mod abandonment;
pub mod beside;
pub mod browser;
pub mod burst;
pub mod console;
pub mod crash;
pub mod dry_run;
pub mod graphql;
pub mod ingest;
pub mod journey;
pub mod latency;
pub mod links;
pub mod mails;
pub mod memory;
pub mod overload;
pub mod sign_in;
pub mod storage;
pub mod webhooks;

use crate::{
    Outcome,
    data::events,
    load::{
        generator::{self, Answers},
        http::Request,
    },
    service::{
        place::{Place, Store},
        server::Server,
        sql::Sql,
    },
};
use base64::{Engine, engine::general_purpose::STANDARD};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

/// Connections of the load generator.
const CONNECTIONS: usize = 16;

/// The store a user belongs to: one of the stores has half of them, the others share the rest.
fn store_of(user: usize, stores: usize) -> usize {
    if user.is_multiple_of(2) || stores == 1 { 0 } else { 1 + user / 2 % (stores - 1) }
}

/// Requests to the event API in the name of a store.
#[derive(Clone)]
pub struct Doors {
    authorization: Arc<Vec<String>>,
}

impl Doors {
    fn of(stores: &[Store]) -> Self {
        let header = |s: &Store| format!("Basic {}", STANDARD.encode(format!("{}:", s.write_key)));
        Self { authorization: Arc::new(stores.iter().map(header).collect()) }
    }

    fn len(&self) -> usize {
        self.authorization.len()
    }

    fn post(&self, path: &str, store: usize, body: &str) -> Request {
        Request::json(path, &[("Authorization", &self.authorization[store])], body)
    }

    /// Events that belong to users, in batches of a hundred of one store each.
    fn batches(&self, events: impl IntoIterator<Item = (usize, String)>) -> Vec<Request> {
        let mut waiting: Vec<Vec<String>> = vec![Vec::new(); self.len()];
        let mut out = Vec::new();
        let mut cut = |store: usize, events: &mut Vec<String>| {
            out.push(self.post("/v1/batch", store, &events::batch(events)));
            events.clear();
        };
        for (user, event) in events {
            let store = store_of(user, self.len());
            waiting[store].push(event);
            if waiting[store].len() == 100 {
                cut(store, &mut waiting[store]);
            }
        }
        for (store, events) in waiting.iter_mut().enumerate().filter(|(_, e)| !e.is_empty()) {
            cut(store, events);
        }
        out
    }
}

/// Sends these requests in any order over 16 connections.
async fn send_all(server: &Server, requests: Vec<Request>) -> Answers {
    let n = requests.len();
    let requests = Arc::new(requests);
    generator::closed(server.address, CONNECTIONS, n, move |i| requests[i].clone()).await
}

/// Makes users known, before anything is measured.
async fn introduce(server: &Server, doors: &Doors, users: std::ops::Range<usize>, at: i64) -> Outcome {
    send_all(server, doors.batches(users.map(|u| (u, events::identify(u, at))))).await.all_good()
}

/// Asks a number again and again until it is `wanted`; gives when that was. `every` seen value is told to `seen`. It asks less often
/// the longer an answer takes: what the database does for the watcher counts against the service.
async fn watch(
    sql: &mut Sql,
    question: &str,
    wanted: i64,
    within: Duration,
    mut seen: impl FnMut(i64),
) -> Outcome {
    let start = Instant::now();
    loop {
        let asked = Instant::now();
        let now = sql.number(question).await?;
        seen(now);
        if now == wanted {
            return Ok(());
        }
        if start.elapsed() > within {
            return Err(format!("{question} is {now} and not {wanted} after {} s", within.as_secs()).into());
        }
        tokio::time::sleep(Duration::from_millis(20).max(10 * asked.elapsed())).await;
    }
}

/// Waits until nothing is due any more: no cart, no run, no message in any state but the last.
async fn quiet(sql: &mut Sql, within: Duration) -> Outcome {
    // The lanes are named so that the look is one into the index and not one at everything that waits.
    let lanes: Vec<String> = (0..64).map(|lane| lane.to_string()).collect();
    let due = format!(
        "SELECT CASE WHEN EXISTS (SELECT 1 FROM journey_run WHERE status = 0 AND lane IN ({lanes}) AND wake_at <= {now}) \
         OR EXISTS (SELECT 1 FROM journey_run WHERE status = 1) OR EXISTS (SELECT 1 FROM cart WHERE idle_at <= {now}) \
         OR EXISTS (SELECT 1 FROM message WHERE status = 0 AND lane IN ({lanes}) AND next_at <= {now}) \
         OR EXISTS (SELECT 1 FROM message WHERE status = 1) OR EXISTS (SELECT 1 FROM message WHERE status = 2) \
         THEN CAST(1 AS BIGINT) ELSE CAST(0 AS BIGINT) END",
        now = crate::clock::millis(),
        lanes = lanes.join(","),
    );
    watch(sql, &due, 0, within, |_| {}).await
}

/// Changes a setting of all stores, before the server starts.
async fn set(sql: &mut Sql, key: &str, json: &str) -> Outcome {
    let text = match sql {
        Sql::Sqlite(_) => {
            format!("UPDATE store SET settings = json_set(settings, '$.{key}', json('{json}'))")
        }
        Sql::Postgres(_) => format!("UPDATE store SET settings = jsonb_set(settings, '{{{key}}}', '{json}')"),
    };
    sql.run(&text).await.map(drop)
}

/// Lays a definition under the journey of all stores, before the server starts.
async fn lay(sql: &mut Sql, definition: &str) -> Outcome {
    if let Err(problems) = cartwheel_domain::journey::Definition::from_json(definition) {
        return Err(cartwheel_domain::journey::listed(&problems).into());
    }
    sql.run(&format!("UPDATE journey_version SET definition = '{}'", definition.replace('\'', "''")))
        .await
        .map(drop)
}

/// A journey that writes at once.
const AT_ONCE: &str = r#"{"schema":1,"name":"At once","start":"left","settings":{"exit_on_purchase":true},"nodes":{
  "left":{"type":"trigger","on":["cart","checkout","quote"],"re_entry":{"rule":"once"},"next":"mail"},
  "mail":{"type":"message","channel":"email","template":"recovery_1","content_class":"informational","purpose":"cart_email","next":"later"},
  "later":{"type":"wait","seconds":864000,"next":"done"},
  "done":{"type":"exit"}}}"#;

/// Makes every cart count as left at once, and every left cart be written about at once.
async fn no_delay(place: &Place) -> Outcome {
    let mut sql = place.sql().await?;
    set(&mut sql, "abandon_cart_after_seconds", "0").await?;
    lay(&mut sql, AT_ONCE).await?;
    sql.size().await?;
    sql.close().await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_store_has_half_of_everything() {
        let mut counts = vec![0; 100];
        (0..100_000).for_each(|user| counts[store_of(user, 100)] += 1);
        assert_eq!(counts[0], 50_000);
        assert!(counts[1..].iter().all(|n| (500..=510).contains(n)), "{counts:?}");
        assert_eq!((0..10).map(|user| store_of(user, 1)).max(), Some(0));
    }

    #[test]
    fn a_batch_has_events_of_one_store() {
        let store = |key: &str| Store {
            id: cartwheel_domain::ids::StoreId(Default::default()),
            write_key: key.into(),
            public_key: String::new(),
            password: None,
        };
        let doors = Doors::of(&[store("a"), store("b"), store("c")]);
        let requests = doors.batches((0..1_000).map(|n| (n, format!("{{\"n\":{n}}}"))));
        // 500 of the first; 250 of each of the others: two full batches and one of fifty.
        assert_eq!(requests.len(), 5 + 3 + 3);
    }

    #[test]
    fn the_journey_is_sound() {
        assert!(cartwheel_domain::journey::Definition::from_json(AT_ONCE).is_ok());
    }
}
