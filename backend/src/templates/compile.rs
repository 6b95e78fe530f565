//! MJML to HTML, once when a template is published, with the Liquid left in.
//!
//! Each piece of Liquid is swapped for a mark before MJML and CSS are read, and put back afterwards, so that neither
//! can change it: a comment where a comment may stand (between rows and sections too, where text would be moved out
//! of its table), a word inside tags, styles and titles.

use cartwheel_domain::template::{
    LiquidSpan, MAX_SOURCE_BYTES, MailFault, Template, TemplateError, TemplateErrorKind, line_column,
    liquid_spans,
};
use css_inline::{CSSInliner, InlineOptions};
use mrml::prelude::{parser::ParserOptions, render::RenderOptions};

use super::mjml_scan::{Place, Scan};

/// What is stored beside the source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compiled {
    /// HTML with styles inlined and Liquid in it.
    pub html: String,
    /// The plain-text part, checked.
    pub text: String,
}

/// Compiles a mail's MJML and checks its plain text.
///
/// # Errors
/// What is wrong in the field `mjml` or `text`, with line and column of the source the merchant wrote.
pub fn compile(mjml: &str, text: &str) -> Result<Compiled, MailFault> {
    let html = html(mjml).map_err(|error| MailFault { field: "mjml", error })?;
    Template::parse(text).map_err(|error| MailFault { field: "text", error })?;
    Ok(Compiled { html, text: text.to_owned() })
}

/// How the style sheet that mrml puts first begins.
const RESET: &str = "<style type=\"text/css\">\n#outlook a";
/// Tells css-inline to leave a style sheet alone.
const IGNORE: &str = " data-css-inline=\"ignore\"";

fn html(source: &str) -> Result<String, TemplateError> {
    // Mistakes in the Liquid are found first: their place in the merchant's own source is known.
    Template::parse(source)?;
    let marked = Marked::of(source, liquid_spans(source)?)?;
    let unreadable = || whole(source, 0, "this MJML cannot be read".to_owned());
    // The parser is another's, and its input is a tenant's: a fault in it is a refusal, never the end of a worker.
    let parsed =
        std::panic::catch_unwind(|| mrml::parse_with_options(&marked.text, &ParserOptions::default()))
            .map_err(|_| unreadable())?
            .map_err(|e| marked.mjml_error(source, &e))?;
    // No fonts from elsewhere: they would tell a third party who reads the mail.
    let options = RenderOptions { fonts: std::collections::HashMap::new(), ..RenderOptions::default() };
    let html = parsed
        .element
        .render(&options)
        .map_err(|e| whole(source, 0, format!("this MJML cannot be turned into HTML: {e}")))?;
    let inliner = CSSInliner::new(InlineOptions {
        keep_style_tags: true,
        load_remote_stylesheets: false,
        ..InlineOptions::default()
    });
    // MJML's own reset stays a style sheet, as in its reference implementation; in each cell it would be a quarter of the mail.
    let html = html.replacen(RESET, &RESET.replacen('>', &format!("{IGNORE}>"), 1), 1);
    let html =
        inliner.inline(&html).map_err(|e| whole(source, 0, format!("the styles cannot be read: {e}")))?;
    let html = marked.restore(&html.replacen(IGNORE, "", 1));
    if html.len() > MAX_SOURCE_BYTES {
        let message = format!(
            "compiled, this mail has {} bytes; at most {MAX_SOURCE_BYTES} are allowed, and many mailboxes cut a mail \
             at 102,400",
            html.len()
        );
        return Err(whole(source, 0, message));
    }
    // What goes out is checked as it goes out.
    Template::parse(&html).map_err(|e| whole(source, 0, format!("after compiling: {}", e.message)))?;
    Ok(html)
}

/// Where `text` is not the source: `len` bytes at `at` stand for `source_len` bytes at `source_at`.
struct Edit {
    at: usize,
    len: usize,
    source_at: usize,
    source_len: usize,
}

/// The source with marks in place of its Liquid.
struct Marked<'s> {
    text: String,
    source: &'s str,
    spans: Vec<LiquidSpan>,
    edits: Vec<Edit>,
    /// What every mark begins with; nowhere in the source.
    prefix: String,
    open: Vec<(String, usize)>,
}

impl<'s> Marked<'s> {
    fn of(source: &'s str, spans: Vec<LiquidSpan>) -> Result<Self, TemplateError> {
        let lower = source.to_ascii_lowercase();
        // A source holds finitely many words, so a free prefix is always found.
        let prefix =
            (0u32..).map(|n| format!("lq{n}q")).find(|p| !lower.contains(p.as_str())).unwrap_or_default();
        let mut marked = Self {
            text: String::with_capacity(source.len()),
            source,
            spans,
            edits: Vec::new(),
            prefix,
            open: Vec::new(),
        };
        let mut scan = Scan::default();
        let mut from = 0;
        for i in 0..marked.spans.len() {
            let LiquidSpan { start, end, is_output } = marked.spans[i];
            marked.copy(&mut scan, from, start)?;
            let word = format!("{}{i}z", marked.prefix);
            let mark = match scan.place() {
                Place::Text if !is_output => format!("<!--{word}-->"),
                Place::Attributes => {
                    let why = "Liquid may not stand between attributes: put it inside the quotation marks of a value";
                    return Err(whole(source, start, why.to_owned()));
                }
                _ => word,
            };
            marked.swap(&mark, start, end - start);
            from = end;
        }
        marked.copy(&mut scan, from, source.len())?;
        marked.open = scan.open();
        Ok(marked)
    }

    fn swap(&mut self, mark: &str, source_at: usize, source_len: usize) {
        self.edits.push(Edit { at: self.text.len(), len: mark.len(), source_at, source_len });
        self.text.push_str(mark);
    }

    /// Takes over a stretch without Liquid. A `>` in text right behind a character of several bytes is the one thing
    /// MJML's tokenizer cannot take (htmlparser 0.2.1 cuts such a character in two), so it is written otherwise.
    fn copy(&mut self, scan: &mut Scan, from: usize, to: usize) -> Result<(), TemplateError> {
        let mut start = from;
        for (i, b) in self.source.as_bytes()[from..to].iter().enumerate().map(|(i, b)| (from + i, b)) {
            if *b != b'>' || !self.source.as_bytes()[i.saturating_sub(2)..i].iter().any(|b| !b.is_ascii()) {
                continue;
            }
            self.take(scan, start, i)?;
            match scan.place() {
                Place::Text => self.swap("&gt;", i, 1),
                Place::Plain => self.swap("  >", i, 1),
                Place::Attributes | Place::Inside => {
                    self.take(scan, i, i + 1)?;
                }
            }
            start = i + 1;
        }
        self.take(scan, start, to)
    }

    fn take(&mut self, scan: &mut Scan, from: usize, to: usize) -> Result<(), TemplateError> {
        let source = self.source;
        scan.read(&source[from..to], from).map_err(|(at, why)| whole(source, at, why))?;
        self.text.push_str(&source[from..to]);
        Ok(())
    }

    /// Where a byte of the marked text is in the source.
    fn source_offset(&self, at: usize) -> usize {
        match self.edits.iter().rev().find(|edit| edit.at <= at) {
            None => at,
            Some(edit) if at < edit.at + edit.len => edit.source_at,
            Some(edit) => edit.source_at + edit.source_len + (at - edit.at - edit.len),
        }
    }

    /// Puts the Liquid back.
    fn restore(&self, html: &str) -> String {
        let mut out = String::with_capacity(html.len() + self.source.len() / 2);
        let mut rest = html;
        while let Some(at) = rest.find(&self.prefix) {
            let after = &rest[at + self.prefix.len()..];
            let digits = after.bytes().take_while(u8::is_ascii_digit).count();
            let span = after[..digits].parse::<usize>().ok().and_then(|i| self.spans.get(i));
            let Some((span, tail)) = span.zip(after[digits..].strip_prefix('z')) else {
                out.push_str(&rest[..at + self.prefix.len()]);
                rest = after;
                continue;
            };
            let before = &rest[..at];
            let liquid = &self.source[span.start..span.end];
            match (before.strip_suffix("<!--"), tail.strip_prefix("-->")) {
                (Some(before), Some(tail)) => {
                    out.push_str(before);
                    out.push_str(liquid);
                    rest = tail;
                }
                _ => {
                    out.push_str(before);
                    out.push_str(liquid);
                    rest = tail;
                }
            }
        }
        out.push_str(rest);
        out
    }

    fn mjml_error(&self, source: &str, error: &mrml::prelude::parser::Error) -> TemplateError {
        use mrml::prelude::parser::Error;
        let name = |span: &mrml::prelude::parser::Span| {
            let text = self.text.get(span.start..span.end).unwrap_or_default();
            text.trim_start_matches(['<', '/']).chars().take(40).collect::<String>()
        };
        let (at, message) = match error {
            Error::UnexpectedElement { position, .. } => {
                (position.start, format!("the element `{}` may not stand here", name(position)))
            }
            Error::UnexpectedToken { position, .. } => {
                (position.start, format!("`{}` may not stand here", name(position)))
            }
            Error::MissingAttribute { position, name, .. } => {
                (position.start, format!("the attribute `{name}` is missing"))
            }
            Error::InvalidAttribute { position, .. } | Error::InvalidFormat { position, .. } => {
                (position.start, format!("`{}` is not understood", name(position)))
            }
            Error::IncludeLoaderError { position, .. } => {
                (position.start, "`mj-include` cannot be used: put the content itself here".to_owned())
            }
            Error::EndOfStream { .. } => {
                return match self.open.last() {
                    Some((tag, at)) => whole(source, *at, format!("this `<{tag}>` is not closed")),
                    None => whole(source, source.len(), "the source ends too early".to_owned()),
                };
            }
            Error::ParserError { source: inner, .. } => {
                let pos = inner.pos();
                let line = self.text.split_inclusive('\n').take(pos.row.saturating_sub(1) as usize);
                let start: usize = line.map(str::len).sum();
                (start + pos.col.saturating_sub(1) as usize, "this is not valid markup".to_owned())
            }
            Error::SizeLimit { .. } => (0, "the source is too large".to_owned()),
            Error::NoRootNode => (0, "a mail begins with `<mjml>`".to_owned()),
        };
        whole(source, self.source_offset(at), message)
    }
}

fn whole(source: &str, at: usize, message: String) -> TemplateError {
    let (line, column) = line_column(source, at);
    TemplateError { kind: TemplateErrorKind::Syntax, message, line, column }
}
