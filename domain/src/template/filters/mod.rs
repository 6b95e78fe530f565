//! The filters: those of Shopify's Liquid, and `money`, `raw` and `pluralize` of ours.
//!
//! A filter sees its input, its arguments and the reader's language, zone and clock; there is nothing else to reach.
//! Each charges the budget for what it is about to make before it makes it.

mod arrays;
mod date;
mod html;
mod numbers;
mod ours;
mod sorting;
mod strings;

use std::sync::Arc;

use super::error::Fault;
use super::limits::Budget;
use super::reader::Reader;
use super::value::Value;

/// A filter's name, how many arguments it takes, the named ones it knows, and what it does.
pub(crate) struct Filter {
    pub name: &'static str,
    pub min: usize,
    pub max: usize,
    pub named: &'static [&'static str],
    pub run: fn(&Value, &Args<'_>, &mut Env<'_>) -> Result<Value, Fault>,
}

impl std::fmt::Debug for Filter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

/// What a filter may know besides its input.
pub(crate) struct Env<'a> {
    pub budget: &'a mut Budget,
    /// Output goes into HTML: filters that make markup return trusted HTML.
    pub html: bool,
    pub reader: &'a Reader,
}

/// The arguments of one call.
#[derive(Default)]
pub(crate) struct Args<'a> {
    pub positional: Vec<Value>,
    pub named: Vec<(&'a str, Value)>,
}

impl Args<'_> {
    pub fn get(&self, i: usize) -> Option<&Value> {
        self.positional.get(i)
    }

    pub fn text(&self, i: usize, env: &mut Env<'_>) -> Result<Arc<str>, Fault> {
        self.get(i).unwrap_or(&Value::Nil).to_text(env.budget)
    }

    pub fn named(&self, name: &str) -> Option<&Value> {
        self.named.iter().find(|(n, _)| *n == name).map(|(_, v)| v)
    }

    /// A whole number, or `default` where the argument is not given.
    pub fn int(&self, i: usize, default: i64) -> Result<i64, Fault> {
        match self.get(i) {
            None => Ok(default),
            Some(Value::Int(n)) => Ok(*n),
            Some(other) => match numbers::number(other) {
                numbers::Number::Int(n) => Ok(n),
                numbers::Number::Float(f) if f.abs() < 9e15 => Ok(f as i64),
                numbers::Number::Float(_) => Err(Fault::value("this number is too large")),
            },
        }
    }
}

/// Finds a filter by its name.
pub(crate) fn find(name: &str) -> Option<&'static Filter> {
    FILTERS.iter().find(|f| f.name == name)
}

/// The names of all filters, for the editor's suggestions and for error messages.
pub fn names() -> impl Iterator<Item = &'static str> {
    FILTERS.iter().map(|f| f.name)
}

/// The written form of an amount that is put out without a filter.
pub(crate) fn written_amount(value: &Value, reader: &Reader) -> Option<String> {
    ours::of_value(value, &reader.locale)
}

type Run = fn(&Value, &Args<'_>, &mut Env<'_>) -> Result<Value, Fault>;

const fn f(name: &'static str, min: usize, max: usize, run: Run) -> Filter {
    Filter { name, min, max, named: &[], run }
}

static FILTERS: &[Filter] = &[
    f("abs", 0, 0, numbers::abs),
    f("append", 1, 1, strings::append),
    f("at_least", 1, 1, numbers::at_least),
    f("at_most", 1, 1, numbers::at_most),
    f("capitalize", 0, 0, strings::capitalize),
    f("ceil", 0, 0, numbers::ceil),
    f("compact", 0, 1, arrays::compact),
    f("concat", 1, 1, arrays::concat),
    f("date", 0, 1, date::date),
    Filter { name: "default", min: 0, max: 1, named: &["allow_false"], run: ours::default },
    f("divided_by", 1, 1, numbers::divided_by),
    f("downcase", 0, 0, strings::downcase),
    f("escape", 0, 0, html::escape),
    f("escape_once", 0, 0, html::escape_once),
    f("find", 1, 2, arrays::find),
    f("first", 0, 0, arrays::first),
    f("floor", 0, 0, numbers::floor),
    f("h", 0, 0, html::escape),
    f("has", 1, 2, arrays::has),
    f("join", 0, 1, arrays::join),
    f("last", 0, 0, arrays::last),
    f("lstrip", 0, 0, strings::lstrip),
    f("map", 1, 1, arrays::map),
    f("minus", 1, 1, numbers::minus),
    f("modulo", 1, 1, numbers::modulo),
    f("money", 0, 0, ours::money),
    f("newline_to_br", 0, 0, html::newline_to_br),
    f("pluralize", 2, 2, ours::pluralize),
    f("plus", 1, 1, numbers::plus),
    f("prepend", 1, 1, strings::prepend),
    f("raw", 0, 0, ours::raw),
    f("reject", 1, 2, arrays::reject),
    f("remove", 1, 1, strings::remove),
    f("remove_first", 1, 1, strings::remove_first),
    f("remove_last", 1, 1, strings::remove_last),
    f("replace", 1, 2, strings::replace),
    f("replace_first", 1, 2, strings::replace_first),
    f("replace_last", 1, 2, strings::replace_last),
    f("reverse", 0, 0, arrays::reverse),
    f("round", 0, 1, numbers::round),
    f("rstrip", 0, 0, strings::rstrip),
    f("size", 0, 0, arrays::size),
    f("slice", 1, 2, arrays::slice),
    f("sort", 0, 1, sorting::sort),
    f("sort_natural", 0, 1, sorting::sort_natural),
    f("split", 1, 1, strings::split),
    f("strip", 0, 0, strings::strip),
    f("strip_html", 0, 0, html::strip_html),
    f("strip_newlines", 0, 0, strings::strip_newlines),
    f("sum", 0, 1, arrays::sum),
    f("times", 1, 1, numbers::times),
    f("truncate", 0, 2, strings::truncate),
    f("truncatewords", 0, 2, strings::truncatewords),
    f("uniq", 0, 1, arrays::uniq),
    f("upcase", 0, 0, strings::upcase),
    f("url_decode", 0, 0, html::url_decode),
    f("url_encode", 0, 0, html::url_encode),
    f("url_escape", 0, 0, html::url_escape),
    f("where", 1, 2, arrays::filter_where),
];
