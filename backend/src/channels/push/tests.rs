use super::{KeyPair, Way, WebPush, seal};
use crate::{
    channels::{Channel, Fault, Outcome, Outgoing, Route},
    clock::{Env, SeededEntropy, TestClock},
    webhooks::{Caller, call::Net},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use cartwheel_domain::{
    consent::SuppressionReason,
    push::{Subscription, topic},
    time::{HOUR, Millis},
};
use p256::{
    SecretKey,
    ecdsa::{Signature, VerifyingKey, signature::Verifier},
};
use rustls::RootCertStore;
use std::{collections::VecDeque, io, net::SocketAddr, sync::Arc, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::Mutex,
};

/// What the push service does with one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Act {
    Take,
    /// Takes it; the answer is lost.
    TakeAndHangUp,
    /// Takes it; the answer breaks off in its head.
    TakeAndStutter,
    /// Takes it, and goes on talking.
    TakeAndFlood,
    /// Takes it; a machine before it says that something is wrong.
    TakeAndFail(u16),
    /// Hangs up before a word is read.
    HangUp,
    /// Hangs up half-way through the body.
    HangUpHalfWay,
    /// Reads, and says nothing.
    Stare,
    Refuse(u16, &'static str),
}

const ACTS: [Act; 22] = [
    Act::Take,
    Act::TakeAndHangUp,
    Act::TakeAndStutter,
    Act::TakeAndFlood,
    Act::TakeAndFail(500),
    Act::TakeAndFail(502),
    Act::TakeAndFail(504),
    Act::HangUp,
    Act::HangUpHalfWay,
    Act::Refuse(429, "retry-after: 7\r\n"),
    Act::Refuse(429, "retry-after: soon\r\n"),
    Act::Refuse(429, "retry-after: 99999999999\r\n"),
    Act::Refuse(429, ""),
    Act::Refuse(503, "retry-after: 60\r\n"),
    Act::Refuse(404, ""),
    Act::Refuse(410, ""),
    Act::Refuse(413, ""),
    Act::Refuse(400, ""),
    Act::Refuse(401, ""),
    Act::Refuse(403, ""),
    Act::Refuse(301, "location: http://127.0.0.1:1/else\r\n"),
    Act::Refuse(418, ""),
];

#[derive(Default)]
struct Ledger {
    script: VecDeque<Act>,
    taken: Vec<Vec<u8>>,
    heads: Vec<String>,
}

/// A push service on this machine that does what a script says.
struct Service {
    url: String,
    ledger: Arc<Mutex<Ledger>>,
}

async fn service() -> Service {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let ledger = Arc::new(Mutex::new(Ledger::default()));
    let book = ledger.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            // One after the other: what a call left is written before the next begins.
            let _ = serve(stream, &book).await;
        }
    });
    Service { url, ledger }
}

async fn serve(mut stream: TcpStream, book: &Mutex<Ledger>) -> io::Result<()> {
    let act = book.lock().await.script.pop_front().unwrap_or(Act::Take);
    if act == Act::HangUp {
        return Ok(());
    }
    let mut read = Vec::new();
    let (head, length) = loop {
        if stream.read_buf(&mut read).await? == 0 {
            return Ok(());
        }
        if let Some(end) = read.windows(4).position(|w| w == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&read[..end]).into_owned();
            let length = head.lines().find_map(|l| l.strip_prefix("content-length: ")?.parse::<usize>().ok());
            book.lock().await.heads.push(head);
            break (end + 4, length.unwrap_or(0));
        }
    };
    if act == Act::HangUpHalfWay {
        return Ok(());
    }
    while read.len() < head + length {
        if stream.read_buf(&mut read).await? == 0 {
            return Ok(());
        }
    }
    if !matches!(act, Act::Refuse(..) | Act::Stare) {
        book.lock().await.taken.push(read[head..].to_vec());
    }
    let answer = |status: u16, headers: &str, body: &str| {
        format!("HTTP/1.1 {status} X\r\n{headers}content-length: {}\r\n\r\n{body}", body.len())
    };
    let said = match act {
        Act::Take => answer(201, "location: https://push.example/m/1\r\n", ""),
        Act::TakeAndFlood => answer(201, "", &"x".repeat(200_000)),
        Act::TakeAndStutter => "HTTP/1.1 201 X\r\nconte".to_owned(),
        Act::TakeAndFail(status) => answer(status, "", "<html>bad gateway</html>"),
        Act::Refuse(status, headers) => answer(status, headers, "no"),
        Act::Stare => {
            let mut rest = [0; 16];
            while stream.read(&mut rest).await? > 0 {}
            return Ok(());
        }
        Act::TakeAndHangUp | Act::HangUp | Act::HangUpHalfWay => return Ok(()),
    };
    stream.write_all(said.as_bytes()).await?;
    stream.shutdown().await
}

const NOW: Millis = 1_790_000_000_000;

fn env() -> (TestClock, Env) {
    let clock = TestClock::at(NOW);
    (clock.clone(), Env::new(Arc::new(clock), Arc::new(SeededEntropy::new(8_291))))
}

/// A browser: the private half of its keys, and what it hands out.
fn browser(url: &str) -> (SecretKey, Subscription) {
    let secret = SecretKey::from_slice(&[9; 32]).expect("a key");
    let p256dh = secret.public_key().to_sec1_bytes().as_ref().try_into().expect("65 bytes");
    (secret, Subscription { endpoint: format!("{url}/send/abc?x=1"), p256dh, auth: [3; 16] })
}

fn route(to: Option<Subscription>) -> Route {
    let way = Way {
        keys: Arc::new(KeyPair::fresh(&env().1)),
        subject: "mailto:shop@example.com".into(),
        to,
        topic: Some(topic(
            cartwheel_domain::ids::StoreId(uuid::Uuid::nil()),
            cartwheel_domain::ids::CartId(uuid::Uuid::nil()),
        )),
    };
    Route { name: "push".into(), push: Some(Arc::new(way)), ..Route::default() }
}

const PAYLOAD: &str = r#"{"title":"Wheelhouse","body":"Ihr Warenkorb steht noch hier – bereit."}"#;

fn message() -> Outgoing {
    Outgoing {
        from_name: "Wheelhouse".into(),
        from: String::new(),
        reply_to: None,
        to_name: String::new(),
        to: "contact_1".into(),
        subject: "Wheelhouse".into(),
        html: String::new(),
        text: PAYLOAD.into(),
        unsubscribe: None,
        date: 0,
    }
}

fn header<'a>(head: &'a str, name: &str) -> &'a str {
    let found = head.lines().find_map(|l| l.strip_prefix(name)?.strip_prefix(": "));
    found.unwrap_or_else(|| panic!("no {name} in {head}"))
}

#[tokio::test]
async fn a_notification_is_sealed_signed_and_named_as_the_standards_say() {
    let service = service().await;
    let (clock, env) = env();
    let push = WebPush::new(Caller::new(true).expect("a network"), env);
    let (secret, to) = browser(&service.url);
    let route = route(Some(to));
    for pause in [0, 6 * HOUR, 6 * HOUR] {
        clock.advance(pause);
        let outcome = push.send(&route, &message(), "key").await;
        let Outcome::Accepted { provider_id, reply } = outcome else { panic!("{outcome:?}") };
        assert_eq!((provider_id.as_deref(), reply.as_str()), (Some("https://push.example/m/1"), "201"));
    }
    let ledger = service.ledger.lock().await;
    let head = &ledger.heads[0];
    assert!(head.starts_with("POST /send/abc?x=1 HTTP/1.1\r\n"), "{head}");
    assert_eq!(header(head, "content-encoding"), "aes128gcm");
    assert_eq!((header(head, "ttl"), header(head, "urgency")), ("86400", "normal"));
    assert_eq!(header(head, "topic").len(), 32);
    assert!(!ledger.taken[0].windows(10).any(|w| w == b"Wheelhouse"), "nothing is readable on the way");
    for sealed in &ledger.taken {
        let plain = seal::open(&secret, &[3; 16], sealed).expect("the browser reads it");
        assert_eq!(String::from_utf8(plain).expect("text"), PAYLOAD);
    }
    assert_ne!(ledger.taken[0][..16], ledger.taken[1][..16], "a salt of its own each time");
    assert_ne!(ledger.taken[0][21..86], ledger.taken[1][21..86], "and a key");
    let tokens: Vec<&str> = ledger.heads.iter().map(|head| header(head, "authorization")).collect();
    assert_eq!(tokens[0], tokens[1], "the same for half a day");
    assert_ne!(tokens[1], tokens[2]);
    let (token, key) =
        tokens[0].strip_prefix("vapid t=").expect("a token").split_once(", k=").expect("a key");
    let way = route.push.as_ref().expect("keys");
    assert_eq!(key, way.keys.public());
    let (signed, signature) = token.rsplit_once('.').expect("three parts");
    let bytes = |text: &str| URL_SAFE_NO_PAD.decode(text).expect("base64url");
    let public = VerifyingKey::from_sec1_bytes(&bytes(key)).expect("a point");
    let signature = Signature::from_slice(&bytes(signature)).expect("64 bytes");
    public.verify(signed.as_bytes(), &signature).expect("signed by the store");
    let claims: serde_json::Value =
        serde_json::from_slice(&bytes(signed.split('.').nth(1).expect("claims"))).expect("JSON");
    assert_eq!(claims["aud"], service.url.as_str());
    assert_eq!(claims["sub"], "mailto:shop@example.com");
    let exp = claims["exp"].as_i64().expect("seconds");
    assert!((NOW / 1_000 + 1..=NOW / 1_000 + 24 * 3_600).contains(&exp), "within a day: {exp}");
}

#[tokio::test]
async fn what_a_push_service_refuses_is_told_apart() {
    let service = service().await;
    let push = WebPush::new(Caller::new(true).expect("a network"), env().1);
    let route = route(Some(browser(&service.url).1));
    use Fault::{Own, Provider, Recipient};
    let gone = Some(SuppressionReason::HardBounce);
    for (status, headers, expected) in [
        (404, "", (true, gone, Recipient, None)),
        (410, "", (true, gone, Recipient, None)),
        (413, "", (true, None, Own, None)),
        (400, "", (true, None, Own, None)),
        (401, "", (false, None, Own, None)),
        (403, "", (false, None, Own, None)),
        (301, "location: http://127.0.0.1:1/\r\n", (true, None, Own, None)),
        (429, "retry-after: 7\r\n", (false, None, Provider, Some(7_000))),
        (429, "retry-after: 99999999999\r\n", (false, None, Provider, None)),
        (429, "", (false, None, Provider, None)),
        (503, "retry-after: Mon, 21 Sep 2026 14:14:20 GMT\r\n", (false, None, Provider, Some(60_000))),
    ] {
        service.ledger.lock().await.script.push_back(Act::Refuse(status, headers));
        let outcome = push.send(&route, &message(), "key").await;
        let Outcome::Refused { permanent, suppress, fault, retry_after, reply } = outcome else {
            panic!("{status}: {outcome:?}")
        };
        assert_eq!((permanent, suppress, fault, retry_after), expected, "{reply}");
        assert_eq!(reply, format!("{status} no"));
    }
    let mut nowhere = browser("http://127.0.0.1:1").1;
    nowhere.endpoint = "http://127.0.0.1:1025/x".into();
    let outcome = push.send(&self::route(Some(nowhere)), &message(), "key").await;
    assert!(matches!(outcome, Outcome::NotSent { fault: Provider, .. }), "{outcome:?}");
    let outcome = push.send(&self::route(None), &message(), "key").await;
    assert!(matches!(outcome, Outcome::Refused { permanent: true, suppress: None, fault: Own, .. }));
}

/// A name that leads into our own network.
struct Inside;

#[async_trait::async_trait]
impl Net for Inside {
    async fn resolve(&self, _host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        Ok(["10.0.0.7", "169.254.169.254", "127.0.0.1", "::1"]
            .iter()
            .map(|ip| SocketAddr::new(ip.parse().expect("a number"), port))
            .collect())
    }

    async fn dial(&self, to: SocketAddr) -> io::Result<TcpStream> {
        panic!("{to} was called")
    }
}

#[tokio::test]
async fn an_address_in_our_own_network_is_never_called_and_its_device_is_over() {
    let over = |net: Arc<dyn Net>| {
        let caller = Caller::over(net, RootCertStore::empty(), false, Duration::from_secs(5));
        WebPush::new(caller.expect("a network"), env().1)
    };
    let push = over(Arc::new(Inside));
    for endpoint in [
        "https://push.attacker.example/x",
        "https://127.0.0.1/x",
        "https://[::1]:4430/x",
        "http://127.0.0.1:9/x",
        "https://169.254.169.254/latest/meta-data",
        "https://metadata.internal/x",
        "https://push.example:22/x",
    ] {
        let to = Subscription { endpoint: endpoint.into(), ..browser("https://x").1 };
        let outcome = push.send(&route(Some(to)), &message(), "key").await;
        let gone = Outcome::Refused {
            permanent: true,
            suppress: Some(SuppressionReason::HardBounce),
            fault: Fault::Recipient,
            reply: outcome.reply().to_owned(),
            retry_after: None,
        };
        assert_eq!(outcome, gone, "{endpoint}");
    }
}

#[tokio::test]
async fn silence_after_the_call_is_a_doubt_and_a_key_that_is_none_is_over() {
    struct Here;
    #[async_trait::async_trait]
    impl Net for Here {
        async fn resolve(&self, _host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
            Ok(vec![SocketAddr::from(([127, 0, 0, 1], port))])
        }
        async fn dial(&self, to: SocketAddr) -> io::Result<TcpStream> {
            TcpStream::connect(to).await
        }
    }
    let service = service().await;
    let caller = Caller::over(Arc::new(Here), RootCertStore::empty(), true, Duration::from_millis(250));
    let push = WebPush::new(caller.expect("a network"), env().1);
    let (_, to) = browser(&service.url);
    service.ledger.lock().await.script.push_back(Act::Stare);
    let outcome = push.send(&route(Some(to.clone())), &message(), "key").await;
    assert!(matches!(outcome, Outcome::Uncertain { .. }), "{outcome:?}");
    let mut bent = to;
    bent.p256dh[40] ^= 1;
    let outcome = push.send(&route(Some(bent)), &message(), "key").await;
    assert!(
        matches!(outcome, Outcome::Refused { permanent: true, suppress: Some(_), .. }),
        "nobody reads anything there: {outcome:?}"
    );
    assert_eq!(service.ledger.lock().await.heads.len(), 1, "and nothing was sent");
}

/// 500 scripts of up to six calls each, tried as the outbox tries: again after what surely was not taken, never after a doubt.
#[tokio::test]
async fn no_notification_is_taken_twice_and_none_is_told_wrongly() {
    let service = service().await;
    let push = WebPush::new(Caller::new(true).expect("a network"), env().1);
    let route = route(Some(browser(&service.url).1));
    let mut seed = 20_261_123_u64;
    let mut draw = |n: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) as usize % n
    };
    let (mut accepted, mut doubtful, mut refused) = (0, 0, 0);
    for case in 0..500 {
        let script: Vec<Act> = (0..6).map(|_| ACTS[draw(ACTS.len())]).collect();
        {
            let mut ledger = service.ledger.lock().await;
            *ledger = Ledger { script: script.iter().copied().collect(), ..Ledger::default() };
        }
        let mut last = None;
        for _ in 0..script.len() {
            let outcome = push.send(&route, &message(), "key").await;
            let again =
                matches!(outcome, Outcome::NotSent { .. } | Outcome::Refused { permanent: false, .. });
            last = Some(outcome);
            if !again {
                break;
            }
        }
        let taken = service.ledger.lock().await.taken.len();
        assert!(taken <= 1, "case {case}: {script:?} was taken {taken} times");
        match last.expect("a call") {
            Outcome::Accepted { .. } => {
                assert_eq!(taken, 1, "case {case}: {script:?}");
                accepted += 1;
            }
            Outcome::Uncertain { .. } => doubtful += 1,
            other => {
                assert_eq!(taken, 0, "case {case}: {script:?} {other:?}");
                refused += 1;
            }
        }
    }
    assert!(accepted > 40 && doubtful > 100 && refused > 100, "{accepted} {doubtful} {refused}");
}
