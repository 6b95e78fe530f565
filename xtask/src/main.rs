//! The house's machinery: `cargo xtask setup | run | test | ci | schema | bench | dist`.
//!
//! Only the standard library, so that it starts within seconds from a fresh clone; the heavy work of bundling the
//! console is done by the program in `bundle/`.
// The machinery measures real time and talks to a terminal; the product's rules about both are for the product.
#![allow(clippy::disallowed_methods, clippy::print_stdout)]

mod bench;
mod cache;
mod checks;
mod compile;
mod console;
mod dist;
mod e2e;
mod exec;
mod house;
mod postgres;
mod run;
mod schema;
mod server;
mod setup;
mod tally;
mod test;

use std::process::ExitCode;

const USAGE: &str = "\
cargo xtask COMMAND

  run    [--port N] [--fresh] [--no-open]   build everything and serve the demo store
  test   [--only rust|storefront|senders|browser] [FILTER]   everything that must pass
  ci                                        the same, as an unattended machine runs it
  setup  [--check]                          install what the commands need; --check only looks
  schema [--check]                          print the GraphQL schema to schema.graphql, or compare
  bench  [NAME] [--quick]                   the workloads of bench/, in release
  console                                   build only the console's bundle, and print its folder
  dist   [--out DIR]                        one release binary with the console inside

Environment: CARTWHEEL_TARGET_DIR (build cache, default ~/.cache/cartwheel), CARTWHEEL_DATA (data folder of
`run`), CARTWHEEL_WASM=rustup|distro (which compiler builds the console), CARTWHEEL_PG_BIN (folder of initdb),
PLAYWRIGHT_CHROMIUM (the browser).";

/// A fault told to the person at the terminal: what happened, where, and what to do.
pub type Outcome<T = ()> = Result<T, String>;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (command, rest) = match arguments.split_first() {
        Some((command, rest)) => (command.as_str(), rest),
        None => ("help", &[][..]),
    };
    let result = house::House::find().and_then(|house| match command {
        "run" => run::run(&house, rest),
        "announce" => run::announce(rest),
        "test" | "ci" => test::test(&house, rest),
        "setup" => setup::command(&house, rest),
        "schema" => schema::command(&house, rest),
        "bench" => bench::command(&house, rest),
        "console" => console::command(&house, rest),
        "dist" => dist::command(&house, rest),
        "help" | "--help" | "-h" => {
            println!("{USAGE}");
            Ok(())
        }
        other => Err(format!("there is no command {other:?}\n\n{USAGE}")),
    });
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            eprintln!("\ncargo xtask {command} failed: {fault}");
            ExitCode::FAILURE
        }
    }
}
