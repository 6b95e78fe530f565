//! DKIM signatures (RFC 6376) over the finished bytes: relaxed/relaxed, rsa-sha256.
//!
//! lettre's own signer hashes the headers before the body part has put `Content-Type` among them, which no verifier
//! accepts; so we sign what goes over the wire.

use base64::{Engine, engine::general_purpose::STANDARD};
use cartwheel_domain::time::Millis;
use ring::{digest, rsa, signature};
use rustls_pki_types::{PrivatePkcs8KeyDer, pem::PemObject};

/// Headers that are signed when present. Each is named once more than it occurs, so that none can be added later
/// (RFC 6376 section 8.15). RFC 8058 asks for the unsubscribe pair.
const SIGNED: [&str; 10] = [
    "from",
    "to",
    "reply-to",
    "subject",
    "date",
    "message-id",
    "mime-version",
    "content-type",
    "list-unsubscribe",
    "list-unsubscribe-post",
];

/// A store's signing key.
pub struct Signer {
    domain: String,
    selector: String,
    key: rsa::KeyPair,
}

/// Why a key cannot sign.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignerError {
    /// No PKCS#8 key in PEM.
    #[error(
        "the DKIM key must be an RSA key in PEM form that begins with \"-----BEGIN PRIVATE KEY-----\" (PKCS#8)"
    )]
    Pem,
    /// A key ring refuses: broken, or shorter than 2,048 bits.
    #[error("the DKIM key cannot be used: {0}")]
    Key(String),
    /// The library refused to sign.
    #[error("signing failed")]
    Sign,
}

impl Signer {
    /// From a PKCS#8 key in PEM, the signing domain and the selector under `_domainkey`.
    ///
    /// # Errors
    /// [`SignerError`].
    pub fn new(domain: &str, selector: &str, pem: &str) -> Result<Self, SignerError> {
        let der = PrivatePkcs8KeyDer::from_pem_slice(pem.as_bytes()).map_err(|_| SignerError::Pem)?;
        let key =
            rsa::KeyPair::from_pkcs8(der.secret_pkcs8_der()).map_err(|e| SignerError::Key(e.to_string()))?;
        Ok(Self { domain: domain.to_ascii_lowercase(), selector: selector.to_owned(), key })
    }

    /// The public key as it stands in the DNS record's `p=`.
    pub fn public_key_der(&self) -> &[u8] {
        self.key.public().as_ref()
    }

    /// The message with its signature in front.
    ///
    /// # Errors
    /// [`SignerError::Sign`] when the system has no entropy.
    pub fn sign(&self, message: &[u8], now: Millis) -> Result<Vec<u8>, SignerError> {
        let (head, body) = split(message);
        let headers = parse_headers(head);
        let body_hash = STANDARD.encode(digest::digest(&digest::SHA256, &relaxed_body(body)));
        let mut names = Vec::new();
        let mut hashed = Vec::new();
        for name in SIGNED {
            // From the bottom up, as a verifier reads them (RFC 6376 section 5.4.2).
            let found: Vec<_> = headers.iter().rev().filter(|(n, _)| n == name).collect();
            if found.is_empty() {
                continue;
            }
            for (name, value) in found {
                names.push(name.as_str());
                hashed.extend_from_slice(relaxed_header(name, value).as_bytes());
                hashed.extend_from_slice(b"\r\n");
            }
            names.push(name);
        }
        let unsigned = format!(
            "v=1; a=rsa-sha256; c=relaxed/relaxed; d={}; s={}; t={};\r\n\th={};\r\n\tbh={body_hash};\r\n\tb=",
            self.domain,
            self.selector,
            now.div_euclid(1_000),
            folded(&names.join(":"), ':'),
        );
        hashed.extend_from_slice(relaxed_header("dkim-signature", unsigned.as_bytes()).as_bytes());
        let mut signature = vec![0; self.key.public().modulus_len()];
        self.key
            .sign(&signature::RSA_PKCS1_SHA256, &crate::clock::blinding(), &hashed, &mut signature)
            .map_err(|_| SignerError::Sign)?;
        let mut signed =
            format!("DKIM-Signature: {unsigned}{}\r\n", wrapped(&STANDARD.encode(signature))).into_bytes();
        signed.extend_from_slice(message);
        Ok(signed)
    }
}

fn split(message: &[u8]) -> (&[u8], &[u8]) {
    let end = message.windows(4).position(|w| w == b"\r\n\r\n");
    end.map_or((message, &[]), |at| (&message[..at + 2], &message[at + 4..]))
}

/// Names in lower case and raw values, folds included.
fn parse_headers(head: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut headers: Vec<(String, Vec<u8>)> = Vec::new();
    for line in head.split_inclusive(|b| *b == b'\n') {
        if matches!(line.first(), Some(b' ' | b'\t')) {
            if let Some((_, value)) = headers.last_mut() {
                value.extend_from_slice(line);
            }
        } else if let Some(colon) = line.iter().position(|b| *b == b':') {
            let name = String::from_utf8_lossy(&line[..colon]).trim().to_ascii_lowercase();
            headers.push((name, line[colon + 1..].to_vec()));
        }
    }
    headers
}

/// RFC 6376 section 3.4.2: name in lower case, folds undone, runs of white space one space, none at the ends.
fn relaxed_header(name: &str, value: &[u8]) -> String {
    let text = String::from_utf8_lossy(value);
    let words: Vec<&str> = text.split([' ', '\t', '\r', '\n']).filter(|w| !w.is_empty()).collect();
    format!("{name}:{}", words.join(" "))
}

/// RFC 6376 section 3.4.4: runs of white space one space, none at line ends, no empty lines at the end.
fn relaxed_body(body: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(body.len());
    let mut kept = 0;
    for line in body.split_inclusive(|b| *b == b'\n') {
        let line = line.strip_suffix(b"\r\n").or_else(|| line.strip_suffix(b"\n")).unwrap_or(line);
        let mut gap = false;
        for &byte in line {
            if byte == b' ' || byte == b'\t' {
                gap = true;
                continue;
            }
            if std::mem::take(&mut gap) {
                out.push(b' ');
            }
            out.push(byte);
        }
        let empty = line.iter().all(|b| *b == b' ' || *b == b'\t');
        out.extend_from_slice(b"\r\n");
        if !empty {
            kept = out.len();
        }
    }
    out.truncate(kept);
    out
}

fn folded(text: &str, after: char) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    let mut line = 0;
    for part in text.split_inclusive(after) {
        if line > 0 && line + part.len() > 70 {
            out.push_str("\r\n\t");
            line = 0;
        }
        out.push_str(part);
        line += part.len();
    }
    out
}

fn wrapped(base64: &str) -> String {
    let lines: Vec<&str> =
        base64.as_bytes().chunks(72).map(|c| std::str::from_utf8(c).unwrap_or_default()).collect();
    lines.join("\r\n\t")
}

#[cfg(test)]
#[path = "dkim_tests.rs"]
mod tests;
