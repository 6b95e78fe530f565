//! What `/proc` tells of processes and of the machine.

use std::fs;

/// Ticks a second in `/proc`; the kernel's ABI fixes it whatever the clock of the kernel is.
const TICKS: f64 = 100.0;

/// CPU and memory of a process, or of a tree of them.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Usage {
    /// Seconds of CPU since its start, user and system.
    pub cpu: f64,
    /// Resident bytes now.
    pub rss: u64,
    /// The most resident bytes there ever were.
    pub peak: u64,
}

/// Seconds of CPU that the calling thread has used.
///
/// # Errors
/// When `/proc` does not tell.
pub fn this_thread() -> crate::Outcome<f64> {
    if let Ok(text) = fs::read_to_string("/proc/thread-self/schedstat")
        && let Some(nanos) = text.split_whitespace().next().and_then(|n| n.parse::<f64>().ok())
        && nanos > 0.0
    {
        return Ok(nanos / 1e9);
    }
    let text = fs::read_to_string("/proc/thread-self/stat")?;
    Ok(Stat::parse(&text).ok_or("/proc/thread-self/stat cannot be read")?.own / TICKS)
}

/// The part of `/proc/PID/stat` that is used here.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Stat {
    parent: u32,
    /// Ticks of its own.
    own: f64,
    /// Ticks of children that ended and were waited for.
    children: f64,
}

impl Stat {
    fn parse(text: &str) -> Option<Self> {
        // The name in brackets may hold anything, brackets and spaces too.
        let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
        let ticks = |n: usize| fields.get(n)?.parse::<f64>().ok();
        Some(Self {
            parent: fields.get(1)?.parse().ok()?,
            own: ticks(11)? + ticks(12)?,
            children: ticks(13)? + ticks(14)?,
        })
    }

    fn of(pid: u32) -> Option<Self> {
        Self::parse(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
    }
}

/// Parent of a process.
pub fn parent(pid: u32) -> Option<u32> {
    Some(Stat::of(pid)?.parent)
}

fn memory(pid: u32) -> (u64, u64) {
    let text = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let field = |name: &str| {
        let line = text.lines().find(|l| l.starts_with(name))?;
        Some(line.split_whitespace().nth(1)?.parse::<u64>().ok()? * 1_024)
    };
    (field("VmRSS:").unwrap_or(0), field("VmHWM:").unwrap_or(0))
}

/// One process. `None` when it is gone.
pub fn usage(pid: u32) -> Option<Usage> {
    let stat = Stat::of(pid)?;
    let (rss, peak) = memory(pid);
    Some(Usage { cpu: stat.own / TICKS, rss, peak })
}

/// A process with its children, those that ended included: a database server. Memory is the sum, so pages that
/// processes share count once for each.
pub fn tree(root: u32) -> Option<Usage> {
    let stat = Stat::of(root)?;
    let mut all = usage(root)?;
    all.cpu += stat.children / TICKS;
    for entry in fs::read_dir("/proc").ok()?.flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|n| n.parse::<u32>().ok()) else { continue };
        if parent(pid) == Some(root)
            && let Some(one) = usage(pid)
        {
            all.cpu += one.cpu;
            all.rss += one.rss;
            all.peak += one.peak;
        }
    }
    Some(all)
}

/// This process with the children it has waited for.
pub fn own() -> f64 {
    let text = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    Stat::parse(&text).map_or(0.0, |s| (s.own + s.children) / TICKS)
}

/// Seconds of CPU that all of the machine has spent since its start: on anything, and in all.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Machine {
    /// Not idle; what a hypervisor took away counts as busy.
    pub busy: f64,
    /// Busy and idle.
    pub total: f64,
}

impl Machine {
    /// Now.
    pub fn now() -> Self {
        Self::parse(&fs::read_to_string("/proc/stat").unwrap_or_default())
    }

    fn parse(text: &str) -> Self {
        let line = text.lines().find(|l| l.starts_with("cpu ")).unwrap_or_default();
        // user nice system idle iowait irq softirq steal; guests are in user already.
        let ticks: Vec<f64> =
            line.split_whitespace().skip(1).take(8).filter_map(|n| n.parse().ok()).collect();
        let total: f64 = ticks.iter().sum();
        let idle: f64 = ticks.iter().skip(3).take(2).sum();
        Self { busy: (total - idle) / TICKS, total: total / TICKS }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_brackets_does_not_shift_the_fields() {
        let text = "42 (a) b (c)) S 7 42 42 0 -1 4194304 100 0 0 0 250 50 30 20 20 0 3 0 100 1 2 3";
        assert_eq!(Stat::parse(text), Some(Stat { parent: 7, own: 300.0, children: 50.0 }));
        assert_eq!(Stat::parse("42 (cut"), None);
    }

    #[test]
    fn waiting_for_the_disk_is_not_busy_and_stolen_time_is() {
        let machine = Machine::parse("cpu  100 0 50 800 40 5 5 100 0 0\ncpu0 1 1 1 1 1 1 1 1 0 0\n");
        assert_eq!(machine, Machine { busy: 2.6, total: 11.0 });
    }

    #[test]
    fn this_very_process_can_be_read() {
        let pid = std::process::id();
        let usage = usage(pid).expect("it lives");
        assert!(usage.rss > 0 && usage.peak >= usage.rss);
        assert!(parent(pid).is_some_and(|p| p > 0));
        assert!(this_thread().expect("known") > 0.0);
        assert!(super::usage(u32::MAX).is_none());
    }
}
