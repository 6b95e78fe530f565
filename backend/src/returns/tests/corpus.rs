//! Three hundred mails that come back, each with what it must come to, and thousands bent at random.

use super::{
    desk, row,
    samples::{Case, End, SERVERS, WORDS, arf, away, back},
    sent, standing,
};
use crate::{
    returns::{What, raw, take_in},
    testing::TestApp,
};
use cartwheel_domain::consent::SuppressionReason;
use cartwheel_macros::db_test;
use std::sync::Arc;

/// How many there are.
const SAMPLES: usize = 300;

/// The sample of this number about a message; deterministic, each another.
fn sample(n: usize, case: &Case<'_>) -> (String, Vec<u8>, End) {
    let (server_name, server) = SERVERS[n % SERVERS.len()];
    let (status, words, meant) = WORDS[(n / SERVERS.len()) % WORDS.len()];
    let said = words.replace("{to}", case.to);
    let forged = Case {
        path: "b+00000000000000000000000000000000000000000000000000000000000000@x.example",
        reference: "0",
        to: case.to,
    };
    let (name, text, end) = match n {
        // 140: each server, each word, with and without the mail itself.
        0..140 => {
            let whole = n < 70;
            (
                format!("{server_name} {status} {words} back {whole}"),
                server(case, "failed", status, &said, whole),
                meant,
            )
        }
        140..160 => (
            format!("{server_name} delayed"),
            server(case, "delayed", "4.4.1", "delayed", true),
            End::Nothing,
        ),
        160..170 => (
            format!("{server_name} delivered"),
            server(case, "delivered", "2.0.0", "250 ok", false),
            End::Delivered,
        ),
        170..175 => (
            format!("{server_name} relayed"),
            server(case, "relayed", "2.0.0", "250 ok", false),
            End::Nothing,
        ),
        175..195 => {
            (format!("{server_name} forged"), server(&forged, "failed", status, &said, true), End::Nothing)
        }
        195..205 => {
            // Sent to the address in From, where anybody can send: only the mail inside is genuine.
            let text = server(case, "failed", "5.1.1", "user unknown", true);
            let text = text.replace(&format!("To: {}", case.path), "To: shop@wheelhouse.example");
            let text = text
                .replace(&format!("Delivered-To: {}\n", case.path), "")
                .replace(&format!("Envelope-to: {}\n", case.path), "");
            let text = text
                .replace(&format!("X-Original-To: {}\n", case.path), "")
                .replace(&format!("To: <{}>", case.path), "To: <shop@wheelhouse.example>");
            (format!("{server_name} to an open address"), text, End::Nothing)
        }
        205..215 => {
            // Several recipients, none of them ours.
            let text = server(case, "failed", "5.1.1", "user unknown", false);
            let other = "\nFinal-Recipient: rfc822; other@example.net\nAction: failed\nStatus: 5.1.1\n";
            let text = text
                .replace(case.to, "somebody@example.net")
                .replace(&case.to.to_uppercase(), "x@example.net");
            if server_name == "exchange" {
                (format!("{server_name} sent on"), text, End::Hard)
            } else {
                let at = text.rfind("\n--").expect("an end");
                let (head, tail) = text.split_at(at);
                (
                    format!("{server_name} of several, none ours"),
                    format!("{head}\n{other}{tail}"),
                    End::Nothing,
                )
            }
        }
        215..225 => ("away".into(), away(case), End::Nothing),
        225..255 => {
            let (whole, kind) = (n.is_multiple_of(2), if n.is_multiple_of(5) { "fraud" } else { "abuse" });
            let fields = "Original-Rcpt-To: redacted@yahoo.com\nReceived-Date: Mon, 2 Mar 2026 10:00:00 +0000\nSource-IP: 192.0.2.1\n";
            (format!("{kind} whole {whole}"), arf(kind, fields, &back(case, whole)), End::Complained)
        }
        255..265 => (
            "abuse without a recipient".into(),
            arf("abuse", "", &back(case, n.is_multiple_of(2))),
            End::Complained,
        ),
        265..275 => {
            let fields = format!("Original-Mail-From: <{}>\n", case.path);
            (
                "abuse by the return path alone".into(),
                arf("abuse", &fields, "Content-Type: text/plain\n\nredacted\n"),
                End::Complained,
            )
        }
        275..280 => (
            "abuse without the mail".into(),
            arf("abuse", "", "Content-Type: text/plain\n\nredacted\n"),
            End::Nothing,
        ),
        280..290 => {
            let kind = ["not-spam", "virus", "other", "auth-failure", "opt-out"][n % 5];
            (kind.into(), arf(kind, "", &back(case, true)), End::Nothing)
        }
        _ => (
            "a forged complaint".into(),
            arf("abuse", "Original-Mail-From: <b+x@y.example>\n", &back(&forged, true)),
            End::Nothing,
        ),
    };
    // As it came over the line, or with the line ends of a file; some in other letters.
    let text = if n.is_multiple_of(3) { text } else { text.replace('\n', "\r\n") };
    let text = if n.is_multiple_of(7) {
        text.replace("Action:", "ACTION:").replace("Status:", "status:")
    } else {
        text
    };
    (format!("{n} {name}"), text.into_bytes(), end)
}

#[db_test]
async fn three_hundred_mails_that_come_back_mean_what_they_mean(app: TestApp) {
    let store = app.store("a").await;
    let addresses: Vec<String> = (0..SAMPLES).map(|n| format!("person{n}@example.com")).collect();
    let mails = sent(&app, &store, &addresses).await;
    let desk = desk(&app, Arc::default());
    let mut ends = std::collections::BTreeMap::<String, u32>::new();
    for (n, mail) in mails.iter().enumerate() {
        let case = Case { path: &mail.path, reference: &mail.reference, to: &mail.to };
        let (name, bytes, end) = sample(n, &case);
        let told = take_in(&desk, &bytes, None).await.expect("taken in");
        assert_eq!(told, end != End::Nothing, "{name}");
        let row = row(&app, &store, mail.id).await;
        let found = match (row.bounce.as_deref(), row.complained_at, row.delivered_at) {
            (Some("hard"), _, _) => End::Hard,
            (Some(_), _, _) => End::Soft,
            (None, Some(_), _) => End::Complained,
            (None, None, Some(_)) => End::Delivered,
            (None, None, None) => End::Nothing,
        };
        assert_eq!((found, row.bounced_at.is_some()), (end, matches!(end, End::Hard | End::Soft)), "{name}");
        assert_eq!(row.status, 3, "{name}: it goes on counting as sent");
        let expected = match end {
            End::Hard => Some(SuppressionReason::HardBounce),
            End::Complained => Some(SuppressionReason::Complaint),
            _ => None,
        };
        assert_eq!(standing(&app, &store, &mail.to).await, expected, "{name}");
        *ends.entry(format!("{end:?}")).or_insert(0) += 1;
        // What has been told once is told.
        if n % 10 == 0 {
            assert!(!take_in(&desk, &bytes, None).await.expect("taken in"), "{name}: a repeat");
        }
    }
    // Whoever was named beside our recipients was not touched.
    for other in
        ["other@example.net", "somebody@example.net", "redacted@yahoo.com", "shop@wheelhouse.example"]
    {
        assert_eq!(standing(&app, &store, other).await, None, "{other}");
    }
    assert!(ends.values().sum::<u32>() as usize == SAMPLES && ends.len() == 5, "{ends:?}");
    println!("corpus: {ends:?}");
}

/// The address by which the mail server got it is believed, and nothing in the mail besides.
#[db_test]
async fn what_the_mail_server_says_of_the_address_is_what_counts(app: TestApp) {
    let store = app.store("a").await;
    let mails = sent(&app, &store, &["ann@example.com".into(), "ben@example.com".into()]).await;
    let desk = desk(&app, Arc::default());
    let case = Case { path: &mails[0].path, reference: &mails[0].reference, to: &mails[0].to };
    let (_, bytes, _) = sample(0, &case);
    assert!(!take_in(&desk, &bytes, Some("shop@wheelhouse.example")).await.expect("taken in"));
    // Ben forwards a bounce of his own making about Ann: it can only say something of his own message.
    assert!(take_in(&desk, &bytes, Some(&mails[1].path)).await.expect("taken in"));
    assert_eq!(standing(&app, &store, "ann@example.com").await, None);
    assert_eq!(standing(&app, &store, "ben@example.com").await, Some(SuppressionReason::HardBounce));
}

/// Thousands of bent mails: nothing panics, takes long, or speaks of another message.
#[test]
fn bent_mails_say_nothing_of_others() {
    let reference = "7".repeat(62);
    let path = format!("b+{reference}@bounces.example");
    let case = Case { path: &path, reference: &reference, to: "ann@example.com" };
    let mut seed = 0x2545_f491_4f6c_dd1d_u64;
    let mut draw = |below: usize| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        usize::try_from(seed % below.max(1) as u64).expect("small")
    };
    let (mut read, mut total) = (0, 0);
    for n in 0..SAMPLES {
        let (_, whole, _) = sample(n, &case);
        for _ in 0..34 {
            let mut bytes = whole.clone();
            for _ in 0..=draw(4) {
                if bytes.is_empty() {
                    break;
                }
                let at = draw(bytes.len());
                match draw(5) {
                    0 => bytes.truncate(at),
                    1 => bytes[at] = u8::try_from(draw(256)).expect("a byte"),
                    2 => drop(bytes.drain(at..(at + draw(40)).min(bytes.len()))),
                    3 => {
                        let piece = bytes[at..(at + draw(300)).min(bytes.len())].to_vec();
                        let to = draw(bytes.len());
                        drop(bytes.splice(to..to, piece));
                    }
                    _ => bytes.insert(at, [0, b'\n', b'-', 0xff, b':'][draw(5)]),
                }
            }
            total += 1;
            if let Some(told) = raw::read(&bytes, None) {
                read += 1;
                if let What::Returned(all) = &told.what {
                    assert!(all.len() <= 50);
                }
            }
        }
    }
    assert!(total > 10_000 && read > 1_000, "{read} of {total} could still be read");
    let long = vec![b'x'; 5 * raw::MOST];
    assert_eq!(raw::read(&long, None), None);
}
