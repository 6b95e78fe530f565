//! What holds for every valid journey under every order of events.

use crate::{
    build::*,
    generate::{Shape, journey},
    rng::Rng,
};
use cartwheel_domain::{
    event::{CartKind, EventKind},
    ids::{ContactId, JourneyId, StoreId},
    journey::{
        Arrived, Awaited, CartStatus, Definition, Effect, Engagement, Facts, Group, JourneyState, RunState,
        RunStatus, Transition, keys, step,
    },
    time::{DAY, HOUR, Millis},
};
use std::collections::BTreeSet;

const CASES: u64 = 10_000;

/// A history that went wrong prints its seed.
fn each_seed(check: impl Fn(&mut Rng) -> Result<(), String>) {
    for seed in 0..CASES {
        if let Err(why) = check(&mut Rng::new(seed)) {
            panic!("seed {seed}: {why}");
        }
    }
}

#[test]
fn generated_journeys_are_valid_and_survive_json() {
    each_seed(|rng| {
        let def = journey(rng, Shape::ANY);
        def.validate().map_err(|problems| format!("{problems:?}\n{}", def.to_json()))?;
        let read = Definition::from_json(&def.to_json()).map_err(|p| format!("{p:?}"))?;
        (read == def && read.to_json() == def.to_json()).then_some(()).ok_or("JSON changed it".to_owned())
    });
}

/// Changes something about the world.
fn shake(rng: &mut Rng, facts: &mut Facts, run: &RunState, now: Millis) {
    match rng.below(14) {
        0 => {
            facts.cart.status = *rng.pick(&[CartStatus::Active, CartStatus::Checkout, CartStatus::Abandoned])
        }
        1 => facts.cart.value.minor = rng.between(0, 30_000),
        2 => facts.contact.orders = rng.between(0, 3) as u32,
        3 => facts.journey = *rng.pick(&[JourneyState::Active, JourneyState::Active, JourneyState::Paused]),
        4..8 => {
            let event = *rng.pick(&[
                Awaited::Clicked,
                Awaited::Opened,
                Awaited::Event(EventKind::CartUpdated),
                Awaited::Event(EventKind::ProductViewed),
            ]);
            facts.arrived = Some(Arrived { event, at: now - rng.between(0, HOUR) });
        }
        8 => {
            let known: Vec<_> = run.context.visits.keys().cloned().collect();
            if !known.is_empty() {
                let (opened, clicked) = (rng.chance(50), rng.chance(20));
                facts.engagement.insert(rng.pick(&known).clone(), Engagement { sent: true, opened, clicked });
            }
        }
        9 if rng.chance(10) => {
            facts.cart.status =
                *rng.pick(&[CartStatus::Converted, CartStatus::Recovered, CartStatus::Expired])
        }
        10 if rng.chance(10) => facts.ordered_since_entry = true,
        11 if rng.chance(5) => facts.contact.erased = true,
        12 if rng.chance(5) => facts.journey = JourneyState::Off,
        _ => {}
    }
}

/// When the run is looked at next: on time, late, early, or by a clock that went back.
fn tick(rng: &mut Rng, run: &RunState, now: Millis) -> Millis {
    match rng.below(10) {
        0..6 => run.wake_at.max(now),
        6 => run.wake_at.max(now) + rng.between(0, 20 * DAY),
        7 => now + rng.between(0, HOUR),
        8 => now - rng.between(0, DAY),
        _ => run.wake_at - 1,
    }
}

fn check_step(
    def: &Definition,
    run: &RunState,
    facts: &Facts,
    now: Millis,
    seen: &mut BTreeSet<String>,
) -> Result<RunState, String> {
    let outcome = step(def, run, facts, now);
    if outcome != step(def, run, facts, now) {
        return Err("the same arguments gave two answers".into());
    }
    if outcome.trail.len() > def.nodes.len() + 2 {
        return Err(format!("{} decisions in {} nodes", outcome.trail.len(), def.nodes.len()));
    }
    let over = facts.contact.erased
        || facts.cart.status == CartStatus::Expired
        || matches!(facts.cart.status, CartStatus::Converted | CartStatus::Recovered)
        || facts.ordered_since_entry
        || facts.journey == JourneyState::Off;
    let ends = matches!(outcome.transition, Transition::End { .. });
    if over && !ends {
        return Err("over, and it goes on".into());
    }
    for effect in &outcome.effects {
        let (Effect::SendMessage { send_key, .. } | Effect::CallWebhook { send_key, .. }) = effect else {
            continue;
        };
        if !seen.insert(send_key.clone()) {
            return Err(format!("two sends with the key {send_key}"));
        }
        if over || facts.journey == JourneyState::Paused {
            return Err("a message after the end or in a pause".into());
        }
        let message = matches!(effect, Effect::SendMessage { .. });
        if message && matches!(facts.cart.status, CartStatus::Active | CartStatus::Checkout) {
            return Err("a message while the shopper is in the shop".into());
        }
        if outcome.context.group == Some(Group::HeldOut) {
            return Err("a message to the group that gets nothing".into());
        }
        // A pause can put the next look behind the end of a wait for an event; the end stays where it is.
        let timed_out = run.waiting_for.as_ref().is_some_and(|w| now >= w.until);
        if now < run.wake_at && facts.arrived.is_none() && !timed_out {
            return Err("early".into());
        }
    }
    let mut next = run.clone();
    commit(&mut next, &outcome);
    if let Transition::Wait { node, visit, wake_at, wait_for } = &outcome.transition {
        let known = def.nodes.contains_key(node) && (*visit > 0 || node == &def.start);
        let bounded =
            wait_for.as_ref().is_none_or(|w| *wake_at <= w.until || facts.journey == JourneyState::Paused);
        let due_again = *wake_at > now || outcome.trail.is_empty();
        if !(known && bounded && due_again) {
            return Err(format!("rests badly: {:?} at {now}", outcome.transition));
        }
    }
    Ok(next)
}

#[test]
fn any_valid_journey_under_any_order_of_events_ends_or_waits() {
    each_seed(|rng| {
        let def = journey(rng, Shape::ANY);
        let mut run = run(&def, rng.next());
        let mut facts = facts();
        facts.cart.kind = *rng.pick(&[CartKind::Cart, CartKind::Checkout, CartKind::Quote]);
        let mut now = T0;
        let mut seen = BTreeSet::new();
        for _ in 0..60 {
            if run.status == RunStatus::Ended {
                break;
            }
            let before = run.clone();
            run = check_step(&def, &run, &facts, now, &mut seen)?;
            if rng.chance(20) && run.status != RunStatus::Ended {
                // A crash before the commit: the step is made again, later and with other facts. Its keys are not new.
                let mut redone_keys = BTreeSet::new();
                shake(rng, &mut facts, &before, now);
                check_step(&def, &before, &facts, now + rng.between(0, HOUR), &mut redone_keys)?;
            }
            shake(rng, &mut facts, &run, now);
            now = tick(rng, &run, now);
        }
        Ok(())
    });
}

#[test]
fn left_alone_every_run_comes_to_its_end() {
    for seed in 0..CASES / 10 {
        let mut rng = Rng::new(seed);
        let def = journey(&mut rng, Shape::ANY);
        let mut run = run(&def, rng.next());
        let facts = facts();
        let mut steps = 0;
        while run.status != RunStatus::Ended {
            let at = run.wake_at;
            advance(&def, &mut run, &facts, at);
            steps += 1;
            assert!(steps <= 100 * def.nodes.len() + 1, "seed {seed}: no end after {steps} steps");
        }
    }
}

#[test]
fn a_person_stays_in_the_group_over_versions_and_carts() {
    let store = StoreId(uuid(1));
    let journey_id = JourneyId(uuid(2));
    let def = |percent: i64| {
        graph(
            serde_json::json!({"start": trigger("h"), "h": {"type": "holdout", "percent": percent, "next": "m"},
            "m": message("end"), "end": exit()}),
        )
    };
    let (ten, twenty) = (def(10), def(20));
    let mut out = 0;
    for n in 0..20_000 {
        let group = |def: &Definition, cart: u64| {
            let mut run = run(def, cart);
            run.contact_id = ContactId(uuid(n));
            step(def, &run, &facts(), T0).context.group
        };
        let at_ten = group(&ten, 1);
        assert_eq!(at_ten, group(&ten, 99), "another cart of contact {n}");
        if at_ten == Some(Group::HeldOut) {
            out += 1;
            assert_eq!(group(&twenty, 5), Some(Group::HeldOut), "a larger holdout keeps contact {n}");
            assert!(keys::holdout_bucket(store, journey_id, ContactId(uuid(n))) < 1000);
        }
    }
    // 2,000 expected; four standard deviations are 170.
    assert!((1830..=2170).contains(&out), "{out} of 20,000 held out at 10 %");
}

#[test]
fn splits_follow_their_weights_and_do_not_follow_each_other() {
    let def = graph(serde_json::json!({"start": trigger("s"),
        "s": {"type": "split", "branches": [{"weight": 1, "next": "t"}, {"weight": 3, "next": "t"}]},
        "t": {"type": "split", "branches": [{"weight": 1, "next": "a"}, {"weight": 1, "next": "end"}]},
        "a": message("end"), "end": exit()}));
    let mut first = 0;
    let mut both = 0;
    for n in 0..20_000 {
        let outcome = step(&def, &run(&def, n), &facts(), T0);
        let branch = |i: usize| outcome.trail[i].values["branch"] == 0;
        first += i32::from(branch(1));
        both += i32::from(branch(1) && branch(2));
    }
    // 5,000 and 2,500 expected; four standard deviations are 245 and 187.
    assert!((4755..=5245).contains(&first), "{first} of 20,000 took the branch of one in four");
    assert!((2313..=2687).contains(&both), "{both} of 20,000 took both first branches");
}
