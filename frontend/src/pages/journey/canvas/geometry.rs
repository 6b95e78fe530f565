//! The window on the drawing: what lies where, at which size. Pure, in pixels; a point of the window is `sheet * scale + (x, y)`.

/// The smallest and the largest size.
const LEAST: f64 = 0.1;
const MOST: f64 = 2.0;
/// The smallest at which a drawing opens by itself; a larger journey begins at its start.
const READABLE: f64 = 0.45;
/// Kept free beside the drawing, and above and below it, where the tools stand.
const SIDE: f64 = 24.0;
const TOOLS: f64 = 56.0;
/// As much of the drawing stays in the window, however far it is moved.
const HELD: f64 = 48.0;

/// A point, or a size.
pub type Point = (f64, f64);

/// A rectangle.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Rect {
    /// Left edge.
    pub x: f64,
    /// Upper edge.
    pub y: f64,
    /// Width.
    pub width: f64,
    /// Height.
    pub height: f64,
}

impl Rect {
    /// With two opposite corners.
    pub fn between(a: Point, b: Point) -> Self {
        Self { x: a.0.min(b.0), y: a.1.min(b.1), width: (a.0 - b.0).abs(), height: (a.1 - b.1).abs() }
    }

    /// Whether they share more than an edge.
    pub fn meets(&self, other: &Self) -> bool {
        self.x < other.x + other.width
            && other.x < self.x + self.width
            && self.y < other.y + other.height
            && other.y < self.y + self.height
    }

    /// Its middle.
    pub fn middle(&self) -> Point {
        (self.x + self.width / 2.0, self.y + self.height / 2.0)
    }
}

/// How the drawing lies under the window.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct View {
    /// Where the drawing's origin lies in the window.
    pub x: f64,
    /// The same downwards.
    pub y: f64,
    /// 1 is full size.
    pub scale: f64,
}

impl Default for View {
    fn default() -> Self {
        Self { x: SIDE, y: TOOLS, scale: 1.0 }
    }
}

impl View {
    /// Larger or smaller by a factor, as far as it goes; what lies under the point stays there.
    pub fn zoomed(self, factor: f64, at: Point) -> Self {
        let scale = (self.scale * factor).clamp(LEAST, MOST);
        let grown = scale / self.scale;
        Self { x: at.0 - (at.0 - self.x) * grown, y: at.1 - (at.1 - self.y) * grown, scale }
    }

    /// Moved along.
    pub fn panned(self, by: Point) -> Self {
        Self { x: self.x + by.0, y: self.y + by.1, ..self }
    }

    /// What lies in the drawing under a point of the window.
    pub fn under(self, at: Point) -> Point {
        ((at.0 - self.x) / self.scale, (at.1 - self.y) / self.scale)
    }

    /// Where in the window something of the drawing lies.
    pub fn shown(self, rect: Rect) -> Rect {
        Rect {
            x: rect.x * self.scale + self.x,
            y: rect.y * self.scale + self.y,
            width: rect.width * self.scale,
            height: rect.height * self.scale,
        }
    }

    /// What of the drawing the window shows.
    pub fn seen(self, window: Point) -> Rect {
        Rect::between(self.under((0.0, 0.0)), self.under(window))
    }

    /// All of it, in the middle, never above full size.
    pub fn fitted(all: Rect, window: Point) -> Self {
        let free = ((window.0 - 2.0 * SIDE).max(1.0), (window.1 - 2.0 * TOOLS).max(1.0));
        let scale = (free.0 / all.width.max(1.0)).min(free.1 / all.height.max(1.0)).clamp(LEAST, 1.0);
        let x = (window.0 - all.width * scale) / 2.0 - all.x * scale;
        let y = (window.1 - all.height * scale) / 2.0 - all.y * scale;
        Self { x, y, scale }
    }

    /// As a drawing opens: all of it where it can still be read so, else its start, at the top in the middle.
    pub fn opening(all: Rect, start: Rect, window: Point) -> Self {
        let fitted = Self::fitted(all, window);
        if fitted.scale >= READABLE {
            return fitted;
        }
        let scale = READABLE.max(0.6);
        Self { x: window.0 / 2.0 - start.middle().0 * scale, y: TOOLS - start.y * scale, scale }
    }

    /// Moved as little as it takes for something to be in the window.
    pub fn revealing(self, rect: Rect, window: Point) -> Self {
        let shown = self.shown(rect);
        let into = |from: f64, size: f64, window: f64, margin: f64| {
            let low = margin - from;
            let high = window - margin - (from + size);
            if low > 0.0 || size > window - 2.0 * margin { low } else { high.min(0.0) }
        };
        self.panned((
            into(shown.x, shown.width, window.0, SIDE),
            into(shown.y, shown.height, window.1, TOOLS),
        ))
    }

    /// Moved back so that a little of the drawing stays in the window.
    pub fn held(self, all: Rect, window: Point) -> Self {
        let shown = self.shown(all);
        let back = |from: f64, size: f64, window: f64| {
            let held = HELD.min(window / 2.0);
            (held - (from + size)).max(0.0) + (window - held - from).min(0.0)
        };
        self.panned((back(shown.x, shown.width, window.0), back(shown.y, shown.height, window.1)))
    }

    /// As a transform.
    pub fn css(self) -> String {
        format!("translate({:.2}px, {:.2}px) scale({:.4})", self.x, self.y, self.scale)
    }
}

/// A direction of the arrow keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// To the left.
    Left,
    /// Upwards.
    Up,
    /// To the right.
    Right,
    /// Downwards.
    Down,
}

impl Way {
    /// The one of a key.
    pub fn of_key(key: &str) -> Option<Self> {
        Some(match key {
            "ArrowLeft" => Self::Left,
            "ArrowUp" => Self::Up,
            "ArrowRight" => Self::Right,
            "ArrowDown" => Self::Down,
            _ => return None,
        })
    }

    /// One step to the right and down.
    pub const fn step(self) -> (i32, i32) {
        match self {
            Self::Left => (-1, 0),
            Self::Up => (0, -1),
            Self::Right => (1, 0),
            Self::Down => (0, 1),
        }
    }
}

/// Which of the others comes next in a direction: near, and straight ahead rather than aside.
pub fn neighbour(from: Rect, others: &[Rect], way: Way) -> Option<usize> {
    let (here, (across, down)) = (from.middle(), way.step());
    let ahead = |other: &Rect| {
        let to = other.middle();
        let (x, y) = (to.0 - here.0, to.1 - here.1);
        let along = x * f64::from(across) + y * f64::from(down);
        let aside = (x * f64::from(down)).abs() + (y * f64::from(across)).abs();
        (along > 1.0 && along * 3.0 > aside).then_some(along + 2.0 * aside)
    };
    let reachable = others.iter().enumerate().filter_map(|(i, other)| Some((i, ahead(other)?)));
    reachable.min_by(|a, b| a.1.total_cmp(&b.1)).map(|(i, _)| i)
}

/// The transform of the dots behind the drawing: a pattern of the grid that goes along, so that nothing of it is painted anew. From afar
/// there is a dot for every second step, or fourth, and so on.
pub fn dots(view: View, grid: f64) -> String {
    let mut scale = view.scale;
    while scale < 0.7 {
        scale *= 2.0;
    }
    let cell = grid * scale;
    let into = |at: f64| at.rem_euclid(cell) - cell;
    format!("translate({:.2}px, {:.2}px) scale({scale:.4})", into(view.x), into(view.y))
}

/// How much a turn of the wheel zooms: pixels, lines or pages of it, a pinch counted more finely.
pub fn wheel(delta: f64, mode: u32, pinch: bool) -> f64 {
    let pixels = match mode {
        1 => delta * 33.0,
        2 => delta * 300.0,
        _ => delta,
    };
    (-pixels.clamp(-300.0, 300.0) * if pinch { 0.01 } else { 0.0016 }).exp()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(a: Point, b: Point) -> bool {
        (a.0 - b.0).abs() < 1e-6 && (a.1 - b.1).abs() < 1e-6
    }

    #[test]
    fn what_lies_under_the_pointer_stays_there() {
        let view = View { x: -30.0, y: 12.0, scale: 0.8 };
        for (factor, at) in
            [(1.2, (400.0, 300.0)), (0.5, (0.0, 0.0)), (50.0, (10.0, 700.0)), (0.001, (399.0, 1.0))]
        {
            let after = view.zoomed(factor, at);
            assert!(near(view.under(at), after.under(at)), "{factor} at {at:?}: {after:?}");
            assert!((LEAST..=MOST).contains(&after.scale));
        }
        assert_eq!(view.zoomed(100.0, (1.0, 1.0)).scale, MOST);
        assert_eq!(view.panned((5.0, -2.0)), View { x: -25.0, y: 10.0, scale: 0.8 });
    }

    #[test]
    fn in_and_out_again_is_where_it_was() {
        let view = View { x: 3.0, y: 4.0, scale: 0.7 };
        let back = view.zoomed(1.25, (210.0, 40.0)).zoomed(0.8, (210.0, 40.0));
        assert!(near((back.x, back.y), (3.0, 4.0)) && (back.scale - 0.7).abs() < 1e-9);
    }

    #[test]
    fn a_fitted_drawing_lies_whole_in_the_window() {
        let window = (800.0, 600.0);
        for all in [
            Rect { x: -900.0, y: 40.0, width: 4_000.0, height: 900.0 },
            Rect { x: 0.0, y: 0.0, width: 240.0, height: 80.0 },
            Rect { x: 10.0, y: -500.0, width: 240.0, height: 3_000.0 },
        ] {
            let view = View::fitted(all, window);
            let shown = view.shown(all);
            assert!(shown.x >= SIDE - 1e-6 && shown.x + shown.width <= window.0 - SIDE + 1e-6, "{shown:?}");
            assert!(
                shown.y >= TOOLS - 1e-6 && shown.y + shown.height <= window.1 - TOOLS + 1e-6,
                "{shown:?}"
            );
            assert!(near(shown.middle(), (400.0, 300.0)), "{shown:?}");
            assert!(view.scale <= 1.0);
        }
    }

    #[test]
    fn a_large_journey_opens_at_its_start() {
        let window = (800.0, 600.0);
        let all = Rect { x: -2_000.0, y: 0.0, width: 5_000.0, height: 9_000.0 };
        let start = Rect { x: 0.0, y: 0.0, width: 240.0, height: 80.0 };
        let view = View::opening(all, start, window);
        let shown = view.shown(start);
        assert!(view.scale >= READABLE && (shown.middle().0 - 400.0).abs() < 1e-6 && shown.y == TOOLS);
        let small = Rect { x: 0.0, y: 0.0, width: 240.0, height: 600.0 };
        assert_eq!(View::opening(small, start, window), View::fitted(small, window));
    }

    #[test]
    fn what_is_out_of_the_window_is_brought_in_and_the_rest_stays() {
        let (window, view) = ((800.0, 600.0), View { x: 0.0, y: 0.0, scale: 1.0 });
        let node = |x: f64, y: f64| Rect { x, y, width: 240.0, height: 80.0 };
        assert_eq!(view.revealing(node(300.0, 300.0), window), view);
        assert_eq!(view.revealing(node(-100.0, 300.0), window), view.panned((100.0 + SIDE, 0.0)));
        assert_eq!(
            view.revealing(node(700.0, 590.0), window),
            view.panned((-(940.0 - 800.0 + SIDE), -(670.0 - 600.0 + TOOLS)))
        );
        let wide = Rect { x: 50.0, y: 100.0, width: 2_000.0, height: 80.0 };
        assert_eq!(
            view.revealing(wide, window).shown(wide).x,
            SIDE,
            "what is too wide is shown from its left"
        );
    }

    #[test]
    fn the_drawing_cannot_be_lost() {
        let (window, all) = ((800.0, 600.0), Rect { x: 0.0, y: 0.0, width: 500.0, height: 400.0 });
        for far in [(9_000.0, 0.0), (-9_000.0, -9_000.0), (0.0, 5_000.0), (10.0, 20.0)] {
            let shown = View::default().panned(far).held(all, window).shown(all);
            assert!(shown.meets(&Rect { x: 0.0, y: 0.0, width: 800.0, height: 600.0 }), "{far:?}: {shown:?}");
        }
        assert_eq!(View::default().held(all, window), View::default());
    }

    #[test]
    fn arrows_walk_to_the_nearest_ahead() {
        let node = |x: f64, y: f64| Rect { x, y, width: 240.0, height: 80.0 };
        let (from, all) =
            (node(0.0, 0.0), [node(-140.0, 120.0), node(140.0, 120.0), node(0.0, 240.0), node(280.0, 0.0)]);
        assert_eq!(neighbour(from, &all, Way::Down), Some(2));
        assert_eq!(neighbour(from, &all[..2], Way::Down), Some(0));
        assert_eq!(neighbour(from, &all, Way::Right), Some(3));
        assert_eq!(neighbour(from, &all, Way::Up), None);
        assert_eq!(Way::of_key("ArrowUp").map(Way::step), Some((0, -1)));
        assert_eq!(Way::of_key("a"), None);
    }

    #[test]
    fn a_wheel_zooms_in_upwards_and_never_in_a_leap() {
        assert!(wheel(-100.0, 0, false) > 1.1 && wheel(100.0, 0, false) < 0.9);
        assert!((wheel(3.0, 1, false) - wheel(99.0, 0, false)).abs() < 1e-9);
        assert!(wheel(-5.0, 0, true) > wheel(-5.0, 0, false));
        assert_eq!(wheel(9_999.0, 2, false), wheel(300.0, 0, false));
    }

    #[test]
    fn the_dots_go_along_and_are_never_crowded() {
        assert_eq!(
            dots(View { x: 25.0, y: -5.0, scale: 1.0 }, 20.0),
            "translate(-15.00px, -5.00px) scale(1.0000)"
        );
        assert_eq!(
            dots(View { x: 0.0, y: 4.0, scale: 0.4 }, 20.0),
            "translate(-16.00px, -12.00px) scale(0.8000)"
        );
        assert!(dots(View { x: 0.0, y: 0.0, scale: LEAST }, 20.0).ends_with("scale(0.8000)"));
    }

    #[test]
    fn a_frame_drawn_from_any_corner_is_the_same() {
        let frame = Rect::between((10.0, 90.0), (60.0, 20.0));
        assert_eq!(frame, Rect { x: 10.0, y: 20.0, width: 50.0, height: 70.0 });
        assert!(frame.meets(&Rect { x: 59.0, y: 0.0, width: 10.0, height: 21.0 }));
        assert!(!frame.meets(&Rect { x: 60.0, y: 0.0, width: 10.0, height: 21.0 }));
    }
}
