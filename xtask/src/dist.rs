//! `cargo xtask dist [--out DIR]`: one release binary with the console inside, as the container image ships it.

use std::fs;
use std::path::PathBuf;

use crate::Outcome;
use crate::compile;
use crate::console;
use crate::exec;
use crate::house::House;
use crate::setup::{self, Need};

/// Builds the console, embeds it, and copies the binary to the folder (`dist/` in the clone by default).
pub fn command(house: &House, arguments: &[String]) -> Outcome {
    let out = match arguments {
        [] => house.root.join("dist"),
        [flag, folder] if flag == "--out" => PathBuf::from(folder),
        _ => return Err("dist takes only --out DIR".into()),
    };
    setup::ensure(house, &[Need::Wasm])?;
    let bundle = exec::step("building the console", || console::build(house))?;
    exec::step("building the release server", || {
        let mut cargo = compile::cargo(house);
        cargo.args([
            "build",
            "--release",
            "--package",
            "cartwheel-backend",
            "--features",
            "embed",
            "--bin",
            "cartwheel",
        ]);
        exec::run(cargo.args(compile::locked()).env("CARTWHEEL_CONSOLE_DIR", bundle))
    })?;
    let told = |fault: std::io::Error| format!("{}: {fault}", out.display());
    fs::create_dir_all(&out).map_err(told)?;
    fs::copy(house.target.join("release/cartwheel"), out.join("cartwheel")).map_err(told)?;
    println!("{} is ready", out.join("cartwheel").display());
    Ok(())
}
