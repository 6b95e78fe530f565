//! Scripted conversations with a mail server, each cut or bent at another point.
//!
//! A script is lines: `S: text` the server says, `C: word` it expects the client to say, `BODY` it reads the message
//! to its final dot, `BODY n` it reads n bytes of it, `CUT` it hangs up, `HOLD` it says nothing more.

use super::{
    connection::{Limits, dot_stuffed},
    pool::Pool,
    url::SmtpUrl,
};
use crate::channels::{Fault, Outcome};
use std::time::Duration;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::TcpListener,
    task::JoinHandle,
};

const MESSAGE: &[u8] = b"Subject: x\r\n\r\nfirst line\r\n.a line with a dot\r\n";

/// Serves one script per connection and gives back what was read as messages.
async fn serve(scripts: Vec<String>) -> (u16, JoinHandle<Vec<Vec<u8>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = listener.local_addr().expect("an address").port();
    let task = tokio::spawn(async move {
        let mut bodies = Vec::new();
        for script in scripts {
            let (stream, _) = listener.accept().await.expect("a client");
            let mut stream = BufReader::new(stream);
            for line in script.lines().map(str::trim).filter(|l| !l.is_empty()) {
                if let Some(text) = line.strip_prefix("S: ") {
                    if stream.write_all(format!("{text}\r\n").as_bytes()).await.is_err() {
                        break;
                    }
                } else if let Some(raw) = line.strip_prefix("RAW: ") {
                    let _ = stream.write_all(raw.replace("\\n", "\n").as_bytes()).await;
                } else if let Some(n) = line.strip_prefix("FLOOD: ") {
                    let chunk = vec![b'x'; n.parse().expect("a number")];
                    let _ = stream.write_all(&chunk).await;
                } else if let Some(word) = line.strip_prefix("C: ") {
                    let mut said = String::new();
                    let n = stream.read_line(&mut said).await.unwrap_or(0);
                    assert!(n == 0 || said.starts_with(word), "expected {word:?}, the client said {said:?}");
                } else if let Some(n) = line.strip_prefix("BODY ") {
                    let mut part = vec![0; n.parse().expect("a number")];
                    let _ = stream.read_exact(&mut part).await;
                } else if line == "BODY" {
                    let mut body = Vec::new();
                    while !body.ends_with(b"\r\n.\r\n")
                        && stream.read_until(b'\n', &mut body).await.unwrap_or(0) > 0
                    {}
                    bodies.push(body);
                } else if line == "HOLD" {
                    let mut rest = Vec::new();
                    let _ = stream.read_to_end(&mut rest).await;
                } else {
                    assert_eq!(line, "CUT", "unknown step");
                    break;
                }
            }
        }
        bodies
    });
    (port, task)
}

fn url(port: u16, more: &str) -> SmtpUrl {
    let mut url: SmtpUrl =
        format!("smtp://{more}127.0.0.1:{port}?starttls=none&hello=me.example").parse().expect("an address");
    let short = Duration::from_millis(250);
    url.limits = Limits { connect: short, greeting: short, command: short, body: short, last: short };
    url
}

/// What a dialogue must come to.
#[derive(Debug, PartialEq)]
enum End {
    Accepted,
    Refused(Fault),
    Bounced,
    Deferred(Fault),
    NotSent(Fault),
    Uncertain,
}

fn end(outcome: &Outcome) -> End {
    match outcome {
        Outcome::Accepted { .. } => End::Accepted,
        Outcome::Refused { suppress: Some(_), .. } => End::Bounced,
        Outcome::Refused { permanent: true, fault, .. } => End::Refused(*fault),
        Outcome::Refused { fault, .. } => End::Deferred(*fault),
        Outcome::NotSent { fault, .. } => End::NotSent(*fault),
        Outcome::Uncertain { .. } => End::Uncertain,
    }
}

const HELLO: &str = "S: 220 hi\nC: EHLO me.example\nS: 250-mx\nS: 250-SIZE 100000\nS: 250 8BITMIME\n";
const PIPED: &str =
    "S: 220 hi\nC: EHLO me.example\nS: 250-mx\nS: 250-PIPELINING\nS: 250-SIZE 100000\nS: 250 8BITMIME\n";
const TO_DATA: &str = "C: MAIL FROM:<a@shop.example> SIZE=\nS: 250 ok\nC: RCPT TO:<b@example.org>\nS: 250 ok\nC: DATA\nS: 354 go\n";
const ASKED: &str = "C: MAIL FROM:<a@shop.example> SIZE=\nC: RCPT TO:<b@example.org>\nC: DATA\n";

fn dialogues() -> Vec<(&'static str, String, End)> {
    use End::{Accepted, Bounced, Deferred, NotSent, Refused, Uncertain};
    use Fault::{Own, Provider, Recipient};
    let plain = |rest: &str| format!("{HELLO}{rest}");
    let data = |rest: &str| format!("{HELLO}{TO_DATA}{rest}");
    let piped = |rest: &str| format!("{PIPED}{ASKED}{rest}");
    vec![
        ("accepted", data("BODY\nS: 250 2.0.0 Ok: queued as ABC123"), Accepted),
        ("accepted, several lines", data("BODY\nS: 250-2.0.0 fine\nS: 250 2.0.0 really"), Accepted),
        ("accepted, pipelined", piped("S: 250 ok\nS: 250 ok\nS: 354 go\nBODY\nS: 250 ok"), Accepted),
        ("accepted with 251", data("BODY\nS: 251 forwarded"), Accepted),
        ("EHLO alone is understood", "S: 220 hi\nC: EHLO\nS: 250 mx\nC: MAIL FROM:<a@shop.example>\nS: 250 ok\nC: RCPT\nS: 250 ok\nC: DATA\nS: 354 go\nBODY\nS: 250 ok".into(), Accepted),
        ("hangs up at once", "CUT".into(), NotSent(Provider)),
        ("no greeting", "HOLD".into(), NotSent(Provider)),
        ("greets with 554", "S: 554 no service".into(), NotSent(Provider)),
        ("greets with 421", "S: 421 later".into(), NotSent(Provider)),
        ("greets with garbage", "S: <html>".into(), NotSent(Provider)),
        ("a line without end", "FLOOD: 10000000\nHOLD".into(), NotSent(Provider)),
        ("endless continuation", format!("S: 220 hi\nC: EHLO\n{}HOLD", "S: 250-x\n".repeat(200)), NotSent(Provider)),
        ("codes differ in one reply", "S: 220 hi\nC: EHLO\nS: 250-mx\nS: 220 x\nHOLD".into(), NotSent(Provider)),
        ("EHLO refused", "S: 220 hi\nC: EHLO\nS: 502 what\nHOLD".into(), NotSent(Provider)),
        ("cut after EHLO", "S: 220 hi\nC: EHLO\nCUT".into(), NotSent(Provider)),
        ("message too large", "S: 220 hi\nC: EHLO\nS: 250-mx\nS: 250 SIZE 10\nHOLD".into(), Refused(Own)),
        ("MAIL 451", plain("C: MAIL\nS: 451 4.3.0 busy\nC: RSET\nS: 250 ok"), Deferred(Provider)),
        ("MAIL 550 sender", plain("C: MAIL\nS: 550 5.7.1 sender not allowed\nC: RSET\nS: 250 ok"), Refused(Own)),
        ("MAIL 421", plain("C: MAIL\nS: 421 4.3.2 going down\nCUT"), NotSent(Provider)),
        ("cut at MAIL", plain("C: MAIL\nCUT"), NotSent(Provider)),
        ("MAIL answered with 354", plain("C: MAIL\nS: 354 go\nHOLD"), NotSent(Provider)),
        ("RCPT 550 without code", plain("C: MAIL\nS: 250 ok\nC: RCPT\nS: 550 no such user\nC: RSET\nS: 250 ok"), Bounced),
        ("RCPT 550 5.1.1", plain("C: MAIL\nS: 250 ok\nC: RCPT\nS: 550-5.1.1 no\nS: 550 5.1.1 such user\nC: RSET\nCUT"), Bounced),
        ("RCPT 550 5.7.1 is policy", plain("C: MAIL\nS: 250 ok\nC: RCPT\nS: 550 5.7.1 blocked\nC: RSET\nS: 250 ok"), Refused(Recipient)),
        ("RCPT 552 5.2.2 is full", plain("C: MAIL\nS: 250 ok\nC: RCPT\nS: 552 5.2.2 full\nC: RSET\nS: 250 ok"), Refused(Recipient)),
        ("RCPT 450 greylisted", plain("C: MAIL\nS: 250 ok\nC: RCPT\nS: 450 4.2.0 greylisted\nC: RSET\nS: 250 ok"), Deferred(Recipient)),
        ("RCPT 451 4.4.1 is the network", plain("C: MAIL\nS: 250 ok\nC: RCPT\nS: 451 4.4.1 no route\nC: RSET\nS: 250 ok"), Deferred(Provider)),
        ("cut at RCPT", plain("C: MAIL\nS: 250 ok\nC: RCPT\nCUT"), NotSent(Provider)),
        ("DATA 554", plain("C: MAIL\nS: 250 ok\nC: RCPT\nS: 250 ok\nC: DATA\nS: 554 no\nC: RSET\nS: 250 ok"), Refused(Own)),
        ("DATA and silence", plain("C: MAIL\nS: 250 ok\nC: RCPT\nS: 250 ok\nC: DATA\nHOLD"), NotSent(Provider)),
        ("pipelined, RCPT refused", piped("S: 250 ok\nS: 550 5.1.1 no\nS: 503 no rcpt\nC: RSET\nS: 250 ok"), Bounced),
        ("pipelined, RCPT refused but 354", piped("S: 250 ok\nS: 550 5.1.1 no\nS: 354 go\nHOLD"), Bounced),
        ("pipelined, MAIL deferred", piped("S: 451 4.7.1 slow\nS: 503 no\nS: 503 no\nC: RSET\nS: 250 ok"), Deferred(Provider)),
        ("pipelined, no and hang-up", piped("S: 250 ok\nS: 550 5.1.1 no\nCUT"), Bounced),
        ("pipelined, 421 in the middle", piped("S: 250 ok\nS: 421 4.3.2 bye\nCUT"), NotSent(Provider)),
        ("pipelined, cut before all answers", piped("S: 250 ok\nCUT"), NotSent(Provider)),
        ("cut after the dot", data("BODY\nCUT"), Uncertain),
        ("silence after the dot", data("BODY\nHOLD"), Uncertain),
        ("garbage after the dot", data("BODY\nS: ok?\nHOLD"), Uncertain),
        ("half a line after the dot", data("BODY\nRAW: 25\nCUT"), Uncertain),
        ("an endless line after the dot", data("BODY\nFLOOD: 20000\nHOLD"), Uncertain),
        ("3xx after the dot", data("BODY\nS: 354 more\nHOLD"), Uncertain),
        ("451 after the dot", data("BODY\nS: 451 4.3.0 try later"), Deferred(Provider)),
        ("452 4.2.2 after the dot", data("BODY\nS: 452 4.2.2 full"), Deferred(Recipient)),
        ("554 after the dot", data("BODY\nS: 554 5.7.1 spam"), Refused(Recipient)),
        ("552 after the dot is no bounce", data("BODY\nS: 550 5.1.1 odd"), Refused(Recipient)),
    ]
}

#[tokio::test]
async fn each_dialogue_ends_in_its_class() {
    let all = dialogues();
    assert!(all.len() >= 40);
    for (name, script, expected) in all {
        let (port, server) = serve(vec![script]).await;
        let outcome = Pool::new(url(port, "")).deliver("a@shop.example", "b@example.org", MESSAGE).await;
        assert_eq!(end(&outcome), expected, "{name}: {outcome:?}");
        assert!(outcome.reply().len() < 700, "{name}");
        server.abort();
    }
}

/// Cut at each byte of the message: never accepted, never doubtful before the dot.
#[tokio::test]
async fn a_cut_inside_the_message_is_safe_to_repeat() {
    // Larger than any socket buffer, so that the cut is seen while writing.
    let large = [b"Subject: x\r\n\r\n".as_slice(), &b"0123456789abcdef\r\n".repeat(1_000_000)].concat();
    for bytes in [0_usize, 1, 100, 5_000] {
        let script = format!(
            "S: 220 hi\nC: EHLO\nS: 250 mx\nC: MAIL\nS: 250 ok\nC: RCPT\nS: 250 ok\nC: DATA\nS: 354 go\nBODY {bytes}\nCUT"
        );
        let (port, server) = serve(vec![script]).await;
        let mut url = url(port, "");
        url.limits.body = Duration::from_secs(20);
        let outcome = Pool::new(url).deliver("a@shop.example", "b@example.org", &large).await;
        assert_eq!(end(&outcome), End::NotSent(Fault::Provider), "after {bytes} bytes: {outcome:?}");
        server.abort();
    }
}

#[tokio::test]
async fn the_wire_is_stuffed_and_the_connection_used_again() {
    let again = format!("{HELLO}{TO_DATA}BODY\nS: 250 ok\n{TO_DATA}BODY\nS: 250 ok\nHOLD");
    let (port, server) = serve(vec![again]).await;
    let pool = Pool::new(url(port, ""));
    for _ in 0..2 {
        assert_eq!(end(&pool.deliver("a@shop.example", "b@example.org", MESSAGE).await), End::Accepted);
        assert_eq!(pool.resting(), 1);
    }
    drop(pool);
    let bodies = server.await.expect("the script holds");
    let wire = b"Subject: x\r\n\r\nfirst line\r\n..a line with a dot\r\n.\r\n".to_vec();
    assert_eq!(bodies, vec![wire.clone(), wire]);
}

#[tokio::test]
async fn a_connection_that_died_at_rest_is_replaced_once() {
    let once = format!("{HELLO}{TO_DATA}BODY\nS: 250 ok\nCUT");
    let (port, server) = serve(vec![once.clone(), once]).await;
    let pool = Pool::new(url(port, ""));
    for _ in 0..2 {
        assert_eq!(end(&pool.deliver("a@shop.example", "b@example.org", MESSAGE).await), End::Accepted);
    }
    assert_eq!(server.await.expect("the script holds").len(), 2);
}

#[tokio::test]
async fn a_connection_carries_so_many_messages_and_no_more() {
    let once = format!("{HELLO}{TO_DATA}BODY\nS: 250 ok\nC: QUIT\nCUT");
    let (port, server) = serve(vec![once.clone(), once]).await;
    let mut url = url(port, "");
    url.messages = 1;
    let pool = Pool::new(url);
    for _ in 0..2 {
        assert_eq!(end(&pool.deliver("a@shop.example", "b@example.org", MESSAGE).await), End::Accepted);
        assert_eq!(pool.resting(), 0);
    }
    assert_eq!(server.await.expect("the script holds").len(), 2);
}

#[tokio::test]
async fn signing_in_by_plain_and_login() {
    let tail = format!("{TO_DATA}BODY\nS: 250 ok").replace(" SIZE=", "");
    let plain = format!(
        "S: 220 hi\nC: EHLO\nS: 250-mx\nS: 250 AUTH LOGIN PLAIN\nC: AUTH PLAIN AHVAc2hvcABwOncld29yZA==\nS: 235 2.7.0 in\n{tail}"
    );
    let login = format!(
        "S: 220 hi\nC: EHLO\nS: 250-mx\nS: 250 AUTH=LOGIN\nC: AUTH LOGIN\nS: 334 VXNlcm5hbWU6\nC: dUBzaG9w\nS: 334 UGFzc3dvcmQ6\nC: cDp3JXdvcmQ=\nS: 235 in\n{tail}"
    );
    let refused =
        "S: 220 hi\nC: EHLO\nS: 250-mx\nS: 250 AUTH PLAIN\nC: AUTH PLAIN\nS: 535 5.7.8 wrong".to_owned();
    let later =
        "S: 220 hi\nC: EHLO\nS: 250-mx\nS: 250 AUTH PLAIN\nC: AUTH PLAIN\nS: 454 4.7.0 later".to_owned();
    let none = "S: 220 hi\nC: EHLO\nS: 250-mx\nS: 250 AUTH CRAM-MD5\nHOLD".to_owned();
    for (script, expected) in [
        (plain, End::Accepted),
        (login, End::Accepted),
        (refused, End::NotSent(Fault::Own)),
        (later, End::NotSent(Fault::Provider)),
        (none, End::NotSent(Fault::Own)),
    ] {
        let (port, server) = serve(vec![script]).await;
        let pool = Pool::new(url(port, "u%40shop:p%3Aw%25word@"));
        assert_eq!(end(&pool.deliver("a@shop.example", "b@example.org", MESSAGE).await), expected);
        server.abort();
    }
}

#[tokio::test]
async fn starttls_is_never_given_up() {
    for script in [
        "S: 220 hi\nC: EHLO\nS: 250-mx\nS: 250 PIPELINING\nHOLD",
        "S: 220 hi\nC: EHLO\nS: 250-mx\nS: 250 STARTTLS\nC: STARTTLS\nS: 454 not now\nHOLD",
        "S: 220 hi\nC: EHLO\nS: 250-mx\nS: 250 STARTTLS\nC: STARTTLS\nRAW: 220 go\\n250 injected\\n\nHOLD",
    ] {
        let (port, server) = serve(vec![script.into()]).await;
        let mut url = url(port, "");
        url.security = super::url::Security::StartTls;
        let outcome = Pool::new(url).deliver("a@shop.example", "b@example.org", MESSAGE).await;
        assert!(matches!(outcome, Outcome::NotSent { .. }), "{outcome:?}");
        server.abort();
    }
}

#[tokio::test]
async fn addresses_cannot_carry_commands() {
    for bad in ["b@example.org>\r\nRCPT TO:<c@example.org", "b @example.org", "", "<b@example.org>"] {
        let (port, server) = serve(vec![format!("{HELLO}HOLD")]).await;
        let outcome = Pool::new(url(port, "")).deliver("a@shop.example", bad, MESSAGE).await;
        assert_eq!(end(&outcome), End::Refused(Fault::Own), "{bad:?}");
        server.abort();
    }
}

#[test]
fn only_crlf_leaves_the_house() {
    for (message, wire) in [
        (&b"a\nb"[..], &b"a\r\nb\r\n.\r\n"[..]),
        (b"a\r.\rb\r\n", b"a\r\n..\r\nb\r\n.\r\n"),
        (b"a\n.\nMAIL FROM:<x>\n", b"a\r\n..\r\nMAIL FROM:<x>\r\n.\r\n"),
        (b".", b"..\r\n.\r\n"),
        (b"", b".\r\n"),
        (b"a\r\n\r\n", b"a\r\n\r\n.\r\n"),
    ] {
        assert_eq!(dot_stuffed(message), wire);
    }
}

#[test]
fn addresses_of_servers_are_read_or_refused() {
    use super::url::Security;
    let ok = |text: &str| text.parse::<SmtpUrl>().expect(text);
    let url = ok("smtps://ann%40x:p%20w@mail.example.com?connections=4&messages=7");
    assert_eq!((url.port, url.security, url.connections, url.messages), (465, Security::Implicit, 4, 7));
    assert_eq!(url.credentials, Some(("ann@x".into(), "p w".into())));
    assert!(!format!("{url:?}").contains("p w"));
    assert_eq!(ok("smtp://mail.example.com").security, Security::StartTls);
    assert_eq!(ok("smtp://localhost:1025").security, Security::None);
    assert_eq!(ok("smtp://[::1]:25").port, 25);
    for bad in [
        "mail.example.com",
        "http://x",
        "smtp://",
        "smtp://u@h",
        "smtp://u:p@mail.example.com?starttls=none",
        "smtp://h:99999",
        "smtp://h?x=1",
        "smtps://h?starttls=none",
        "smtp://u:%zz@h",
        "smtp://h ",
        "smtp://h?messages=0",
    ] {
        assert!(bad.parse::<SmtpUrl>().is_err(), "{bad}");
    }
}
