//! What runs in `e2e/` against the real server: browser specs by Playwright, and the senders that shops use by `node --test`.
//!
//! Each starts servers of its own and is told where things are:
//!
//! | variable | is |
//! | --- | --- |
//! | `CARTWHEEL_BIN`, `CARTWHEEL_CONSOLE_DIR` | the program and the console's bundle |
//! | `CARTWHEEL_PYTHON` | an interpreter with the packages of `e2e/requirements.txt` |
//! | `PLAYWRIGHT_CHROMIUM` | the browser |

use std::path::Path;
use std::process::Command;

use crate::Outcome;
use crate::exec;
use crate::house::House;
use crate::setup::{browser, python};
use crate::tally::Tally;

/// The programs under test.
pub struct Built<'a> {
    /// The server.
    pub program: &'a Path,
    /// The console's bundle.
    pub console: &'a Path,
}

/// Runs the browser specs, all or those that match.
pub fn specs(house: &House, built: &Built<'_>, filter: Option<&str>) -> Outcome<Tally> {
    let mut command = tell(house, built, Command::new("npx"))?;
    command
        .args(["--no-install", "playwright", "test"])
        .args(filter)
        .env("PLAYWRIGHT_CHROMIUM", browser::find()?);
    let mut tally = Tally::default();
    exec::watch(&mut command, |line| tally.playwright(line))?;
    Ok(tally)
}

/// Runs the senders, all or those that match.
pub fn senders(house: &House, built: &Built<'_>, filter: Option<&str>) -> Outcome<Tally> {
    let mut command = tell(house, built, Command::new("npm"))?;
    command.args(["run", "--silent", "senders"]);
    if let Some(filter) = filter {
        command.args(["--", "--test-name-pattern", filter]);
    }
    let mut tally = Tally::default();
    exec::watch(&mut command, |line| tally.node(line))?;
    Ok(tally)
}

fn tell(house: &House, built: &Built<'_>, mut command: Command) -> Outcome<Command> {
    command
        .current_dir(house.root.join("e2e"))
        .env("CARTWHEEL_BIN", built.program)
        .env("CARTWHEEL_CONSOLE_DIR", built.console);
    if let Some(python) = python::interpreter(house)? {
        command.env("CARTWHEEL_PYTHON", python);
    }
    Ok(command)
}
