//! The workloads of the goal table, each beside its limit. Start it by `cargo xtask bench`; see bench/README.md.
// A harness reads the real clock, waits for real time and talks to a terminal; the product's rules are for the product.
#![allow(clippy::disallowed_methods, clippy::print_stdout)]

mod anchors;
mod bench;
mod clock;
mod data;
mod harness;
mod load;
mod service;
mod sink;
mod workloads;

use bench::Bench;
use clap::{Parser, Subcommand};
use service::sql::Kind;
use std::{path::PathBuf, process::ExitCode};

/// What may go wrong is told to a person at the terminal.
type Outcome<T = ()> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// Runs the workloads and shows which goals are reached.
#[derive(Parser)]
#[command(name = "bench")]
struct Cli {
    /// Workloads by number or name, such as `1`, `crash`, `2-postgres`; all of them when none is named.
    names: Vec<String>,
    /// Small numbers: to see that everything runs. Its figures mean nothing.
    #[arg(long, global = true)]
    quick: bool,
    /// How often each workload is repeated; fewer for a first look.
    #[arg(long, global = true)]
    repeats: Option<usize>,
    #[command(subcommand)]
    helper: Option<Helper>,
}

/// Processes that the harness starts for itself.
#[derive(Subcommand)]
enum Helper {
    /// The mail sink.
    #[command(hide = true)]
    Sink {
        /// Where it writes what it takes.
        #[arg(long)]
        log: PathBuf,
    },
    /// The smallest HTTP server.
    #[command(hide = true)]
    Hello,
    /// The smallest GraphQL server.
    #[command(hide = true)]
    Bare {
        /// The SQLite file it reads.
        #[arg(long)]
        file: PathBuf,
        /// With limits on what may be asked.
        #[arg(long)]
        limits: bool,
    },
}

const S: Kind = Kind::Sqlite;
const P: Kind = Kind::Postgres;

/// Workloads in the order of a whole run.
const ALL: &[(&str, Kind)] = &[
    ("anchors", S),
    ("1", S),
    ("1", P),
    ("2", S),
    ("2", P),
    ("3", S),
    ("crash", S),
    ("crash", P),
    ("4", S),
    ("5", S),
    ("5", P),
    ("6", S),
    ("6", P),
    ("7", S),
    ("7", P),
    ("8", S),
    ("9", S),
    ("12", S),
    ("12", P),
    ("13", S),
    ("14", S),
    ("15", S),
    ("16", S),
    ("16", P),
    ("17", S),
    ("18", S),
    ("18", P),
    ("19", S),
    ("22", S),
    ("console", S),
    ("console", P),
];

async fn workload(bench: &Bench, name: &str, kind: Kind) -> Outcome {
    match name {
        "anchors" => anchors::all(bench).await,
        "1" => workloads::ingest::single(bench, kind).await,
        "2" => workloads::ingest::batch(bench, kind).await,
        "3" => workloads::ingest::new_profile(bench, kind).await,
        "crash" => workloads::crash::run(bench, kind).await,
        "4" => workloads::overload::run(bench, kind).await,
        "5" => workloads::abandonment::run(bench, kind).await,
        "6" => workloads::journey::run(bench, kind).await,
        "7" => workloads::mails::run(bench, kind).await,
        "8" => workloads::latency::run(bench, kind).await,
        "9" => workloads::burst::run(bench, kind).await,
        "12" => workloads::graphql::run(bench, kind).await,
        "13" => workloads::browser::console(bench, kind).await,
        "14" => workloads::memory::run(bench, kind).await,
        "15" => workloads::storage::run(bench, kind).await,
        "16" => workloads::sign_in::run(bench, kind).await,
        "17" => workloads::webhooks::run(bench, kind).await,
        "18" => workloads::dry_run::run(bench, kind).await,
        "19" => workloads::links::run(bench, kind).await,
        "22" => workloads::browser::snippet(bench, kind).await,
        "console" => workloads::console::run(bench, kind).await,
        _ => Err(format!("there is no workload {name}").into()),
    }
}

/// The workloads that were asked for.
fn chosen(names: &[String]) -> Outcome<Vec<(&'static str, Kind)>> {
    if names.is_empty() {
        return Ok(ALL.to_vec());
    }
    let mut found = Vec::new();
    for name in names {
        let (name, kind) = match name.rsplit_once('-') {
            Some((name, "postgres")) => (name, Some(P)),
            Some((name, "sqlite")) => (name, Some(S)),
            _ => (name.as_str(), None),
        };
        let known = ALL.iter().find(|(n, _)| *n == name).map(|(n, _)| *n);
        let known = known.ok_or_else(|| {
            let names: Vec<&str> = ALL.iter().filter(|(_, k)| *k == S).map(|(n, _)| *n).collect();
            format!("there is no workload {name}; there are {}", names.join(", "))
        })?;
        match kind {
            Some(kind) => found.push((known, kind)),
            None => found.extend(ALL.iter().filter(|(n, _)| *n == known)),
        }
    }
    Ok(found)
}

async fn run(cli: Cli) -> Outcome<bool> {
    match cli.helper {
        Some(Helper::Sink { log }) => return sink::serve::serve(&log).await.map(|()| true),
        Some(Helper::Hello) => return anchors::hello::serve().await.map(|()| true),
        Some(Helper::Bare { file, limits }) => {
            return anchors::bare::serve(&file, limits).await.map(|()| true);
        }
        None => {}
    }
    let chosen = chosen(&cli.names)?;
    let bench = Bench::from_environment(cli.quick, cli.repeats)?;
    let mut whole = true;
    for (name, kind) in chosen {
        if kind == P && bench.postgres.is_none() {
            eprintln!("==> {name} on PostgreSQL is left out: CARTWHEEL_TEST_POSTGRES_URL is not set");
            continue;
        }
        let start = std::time::Instant::now();
        eprintln!("==> workload {name} ({})", kind.as_str());
        match workload(&bench, name, kind).await {
            Ok(()) => eprintln!("    done after {:.0} s", start.elapsed().as_secs_f64()),
            Err(error) => {
                whole = false;
                eprintln!("    FAILED after {:.0} s: {error}", start.elapsed().as_secs_f64());
            }
        }
    }
    let (table, reached) = bench.report.table();
    println!("\n{table}");
    if cli.quick {
        println!("A quick run shows that everything runs; its figures mean nothing.");
    }
    let quick = bench.quick;
    bench.clean_up().await;
    Ok(whole && (reached || quick))
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("bench: {error}");
            return ExitCode::FAILURE;
        }
    };
    match runtime.block_on(run(cli)) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(2),
        Err(error) => {
            eprintln!("bench: {error}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn workloads_are_chosen_by_name_and_database() {
        let of = |names: &[&str]| chosen(&names.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>());
        assert_eq!(of(&["1"]).expect("known"), [("1", S), ("1", P)]);
        assert_eq!(of(&["2-postgres", "crash-sqlite"]).expect("known"), [("2", P), ("crash", S)]);
        assert_eq!(of(&[]).expect("all").len(), ALL.len());
        assert!(of(&["99"]).is_err_and(|e| e.to_string().contains("there are")));
    }
}
