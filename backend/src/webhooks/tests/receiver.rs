//! A receiver of webhooks on loopback that does what it is told.

use crate::webhooks::{call::Net, secret::signature};
use async_trait::async_trait;
use std::{
    collections::HashMap,
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex, PoisonError},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

/// Every name is this machine.
pub struct Loopback;

#[async_trait]
impl Net for Loopback {
    async fn resolve(&self, _host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        Ok(vec![SocketAddr::from((Ipv4Addr::LOCALHOST, port))])
    }

    async fn dial(&self, to: SocketAddr) -> io::Result<TcpStream> {
        TcpStream::connect(to).await
    }
}

/// What a receiver does with a call.
#[derive(Debug, Clone)]
pub enum Answer {
    /// Says this and closes.
    Says(Vec<u8>),
    /// Says this and keeps the line open, silent.
    SaysAndStays(Vec<u8>),
    /// Says this, then the last of it again and again, a byte at a time, until nobody listens.
    Drips(Vec<u8>),
    /// Reads, and breaks the line off.
    Slams,
    /// Reads, and says nothing until the other side leaves.
    Stares,
    /// Reads, and closes.
    Leaves,
}

impl Answer {
    /// 200.
    pub fn ok() -> Self {
        Self::status(200, "", "thanks")
    }

    /// A whole answer; `headers` end with line ends.
    pub fn status(status: u16, headers: &str, body: &str) -> Self {
        let length = body.len();
        Self::Says(
            format!("HTTP/1.1 {status} Said\r\n{headers}content-length: {length}\r\n\r\n{body}").into(),
        )
    }
}

/// One call as it came.
#[derive(Debug, Clone)]
pub struct Call {
    pub line: String,
    headers: HashMap<String, String>,
    pub body: String,
}

impl Call {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(String::as_str).unwrap_or_default()
    }

    /// Whether one of its signatures is of this secret.
    pub fn signed_by(&self, secret: &str) -> bool {
        let id = self.header("webhook-id").parse().expect("an id");
        let seconds = self.header("webhook-timestamp").parse().expect("a time");
        let own = signature(secret, id, seconds, &self.body).expect("a secret");
        self.header("webhook-signature").split(' ').any(|one| one == own)
    }
}

type Script = dyn Fn(&Call, usize) -> Answer + Send + Sync;

/// Listens on a port of its own until it is dropped.
pub struct Receiver {
    at: SocketAddr,
    calls: Arc<Mutex<Vec<Call>>>,
    task: tokio::task::JoinHandle<()>,
}

impl Receiver {
    /// Answers each call by its script: the call, and how many came before.
    pub async fn start(script: impl Fn(&Call, usize) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
        let (at, calls) = (listener.local_addr().expect("an address"), Arc::<Mutex<Vec<Call>>>::default());
        let (script, kept): (Arc<Script>, _) = (Arc::new(script), Arc::clone(&calls));
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (script, kept) = (Arc::clone(&script), Arc::clone(&kept));
                tokio::spawn(async move {
                    // The other side may leave at any moment.
                    let _ = serve(stream, &*script, &kept).await;
                });
            }
        });
        Self { at, calls, task }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.at)
    }

    pub fn address(&self) -> SocketAddr {
        self.at
    }

    /// What came so far.
    pub fn calls(&self) -> Vec<Call> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(mut stream: TcpStream, script: &Script, kept: &Mutex<Vec<Call>>) -> io::Result<()> {
    let Some(call) = read(&mut stream).await? else { return Ok(()) };
    let before = {
        let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.push(call.clone());
        kept.len() - 1
    };
    match script(&call, before) {
        Answer::Says(bytes) => stream.write_all(&bytes).await?,
        Answer::SaysAndStays(bytes) => {
            stream.write_all(&bytes).await?;
            wait_for_end(&mut stream).await?;
        }
        Answer::Drips(bytes) => {
            stream.write_all(&bytes).await?;
            let last = bytes.last().copied().unwrap_or(b'x');
            loop {
                stream.write_all(&[last]).await?;
                tokio::task::yield_now().await;
            }
        }
        Answer::Stares => wait_for_end(&mut stream).await?,
        Answer::Slams => {
            // A reset in place of an orderly end.
            stream.set_zero_linger()?;
        }
        Answer::Leaves => {}
    }
    Ok(())
}

async fn wait_for_end(stream: &mut TcpStream) -> io::Result<()> {
    let mut rest = [0; 64];
    while stream.read(&mut rest).await? > 0 {}
    Ok(())
}

/// A whole request; `None` when it was cut.
async fn read(stream: &mut TcpStream) -> io::Result<Option<Call>> {
    let mut bytes = Vec::new();
    let head = loop {
        if let Some(end) = bytes.windows(4).position(|w| w == b"\r\n\r\n") {
            break end;
        }
        if stream.read_buf(&mut bytes).await? == 0 {
            return Ok(None);
        }
    };
    let text = String::from_utf8_lossy(&bytes[..head]).into_owned();
    let mut lines = text.split("\r\n");
    let line = lines.next().unwrap_or_default().to_owned();
    let headers: HashMap<String, String> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let length: usize = headers.get("content-length").and_then(|n| n.parse().ok()).unwrap_or(0);
    while bytes.len() < head + 4 + length {
        if stream.read_buf(&mut bytes).await? == 0 {
            return Ok(None);
        }
    }
    let body = String::from_utf8_lossy(&bytes[head + 4..head + 4 + length]).into_owned();
    Ok(Some(Call { line, headers, body }))
}
