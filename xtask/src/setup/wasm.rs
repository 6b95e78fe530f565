//! Which compiler makes WebAssembly of the console.
//!
//! The usual one is the toolchain of `rustup` with the target `wasm32-unknown-unknown`. Where the target cannot be
//! downloaded, Debian's own compiler for the web builds the standard library from its source package.

use std::ffi::OsStr;
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;
use std::{env, fs};

use super::apt;
use crate::Outcome;
use crate::compile;
use crate::exec;
use crate::house::House;

/// The target of the console.
pub const TARGET: &str = "wasm32-unknown-unknown";

/// `rustup` fetches about 20 MB; longer than this means that it will not arrive.
const DOWNLOAD_LIMIT: Duration = Duration::from_secs(180);

const DISTRIBUTION_RUSTC: &str = "/usr/bin/rustc";
const DISTRIBUTION_CARGO: &str = "/usr/bin/cargo";
const DISTRIBUTION_PACKAGES: &[&str] = &["rustc-web", "cargo-web", "rust-web-src", "lld-22"];

/// A way from Rust to WebAssembly.
#[derive(Clone, Copy, PartialEq)]
pub enum Route {
    /// The toolchain in use has the target.
    Rustup,
    /// The distribution's compiler builds the standard library as well.
    Distribution,
}

impl fmt::Display for Route {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Rustup => "target wasm32-unknown-unknown of the toolchain",
            Self::Distribution => "the distribution's compiler with its standard library in source",
        })
    }
}

impl Route {
    /// Cargo for this route, with a target folder of its own beside the server's, so that neither waits for the other.
    pub fn cargo(self, house: &House) -> (Command, PathBuf) {
        match self {
            Self::Rustup => {
                let target = house.target.join("wasm");
                let mut command = compile::cargo(house);
                command.env("CARGO_TARGET_DIR", &target).args(["build", "--target", TARGET]);
                (command, target)
            }
            Self::Distribution => {
                let target = house.target.join("wasm-distribution");
                let mut command = Command::new(DISTRIBUTION_CARGO);
                command.current_dir(&house.root);
                if let Some(linker) = distribution_linker() {
                    command.env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", linker);
                }
                for name in ["RUSTUP_TOOLCHAIN", "RUSTC_WRAPPER", "RUSTDOC", "CARGO"] {
                    command.env_remove(name);
                }
                command
                    .env("RUSTC", DISTRIBUTION_RUSTC)
                    .env("RUSTC_BOOTSTRAP", "1")
                    .env("CARGO_TARGET_DIR", &target)
                    .args(["build", "-Zbuild-std=std,panic_abort", "--target", TARGET]);
                (command, target)
            }
        }
    }
}

/// The route this machine offers.
///
/// # Errors
/// Neither is installed.
pub fn find() -> Result<Route, String> {
    let wanted = env::var("CARTWHEEL_WASM").unwrap_or_default();
    let rustup = || has_target().then_some(Route::Rustup);
    let distribution = || has_distribution().then_some(Route::Distribution);
    match wanted.as_str() {
        "" => rustup().or_else(distribution),
        "rustup" => rustup(),
        "distro" => distribution(),
        other => return Err(format!("CARTWHEEL_WASM is rustup or distro, not {other:?}")),
    }
    .ok_or_else(|| "not installed".to_owned())
}

/// Adds the target to the toolchain, or installs the distribution's compiler.
pub fn install() -> Outcome {
    let wanted = env::var("CARTWHEEL_WASM").unwrap_or_default();
    if wanted != "distro" {
        let added = match exec::which(&["rustup"]) {
            Some(rustup) => {
                exec::run_within(Command::new(rustup).args(["target", "add", TARGET]), DOWNLOAD_LIMIT)
            }
            None => Err("rustup is not on the path".to_owned()),
        };
        match added {
            Ok(()) => return Ok(()),
            Err(fault) if wanted == "rustup" => return Err(fault),
            Err(fault) => eprintln!("    {fault}; trying the distribution's compiler"),
        }
    }
    apt::install(DISTRIBUTION_PACKAGES, "a Rust compiler with the target wasm32-unknown-unknown")
}

fn has_target() -> bool {
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| OsStr::new("rustc").to_owned());
    exec::capture(Command::new(rustc).args(["--print", "sysroot"]))
        .is_ok_and(|root| Path::new(root.trim()).join("lib/rustlib").join(TARGET).join("lib").is_dir())
}

/// The newest `wasm-ld` of the distribution. Its compiler would look for `rust-lld`, which it does not come with.
fn distribution_linker() -> Option<PathBuf> {
    let folders = fs::read_dir("/usr/lib").ok()?.filter_map(Result::ok);
    let versions = folders.filter_map(|entry| {
        let version = entry.file_name().to_str()?.strip_prefix("llvm-")?.parse::<u32>().ok()?;
        Some((version, entry.path().join("bin/wasm-ld")))
    });
    versions.filter(|(_, linker)| linker.exists()).max().map(|(_, linker)| linker)
}

fn has_distribution() -> bool {
    distribution_linker().is_some()
        && [DISTRIBUTION_RUSTC, DISTRIBUTION_CARGO].iter().all(|file| Path::new(file).exists())
        && exec::capture(Command::new(DISTRIBUTION_RUSTC).args(["--print", "sysroot"])).is_ok_and(|root| {
            Path::new(root.trim()).join("lib/rustlib/src/rust/library/std/Cargo.toml").exists()
        })
}
