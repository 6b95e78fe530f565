use super::{Account, Twilio, signature};
use crate::{
    channels::{Channel, Fault, Outcome, Outgoing, Route},
    config::Secret,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use cartwheel_domain::{consent::SuppressionReason, sms::Sender};
use std::{collections::VecDeque, sync::Arc};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::Mutex,
};

/// What the provider does with one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Act {
    Take,
    /// Takes it; the answer is lost.
    TakeAndHangUp,
    /// Takes it; the answer breaks off.
    TakeAndStutter,
    /// Takes it; the answer is nothing one can read.
    TakeAndBabble,
    /// Takes it; a machine before it says that something is wrong.
    TakeAndFail,
    /// Hangs up before a word is read.
    HangUp,
    /// Hangs up half-way through the form.
    HangUpHalfWay,
    Refuse(u16, i64),
}

const ACTS: [Act; 16] = [
    Act::Take,
    Act::TakeAndHangUp,
    Act::TakeAndStutter,
    Act::TakeAndBabble,
    Act::TakeAndFail,
    Act::HangUp,
    Act::HangUpHalfWay,
    Act::Refuse(429, 20429),
    Act::Refuse(400, 21610),
    Act::Refuse(400, 21211),
    Act::Refuse(400, 21408),
    Act::Refuse(401, 20003),
    Act::Refuse(400, 21606),
    Act::Refuse(404, 20404),
    Act::Refuse(400, 21602),
    Act::Refuse(503, 20503),
];

#[derive(Default)]
struct Ledger {
    script: VecDeque<Act>,
    taken: Vec<String>,
    requests: Vec<String>,
}

/// A provider on this machine that does what a script says.
struct Provider {
    url: String,
    ledger: Arc<Mutex<Ledger>>,
}

async fn provider() -> Provider {
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
    Provider { url, ledger }
}

async fn serve(mut stream: TcpStream, book: &Mutex<Ledger>) -> std::io::Result<()> {
    let act = book.lock().await.script.pop_front().unwrap_or(Act::Take);
    if act == Act::HangUp {
        return Ok(());
    }
    let mut read = Vec::new();
    let (head, length) = loop {
        let mut some = [0; 4_096];
        let n = stream.read(&mut some).await?;
        read.extend_from_slice(&some[..n]);
        if let Some(end) = read.windows(4).position(|w| w == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&read[..end]).to_lowercase();
            let length = head.lines().find_map(|l| l.strip_prefix("content-length: ")?.parse::<usize>().ok());
            break (end + 4, length.unwrap_or(0));
        }
        if n == 0 {
            return Ok(());
        }
    };
    if act == Act::HangUpHalfWay {
        return Ok(());
    }
    while read.len() < head + length {
        let mut some = [0; 4_096];
        let n = stream.read(&mut some).await?;
        if n == 0 {
            return Ok(());
        }
        read.extend_from_slice(&some[..n]);
    }
    let text = String::from_utf8_lossy(&read).into_owned();
    let mut book = book.lock().await;
    if !matches!(act, Act::Refuse(..)) {
        book.taken.push(String::from_utf8_lossy(&read[head..]).into_owned());
    }
    book.requests.push(text);
    drop(book);
    let answer = |status: u16, body: &str| {
        format!(
            "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        )
    };
    let said = match act {
        Act::Take => answer(201, r#"{"sid": "SM1", "status": "queued", "price": null}"#),
        Act::TakeAndBabble => answer(201, "<html>"),
        Act::TakeAndFail => answer(502, "<html>bad gateway</html>"),
        Act::TakeAndStutter => answer(201, r#"{"sid": "SM1", "status": "queued"}"#)[..60].to_owned(),
        Act::Refuse(429, code) => answer(429, &format!(r#"{{"code": {code}, "message": "no"}}"#))
            .replace("X\r\n", "X\r\nretry-after: 7\r\n"),
        Act::Refuse(status, code) => answer(status, &format!(r#"{{"code": {code}, "message": "no"}}"#)),
        Act::TakeAndHangUp | Act::HangUp | Act::HangUpHalfWay => return Ok(()),
    };
    stream.write_all(said.as_bytes()).await?;
    stream.shutdown().await
}

fn route(sender: &str) -> Route {
    let account = Account {
        id: format!("AC{}", "0a".repeat(16)),
        token: Secret::new("secret"),
        sender: Sender::parse(sender).expect("a sender"),
        callback: "https://cartwheel.example/v1/sms/store_1/status?message=msg_1".into(),
    };
    Route { name: "twilio".into(), texts: Some(Arc::new(account)), ..Route::default() }
}

fn message() -> Outgoing {
    Outgoing {
        from_name: "Wheelhouse".into(),
        from: "+4915100000000".into(),
        reply_to: None,
        to_name: String::new(),
        to: "+4915112345678".into(),
        subject: String::new(),
        html: String::new(),
        text: "Ihr Warenkorb & mehr: https://x.example/r/1 STOP".into(),
        unsubscribe: None,
        date: 0,
    }
}

#[tokio::test]
async fn a_message_is_handed_over_as_twilio_asks_for_it() {
    let provider = provider().await;
    let twilio = Twilio::new(&provider.url).expect("an address");
    for sender in ["+4915100000000", "Wheelhouse", &format!("MG{}", "1f".repeat(16))] {
        let outcome = twilio.send(&route(sender), &message(), "key").await;
        let Outcome::Accepted { provider_id, reply } = outcome else { panic!("{outcome:?}") };
        assert_eq!((provider_id.as_deref(), reply.as_str()), (Some("SM1"), "201 queued"));
    }
    let ledger = provider.ledger.lock().await;
    let first = &ledger.requests[0];
    let id = format!("AC{}", "0a".repeat(16));
    assert!(
        first.starts_with(&format!("POST /2010-04-01/Accounts/{id}/Messages.json HTTP/1.1\r\n")),
        "{first}"
    );
    let basic = format!("authorization: Basic {}", STANDARD.encode(format!("{id}:secret")));
    assert!(first.contains(&basic), "{first}");
    assert_eq!(
        ledger.taken[0],
        "To=%2B4915112345678&From=%2B4915100000000&Body=Ihr+Warenkorb+%26+mehr%3A+https%3A%2F%2Fx.example%2Fr%2F1+STOP\
         &StatusCallback=https%3A%2F%2Fcartwheel.example%2Fv1%2Fsms%2Fstore_1%2Fstatus%3Fmessage%3Dmsg_1"
    );
    assert!(
        ledger.taken[1].contains("&From=Wheelhouse&")
            && ledger.taken[2].contains("&MessagingServiceSid=MG1f")
    );
}

#[tokio::test]
async fn what_twilio_refuses_is_told_apart() {
    let provider = provider().await;
    let twilio = Twilio::new(&provider.url).expect("an address");
    use Fault::{Own, Provider, Recipient};
    use SuppressionReason::{HardBounce, Unsubscribed};
    for (status, code, expected) in [
        (400, 21610, (true, Some(Unsubscribed), Recipient, None)),
        (400, 21211, (true, Some(HardBounce), Recipient, None)),
        (400, 21614, (true, Some(HardBounce), Recipient, None)),
        (400, 21408, (true, None, Recipient, None)),
        (429, 20429, (false, None, Provider, Some(7_000))),
        (401, 20003, (false, None, Own, None)),
        (400, 21606, (false, None, Own, None)),
        (400, 21602, (true, None, Own, None)),
    ] {
        provider.ledger.lock().await.script.push_back(Act::Refuse(status, code));
        let outcome = twilio.send(&route("Shop"), &message(), "key").await;
        let Outcome::Refused { permanent, suppress, fault, retry_after, reply } = outcome else {
            panic!("{code}: {outcome:?}")
        };
        assert_eq!((permanent, suppress, fault, retry_after), expected, "{reply}");
        assert_eq!(reply, format!("{status} {code} no"));
    }
    let nobody = Twilio::new("http://127.0.0.1:1").expect("an address");
    let outcome = nobody.send(&route("Shop"), &message(), "key").await;
    assert!(matches!(outcome, Outcome::NotSent { fault: Fault::Provider, .. }), "{outcome:?}");
    let outcome = twilio.send(&Route::default(), &message(), "key").await;
    assert!(matches!(outcome, Outcome::Refused { permanent: true, fault: Fault::Own, .. }), "{outcome:?}");
}

/// 500 scripts of up to six calls each, tried as the outbox tries: again after what surely was not taken, never after a doubt.
#[tokio::test]
async fn no_message_is_taken_twice_and_none_is_told_wrongly() {
    let provider = provider().await;
    let twilio = Twilio::new(&provider.url).expect("an address");
    let mut seed = 20_261_123_u64;
    let mut draw = |n: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) as usize % n
    };
    let (mut accepted, mut doubtful, mut refused) = (0, 0, 0);
    for case in 0..500 {
        let script: Vec<Act> = (0..6).map(|_| ACTS[draw(ACTS.len())]).collect();
        {
            let mut ledger = provider.ledger.lock().await;
            *ledger = Ledger { script: script.iter().copied().collect(), ..Ledger::default() };
        }
        let mut last = None;
        for _ in 0..script.len() {
            let outcome = twilio.send(&route("Shop"), &message(), "key").await;
            let again =
                matches!(outcome, Outcome::NotSent { .. } | Outcome::Refused { permanent: false, .. });
            last = Some(outcome);
            if !again {
                break;
            }
        }
        let taken = provider.ledger.lock().await.taken.len();
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
    assert!(accepted > 20 && doubtful > 100 && refused > 100, "{accepted} {doubtful} {refused}");
}

#[test]
fn a_signature_covers_every_field_once() {
    let fields = |list: &[(&str, &str)]| {
        list.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect::<Vec<_>>()
    };
    let made = signature::sign("t", "https://x.example/a", &fields(&[("B", "2"), ("A", "1")]));
    assert!(signature::genuine("t", "https://x.example/a", &fields(&[("A", "1"), ("B", "2")]), &made));
    assert!(signature::genuine(
        "t",
        "https://x.example/a",
        &fields(&[("A", "1"), ("A", "1"), ("B", "2")]),
        &made
    ));
    assert!(!signature::genuine(
        "t",
        "https://x.example/a",
        &fields(&[("A", "1"), ("B", "2"), ("C", "")]),
        &made
    ));
    assert!(!signature::genuine("t", "https://x.example/a", &fields(&[("A", "1")]), &made));
}
