//! Cuts a source into text, outputs and tags; knows white space control, `raw` and `comment`, and no grammar.

use super::error::{Fault, clip};
use super::limits::MAX_NAME_BYTES;

/// A piece of the source. Places are byte offsets.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Piece<'s> {
    Text {
        text: &'s str,
    },
    /// `{{ markup }}`; `at` is where the markup starts, `open` where the braces do.
    Output {
        markup: &'s str,
        at: usize,
        open: usize,
    },
    /// `{% name markup %}`.
    Tag {
        name: &'s str,
        markup: &'s str,
        at: usize,
        open: usize,
    },
}

pub(crate) struct Scanner<'s> {
    source: &'s str,
    pos: usize,
    /// The last piece ended in a dash: the next text loses its leading white space.
    trim: bool,
    /// The text of a `raw` block, waiting its turn.
    verbatim: Option<&'s str>,
}

/// A stretch of Liquid in a source, by byte offsets: an output, a tag, or a whole `raw` or `comment` block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LiquidSpan {
    /// First byte, at the braces.
    pub start: usize,
    /// Byte after the closing braces.
    pub end: usize,
    /// Whether it writes a value (`{{ … }}`).
    pub is_output: bool,
}

/// Finds all Liquid in a source, in order, without parsing it further.
pub(crate) fn spans(source: &str) -> Result<Vec<LiquidSpan>, Fault> {
    let mut scanner = Scanner::new(source);
    let mut spans = Vec::new();
    while let Some(found) = opening(&source[scanner.pos..]) {
        scanner.pos += found;
        let start = scanner.pos;
        let is_output = source.as_bytes()[start + 1] == b'{';
        scanner.markup()?;
        scanner.verbatim = None;
        spans.push(LiquidSpan { start, end: scanner.pos, is_output });
    }
    Ok(spans)
}

struct Markup<'s> {
    inner: &'s str,
    at: usize,
    end: usize,
    dash: bool,
}

impl<'s> Scanner<'s> {
    pub fn new(source: &'s str) -> Self {
        Self { source, pos: 0, trim: false, verbatim: None }
    }

    pub fn next(&mut self) -> Result<Option<Piece<'s>>, Fault> {
        loop {
            if let Some(text) = self.verbatim.take() {
                return Ok(Some(Piece::Text { text }));
            }
            let rest = &self.source[self.pos..];
            if rest.is_empty() {
                return Ok(None);
            }
            match opening(rest) {
                Some(0) => {
                    if let Some(piece) = self.markup()? {
                        return Ok(Some(piece));
                    }
                }
                found => {
                    let len = found.unwrap_or(rest.len());
                    let mut text = &rest[..len];
                    if self.trim {
                        text = text.trim_start();
                    }
                    if rest.as_bytes().get(len + 2) == Some(&b'-') {
                        text = text.trim_end();
                    }
                    self.pos += len;
                    self.trim = false;
                    if !text.is_empty() {
                        return Ok(Some(Piece::Text { text }));
                    }
                }
            }
        }
    }

    /// Reads the markup at the current place; nothing for a comment.
    fn markup(&mut self) -> Result<Option<Piece<'s>>, Fault> {
        let open = self.pos;
        let is_tag = self.source.as_bytes()[open + 1] == b'%';
        let markup = self.cut(open, is_tag)?;
        self.pos = markup.end;
        self.trim = markup.dash;
        if !is_tag {
            return Ok(Some(Piece::Output { markup: markup.inner, at: markup.at, open }));
        }
        let (name, rest, at) = tag_name(markup.inner, markup.at);
        match name {
            "" if rest.is_empty() => Err(Fault::syntax(open, "this tag is empty")),
            "" => Err(Fault::syntax(at, format!("`{}` is not the name of a tag", clip(rest)))),
            "#" => Ok(None),
            "comment" => {
                self.skip_comment(open)?;
                Ok(None)
            }
            "raw" => {
                self.verbatim = Some(self.raw(open)?);
                Ok(None)
            }
            _ if name.len() > MAX_NAME_BYTES => Err(Fault::syntax(at, "the name of this tag is too long")),
            _ => Ok(Some(Piece::Tag { name, markup: rest, at, open })),
        }
    }

    /// Finds the end of the markup that opens at `open`. Closing braces inside quotes do not count, except in
    /// comments and `liquid`, whose text may hold a lone apostrophe.
    fn cut(&self, open: usize, is_tag: bool) -> Result<Markup<'s>, Fault> {
        let bytes = self.source.as_bytes();
        let mut start = open + 2;
        if bytes.get(start) == Some(&b'-') {
            start += 1;
        }
        let close: &[u8; 2] = if is_tag { b"%}" } else { b"}}" };
        let plain = is_tag && {
            let inner = self.source[start..].trim_start();
            inner.starts_with('#') || matches!(tag_name(inner, 0).0, "liquid" | "comment")
        };
        let mut quote = 0u8;
        let mut i = start;
        while i < bytes.len() {
            let b = bytes[i];
            if quote != 0 {
                if b == quote {
                    quote = 0;
                }
            } else if !plain && (b == b'"' || b == b'\'') {
                quote = b;
            } else if b == close[0] && bytes.get(i + 1) == Some(&close[1]) {
                let dash = i > start && bytes[i - 1] == b'-';
                let inner = &self.source[start..if dash { i - 1 } else { i }];
                return Ok(Markup { inner, at: start, end: i + 2, dash });
            }
            i += 1;
        }
        let (what, sign) = if is_tag { ("tag", "%}") } else { ("output", "}}") };
        let why = if quote == 0 { String::new() } else { format!(", a {} is left open", char::from(quote)) };
        Err(Fault::syntax(open, format!("this {what} is not closed with `{sign}`{why}")))
    }

    /// Goes past the matching `endcomment`; comments nest.
    fn skip_comment(&mut self, open: usize) -> Result<(), Fault> {
        let mut depth = 1usize;
        while let Some(found) = self.source[self.pos..].find("{%") {
            let at = self.pos + found;
            let Some(len) = self.source[at..].find("%}") else { break };
            let inner = self.source[at + 2..at + len].trim_matches('-');
            self.pos = at + len + 2;
            self.trim = self.source.as_bytes()[at + len - 1] == b'-';
            match tag_name(inner, 0).0 {
                "comment" => depth += 1,
                "endcomment" => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                return Ok(());
            }
        }
        Err(Fault::syntax(open, "this `comment` has no `endcomment`"))
    }

    /// The text up to `endraw`, taken as it stands.
    fn raw(&mut self, open: usize) -> Result<&'s str, Fault> {
        let start = self.pos;
        let trim_start = self.trim;
        let mut from = start;
        while let Some(found) = self.source[from..].find("{%") {
            let at = from + found;
            from = at + 2;
            let after = self.source[from..].strip_prefix('-').unwrap_or(&self.source[from..]);
            let Some(tail) = after.trim_start().strip_prefix("endraw") else { continue };
            let tail = tail.trim_start();
            let dash = tail.starts_with('-');
            let Some(tail) = tail.strip_prefix('-').unwrap_or(tail).strip_prefix("%}") else { continue };
            let mut text = &self.source[start..at];
            if trim_start {
                text = text.trim_start();
            }
            if self.source.as_bytes()[at + 2] == b'-' {
                text = text.trim_end();
            }
            self.pos = self.source.len() - tail.len();
            self.trim = dash;
            return Ok(text);
        }
        Err(Fault::syntax(open, "this `raw` has no `endraw`"))
    }
}

/// Where the next `{{` or `{%` is.
fn opening(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut from = 0;
    while let Some(found) = text[from..].find('{') {
        let at = from + found;
        if matches!(bytes.get(at + 1), Some(b'{' | b'%')) {
            return Some(at);
        }
        from = at + 1;
    }
    None
}

/// Splits a tag into its name and the rest, with the offset of the rest. The sign `#` is a name of its own.
pub(crate) fn tag_name(inner: &str, base: usize) -> (&str, &str, usize) {
    let trimmed = inner.trim_start();
    let start = inner.len() - trimmed.len();
    if let Some(rest) = trimmed.strip_prefix('#') {
        return ("#", rest, base + start + 1);
    }
    let len =
        trimmed.bytes().position(|b| !(b.is_ascii_alphanumeric() || b == b'_')).unwrap_or(trimmed.len());
    (&trimmed[..len], &trimmed[len..], base + start + len)
}
