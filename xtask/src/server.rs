//! How `run` starts `cartwheel`, and how it knows that it is ready.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use crate::Outcome;
use crate::exec;

const START_LIMIT: Duration = Duration::from_secs(60);

/// What a server is given besides its defaults.
pub struct Settings {
    /// Folder of the embedded database.
    pub data: PathBuf,
    /// The console's bundle.
    pub console: PathBuf,
    /// Loopback port.
    pub port: u16,
}

impl Settings {
    /// A call of the program with these settings.
    pub fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command
            .env("CARTWHEEL_DATABASE_URL", format!("sqlite://{}", self.data.join("cartwheel.db").display()))
            .env("CARTWHEEL_LISTEN", format!("127.0.0.1:{}", self.port))
            .env("CARTWHEEL_CONSOLE_DIR", &self.console)
            .env("CARTWHEEL_DEVELOPMENT", "1");
        if std::env::var_os("CARTWHEEL_PUBLIC_URL").is_none() {
            command.env("CARTWHEEL_PUBLIC_URL", self.url());
        }
        command
    }

    /// The address people open.
    pub fn url(&self) -> String {
        format!("http://localhost:{}", self.port)
    }
}

/// Waits until the server answers that it is ready.
///
/// # Errors
/// It ended (`alive` says so), or did not answer in a minute.
pub fn await_ready(port: u16, mut alive: impl FnMut() -> bool) -> Outcome {
    let start = Instant::now();
    while !is_ready(port) {
        if !alive() {
            return Err("the server ended before it was ready".into());
        }
        if start.elapsed() > START_LIMIT {
            return Err(format!("the server was not ready after {}", exec::clock(START_LIMIT)));
        }
        thread::sleep(Duration::from_millis(50));
    }
    Ok(())
}

fn is_ready(port: u16) -> bool {
    let ask = || -> std::io::Result<bool> {
        let limit = Duration::from_secs(2);
        let mut stream = TcpStream::connect_timeout(&SocketAddr::from(([127, 0, 0, 1], port)), limit)?;
        stream.set_read_timeout(Some(limit))?;
        stream.write_all(b"GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
        let mut start = [0; 12];
        stream.read_exact(&mut start)?;
        Ok(&start == b"HTTP/1.1 200")
    };
    ask().unwrap_or(false)
}
