//! Where calls may lead: names that change their mind, numbers of our own, certificates of strangers.

use super::*;
use crate::webhooks::call::{Net, Post, Said};
use async_trait::async_trait;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
use std::{
    io,
    net::SocketAddr,
    sync::{Mutex, PoisonError},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use tokio_rustls::TlsAcceptor;

/// A resolver that answers each question with the next of its lists, and connections that all end at one server on loopback,
/// which is noted.
struct Fickle {
    answers: Mutex<Vec<Vec<&'static str>>>,
    asked: Mutex<usize>,
    dialled: Mutex<Vec<SocketAddr>>,
    server: SocketAddr,
}

impl Fickle {
    fn new(server: SocketAddr, answers: &[&[&'static str]]) -> Arc<Self> {
        let answers = Mutex::new(answers.iter().rev().map(|list| list.to_vec()).collect());
        Arc::new(Self { answers, asked: Mutex::default(), dialled: Mutex::default(), server })
    }

    fn dialled(&self) -> Vec<String> {
        let dialled = self.dialled.lock().unwrap_or_else(PoisonError::into_inner);
        dialled.iter().map(|at| at.ip().to_string()).collect()
    }
}

#[async_trait]
impl Net for Fickle {
    async fn resolve(&self, _host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        *self.asked.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        let list = self.answers.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_default();
        Ok(list.iter().map(|ip| SocketAddr::new(ip.parse().expect("a number"), port)).collect())
    }

    async fn dial(&self, to: SocketAddr) -> io::Result<TcpStream> {
        self.dialled.lock().unwrap_or_else(PoisonError::into_inner).push(to);
        if to.ip().to_string() == "9.9.9.9" {
            return Err(io::Error::other("nobody there"));
        }
        TcpStream::connect(self.server).await
    }
}

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/channels/email/testdata");

/// A server that speaks TLS under the certificate of the mail tests, for `localhost`, and says 200.
async fn secure() -> SocketAddr {
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
    let (acceptor, listener) =
        (TlsAcceptor::from(Arc::new(config)), TcpListener::bind("127.0.0.1:0").await.expect("a port"));
    let at = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let Ok(mut stream) = acceptor.accept(stream).await else { return };
                let mut some = [0; 4_096];
                if stream.read(&mut some).await.is_ok() {
                    let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi").await;
                    let _ = stream.shutdown().await;
                }
            });
        }
    });
    at
}

fn post() -> Post {
    Post { id: "msg_1".into(), seconds: 1, signature: "v1,x".into(), body: "{}".into() }
}

fn caller(net: Arc<dyn Net>, roots: RootCertStore) -> Caller {
    Caller::over(net, roots, false, PATIENCE).expect("a caller")
}

fn authority() -> RootCertStore {
    let mut roots = RootCertStore::empty();
    for one in CertificateDer::pem_file_iter(format!("{FOLDER}/ca.pem")).expect("a file") {
        roots.add(one.expect("a certificate")).expect("an authority");
    }
    roots
}

/// A name that is public when it is looked at and private when it is connected to: it is looked at once, and that answer is connected to.
#[tokio::test]
async fn a_name_that_changes_its_mind_leads_nowhere_else() {
    let receiver = Receiver::start(|_, _| Answer::ok()).await;
    let (inside, outside): (&[&str], &[&str]) = (&["127.0.0.1"], &["9.9.9.9"]);
    let net = Fickle::new(receiver.address(), &[outside, inside, inside, outside]);
    let caller = caller(net.clone(), RootCertStore::empty());
    let url = format!("https://rebind.example:{}/", receiver.address().port());
    let words: Vec<_> = futures_words(&caller, &url, 4).await;
    assert_eq!(words, ["unreachable", "address_refused", "address_refused", "unreachable"]);
    assert_eq!(net.dialled(), ["9.9.9.9", "9.9.9.9"], "no connection to what was refused");
    assert_eq!(*net.asked.lock().unwrap_or_else(PoisonError::into_inner), 4, "one look-up a call");
    assert!(receiver.calls().is_empty());
}

async fn futures_words(caller: &Caller, url: &str, times: usize) -> Vec<&'static str> {
    let mut words = Vec::new();
    for _ in 0..times {
        match caller.send(url, &post()).await {
            Said::None(word, _) => words.push(word),
            Said::Answer { .. } => words.push("answer"),
        }
    }
    words
}

/// Of several numbers only those of the internet are tried, and at most three.
#[tokio::test]
async fn numbers_of_our_own_are_passed_over() {
    let receiver = Receiver::start(|_, _| Answer::ok()).await;
    let lists: [&[&str]; 5] = [
        &["10.0.0.1", "9.9.9.9", "::1", "169.254.169.254", "9.9.9.9", "9.9.9.9", "9.9.9.9"],
        &["10.0.0.1", "::ffff:127.0.0.1", "fe80::1", "64:ff9b::a00:1", "2002:7f00:1::1"],
        &["100.100.100.200", "fd00:ec2::254", "168.63.129.16", "0.0.0.0", "::"],
        &["224.0.0.1", "ff02::1", "255.255.255.255", "192.0.0.192", "198.18.0.1"],
        &[],
    ];
    let net = Fickle::new(receiver.address(), &lists);
    let caller = caller(net.clone(), RootCertStore::empty());
    let words = futures_words(&caller, "https://many.example/", 5).await;
    assert_eq!(
        words,
        ["unreachable", "address_refused", "address_refused", "address_refused", "unknown_host"]
    );
    assert_eq!(net.dialled(), ["9.9.9.9"; 3]);
    // A number in the address itself is judged before anything is asked.
    for url in [
        "https://127.0.0.1/",
        "https://2130706433/",
        "https://0x7f.1/",
        "https://[::1]/",
        "http://localhost:9000/",
    ] {
        assert_eq!(futures_words(&caller, url, 1).await, ["address_refused"], "{url}");
    }
    assert_eq!(net.dialled().len(), 3);
}

/// Only whoever proves to be the host of the address is spoken to.
#[tokio::test]
async fn certificates_are_verified() {
    let server = secure().await;
    let public: &[&str] = &["8.8.8.8"];
    let net = Fickle::new(server, &[public; 3]);
    let trusting = caller(net.clone(), authority());
    let said = trusting.send("https://localhost.example/", &post()).await;
    assert!(matches!(&said, Said::None("tls", _)), "a certificate for another name: {said:?}");
    let strange = caller(net.clone(), RootCertStore::empty());
    let said = strange.send("https://mail.example/", &post()).await;
    assert!(matches!(&said, Said::None("tls", _)), "a stranger's certificate: {said:?}");
    assert_eq!(net.dialled(), ["8.8.8.8"; 2]);
    let here =
        Caller::over(Fickle::new(server, &[&["127.0.0.1"]]), authority(), true, PATIENCE).expect("a caller");
    let said = here.send(&format!("https://localhost:{}/", server.port()), &post()).await;
    assert_eq!(said, Said::Answer { status: 200, retry_after: None, text: "hi".into() });
}
