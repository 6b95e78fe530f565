//! The values a template works on.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use super::error::Fault;
use super::limits::Budget;

/// The fields of an object, in the order of their names.
pub type Object = BTreeMap<String, Value>;

/// A value: cheap to clone, text and lists are shared.
#[derive(Debug, Clone, Default)]
pub enum Value {
    /// Nothing; what a missing variable is.
    #[default]
    Nil,
    /// True or false.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A number with a fraction; never infinite.
    Float(f64),
    /// Text that is escaped where it is put.
    Str(Arc<str>),
    /// HTML from a trusted source, or made by the template itself with its values already escaped.
    Html(Arc<str>),
    /// A list.
    Array(Arc<Vec<Value>>),
    /// Named fields.
    Object(Arc<Object>),
    /// `(1..5)`, both ends included; never expanded unless walked.
    Range(i64, i64),
    /// The word `empty`, equal to any empty text, list or object.
    Empty,
    /// The word `blank`: as `empty`, and also nil, false and white space.
    Blank,
}

impl Value {
    /// Text from anything that is text.
    pub fn str(text: impl Into<Arc<str>>) -> Self {
        Self::Str(text.into())
    }

    /// HTML the system itself made and vouches for; written without escaping by `| raw` and in HTML text.
    pub fn trusted_html(html: impl Into<Arc<str>>) -> Self {
        Self::Html(html.into())
    }

    /// A list.
    pub fn array(items: Vec<Value>) -> Self {
        Self::Array(Arc::new(items))
    }

    /// Only nil and false are false; 0 and empty text are true, as in every Liquid.
    pub fn is_truthy(&self) -> bool {
        !matches!(self, Self::Nil | Self::Bool(false))
    }

    /// Text, list, object or range without content.
    pub fn is_empty(&self) -> bool {
        match self {
            Self::Str(s) | Self::Html(s) => s.is_empty(),
            Self::Array(a) => a.is_empty(),
            Self::Object(o) => o.is_empty(),
            Self::Range(a, b) => a > b,
            Self::Empty | Self::Blank => true,
            _ => false,
        }
    }

    /// Nil, false, empty, or text of white space only.
    pub fn is_blank(&self) -> bool {
        match self {
            Self::Nil | Self::Bool(false) => true,
            Self::Str(s) | Self::Html(s) => s.trim().is_empty(),
            other => other.is_empty(),
        }
    }

    /// The text, if it is text.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::Str(s) | Self::Html(s) => Some(s),
            _ => None,
        }
    }

    /// A field of an object, nil where there is none.
    pub fn get(&self, field: &str) -> Value {
        match self {
            Self::Object(o) => o.get(field).cloned().unwrap_or_default(),
            _ => Value::Nil,
        }
    }

    /// The same object with one field more, or a new object where it was none.
    #[must_use]
    pub fn with(self, field: &str, value: Value) -> Value {
        let mut fields = match self {
            Self::Object(fields) => fields,
            _ => Arc::default(),
        };
        Arc::make_mut(&mut fields).insert(field.to_owned(), value);
        Self::Object(fields)
    }

    /// Follows a dotted path, as `links.restore`.
    pub fn at_path(&self, path: &str) -> Value {
        path.split('.').fold(self.clone(), |value, field| value.get(field))
    }

    /// `value[key]` and `value.key`, with `size`, `first` and `last`. What is not there is nil.
    pub(crate) fn index(&self, key: &Value) -> Value {
        match (self, key) {
            (Self::Array(a), Self::Int(i)) => nth(a.len(), *i).map_or(Value::Nil, |i| a[i].clone()),
            (Self::Range(a, b), Self::Int(i)) => {
                nth(range_len(*a, *b), *i).map_or(Value::Nil, |i| Value::Int(a.saturating_add(i as i64)))
            }
            (Self::Object(o), key) if key.as_str().is_some_and(|k| o.contains_key(k)) => {
                self.get(key.as_str().unwrap_or_default())
            }
            (_, key) => match key.as_str() {
                Some("size") => self.size().map_or(Value::Nil, Value::Int),
                Some("first") => self.first(),
                Some("last") => self.last(),
                _ => Value::Nil,
            },
        }
    }

    pub(crate) fn size(&self) -> Option<i64> {
        match self {
            Self::Str(s) | Self::Html(s) => i64::try_from(s.chars().count()).ok(),
            Self::Array(a) => i64::try_from(a.len()).ok(),
            Self::Object(o) => i64::try_from(o.len()).ok(),
            Self::Range(a, b) => i64::try_from(range_len(*a, *b)).ok(),
            _ => None,
        }
    }

    pub(crate) fn first(&self) -> Value {
        match self {
            Self::Array(a) => a.first().cloned().unwrap_or_default(),
            Self::Object(o) => o.iter().next().map(|(k, v)| pair(k, v)).unwrap_or_default(),
            Self::Range(a, b) if a <= b => Value::Int(*a),
            _ => Value::Nil,
        }
    }

    pub(crate) fn last(&self) -> Value {
        match self {
            Self::Array(a) => a.last().cloned().unwrap_or_default(),
            Self::Range(a, b) if a <= b => Value::Int(*b),
            _ => Value::Nil,
        }
    }

    /// The value as text, at the budget's cost. Objects have no text of their own.
    pub(crate) fn to_text(&self, budget: &mut Budget) -> Result<Arc<str>, Fault> {
        if let Self::Str(s) | Self::Html(s) = self {
            return Ok(s.clone());
        }
        let mut text = String::new();
        self.write_text(&mut text, budget)?;
        Ok(text.into())
    }

    fn write_text(&self, out: &mut String, budget: &mut Budget) -> Result<(), Fault> {
        budget.step(1)?;
        match self {
            Self::Nil | Self::Object(_) | Self::Empty | Self::Blank => {}
            Self::Bool(b) => out.push_str(if *b { "true" } else { "false" }),
            Self::Int(i) => push(out, budget, format_args!("{i}"))?,
            Self::Float(f) => push(out, budget, format_args!("{f:?}"))?,
            Self::Str(s) | Self::Html(s) => {
                budget.make(s.len())?;
                out.push_str(s);
            }
            Self::Array(items) => {
                for item in items.iter() {
                    item.write_text(out, budget)?;
                }
            }
            Self::Range(a, b) => push(out, budget, format_args!("{a}..{b}"))?,
        }
        Ok(())
    }
}

fn push(out: &mut String, budget: &mut Budget, text: std::fmt::Arguments<'_>) -> Result<(), Fault> {
    // Numbers are short: at most 25 bytes for a float in scientific form.
    budget.make(32)?;
    out.write_fmt(text).map_err(|_| Fault::value("this number cannot be written"))
}

/// Key and value as a list of two, which is what walking an object yields.
pub(crate) fn pair(key: &str, value: &Value) -> Value {
    Value::array(vec![Value::str(key), value.clone()])
}

pub(crate) fn range_len(a: i64, b: i64) -> usize {
    if a > b { 0 } else { usize::try_from(b.abs_diff(a)).unwrap_or(usize::MAX).saturating_add(1) }
}

fn nth(len: usize, index: i64) -> Option<usize> {
    let from_start = usize::try_from(index).ok().filter(|i| *i < len);
    from_start.or_else(|| {
        (index < 0)
            .then(|| usize::try_from(index.unsigned_abs()).ok())?
            .and_then(|back| len.checked_sub(back))
    })
}

impl From<serde_json::Value> for Value {
    fn from(json: serde_json::Value) -> Self {
        match json {
            serde_json::Value::Null => Self::Nil,
            serde_json::Value::Bool(b) => Self::Bool(b),
            serde_json::Value::Number(n) => match (n.as_i64(), n.as_f64()) {
                (Some(i), _) => Self::Int(i),
                (None, Some(f)) if f.is_finite() => Self::Float(f),
                _ => Self::Nil,
            },
            serde_json::Value::String(s) => Self::Str(s.into()),
            serde_json::Value::Array(items) => Self::array(items.into_iter().map(Self::from).collect()),
            serde_json::Value::Object(fields) => {
                Self::Object(Arc::new(fields.into_iter().map(|(k, v)| (k, Self::from(v))).collect()))
            }
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::str(text)
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::str(text)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

impl From<bool> for Value {
    fn from(yes: bool) -> Self {
        Self::Bool(yes)
    }
}
