//! Where in an MJML source one stands, and how deep: just enough to choose a mark and to bound the nesting.

/// Deeper nesting than any mail has; MJML and HTML are walked by recursion.
const MAX_DEPTH: usize = 100;

/// HTML elements that are never closed.
const VOID: [&str; 10] = ["area", "br", "col", "embed", "hr", "img", "input", "link", "meta", "wbr"];
/// Elements whose content is text to the last byte.
const PLAIN: [&str; 5] = ["mj-style", "mj-title", "mj-preview", "style", "title"];

/// What a mark at this place must look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// Among elements: comments may stand here.
    Text,
    /// In a style or title, whose content is text to the last byte.
    Plain,
    /// In a tag, outside of any value.
    Attributes,
    /// In an attribute's value or a comment.
    Inside,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum State {
    #[default]
    Text,
    /// In a tag, in a value with this quotation mark, or 0.
    Tag(u8),
    Comment,
}

/// Reads the stretches between the Liquid in order.
#[derive(Debug, Default)]
pub(super) struct Scan {
    state: State,
    tag: String,
    tag_at: usize,
    naming: bool,
    open: Vec<(String, usize)>,
}

impl Scan {
    pub fn place(&self) -> Place {
        let plain = self.open.last().is_some_and(|(name, _)| PLAIN.contains(&name.as_str()));
        match self.state {
            State::Text if plain => Place::Plain,
            State::Text => Place::Text,
            State::Tag(0) => Place::Attributes,
            _ => Place::Inside,
        }
    }

    /// The elements that are still open, with their places.
    pub fn open(self) -> Vec<(String, usize)> {
        self.open
    }

    /// Reads `text`, which starts at byte `base`. Too deep nesting is refused with its place.
    pub fn read(&mut self, text: &str, base: usize) -> Result<(), (usize, String)> {
        let bytes = text.as_bytes();
        let mut i = 0;
        while i < bytes.len() {
            let b = bytes[i];
            match self.state {
                State::Text if b == b'<' => {
                    if bytes[i..].starts_with(b"<!--") {
                        self.state = State::Comment;
                        i += 3;
                    } else {
                        self.state = State::Tag(0);
                        self.tag.clear();
                        self.tag_at = base + i;
                        self.naming = true;
                    }
                }
                State::Text => {}
                State::Comment => {
                    if bytes[i..].starts_with(b"-->") {
                        self.state = State::Text;
                        i += 2;
                    }
                }
                State::Tag(0) => match b {
                    b'>' => {
                        let closed = i > 0 && bytes[i - 1] == b'/';
                        self.state = State::Text;
                        self.end_tag(closed)?;
                    }
                    b'"' | b'\'' => self.state = State::Tag(b),
                    _ if b.is_ascii_whitespace() => self.naming = false,
                    _ if self.naming && self.tag.len() < 64 => {
                        self.tag.push(char::from(b).to_ascii_lowercase())
                    }
                    _ => {}
                },
                State::Tag(quote) => {
                    if b == quote {
                        self.state = State::Tag(0);
                    }
                }
            }
            i += 1;
        }
        Ok(())
    }

    fn end_tag(&mut self, closed: bool) -> Result<(), (usize, String)> {
        let name = self.tag.trim_end_matches('/').to_owned();
        if let Some(name) = name.strip_prefix('/') {
            let found = self.open.iter().rposition(|(open, _)| open == name);
            let inner = &self.open[found.map_or(self.open.len(), |i| i + 1)..];
            // HTML forgives an end tag that is missing or too many, MJML does not.
            if let Some((open, at)) = inner.iter().find(|(open, _)| open.starts_with("mj-")) {
                return Err((*at, format!("this `<{open}>` is not closed")));
            }
            match found {
                Some(found) => self.open.truncate(found),
                None if name.starts_with("mj") => {
                    return Err((self.tag_at, format!("`</{name}>` closes nothing")));
                }
                None => {}
            }
            return Ok(());
        }
        if closed || name.starts_with(['!', '?']) || VOID.contains(&name.as_str()) {
            return Ok(());
        }
        self.open.push((name, self.tag_at));
        if self.open.len() > MAX_DEPTH {
            return Err((self.tag_at, format!("elements are nested more than {MAX_DEPTH} deep")));
        }
        Ok(())
    }
}
