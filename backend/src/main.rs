//! `cartwheel`: one binary, several roles.

use std::process::ExitCode;

/// For Rust and, as its feature `override` says, for C: SQLite allocates through it too.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    cartwheel_backend::cli::run()
}
