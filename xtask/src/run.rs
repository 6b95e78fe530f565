//! `cargo xtask run`: from a clone to a served console with the demo store.

use std::os::unix::process::{CommandExt as _, parent_id};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;
use std::{env, fs};

use crate::Outcome;
use crate::compile::Server;
use crate::console::Console;
use crate::exec;
use crate::house::House;
use crate::postgres::free_port;
use crate::server::{Settings, await_ready};
use crate::setup::{self, Need};

const USUAL_PORT: u16 = 8080;

struct Options {
    port: Option<u16>,
    fresh: bool,
    open: bool,
}

impl Options {
    fn read(arguments: &[String]) -> Outcome<Self> {
        let mut options = Self { port: None, fresh: false, open: true };
        let mut arguments = arguments.iter();
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--port" => {
                    let value = arguments.next().ok_or("--port needs a number")?;
                    options.port =
                        Some(value.parse().map_err(|_| format!("--port takes a number, not {value:?}"))?);
                }
                "--fresh" => options.fresh = true,
                "--no-open" => options.open = false,
                other => return Err(format!("run takes --port N, --fresh and --no-open, not {other:?}")),
            }
        }
        Ok(options)
    }
}

/// Builds, seeds a new database, and turns into the server, so that Ctrl-C reaches it directly.
pub fn run(house: &House, arguments: &[String]) -> Outcome {
    let options = Options::read(arguments)?;
    let start = Instant::now();
    setup::ensure(house, &[Need::Wasm])?;
    let (server, console) = exec::step("building the server and the console", || build(house))?;
    let port = match options.port {
        Some(port) => port,
        None => choose_port()?,
    };
    let data = env::var_os("CARTWHEEL_DATA").map_or_else(|| house.root.join("data"), PathBuf::from);
    let settings = Settings { data, console, port };
    let sign_in = seed(&settings, &server, options.fresh)?;

    eprintln!("==> starting {} ({} so far)", settings.url(), exec::clock(start.elapsed()));
    let this = env::current_exe().map_err(|fault| format!("this program's own path: {fault}"))?;
    let open = if options.open && has_display() { "open" } else { "print" };
    Command::new(this)
        .args(["announce", &port.to_string(), open])
        .arg(sign_in.as_deref().unwrap_or(Path::new("")))
        .stdin(Stdio::null())
        .spawn()
        .map_err(|fault| format!("the program that announces the address: {fault}"))?;
    let fault = settings.command(&server).arg("all").current_dir(&house.root).exec();
    Err(format!("{} cannot be started: {fault}", server.display()))
}

/// Builds what is served: the console in the background, the server before our eyes.
fn build(house: &House) -> Outcome<(PathBuf, PathBuf)> {
    let (console, server) = (Console::start(house)?, Server::of(house)?);
    let bundler = server.build(house, console.bundler())?;
    Ok((server.program, console.finish(house, bundler)?))
}

/// Seeds a database that does not exist yet. Returns the file with the sign-in, if this database is the demo's.
fn seed(settings: &Settings, server: &Path, fresh: bool) -> Outcome<Option<PathBuf>> {
    let (done, begun) = (settings.data.join("demo.txt"), settings.data.join("demo.unfinished"));
    let told = |path: &Path, fault: std::io::Error| format!("{}: {fault}", path.display());
    fs::create_dir_all(&settings.data).map_err(|fault| told(&settings.data, fault))?;
    if fresh || begun.exists() {
        for name in ["cartwheel.db", "cartwheel.db-wal", "cartwheel.db-shm", "demo.txt"] {
            match fs::remove_file(settings.data.join(name)) {
                Err(fault) if fault.kind() != std::io::ErrorKind::NotFound => {
                    return Err(told(&settings.data.join(name), fault));
                }
                _ => {}
            }
        }
    }
    if settings.data.join("cartwheel.db").exists() {
        return Ok(Some(done).filter(|file| file.exists()));
    }
    exec::step("seeding the demo store", || {
        fs::write(&begun, "").map_err(|fault| told(&begun, fault))?;
        let printed = exec::capture(settings.command(server).args(["seed", "demo"]))?;
        fs::write(&done, printed).map_err(|fault| told(&done, fault))?;
        fs::remove_file(&begun).map_err(|fault| told(&begun, fault))
    })?;
    Ok(Some(done))
}

/// The usual port, or any free one when something else is there.
fn choose_port() -> Outcome<u16> {
    match std::net::TcpListener::bind(("127.0.0.1", USUAL_PORT)) {
        Ok(_) => Ok(USUAL_PORT),
        Err(fault) => {
            let port = free_port()?;
            eprintln!("    port {USUAL_PORT} cannot be used ({fault}); taking {port}");
            Ok(port)
        }
    }
}

fn has_display() -> bool {
    env::consts::OS == "macos"
        || ["DISPLAY", "WAYLAND_DISPLAY"].iter().any(|name| env::var_os(name).is_some())
}

/// `announce PORT open|print FILE`, started beside the server: waits until it is ready, then shows the address and the sign-in.
pub fn announce(arguments: &[String]) -> Outcome {
    let [port, open, sign_in] = arguments else { return Err("announce is for `run` only".into()) };
    let port: u16 = port.parse().map_err(|_| format!("no port: {port:?}"))?;
    let server = parent_id();
    if await_ready(port, || parent_id() == server).is_err() {
        // The server has said why on its own.
        return Ok(());
    }
    let url = format!("http://localhost:{port}");
    let mut lines =
        vec![format!("Cartwheel is served at {url}/"), format!("the demo shop is at {url}/demo-shop/")];
    if let Ok(text) = fs::read_to_string(sign_in) {
        // The address in it is that of the first start.
        let known = |line: &&str| line.starts_with("address") || line.starts_with("demo shop");
        lines.extend(text.lines().filter(|line| !known(line)).map(str::to_owned));
    }
    lines.push("Ctrl-C ends it; `cargo xtask run --fresh` starts over".to_owned());
    eprintln!("\n{}\n", lines.iter().map(|line| format!("  | {line}\n")).collect::<String>());
    if open == "open" {
        let opener = if env::consts::OS == "macos" { "open" } else { "xdg-open" };
        let _ = Command::new(opener).arg(&url).stdout(Stdio::null()).stderr(Stdio::null()).status();
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::Options;

    #[test]
    fn options_are_read_and_unknown_ones_refused() {
        let read =
            |text: &str| Options::read(&text.split_whitespace().map(str::to_owned).collect::<Vec<_>>());
        let options = read("--port 9000 --fresh --no-open").unwrap();
        assert_eq!((options.port, options.fresh, options.open), (Some(9000), true, false));
        assert!(read("--port x").is_err());
        assert!(read("--port").is_err());
        assert!(read("--prot 1").is_err_and(|fault| fault.contains("--prot")));
    }
}
