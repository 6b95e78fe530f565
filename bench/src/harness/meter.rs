//! Measures what happens between two moments: time, CPU of every process, memory, and how much of the machine others took.

use super::process::{self, Machine, Usage};
use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

/// A process to watch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Watched {
    /// What to call it.
    pub name: &'static str,
    /// Its id.
    pub pid: u32,
    /// With its children.
    pub tree: bool,
    /// Whether its CPU is the workload's; a helper's is told apart.
    pub server: bool,
}

impl Watched {
    fn usage(self) -> Usage {
        let found = if self.tree { process::tree(self.pid) } else { process::usage(self.pid) };
        found.unwrap_or_default()
    }
}

/// A measurement that has begun.
pub struct Meter {
    watched: Vec<Watched>,
    before: Vec<Usage>,
    own: f64,
    machine: Machine,
    start: Instant,
}

/// What was measured.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Measured {
    /// Seconds of wall time.
    pub wall: f64,
    /// Seconds of CPU of all server processes.
    pub server_cpu: f64,
    /// Seconds of CPU by process.
    pub cpu: BTreeMap<&'static str, f64>,
    /// Seconds of CPU of the harness itself: the load generator.
    pub generator_cpu: f64,
    /// Share of the machine that went to processes that are none of ours, 0 to 1.
    pub foreign: f64,
    /// Resident bytes of the service at the end, without the database server.
    pub rss: u64,
    /// The most it ever had.
    pub peak: u64,
}

impl Meter {
    /// Begins.
    pub fn start(watched: Vec<Watched>) -> Self {
        let before = watched.iter().map(|w| w.usage()).collect();
        Self { watched, before, own: process::own(), machine: Machine::now(), start: Instant::now() }
    }

    /// Ends.
    pub fn stop(self) -> Measured {
        let wall = self.start.elapsed();
        let (machine, own) = (Machine::now(), process::own() - self.own);
        let after: Vec<Usage> = self.watched.iter().map(|w| w.usage()).collect();
        let mut measured = Measured { wall: wall.as_secs_f64(), generator_cpu: own, ..Measured::default() };
        let mut ours = own;
        for ((watched, before), after) in self.watched.iter().zip(&self.before).zip(&after) {
            // A process that ended meanwhile tells nothing any more.
            let cpu = (after.cpu - before.cpu).max(0.0);
            *measured.cpu.entry(watched.name).or_default() += cpu;
            ours += cpu;
            if watched.server {
                measured.server_cpu += cpu;
            }
            if watched.server && !watched.tree {
                measured.rss += after.rss;
                measured.peak += after.peak;
            }
        }
        measured.foreign = foreign(&self.machine, &machine, ours);
        measured
    }
}

/// The share of all there was that neither stayed idle nor went to us.
fn foreign(before: &Machine, after: &Machine, ours: f64) -> f64 {
    let total = after.total - before.total;
    if total <= 0.0 {
        return 0.0;
    }
    ((after.busy - before.busy - ours) / total).clamp(0.0, 1.0)
}

/// Looks at a process every so often while a piece of work runs, and says the most memory it saw.
pub async fn highest<T>(pid: u32, work: impl Future<Output = T>) -> (T, u64) {
    let mut most = 0;
    let look = async {
        loop {
            most = most.max(process::usage(pid).map_or(0, |u| u.rss));
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let done = tokio::select! {
        done = work => done,
        () = look => unreachable!("it looks for ever"),
    };
    (done, most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_neither_idle_nor_ours_is_foreign() {
        let (before, after) = (Machine { busy: 10.0, total: 100.0 }, Machine { busy: 18.0, total: 110.0 });
        assert_eq!(foreign(&before, &after, 5.0), 0.3);
        // Ticks are rounded, so ours may come out above all.
        assert_eq!(foreign(&before, &after, 9.0), 0.0);
        assert_eq!(foreign(&before, &before, 0.0), 0.0);
    }

    #[test]
    fn a_process_that_is_gone_counts_nothing() {
        let gone = Watched { name: "gone", pid: u32::MAX, tree: false, server: true };
        let measured = Meter::start(vec![gone]).stop();
        assert_eq!((measured.server_cpu, measured.rss, measured.cpu["gone"]), (0.0, 0, 0.0));
    }
}
