//! What all workloads share: where things are, the anchors, and how a repeat is measured.

use crate::{
    Outcome, anchors,
    harness::{
        calibrator::Calibrator,
        meter::{Measured, Meter, Watched},
        process,
        report::{self, Figure, Must, Report},
        stats::Latency,
    },
    service::{
        place::Place,
        sql::{Kind, Sql},
    },
};
use serde_json::{Value, json};
use std::{
    collections::HashMap,
    env,
    path::{Path, PathBuf},
    sync::Arc,
};
use tempfile::TempDir;
use tokio::sync::Mutex;

/// The whole run.
pub struct Bench {
    /// Small numbers, to see that it runs.
    pub quick: bool,
    repeats: Option<usize>,
    /// The release server.
    pub program: PathBuf,
    /// Address of PostgreSQL's superuser.
    pub postgres: Option<String>,
    /// What was found.
    pub report: Report,
    calibrator: Calibrator,
    folder: TempDir,
    bases: Mutex<HashMap<&'static str, Arc<Place>>>,
}

impl Bench {
    /// By the variables that `cargo xtask bench` sets.
    ///
    /// # Errors
    /// One is missing, or no temporary folder can be made.
    pub fn from_environment(quick: bool, repeats: Option<usize>) -> Outcome<Self> {
        let program =
            env::var_os("CARTWHEEL_BIN").ok_or("CARTWHEEL_BIN is not set: start by `cargo xtask bench`")?;
        // Beside the program, which is on a disk; the system's temporary folder may be in memory, where fsync costs nothing.
        let beside = Path::new(&program).parent().unwrap_or(Path::new(".")).to_owned();
        Ok(Self {
            quick,
            repeats,
            program: program.into(),
            postgres: env::var("CARTWHEEL_TEST_POSTGRES_URL").ok().filter(|u| !u.is_empty()),
            report: Report::default(),
            calibrator: Calibrator::default(),
            folder: tempfile::Builder::new().prefix("bench-data-").tempdir_in(beside)?,
            bases: Mutex::default(),
        })
    }

    /// One number in a full run, another in a quick one.
    pub const fn scale(&self, full: usize, quick: usize) -> usize {
        if self.quick { quick } else { full }
    }

    /// How often each workload is repeated.
    pub fn repeats(&self) -> usize {
        self.repeats.unwrap_or(self.scale(5, 2)).max(1)
    }

    /// Folder for files of the run.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// A fresh database with 100 stores.
    ///
    /// # Errors
    /// What the service's command or the database says.
    pub async fn place(&self, kind: Kind, name: &str) -> Outcome<Place> {
        let mut bases = self.bases.lock().await;
        let base = match bases.get(kind.as_str()) {
            Some(base) => Arc::clone(base),
            None => {
                let stores = self.scale(100, 10);
                eprintln!("    making {stores} stores ({})", kind.as_str());
                let server = self.postgres.as_deref();
                let base = Place::with_stores(&self.program, kind, self.folder(), server, stores).await?;
                let base = Arc::new(base);
                bases.insert(kind.as_str(), Arc::clone(&base));
                base
            }
        };
        base.copy(self.folder(), name).await
    }

    /// The databases that outlive the temporary folder go too.
    pub async fn clean_up(self) {
        for (_, base) in self.bases.into_inner() {
            if let Ok(base) = Arc::try_unwrap(base) {
                base.remove().await;
            }
        }
    }

    /// PostgreSQL's processes, to be measured.
    ///
    /// # Errors
    /// It cannot be asked, or runs on another machine.
    pub async fn postmaster(&self) -> Outcome<Option<Watched>> {
        let Some(url) = &self.postgres else { return Ok(None) };
        let mut sql = Sql::server(url).await?;
        let backend = u32::try_from(sql.number("SELECT pg_backend_pid()::bigint").await?)?;
        let pid = process::parent(backend).ok_or("PostgreSQL's processes cannot be seen from here")?;
        sql.close().await?;
        Ok(Some(Watched { name: "postgres", pid, tree: true, server: true }))
    }

    /// Seconds of CPU of one `cal`, now.
    ///
    /// # Errors
    /// See [`Calibrator::measure`].
    pub fn cal(&self) -> Outcome<f64> {
        self.calibrator.measure()
    }

    /// Measures one repeat, with the calibrator before and after it and the disk before.
    ///
    /// # Errors
    /// What the work says.
    pub async fn sample<T>(
        &self,
        n: usize,
        watched: Vec<Watched>,
        work: impl Future<Output = Outcome<T>>,
    ) -> Outcome<(T, Sample)> {
        self.before()?.measure(n, watched, work).await
    }

    /// The calibrator and the disk before a repeat. For work that begins at a moment of its own: this takes a while, so it
    /// is done before that moment is chosen.
    ///
    /// # Errors
    /// See [`Calibrator::measure`]; the disk is full.
    pub fn before(&self) -> Outcome<Before<'_>> {
        let fsync_ms = anchors::disk::fsync(self.folder(), self.scale(30, 10))?;
        Ok(Before { bench: self, cal: self.cal()?, fsync_ms })
    }
}

/// What was measured before a repeat.
pub struct Before<'b> {
    bench: &'b Bench,
    cal: f64,
    fsync_ms: f64,
}

impl Before<'_> {
    /// Measures the repeat itself, and the calibrator once more.
    ///
    /// # Errors
    /// What the work says.
    pub async fn measure<T>(
        self,
        n: usize,
        watched: Vec<Watched>,
        work: impl Future<Output = Outcome<T>>,
    ) -> Outcome<(T, Sample)> {
        let meter = Meter::start(watched);
        let done = work.await?;
        let measured = meter.stop();
        let cal = f64::midpoint(self.cal, self.bench.cal()?);
        Ok((done, Sample { n, measured, cal, fsync_ms: self.fsync_ms, latency: Latency::default() }))
    }
}

/// One repeat.
#[derive(Debug, Clone)]
pub struct Sample {
    /// Units of work.
    pub n: usize,
    /// Time, CPU, memory.
    pub measured: Measured,
    /// Seconds of CPU of one `cal`.
    pub cal: f64,
    /// Median of an fsync, milliseconds.
    pub fsync_ms: f64,
    /// How long a unit took.
    pub latency: Latency,
}

impl Sample {
    /// Milliseconds of server CPU for one unit.
    pub fn unit_ms(&self) -> f64 {
        self.measured.server_cpu * 1_000.0 / self.n.max(1) as f64
    }

    /// The same in `cal`.
    pub fn unit_cal(&self) -> f64 {
        self.unit_ms() / 1_000.0 / self.cal
    }

    /// Units a second of wall time.
    pub fn rate(&self) -> f64 {
        self.n as f64 / self.measured.wall.max(1e-9)
    }
}

/// The repeats of one workload.
pub struct Series {
    workload: String,
    samples: Vec<Sample>,
}

impl Series {
    /// Of workload `name` on a database.
    pub fn new(name: &str, kind: Kind) -> Self {
        Self { workload: format!("{name} {}", kind.as_str()), samples: Vec::new() }
    }

    /// Adds a repeat and prints its line.
    pub fn add(&mut self, report: &Report, sample: Sample, more: Value) {
        let facts = json!({
            "cal_us": (sample.cal * 1e7).round() / 10.0, "fsync_ms": (sample.fsync_ms * 1e3).round() / 1e3,
            "unit_ms": (sample.unit_ms() * 1e4).round() / 1e4, "unit_cal": (sample.unit_cal() * 1e3).round() / 1e3,
            "rate": sample.rate().round(),
        });
        let facts = report::both(report::both(facts, report::latencies(&sample.latency)), more);
        report.run(&self.workload, self.samples.len() + 1, sample.n, &sample.measured, facts);
        self.samples.push(sample);
    }

    /// The repeats so far.
    pub fn samples(&self) -> &[Sample] {
        &self.samples
    }

    /// Most of the machine that was in other hands.
    fn foreign(&self) -> f64 {
        self.samples.iter().map(|s| s.measured.foreign).fold(0.0, f64::max)
    }

    /// A figure that other load does not change much: CPU per unit, a ratio, a count.
    pub fn cpu(
        &self,
        report: &Report,
        what: &'static str,
        unit: &'static str,
        must: Must,
        of: impl Fn(&Sample) -> f64,
    ) {
        self.put(report, what, unit, must, false, self.samples.iter().map(of).collect());
    }

    /// A figure of wall time.
    pub fn wall(
        &self,
        report: &Report,
        what: &'static str,
        unit: &'static str,
        must: Must,
        of: impl Fn(&Sample) -> f64,
    ) {
        self.put(report, what, unit, must, true, self.samples.iter().map(of).collect());
    }

    /// A figure with values of its own.
    pub fn put(
        &self,
        report: &Report,
        what: &'static str,
        unit: &'static str,
        must: Must,
        wall: bool,
        values: Vec<f64>,
    ) {
        let foreign = self.foreign();
        report.figure(Figure { workload: self.workload.clone(), what, unit, must, wall, values, foreign });
    }

    /// CPU per unit in milliseconds (told) and in `cal` (judged).
    pub fn unit(&self, report: &Report, what: &'static str, most_cal: f64) {
        self.cpu(report, what, "ms", Must::Told, Sample::unit_ms);
        self.cpu(report, what, "cal", Must::AtMost(most_cal), Sample::unit_cal);
    }
}
