//! The console's bundle, made once per content: the folder is named after a hash of everything that goes in, so a fresh
//! clone of the same sources finds it in the shared cache.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::Outcome;
use crate::cache;
use crate::compile;
use crate::exec;
use crate::house::{Hash, House};
use crate::setup::wasm::{self, Route, TARGET};
use crate::setup::{self, Need};

/// Most bytes of a first visit, Brotli, without fonts and pictures.
const BUDGET: usize = 300_000;

/// Bundles kept in the cache. Servers of other clones may be reading from the younger ones.
const KEPT: usize = 16;

/// What goes into the bundle.
const SOURCES: &[&str] =
    &["frontend", "domain", "bundle", "schema.graphql", "Cargo.toml", "Cargo.lock", ".cargo/config.toml"];

/// The program that makes the bundle from the module.
const BUNDLER: &str = "cartwheel-bundle";

/// A bundle that is there, or whose module is being compiled.
pub struct Console {
    place: PathBuf,
    compiling: Option<Compiling>,
}

struct Compiling {
    child: Child,
    module: PathBuf,
    log: PathBuf,
    crates: Arc<AtomicUsize>,
    reader: Option<JoinHandle<()>>,
    start: Instant,
}

/// `cargo xtask console`: for work on the console beside a running server.
pub fn command(house: &House, arguments: &[String]) -> Outcome {
    if !arguments.is_empty() {
        return Err("console takes no options".into());
    }
    setup::ensure(house, &[Need::Wasm])?;
    println!("{}", exec::step("building the console", || build(house))?.display());
    Ok(())
}

/// The bundle of the present sources, made now if it is missing.
pub fn build(house: &House) -> Outcome<PathBuf> {
    let console = Console::start(house)?;
    let bundler = match console.bundler() {
        Some(name) => compile::programs(house, &[name])?.pop(),
        None => None,
    };
    console.finish(house, bundler)
}

impl Console {
    /// Looks for the bundle of the present sources, and starts to compile the module in the background if it is missing.
    ///
    /// # Errors
    /// No compiler for WebAssembly; see [`wasm::find`].
    pub fn start(house: &House) -> Outcome<Self> {
        let route = wasm::find()?;
        let mut hash = Hash::default();
        hash.add(route.to_string().as_bytes());
        for source in SOURCES {
            hash.add(source.as_bytes());
            hash.add_tree(&house.root.join(source))?;
        }
        let place = house.cache.join("console").join(hash.text());
        if place.join("manifest.json").exists() {
            cache::touch(&place);
            return Ok(Self { place, compiling: None });
        }
        eprintln!("    the console is compiled in the background ({route})");
        Ok(Self { place, compiling: Some(Compiling::start(house, route)?) })
    }

    /// The bundler's name, if it will be needed.
    pub fn bundler(&self) -> Option<&'static str> {
        self.compiling.is_some().then_some(BUNDLER)
    }

    /// Waits for the module.
    pub fn wait(&mut self) -> Outcome {
        self.compiling.as_mut().map_or(Ok(()), Compiling::wait)
    }

    /// Makes the bundle with the bundler built meanwhile, if one is needed, and returns its folder.
    pub fn finish(mut self, house: &House, bundler: Option<PathBuf>) -> Outcome<PathBuf> {
        if let Some(mut compiling) = self.compiling.take() {
            compiling.wait()?;
            let mut command = Command::new(bundler.ok_or("no bundler was built")?);
            command.arg("--wasm").arg(&compiling.module).arg("--frontend").arg(house.root.join("frontend"));
            exec::run(command.arg("--out").arg(&self.place).args(["--budget", &BUDGET.to_string()]))?;
            cache::keep_latest(&house.cache.join("console"), KEPT);
        }
        Ok(self.place)
    }
}

impl Compiling {
    fn start(house: &House, route: Route) -> Outcome<Self> {
        let (mut command, target) = route.cargo(house);
        let log = house.target.join("wasm.log");
        let mut file = fs::File::create(&log).map_err(|fault| format!("{}: {fault}", log.display()))?;
        command.args(["--package", "cartwheel-frontend", "--profile", "wasm"]).stdin(Stdio::null());
        let mut child = command
            .stderr(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .map_err(|fault| format!("{} cannot be started: {fault}", exec::shown(&command)))?;
        let errors = child.stderr.take().ok_or("a piped output is missing")?;
        let crates = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&crates);
        let reader = thread::spawn(move || {
            for line in BufReader::new(errors).split(b'\n').map_while(Result::ok) {
                if line.trim_ascii_start().starts_with(b"Compiling") {
                    count.fetch_add(1, Ordering::Relaxed);
                }
                let _ = file.write_all(&line).and_then(|()| file.write_all(b"\n"));
            }
        });
        // A program or a library, whichever the console is.
        let name = if house.root.join("frontend/src/main.rs").exists() {
            "cartwheel-frontend"
        } else {
            "cartwheel_frontend"
        };
        let module = target.join(TARGET).join("wasm").join(name).with_extension("wasm");
        Ok(Self { child, module, log, crates, reader: Some(reader), start: Instant::now() })
    }

    fn wait(&mut self) -> Outcome {
        let mut told = Instant::now();
        let status = loop {
            match self.child.try_wait() {
                Ok(Some(status)) => break status,
                Ok(None) => thread::sleep(Duration::from_millis(50)),
                Err(fault) => return Err(format!("waiting for the console's compiler: {fault}")),
            }
            if told.elapsed() > Duration::from_secs(10) {
                told = Instant::now();
                let crates = self.crates.load(Ordering::Relaxed);
                eprintln!("    console: {crates} crates, {} so far", exec::clock(self.start.elapsed()));
            }
        };
        if let Some(reader) = self.reader.take() {
            let _ = reader.join();
        }
        if status.success() {
            return Ok(());
        }
        let log = fs::read_to_string(&self.log).unwrap_or_default();
        let tail: Vec<&str> =
            log.lines().filter(|line| !line.trim_start().starts_with("Compiling")).collect();
        eprintln!("{}", tail[tail.len().saturating_sub(60)..].join("\n"));
        Err(format!(
            "compiling the console ended with {status}; the whole output is in {}",
            self.log.display()
        ))
    }
}

impl Drop for Compiling {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            exec::interrupt(self.child.id());
            let _ = self.child.wait();
        }
    }
}
