//! One question to a program of a merchant's choosing, by the same careful way as a webhook ([`super::call`]): the address is judged,
//! the numbers it resolves to are judged, redirects are not followed. Unlike a webhook's, the answer is read whole, up to a bound.

use super::{
    address::Target,
    call::{Caller, cut},
};
use futures_util::future::{Either, select};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::{
    HeaderMap, Request,
    body::Bytes,
    client::conn::http1,
    header::{ACCEPT, CONTENT_TYPE, HOST, USER_AGENT},
};
use hyper_util::rt::TokioIo;
use rustls_pki_types::ServerName;
use std::sync::Arc;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    time::timeout,
};
use tokio_rustls::TlsConnector;

/// Most bytes of an answer: a page of large orders.
pub const MOST: usize = 16 * 1024 * 1024;

/// A question.
#[derive(Clone)]
pub struct Question {
    /// `GET`, `POST`, `PUT`.
    pub method: hyper::Method,
    /// The whole address.
    pub url: String,
    /// Headers: credentials. They are shown nowhere.
    pub headers: Vec<(&'static str, String)>,
    /// JSON, where something is sent.
    pub body: Option<String>,
}

/// The answer, whatever it says.
#[derive(Debug)]
pub struct Answered {
    /// Status.
    pub status: u16,
    /// Headers.
    pub headers: HeaderMap,
    /// Body.
    pub body: Bytes,
}

/// A stable word for why there is no answer, and a sentence.
pub type Unanswered = (&'static str, String);

impl Caller {
    /// Asks, and waits for the whole answer, never longer than its patience. `here` lets this very machine be asked: for an
    /// address that the operator has named.
    ///
    /// # Errors
    /// [`Unanswered`]: `address_refused`, `unknown_host`, `unreachable`, `tls`, `timed_out`, `too_large`, `broken`.
    pub async fn ask(&self, question: &Question, here: bool) -> Result<Answered, Unanswered> {
        let target = Target::parse(&question.url, self.local || here)
            .map_err(|refused| ("address_refused", refused.to_string()))?;
        let patience = self.patience();
        match timeout(patience, self.whole(&target, question)).await {
            Ok(answer) => answer.map_err(|(word, why)| (word, cut(&why))),
            Err(_) => Err(("timed_out", format!("no whole answer within {} s", patience.as_secs_f32()))),
        }
    }

    async fn whole(&self, target: &Target, question: &Question) -> Result<Answered, Unanswered> {
        let mut request = Request::builder()
            .method(question.method.clone())
            .uri(target.path())
            .header(HOST, target.authority())
            .header(ACCEPT, "application/json")
            .header(USER_AGENT, concat!("cartwheel/", env!("CARGO_PKG_VERSION")));
        for (name, value) in &question.headers {
            request = request.header(*name, value);
        }
        if question.body.is_some() {
            request = request.header(CONTENT_TYPE, "application/json");
        }
        let body = Full::new(Bytes::from(question.body.clone().unwrap_or_default()));
        let request = request.body(body).map_err(|e| ("broken", e.to_string()))?;
        let tcp = self.connect(target).await?;
        if !target.tls() {
            return talk(tcp, request).await;
        }
        let name = ServerName::try_from(target.host()).map_err(|e| ("tls", e.to_string()))?;
        let stream = TlsConnector::from(Arc::clone(&self.tls)).connect(name, tcp).await;
        talk(stream.map_err(|e| ("tls", e.to_string()))?, request).await
    }
}

async fn talk<S>(stream: S, request: Request<Full<Bytes>>) -> Result<Answered, Unanswered>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let broken = |e: &dyn std::error::Error| {
        ("broken", e.source().map_or_else(|| e.to_string(), |inner| format!("{e}: {inner}")))
    };
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(|e| broken(&e))?;
    let asking = async move {
        let (parts, body) = sender.send_request(request).await.map_err(|e| broken(&e))?.into_parts();
        let whole = Limited::new(body, MOST).collect().await.map_err(|e| {
            if e.downcast_ref::<LengthLimitError>().is_some() {
                ("too_large", format!("an answer of more than {MOST} bytes"))
            } else {
                ("broken", format!("the answer was cut off: {e}"))
            }
        })?;
        Ok(Answered { status: parts.status.as_u16(), headers: parts.headers, body: whole.to_bytes() })
    };
    // The connection is driven beside the call and ends with it.
    match select(Box::pin(asking), Box::pin(connection)).await {
        Either::Left((answer, _)) => answer,
        Either::Right((_, asking)) => asking.await,
    }
}
