//! The unit of CPU: what it takes on this machine, now, to parse a fixed batch of 100 events into structs.
//!
//! A figure in `cal` can be taken from one machine to another, and from a quiet hour to a busy one, as a time cannot.

use super::process;
use crate::data::events;
use serde::Deserialize;
use std::hint::black_box;

/// Bytes of the batch: 100 events of about 430 bytes.
const SIZE: std::ops::Range<usize> = 43_000..46_000;
/// Parses in one measurement: long enough that the kernel's accounting tick does not matter.
const ROUNDS: u32 = 1_000;
const WARM_UP: u32 = 100;

#[derive(Deserialize)]
#[allow(dead_code, reason = "read by the parser alone")]
struct Batch {
    batch: Vec<Event>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "read by the parser alone")]
struct Event {
    #[serde(rename = "type")]
    kind: String,
    event: String,
    message_id: String,
    user_id: String,
    timestamp: String,
    properties: Properties,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "read by the parser alone")]
struct Properties {
    cart_id: String,
    product_id: String,
    sku: String,
    name: String,
    price: f64,
    quantity: u32,
    currency: String,
    url: String,
    image_url: String,
}

/// The fixed batch, and how long it takes.
pub struct Calibrator {
    batch: String,
}

impl Default for Calibrator {
    fn default() -> Self {
        let events: Vec<String> = (0..100).map(|n| events::cart_event(n, n, 1_700_000_000_000)).collect();
        let batch = events::batch(&events);
        debug_assert!(SIZE.contains(&batch.len()));
        Self { batch }
    }
}

impl Calibrator {
    /// Seconds of CPU for one parse.
    ///
    /// # Errors
    /// When the system does not tell how much CPU this thread has used.
    pub fn measure(&self) -> crate::Outcome<f64> {
        for _ in 0..WARM_UP {
            self.parse()?;
        }
        let before = process::this_thread()?;
        for _ in 0..ROUNDS {
            self.parse()?;
        }
        Ok((process::this_thread()? - before) / f64::from(ROUNDS))
    }

    fn parse(&self) -> crate::Outcome {
        let batch: Batch = serde_json::from_str(black_box(&self.batch))?;
        black_box(&batch);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_batch_is_the_one_that_the_goals_speak_of() {
        let calibrator = Calibrator::default();
        assert!(SIZE.contains(&calibrator.batch.len()), "{}", calibrator.batch.len());
        let batch: Batch = serde_json::from_str(&calibrator.batch).expect("it can be read");
        assert_eq!(batch.batch.len(), 100);
    }
}
