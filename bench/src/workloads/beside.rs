//! Ingest that runs while something else is measured: its capacity first, then a share of it.

use super::{CONNECTIONS, Doors, introduce, store_of};
use crate::{
    Outcome,
    bench::{Bench, Sample, Series},
    clock,
    data::events,
    harness::{meter::Watched, stats::Latency},
    load::generator::{self, Answers, Flow, Make},
    service::{place::Place, server::Server},
};
use serde_json::json;
use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

/// Shoppers whose carts change.
const USERS: usize = 20_000;
/// What part of the capacity comes in while something else is measured.
const SHARE: f64 = 0.3;
/// A stream that is refused ends a workload by its counts, and does not keep it waiting.
const IN_FLOW_WITHIN: Duration = Duration::from_secs(30);

/// How events come in.
#[derive(Debug, Clone, Copy)]
pub struct Form {
    /// Events of a request: 1 or 100.
    pub each: usize,
    /// Events by which the capacity is measured.
    pub probe: usize,
}

/// Events of shoppers who are known, and what the service can take of them.
pub struct Ingest {
    address: SocketAddr,
    doors: Doors,
    form: Form,
    at: i64,
    /// Number of the next event.
    next: Arc<AtomicUsize>,
    /// Events acknowledged in all.
    kept: AtomicUsize,
    /// Events a second that come in.
    pub rate: f64,
}

/// What a stream did while something else ran.
pub struct Beside<T> {
    /// What the other gave.
    pub done: T,
    /// What it took, ingest included.
    pub sample: Sample,
    /// Events acknowledged from its begin to its end.
    pub events: usize,
    /// All of the stream's requests, those just before and after included.
    pub answers: Answers,
}

impl Ingest {
    /// Introduces shoppers and measures the capacity, as workload 4 does.
    ///
    /// # Errors
    /// What the service does not do.
    pub async fn measure(
        bench: &Bench,
        place: &Place,
        server: &Server,
        series: &mut Series,
        form: Form,
    ) -> Outcome<Self> {
        let doors = Doors::of(&place.stores);
        let at = clock::millis();
        introduce(server, &doors, 0..USERS, at).await?;
        let (next, kept) = (Arc::default(), AtomicUsize::new(0));
        let ingest = Self { address: server.address, doors, form, at, next, kept, rate: 0.0 };
        let (make, requests) = (ingest.make(), form.probe / form.each);
        let work = async { Ok(generator::closed(server.address, CONNECTIONS, requests, make).await) };
        let (answers, sample) = bench.sample(requests * form.each, server.watched(), work).await?;
        answers.all_good()?;
        ingest.kept.fetch_add(requests * form.each, Ordering::Relaxed);
        let rate = sample.rate() * SHARE;
        series.add(
            &bench.report,
            sample,
            json!({ "phase": "capacity of ingest", "events_a_request": form.each }),
        );
        Ok(Self { rate, ..ingest })
    }

    /// Measures something while events come in. The stream is in full flow before the work begins, and ends after it.
    ///
    /// # Errors
    /// What the work says.
    pub async fn during<T>(
        &self,
        bench: &Bench,
        (n, watched): (usize, Vec<Watched>),
        work: impl Future<Output = Outcome<T>>,
    ) -> Outcome<Beside<T>> {
        let before = bench.before()?;
        let flow = Arc::<Flow>::default();
        let requests = self.rate / self.form.each as f64;
        let stream = generator::stream(self.address, CONNECTIONS, requests, Arc::clone(&flow), self.make());
        let measured = async {
            let start = Instant::now();
            while flow.good() < CONNECTIONS && start.elapsed() < IN_FLOW_WITHIN {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            let counted = async {
                let begin = flow.good();
                let done = work.await?;
                Ok((done, flow.good() - begin))
            };
            let measured = before.measure(n, watched, counted).await;
            flow.end();
            measured
        };
        let (measured, answers) = tokio::join!(measured, stream);
        self.kept.fetch_add(answers.good().count() * self.form.each, Ordering::Relaxed);
        let ((done, requests), sample) = measured?;
        Ok(Beside { done, sample, events: requests * self.form.each, answers })
    }

    /// Nothing but the stream, for so many seconds; gives the CPU of one event in seconds, and the stream's latencies.
    ///
    /// # Errors
    /// What the service does not do.
    pub async fn alone(
        &self,
        bench: &Bench,
        server: &Server,
        series: &mut Series,
        seconds: u64,
    ) -> Outcome<(f64, Latency)> {
        let wait = async {
            tokio::time::sleep(Duration::from_secs(seconds)).await;
            Ok(())
        };
        let Beside { mut sample, events, answers, .. } =
            self.during(bench, (0, server.watched()), wait).await?;
        if events == 0 {
            return Err("no event was taken while ingest ran alone".into());
        }
        sample.n = events;
        sample.latency = answers.latency();
        let (each, latency) = (sample.measured.server_cpu / events as f64, sample.latency);
        let told = json!({ "phase": "ingest alone", "offered": self.rate, "refused": answers.with(429) });
        series.add(&bench.report, sample, told);
        Ok((each, latency))
    }

    /// Events acknowledged so far, the introductions aside.
    pub fn kept(&self) -> usize {
        self.kept.load(Ordering::Relaxed)
    }

    /// Each request has events of its own, whenever it is made.
    fn make(&self) -> impl Make + use<> {
        let (doors, form, next, at) = (self.doors.clone(), self.form, Arc::clone(&self.next), self.at);
        let stores = doors.len();
        move |_| {
            let n = next.fetch_add(form.each, Ordering::Relaxed);
            let time = at + n as i64 / 10;
            if form.each == 1 {
                let user = n % USERS;
                return doors.post("/v1/track", store_of(user, stores), &events::cart_event(n, user, time));
            }
            let store = store_of(n / form.each, stores);
            let some: Vec<String> = (n..n + form.each)
                .map(|n| events::cart_event(n, user_of(store, n, stores, USERS), time))
                .collect();
            doors.post("/v1/batch", store, &events::batch(&some))
        }
    }
}

impl<T> Beside<T> {
    /// What it took without ingest: less so many seconds of CPU for each event that was taken meanwhile.
    pub fn without_ingest(&self, each: f64) -> Sample {
        let mut sample = self.sample.clone();
        sample.measured.server_cpu = (sample.measured.server_cpu - self.events as f64 * each).max(0.0);
        sample
    }
}

/// A user of this store, of so many in all.
pub fn user_of(store: usize, n: usize, stores: usize, users: usize) -> usize {
    let others = stores.max(2) - 1;
    match store {
        0 => n * 2 % users,
        store => {
            let turns = users / 2 / others;
            1 + 2 * ((n % turns) * others + store - 1)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_belong_to_the_store_that_asks_for_them() {
        for stores in [2, 10, 100] {
            for store in 0..stores {
                for n in 0..500 {
                    let user = user_of(store, n, stores, USERS);
                    assert!(user < USERS && store_of(user, stores) == store, "{stores} {store} {n} {user}");
                }
            }
        }
    }
}
