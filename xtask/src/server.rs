//! A running `cartwheel`, started for a test or waited for.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use std::{fs, thread};

use crate::Outcome;
use crate::exec;
use crate::postgres::free_port;

const START_LIMIT: Duration = Duration::from_secs(60);
const STOP_LIMIT: Duration = Duration::from_secs(20);

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
        self.apply(&mut command);
        command
    }

    /// The address people open.
    pub fn url(&self) -> String {
        format!("http://localhost:{}", self.port)
    }

    fn apply(&self, command: &mut Command) {
        command
            .env("CARTWHEEL_DATABASE_URL", format!("sqlite://{}", self.data.join("cartwheel.db").display()))
            .env("CARTWHEEL_LISTEN", format!("127.0.0.1:{}", self.port))
            .env("CARTWHEEL_CONSOLE_DIR", &self.console)
            .env("CARTWHEEL_DEVELOPMENT", "1");
        if std::env::var_os("CARTWHEEL_PUBLIC_URL").is_none() {
            command.env("CARTWHEEL_PUBLIC_URL", self.url());
        }
    }
}

/// A server with the demo store in a folder of its own; stopped when dropped.
pub struct Server {
    child: Child,
    settings: Settings,
    /// What `seed demo` printed.
    pub sign_in: PathBuf,
    /// What the server said.
    pub log: PathBuf,
}

impl Server {
    /// Seeds a new database and starts everything on a free port.
    ///
    /// # Errors
    /// What the program said when seeding failed or it did not become ready.
    pub fn start(program: &Path, console: &Path, folder: &Path) -> Outcome<Self> {
        let told = |path: &Path, fault: std::io::Error| format!("{}: {fault}", path.display());
        let settings =
            Settings { data: folder.join("data"), console: console.to_owned(), port: free_port()? };
        fs::create_dir_all(&settings.data).map_err(|fault| told(&settings.data, fault))?;
        let seeded = exec::capture(settings.command(program).args(["seed", "demo"]).current_dir(folder))?;
        let (sign_in, log) = (folder.join("sign-in.txt"), folder.join("server.log"));
        fs::write(&sign_in, seeded).map_err(|fault| told(&sign_in, fault))?;
        let output = fs::File::create(&log).map_err(|fault| told(&log, fault))?;
        let errors = output.try_clone().map_err(|fault| told(&log, fault))?;
        let mut command = exec::tied(program);
        settings.apply(&mut command);
        command.arg("all").current_dir(folder).stdin(Stdio::null()).stdout(output).stderr(errors);
        let child = command.spawn().map_err(|fault| format!("{}: {fault}", program.display()))?;
        let mut server = Self { child, settings, sign_in, log };
        let port = server.settings.port;
        await_ready(port, || matches!(server.child.try_wait(), Ok(None)))
            .map_err(|fault| format!("{fault}\n{}", fs::read_to_string(&server.log).unwrap_or_default()))?;
        Ok(server)
    }

    /// Its address.
    pub fn url(&self) -> String {
        self.settings.url()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        exec::interrupt(self.child.id());
        let start = Instant::now();
        while matches!(self.child.try_wait(), Ok(None)) && start.elapsed() < STOP_LIMIT {
            thread::sleep(Duration::from_millis(20));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
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
