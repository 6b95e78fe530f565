//! The arithmetic of measurements.

/// The value that `p` percent of the values do not exceed (nearest rank); 0 of nothing. `sorted` ascends.
pub fn percentile(sorted: &[f64], p: f64) -> f64 {
    let rank = (p / 100.0 * sorted.len() as f64).ceil() as usize;
    sorted.get(rank.max(1) - 1).or(sorted.last()).copied().unwrap_or(0.0)
}

/// Smallest, median and largest of some values.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spread {
    /// Smallest.
    pub min: f64,
    /// Median; the mean of the middle two of an even number.
    pub median: f64,
    /// Largest.
    pub max: f64,
}

impl Spread {
    /// Of these values; zeros of nothing.
    pub fn of(values: &[f64]) -> Self {
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        let (Some(min), Some(max)) = (sorted.first(), sorted.last()) else {
            return Self { min: 0.0, median: 0.0, max: 0.0 };
        };
        let middle = sorted.len() / 2;
        let median = match sorted.len() % 2 {
            1 => sorted[middle],
            _ => f64::midpoint(sorted[middle - 1], sorted[middle]),
        };
        Self { min: *min, median, max: *max }
    }
}

/// Latencies of one run, in milliseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, serde::Serialize)]
pub struct Latency {
    /// Median.
    pub p50_ms: f64,
    /// 95 of 100.
    pub p95_ms: f64,
    /// 99 of 100.
    pub p99_ms: f64,
    /// The worst.
    pub max_ms: f64,
}

impl Latency {
    /// Of latencies in microseconds.
    pub fn of_micros(values: impl IntoIterator<Item = i64>) -> Self {
        let mut sorted: Vec<f64> = values.into_iter().map(|v| v as f64 / 1_000.0).collect();
        sorted.sort_by(f64::total_cmp);
        let at = |p| percentile(&sorted, p);
        Self { p50_ms: at(50.0), p95_ms: at(95.0), p99_ms: at(99.0), max_ms: at(100.0) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_values_that_occurred() {
        let values: Vec<f64> = (1..=200).map(f64::from).collect();
        assert_eq!([50.0, 95.0, 99.0, 100.0].map(|p| percentile(&values, p)), [100.0, 190.0, 198.0, 200.0]);
        assert_eq!(
            (percentile(&[7.0], 1.0), percentile(&[7.0], 99.0), percentile(&[], 50.0)),
            (7.0, 7.0, 0.0)
        );
        // One of a hundred is the 99th percentile's due, not the worst one.
        let mut spike = vec![1.0; 99];
        spike.push(500.0);
        assert_eq!((percentile(&spike, 99.0), percentile(&spike, 99.1)), (1.0, 500.0));
    }

    #[test]
    fn a_spread_does_not_depend_on_the_order() {
        assert_eq!(Spread::of(&[3.0, 1.0, 2.0]), Spread { min: 1.0, median: 2.0, max: 3.0 });
        assert_eq!(Spread::of(&[4.0, 1.0, 2.0, 3.0]).median, 2.5);
        assert_eq!(Spread::of(&[]), Spread { min: 0.0, median: 0.0, max: 0.0 });
    }

    #[test]
    fn latencies_come_in_microseconds_and_go_in_milliseconds() {
        let latency = Latency::of_micros((1..=1_000).rev().map(|n| n * 1_000));
        assert_eq!((latency.p50_ms, latency.p99_ms, latency.max_ms), (500.0, 990.0, 1_000.0));
        assert_eq!(Latency::of_micros([]), Latency::default());
    }
}
