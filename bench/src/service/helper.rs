//! Processes of the harness's own: this very program under another subcommand.

use crate::{Outcome, harness::meter::Watched};
use std::{
    io::{BufRead, BufReader},
    net::SocketAddr,
    process::{Child, Command, Stdio},
};

/// A running helper; it ends with this value.
pub struct Helper {
    child: Child,
    name: &'static str,
    /// Where it listens.
    pub address: SocketAddr,
}

impl Helper {
    /// Starts one that prints its port on the first line.
    ///
    /// # Errors
    /// It does not start, or prints none.
    pub fn start(name: &'static str, arguments: &[&str]) -> Outcome<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut line = String::new();
        if let Some(out) = child.stdout.take() {
            BufReader::new(out).read_line(&mut line)?;
        }
        match line.trim().parse::<u16>() {
            Ok(port) => Ok(Self { child, name, address: ([127, 0, 0, 1], port).into() }),
            Err(_) => {
                let _ = child.kill();
                let _ = child.wait();
                Err(format!("the helper {name} did not print its port but {line:?}").into())
            }
        }
    }

    /// To be measured.
    pub fn watched(&self) -> Watched {
        Watched { name: self.name, pid: self.child.id(), tree: false, server: false }
    }
}

impl Drop for Helper {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
