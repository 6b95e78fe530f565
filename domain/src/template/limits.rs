//! One budget for everything a template does, charged before the work is done.
//!
//! Nothing here measures time. Each node visited, element compared and 32 bytes looked at is a step; each byte a
//! value grows by is made; each byte written is output. The worst case is therefore known before rendering begins.

use super::error::{Fault, TemplateErrorKind};

/// Largest source that is parsed at all.
pub const MAX_SOURCE_BYTES: usize = 256 * 1024;
/// How deeply blocks, indexes and ranges may be nested.
pub const MAX_DEPTH: usize = 50;
/// Longest name of a variable or tag.
pub const MAX_NAME_BYTES: usize = 128;

/// What one rendering may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Nodes, comparisons and blocks of 32 bytes looked at.
    pub steps: u64,
    /// Bytes of values made on the way (assigned, captured, returned by filters).
    pub made: u64,
    /// Bytes of the result.
    pub output: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { steps: 100_000, made: 4 * 1024 * 1024, output: 1024 * 1024 }
    }
}

/// What is left of the [`Limits`] during one rendering.
#[derive(Debug)]
pub(crate) struct Budget {
    left: Limits,
    all: Limits,
}

impl Budget {
    pub fn new(limits: &Limits) -> Self {
        Self { left: *limits, all: *limits }
    }

    pub fn step(&mut self, n: u64) -> Result<(), Fault> {
        let all = self.all.steps;
        take(&mut self.left.steps, n, || format!("this template does too much work (more than {all} steps)"))
    }

    /// The steps it takes to look at `bytes` bytes.
    pub fn scan(&mut self, bytes: usize) -> Result<(), Fault> {
        self.step(bytes as u64 / 32 + 1)
    }

    pub fn make(&mut self, bytes: usize) -> Result<(), Fault> {
        let all = self.all.made;
        take(&mut self.left.made, bytes as u64, || {
            format!("this template makes too much data on the way (more than {all} bytes)")
        })?;
        self.scan(bytes)
    }

    /// For `count` values in a new list.
    pub fn make_list(&mut self, count: usize) -> Result<(), Fault> {
        self.make(count.saturating_mul(size_of::<super::value::Value>()))
    }

    pub fn output(&mut self, bytes: usize) -> Result<(), Fault> {
        let all = self.all.output;
        take(&mut self.left.output, bytes as u64, || {
            format!("the result is too long (more than {all} bytes)")
        })
    }
}

fn take(left: &mut u64, n: u64, message: impl FnOnce() -> String) -> Result<(), Fault> {
    match left.checked_sub(n) {
        Some(rest) => {
            *left = rest;
            Ok(())
        }
        None => {
            *left = 0;
            Err(Fault::new(TemplateErrorKind::Budget, message()))
        }
    }
}
