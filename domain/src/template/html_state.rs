//! Where in an HTML document a value is about to be put.
//!
//! A small reading of the WHATWG tokenizer, just enough to know whether the next byte is text, part of a tag, or
//! inside which kind of attribute value, so that each value is escaped for the place it stands in.

/// What an attribute's value means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Attribute {
    Plain,
    Url,
    Style,
    /// `onclick` and its like: code.
    Script,
}

/// How far into an address the value has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum UrlPart {
    Start,
    Path,
    Query,
}

/// Elements whose content is not HTML.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RawText {
    Script,
    Style,
    /// `title` and `textarea`: text, but without tags.
    Plain(&'static str),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum HtmlState {
    #[default]
    Text,
    Raw(RawText),
    /// After `<`, reading the name. A closing tag has a slash in front.
    TagName {
        name: Name,
        closing: bool,
    },
    /// Between attributes.
    Tag {
        tag: Name,
    },
    AttributeName {
        tag: Name,
        name: Name,
    },
    /// After `=`, before the value.
    BeforeValue {
        tag: Name,
        attribute: Attribute,
    },
    Value {
        tag: Name,
        attribute: Attribute,
        quote: u8,
        part: UrlPart,
    },
    /// Inside `<!-- … -->`, with the dashes just seen.
    Comment {
        dashes: u8,
    },
    /// `<!doctype …>` and Outlook's `<!--[if …]>` and `<![endif]-->`, whose content is HTML again.
    Declaration,
}

/// The first bytes of a name in lower case, enough to tell the ones that matter apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Name {
    bytes: [u8; 12],
    len: u8,
}

impl Name {
    fn push(&mut self, byte: u8) {
        if let Some(slot) = self.bytes.get_mut(usize::from(self.len)) {
            *slot = byte.to_ascii_lowercase();
        }
        self.len = self.len.saturating_add(1);
    }

    fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.len)).unwrap_or(&self.bytes)
    }

    fn attribute(&self) -> Attribute {
        match self.as_bytes() {
            b"style" => Attribute::Style,
            b"href" | b"src" | b"action" | b"formaction" | b"background" | b"poster" | b"cite" | b"data"
            | b"xlink:href" | b"longdesc" | b"ping" | b"manifest" => Attribute::Url,
            name if name.starts_with(b"on") || name == b"srcdoc" => Attribute::Script,
            _ => Attribute::Plain,
        }
    }

    fn raw_text(&self) -> Option<RawText> {
        match self.as_bytes() {
            b"script" => Some(RawText::Script),
            b"style" => Some(RawText::Style),
            b"title" => Some(RawText::Plain("title")),
            b"textarea" => Some(RawText::Plain("textarea")),
            _ => None,
        }
    }
}

impl RawText {
    fn element(self) -> &'static str {
        match self {
            Self::Script => "script",
            Self::Style => "style",
            Self::Plain(name) => name,
        }
    }
}

impl HtmlState {
    /// The state after `html` has been written in this state.
    pub fn after(mut self, html: &str) -> Self {
        let bytes = html.as_bytes();
        let mut i = 0;
        while i < bytes.len() {
            i += self.step(bytes, i);
        }
        self
    }

    /// Reads at least one byte and says how many.
    fn step(&mut self, bytes: &[u8], i: usize) -> usize {
        let b = bytes[i];
        match *self {
            Self::Text => match memchr(b'<', &bytes[i..]) {
                None => return bytes.len() - i,
                Some(n) => return n + self.open(&bytes[i + n..]),
            },
            Self::Raw(raw) => return self.raw(raw, &bytes[i..]),
            Self::TagName { mut name, closing } => match b {
                b'>' => *self = self.end_tag(name, closing),
                b'/' | b' ' | b'\t' | b'\n' | b'\r' | 12 => *self = Self::Tag { tag: tag(name, closing) },
                _ => {
                    name.push(b);
                    *self = Self::TagName { name, closing };
                }
            },
            Self::Tag { tag } => match b {
                b'>' => *self = self.end_tag(tag, false),
                b'/' | b' ' | b'\t' | b'\n' | b'\r' | 12 => {}
                _ => {
                    let mut name = Name::default();
                    name.push(b);
                    *self = Self::AttributeName { tag, name };
                }
            },
            Self::AttributeName { tag, mut name } => match b {
                b'>' => *self = self.end_tag(tag, false),
                b'=' => *self = Self::BeforeValue { tag, attribute: name.attribute() },
                // White space may still stand before the `=`.
                b' ' | b'\t' | b'\n' | b'\r' | 12 => {
                    let rest = &bytes[i..];
                    let skip = rest.iter().position(|b| !b.is_ascii_whitespace()).unwrap_or(rest.len());
                    if rest.get(skip) != Some(&b'=') {
                        *self = Self::Tag { tag };
                    }
                    return skip.max(1);
                }
                b'/' => *self = Self::Tag { tag },
                _ => {
                    name.push(b);
                    *self = Self::AttributeName { tag, name };
                }
            },
            Self::BeforeValue { tag, attribute } => match b {
                b' ' | b'\t' | b'\n' | b'\r' | 12 => {}
                b'>' => *self = self.end_tag(tag, false),
                b'"' | b'\'' => *self = Self::Value { tag, attribute, quote: b, part: UrlPart::Start },
                _ => {
                    *self = Self::Value { tag, attribute, quote: 0, part: UrlPart::Start };
                    return 0;
                }
            },
            Self::Value { tag, attribute, quote, part } => {
                let ended = if quote == 0 { b.is_ascii_whitespace() || b == b'>' } else { b == quote };
                if ended {
                    *self =
                        if b == b'>' && quote == 0 { self.end_tag(tag, false) } else { Self::Tag { tag } };
                } else {
                    let part = match (part, b) {
                        (_, b'?' | b'#') | (UrlPart::Query, _) => UrlPart::Query,
                        (UrlPart::Start, b) if b.is_ascii_whitespace() => UrlPart::Start,
                        _ => UrlPart::Path,
                    };
                    *self = Self::Value { tag, attribute, quote, part };
                }
            }
            Self::Comment { dashes } => {
                *self = match b {
                    b'-' => Self::Comment { dashes: dashes.saturating_add(1) },
                    b'>' if dashes >= 2 => Self::Text,
                    _ => Self::Comment { dashes: 0 },
                }
            }
            Self::Declaration => match memchr(b'>', &bytes[i..]) {
                None => return bytes.len() - i,
                Some(n) => {
                    *self = Self::Text;
                    return n + 1;
                }
            },
        }
        1
    }

    /// At a `<` in text.
    fn open(&mut self, rest: &[u8]) -> usize {
        if rest.starts_with(b"<!--[if") {
            *self = Self::Declaration;
            return 7;
        }
        if rest.starts_with(b"<!--") {
            // `<!-->` and `<!--->` are whole comments; the first ends Outlook's `<!--[if !mso]><!-->`.
            *self = Self::Comment { dashes: 2 };
            return 4;
        }
        match rest.get(1) {
            Some(b'!' | b'?') => {
                *self = Self::Declaration;
                2
            }
            Some(b'/') => {
                *self = Self::TagName { name: Name::default(), closing: true };
                2
            }
            Some(b) if b.is_ascii_alphabetic() => {
                *self = Self::TagName { name: Name::default(), closing: false };
                1
            }
            // A tag whose name is a value: nothing can be put there safely.
            None => {
                *self = Self::TagName { name: Name::default(), closing: false };
                1
            }
            Some(_) => 1,
        }
    }

    fn raw(&mut self, raw: RawText, rest: &[u8]) -> usize {
        let element = raw.element();
        let mut from = 0;
        while let Some(n) = memchr(b'<', &rest[from..]) {
            let at = from + n;
            let tail = &rest[at + 1..];
            if tail.first() == Some(&b'/')
                && tail.get(1..=element.len()).is_some_and(|t| t.eq_ignore_ascii_case(element.as_bytes()))
            {
                *self = Self::TagName { name: Name::default(), closing: true };
                return at + 2;
            }
            from = at + 1;
        }
        rest.len()
    }

    fn end_tag(&self, name: Name, closing: bool) -> Self {
        match name.raw_text() {
            Some(raw) if !closing => Self::Raw(raw),
            _ => Self::Text,
        }
    }
}

/// A closing tag's name opens nothing.
fn tag(name: Name, closing: bool) -> Name {
    if closing { Name::default() } else { name }
}

fn memchr(byte: u8, bytes: &[u8]) -> Option<usize> {
    bytes.iter().position(|b| *b == byte)
}
