//! Mail as fast as the sink takes it: the limit of sending, with nothing rendered and nothing recorded.

use crate::Outcome;
use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinSet,
};

/// Bytes of a mail.
const SIZE: usize = 11_500;

/// Sends `n` mails over `connections`, pipelined.
///
/// # Errors
/// A connection breaks, or the sink refuses.
pub async fn blast(sink: SocketAddr, connections: usize, n: usize) -> Outcome {
    let next = Arc::new(AtomicUsize::new(0));
    let mut tasks = JoinSet::new();
    for _ in 0..connections {
        let next = Arc::clone(&next);
        tasks.spawn(async move { send(sink, &next, n).await.map_err(|e| e.to_string()) });
    }
    while let Some(done) = tasks.join_next().await {
        done??;
    }
    Ok(())
}

async fn send(sink: SocketAddr, next: &AtomicUsize, n: usize) -> std::io::Result<()> {
    let stream = TcpStream::connect(sink).await?;
    stream.set_nodelay(true)?;
    let mut mail = b"Subject: blast\r\n\r\n".to_vec();
    while mail.len() < SIZE {
        mail.extend_from_slice(b"A line of a mail that says nothing, as many of them do, and ends here.\r\n");
    }
    mail.extend_from_slice(b".\r\n");
    let mut talk = Talk { stream, buffer: Vec::new() };
    talk.expect("220", 1).await?;
    talk.stream.write_all(b"EHLO bench\r\n").await?;
    talk.expect("250 ", 1).await?;
    loop {
        let index = next.fetch_add(1, Ordering::Relaxed);
        if index >= n {
            return Ok(());
        }
        let commands =
            format!("MAIL FROM:<a@bench.example>\r\nRCPT TO:<blast{index}@bench.example>\r\nDATA\r\n");
        talk.stream.write_all(commands.as_bytes()).await?;
        talk.expect("354", 1).await?;
        talk.stream.write_all(&mail).await?;
        talk.expect("250 2.0.0 taken", 1).await?;
    }
}

struct Talk {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Talk {
    /// Reads lines until `n` of them begin with `what`.
    async fn expect(&mut self, what: &str, mut n: usize) -> std::io::Result<()> {
        loop {
            while let Some(end) = self.buffer.windows(2).position(|w| w == b"\r\n") {
                let line: Vec<u8> = self.buffer.drain(..end + 2).collect();
                if line.starts_with(b"4") || line.starts_with(b"5") {
                    return Err(std::io::Error::other(String::from_utf8_lossy(&line).into_owned()));
                }
                n -= usize::from(line.starts_with(what.as_bytes()));
                if n == 0 {
                    return Ok(());
                }
            }
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                return Err(std::io::ErrorKind::UnexpectedEof.into());
            }
        }
    }
}
