//! What happened, in order. Kept as text only where two histories are compared.

use std::fmt::Write;

/// The history of one seed.
pub struct Journal {
    text: Option<String>,
}

impl Journal {
    pub fn new(keep: bool) -> Self {
        Self { text: keep.then(String::new) }
    }

    /// One line.
    pub fn note(&mut self, wall: i64, what: &str, a: usize, b: u64) {
        if let Some(text) = &mut self.text {
            writeln!(text, "{wall} {what} {a} {b}").expect("a string takes everything");
        }
    }

    /// The trail of a step, as it would be stored.
    pub fn trail(&mut self, trail: &[cartwheel_domain::journey::TrailEntry]) {
        if let Some(text) = &mut self.text {
            text.push_str(&serde_json::to_string(trail).expect("a trail has a JSON form"));
            text.push('\n');
        }
    }

    pub fn into_text(self) -> String {
        self.text.unwrap_or_default()
    }
}
