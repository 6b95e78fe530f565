//! `for`.

use super::ast::{For, Offset};
use super::error::Fault;
use super::render::{Flow, Renderer};
use super::scope::Frame;
use super::value::{Value, pair, range_len};

impl<'t> Renderer<'t> {
    pub(crate) fn for_loop(&mut self, looped: &'t For) -> Result<Flow, Fault> {
        let list = self.expr(&looped.list)?;
        let total = match &list {
            Value::Array(items) => items.len(),
            Value::Range(a, b) => range_len(*a, *b),
            Value::Object(fields) => fields.len(),
            Value::Str(s) | Value::Html(s) => usize::from(!s.is_empty()),
            _ => 0,
        };
        let count = |n: i64| usize::try_from(n).unwrap_or(0);
        let start = match &looped.offset {
            None => 0,
            Some(Offset::At(expr)) => count(self.whole(expr)?),
            Some(Offset::Continue) => self.scope.continued.get(&*looped.name).copied().unwrap_or(0),
        }
        .min(total);
        let left = total - start;
        let length = match &looped.limit {
            Some(limit) => count(self.whole(limit)?).min(left),
            None => left,
        };
        self.budget.make(looped.name.len())?;
        self.scope.continued.insert(&looped.name, start + length);
        if length == 0 {
            return self.nodes(&looped.otherwise);
        }
        let (variable, name) = (&*looped.variable, &*looped.name);
        self.scope.frames.push(Frame { variable, value: Value::Nil, index: 0, length, name });
        let done = self.rounds(looped, &list, start, length);
        self.scope.frames.pop();
        done
    }

    fn rounds(&mut self, looped: &'t For, list: &Value, start: usize, length: usize) -> Result<Flow, Fault> {
        for index in 0..length {
            self.budget.step(1)?;
            let place = if looped.reversed { start + length - 1 - index } else { start + index };
            let value = match list {
                Value::Array(items) => items[place].clone(),
                Value::Range(from, _) => Value::Int(from.saturating_add_unsigned(place as u64)),
                Value::Object(fields) => {
                    // The walk over the fields is paid for, or many fields would cost their square.
                    self.budget.scan(place)?;
                    fields.iter().nth(place).map(|(k, v)| pair(k, v)).unwrap_or_default()
                }
                other => other.clone(),
            };
            if let Some(frame) = self.scope.frames.last_mut() {
                frame.value = value;
                frame.index = index;
            }
            if self.nodes(&looped.body)? == Flow::Break {
                break;
            }
        }
        Ok(Flow::On)
    }
}
