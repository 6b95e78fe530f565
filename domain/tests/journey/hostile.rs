//! Nothing that comes in as a definition panics or hangs, whatever it is.

use crate::{
    build::*,
    generate::{Shape, journey},
    rng::Rng,
};
use cartwheel_domain::journey::{Definition, EXAMPLES, RunStatus, layout, step};
use proptest::prelude::*;
use serde_json::Value;

const CASES: u32 = 10_000;

/// Reads, judges, draws and runs a text; what cannot be read says where.
fn survive(text: &str) -> Result<(), String> {
    let def = match Definition::from_json(text) {
        Ok(def) => def,
        Err(problems) if problems.is_empty() => return Err("refused without a reason".into()),
        Err(_) => return Ok(()),
    };
    let verdict = def.validate();
    if verdict.as_ref().is_err_and(Vec::is_empty) {
        return Err("invalid without a reason".into());
    }
    let picture = layout::layout(&def, layout::Sizes::default());
    if picture.nodes.len() != def.nodes.len() {
        return Err("a node has no place".into());
    }
    let mut run = run(&def, 1);
    for _ in 0..20 {
        if run.status == RunStatus::Ended {
            break;
        }
        let at = run.wake_at;
        let outcome = step(&def, &run, &facts(), at);
        if outcome.trail.len() > def.nodes.len() + 3 {
            return Err("not bounded by its nodes".into());
        }
        commit(&mut run, &outcome);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: CASES, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        survive(&String::from_utf8_lossy(&bytes)).map_err(TestCaseError::fail)?;
    }

    #[test]
    fn valid_texts_with_bytes_changed(which in 0..EXAMPLES.len(), changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6)) {
        let mut bytes = EXAMPLES[which].1.as_bytes().to_vec();
        for (at, to) in changes {
            let at = at.index(bytes.len());
            bytes[at] = to;
        }
        survive(&String::from_utf8_lossy(&bytes)).map_err(TestCaseError::fail)?;
    }
}

fn often(rng: &mut Rng, thousandths: usize) -> bool {
    rng.below(1000) < thousandths
}

/// Every place of a JSON value, with what to do there decided by the stream of numbers.
fn mutate(value: &mut Value, rng: &mut Rng, words: &[String]) {
    match value {
        Value::Object(map) => {
            if often(rng, 3) && !map.is_empty() {
                let key = map.keys().nth(rng.below(map.len())).cloned().unwrap_or_default();
                let taken = map.remove(&key);
                if let (true, Some(taken)) = (rng.chance(50), taken) {
                    map.insert(rng.pick(words).clone(), taken);
                }
            }
            map.values_mut().for_each(|v| mutate(v, rng, words));
        }
        Value::Array(items) => {
            if often(rng, 10) && !items.is_empty() {
                let copy = items[rng.below(items.len())].clone();
                items.push(copy);
            }
            if often(rng, 10) {
                items.pop();
            }
            items.iter_mut().for_each(|v| mutate(v, rng, words));
        }
        Value::String(text) if often(rng, 12) => rng.pick(words).clone_into(text),
        Value::Number(_) if often(rng, 60) => {
            *value = serde_json::json!(*rng.pick(&[
                0,
                -1,
                1,
                100,
                101,
                i64::MAX,
                i64::MIN,
                i64::MAX / 1000,
                10_000
            ]));
        }
        other if often(rng, 1) => *other = serde_json::json!(*rng.pick(&[None, Some(1.5), Some(1e300)])),
        _ => {}
    }
}

#[test]
fn valid_journeys_with_parts_changed() {
    let mut read = 0;
    for seed in 0..u64::from(CASES) {
        let mut rng = Rng::new(seed);
        let def = journey(&mut rng, Shape::ANY);
        let mut words: Vec<String> = def.nodes.keys().map(ToString::to_string).collect();
        words.extend(
            ["", "wait", "message", "exit", "type", "next", "EUR", "opened", "\u{0}\r\n", "seconds"]
                .map(String::from),
        );
        let mut value: Value = serde_json::from_str(&def.to_json()).expect("its own JSON");
        mutate(&mut value, &mut rng, &words);
        let text = value.to_string();
        read += u32::from(Definition::from_json(&text).is_ok());
        if let Err(why) = survive(&text) {
            panic!("seed {seed}: {why}\n{text}");
        }
    }
    assert!(read > CASES / 10, "only {read} of the changed texts could be read: they test nothing");
}

#[test]
fn deep_and_large_texts_are_refused() {
    let deep = format!(
        "{{\"schema\":1,\"name\":\"d\",\"start\":\"s\",\"nodes\":{{\"s\":{{\"type\":\"condition\",\"if\":{}{}}}}}}}",
        "{\"test\":\"not\",\"of\":".repeat(50_000),
        "}".repeat(50_000)
    );
    for text in [deep, " ".repeat(600_000), "[".repeat(100_000)] {
        assert!(Definition::from_json(&text).is_err());
    }
}
