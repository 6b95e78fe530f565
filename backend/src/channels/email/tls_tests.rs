use super::super::{pool::Pool, url::SmtpUrl};
use crate::channels::{Fault, Outcome};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
use std::sync::Arc;
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader},
    net::TcpListener,
};
use tokio_rustls::TlsAcceptor;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/channels/email/testdata");

fn acceptor() -> TlsAcceptor {
    let chain = CertificateDer::pem_file_iter(format!("{FOLDER}/server.pem"))
        .expect("a file")
        .collect::<Result<_, _>>();
    let key = PrivateKeyDer::from_pem_file(format!("{FOLDER}/server.key")).expect("a key");
    let config =
        rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_no_client_auth()
            .with_single_cert(chain.expect("certificates"), key)
            .expect("a pair");
    TlsAcceptor::from(Arc::new(config))
}

/// Answers like a mail server until the client leaves; says whether STARTTLS was asked for.
async fn converse(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    greet: bool,
    tls: bool,
) -> Option<impl AsyncRead + AsyncWrite + Unpin> {
    let mut stream = BufReader::new(stream);
    if greet {
        stream.write_all(b"220 hi\r\n").await.ok()?;
    }
    let mut in_data = false;
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await.ok()? == 0 {
            return None;
        }
        let reply = match line.trim_end() {
            "." if in_data => "250 2.0.0 queued as TLS1",
            _ if in_data => continue,
            "DATA" => "354 go",
            "STARTTLS" => "220 go",
            l if l.starts_with("EHLO") && !tls => "250-mx\r\n250 STARTTLS",
            l if l.starts_with("EHLO") => "250-mx\r\n250 AUTH PLAIN",
            l if l.starts_with("AUTH") => "235 in",
            _ => "250 ok",
        };
        in_data = reply.starts_with("354");
        stream.write_all(format!("{reply}\r\n").as_bytes()).await.ok()?;
        if line.starts_with("STARTTLS") {
            return Some(stream.into_inner());
        }
    }
}

async fn server(implicit: bool) -> u16 {
    let listener = TcpListener::bind("0.0.0.0:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    tokio::spawn(async move {
        while let Ok((tcp, _)) = listener.accept().await {
            let plain = if implicit { Some(tcp) } else { converse_tcp(tcp).await };
            if let Some(tcp) = plain
                && let Ok(tls) = acceptor().accept(tcp).await
            {
                converse(tls, implicit, true).await;
            }
        }
    });
    port
}

async fn converse_tcp(tcp: tokio::net::TcpStream) -> Option<tokio::net::TcpStream> {
    let mut tcp = tcp;
    let asked = converse(&mut tcp, true, false).await.is_some();
    asked.then_some(tcp)
}

async fn deliver(url: &str) -> Outcome {
    Pool::new(url.parse::<SmtpUrl>().expect(url))
        .deliver("a@shop.example", "b@example.org", b"Subject: x\r\n\r\nx\r\n")
        .await
}

#[tokio::test]
async fn both_kinds_of_tls_carry_mail_and_sign_in() {
    for (implicit, scheme, more) in [(true, "smtps", ""), (false, "smtp", "&starttls=required")] {
        let port = server(implicit).await;
        let outcome = deliver(&format!("{scheme}://u:p@localhost:{port}?ca={FOLDER}/ca.pem{more}")).await;
        assert!(
            matches!(&outcome, Outcome::Accepted { provider_id: Some(id), .. } if id == "TLS1"),
            "{outcome:?}"
        );
    }
}

#[tokio::test]
async fn an_unknown_authority_or_another_host_is_our_fault_and_nothing_is_said() {
    let port = server(true).await;
    for url in [
        format!("smtps://u:p@localhost:{port}"),
        format!("smtps://127.0.0.2:{port}?ca={FOLDER}/ca.pem"),
        format!("smtps://localhost:{port}?ca={FOLDER}/dkim.pem"),
    ] {
        let outcome = deliver(&url).await;
        assert!(matches!(outcome, Outcome::NotSent { fault: Fault::Own, .. }), "{url}: {outcome:?}");
    }
}
