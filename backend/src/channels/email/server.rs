//! A mail server of a store's own. Its address was typed by a merchant, so it must not lead into our own network: what the name
//! resolves to is judged at the moment of connecting, and the connection goes to that very number.

use super::{
    connection::{ConnectError, Limits, Stage},
    url::{Security, SmtpUrl},
};
use crate::{
    channels::Fault,
    webhooks::address::{Refused, judge, known},
};
use std::net::{IpAddr, SocketAddr};
use tokio::net::{TcpStream, lookup_host};

/// Which numbers may be connected to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Any: the operator named the server.
    Any,
    /// The public internet alone.
    Public,
    /// The public internet, and this very machine: for development and tests.
    PublicOrHere,
}

/// Ports of mail servers; from 1024 on there is no other service that trusts whoever connects.
pub const fn mail_port(port: u16) -> bool {
    matches!(port, 25 | 465 | 587 | 1024..)
}

/// A server of a store, and by which key its connections are kept apart from others'.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// Changes with every change of its settings.
    pub key: String,
    /// Where it is and how to talk to it.
    pub url: SmtpUrl,
}

/// What a merchant types.
#[derive(Clone, PartialEq, Eq)]
pub struct Typed<'a> {
    /// Name or number.
    pub host: &'a str,
    /// Port.
    pub port: u16,
    /// Protection.
    pub security: Security,
    /// User and password.
    pub credentials: Option<(String, String)>,
}

/// Why what was typed cannot be used: which field, and a sentence.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{1}")]
pub struct Unusable(pub &'static str, pub String);

impl SmtpUrl {
    /// A server as a merchant typed it. `local` lets it be on this very machine, without TLS too.
    ///
    /// # Errors
    /// [`Unusable`]. What a name resolves to is not asked here: it may be another tomorrow.
    pub fn typed(typed: Typed<'_>, local: bool) -> Result<Self, Unusable> {
        let host = typed.host.trim().trim_end_matches('.').to_ascii_lowercase();
        let number = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>().ok();
        let here = local && (host == "localhost" || number.is_some_and(|ip| ip.is_loopback()));
        let unusable = |field, refused: Refused| Unusable(field, refused.to_string());
        match number {
            _ if here => {}
            Some(ip) => judge(ip).map_err(|e| unusable("host", e))?,
            None => {
                let label = |l: &str| {
                    (1..=63).contains(&l.len()) && l.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
                };
                if host.len() > 253 || !host.split('.').all(label) {
                    return Err(Unusable(
                        "host",
                        "the name of a mail server such as smtp.example.com".into(),
                    ));
                }
                known(&host).map_err(|e| unusable("host", e))?;
            }
        }
        if !mail_port(typed.port) {
            return Err(Unusable("port", "port 465, 587, 25, or one from 1024 on".into()));
        }
        if typed.security == Security::None && !here {
            return Err(Unusable(
                "security",
                "TLS or STARTTLS: without them anybody on the way reads mail and password".into(),
            ));
        }
        let reach = if local { Reach::PublicOrHere } else { Reach::Public };
        Ok(Self {
            host: number.map_or(host, |ip| ip.to_string()),
            port: typed.port,
            security: typed.security,
            credentials: typed.credentials,
            ca: None,
            hello: None,
            connections: 8,
            messages: 100,
            limits: Limits::default(),
            reach,
        })
    }

    /// Opens a TCP connection, to a number that was judged.
    pub(super) async fn dial(&self) -> Result<TcpStream, ConnectError> {
        let failed = |stage, text: String| ConnectError { fault: Fault::Provider, stage, text };
        if self.reach == Reach::Any {
            let connected = TcpStream::connect((self.host.as_str(), self.port)).await;
            return connected.map_err(|e| failed(Stage::Connect, e.to_string()));
        }
        let found = lookup_host((self.host.as_str(), self.port)).await;
        let found: Vec<SocketAddr> = found.map_err(|e| failed(Stage::Name, e.to_string()))?.collect();
        let admitted = |at: &SocketAddr| {
            (self.reach == Reach::PublicOrHere && at.ip().is_loopback()) || judge(at.ip()).is_ok()
        };
        let mut last = failed(Stage::Address, Refused::Address.to_string());
        if found.is_empty() {
            last = failed(Stage::Name, "the name has no address".into());
        }
        for at in found.into_iter().filter(admitted).take(3) {
            match TcpStream::connect(at).await {
                Ok(tcp) => return Ok(tcp),
                Err(error) => last = failed(Stage::Connect, error.to_string()),
            }
        }
        Err(last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(host: &str, port: u16, security: Security, local: bool) -> Result<SmtpUrl, Unusable> {
        SmtpUrl::typed(Typed { host, port, security, credentials: None }, local)
    }

    #[test]
    fn what_leads_into_our_own_network_is_refused() {
        for host in [
            "127.0.0.1",
            "localhost",
            "10.0.0.1",
            "169.254.169.254",
            "[::1]",
            "::ffff:10.0.0.1",
            "metadata.google.internal",
            "mail",
            "mail.local",
            "user@smtp.example.com",
            "smtp.example.com/x",
            "",
            "smtp..example.com",
        ] {
            assert_eq!(
                typed(host, 587, Security::StartTls, false).err().map(|e| e.0),
                Some("host"),
                "{host}"
            );
        }
        for port in [0, 22, 80, 443, 1023] {
            let refused = typed("smtp.example.com", port, Security::StartTls, false);
            assert_eq!(refused.err().map(|e| e.0), Some("port"), "{port}");
        }
        let plain = typed("smtp.example.com", 587, Security::None, true);
        assert_eq!(plain.err().map(|e| e.0), Some("security"), "a password never travels in the clear");
        let fine = typed(" SMTP.Example.COM. ", 465, Security::Implicit, false).expect("a server");
        assert_eq!((fine.host.as_str(), fine.reach), ("smtp.example.com", Reach::Public));
        assert!(typed("127.0.0.1", 2_525, Security::None, true).is_ok(), "on a developer's machine");
    }

    /// A name that leads home is judged when it is connected to.
    #[tokio::test]
    async fn a_name_that_resolves_to_this_machine_is_not_connected_to() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let mut url = typed("smtp.example.com", port, Security::StartTls, false).expect("a server");
        url.host = "localhost".into();
        let error = url.dial().await.map(|_| ()).expect_err("refused");
        assert_eq!(error.stage, Stage::Address);
        url.reach = Reach::PublicOrHere;
        assert!(url.dial().await.is_ok(), "where that is allowed it is");
    }
}
