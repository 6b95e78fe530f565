//! Where mail is handed over: `CARTWHEEL_SMTP_URL`.

use base64::Engine;
use std::{fmt, path::PathBuf};

/// How the connection is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Security {
    /// TLS from the first byte (RFC 8314).
    Implicit,
    /// STARTTLS, and nothing is said before it succeeded (RFC 3207).
    StartTls,
    /// None; only asked for by name, or on this very machine.
    None,
}

/// A mail server and how to talk to it.
///
/// `smtps://user:password@host:465` or `smtp://user:password@host:587?starttls=required`. Parameters:
/// `starttls=required|none` (default: required, except on loopback), `ca=FILE` (a PEM file with the private
/// authority that signed the server's certificate), `hello=NAME` (our name in EHLO), `connections=N` (at once,
/// default 16), `messages=N` (per connection, default 100). User and password are percent-encoded.
#[derive(Clone, PartialEq, Eq)]
pub struct SmtpUrl {
    /// Name or address of the server.
    pub host: String,
    /// Port: 465 for `smtps`, 587 for `smtp`.
    pub port: u16,
    /// Protection.
    pub security: Security,
    /// User and password.
    pub credentials: Option<(String, String)>,
    /// A private authority's certificates.
    pub ca: Option<PathBuf>,
    /// Our name in EHLO; the address literal of our end when none.
    pub hello: Option<String>,
    /// Connections at once.
    pub connections: usize,
    /// Messages per connection.
    pub messages: u32,
    /// How long each phase may take.
    pub limits: super::connection::Limits,
    /// Which numbers its name may lead to.
    pub reach: super::server::Reach,
}

/// Shows no password.
impl fmt::Debug for SmtpUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}:{} ({:?}, {})",
            self.host,
            self.port,
            self.security,
            if self.credentials.is_some() { "with a sign-in" } else { "no sign-in" }
        )
    }
}

/// Why an address of a mail server was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("CARTWHEEL_SMTP_URL: {0}")]
pub struct SmtpUrlError(pub String);

/// What is wrong is not repeated: where the password holds a `?`, it is a part of that.
const NO_PORT: &str = "what follows the host's colon is no port; in user and password ?, @, / and : are written %3F, %40, %2F and %3A";
const NO_PARAMETER: &str = "a parameter is unknown; there are starttls, ca, hello, connections and messages. A ? in the password is written %3F";

fn wrong(text: impl Into<String>) -> SmtpUrlError {
    SmtpUrlError(text.into())
}

fn decode(text: &str) -> Result<String, SmtpUrlError> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(b) = rest.next() {
        if b != b'%' {
            bytes.push(b);
            continue;
        }
        let digits = [rest.next(), rest.next()].into_iter().flatten().collect::<Vec<u8>>();
        let hex = std::str::from_utf8(&digits).ok().filter(|d| d.len() == 2);
        bytes.push(
            hex.and_then(|h| u8::from_str_radix(h, 16).ok())
                .ok_or_else(|| wrong("a % must be followed by two hex digits"))?,
        );
    }
    String::from_utf8(bytes).map_err(|_| wrong("user and password must be UTF-8"))
}

impl std::str::FromStr for SmtpUrl {
    type Err = SmtpUrlError;

    fn from_str(text: &str) -> Result<Self, SmtpUrlError> {
        if text.chars().any(|c| c.is_control() || c == ' ') {
            return Err(wrong("no spaces or control characters are allowed"));
        }
        let (implicit, rest) = if let Some(rest) = text.strip_prefix("smtps://") {
            (true, rest)
        } else if let Some(rest) = text.strip_prefix("smtp://") {
            (false, rest)
        } else {
            return Err(wrong("must begin with smtp:// or smtps://"));
        };
        let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
        let place = place.strip_suffix('/').unwrap_or(place);
        let (credentials, server) = match place.rsplit_once('@') {
            None => (None, place),
            Some((who, server)) => {
                let (user, password) =
                    who.split_once(':').ok_or_else(|| wrong("the sign-in must be user:password"))?;
                (Some((decode(user)?, decode(password)?)), server)
            }
        };
        let default_port = if implicit { 465 } else { 587 };
        let (host, port) = if let Some(v6) = server.strip_prefix('[') {
            let (host, tail) = v6.split_once(']').ok_or_else(|| wrong("a ] is missing after the address"))?;
            (host, tail.strip_prefix(':'))
        } else {
            server.split_once(':').map_or((server, None), |(h, p)| (h, Some(p)))
        };
        let port = port.map_or(Ok(default_port), |p| p.parse().map_err(|_| wrong(NO_PORT)))?;
        if host.is_empty() || host.contains(['/', '@', '\\']) {
            return Err(wrong("the host is missing"));
        }
        let loopback = host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|a| a.is_loopback());
        let mut url = Self {
            host: host.to_owned(),
            port,
            security: if implicit {
                Security::Implicit
            } else if loopback {
                Security::None
            } else {
                Security::StartTls
            },
            credentials,
            ca: None,
            hello: None,
            connections: 16,
            messages: 100,
            limits: super::connection::Limits::default(),
            reach: super::server::Reach::Any,
        };
        for (key, value) in
            query.split('&').filter(|p| !p.is_empty()).map(|p| p.split_once('=').unwrap_or((p, "")))
        {
            let number = || {
                value
                    .parse::<u32>()
                    .ok()
                    .filter(|n| (1..=10_000).contains(n))
                    .ok_or_else(|| wrong(format!("{key} must be a number from 1 to 10000")))
            };
            match (key, value) {
                ("starttls", "required") if !implicit => url.security = Security::StartTls,
                ("starttls", "none") if !implicit => url.security = Security::None,
                ("starttls", _) => {
                    return Err(wrong("starttls is required or none, and has no place beside smtps://"));
                }
                ("ca", path) if !path.is_empty() => url.ca = Some(PathBuf::from(decode(path)?)),
                ("hello", name)
                    if !name.is_empty()
                        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-.[]:".contains(&b)) =>
                {
                    url.hello = Some(name.to_owned());
                }
                ("connections", _) => url.connections = number()?.min(256) as usize,
                ("messages", _) => url.messages = number()?,
                ("ca" | "hello", _) => return Err(wrong(format!("the parameter {key} has no sound value"))),
                _ => return Err(wrong(NO_PARAMETER)),
            }
        }
        if url.credentials.is_some() && url.security == Security::None && !loopback {
            return Err(wrong("a password would travel in the clear; use smtps:// or starttls=required"));
        }
        Ok(url)
    }
}

/// `AUTH PLAIN` initial response (RFC 4616).
pub(super) fn auth_plain(user: &str, password: &str) -> String {
    base64::engine::general_purpose::STANDARD.encode(format!("\0{user}\0{password}"))
}

/// One answer of `AUTH LOGIN`.
pub(super) fn auth_login(text: &str) -> String {
    base64::engine::general_purpose::STANDARD.encode(text)
}
