//! Offers load: as fast as answers come (closed), or at a rate whatever the answers do (open).

use super::http::{Answer, Client, Request};
use crate::harness::stats::Latency;
use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::task::JoinSet;

/// One request and its answer.
#[derive(Debug, Clone)]
pub struct Done {
    /// Which, from 0.
    pub index: usize,
    /// Microseconds from when it was due (open) or sent (closed) until the answer was read.
    pub micros: i64,
    /// Status; 0 when the connection broke.
    pub status: u16,
    /// Seconds of `Retry-After`.
    pub retry_after: Option<u32>,
    /// Bytes of the body.
    pub length: usize,
}

/// All requests of a run.
#[derive(Debug, Default)]
pub struct Answers(pub Vec<Done>);

impl Answers {
    /// Those with a 2xx.
    pub fn good(&self) -> impl Iterator<Item = &Done> {
        self.0.iter().filter(|d| (200..300).contains(&d.status))
    }

    /// How many had this status.
    pub fn with(&self, status: u16) -> usize {
        self.0.iter().filter(|d| d.status == status).count()
    }

    /// Latency of those with a 2xx or 3xx.
    pub fn latency(&self) -> Latency {
        Latency::of_micros(self.0.iter().filter(|d| (200..400).contains(&d.status)).map(|d| d.micros))
    }

    /// All had a 2xx or 3xx, else the first that had not.
    ///
    /// # Errors
    /// Names the status.
    pub fn all_good(&self) -> crate::Outcome {
        match self.0.iter().find(|d| !(200..400).contains(&d.status)) {
            None => Ok(()),
            Some(bad) => Err(format!("request {} was answered with {}", bad.index, bad.status).into()),
        }
    }
}

/// Makes the request with this number.
pub trait Make: Fn(usize) -> Request + Send + Sync + 'static {}
impl<F: Fn(usize) -> Request + Send + Sync + 'static> Make for F {}

/// `n` requests over `connections`, each connection sending its next when the last was answered.
pub async fn closed(address: SocketAddr, connections: usize, n: usize, make: impl Make) -> Answers {
    offer(address, connections, (n, None), Arc::default(), make).await
}

/// `rate` requests a second for as many as `n`, each at its time, over at most `connections`. A request that finds no
/// free connection waits, and its waiting counts.
pub async fn open(address: SocketAddr, connections: usize, rate: f64, n: usize, make: impl Make) -> Answers {
    offer(address, connections, (n, Some(rate)), Arc::default(), make).await
}

/// A stream of requests that runs beside something else: tells how many were taken so far, and can be told to end.
#[derive(Debug, Default)]
pub struct Flow {
    over: AtomicBool,
    good: AtomicUsize,
}

impl Flow {
    /// No further request begins.
    pub fn end(&self) {
        self.over.store(true, Ordering::Relaxed);
    }

    /// Requests answered with a 2xx so far.
    pub fn good(&self) -> usize {
        self.good.load(Ordering::Relaxed)
    }
}

/// As [`open`], until the flow is ended.
pub async fn stream(
    address: SocketAddr,
    connections: usize,
    rate: f64,
    flow: Arc<Flow>,
    make: impl Make,
) -> Answers {
    offer(address, connections, (usize::MAX, Some(rate)), flow, make).await
}

async fn offer(
    address: SocketAddr,
    connections: usize,
    (n, rate): (usize, Option<f64>),
    flow: Arc<Flow>,
    make: impl Make,
) -> Answers {
    let (make, next) = (Arc::new(make), Arc::new(AtomicUsize::new(0)));
    let start = Instant::now();
    let mut tasks = JoinSet::new();
    for _ in 0..connections {
        let (make, next, flow) = (Arc::clone(&make), Arc::clone(&next), Arc::clone(&flow));
        tasks.spawn(async move {
            let (mut client, mut done) = (Client::new(address), Vec::new());
            loop {
                let index = next.fetch_add(1, Ordering::Relaxed);
                if index >= n {
                    return done;
                }
                let request = make(index);
                let mut since = Instant::now();
                if let Some(rate) = rate {
                    since = start + Duration::from_secs_f64(index as f64 / rate);
                    tokio::time::sleep_until(since.into()).await;
                }
                if flow.over.load(Ordering::Relaxed) {
                    return done;
                }
                let answer = client.send(&request).await;
                let answered = finished(index, since, answer.as_ref().ok());
                flow.good.fetch_add(usize::from((200..300).contains(&answered.status)), Ordering::Relaxed);
                done.push(answered);
            }
        });
    }
    let mut all = Answers::default();
    while let Some(done) = tasks.join_next().await {
        // A task that panicked has lost its answers; the counts then show it.
        all.0.extend(done.unwrap_or_default());
    }
    all.0.sort_by_key(|d| d.index);
    all
}

fn finished(index: usize, since: Instant, answer: Option<&Answer>) -> Done {
    Done {
        index,
        micros: i64::try_from(since.elapsed().as_micros()).unwrap_or(i64::MAX),
        status: answer.map_or(0, |a| a.status),
        retry_after: answer.and_then(|a| a.retry_after),
        length: answer.map_or(0, |a| a.body.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::anchors::hello;

    #[tokio::test]
    async fn closed_load_sends_each_request_once() {
        let (address, server) = hello::here().await.expect("a port");
        let answers = closed(address, 4, 100, |n| Request::get(&format!("/{n}"), &[])).await;
        server.abort();
        assert!(answers.all_good().is_ok());
        assert_eq!(answers.0.iter().map(|d| d.index).collect::<Vec<_>>(), (0..100).collect::<Vec<_>>());
    }

    #[tokio::test]
    async fn a_stream_ends_when_it_is_told_to() {
        let (address, server) = hello::here().await.expect("a port");
        let flow = Arc::<Flow>::default();
        let end = async {
            while flow.good() < 10 {
                tokio::task::yield_now().await;
            }
            flow.end();
        };
        let load = stream(address, 2, 1_000.0, Arc::clone(&flow), |_| Request::get("/", &[]));
        let (answers, ()) = tokio::join!(load, end);
        server.abort();
        assert_eq!((answers.with(200), flow.good()), (answers.0.len(), answers.0.len()));
        assert!(answers.0.len() >= 10 && answers.0.iter().all(|d| d.length > 0));
    }

    #[tokio::test]
    async fn open_load_keeps_its_rate_and_tells_of_broken_connections() {
        let (address, server) = hello::here().await.expect("a port");
        let start = Instant::now();
        let answers = open(address, 2, 200.0, 20, |_| Request::get("/", &[])).await;
        assert!(start.elapsed() >= Duration::from_millis(95), "{:?}", start.elapsed());
        assert_eq!(answers.with(200), 20);
        server.abort();
        let nobody = SocketAddr::from(([127, 0, 0, 1], 1));
        let answers = closed(nobody, 1, 2, |_| Request::get("/", &[])).await;
        assert_eq!(answers.with(0), 2);
        assert!(answers.all_good().is_err());
    }
}
