//! A WebSocket client that does as it is told, and by itself says only that it is there (RFC 6455).

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// An open socket.
pub struct Socket(TcpStream);

/// What a frame is.
pub const TEXT: u8 = 1;
/// What a frame is: the connection ends.
const CLOSE: u8 = 8;
const PING: u8 = 9;
const PONG: u8 = 10;

impl Socket {
    /// Knocks at `path`; the first line of the answer where that is no "101".
    pub async fn open(port: u16, path: &str, headers: &[(&str, &str)]) -> Result<Self, String> {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).await.expect("somebody listens");
        let more: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: cartwheel.example\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{more}\r\n"
        );
        stream.write_all(request.as_bytes()).await.expect("asked");
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            match stream.read_u8().await {
                Ok(byte) => head.push(byte),
                Err(_) => break,
            }
        }
        let head = String::from_utf8_lossy(&head).into_owned();
        let line = head.lines().next().unwrap_or_default().to_owned();
        if line.contains(" 101 ") { Ok(Self(stream)) } else { Err(line) }
    }

    /// Sends a frame; `false` when nobody takes it any more.
    pub async fn frame(&mut self, last: bool, kind: u8, said: &[u8]) -> bool {
        let mut frame = vec![if last { 0x80 | kind } else { kind }];
        match said.len() {
            n @ 0..126 => frame.push(0x80 | n as u8),
            n @ 126..65_536 => {
                frame.push(0x80 | 126);
                frame.extend((n as u16).to_be_bytes());
            }
            n => {
                frame.push(0x80 | 127);
                frame.extend((n as u64).to_be_bytes());
            }
        }
        // A mask of nothing: the words stand as they are.
        frame.extend([0; 4]);
        frame.extend(said);
        self.0.write_all(&frame).await.is_ok()
    }

    /// Sends a text.
    pub async fn say(&mut self, text: &str) -> bool {
        self.frame(true, TEXT, text.as_bytes()).await
    }

    /// The next frame; `None` when the connection is over.
    async fn next(&mut self) -> Option<(u8, Vec<u8>)> {
        let kind = self.0.read_u8().await.ok()? & 0x0f;
        let length = match self.0.read_u8().await.ok()? & 0x7f {
            126 => usize::from(self.0.read_u16().await.ok()?),
            127 => usize::try_from(self.0.read_u64().await.ok()?).ok()?,
            n => usize::from(n),
        };
        let mut said = vec![0; length];
        self.0.read_exact(&mut said).await.ok()?;
        Some((kind, said))
    }

    /// The next text; `None` when there will be none.
    pub async fn heard(&mut self) -> Option<String> {
        loop {
            match self.next().await? {
                (TEXT, said) => return Some(String::from_utf8_lossy(&said).into_owned()),
                (CLOSE, _) => return None,
                (PING, said) => {
                    self.frame(true, PONG, &said).await;
                }
                _ => {}
            }
        }
    }
}
