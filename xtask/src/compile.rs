//! Calls of cargo, all with one feature set, so that no dependency is built twice.

use std::ffi::OsStr;
use std::path::PathBuf;
use std::process::Command;
use std::{env, fs};

use crate::Outcome;
use crate::exec;
use crate::house::House;

/// Cargo in the clone, writing to the shared target folder.
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
    // Left alone, cargo gives build scripts and macros debug information only if the same crate is also linked into what
    // is being built. `build` and `test` then disagree about a few crates at the root and each builds everything anew.
    command.env("CARGO_PROFILE_DEV_BUILD_OVERRIDE_DEBUG", "line-tables-only");
    if env::var_os("CI").is_some() && env::var_os("CARGO_INCREMENTAL").is_none() {
        // Nobody edits and builds again on such a machine; without it the cache stays small.
        command.env("CARGO_INCREMENTAL", "0");
    }
    command
}

/// Builds programs of the workspace in the dev profile and returns where they are, in the order asked for.
///
/// The results are linked into a folder of this clone: another clone that shares the cache may build its own meanwhile.
pub fn programs(house: &House, names: &[&str]) -> Outcome<Vec<PathBuf>> {
    let mut command = cargo(house);
    command.args(["build", "--workspace"]).args(locked());
    for name in names {
        command.args(["--bin", name]);
    }
    exec::run(&mut command)?;
    keep(house, "debug", names)
}

/// On an unattended machine the lock file must fit; a person who edits `Cargo.toml` lets cargo write it.
pub fn locked() -> Option<&'static str> {
    env::var_os("CI").map(|_| "--locked")
}

/// Links built programs from a profile's folder into this clone's own.
pub fn keep(house: &House, profile: &str, names: &[&str]) -> Outcome<Vec<PathBuf>> {
    let own = house.own()?.join(profile);
    fs::create_dir_all(&own).map_err(|fault| format!("{}: {fault}", own.display()))?;
    let mut places = Vec::new();
    for name in names {
        let (built, place) = (house.target.join(profile).join(name), own.join(name));
        let fresh = own.join(format!("{name}.{}", std::process::id()));
        fs::hard_link(&built, &fresh)
            .or_else(|_| fs::copy(&built, &fresh).map(drop))
            .and_then(|()| fs::rename(&fresh, &place))
            .map_err(|fault| format!("{}: {fault}", built.display()))?;
        let _ = fs::remove_file(&fresh);
        places.push(place);
    }
    Ok(places)
}
