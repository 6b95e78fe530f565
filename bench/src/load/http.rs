//! A small HTTP/1.1 client: one kept connection, one request at a time.

use std::{io, net::SocketAddr};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// The largest answer that is taken.
const MOST: usize = 64 * 1024 * 1024;

/// A request, as it goes over the wire.
#[derive(Debug, Clone)]
pub struct Request(Vec<u8>);

impl Request {
    /// A GET.
    pub fn get(path: &str, headers: &[(&str, &str)]) -> Self {
        Self::of("GET", path, headers, b"")
    }

    /// A POST of JSON.
    pub fn json(path: &str, headers: &[(&str, &str)], body: &str) -> Self {
        let all: Vec<(&str, &str)> =
            headers.iter().copied().chain([("Content-Type", "application/json")]).collect();
        Self::of("POST", path, &all, body.as_bytes())
    }

    fn of(method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Self {
        let mut head =
            format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n", body.len());
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str("\r\n");
        let mut bytes = head.into_bytes();
        bytes.extend_from_slice(body);
        Self(bytes)
    }
}

/// An answer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Answer {
    /// Status code.
    pub status: u16,
    /// Seconds of `Retry-After`.
    pub retry_after: Option<u32>,
    /// Body, as it came: compressed if the request allowed that.
    pub body: Vec<u8>,
}

/// A kept connection; opens itself anew when the server has closed it.
pub struct Client {
    address: SocketAddr,
    stream: Option<TcpStream>,
    buffer: Vec<u8>,
}

impl Client {
    /// To this address; opens nothing yet.
    pub fn new(address: SocketAddr) -> Self {
        Self { address, stream: None, buffer: Vec::new() }
    }

    /// Sends and waits for the answer. A kept connection that the server has closed meanwhile is opened anew, once: what
    /// the harness sends may come twice.
    ///
    /// # Errors
    /// When the connection cannot be opened or breaks; nobody knows then what became of the request.
    pub async fn send(&mut self, request: &Request) -> io::Result<Answer> {
        let kept = self.stream.is_some();
        let mut outcome = self.exchange(request).await;
        if outcome.is_err() {
            let silent = self.buffer.is_empty();
            self.stream = None;
            self.buffer.clear();
            if kept && silent {
                outcome = self.exchange(request).await;
            }
        }
        outcome
    }

    async fn exchange(&mut self, request: &Request) -> io::Result<Answer> {
        if self.stream.is_none() {
            let stream = TcpStream::connect(self.address).await?;
            stream.set_nodelay(true)?;
            self.stream = Some(stream);
        }
        let Some(stream) = &mut self.stream else { return Err(broken("no connection")) };
        stream.write_all(&request.0).await?;
        let head_end = loop {
            if let Some(at) = find(&self.buffer, b"\r\n\r\n") {
                break at + 4;
            }
            fill(stream, &mut self.buffer).await?;
        };
        let head = Head::parse(&self.buffer[..head_end])?;
        let mut answer = head.answer;
        self.buffer.drain(..head_end);
        match head.length {
            Some(length) => {
                while self.buffer.len() < length {
                    fill(stream, &mut self.buffer).await?;
                }
                answer.body = self.buffer.drain(..length).collect();
            }
            None => loop {
                if let Some((body, used)) = chunks(&self.buffer)? {
                    answer.body = body;
                    self.buffer.drain(..used);
                    break;
                }
                fill(stream, &mut self.buffer).await?;
            },
        }
        if head.close {
            self.stream = None;
            self.buffer.clear();
        }
        Ok(answer)
    }
}

fn broken(why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why.to_owned())
}

async fn fill(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> io::Result<()> {
    if buffer.len() > MOST {
        return Err(broken("the answer is too large"));
    }
    buffer.reserve(16 * 1024);
    match stream.read_buf(buffer).await? {
        0 => Err(io::ErrorKind::UnexpectedEof.into()),
        _ => Ok(()),
    }
}

fn find(text: &[u8], what: &[u8]) -> Option<usize> {
    text.windows(what.len()).position(|w| w == what)
}

struct Head {
    answer: Answer,
    /// `None` when the body comes in chunks.
    length: Option<usize>,
    close: bool,
}

impl Head {
    fn parse(bytes: &[u8]) -> io::Result<Self> {
        let text = std::str::from_utf8(bytes).map_err(|_| broken("the head is not text"))?;
        let mut lines = text.split("\r\n");
        let status = lines.next().and_then(|l| l.split(' ').nth(1)?.parse().ok());
        let status: u16 = status.ok_or_else(|| broken("no status line"))?;
        let mut answer = Answer { status, ..Answer::default() };
        let (mut length, mut chunked, mut close) = (None, false, false);
        for line in lines {
            let Some((name, value)) = line.split_once(':') else { continue };
            let value = value.trim();
            match name.to_ascii_lowercase().as_str() {
                "content-length" => length = value.parse().ok(),
                "transfer-encoding" => chunked = value.eq_ignore_ascii_case("chunked"),
                "connection" => close = value.eq_ignore_ascii_case("close"),
                "retry-after" => answer.retry_after = value.parse().ok(),
                _ => {}
            }
        }
        let bare = status == 204 || status == 304;
        let length = if chunked { None } else { Some(length.unwrap_or(0)).map(|n| if bare { 0 } else { n }) };
        Ok(Self { answer, length, close })
    }
}

/// A chunked body and how many bytes it took; `None` while it is not all there.
fn chunks(text: &[u8]) -> io::Result<Option<(Vec<u8>, usize)>> {
    let (mut body, mut at) = (Vec::new(), 0);
    loop {
        let Some(end) = find(&text[at..], b"\r\n") else { return Ok(None) };
        let size = std::str::from_utf8(&text[at..at + end]).ok().and_then(|t| t.split(';').next());
        let size = size.and_then(|t| usize::from_str_radix(t.trim(), 16).ok());
        let size = size.filter(|s| *s <= MOST).ok_or_else(|| broken("a chunk has no size"))?;
        let begin = at + end + 2;
        if text.len() < begin + size + 2 {
            return Ok(None);
        }
        body.extend_from_slice(&text[begin..begin + size]);
        at = begin + size + 2;
        if size == 0 {
            return Ok(Some((body, at)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_are_put_together_when_all_are_there() {
        let text = b"4\r\nWiki\r\n6;x=1\r\npedia \r\n0\r\n\r\nnext";
        let whole = chunks(text).expect("sound");
        assert_eq!(whole, Some((b"Wikipedia ".to_vec(), text.len() - 4)));
        for cut in 0..text.len() - 4 {
            assert_eq!(chunks(&text[..cut]).expect("sound"), None, "{cut}");
        }
        assert!(chunks(b"zz\r\n").is_err());
    }

    #[test]
    fn a_head_tells_length_and_pauses() {
        let head = Head::parse(b"HTTP/1.1 429 Too Many\r\nContent-Length: 12\r\nRetry-After: 3\r\n\r\n");
        let head = head.expect("sound");
        assert_eq!((head.answer.status, head.length, head.answer.retry_after), (429, Some(12), Some(3)));
        let head = Head::parse(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n");
        let head = head.expect("sound");
        assert_eq!((head.length, head.close), (None, true));
        assert!(Head::parse(b"nonsense\r\n\r\n").is_err());
    }
}
