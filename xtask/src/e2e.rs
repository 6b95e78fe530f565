//! The browser tests: `npx playwright test` in `e2e/` against a real server with the demo store.
//!
//! | variable | is |
//! | --- | --- |
//! | `CARTWHEEL_URL` | address of a running server, seeded afresh for this run |
//! | `CARTWHEEL_SIGN_IN_FILE` | what `cartwheel seed demo` printed |
//! | `CARTWHEEL_BIN`, `CARTWHEEL_CONSOLE_DIR` | the program and the console's bundle, for a spec that needs a server of its own |
//! | `CARTWHEEL_SERVER_LOG` | what the running server said |
//! | `PLAYWRIGHT_CHROMIUM` | the browser |

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs, process};

use crate::Outcome;
use crate::exec;
use crate::house::House;
use crate::server::Server;
use crate::setup::browser;
use crate::tally::Tally;

/// Runs the specs, all or those that match, and returns their count.
pub fn test(house: &House, program: &Path, console: &Path, filter: Option<&str>) -> Outcome<Tally> {
    let folder = Folder::make()?;
    let server = Server::start(program, console, &folder.0)?;
    let mut command = Command::new("npx");
    command
        .args(["--no-install", "playwright", "test"])
        .args(filter)
        .current_dir(house.root.join("e2e"))
        .env("CARTWHEEL_URL", server.url())
        .env("CARTWHEEL_SIGN_IN_FILE", &server.sign_in)
        .env("CARTWHEEL_SERVER_LOG", &server.log)
        .env("CARTWHEEL_BIN", program)
        .env("CARTWHEEL_CONSOLE_DIR", console)
        .env("PLAYWRIGHT_CHROMIUM", browser::find()?);
    let mut tally = Tally::default();
    exec::watch(&mut command, |line| tally.playwright(line)).map_err(|fault| {
        let log = fs::read_to_string(&server.log).unwrap_or_default();
        let tail: Vec<&str> = log.lines().rev().take(40).collect();
        let tail: String = tail.iter().rev().map(|line| format!("  {line}\n")).collect();
        format!("{fault}; the server's last lines:\n{tail}")
    })?;
    Ok(tally)
}

/// A temporary folder, removed in the end.
struct Folder(PathBuf);

impl Folder {
    fn make() -> Outcome<Self> {
        let path = env::temp_dir().join(format!("cartwheel-browser-{}", process::id()));
        fs::create_dir_all(&path).map_err(|fault| format!("{}: {fault}", path.display()))?;
        Ok(Self(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
