//! A seeded simulation of the journey engine: the protocol of docs/journey-engine.md as a reference model around the
//! real `domain::journey::step`, with several workers, crashes at every named point, late workers, a fallible
//! provider, clock steps, and orders, opt-outs and pauses between any two steps.
//!
//! One seed is at least 30 days and 200 carts, and takes about 20 ms. `CARTWHEEL_SIM_SEEDS` says how many seeds
//! (default 1,000; 10,000 where `CI` is set), `CARTWHEEL_SIM_FIRST` with which to begin. A failure prints its seed, and
//! `CARTWHEEL_SIM_FIRST=<seed> CARTWHEEL_SIM_SEEDS=1` runs that one alone.

#[allow(dead_code, reason = "shared with the property tests, which use all of it")]
#[path = "../journey/generate.rs"]
mod generate;
#[allow(dead_code, reason = "shared with the property tests, which use all of it")]
#[path = "../journey/rng.rs"]
mod rng;

mod check;
mod dispatch;
mod engine;
mod history;
mod inbox;
mod journal;
mod provider;
mod runs;
mod tables;
mod world;

use std::{
    sync::atomic::{AtomicU64, Ordering},
    thread,
};
use tables::{CRASH_POINTS, Fences, Stats};
use world::World;

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name)
        .map_or(default, |text| text.parse().unwrap_or_else(|_| panic!("{name} is no number: {text}")))
}

/// Runs seeds on all cores; the first that breaks an invariant stops everything.
fn sweep(first: u64, count: u64, fences: Fences) -> Result<Stats, (u64, String)> {
    let next = AtomicU64::new(first);
    let cores = thread::available_parallelism().map_or(2, usize::from);
    let work = || {
        let mut stats = Stats::default();
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= first + count {
                return Ok(stats);
            }
            match World::new(seed, fences, false).run() {
                Ok(done) => stats.add(&done),
                Err(why) => {
                    next.store(first + count, Ordering::Relaxed);
                    return Err((seed, why));
                }
            }
        }
    };
    let results: Vec<_> = thread::scope(|scope| {
        let threads: Vec<_> = (0..cores).map(|_| scope.spawn(work)).collect();
        threads.into_iter().map(|t| t.join().unwrap_or_else(|p| std::panic::resume_unwind(p))).collect()
    });
    let mut stats = Stats::default();
    for result in results {
        stats.add(&result?);
    }
    Ok(stats)
}

#[test]
fn invariants_hold_in_every_seed() {
    let usual = if std::env::var_os("CI").is_some() { 10_000 } else { 1_000 };
    let (first, count) = (number("CARTWHEEL_SIM_FIRST", 0), number("CARTWHEEL_SIM_SEEDS", usual));
    let stats = sweep(first, count, Fences::ALL).unwrap_or_else(|(seed, why)| {
        panic!("seed {seed}: {why}\nrun it alone: CARTWHEEL_SIM_FIRST={seed} CARTWHEEL_SIM_SEEDS=1")
    });
    assert!(stats.carts >= 200 * count && stats.days >= 30 * count, "{stats:?}");
    if count >= 100 {
        let missed: Vec<_> =
            CRASH_POINTS.iter().zip(stats.crashes).filter(|(_, n)| *n == 0).map(|(p, _)| p).collect();
        assert!(missed.is_empty(), "never crashed at {missed:?}");
        let seen = [
            stats.sent,
            stats.suppressed,
            stats.cancelled,
            stats.failed,
            stats.uncertain,
            stats.fenced,
            stats.rescued,
        ];
        assert!(seen.iter().all(|n| *n > 0), "an outcome never came up: {stats:?}");
    }
    eprintln!("{count} seeds from {first}: {stats:?}");
}

#[test]
fn a_seed_gives_the_same_history_byte_for_byte() {
    for seed in 0..50 {
        let told = || {
            let mut world = World::new(seed, Fences::ALL, true);
            world.run().unwrap_or_else(|why| panic!("seed {seed}: {why}"));
            world.journal.into_text()
        };
        let (one, two) = (told(), told());
        assert!(one.len() > 10_000, "seed {seed} tells nothing");
        assert!(one == two, "seed {seed} has two histories");
    }
}

/// A check that cannot fail is a defect: each fence is taken away once, and the simulation has to see it.
fn finds(fences: Fences, expected: &str) {
    match sweep(0, 2_000, fences) {
        Ok(stats) => panic!("nothing was found in 2,000 seeds: {stats:?}"),
        Err((seed, why)) => assert!(why.contains(expected), "seed {seed} broke on something else: {why}"),
    }
}

#[test]
fn without_the_epoch_a_late_worker_is_seen() {
    finds(Fences { epoch: false, ..Fences::ALL }, "an ended run moved");
}

#[test]
fn with_a_fresh_key_for_each_attempt_a_second_message_is_seen() {
    finds(Fences { stable_key: false, ..Fences::ALL }, "I1: accepted 2 times");
}

#[test]
fn without_the_bump_of_the_order_a_run_that_comes_back_is_seen() {
    finds(Fences { order_bump: false, ..Fences::ALL }, "an ended run moved");
}

#[test]
fn without_the_last_look_a_message_after_the_order_is_seen() {
    finds(Fences { last_look: false, ..Fences::ALL }, "I5: ");
}

#[test]
fn without_the_rescuer_orphans_are_seen() {
    finds(Fences { rescue: false, ..Fences::ALL }, "I13: ");
}

#[test]
fn without_the_look_at_implausible_leases_a_clock_step_is_seen() {
    finds(Fences { plausible: false, ..Fences::ALL }, "I13: ");
}

#[test]
fn without_the_wake_up_an_event_slept_through_is_seen() {
    finds(Fences { wake: false, ..Fences::ALL }, "slept through");
}

#[test]
fn without_the_unique_entry_a_second_run_is_seen() {
    finds(Fences { unique_entry: false, ..Fences::ALL }, "two runs");
}

#[test]
fn without_the_check_before_the_call_a_late_hand_over_is_seen() {
    finds(Fences { call_in_lease: false, ..Fences::ALL }, "ms after its attempt");
}
