//! TLS to the mail server: rustls on ring, the public authorities, or a private one named in the address.

use super::{
    connection::{ConnectError, Stage},
    url::SmtpUrl,
};
use crate::channels::Fault;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::{CertificateDer, ServerName, pem::PemObject};
use std::sync::Arc;
use tokio::{net::TcpStream, time::timeout};
use tokio_rustls::{TlsConnector, client::TlsStream};

fn own(text: String) -> ConnectError {
    ConnectError { fault: Fault::Own, stage: Stage::Tls, text }
}

fn roots(url: &SmtpUrl) -> Result<RootCertStore, ConnectError> {
    let mut store = RootCertStore::empty();
    let Some(path) = &url.ca else {
        store.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        return Ok(store);
    };
    let cannot = |why: String| own(format!("the certificate file {} cannot be used: {why}", path.display()));
    for certificate in CertificateDer::pem_file_iter(path).map_err(|e| cannot(e.to_string()))? {
        store.add(certificate.map_err(|e| cannot(e.to_string()))?).map_err(|e| cannot(e.to_string()))?;
    }
    if store.is_empty() {
        return Err(cannot("there is no certificate in it".into()));
    }
    Ok(store)
}

/// Makes the connection private, and sure of whom it talks to.
///
/// # Errors
/// [`ConnectError`]: our fault when the certificate is not trusted or names another host, since no retry mends that.
pub async fn wrap(url: &SmtpUrl, tcp: TcpStream) -> Result<TlsStream<TcpStream>, ConnectError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|e| own(e.to_string()))?
        .with_root_certificates(roots(url)?)
        .with_no_client_auth();
    let name =
        ServerName::try_from(url.host.clone()).map_err(|_| own(format!("{:?} is no host name", url.host)))?;
    let shaking = timeout(url.limits.connect, TlsConnector::from(Arc::new(config)).connect(name, tcp));
    match shaking.await {
        Ok(Ok(stream)) => Ok(stream),
        Ok(Err(e)) if e.kind() == std::io::ErrorKind::InvalidData => Err(own(format!("TLS: {e}"))),
        Ok(Err(e)) => {
            Err(ConnectError { fault: Fault::Provider, stage: Stage::Tls, text: format!("TLS: {e}") })
        }
        Err(_) => Err(ConnectError {
            fault: Fault::Provider,
            stage: Stage::Tls,
            text: "no TLS handshake in time".into(),
        }),
    }
}

#[cfg(test)]
#[path = "tls_tests.rs"]
mod tests;
