//! Messages of Amazon SNS (<https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html>): signed by a certificate that is
//! fetched from Amazon's own hosts and from nowhere else; the subscription is confirmed there too.

use crate::https;
use async_trait::async_trait;
use base64::{Engine, engine::general_purpose::STANDARD};
use http_body_util::Full;
use hyper::{Request, body::Bytes};
use moka::sync::Cache;
use ring::signature::{RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY, UnparsedPublicKey};
use rustls_pki_types::{CertificateDer, pem::PemObject};
use serde::Deserialize;
use std::{sync::Arc, time::Duration};
use url::{Host, Url};
use webpki::{EndEntityCert, ring::RSA_PKCS1_2048_8192_SHA256};

/// A certificate is fetched again after so long.
const KEPT: Duration = Duration::from_secs(24 * 3_600);
/// A certificate is no longer than this.
const LONGEST: usize = 32 * 1024;

/// A message as it comes.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Envelope {
    /// `Notification`, `SubscriptionConfirmation` or `UnsubscribeConfirmation`.
    #[serde(rename = "Type")]
    pub kind: String,
    message_id: String,
    /// Whose it is.
    pub topic_arn: String,
    #[serde(default)]
    subject: Option<String>,
    /// What it says.
    pub message: String,
    timestamp: String,
    #[serde(default)]
    signature_version: String,
    signature: String,
    #[serde(rename = "SigningCertURL", alias = "SigningCertUrl")]
    certificate: String,
    /// Where a subscription is confirmed.
    #[serde(default, rename = "SubscribeURL", alias = "SubscribeUrl")]
    pub subscribe: Option<String>,
    #[serde(default)]
    token: Option<String>,
}

impl Envelope {
    /// What is signed: names and values, each on a line, in the order of the documentation.
    pub fn signed(&self) -> String {
        let mut text = String::new();
        let mut add = |name: &str, value: &str| {
            text.push_str(name);
            text.push('\n');
            text.push_str(value);
            text.push('\n');
        };
        add("Message", &self.message);
        add("MessageId", &self.message_id);
        if self.kind == "Notification" {
            if let Some(subject) = &self.subject {
                add("Subject", subject);
            }
        } else {
            add("SubscribeURL", self.subscribe.as_deref().unwrap_or_default());
        }
        add("Timestamp", &self.timestamp);
        if self.kind != "Notification" {
            add("Token", self.token.as_deref().unwrap_or_default());
        }
        add("TopicArn", &self.topic_arn);
        add("Type", &self.kind);
        text
    }
}

/// An address at Amazon SNS, and nowhere else: `https://sns.REGION.amazonaws.com/…`.
pub fn at_amazon(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok().filter(|_| text.len() <= 2_000)?;
    let Some(Host::Domain(host)) = url.host() else { return None };
    let middle = host.strip_prefix("sns.")?;
    let region =
        middle.strip_suffix(".amazonaws.com").or_else(|| middle.strip_suffix(".amazonaws.com.cn"))?;
    let plain = region.len() >= 3
        && region.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    let bare = url.scheme() == "https"
        && url.port().is_none()
        && url.username().is_empty()
        && url.password().is_none()
        && url.fragment().is_none();
    (plain && bare).then_some(url)
}

/// The outermost edge: what stands at an address of Amazon's.
#[async_trait]
pub trait Fetch: Send + Sync + 'static {
    /// The body, when the answer is 200.
    async fn get(&self, url: &Url) -> Result<Vec<u8>, String>;
}

/// Over the internet, by TLS and the public authorities; redirects are not followed.
pub struct Internet;

#[async_trait]
impl Fetch for Internet {
    async fn get(&self, url: &Url) -> Result<Vec<u8>, String> {
        let host = url.host_str().unwrap_or_default();
        let path =
            url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()));
        let endpoint = https::Endpoint::parse(&format!("https://{host}"))?;
        let request = Request::get(path).body(Full::new(Bytes::new())).map_err(|e| e.to_string())?;
        let answer = endpoint.call(request).await.map_err(|e| e.said)?;
        if !answer.status.is_success() {
            return Err(format!("{host} answered {}", answer.status.as_u16()));
        }
        Ok(answer.body.to_vec())
    }
}

/// Why a message is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// It is not what it says it is.
    #[error("the message is not signed by Amazon SNS")]
    Forged,
    /// Whether it is cannot be known at the moment.
    #[error("the certificate cannot be had at the moment: {0}")]
    Later(String),
}

/// Judges messages; certificates are kept for a day.
pub struct Topics {
    fetch: Arc<dyn Fetch>,
    known: Cache<String, Arc<Vec<u8>>>,
}

impl Topics {
    /// By this edge.
    pub fn new(fetch: Arc<dyn Fetch>) -> Self {
        Self { fetch, known: Cache::builder().max_capacity(50).time_to_live(KEPT).build() }
    }

    /// Whether Amazon signed this.
    ///
    /// # Errors
    /// [`Refused`].
    pub async fn judge(&self, envelope: &Envelope) -> Result<(), Refused> {
        let url = at_amazon(&envelope.certificate).ok_or(Refused::Forged)?;
        if !url.path().ends_with(".pem") || url.query().is_some() {
            return Err(Refused::Forged);
        }
        let signature = STANDARD.decode(&envelope.signature).map_err(|_| Refused::Forged)?;
        let pem = match self.known.get(url.as_str()) {
            Some(pem) => pem,
            None => {
                let pem = Arc::new(self.fetch.get(&url).await.map_err(Refused::Later)?);
                self.known.insert(url.to_string(), Arc::clone(&pem));
                pem
            }
        };
        let signed = envelope.signed();
        if genuine(&pem, &envelope.signature_version, signed.as_bytes(), &signature) {
            Ok(())
        } else {
            Err(Refused::Forged)
        }
    }

    /// Confirms a subscription that was judged, at Amazon and nowhere else.
    ///
    /// # Errors
    /// [`Refused`].
    pub async fn confirm(&self, envelope: &Envelope) -> Result<(), Refused> {
        let url = envelope.subscribe.as_deref().and_then(at_amazon).ok_or(Refused::Forged)?;
        self.fetch.get(&url).await.map(drop).map_err(Refused::Later)
    }
}

fn genuine(pem: &[u8], version: &str, signed: &[u8], signature: &[u8]) -> bool {
    if pem.len() > LONGEST {
        return false;
    }
    let Ok(der) = CertificateDer::from_pem_slice(pem) else { return false };
    let Ok(certificate) = EndEntityCert::try_from(&der) else { return false };
    match version {
        "2" => certificate.verify_signature(RSA_PKCS1_2048_8192_SHA256, signed, signature).is_ok(),
        // What topics use unless they are told otherwise.
        "1" => {
            let spki = certificate.subject_public_key_info();
            let key = bit_string(&spki);
            let judge = |key: &[u8]| {
                UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY, key)
                    .verify(signed, signature)
            };
            key.is_some_and(|key| judge(key).is_ok())
        }
        _ => false,
    }
}

/// The key in a `SubjectPublicKeyInfo`: the bit string behind the algorithm (RFC 5280 4.1).
fn bit_string(spki: &[u8]) -> Option<&[u8]> {
    let (0x30, inner, _) = element(spki)? else { return None };
    let (0x30, _, rest) = element(inner)? else { return None };
    let (0x03, bits, _) = element(rest)? else { return None };
    bits.strip_prefix(&[0])
}

/// Tag, content and what follows, of DER.
fn element(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (tag, first, rest) = (*der.first()?, usize::from(*der.get(1)?), der.get(2..)?);
    let (length, rest) = if first < 0x80 {
        (first, rest)
    } else {
        let (bytes, rest) = rest.split_at_checked(first - 0x80)?;
        (bytes.iter().try_fold(0_usize, |n, b| n.checked_mul(256)?.checked_add(usize::from(*b)))?, rest)
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((tag, content, rest))
}
