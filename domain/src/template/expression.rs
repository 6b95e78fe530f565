//! Parses what stands inside the braces: values, filters and conditions.

use super::ast::{Chain, Condition, Expr, FilterCall, Join, Operator, Test};
use super::error::{Fault, clip};
use super::filters;
use super::lexer::{Token, Word, lex};
use super::limits::MAX_DEPTH;
use super::value::Value;
use super::variables::Variables;

/// Reads the words of one markup from left to right.
pub(crate) struct Words<'s> {
    tokens: Vec<Token<'s>>,
    pos: usize,
}

impl<'s> Words<'s> {
    pub fn of(markup: &'s str, at: usize) -> Result<Self, Fault> {
        Ok(Self { tokens: lex(markup, at)?, pos: 0 })
    }

    pub fn peek(&self) -> Word<'s> {
        self.tokens.get(self.pos).map_or(Word::End, |t| t.word)
    }

    fn peek_second(&self) -> Word<'s> {
        self.tokens.get(self.pos + 1).map_or(Word::End, |t| t.word)
    }

    pub fn at(&self) -> usize {
        self.tokens.get(self.pos).or(self.tokens.last()).map_or(0, |t| t.at)
    }

    pub fn next(&mut self) -> Word<'s> {
        let word = self.peek();
        self.pos += 1;
        word
    }

    pub fn take_sign(&mut self, sign: &str) -> bool {
        let hit = matches!(self.peek(), Word::Sign(s) if s == sign);
        if hit {
            self.pos += 1;
        }
        hit
    }

    pub fn take_name(&mut self, name: &str) -> bool {
        let hit = matches!(self.peek(), Word::Name(n) if n == name);
        if hit {
            self.pos += 1;
        }
        hit
    }

    pub fn name(&mut self, what: &str) -> Result<&'s str, Fault> {
        match self.peek() {
            Word::Name(name) => {
                self.pos += 1;
                Ok(name)
            }
            other => Err(self.unexpected(other, what)),
        }
    }

    pub fn sign(&mut self, sign: &'static str) -> Result<(), Fault> {
        if self.take_sign(sign) { Ok(()) } else { Err(self.unexpected(self.peek(), &format!("`{sign}`"))) }
    }

    pub fn end(&self) -> Result<(), Fault> {
        match self.peek() {
            Word::End => Ok(()),
            other => Err(self.unexpected(other, "the end of the tag")),
        }
    }

    fn unexpected(&self, word: Word<'_>, wanted: &str) -> Fault {
        let found = match word {
            Word::Name(n) => format!("`{}`", clip(n)),
            Word::Text(t) => format!("the text '{}'", clip(t)),
            Word::Int(i) => format!("`{i}`"),
            Word::Float(f) => format!("`{f}`"),
            Word::Sign(s) => format!("`{s}`"),
            Word::End => "nothing".to_owned(),
        };
        Fault::syntax(self.at(), format!("{wanted} should stand here, but there is {found}"))
    }

    /// A value: a literal, a range or a path.
    pub fn expr(&mut self, vars: &mut Variables) -> Result<Expr, Fault> {
        let expr = self.operand(0)?;
        vars.read(&expr);
        Ok(expr)
    }

    fn operand(&mut self, depth: usize) -> Result<Expr, Fault> {
        if depth > MAX_DEPTH {
            return Err(Fault::syntax(self.at(), format!("this is nested more than {MAX_DEPTH} deep")));
        }
        let start = self.peek();
        Ok(match start {
            Word::Text(text) => {
                self.pos += 1;
                Expr::Literal(Value::str(text))
            }
            Word::Int(i) => {
                self.pos += 1;
                Expr::Literal(Value::Int(i))
            }
            Word::Float(f) => {
                self.pos += 1;
                Expr::Literal(Value::Float(f))
            }
            Word::Sign("(") => {
                self.pos += 1;
                let from = self.operand(depth + 1)?;
                self.sign("..")?;
                let to = self.operand(depth + 1)?;
                self.sign(")")?;
                Expr::Range(Box::new((from, to)))
            }
            Word::Name(name) => {
                self.pos += 1;
                self.path(name, depth)?
            }
            other => return Err(self.unexpected(other, "a value")),
        })
    }

    fn path(&mut self, name: &str, depth: usize) -> Result<Expr, Fault> {
        let literal = match name {
            "true" => Some(Value::Bool(true)),
            "false" => Some(Value::Bool(false)),
            "nil" | "null" => Some(Value::Nil),
            "empty" => Some(Value::Empty),
            "blank" => Some(Value::Blank),
            _ => None,
        };
        if let Some(literal) = literal {
            return Ok(Expr::Literal(literal));
        }
        let mut keys = Vec::new();
        loop {
            if self.take_sign(".") {
                keys.push(Expr::Literal(Value::str(self.name("the name of a field")?)));
            } else if self.take_sign("[") {
                keys.push(self.operand(depth + 1)?);
                self.sign("]")?;
            } else {
                return Ok(Expr::Path { root: name.into(), keys });
            }
        }
    }

    /// A value and its filters, to the end of the markup.
    pub fn chain(&mut self, vars: &mut Variables) -> Result<Chain, Fault> {
        let expr = self.expr(vars)?;
        let mut calls = Vec::new();
        while self.take_sign("|") {
            calls.push(self.filter(vars)?);
        }
        match self.peek() {
            Word::End => Ok(Chain { expr, filters: calls }),
            other => Err(self.unexpected(other, "`|` or the end")),
        }
    }

    fn filter(&mut self, vars: &mut Variables) -> Result<FilterCall, Fault> {
        let at = self.at();
        let name = self.name("the name of a filter")?;
        let filter = filters::find(name).ok_or_else(|| {
            Fault::syntax(at, format!("there is no filter `{}`{}", clip(name), suggestion(name)))
        })?;
        let mut args = Vec::new();
        let mut named: Vec<(Box<str>, Expr)> = Vec::new();
        // `upcase:` without an argument is taken as `upcase`.
        if self.take_sign(":") && !matches!(self.peek(), Word::End | Word::Sign("|")) {
            loop {
                match (self.peek(), self.peek_second()) {
                    (Word::Name(key), Word::Sign(":")) => {
                        if !filter.named.contains(&key) {
                            return Err(Fault::syntax(
                                self.at(),
                                format!("`{name}` knows no argument named `{}`", clip(key)),
                            ));
                        }
                        self.pos += 2;
                        named.push((key.into(), self.expr(vars)?));
                    }
                    _ => args.push(self.expr(vars)?),
                }
                if !self.take_sign(",") {
                    break;
                }
            }
        }
        if args.len() < filter.min || args.len() > filter.max {
            let wanted = match (filter.min, filter.max) {
                (0, 0) => "no argument".to_owned(),
                (1, 1) => "1 argument".to_owned(),
                (a, b) if a == b => format!("{a} arguments"),
                (a, b) => format!("{a} to {b} arguments"),
            };
            return Err(Fault::syntax(at, format!("`{name}` takes {wanted}, not {}", args.len())));
        }
        Ok(FilterCall { filter, args, named, at })
    }

    /// Comparisons joined by `and` and `or`, to the end of the markup.
    pub fn condition(&mut self, vars: &mut Variables) -> Result<Condition, Fault> {
        let mut tests = vec![(Join::And, self.test(vars)?)];
        loop {
            let join = match self.peek() {
                Word::Name("and") => Join::And,
                Word::Name("or") => Join::Or,
                Word::End => return Ok(Condition { negated: false, tests }),
                other => return Err(self.unexpected(other, "`and`, `or` or the end of the tag")),
            };
            self.pos += 1;
            tests.push((join, self.test(vars)?));
        }
    }

    fn test(&mut self, vars: &mut Variables) -> Result<Test, Fault> {
        let left = self.expr(vars)?;
        let operator = match self.peek() {
            Word::Sign("==") => Operator::Equal,
            Word::Sign("!=" | "<>") => Operator::NotEqual,
            Word::Sign("<") => Operator::Less,
            Word::Sign("<=") => Operator::LessOrEqual,
            Word::Sign(">") => Operator::Greater,
            Word::Sign(">=") => Operator::GreaterOrEqual,
            Word::Name("contains") => Operator::Contains,
            Word::Sign("=") => {
                return Err(Fault::syntax(self.at(), "a comparison is written `==`"));
            }
            _ => return Ok(Test { left, right: None }),
        };
        self.pos += 1;
        Ok(Test { left, right: Some((operator, self.expr(vars)?)) })
    }
}

/// A filter whose name begins alike, for the error message.
fn suggestion(name: &str) -> String {
    let start = name.get(..3).unwrap_or(name);
    match filters::names().find(|known| known.starts_with(start)) {
        Some(known) => format!("; did you mean `{known}`?"),
        None => String::new(),
    }
}
