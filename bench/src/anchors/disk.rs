//! What the disk costs: an fsync of 4 KiB.

use crate::{Outcome, harness::stats::Spread};
use std::{fs::File, io::Write, path::Path, time::Instant};

/// Median of `n` appends of 4 KiB, each made durable; milliseconds.
///
/// # Errors
/// The disk is full.
pub fn fsync(folder: &Path, n: usize) -> Outcome<f64> {
    let path = folder.join("fsync");
    let mut file = File::create(&path)?;
    let block = [7; 4_096];
    let mut times = Vec::with_capacity(n);
    for _ in 0..n {
        let start = Instant::now();
        file.write_all(&block)?;
        file.sync_data()?;
        times.push(start.elapsed().as_secs_f64() * 1_000.0);
    }
    drop(file);
    std::fs::remove_file(path)?;
    Ok(Spread::of(&times).median)
}
