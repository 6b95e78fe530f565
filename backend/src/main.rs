//! `cartwheel`: one binary, several roles.

use std::{io::Write, process::ExitCode};

fn main() -> ExitCode {
    match writeln!(std::io::stdout().lock(), "{}", cartwheel_backend::api::sdl()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}
