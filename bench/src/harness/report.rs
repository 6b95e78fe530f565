//! What is printed: one JSON line a run, and the table of goals at the end.

use super::{
    meter::Measured,
    stats::{Latency, Spread},
};
use serde_json::{Map, Value, json};
use std::sync::{Mutex, PoisonError};

/// From which share of the machine in other hands a wall figure is information only.
pub const QUIET: f64 = 0.10;

/// What a goal asks for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Must {
    /// No more than this.
    AtMost(f64),
    /// No less than this.
    AtLeast(f64),
    /// Nothing; the figure is told beside the others.
    Told,
}

impl Must {
    /// Whether a figure reaches it; `None` where nothing is asked.
    pub fn reached(self, got: f64) -> Option<bool> {
        match self {
            Self::AtMost(most) => Some(got <= most),
            Self::AtLeast(least) => Some(got >= least),
            Self::Told => None,
        }
    }

    fn bound(self) -> Option<f64> {
        match self {
            Self::AtMost(bound) | Self::AtLeast(bound) => Some(bound),
            Self::Told => None,
        }
    }
}

/// One figure of a workload over its repeats.
#[derive(Debug, Clone)]
pub struct Figure {
    /// Number of the workload and the database, such as `1 sqlite`.
    pub workload: String,
    /// What it is.
    pub what: &'static str,
    /// Its unit.
    pub unit: &'static str,
    /// The goal.
    pub must: Must,
    /// It depends on how busy the machine is: the goal holds only on a quiet one.
    pub wall: bool,
    /// One value a repeat.
    pub values: Vec<f64>,
    /// The share of the machine in other hands, the most of the repeats.
    pub foreign: f64,
}

impl Figure {
    fn spread(&self) -> Spread {
        Spread::of(&self.values)
    }

    /// The verdict on the median.
    pub fn verdict(&self) -> &'static str {
        match self.must.reached(self.spread().median) {
            None => "",
            Some(true) => "reached",
            Some(false) if self.wall && self.foreign >= QUIET => "not reached (machine not quiet)",
            Some(false) => "NOT REACHED",
        }
    }
}

/// Gathers figures and prints runs.
#[derive(Default)]
pub struct Report {
    figures: Mutex<Vec<Figure>>,
}

impl Report {
    /// Prints a run as a JSON line.
    pub fn run(&self, workload: &str, repeat: usize, n: usize, run: &Measured, more: Value) {
        println!("{}", line(workload, repeat, n, run, more));
    }

    /// Keeps a figure for the table.
    pub fn figure(&self, figure: Figure) {
        self.figures.lock().unwrap_or_else(PoisonError::into_inner).push(figure);
    }

    /// The table, and whether all that is asked for independently of other load was reached.
    pub fn table(&self) -> (String, bool) {
        let figures = self.figures.lock().unwrap_or_else(PoisonError::into_inner);
        (table(&figures), figures.iter().all(|f| f.verdict() != "NOT REACHED"))
    }
}

fn line(workload: &str, repeat: usize, n: usize, run: &Measured, more: Value) -> Value {
    let round = |v: f64| (v * 1e4).round() / 1e4;
    let cpu: Map<String, Value> = run.cpu.iter().map(|(k, v)| ((*k).to_owned(), json!(round(*v)))).collect();
    let mut all = json!({
        "workload": workload, "repeat": repeat, "n": n, "wall_s": round(run.wall), "cpu_s": cpu,
        "generator_cpu_s": round(run.generator_cpu), "foreign": round(run.foreign),
        "rss_mb": round(run.rss as f64 / 1e6), "peak_mb": round(run.peak as f64 / 1e6),
    });
    if let (Value::Object(all), Value::Object(more)) = (&mut all, more) {
        all.extend(more);
    }
    all
}

/// Latencies as fields of a JSON line.
pub fn latencies(latency: &Latency) -> Value {
    serde_json::to_value(latency).unwrap_or_default()
}

/// Two objects in one.
pub fn both(mut one: Value, other: Value) -> Value {
    if let (Value::Object(one), Value::Object(other)) = (&mut one, other) {
        one.extend(other);
    }
    one
}

/// A number with as many digits as are worth reading.
fn short(value: f64) -> String {
    match value.abs() {
        v if v >= 1_000.0 => format!("{value:.0}"),
        v if v >= 100.0 => format!("{value:.1}"),
        v if v >= 1.0 || v == 0.0 => format!("{value:.2}"),
        _ => format!("{value:.4}"),
    }
}

fn table(figures: &[Figure]) -> String {
    let head = ["workload", "figure", "min / median / max", "must", "got/must", "foreign", ""];
    let mut rows = vec![head.map(str::to_owned)];
    for figure in figures {
        let spread = figure.spread();
        let must = match figure.must {
            Must::AtMost(bound) => format!("≤ {}", short(bound)),
            Must::AtLeast(bound) => format!("≥ {}", short(bound)),
            Must::Told => String::new(),
        };
        let ratio = figure.must.bound().filter(|b| *b != 0.0).map(|b| short(spread.median / b));
        rows.push([
            figure.workload.clone(),
            format!("{} ({})", figure.what, figure.unit),
            format!("{} / {} / {}", short(spread.min), short(spread.median), short(spread.max)),
            must,
            ratio.unwrap_or_default(),
            format!("{:.0} %", figure.foreign * 100.0),
            figure.verdict().to_owned(),
        ]);
    }
    let width = |column: usize| rows.iter().map(|r| r[column].chars().count()).max().unwrap_or(0);
    let widths: [usize; 7] = std::array::from_fn(width);
    let mut out = String::new();
    for row in &rows {
        let cells = row.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}"));
        out.push_str(cells.collect::<Vec<_>>().join("  ").trim_end());
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figure(must: Must, wall: bool, foreign: f64, values: &[f64]) -> Figure {
        let values = values.to_vec();
        Figure { workload: "1 sqlite".into(), what: "CPU", unit: "cal", must, wall, values, foreign }
    }

    #[test]
    fn the_median_is_judged_and_a_busy_machine_excuses_wall_times_alone() {
        let values = [1.0, 2.0, 9.0];
        assert_eq!(figure(Must::AtMost(2.0), false, 0.5, &values).verdict(), "reached");
        assert_eq!(figure(Must::AtMost(1.9), false, 0.5, &values).verdict(), "NOT REACHED");
        assert_eq!(
            figure(Must::AtMost(1.9), true, 0.5, &values).verdict(),
            "not reached (machine not quiet)"
        );
        assert_eq!(figure(Must::AtMost(1.9), true, 0.05, &values).verdict(), "NOT REACHED");
        assert_eq!(figure(Must::AtLeast(2.1), false, 0.0, &values).verdict(), "NOT REACHED");
        assert_eq!(figure(Must::Told, false, 0.0, &values).verdict(), "");
    }

    #[test]
    fn the_table_says_must_and_ratio() {
        let report = Report::default();
        report.figure(figure(Must::AtMost(4.0), false, 0.25, &[1.0, 2.0, 3.0]));
        report.figure(figure(Must::Told, false, 0.0, &[1234.5]));
        let (text, good) = report.table();
        let lines: Vec<Vec<&str>> =
            text.lines().map(|l| l.split("  ").map(str::trim).filter(|c| !c.is_empty()).collect()).collect();
        assert_eq!(
            lines[1],
            ["1 sqlite", "CPU (cal)", "1.00 / 2.00 / 3.00", "≤ 4.00", "0.5000", "25 %", "reached"]
        );
        assert_eq!(lines[2], ["1 sqlite", "CPU (cal)", "1234 / 1234 / 1234", "0 %"]);
        assert!(good);
        report.figure(figure(Must::AtLeast(4.0), false, 0.0, &[1.0]));
        assert!(!report.table().1);
    }

    #[test]
    fn a_line_holds_what_the_workload_adds() {
        let run = Measured { wall: 1.5, server_cpu: 0.2, ..Measured::default() };
        let line = line("2 sqlite", 3, 10, &run, json!({"p99_ms": 4.0}));
        assert_eq!((&line["n"], &line["p99_ms"], &line["wall_s"]), (&json!(10), &json!(4.0), &json!(1.5)));
    }
}
