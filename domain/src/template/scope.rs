//! The names a template sees: its loops, what it has set, its counters, and the context.

use std::collections::BTreeMap;

use super::ast::Expr;
use super::value::Value;

/// One loop under way.
#[derive(Debug)]
pub(crate) struct Frame<'t> {
    pub variable: &'t str,
    pub value: Value,
    pub index: usize,
    pub length: usize,
    pub name: &'t str,
}

#[derive(Debug)]
pub(crate) struct Scope<'t> {
    context: &'t Value,
    pub frames: Vec<Frame<'t>>,
    set: BTreeMap<&'t str, Value>,
    counters: BTreeMap<&'t str, i64>,
    /// Where the last loop of a name ended, for `offset: continue`.
    pub continued: BTreeMap<&'t str, usize>,
}

impl<'t> Scope<'t> {
    pub fn new(context: &'t Value) -> Self {
        Self {
            context,
            frames: Vec::new(),
            set: BTreeMap::new(),
            counters: BTreeMap::new(),
            continued: BTreeMap::new(),
        }
    }

    pub fn assign(&mut self, name: &'t str, value: Value) {
        self.set.insert(name, value);
    }

    /// Counts, and returns what is shown: `increment` the old number, `decrement` the new one.
    pub fn step(&mut self, name: &'t str, by: i64) -> i64 {
        let counter = self.counters.entry(name).or_insert(0);
        let before = *counter;
        *counter = counter.saturating_add(by);
        if by > 0 { before } else { *counter }
    }

    /// The value a path starts with, and how many of its keys were used to find it.
    pub fn root(&self, root: &str, keys: &[Expr]) -> (Value, usize) {
        if root == "forloop"
            && let Some(found) = self.forloop(keys)
        {
            return found;
        }
        if let Some(frame) = self.frames.iter().rev().find(|f| f.variable == root) {
            return (frame.value.clone(), 0);
        }
        if let Some(value) = self.set.get(root) {
            return (value.clone(), 0);
        }
        if let Some(count) = self.counters.get(root) {
            return (Value::Int(*count), 0);
        }
        (self.context.get(root), 0)
    }

    fn forloop(&self, keys: &[Expr]) -> Option<(Value, usize)> {
        let mut depth = self.frames.len().checked_sub(1)?;
        for (used, key) in keys.iter().enumerate() {
            let Expr::Literal(key) = key else { return Some((Value::Nil, keys.len())) };
            let frame = &self.frames[depth];
            let int = |n: usize| Value::Int(i64::try_from(n).unwrap_or(i64::MAX));
            let value = match key.as_str().unwrap_or_default() {
                "index" => int(frame.index + 1),
                "index0" => int(frame.index),
                "rindex" => int(frame.length - frame.index),
                "rindex0" => int(frame.length - frame.index - 1),
                "first" => Value::Bool(frame.index == 0),
                "last" => Value::Bool(frame.index + 1 == frame.length),
                "length" => int(frame.length),
                "name" => Value::str(frame.name),
                "parentloop" => match depth.checked_sub(1) {
                    Some(outer) => {
                        depth = outer;
                        continue;
                    }
                    None => Value::Nil,
                },
                _ => Value::Nil,
            };
            return Some((value, used + 1));
        }
        // `forloop` by itself is true, so that one can ask whether there is a loop.
        Some((Value::Bool(true), keys.len()))
    }
}
