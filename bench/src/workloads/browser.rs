//! 13 and 22: what a person's browser sees of the console and of the snippet.

use super::{Doors, introduce, send_all};
use crate::{
    Outcome,
    bench::{Bench, Series},
    clock,
    data::events,
    harness::report::Must,
    load::http::Request,
    service::{helper::Helper, place::OWNER, server::Server, sql::Kind},
};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};
use std::process::{Command, Stdio};

const SCRIPT: &str = "bench/browser/measure.mjs";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Start {
    blank: f64,
    fcp: f64,
    data: f64,
    bytes: f64,
    requests: f64,
    again_bytes: f64,
}

#[derive(Deserialize)]
struct Starts {
    starts: Vec<Start>,
    throttled: Vec<Start>,
}

#[derive(Deserialize)]
struct Loads {
    loads: Vec<Vec<Task>>,
}

#[derive(Deserialize)]
struct Task {
    name: String,
    ms: f64,
}

fn measure<T: DeserializeOwned>(what: &str, task: &Value) -> Outcome<T> {
    let output = Command::new("node")
        .args([SCRIPT, what])
        .env("BENCH_TASK", task.to_string())
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|e| format!("node cannot be started: {e}"))?;
    if !output.status.success() {
        return Err(format!("{SCRIPT} {what} ended with {}", output.status).into());
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// 13: the console's home page, signed in, nothing in any cache.
///
/// # Errors
/// The browser does not start, or the page does not come.
pub async fn console(bench: &Bench, kind: Kind) -> Outcome {
    let place = bench.place(kind, "console").await?;
    let server = Server::start(bench, &place, None).await?;
    let hello = Helper::start("hello", &["hello"])?;
    let doors = Doors::of(&place.stores);
    let (at, users) = (clock::millis(), 0..bench.scale(2_000, 200));
    introduce(&server, &doors, users.clone(), at).await?;
    send_all(&server, doors.batches(users.map(|u| (u, events::whole_cart(u, at))))).await.all_good()?;
    let password = place.stores[0].password.clone().ok_or("the first store's owner has no password")?;
    let task = json!({
        "server": format!("http://{}", server.address), "blank": format!("http://{}/", hello.address),
        "email": OWNER, "password": password, "starts": bench.scale(7, 2), "throttledStarts": bench.scale(3, 1),
    });
    let mut watched = server.watched();
    watched.push(hello.watched());
    let mut series = Series::new("13", kind);
    let work = async { measure::<Starts>("console", &task) };
    let (found, sample) = bench.sample(1, watched, work).await?;
    series.add(&bench.report, sample, json!({ "starts": found.starts.len() }));
    let of = |starts: &[Start], f: &dyn Fn(&Start) -> f64| starts.iter().map(f).collect::<Vec<f64>>();
    let report = &bench.report;
    let put = |what, unit, must, wall, values| series.put(report, what, unit, must, wall, values);
    put("console: transferred", "kB", Must::AtMost(600.0), false, of(&found.starts, &|s| s.bytes / 1e3));
    put("console: requests", "", Must::Told, false, of(&found.starts, &|s| s.requests));
    put(
        "console: transferred on a second visit",
        "kB",
        Must::Told,
        false,
        of(&found.starts, &|s| s.again_bytes / 1e3),
    );
    put("console: first paint", "× blank", Must::AtMost(3.0), true, of(&found.starts, &|s| s.fcp / s.blank));
    put("console: data shown", "× blank", Must::AtMost(8.0), true, of(&found.starts, &|s| s.data / s.blank));
    put("console: data shown", "ms", Must::Told, true, of(&found.starts, &|s| s.data));
    put("console: first paint of a blank page", "ms", Must::Told, true, of(&found.starts, &|s| s.blank));
    put(
        "console, 1.6 Mbit/s: first paint",
        "× blank",
        Must::AtMost(3.0),
        true,
        of(&found.throttled, &|s| s.fcp / s.blank),
    );
    put(
        "console, 1.6 Mbit/s: data shown",
        "× blank",
        Must::Told,
        true,
        of(&found.throttled, &|s| s.data / s.blank),
    );
    put("console, 1.6 Mbit/s: data shown", "ms", Must::Told, true, of(&found.throttled, &|s| s.data));
    server.stop().await?;
    place.remove().await;
    Ok(())
}

/// 22: the snippet's size over the wire, and its longest task.
///
/// # Errors
/// The browser does not start, or the snippet does not deliver.
pub async fn snippet(bench: &Bench, kind: Kind) -> Outcome {
    let place = bench.place(kind, "snippet").await?;
    let server = Server::start(bench, &place, None).await?;
    let hello = Helper::start("hello", &["hello"])?;
    let path = format!("/s/{}.js", place.stores[0].public_key);
    let answer = server.ask(&Request::get(&path, &[("Accept-Encoding", "gzip")])).await?;
    if answer.status != 200 || answer.body.get(..2) != Some(&[0x1f, 0x8b]) {
        return Err(format!("the snippet was answered with {}, or not packed", answer.status).into());
    }
    let task = json!({
        "blank": format!("http://{}/", hello.address), "snippet": format!("http://{}{path}", server.address),
        "starts": bench.repeats(),
    });
    let mut series = Series::new("22", kind);
    let work = async { measure::<Loads>("snippet", &task) };
    let (found, sample) = bench.sample(1, server.watched(), work).await?;
    series.add(&bench.report, sample, json!({ "gzip_bytes": answer.body.len() }));
    let longest = |load: &Vec<Task>| load.iter().map(|t| t.ms).fold(0.0, f64::max);
    if found.loads.iter().any(|load| !load.iter().any(|t| t.name == "EvaluateScript")) {
        return Err("the trace shows nothing of the snippet".into());
    }
    let report = &bench.report;
    series.put(report, "snippet: gzip", "B", Must::AtMost(4_096.0), false, vec![answer.body.len() as f64]);
    let tasks = found.loads.iter().map(longest).collect();
    series.put(report, "snippet: longest task", "ms", Must::AtMost(10.0), true, tasks);
    server.stop().await?;
    place.remove().await;
    Ok(())
}
