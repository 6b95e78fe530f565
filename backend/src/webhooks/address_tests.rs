//! Forms of addresses, and what becomes of them.

use super::*;

fn refused(text: &str) -> Option<Refused> {
    Target::parse(text, false).err()
}

/// A digit as East Asian keyboards write it.
fn full_width(c: char) -> char {
    c.to_digit(10).and_then(|n| char::from_u32(0xff10 + n)).unwrap_or(c)
}

/// Numbers in every form that some resolver, browser or library takes for one of these.
#[test]
fn numbers_of_our_own_network_are_refused_in_whatever_form() {
    let mut inside: Vec<String> = [
        "0.0.0.0",
        "0.1.2.3",
        "10.0.0.1",
        "10.255.255.255",
        "100.64.0.1",
        "100.100.100.200",
        "100.127.255.255",
        "127.0.0.1",
        "127.1.2.3",
        "127.255.255.255",
        "168.63.129.16",
        "169.254.0.1",
        "169.254.169.254",
        "169.254.170.2",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.1",
        "192.0.0.192",
        "192.0.2.1",
        "192.88.99.1",
        "192.168.0.1",
        "192.168.255.255",
        "198.18.0.1",
        "198.19.255.255",
        "198.51.100.7",
        "203.0.113.7",
        "224.0.0.1",
        "239.255.255.250",
        "240.0.0.1",
        "255.255.255.255",
    ]
    .map(str::to_owned)
    .into();
    let mut forms = Vec::new();
    for text in &inside {
        let ip: Ipv4Addr = text.parse().expect("a number");
        let [a, b, c, d] = ip.octets();
        let n = u32::from(ip);
        forms.extend([
            format!("{n}"),
            format!("{n:#x}"),
            format!("{n:#010X}").replace("0X", "0x"),
            format!("0{n:o}"),
            format!("{a:#x}.{b:#x}.{c:#x}.{d:#x}"),
            format!("0{a:o}.0{b:o}.0{c:o}.0{d:o}"),
            format!("000{a:o}.{b}.{c}.{d}"),
            format!("{a}.{b}.{}", u32::from(c) << 8 | u32::from(d)),
            format!("{a}.{}", n & 0x00ff_ffff),
            format!("{text}."),
            format!("[::ffff:{text}]"),
            format!("[::{text}]"),
            format!("[64:ff9b::{text}]"),
            format!("[64:ff9b:1::{text}]"),
            format!("[2002:{:x}:{:x}::1]", n >> 16, n & 0xffff),
            format!("[::ffff:{:x}:{:x}]", n >> 16, n & 0xffff),
            format!("[0:0:0:0:0:ffff:{text}]"),
            text.chars().map(full_width).collect(),
            text.replace('.', "\u{3002}"),
            text.replace('1', "%31"),
        ]);
    }
    inside.extend(forms);
    inside.extend(
        [
            "[::]",
            "[::1]",
            "[0:0:0:0:0:0:0:1]",
            "[::2]",
            "[fe80::1]",
            "[febf::1]",
            "[fec0::1]",
            "[fc00::1]",
            "[fdff::1]",
            "[fd00:ec2::254]",
            "[ff02::1]",
            "[ff0e::1]",
            "[100::1]",
            "[2001::1]",
            "[2001:20::1]",
            "[2001:db8::1]",
            "[2002::1]",
            "[3fff::1]",
            "[5f00::1]",
            "[4000::1]",
            "[64:ff9b::7f00:1]",
            "[2001:0:4136:e378:8000:63bf:3fff:fdd2]",
        ]
        .map(str::to_owned),
    );
    let mut judged = 0;
    for host in &inside {
        let url = format!("https://{host}/hooks");
        assert!(refused(&url).is_some(), "{url} is taken");
        judged += 1;
    }
    assert!(judged >= 600, "{judged}");
}

#[test]
fn numbers_of_the_internet_are_taken() {
    for host in [
        "8.8.8.8",
        "1.1.1.1",
        "9.255.255.255",
        "11.0.0.0",
        "100.63.255.255",
        "100.128.0.0",
        "126.255.255.255",
        "128.0.0.0",
        "168.63.129.15",
        "169.253.255.255",
        "169.255.0.0",
        "172.15.255.255",
        "172.32.0.0",
        "191.255.255.255",
        "192.0.1.0",
        "192.167.255.255",
        "192.169.0.0",
        "198.17.255.255",
        "198.20.0.0",
        "223.255.255.255",
        "[2606:4700::1111]",
        "[2a00:1450::1]",
        "[::ffff:8.8.8.8]",
        "[64:ff9b::8.8.8.8]",
        "[2001:200::1]",
        "[2003::1]",
    ] {
        let url = format!("https://{host}/hooks");
        assert_eq!(refused(&url), None, "{url}");
    }
}

#[test]
fn what_else_is_wrong_is_said() {
    use Refused::{Address, Form, Fragment, Long, Name, Port, Scheme, User};
    for (text, why) in [
        ("", Form),
        ("example.com/hooks", Form),
        ("https://", Form),
        ("https://exa mple.com", Form),
        ("https://example.com\\@10.0.0.1/", Form),
        ("https://example.com/\r\nx: y", Form),
        (" https://example.com", Form),
        ("https://[fe80::1%25eth0]/", Form),
        ("https://999.1.1.1/", Form),
        ("http://example.com/", Scheme),
        ("ftp://example.com/", Scheme),
        ("file:///etc/passwd", Form),
        ("gopher://example.com:70/", Scheme),
        ("http://127.0.0.1:9000/", Scheme),
        ("https://ann@example.com/", User),
        ("https://ann:pw@example.com/", User),
        ("https://:pw@example.com/", User),
        ("https://8.8.8.8@10.0.0.1/", User),
        ("https://example.com/#x", Fragment),
        ("https://example.com:22/", Port),
        ("https://example.com:80/", Port),
        ("https://example.com:0/", Port),
        ("https://example.com:1023/", Port),
        ("https://localhost/", Name),
        ("https://LOCALHOST:9000/", Name),
        ("https://a.localhost/", Name),
        ("https://metadata.google.internal/", Name),
        ("https://printer.local/", Name),
        ("https://router.home.arpa/", Name),
        ("https://intranet/", Name),
        ("https://x.corp./", Name),
        ("https://0/", Address),
    ] {
        assert_eq!(refused(text), Some(why), "{text}");
    }
    assert_eq!(refused(&format!("https://example.com/{}", "a".repeat(LONGEST))), Some(Long));
}

#[test]
fn names_of_all_languages_are_taken_in_their_ascii_form() {
    let target = Target::parse("https://Bücher.example:8443/hooks?a=1&b=%20", false).expect("taken");
    assert_eq!(target.as_str(), "https://xn--bcher-kva.example:8443/hooks?a=1&b=%20");
    assert_eq!((target.host().as_str(), target.port()), ("xn--bcher-kva.example", 8443));
    assert_eq!(
        (target.authority().as_str(), target.path().as_str()),
        ("xn--bcher-kva.example:8443", "/hooks?a=1&b=%20")
    );
    let plain = Target::parse("https://example.com", false).expect("taken");
    assert_eq!((plain.authority().as_str(), plain.port(), plain.path().as_str()), ("example.com", 443, "/"));
    let number = Target::parse("https://[2606:4700::1111]:9443/", false).expect("taken");
    assert_eq!(
        (number.host().as_str(), number.authority().as_str()),
        ("2606:4700::1111", "[2606:4700::1111]:9443")
    );
}

/// The switch opens this machine and nothing else.
#[test]
fn the_switch_for_development_opens_this_machine_alone() {
    for text in
        ["http://127.0.0.1:9000/", "http://localhost:9000/", "http://[::1]:9000/", "https://localhost:9000/"]
    {
        let target = Target::parse(text, true).expect(text);
        assert_eq!(target.admits(IpAddr::V4(Ipv4Addr::LOCALHOST)), Ok(()));
        assert_eq!(target.admits("10.0.0.1".parse().expect("a number")), Err(Refused::Address));
        assert!(refused(text).is_some());
    }
    for text in
        ["http://10.0.0.1:9000/", "http://example.com:9000/", "https://10.0.0.1/", "http://0.0.0.0:9000/"]
    {
        assert!(Target::parse(text, true).is_err(), "{text}");
    }
    // A public name that leads here is refused, switch or no switch.
    let public = Target::parse("https://example.com/", true).expect("taken");
    assert_eq!(public.admits(IpAddr::V4(Ipv4Addr::LOCALHOST)), Err(Refused::Address));
}
