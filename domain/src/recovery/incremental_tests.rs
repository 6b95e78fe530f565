use super::*;
use proptest::prelude::*;

/// A small, fast, seeded source of randomness (SplitMix64): the same seed, the same experiment.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    fn normal(&mut self) -> f64 {
        let (u, v) = (1.0 - self.unit(), self.unit());
        (-2.0 * u.ln()).sqrt() * (std::f64::consts::TAU * v).cos()
    }

    /// A basket: log-normal, median 60.00, a long tail.
    fn basket(&mut self) -> i64 {
        (6_000.0 * (0.8 * self.normal()).exp()) as i64
    }
}

/// Mean of [`Dice::basket`]: median times e^(0.8² / 2).
const MEAN_BASKET: f64 = 6_000.0 * 1.377_127_764_335_957;

/// A store with a known lift.
struct World {
    n: u64,
    share: f64,
    natural: f64,
    lift: f64,
}

impl World {
    fn run(&self, seed: u64) -> Option<Incremental> {
        let mut dice = Dice(seed);
        let (mut treated, mut holdout) = (Arm::default(), Arm::default());
        for _ in 0..self.n {
            let held = dice.unit() < self.share;
            let rate = if held { self.natural } else { self.natural + self.lift };
            let bought = (dice.unit() < rate).then(|| dice.basket());
            if held { holdout.add(bought) } else { treated.add(bought) }
        }
        incremental(&treated, &holdout, Question::default())
    }
}

/// The interval's promise, tested: in how many of `runs` does it hold the truth, for orders and for revenue?
fn coverage(world: &World, runs: u64) -> (f64, f64) {
    let (mut orders, mut revenue, mut all) = (0u64, 0u64, 0u64);
    for seed in 0..runs {
        let Some(said) = world.run(seed * 7_919 + 13) else { continue };
        let holds = |e: Estimate, truth: f64| u64::from(e.low <= truth && truth <= e.high);
        orders += holds(said.order_rate, world.lift);
        revenue += holds(said.revenue_per_abandoner, world.lift * MEAN_BASKET);
        all += 1;
    }
    (orders as f64 / all as f64, revenue as f64 / all as f64)
}

#[test]
fn intervals_hold_the_known_lift_as_often_as_they_say() {
    let worlds = [
        World { n: 400, share: 0.1, natural: 0.08, lift: 0.03 },
        World { n: 1_000, share: 0.1, natural: 0.08, lift: 0.0 },
        World { n: 3_000, share: 0.2, natural: 0.06, lift: 0.015 },
        World { n: 2_000, share: 0.5, natural: 0.12, lift: 0.03 },
    ];
    for world in worlds {
        let (orders, revenue) = coverage(&world, 600);
        // 95 % promised; 600 runs scatter by 0.9 points.
        assert!(orders >= 0.93, "orders {orders} for n {}", world.n);
        assert!(revenue >= 0.93, "revenue {revenue} for n {}", world.n);
        assert!(orders <= 0.995, "an interval that always holds says nothing: {orders} for n {}", world.n);
    }
}

#[test]
fn without_lift_it_is_rarely_claimed_and_with_one_it_is_found_once_there_is_enough() {
    let claims = |world: &World| {
        let said = (0..200).filter_map(|seed| world.run(seed * 104_729 + 7));
        let (enough, sure) = said
            .filter(|s| s.enough)
            .fold((0u32, 0u32), |(e, s), i| (e + 1, s + u32::from(i.order_rate.low > 0.0)));
        (enough, sure)
    };
    let (enough, sure) = claims(&World { n: 9_500, share: 0.3, natural: 0.08, lift: 0.0 });
    assert!(enough > 150 && sure <= enough / 20, "no lift: {sure} of {enough} claim one");
    let (enough, sure) = claims(&World { n: 9_500, share: 0.3, natural: 0.08, lift: 0.02 });
    assert!(enough > 150 && sure * 10 >= enough * 7, "two points: {sure} of {enough} see it");
}

#[test]
fn needed_sizes_are_those_of_the_trade() {
    // Natural return 8 %, treated 11 % and 10 %, with 10, 20 and 50 % held out.
    let rows = [
        (0.03, 0.1, 7_400),
        (0.03, 0.2, 4_300),
        (0.03, 0.5, 3_000),
        (0.02, 0.1, 16_400),
        (0.02, 0.2, 9_400),
        (0.02, 0.5, 6_400),
    ];
    for (lift, share, expected) in rows {
        let n = needed_n(0.08, lift, share) as f64;
        assert!((n / f64::from(expected) - 1.0).abs() < 0.01, "{lift} {share}: {n} against {expected}");
    }
    for (natural, lift, share) in [
        (0.08, 0.0, 0.1),
        (0.08, 0.02, 0.0),
        (0.08, 0.02, 1.0),
        (0.99, 0.02, 0.1),
        (0.08, f64::NAN, 0.1),
        (0.08, 1e-12, 0.1),
    ] {
        assert_eq!(needed_n(natural, lift, share), u64::MAX, "{natural} {lift} {share}");
    }
}

#[test]
fn too_little_data_is_said() {
    let few = incremental(
        &Arm { n: 90, orders: 9, revenue: 9_000, revenue_squares: 9_000_000 },
        &Arm { n: 10, ..Arm::default() },
        Question::default(),
    );
    let said = few.expect("both groups have people");
    assert!(!said.enough && said.needed_n > said.n);
    assert!(said.order_rate.low < 0.0 && said.order_rate.high > 0.0);
    assert_eq!(incremental(&Arm::default(), &Arm { n: 1, ..Arm::default() }, Question::default()), None);
    assert_eq!(incremental(&Arm { n: 1, ..Arm::default() }, &Arm::default(), Question::default()), None);
    // Many people but no orders to speak of: still not enough.
    let empty = Arm { n: 100_000, ..Arm::default() };
    assert!(!incremental(&empty, &empty, Question::default()).expect("people").enough);
}

#[test]
fn newcombes_published_example_comes_out() {
    // Newcombe 1998, table II: 56/70 against 48/80, method 10: 0.0524 to 0.3339.
    let arm = |orders, n| Arm { n, orders, ..Arm::default() };
    let e = newcombe(&arm(56, 70), &arm(48, 80));
    assert!(
        (e.point - 0.2).abs() < 1e-12 && (e.low - 0.0524).abs() < 5e-5 && (e.high - 0.3339).abs() < 5e-5,
        "{e:?}"
    );
    // 0/10 against 0/20: -0.1611 to 0.2775.
    let e = newcombe(&arm(0, 10), &arm(0, 20));
    assert!((e.low + 0.1611).abs() < 5e-5 && (e.high - 0.2775).abs() < 5e-5, "{e:?}");
}

#[test]
fn students_quantiles_are_those_of_the_tables() {
    for (freedom, t) in [
        (1.0, 12.706),
        (2.5, 4.303),
        (3.0, 3.182),
        (4.0, 2.776),
        (5.0, 2.571),
        (10.0, 2.228),
        (30.0, 2.042),
        (1e9, 1.960),
    ] {
        assert!(
            (t_quantile(freedom) / t - 1.0).abs() < 0.01,
            "{freedom}: {} against {t}",
            t_quantile(freedom)
        );
    }
}

proptest! {
    #[test]
    fn whatever_is_counted_the_interval_is_one(n in 1u64..1_000_000, m in 1u64..1_000_000, a in 0u64..1_000, b in 0u64..1_000, basket in 0i64..1_000_000_000) {
        let arm = |n: u64, orders: u64| {
            let orders = orders.min(n);
            let (count, each) = (i64::try_from(orders).unwrap_or(0), basket);
            Arm { n, orders, revenue: count * each, revenue_squares: i128::from(count) * i128::from(each) * i128::from(each) }
        };
        let said = incremental(&arm(n, a), &arm(m, b), Question::default()).expect("both have people");
        for e in [said.order_rate, said.revenue_per_abandoner, said.revenue] {
            prop_assert!(e.low <= e.point && e.point <= e.high && e.low.is_finite() && e.high.is_finite(), "{e:?}");
        }
        prop_assert!(said.order_rate.low >= -1.0 && said.order_rate.high <= 1.0);
    }
}
