//! One call to an address that somebody outside of us has named: look the name up, judge each number, connect to one that was judged, speak TLS, send, read a little of the
//! answer. No redirects, no proxies, no second look-up between judgement and connection.

use super::address::{Refused, Target};
use async_trait::async_trait;
use cartwheel_domain::time::{Millis, SECOND};
use futures_util::future::{Either, select};
use http_body_util::{BodyExt, Full};
use hyper::{
    Request, Response, StatusCode,
    body::{Bytes, Incoming},
    client::conn::http1,
    header::{CONTENT_TYPE, HOST, HeaderName, LOCATION, RETRY_AFTER, USER_AGENT},
};
use hyper_util::rt::TokioIo;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::ServerName;
use std::{
    future::Future,
    io,
    net::SocketAddr,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpStream, lookup_host},
    time::timeout,
};
use tokio_rustls::TlsConnector;

/// How long a call may take in all (Svix gives 15 seconds as well).
pub const PATIENCE: Duration = Duration::from_secs(15);
/// How long one number may take to be connected to, when the name has several.
const CONNECT: Duration = Duration::from_secs(5);
/// Numbers of a name that are tried.
const TRIED: usize = 3;
/// Bytes of an answer that are read, and so many of them kept.
const READ: usize = 4_096;
/// Characters of an answer that are kept.
pub const KEPT: usize = 500;

/// Names to numbers, numbers to connections: the outermost edge.
#[async_trait]
pub trait Net: Send + Sync + 'static {
    /// The numbers of a name.
    async fn resolve(&self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>>;
    /// A connection to this very number.
    async fn dial(&self, to: SocketAddr) -> io::Result<TcpStream>;
}

struct Internet;

#[async_trait]
impl Net for Internet {
    async fn resolve(&self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        Ok(lookup_host((host, port)).await?.collect())
    }

    async fn dial(&self, to: SocketAddr) -> io::Result<TcpStream> {
        TcpStream::connect(to).await
    }
}

/// What is sent.
#[derive(Debug, Clone)]
pub struct Post {
    /// `webhook-id`.
    pub id: String,
    /// `webhook-timestamp`: seconds since 1970.
    pub seconds: i64,
    /// `webhook-signature`.
    pub signature: String,
    /// JSON.
    pub body: String,
}

/// What came of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said {
    /// The receiver answered.
    Answer {
        /// Status.
        status: u16,
        /// `Retry-After`, as it stands there.
        retry_after: Option<String>,
        /// The beginning of the body, as text.
        text: String,
    },
    /// There was no answer: a stable word, and why.
    None(&'static str, String),
}

impl Said {
    /// `Retry-After`: seconds, or a date (RFC 9110 10.2.3), as milliseconds from `now`.
    pub fn asked(&self, now: Millis) -> Option<Millis> {
        let Self::Answer { retry_after: Some(text), .. } = self else { return None };
        let text = text.trim();
        if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) {
            return Some(text.parse::<i64>().unwrap_or(i64::MAX).saturating_mul(SECOND));
        }
        let at = chrono::DateTime::parse_from_rfc2822(text).ok()?;
        Some(at.timestamp_millis().saturating_sub(now))
    }
}

/// What is sent by POST to whom, beside the host.
#[derive(Debug, Clone, Default)]
pub struct Asked {
    /// Headers.
    pub headers: Vec<(HeaderName, String)>,
    /// Body.
    pub body: Bytes,
}

/// What came of a call, and what decides whether it may be made again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exchange {
    /// The answer, or why there is none.
    pub said: Said,
    /// Whether there was a connection to speak on: without one nothing has arrived.
    pub sent: bool,
    /// `Location`, as it stands there.
    pub location: Option<String>,
}

/// Makes calls.
#[derive(Clone)]
pub struct Caller {
    net: Arc<dyn Net>,
    pub(super) tls: Arc<ClientConfig>,
    pub(super) local: bool,
    patience: Duration,
}

impl Caller {
    /// Over the internet, trusting the public authorities. `local` lets endpoints be on this machine, for development.
    ///
    /// # Errors
    /// The TLS library has none of the protocols that are asked for.
    pub fn new(local: bool) -> Result<Self, String> {
        let mut roots = RootCertStore::empty();
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        Self::over(Arc::new(Internet), roots, local, PATIENCE)
    }

    /// Over a network of the caller's own.
    ///
    /// # Errors
    /// As [`Caller::new`].
    pub fn over(
        net: Arc<dyn Net>,
        roots: RootCertStore,
        local: bool,
        patience: Duration,
    ) -> Result<Self, String> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let tls = builder.map_err(|e| e.to_string())?.with_root_certificates(roots).with_no_client_auth();
        Ok(Self { net, tls: Arc::new(tls), local, patience })
    }

    /// How long a call may take in all.
    pub fn patience(&self) -> Duration {
        self.patience
    }

    /// Sends; never fails, and never takes longer than its patience.
    pub async fn send(&self, url: &str, post: &Post) -> Said {
        let headers = vec![
            (CONTENT_TYPE, "application/json".to_owned()),
            (USER_AGENT, "Cartwheel-Webhooks/1 (+https://www.standardwebhooks.com)".to_owned()),
            (HeaderName::from_static("webhook-id"), post.id.clone()),
            (HeaderName::from_static("webhook-timestamp"), post.seconds.to_string()),
            (HeaderName::from_static("webhook-signature"), post.signature.clone()),
        ];
        self.speak(url, Asked { headers, body: Bytes::from(post.body.clone()) }).await.said
    }

    /// The same of anything. A fifth of the patience is for the body of the answer, which decides nothing.
    pub async fn speak(&self, url: &str, asked: Asked) -> Exchange {
        let none = |said, sent| Exchange { said, sent, location: None };
        // Judged anew each time: the rules may have grown since it was typed.
        let target = match Target::parse(url, self.local) {
            Ok(target) => target,
            Err(refused) => return none(Said::None("address_refused", refused.to_string()), false),
        };
        let (for_body, sent) = (self.patience / 5, AtomicBool::new(false));
        let said = match timeout(self.patience - for_body, self.exchange(&target, asked, &sent)).await {
            Ok(Ok(answer)) => return read(answer, for_body).await,
            Ok(Err((word, why))) => Said::None(word, cut(&why)),
            Err(_) => Said::None("timed_out", format!("no answer within {} s", self.patience.as_secs_f32())),
        };
        none(said, sent.load(Ordering::Relaxed))
    }

    async fn exchange(&self, target: &Target, asked: Asked, sent: &AtomicBool) -> Result<Answer, Failed> {
        let tcp = self.connect(target).await?;
        if !target.tls() {
            sent.store(true, Ordering::Relaxed);
            return talk(tcp, target, asked).await;
        }
        let name = ServerName::try_from(target.host()).map_err(|e| ("tls", e.to_string()))?;
        let stream = TlsConnector::from(Arc::clone(&self.tls)).connect(name, tcp).await;
        let stream = stream.map_err(|e| ("tls", e.to_string()))?;
        sent.store(true, Ordering::Relaxed);
        talk(stream, target, asked).await
    }

    /// Looks the name up once, and connects to numbers of that answer alone, each judged.
    pub(super) async fn connect(&self, target: &Target) -> Result<TcpStream, Failed> {
        let found = self.net.resolve(&target.host(), target.port()).await;
        let found = found.map_err(|e| ("unknown_host", e.to_string()))?;
        if found.is_empty() {
            return Err(("unknown_host", "the name has no address".into()));
        }
        let mut failed = ("address_refused", Refused::Address.to_string());
        let admitted = found.into_iter().filter(|at| target.admits(at.ip()).is_ok());
        for at in admitted.take(TRIED) {
            match timeout(CONNECT.min(self.patience), self.net.dial(at)).await {
                Ok(Ok(tcp)) => {
                    // Small requests leave at once; where that cannot be set they leave a little later.
                    let _ = tcp.set_nodelay(true);
                    return Ok(tcp);
                }
                Ok(Err(e)) => failed = ("unreachable", e.to_string()),
                Err(_) => failed = ("unreachable", "it does not take connections".into()),
            }
        }
        Err(failed)
    }
}

type Failed = (&'static str, String);

/// What drives a connection while its body is read.
type Driver = Pin<Box<dyn Future<Output = hyper::Result<()>> + Send>>;

/// The head of an answer, and what its body needs to come.
struct Answer {
    response: Response<Incoming>,
    driver: Option<Driver>,
    _sender: http1::SendRequest<Full<Bytes>>,
}

async fn talk<S>(stream: S, target: &Target, asked: Asked) -> Result<Answer, Failed>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let broken = |e: hyper::Error| {
        let why = std::error::Error::source(&e).map(|inner| format!("{e}: {inner}"));
        ("broken", why.unwrap_or_else(|| e.to_string()))
    };
    let request = Request::post(target.path()).header(HOST, target.authority());
    let request =
        asked.headers.into_iter().fold(request, |request, (name, value)| request.header(name, value));
    let request = request.body(Full::new(asked.body)).map_err(|e| ("broken", e.to_string()))?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(broken)?;
    let driver: Driver = Box::pin(connection);
    let asking = Box::pin(async move {
        let response = sender.send_request(request).await;
        response.map(|response| (response, sender))
    });
    // The connection is driven beside the call.
    let (said, driver) = match select(asking, driver).await {
        Either::Left((said, driver)) => (said, Some(driver)),
        Either::Right((_, asking)) => (asking.await, None),
    };
    let (response, sender) = said.map_err(broken)?;
    Ok(Answer { response, driver, _sender: sender })
}

/// Status and the beginning of the body. A body that is cut, slow or endless changes nothing: the status was said.
async fn read(answer: Answer, patience: Duration) -> Exchange {
    let (parts, mut body) = answer.response.into_parts();
    let mut bytes = Vec::new();
    let reading = async {
        while let Some(Ok(frame)) = body.frame().await {
            let Ok(data) = frame.into_data() else { continue };
            bytes.extend_from_slice(&data[..data.len().min(READ - bytes.len())]);
            if bytes.len() >= READ {
                return;
            }
        }
    };
    let whole = async {
        match answer.driver {
            None => reading.await,
            Some(driver) => {
                if let Either::Right((_, reading)) = select(std::pin::pin!(reading), driver).await {
                    reading.await;
                }
            }
        }
    };
    let _ = timeout(patience, whole).await;
    let header = |name| parts.headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let said = Said::Answer {
        status: parts.status.as_u16(),
        retry_after: header(RETRY_AFTER).filter(|_| may_ask(parts.status)),
        text: cut(&String::from_utf8_lossy(&bytes)),
    };
    Exchange { said, sent: true, location: header(LOCATION) }
}

/// Whether a status comes with a time that is worth heeding.
fn may_ask(status: StatusCode) -> bool {
    status == StatusCode::TOO_MANY_REQUESTS || status == StatusCode::SERVICE_UNAVAILABLE
}

/// As much as is kept, without what no database and no page can hold.
pub(super) fn cut(text: &str) -> String {
    let plain = text.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t'));
    plain.take(KEPT).collect()
}
