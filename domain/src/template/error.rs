//! What can go wrong with a template, always with a place.

/// Why a template was refused or could not be rendered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TemplateErrorKind {
    /// The source is not valid Liquid; it is refused as a whole.
    Syntax,
    /// The work, memory or output the template asks for is above its limits.
    Budget,
    /// A value that must be there is missing, so the message is not sent.
    Missing,
    /// A value does not fit what is done with it, as in a division by zero.
    Value,
    /// A value stands where no escaping can make it safe, as inside `<script>`.
    Unsafe,
}

/// An error with the place in the source it belongs to.
///
/// `line` and `column` count from 1, columns in characters. Both are 0 when the error belongs to no place, as a
/// mandatory value that the template never mentions.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message} (line {line}, column {column})")]
pub struct TemplateError {
    /// What sort of error it is.
    pub kind: TemplateErrorKind,
    /// What happened and what to do, in plain words.
    pub message: String,
    /// Line in the source, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
}

/// An error on its way up: the place is a byte offset, and is filled in by the first caller that knows it.
#[derive(Debug, Clone)]
pub(crate) struct Fault {
    pub kind: TemplateErrorKind,
    pub message: String,
    pub at: Option<usize>,
}

impl Fault {
    pub fn new(kind: TemplateErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), at: None }
    }

    pub fn syntax(at: usize, message: impl Into<String>) -> Self {
        Self { kind: TemplateErrorKind::Syntax, message: message.into(), at: Some(at) }
    }

    pub fn value(message: impl Into<String>) -> Self {
        Self::new(TemplateErrorKind::Value, message)
    }

    /// Sets the place unless an inner caller has set a nearer one.
    pub fn or_at(mut self, at: usize) -> Self {
        self.at.get_or_insert(at);
        self
    }

    pub fn locate(self, source: &str) -> TemplateError {
        let (line, column) = self.at.map_or((0, 0), |at| line_column(source, at));
        TemplateError { kind: self.kind, message: self.message, line, column }
    }
}

/// Line and column (in characters, both from 1) of a byte offset; an offset past the end is the end.
pub fn line_column(source: &str, at: usize) -> (u32, u32) {
    let mut at = at.min(source.len());
    while !source.is_char_boundary(at) {
        at -= 1;
    }
    let before = &source[..at];
    let start = before.rfind('\n').map_or(0, |i| i + 1);
    let line = before.bytes().filter(|b| *b == b'\n').count() + 1;
    let column = before[start..].chars().count() + 1;
    (u32::try_from(line).unwrap_or(u32::MAX), u32::try_from(column).unwrap_or(u32::MAX))
}

/// Shortens text for use inside an error message.
pub(crate) fn clip(text: &str) -> String {
    let mut short: String = text.chars().take(40).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if text.chars().nth(40).is_some() {
        short.push('…');
    }
    short
}
