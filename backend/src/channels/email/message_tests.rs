use super::*;
use mail_parser::MessageParser;

fn outgoing() -> Outgoing {
    Outgoing {
        from_name: "Café & Söhne, GmbH".into(),
        from: "shop@shop.example".into(),
        reply_to: Some("help@shop.example".into()),
        to_name: "Ann \"The\" O'Müller".into(),
        to: "ann@example.org".into(),
        subject: "Wow! 50 % on “Größe”, Tom & Jerry 🎡 – still there?".into(),
        html: "<p>.dot\n.\n..\r\nFrom me=you &amp; €</p>".into(),
        text: "Hallo Ann!\n.\nFrom the shop: a=b, ü, €, 🎡\n\tlong ".to_owned() + &"x".repeat(2_000),
        unsubscribe: Some(format!("https://cartwheel.example/u/{}", "a".repeat(200))),
        date: 1_795_341_600_000,
    }
}

#[test]
fn awkward_characters_come_out_as_they_went_in() {
    let out = outgoing();
    let bytes = build(&out, "k3y").expect("a mail");
    assert!(bytes.is_ascii());
    assert!(
        bytes.split(|b| *b == b'\n').all(|line| line.len() <= 998 && line.last().is_none_or(|b| *b == b'\r')),
        "CRLF, no long lines"
    );
    let mail = MessageParser::default().parse(&bytes).expect("it parses");
    assert_eq!(mail.subject(), Some(out.subject.as_str()));
    let from = mail.from().and_then(|f| f.first()).expect("From");
    assert_eq!((from.name(), from.address()), (Some(out.from_name.as_str()), Some(out.from.as_str())));
    let to = mail.to().and_then(|f| f.first()).expect("To");
    assert_eq!((to.name(), to.address()), (Some(out.to_name.as_str()), Some(out.to.as_str())));
    assert_eq!(mail.message_id(), Some("k3y@shop.example"));
    assert_eq!(mail.date().map(|d| d.to_timestamp()), Some(1_795_341_600));
    let lf = |text: &str| text.replace("\r\n", "\n");
    assert_eq!(mail.body_text(0).map(|t| lf(&t)), Some(lf(&out.text)));
    assert_eq!(mail.body_html(0).map(|t| lf(&t)), Some(lf(&out.html)));
    let head = String::from_utf8_lossy(&bytes);
    assert!(head.contains("List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"));
    assert!(
        head.contains(&format!("List-Unsubscribe: <{}>\r\n", out.unsubscribe.expect("set"))),
        "in one piece"
    );
}

#[test]
fn the_same_message_is_the_same_bytes() {
    assert_eq!(build(&outgoing(), "k"), build(&outgoing(), "k"));
    assert_ne!(build(&outgoing(), "k"), build(&outgoing(), "l"));
}

#[test]
fn headers_cannot_be_injected() {
    let with = |change: fn(&mut Outgoing)| {
        let mut out = outgoing();
        change(&mut out);
        build(&out, "k")
    };
    assert_eq!(with(|o| o.subject = "a\r\nBcc: x@y.zz".into()), Err(BuildError::Control("subject")));
    assert_eq!(with(|o| o.subject = "a\0".into()), Err(BuildError::Control("subject")));
    assert_eq!(with(|o| o.from_name = "a\nBcc: x".into()), Err(BuildError::Control("sender")));
    assert_eq!(with(|o| o.to_name = "a\u{2028}b".into()), Err(BuildError::Control("recipient")));
    assert_eq!(with(|o| o.to = "a@b.cc, d@e.ff".into()), Err(BuildError::Address("recipient")));
    assert_eq!(with(|o| o.reply_to = Some("x".into())), Err(BuildError::Address("reply address")));
    assert_eq!(with(|o| o.unsubscribe = Some("mailto:a@b.cc".into())), Err(BuildError::Unsubscribe));
    assert_eq!(with(|o| o.unsubscribe = Some("https://a/>x".into())), Err(BuildError::Unsubscribe));
}
