//! `cargo xtask bench [NAME] [--quick]`: the workloads of `bench/`, with server and harness built in release.
//!
//! | variable | is |
//! | --- | --- |
//! | `CARTWHEEL_BIN` | the release server |
//! | `CARTWHEEL_CONSOLE_DIR` | the console's bundle |
//! | `CARTWHEEL_TEST_POSTGRES_URL` | superuser's address of a private PostgreSQL |
//! | `PLAYWRIGHT_CHROMIUM` | the browser |

use std::process::Command;

use crate::Outcome;
use crate::compile;
use crate::console;
use crate::exec;
use crate::house::House;
use crate::postgres::{Cluster, URL_VARIABLE};
use crate::setup::{self, Need, browser};

/// Builds, starts a private PostgreSQL and hands everything else on to the harness.
pub fn command(house: &House, arguments: &[String]) -> Outcome {
    setup::ensure(house, &[Need::Wasm, Need::Database, Need::Browser, Need::Node])?;
    // A target folder of its own: a measurement must not wait for a build, nor a build for it.
    let release =
        House { root: house.root.clone(), cache: house.cache.clone(), target: house.target.join("bench") };
    let programs = exec::step("building server and harness in release", || {
        let mut cargo = compile::cargo(&release);
        cargo.args(["build", "--release", "--workspace", "--bin", "cartwheel", "--bin", "bench"]);
        exec::run(cargo.args(compile::locked()))?;
        Ok(["cartwheel", "bench"].map(|name| release.target.join("release").join(name)))
    })?;
    let bundle = exec::step("building the console", || console::build(house))?;
    let cluster = Cluster::start()?;
    let mut harness = Command::new(&programs[1]);
    harness
        .args(arguments)
        .current_dir(&house.root)
        .env("CARTWHEEL_BIN", &programs[0])
        .env("CARTWHEEL_CONSOLE_DIR", bundle)
        .env(URL_VARIABLE, cluster.url())
        .env("PLAYWRIGHT_CHROMIUM", browser::find()?);
    exec::run(&mut harness)
}
