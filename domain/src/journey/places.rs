//! Where a person put a node in the drawing. It travels with the versions, and nothing that runs looks at it.

use serde::{Deserialize, Serialize};

/// The farthest place from the start, steps of the grid.
pub const MAX_PLACE: i64 = 2_000;

/// Steps of the drawing's grid, to the right of and below where the start stands when nobody has moved it; `[3, -2]` in JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place(pub i64, pub i64);

impl Place {
    /// The place nearest to a left upper corner, in pixels from `origin` on a grid of so many pixels; never farther than allowed.
    pub fn nearest((x, y): (i32, i32), grid: i32) -> Self {
        let grid = i64::from(grid.max(1));
        let steps =
            |pixels: i32| (i64::from(pixels) + grid / 2).div_euclid(grid).clamp(-MAX_PLACE, MAX_PLACE);
        Self(steps(x), steps(y))
    }

    /// Its left upper corner in pixels, where the origin lies at `origin`. One that is out of bounds is drawn at the bound.
    pub fn corner(self, origin: (i32, i32), grid: i32) -> (i32, i32) {
        let pixels = |steps: i64| {
            i32::try_from(steps.clamp(-MAX_PLACE, MAX_PLACE) * i64::from(grid.clamp(1, 1_000))).unwrap_or(0)
        };
        (origin.0.saturating_add(pixels(self.0)), origin.1.saturating_add(pixels(self.1)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_corner_snaps_to_the_nearest_place() {
        for (pixels, steps) in
            [(0, 0), (9, 0), (10, 1), (29, 1), (30, 2), (-10, 0), (-11, -1), (i32::MAX, 2_000)]
        {
            assert_eq!(Place::nearest((pixels, -40), 20), Place(steps, -2), "{pixels}");
        }
        assert_eq!(Place(3, -2).corner((100, 50), 20), (160, 10));
        assert_eq!(Place(i64::MAX, i64::MIN).corner((0, 0), 20), (40_000, -40_000));
    }

    proptest::proptest! {
        #[test]
        fn a_place_is_where_it_is(x in -MAX_PLACE..=MAX_PLACE, y in -MAX_PLACE..=MAX_PLACE, grid in 1i32..100) {
            let corner = Place(x, y).corner((0, 0), grid);
            proptest::prop_assert_eq!(Place::nearest(corner, grid), Place(x, y));
        }
    }
}
