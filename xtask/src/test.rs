//! `cargo xtask test`: everything that must pass before a change is taken. Stops at the first step that fails.

use std::path::PathBuf;
use std::process::Command;
use std::time::Instant;

use crate::Outcome;
use crate::checks;
use crate::compile::{self, Server};
use crate::console::Console;
use crate::e2e;
use crate::exec;
use crate::house::House;
use crate::postgres::{Cluster, URL_VARIABLE};
use crate::schema;
use crate::setup::{self, Need, python};
use crate::tally::Tally;

#[derive(Clone, Copy, PartialEq)]
enum Part {
    Rust,
    Storefront,
    Senders,
    Browser,
}

struct Options {
    only: Option<Part>,
    filter: Option<String>,
}

impl Options {
    fn read(arguments: &[String]) -> Outcome<Self> {
        let mut options = Self { only: None, filter: None };
        let mut arguments = arguments.iter();
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--only" => {
                    options.only = Some(match arguments.next().map(String::as_str) {
                        Some("rust") => Part::Rust,
                        Some("storefront") => Part::Storefront,
                        Some("senders") => Part::Senders,
                        Some("browser") => Part::Browser,
                        _ => return Err("--only takes rust, storefront, senders or browser".into()),
                    });
                }
                flag if flag.starts_with('-') => {
                    return Err(format!("test takes --only and a filter, not {flag}"));
                }
                filter => options.filter = Some(filter.to_owned()),
            }
        }
        if options.filter.is_some() && options.only.is_none() {
            options.only = Some(Part::Rust);
        }
        Ok(options)
    }

    fn wants(&self, part: Part) -> bool {
        self.only.is_none_or(|only| only == part)
    }
}

/// Runs the parts asked for. A filter without `--only` means the Rust tests; with a filter, style is not looked at.
pub fn test(house: &House, arguments: &[String]) -> Outcome {
    let options = Options::read(arguments)?;
    let filter = options.filter.as_deref();
    let start = Instant::now();
    let (rust, storefront) = (options.wants(Part::Rust), options.wants(Part::Storefront));
    let (senders, browser) = (options.wants(Part::Senders), options.wants(Part::Browser));
    let served = senders || browser;
    let needs: Vec<Need> = [
        (rust, Need::Database),
        (true, Need::Node),
        (rust || served, Need::Python),
        (served, Need::Wasm),
        (browser, Need::Browser),
    ]
    .into_iter()
    .filter_map(|(wanted, need)| wanted.then_some(need))
    .collect();
    setup::ensure(house, &needs)?;

    let mut results = Vec::new();
    if filter.is_none() {
        exec::step("rules about the text of the sources", || checks::check(house))?;
    }
    // Compiles beside the lints: the end of it is one long step on one core.
    let mut console = if served { Some(Console::start(house)?) } else { None };
    if rust {
        if filter.is_none() {
            lint(house)?;
        }
        exec::step("compiling the tests (cargo test --no-run)", || {
            exec::run(compile::cargo(house).args(["test", "--workspace", "--no-run"]).args(compile::locked()))
        })?;
        if let Some(console) = &mut console {
            console.wait()?;
        }
        let tally = exec::step("Rust tests on SQLite and PostgreSQL", || rust_tests(house, filter))?;
        results.push(("cargo test", tally));
    }
    if storefront {
        let tally = exec::step("storefront tests (npm test)", || storefront_tests(house, filter))?;
        results.push(("storefront", tally));
    }
    let mut program = PathBuf::new();
    let mut bundler = None;
    if served || (rust && filter.is_none()) {
        let server = Server::of(house)?;
        let wanted = console.as_ref().and_then(Console::bundler);
        bundler = exec::step("building the server", || server.build(house, wanted))?;
        program = server.program;
    }
    if rust && filter.is_none() {
        exec::step("schema.graphql is what the server says", || schema::compare(house, &program))?;
    }
    if let Some(console) = console {
        let bundle = exec::step("the console's bundle", || console.finish(house, bundler))?;
        let built = e2e::Built { program: &program, console: &bundle };
        if senders {
            let tally =
                exec::step("senders of shops (npm run senders)", || e2e::senders(house, &built, filter))?;
            results.push(("senders", tally));
        }
        if browser {
            let tally = exec::step("browser tests (playwright)", || e2e::specs(house, &built, filter))?;
            results.push(("playwright", tally));
        }
    }
    report(&results, start)
}

/// Format, lints with the tests' features, and, where it is installed, licences and advisories.
fn lint(house: &House) -> Outcome {
    exec::step("format (cargo fmt --check)", || {
        exec::run(compile::cargo(house).args(["fmt", "--all", "--check"]))
    })?;
    if exec::which(&["cargo-deny"]).is_some() {
        exec::step("licences and bans (cargo deny)", || {
            exec::run(compile::cargo(house).args([
                "deny",
                "--offline",
                "check",
                "bans",
                "licenses",
                "sources",
            ]))
        })?;
    }
    exec::step("lints (cargo clippy)", || {
        let mut clippy = compile::cargo(house);
        clippy.args(["clippy", "--workspace", "--all-targets"]).args(compile::locked());
        exec::run(clippy.args(["--", "-D", "warnings"]))
    })
}

fn rust_tests(house: &House, filter: Option<&str>) -> Outcome<Tally> {
    let cluster = Cluster::start()?;
    let mut command = compile::cargo(house);
    command.args(["test", "--workspace", "--no-fail-fast"]).args(compile::locked()).args(filter);
    command.env(URL_VARIABLE, cluster.url()).env("CARTWHEEL_NODE_DIR", house.root.join("e2e"));
    if let Some(python) = python::interpreter(house)? {
        command.env("CARTWHEEL_PYTHON", python);
    }
    let mut tally = Tally::default();
    exec::watch(&mut command, |line| tally.cargo(line))?;
    Ok(tally)
}

fn storefront_tests(house: &House, filter: Option<&str>) -> Outcome<Tally> {
    let mut command = Command::new("npm");
    command.args(["test", "--silent"]).current_dir(house.root.join("storefront"));
    if let Some(filter) = filter {
        command.args(["--", "--test-name-pattern", filter]);
    }
    let mut tally = Tally::default();
    exec::watch(&mut command, |line| tally.node(line))?;
    Ok(tally)
}

/// One line per runner, and one for all.
fn report(results: &[(&str, Tally)], start: Instant) -> Outcome {
    println!("\nall of it passed after {}", exec::clock(start.elapsed()));
    for (runner, tally) in results {
        println!("{runner:<12} {tally}");
        if tally.passed == 0 {
            return Err(format!("{runner} ran no test at all"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Options, Part};

    fn read(text: &str) -> Result<Options, String> {
        Options::read(&text.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn a_part_can_be_chosen() {
        assert!(read("--only browser basket").unwrap().only == Some(Part::Browser));
        assert!(read("").unwrap().wants(Part::Rust) && read("").unwrap().wants(Part::Browser));
        assert!(!read("--only rust").unwrap().wants(Part::Storefront));
    }

    #[test]
    fn a_filter_alone_means_rust() {
        let options = read("carts::").unwrap();
        assert!(options.wants(Part::Rust) && !options.wants(Part::Browser));
        assert_eq!(options.filter.as_deref(), Some("carts::"));
    }

    #[test]
    fn unknown_options_are_refused() {
        assert!(read("--only docs").is_err());
        assert!(read("--onyl rust").is_err());
    }
}
