use super::*;

const KEY: &str = include_str!("testdata/dkim.pem");

/// An independent reading of the signature: headers by the parser of another library, the public key by ring.
fn verify(signed: &[u8]) -> Result<(), String> {
    let parsed = mail_parser::MessageParser::default().parse(signed).ok_or("unparsable")?;
    let raw = |name: &str, skip: usize| {
        let all: Vec<_> = parsed.headers().iter().filter(|h| h.name().eq_ignore_ascii_case(name)).collect();
        let header = all.iter().rev().nth(skip)?;
        Some(signed[header.offset_start as usize..header.offset_end as usize].to_vec())
    };
    let signature =
        String::from_utf8(raw("DKIM-Signature", 0).ok_or("unsigned")?).map_err(|e| e.to_string())?;
    let compact: String = signature.chars().filter(|c| !c.is_whitespace()).collect();
    let tag = |t: &str| {
        compact
            .split(';')
            .find_map(|p| p.strip_prefix(&format!("{t}=")))
            .map(str::to_owned)
            .ok_or(format!("no {t}="))
    };
    let body_at = signed.windows(4).position(|w| w == b"\r\n\r\n").ok_or("no body")? + 4;
    if STANDARD.encode(digest::digest(&digest::SHA256, &relaxed_body(&signed[body_at..]))) != tag("bh")? {
        return Err("body hash".into());
    }
    let mut hashed = String::new();
    let mut seen = std::collections::HashMap::new();
    for name in tag("h")?.split(':') {
        let nth = seen.entry(name.to_owned()).or_insert(0);
        if let Some(value) = raw(name, *nth) {
            hashed.push_str(&format!("{}\r\n", relaxed_header(name, &value)));
        }
        *nth += 1;
    }
    let b_at = signature.rfind("b=").ok_or("no b=")? + 2;
    hashed.push_str(&relaxed_header("dkim-signature", &signature.as_bytes()[..b_at]));
    let bytes = STANDARD.decode(tag("b")?).map_err(|e| e.to_string())?;
    let signer = Signer::new("x.example", "s", KEY).map_err(|e| e.to_string())?;
    signature::UnparsedPublicKey::new(&signature::RSA_PKCS1_2048_8192_SHA256, signer.public_key_der())
        .verify(hashed.as_bytes(), &bytes)
        .map_err(|_| "signature".into())
}

fn signed() -> Vec<u8> {
    let signer = Signer::new("Shop.example", "cw1", KEY).expect("a key");
    let mail = b"From: a@shop.example\r\nTo: b@example.org\r\nSubject: folded\r\n\ttext  here\r\nList-Unsubscribe: <https://x.example/u/1>\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\nContent-Type: text/plain\r\n\r\nHello  there \r\n\r\n\r\n";
    signer.sign(mail, 1_795_341_600_999).expect("signed")
}

#[test]
fn what_is_signed_verifies_and_changes_are_found() {
    let good = signed();
    assert_eq!(verify(&good), Ok(()));
    let text = String::from_utf8(good).expect("ascii");
    assert!(text.starts_with(
        "DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=shop.example; s=cw1; t=1795341600;"
    ));
    for (from, to) in [
        ("Hello", "Hallo"),
        ("b@example.org", "c@example.org"),
        ("/u/1", "/u/2"),
        ("One-Click", "Two-Click"),
        ("d=shop", "d=evil"),
    ] {
        assert!(verify(text.replacen(from, to, 1).as_bytes()).is_err(), "{from} -> {to}");
    }
    let added = text.replacen("To:", "Subject: another\r\nTo:", 1);
    assert!(verify(added.as_bytes()).is_err(), "a header added above");
}

#[test]
fn relaxed_canonicalisation_is_that_of_rfc_6376_3_4_5() {
    assert_eq!(relaxed_header("a", b" X\r\n"), "a:X");
    assert_eq!(relaxed_header("b", b" Y\t\r\n\tZ  \r\n"), "b:Y Z");
    assert_eq!(relaxed_body(b" C \r\nD \t E\r\n\r\n\r\n"), b" C\r\nD E\r\n");
    assert_eq!(relaxed_body(b""), b"");
    assert_eq!(relaxed_body(b"\r\n\r\n"), b"");
}

#[test]
fn weak_and_broken_keys_are_refused() {
    assert!(matches!(Signer::new("x.example", "s", "nonsense"), Err(SignerError::Pem)));
    let broken = KEY.replacen("MII", "MIA", 1);
    assert!(Signer::new("x.example", "s", &broken).is_err());
}
