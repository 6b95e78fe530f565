//! The increment: what the messages earned beyond what would have come anyway, with an honest interval.
//!
//! Orders: difference of two proportions with Newcombe's hybrid score interval (Newcombe 1998, method 10), which
//! keeps its promise for small groups and rare orders. Revenue: Welch's interval from sums and sums of squares, made
//! conservative as Agresti and Caffo do for proportions: each group gets one order and one abandoner without order
//! on top, and the degrees of freedom count orders, since abandoners without order tell nothing of basket sizes.
//!
//! "Enough" is decided by the size of the sample, fixed by the question asked, and not by whether the interval
//! happens to miss zero: who looks every day and stops at the first good day fools himself.

use serde::{Deserialize, Serialize};

/// 95 % two-sided.
const Z: f64 = 1.959_963_984_540_054;
/// 80 % power.
const Z_POWER: f64 = 0.841_621_233_572_914_2;

/// One group of abandoners: all that were assigned to it, whether a message reached them or not.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Arm {
    /// Abandoners.
    pub n: u64,
    /// Of them, how many ordered.
    pub orders: u64,
    /// Kept revenue, minor units of one currency.
    pub revenue: i64,
    /// Sum of the squares of each abandoner's kept revenue.
    pub revenue_squares: i128,
}

impl Arm {
    /// Adds one abandoner: what was kept of the order, or nothing.
    pub fn add(&mut self, kept_minor: Option<i64>) {
        self.n += 1;
        if let Some(minor) = kept_minor {
            self.orders += 1;
            self.revenue = self.revenue.saturating_add(minor);
            self.revenue_squares = self.revenue_squares.saturating_add(i128::from(minor) * i128::from(minor));
        }
    }

    fn rate(&self) -> f64 {
        if self.n == 0 { 0.0 } else { self.orders as f64 / self.n as f64 }
    }

    fn per_abandoner(&self) -> f64 {
        if self.n == 0 { 0.0 } else { self.revenue as f64 / self.n as f64 }
    }

    /// Wilson's score interval of the rate.
    fn wilson(&self) -> (f64, f64) {
        if self.n == 0 {
            return (0.0, 1.0);
        }
        let (n, p) = (self.n as f64, self.rate());
        let z2 = Z * Z;
        let middle = (p + z2 / (2.0 * n)) / (1.0 + z2 / n);
        let half = Z * (p * (1.0 - p) / n + z2 / (4.0 * n * n)).sqrt() / (1.0 + z2 / n);
        ((middle - half).max(0.0), (middle + half).min(1.0))
    }
}

/// What the store wants to be able to see.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// The smallest lift of the order rate worth knowing, as a fraction: 0.02 is two points.
    pub smallest_lift: f64,
}

impl Default for Question {
    /// Two points, within the usual range of 1.5 to 3.
    fn default() -> Self {
        Self { smallest_lift: 0.02 }
    }
}

/// A value with its 95 % interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// The best guess.
    pub point: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

impl Estimate {
    /// The same for `n` abandoners instead of one.
    pub fn times(self, n: u64) -> Self {
        let n = n as f64;
        Self { point: self.point * n, low: self.low * n, high: self.high * n }
    }
}

/// What can be said.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Incremental {
    /// Further orders per abandoner: 0.03 is three points.
    pub order_rate: Estimate,
    /// Further revenue per abandoner, minor units.
    pub revenue_per_abandoner: Estimate,
    /// Further revenue of all treated, minor units.
    pub revenue: Estimate,
    /// Whether the sample is large enough for the question. While it is not, say "not enough data yet".
    pub enough: bool,
    /// Abandoners needed in both groups together.
    pub needed_n: u64,
    /// Abandoners there are.
    pub n: u64,
}

/// Compares the treated with the holdout. `None` while one of the groups is empty.
pub fn incremental(treated: &Arm, holdout: &Arm, question: Question) -> Option<Incremental> {
    if treated.n == 0 || holdout.n == 0 {
        return None;
    }
    let n = treated.n + holdout.n;
    // The natural rate, one order and one abandoner pulled towards the middle so that none observed is not none.
    let natural = (holdout.orders as f64 + 1.0) / (holdout.n as f64 + 2.0);
    let needed = needed_n(natural, question.smallest_lift, holdout.n as f64 / n as f64);
    let revenue_per_abandoner = revenue_difference(treated, holdout);
    Some(Incremental {
        order_rate: newcombe(treated, holdout),
        revenue_per_abandoner,
        revenue: revenue_per_abandoner.times(treated.n),
        enough: n >= needed && holdout.orders >= 5 && treated.orders >= 5,
        needed_n: needed,
        n,
    })
}

fn newcombe(a: &Arm, b: &Arm) -> Estimate {
    let (pa, pb) = (a.rate(), b.rate());
    let ((la, ua), (lb, ub)) = (a.wilson(), b.wilson());
    let point = pa - pb;
    let root = |x: f64, y: f64| (x * x + y * y).sqrt();
    Estimate { point, low: point - root(pa - la, ub - pb), high: point + root(ua - pa, pb - lb) }
}

fn revenue_difference(a: &Arm, b: &Arm) -> Estimate {
    let point = a.per_abandoner() - b.per_abandoner();
    // The order each group gets on top has the mean square of all orders seen.
    let orders = (a.orders + b.orders).max(1) as f64;
    let extra = ((a.revenue_squares + b.revenue_squares) as f64 / orders).sqrt();
    let spread = |arm: &Arm| {
        let n = arm.n as f64 + 2.0;
        let mean = (arm.revenue as f64 + extra) / n;
        let variance =
            ((arm.revenue_squares as f64 + extra * extra) / n - mean * mean).max(0.0) * n / (n - 1.0);
        (variance / n, arm.orders as f64 + 1.0)
    };
    let ((va, da), (vb, db)) = (spread(a), spread(b));
    let variance = va + vb;
    // Welch and Satterthwaite.
    let freedom = if variance > 0.0 { variance * variance / (va * va / da + vb * vb / db) } else { 1.0 };
    let half = t_quantile(freedom.max(1.0)) * variance.sqrt();
    Estimate { point, low: point - half, high: point + half }
}

/// The 97.5 % quantile of Student's t: exact for 1 and 2 degrees of freedom, else the Cornish and Fisher expansion
/// (Abramowitz and Stegun 26.7.5), whose error is below 1 % from 3 on.
fn t_quantile(freedom: f64) -> f64 {
    let table = [(1.0, 12.706_204_7), (2.0, 4.302_652_7), (3.0, 3.182_446_3)];
    // Between whole degrees the next smaller one, which is the wider.
    if let Some((_, t)) = table.into_iter().find(|(d, _)| freedom < d + 1.0) {
        return t;
    }
    let (z, v) = (Z, freedom);
    let g1 = (z.powi(3) + z) / 4.0;
    let g2 = (5.0 * z.powi(5) + 16.0 * z.powi(3) + 3.0 * z) / 96.0;
    let g3 = (3.0 * z.powi(7) + 19.0 * z.powi(5) + 17.0 * z.powi(3) - 15.0 * z) / 384.0;
    z + g1 / v + g2 / (v * v) + g3 / (v * v * v)
}

/// Abandoners needed in both groups together to see a lift of `lift` above a natural rate of `natural` with 80 %
/// power at 5 % two-sided, when `holdout_share` of them get nothing. `u64::MAX` when it can never be seen.
pub fn needed_n(natural: f64, lift: f64, holdout_share: f64) -> u64 {
    let treated = natural + lift;
    let possible =
        lift > 0.0 && holdout_share > 0.0 && holdout_share < 1.0 && natural >= 0.0 && treated <= 1.0;
    if !possible {
        return u64::MAX;
    }
    // Variance of the difference, per abandoner of both groups together; not pooled, since the interval is not.
    let variance =
        natural * (1.0 - natural) / holdout_share + treated * (1.0 - treated) / (1.0 - holdout_share);
    let n = (((Z + Z_POWER) / lift).powi(2) * variance).ceil();
    if n < 1e15 { n as u64 } else { u64::MAX }
}

#[cfg(test)]
#[path = "incremental_tests.rs"]
mod tests;
