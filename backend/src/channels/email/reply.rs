//! Replies of an SMTP server (RFC 5321 section 4.2), read with a bound on length, and their enhanced codes (RFC 3463).

use std::fmt;
use tokio::io::{AsyncRead, AsyncReadExt};

/// Longest line taken, bytes. RFC 5321 4.5.3.1.5 allows 512; real servers are wordier.
pub const MAX_LINE: usize = 4_096;
/// Most lines of one reply.
pub const MAX_LINES: usize = 128;

/// One whole reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// Three digits.
    pub code: u16,
    /// Enhanced status code, `(5, 1, 1)`, when the server gives one.
    pub enhanced: Option<(u8, u16, u16)>,
    /// The text of each line, without codes, control characters replaced.
    pub lines: Vec<String>,
}

/// Why there is no reply.
#[derive(Debug, thiserror::Error)]
pub enum ReplyError {
    /// The other side closed, or the connection broke.
    #[error("the connection ended: {0}")]
    Closed(std::io::Error),
    /// What came is no reply.
    #[error("the server does not speak SMTP: {0}")]
    Garbage(&'static str),
    /// Nothing came in time.
    #[error("no answer within {0} seconds")]
    Timeout(u64),
}

impl Reply {
    /// 2xx.
    pub fn positive(&self) -> bool {
        (200..300).contains(&self.code)
    }

    /// 4xx.
    pub fn transient(&self) -> bool {
        (400..500).contains(&self.code)
    }

    /// 5xx.
    pub fn permanent(&self) -> bool {
        (500..600).contains(&self.code)
    }

    /// Whether it says that the mailbox or its domain does not exist (RFC 3463 X.1.1, X.1.2, X.1.3, X.1.6, X.1.10);
    /// without an enhanced code, 550 and 553 to RCPT mean the same.
    pub fn no_such_mailbox(&self) -> bool {
        match self.enhanced {
            Some((5, 1, detail)) => matches!(detail, 1 | 2 | 3 | 6 | 10),
            Some(_) => false,
            None => matches!(self.code, 550 | 553),
        }
    }
}

impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.code)?;
        if let Some((class, subject, detail)) = self.enhanced {
            write!(f, " {class}.{subject}.{detail}")?;
        }
        let text: String = self.lines.join(" / ").chars().take(500).collect();
        write!(f, " {text}")
    }
}

/// Reads replies from a stream, keeping what came too much.
#[derive(Default)]
pub struct ReplyReader {
    buffer: Vec<u8>,
    start: usize,
}

impl ReplyReader {
    /// Whether something came that nobody asked for. A server that talks before it is asked cannot be trusted to
    /// answer the next question (and before TLS it may be somebody in between, CVE-2011-0411).
    pub fn has_leftovers(&self) -> bool {
        self.start < self.buffer.len()
    }

    /// Reads one whole reply.
    ///
    /// # Errors
    /// [`ReplyError`]; after one the connection is of no use.
    pub async fn read(
        &mut self,
        stream: &mut (impl AsyncRead + Unpin + ?Sized),
    ) -> Result<Reply, ReplyError> {
        let mut lines = Vec::new();
        let mut first = None;
        loop {
            let line = self.line(stream).await?;
            let (code, more, text) =
                parse_line(&line).ok_or(ReplyError::Garbage("a line without a reply code"))?;
            if *first.get_or_insert(code) != code {
                return Err(ReplyError::Garbage("the lines of one reply differ in their code"));
            }
            if lines.len() >= MAX_LINES {
                return Err(ReplyError::Garbage("a reply of too many lines"));
            }
            lines.push(text);
            if !more {
                let enhanced = lines.first().and_then(|l| parse_enhanced(l, code));
                if enhanced.is_some() {
                    for line in &mut lines {
                        if let Some((head, rest)) = line.split_once(' ')
                            && parse_enhanced(head, code).is_some()
                        {
                            *line = rest.trim_start().to_owned();
                        }
                    }
                }
                return Ok(Reply { code, enhanced, lines });
            }
        }
    }

    async fn line(&mut self, stream: &mut (impl AsyncRead + Unpin + ?Sized)) -> Result<Vec<u8>, ReplyError> {
        loop {
            let pending = &self.buffer[self.start..];
            if let Some(end) = pending.iter().position(|b| *b == b'\n') {
                let mut line = pending[..end].to_vec();
                self.start += end + 1;
                if self.start == self.buffer.len() {
                    self.buffer.clear();
                    self.start = 0;
                }
                if line.last() == Some(&b'\r') {
                    line.pop();
                }
                if line.len() > MAX_LINE {
                    return Err(ReplyError::Garbage("a line that is too long"));
                }
                return Ok(line);
            }
            if pending.len() > MAX_LINE {
                return Err(ReplyError::Garbage("a line that is too long"));
            }
            let mut chunk = [0; 2_048];
            let n = stream.read(&mut chunk).await.map_err(ReplyError::Closed)?;
            if n == 0 {
                return Err(ReplyError::Closed(std::io::ErrorKind::UnexpectedEof.into()));
            }
            self.buffer.extend_from_slice(&chunk[..n]);
        }
    }
}

fn parse_line(line: &[u8]) -> Option<(u16, bool, String)> {
    let code = line.get(..3)?;
    if !code.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let number = code.iter().fold(0, |n, d| n * 10 + u16::from(d - b'0'));
    let more = match line.get(3) {
        None | Some(b' ') => false,
        Some(b'-') => true,
        Some(_) => return None,
    };
    let text = String::from_utf8_lossy(line.get(4..).unwrap_or_default());
    let clean = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    (200..600).contains(&number).then_some((number, more, clean))
}

fn parse_enhanced(text: &str, code: u16) -> Option<(u8, u16, u16)> {
    let mut parts = text.split(' ').next()?.split('.');
    let class: u8 = parts.next()?.parse().ok()?;
    let (subject, detail) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    (parts.next().is_none() && u16::from(class) == code / 100 && subject < 1000 && detail < 1000)
        .then_some((class, subject, detail))
}
