//! `cartwheel`: one binary, several roles.

use std::process::ExitCode;

fn main() -> ExitCode {
    cartwheel_backend::cli::run()
}
