//! Walks the tree and writes the result.

use std::collections::BTreeMap;

use super::ast::{Chain, Condition, Expr, Join, Node, NodeKind, Operator, Test};
use super::compare;
use super::error::{Fault, TemplateErrorKind};
use super::escape;
use super::filters::{Args, Env, written_amount};
use super::html_state::HtmlState;
use super::limits::{Budget, Limits};
use super::reader::Reader;
use super::scope::Scope;
use super::value::Value;

/// What the result will be, which decides how values are escaped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutputContext {
    /// A mail's HTML part: each value is escaped for the place it stands in.
    Html,
    /// A plain-text part.
    Text,
    /// One line without control characters, as a subject: white space is drawn together.
    Line,
}

/// How a block ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flow {
    On,
    Break,
    Continue,
}

pub(crate) struct Renderer<'t> {
    pub scope: Scope<'t>,
    pub budget: Budget,
    reader: Reader,
    html_output: bool,
    /// Where the result has come to in HTML.
    html: HtmlState,
    out: String,
    capturing: usize,
    /// How often each `cycle` has been passed.
    cycles: BTreeMap<String, usize>,
}

impl<'t> Renderer<'t> {
    pub fn new(context: &'t Value, limits: &Limits, output: OutputContext) -> Self {
        Self {
            scope: Scope::new(context),
            budget: Budget::new(limits),
            reader: Reader::of(context),
            html_output: output == OutputContext::Html,
            html: HtmlState::default(),
            out: String::new(),
            capturing: 0,
            cycles: BTreeMap::new(),
        }
    }

    pub fn finish(self) -> String {
        self.out
    }

    pub fn nodes(&mut self, nodes: &'t [Node]) -> Result<Flow, Fault> {
        for node in nodes {
            let flow = self.node(node).map_err(|fault| fault.or_at(node.at))?;
            if flow != Flow::On {
                return Ok(flow);
            }
        }
        Ok(Flow::On)
    }

    fn node(&mut self, node: &'t Node) -> Result<Flow, Fault> {
        self.budget.step(1)?;
        match &node.kind {
            NodeKind::Text { text, enter, leave } => {
                self.charge(text.len())?;
                self.out.push_str(text);
                if self.html_output {
                    // Almost always the text is reached in the state it was parsed in.
                    self.html = if self.html == *enter { *leave } else { self.html.after(text) };
                }
            }
            NodeKind::Output(chain) => {
                let value = self.chain(chain)?;
                self.write(&value)?;
            }
            NodeKind::Assign { name, chain } => {
                let value = self.chain(chain)?;
                self.budget.make(name.len() + size_of::<Value>())?;
                self.scope.assign(name, value);
            }
            NodeKind::Capture { name, body } => return self.capture(name, body),
            NodeKind::If { branches } => {
                for (condition, body) in branches {
                    if self.condition(condition)? {
                        return self.nodes(body);
                    }
                }
            }
            NodeKind::Case { value, whens, otherwise } => return self.case(value, whens, otherwise),
            NodeKind::For(looped) => return self.for_loop(looped),
            NodeKind::Cycle { group, key, values } => self.cycle(group.as_ref(), key, values)?,
            NodeKind::Step { name, by } => {
                let shown = self.scope.step(name, *by);
                self.write(&Value::Int(shown))?;
            }
            NodeKind::Break => return Ok(Flow::Break),
            NodeKind::Continue => return Ok(Flow::Continue),
        }
        Ok(Flow::On)
    }

    fn charge(&mut self, bytes: usize) -> Result<(), Fault> {
        if self.capturing > 0 { self.budget.make(bytes) } else { self.budget.output(bytes) }
    }

    /// Writes a value, escaped for its place.
    fn write(&mut self, value: &Value) -> Result<(), Fault> {
        let text = match written_amount(value, &self.reader) {
            Some(amount) => amount.into(),
            None => value.to_text(&mut self.budget)?,
        };
        self.charge(text.len())?;
        if !self.html_output {
            self.out.push_str(&text);
            return Ok(());
        }
        let trusted = matches!(value, Value::Html(_));
        self.budget.scan(text.len())?;
        let (escaped, state) = escape::for_place(&text, trusted, self.html)?;
        self.charge(escaped.len().saturating_sub(text.len()))?;
        self.out.push_str(&escaped);
        self.html = state;
        Ok(())
    }

    fn capture(&mut self, name: &'t str, body: &'t [Node]) -> Result<Flow, Fault> {
        let outer = std::mem::take(&mut self.out);
        let state = std::mem::take(&mut self.html);
        self.capturing += 1;
        let flow = self.nodes(body);
        self.capturing -= 1;
        self.html = state;
        let text = std::mem::replace(&mut self.out, outer);
        let flow = flow?;
        self.budget.make(text.len() + name.len())?;
        let value = if self.html_output { Value::Html(text.into()) } else { Value::str(text) };
        self.scope.assign(name, value);
        Ok(flow)
    }

    fn case(
        &mut self,
        value: &'t Expr,
        whens: &'t [(Vec<Expr>, Vec<Node>)],
        otherwise: &'t [Node],
    ) -> Result<Flow, Fault> {
        let value = self.expr(value)?;
        let mut met = false;
        for (candidates, body) in whens {
            let mut hit = false;
            for candidate in candidates {
                let candidate = self.expr(candidate)?;
                hit = hit || compare::equal(&value, &candidate, &mut self.budget)?;
            }
            if hit {
                met = true;
                let flow = self.nodes(body)?;
                if flow != Flow::On {
                    return Ok(flow);
                }
            }
        }
        if met { Ok(Flow::On) } else { self.nodes(otherwise) }
    }

    fn cycle(&mut self, group: Option<&'t Expr>, key: &str, values: &'t [Expr]) -> Result<(), Fault> {
        let key = match group {
            Some(group) => {
                let group = self.expr(group)?.to_text(&mut self.budget)?;
                format!("group {group}")
            }
            None => key.to_owned(),
        };
        self.budget.make(key.len() + size_of::<Value>())?;
        let turn = self.cycles.entry(key).or_insert(0);
        let chosen = &values[*turn % values.len()];
        *turn = turn.wrapping_add(1);
        let value = self.expr(chosen)?;
        self.write(&value)
    }

    pub fn chain(&mut self, chain: &'t Chain) -> Result<Value, Fault> {
        let mut value = self.expr(&chain.expr)?;
        for call in &chain.filters {
            let mut args = Args::default();
            for arg in &call.args {
                args.positional.push(self.expr(arg)?);
            }
            for (name, arg) in &call.named {
                args.named.push((name, self.expr(arg)?));
            }
            self.budget.step(2)?;
            let mut env = Env { budget: &mut self.budget, html: self.html_output, reader: &self.reader };
            value = (call.filter.run)(&value, &args, &mut env).map_err(|fault| fault.or_at(call.at))?;
        }
        Ok(value)
    }

    /// From the right, without precedence.
    fn condition(&mut self, condition: &'t Condition) -> Result<bool, Fault> {
        let Some(((mut join, last), rest)) = condition.tests.split_last().map(|((j, t), r)| ((*j, t), r))
        else {
            return Ok(true);
        };
        let mut holds = self.test(last)?;
        for (before, test) in rest.iter().rev() {
            holds = match join {
                Join::And => self.test(test)? && holds,
                Join::Or => self.test(test)? || holds,
            };
            join = *before;
        }
        Ok(holds != condition.negated)
    }

    fn test(&mut self, test: &'t Test) -> Result<bool, Fault> {
        let left = self.expr(&test.left)?;
        let Some((operator, right)) = &test.right else { return Ok(left.is_truthy()) };
        let right = self.expr(right)?;
        let budget = &mut self.budget;
        Ok(match operator {
            Operator::Equal => compare::equal(&left, &right, budget)?,
            Operator::NotEqual => !compare::equal(&left, &right, budget)?,
            Operator::Contains => compare::contains(&left, &right, budget)?,
            Operator::Less => compare::order(&left, &right, budget)?.is_some_and(|o| o.is_lt()),
            Operator::LessOrEqual => compare::order(&left, &right, budget)?.is_some_and(|o| o.is_le()),
            Operator::Greater => compare::order(&left, &right, budget)?.is_some_and(|o| o.is_gt()),
            Operator::GreaterOrEqual => compare::order(&left, &right, budget)?.is_some_and(|o| o.is_ge()),
        })
    }

    pub fn expr(&mut self, expr: &'t Expr) -> Result<Value, Fault> {
        self.budget.step(1)?;
        Ok(match expr {
            Expr::Literal(value) => value.clone(),
            Expr::Range(ends) => {
                let (from, to) = (self.whole(&ends.0)?, self.whole(&ends.1)?);
                Value::Range(from, to)
            }
            Expr::Path { root, keys } => {
                let (mut value, used) = self.scope.root(root, keys);
                for key in &keys[used..] {
                    let key = self.expr(key)?;
                    if let Some("size") = key.as_str() {
                        self.budget.scan(value.as_str().map_or(0, str::len))?;
                    }
                    value = value.index(&key);
                }
                value
            }
        })
    }

    /// A whole number: text is read, a fraction cut off, anything else is 0.
    pub fn whole(&mut self, expr: &'t Expr) -> Result<i64, Fault> {
        let value = self.expr(expr)?;
        Args { positional: vec![value], named: Vec::new() }.int(0, 0)
    }
}

/// Draws a result together into one line.
pub(crate) fn one_line(text: &str) -> String {
    let clean: String = text
        .chars()
        .map(|c| if c.is_control() || c == '\u{2028}' || c == '\u{2029}' { ' ' } else { c })
        .collect();
    clean.split(' ').filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}

/// The fault of a mandatory value that is not there.
pub(crate) fn missing(path: &str, source: &str) -> Fault {
    let mut fault =
        Fault::new(TemplateErrorKind::Missing, format!("not sent: the mandatory value `{path}` is missing"));
    fault.at = source.find(path);
    fault
}
