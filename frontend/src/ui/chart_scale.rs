//! From values to places on the drawing, apart from the drawing so that it can be tested.

/// Width of the drawing in its own units.
pub const WIDTH: f64 = 1000.0;
/// Height of the drawing in its own units.
pub const HEIGHT: f64 = 240.0;
/// Kept free above the highest value.
const HEADROOM: f64 = 12.0;

/// A scale from `bottom` to `top`, with the values at which lines are drawn.
#[derive(Clone, Debug, PartialEq)]
pub struct Scale {
    /// Value at the lower edge.
    pub bottom: f64,
    /// Value at the upper edge, less the headroom.
    pub top: f64,
    /// Round values for the lines, from below.
    pub ticks: Vec<f64>,
}

impl Scale {
    /// A scale that holds all values and the zero, with about `lines` round steps.
    pub fn around(values: impl Iterator<Item = f64>, lines: usize) -> Self {
        let (low, high) =
            values.fold((0.0_f64, 0.0_f64), |(low, high), value| (low.min(value), high.max(value)));
        let span = if high - low > 0.0 { high - low } else { 1.0 };
        let step = round_step(span / lines.max(1) as f64);
        let bottom = (low / step).floor() * step;
        let steps = ((high - bottom) / step).ceil().max(1.0) as usize;
        let ticks: Vec<f64> = (0..=steps).map(|tick| bottom + tick as f64 * step).collect();
        Self { bottom, top: bottom + steps as f64 * step, ticks }
    }

    /// The height of a value on the drawing, from above.
    pub fn y(&self, value: f64) -> f64 {
        let share = (value - self.bottom) / (self.top - self.bottom);
        HEIGHT - share * (HEIGHT - HEADROOM)
    }
}

/// 1, 2 or 5 times a power of ten, not below `step`.
fn round_step(step: f64) -> f64 {
    let power = 10_f64.powf(step.log10().floor());
    let factor =
        [1.0, 2.0, 5.0, 10.0].into_iter().find(|factor| factor * power >= step * 0.999).unwrap_or(10.0);
    factor * power
}

/// The place of the point `index` of `count`, from the left.
pub fn x(index: usize, count: usize) -> f64 {
    if count < 2 { WIDTH / 2.0 } else { index as f64 * WIDTH / (count - 1) as f64 }
}

/// The point nearest to a share of the width.
pub fn nearest(share: f64, count: usize) -> usize {
    let last = count.saturating_sub(1);
    ((share.clamp(0.0, 1.0) * last as f64).round() as usize).min(last)
}

/// A line through points, as the `d` of a path.
pub fn line(points: &[(f64, f64)]) -> String {
    let mut path = String::new();
    for (place, (x, y)) in points.iter().enumerate() {
        path.push_str(&format!("{}{x:.1} {y:.1}", if place == 0 { "M" } else { "L" }));
    }
    path
}

/// The surface between a line and another one below it.
pub fn surface(upper: &[(f64, f64)], lower: &[(f64, f64)]) -> String {
    let mut points = upper.to_vec();
    points.extend(lower.iter().rev());
    format!("{}Z", line(&points))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_stand_at_round_values_and_hold_everything() {
        let scale = Scale::around([12.0, 431.0, 87.0].into_iter(), 4);
        assert_eq!(scale.ticks, [0.0, 200.0, 400.0, 600.0]);
        assert!(scale.top >= 431.0);
    }

    #[test]
    fn a_loss_goes_below_the_zero() {
        let scale = Scale::around([-30.0, 90.0].into_iter(), 3);
        assert!(scale.bottom <= -30.0 && scale.ticks.contains(&0.0), "{scale:?}");
    }

    #[test]
    fn nothing_at_all_still_has_a_scale() {
        let scale = Scale::around([0.0, 0.0].into_iter(), 4);
        assert!(scale.top > scale.bottom);
        assert!(scale.y(0.0).is_finite());
    }

    #[test]
    fn higher_values_stand_higher() {
        let scale = Scale::around([0.0, 10.0].into_iter(), 2);
        assert!(scale.y(10.0) < scale.y(5.0));
        assert_eq!(scale.y(0.0), HEIGHT);
    }

    #[test]
    fn the_pointer_finds_the_nearest_point() {
        assert_eq!(nearest(0.0, 30), 0);
        assert_eq!(nearest(0.52, 3), 1);
        assert_eq!(nearest(1.4, 30), 29);
        assert_eq!(nearest(0.5, 0), 0);
    }

    #[test]
    fn paths_are_written_once_around() {
        assert_eq!(line(&[(0.0, 1.0), (2.0, 3.0)]), "M0.0 1.0L2.0 3.0");
        assert_eq!(surface(&[(0.0, 1.0)], &[(0.0, 9.0)]), "M0.0 1.0L0.0 9.0Z");
    }
}
