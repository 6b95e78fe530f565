//! One call over HTTP/1.1 to those the operator has named (Stripe, providers of sign-in): by TLS (rustls on ring, the public
//! authorities), without it on this machine alone. Redirects are not followed.

use http_body_util::{BodyExt, Full, Limited};
use hyper::{
    HeaderMap, Request, StatusCode,
    body::Bytes,
    client::conn::http1,
    header::{HOST, HeaderValue},
};
use hyper_util::rt::TokioIo;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::ServerName;
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::TlsConnector;

/// How long a call may take in all. Those we ask answer within a few seconds; whoever waits for us is a person or a job.
pub const PATIENCE: Duration = Duration::from_secs(20);
/// Most bytes of an answer.
const MOST: usize = 4 * 1024 * 1024;

/// Where calls go.
#[derive(Clone)]
pub struct Endpoint {
    host: String,
    port: u16,
    tls: Option<Arc<ClientConfig>>,
}

/// An answer, whatever it says.
pub struct Answer {
    /// Status.
    pub status: StatusCode,
    /// Headers.
    pub headers: HeaderMap,
    /// Body.
    pub body: Bytes,
}

/// No answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{said}")]
pub struct Unanswered {
    /// What happened.
    pub said: String,
    /// Whether there was a connection: then the call may have arrived.
    pub sent: bool,
}

impl Endpoint {
    /// Where an address leads that names a server and no more.
    ///
    /// # Errors
    /// What is wrong with it. Without TLS only this machine may be asked: secrets go with each call.
    pub fn parse(url: &str) -> Result<Self, String> {
        let wrong = || "an address such as https://api.example.com".to_owned();
        let (scheme, rest) = url.split_once("://").ok_or_else(wrong)?;
        let rest = rest.trim_end_matches('/');
        let (host, port) = match rest.rsplit_once(':') {
            Some((host, port)) => (host, Some(port.parse::<u16>().map_err(|_| wrong())?)),
            None => (rest, None),
        };
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-');
        if host.is_empty() || !host.chars().all(plain) {
            return Err(wrong());
        }
        let (tls, usual) = match scheme {
            "https" => (Some(Arc::new(tls()?)), 443),
            "http" if matches!(host, "127.0.0.1" | "localhost") => (None, 80),
            "http" => return Err("https, since secrets go with each call; http is for this machine".into()),
            _ => return Err(wrong()),
        };
        Ok(Self { host: host.to_owned(), port: port.unwrap_or(usual), tls })
    }

    /// Makes a call and waits for the whole answer.
    ///
    /// # Errors
    /// Why there is none, and whether the call may have arrived nevertheless.
    pub async fn call(&self, request: Request<Full<Bytes>>) -> Result<Answer, Unanswered> {
        let connected = AtomicBool::new(false);
        let said = match timeout(PATIENCE, self.exchange(request, &connected)).await {
            Ok(Ok(answer)) => return Ok(answer),
            Ok(Err(said)) => said,
            Err(_) => format!("{} did not answer in {} seconds", self.host, PATIENCE.as_secs()),
        };
        Err(Unanswered { said, sent: connected.load(Ordering::Relaxed) })
    }

    async fn exchange(
        &self,
        mut request: Request<Full<Bytes>>,
        connected: &AtomicBool,
    ) -> Result<Answer, String> {
        let cannot = |e: &dyn std::fmt::Display| format!("{} cannot be reached: {e}", self.host);
        let authority = match (self.tls.is_some(), self.port) {
            (true, 443) | (false, 80) => self.host.clone(),
            (_, port) => format!("{}:{port}", self.host),
        };
        request.headers_mut().insert(HOST, HeaderValue::from_str(&authority).map_err(|e| cannot(&e))?);
        let tcp = TcpStream::connect((self.host.as_str(), self.port)).await.map_err(|e| cannot(&e))?;
        match &self.tls {
            None => {
                connected.store(true, Ordering::Relaxed);
                talk(tcp, request).await.map_err(|e| cannot(&e))
            }
            Some(config) => {
                let name = ServerName::try_from(self.host.clone()).map_err(|e| cannot(&e))?;
                let stream = TlsConnector::from(Arc::clone(config)).connect(name, tcp).await;
                let stream = stream.map_err(|e| cannot(&e))?;
                connected.store(true, Ordering::Relaxed);
                talk(stream, request).await.map_err(|e| cannot(&e))
            }
        }
    }
}

fn tls() -> Result<ClientConfig, String> {
    let mut roots = RootCertStore::empty();
    roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    Ok(builder.map_err(|e| e.to_string())?.with_root_certificates(roots).with_no_client_auth())
}

async fn talk<S>(
    stream: S,
    request: Request<Full<Bytes>>,
) -> Result<Answer, Box<dyn std::error::Error + Send + Sync>>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let asking = async move {
        let (parts, body) = sender.send_request(request).await?.into_parts();
        let body = Limited::new(body, MOST).collect().await?.to_bytes();
        Ok(Answer { status: parts.status, headers: parts.headers, body })
    };
    // The connection is driven beside the call and ends with it.
    let (asking, connection) = (std::pin::pin!(asking), std::pin::pin!(connection));
    match futures_util::future::select(asking, connection).await {
        futures_util::future::Either::Left((answer, _)) => answer,
        futures_util::future::Either::Right((_, asking)) => asking.await,
    }
}
