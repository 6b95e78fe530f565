//! Calls of cargo, all with one feature set, so that no dependency is built twice.

use std::env;
use std::ffi::OsStr;
use std::path::PathBuf;
use std::process::Command;

use crate::Outcome;
use crate::cache;
use crate::exec;
use crate::house::{Hash, House};

/// Cargo in the clone, writing to its target folder.
pub fn cargo(house: &House) -> Command {
    let mut command = Command::new(env::var_os("CARGO").as_deref().unwrap_or(OsStr::new("cargo")));
    command.current_dir(&house.root).env("CARGO_TARGET_DIR", &house.target);
    // What cargo told us about this very program must not reach its sub-builds: build scripts would run again.
    for (name, _) in env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST") || text == "CARGO_BIN_NAME" {
            command.env_remove(&name);
        }
    }
    if env::var_os("CI").is_some() && env::var_os("CARGO_INCREMENTAL").is_none() {
        // Nobody edits and builds again on such a machine; without it the cache stays small.
        command.env("CARGO_INCREMENTAL", "0");
    }
    command
}

/// Builds programs of the workspace in the dev profile and returns where they are, in the order asked for.
pub fn programs(house: &House, names: &[&str]) -> Outcome<Vec<PathBuf>> {
    let mut command = cargo(house);
    command.args(["build", "--workspace"]).args(locked());
    for name in names {
        command.args(["--bin", name]);
    }
    exec::run(&mut command)?;
    Ok(names.iter().map(|name| house.target.join("debug").join(name)).collect())
}

/// What goes into the server.
const SERVER_SOURCES: &[&str] = &[
    "backend/Cargo.toml",
    "backend/src",
    "backend/macros",
    "domain",
    "entity",
    "migration",
    "storefront",
    "Cargo.toml",
    "Cargo.lock",
];

/// Servers kept in the cache; one has some 200 MB with its line numbers.
const SERVERS_KEPT: usize = 3;

/// The server of the present sources, in the cache under their hash: a fresh clone of what was built before need not
/// compile it again.
pub struct Server {
    /// The program, once it is there.
    pub program: PathBuf,
}

impl Server {
    /// Where it is, or will be.
    pub fn of(house: &House) -> Outcome<Self> {
        let mut hash = Hash::default();
        hash.add(exec::capture(Command::new("rustc").arg("-V").current_dir(&house.root))?.as_bytes());
        for source in SERVER_SOURCES {
            hash.add(source.as_bytes());
            hash.add_tree(&house.root.join(source))?;
        }
        let folder = house.cache.join("server").join(hash.text());
        cache::touch(&folder);
        Ok(Self { program: folder.join("cartwheel") })
    }

    /// Whether it has to be built.
    pub fn is_missing(&self) -> bool {
        !self.program.exists()
    }

    /// Builds it if it is missing, with another program beside it if that one is wanted; returns the other's place.
    pub fn build(&self, house: &House, other: Option<&str>) -> Outcome<Option<PathBuf>> {
        let missing = self.is_missing();
        let names: Vec<&str> = missing.then_some("cartwheel").into_iter().chain(other).collect();
        if names.is_empty() {
            return Ok(None);
        }
        let built = programs(house, &names)?;
        if missing {
            cache::put(&built[0], &self.program, SERVERS_KEPT)?;
        }
        Ok(other.and(built.last().cloned()))
    }
}

/// On an unattended machine the lock file must fit; a person who edits `Cargo.toml` lets cargo write it.
pub fn locked() -> Option<&'static str> {
    env::var_os("CI").map(|_| "--locked")
}
