//! Addresses in mails: https, mailto and tel, and nothing that runs.

use super::html_state::UrlPart;

/// What stands in place of an address that is not allowed.
pub const REFUSED: &str = "#";

/// Whether an address may stand in a mail: `https:`, `mailto:` or `tel:`; plain `http:` only to this machine or a
/// private network, where there is no certificate to be had (trying out, test installations).
pub fn is_allowed(address: &str) -> bool {
    let address = address.trim();
    if address.chars().any(char::is_control) {
        return false;
    }
    let Some((scheme, rest)) = address.split_once(':') else { return false };
    match scheme.to_ascii_lowercase().as_str() {
        // A backslash is a slash to browsers and a plain character to others: nobody may choose between two hosts.
        "https" | "http" if rest.contains('\\') => false,
        "https" => rest.starts_with("//") && rest.len() > 2,
        "mailto" | "tel" => !rest.is_empty(),
        "http" => rest.strip_prefix("//").is_some_and(is_private_authority),
        _ => false,
    }
}

fn is_private_authority(rest: &str) -> bool {
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if authority.contains('@') {
        return false;
    }
    if let Some(inner) = authority.strip_prefix('[') {
        return inner.starts_with("::1]");
    }
    let host = authority.split(':').next().unwrap_or_default().to_ascii_lowercase();
    if host == "localhost"
        || host.ends_with(".localhost")
        || host.ends_with(".local")
        || host.ends_with(".test")
    {
        return true;
    }
    match host.parse::<std::net::Ipv4Addr>() {
        Ok(ip) => ip.is_loopback() || ip.is_private(),
        Err(_) => false,
    }
}

/// `text` as it goes into an address at `part`, before HTML escaping, and the part after it.
pub(crate) fn for_place(text: &str, part: UrlPart) -> (String, UrlPart) {
    match part {
        UrlPart::Start => {
            let text = text.trim();
            if text.is_empty() {
                return (String::new(), UrlPart::Start);
            }
            // Shop platforms hand out image addresses without a scheme.
            let address = if text.starts_with("//") { format!("https:{text}") } else { text.to_owned() };
            if !is_allowed(&address) {
                return (REFUSED.to_owned(), UrlPart::Query);
            }
            let after = if address.contains(['?', '#']) { UrlPart::Query } else { UrlPart::Path };
            (tidy(&address), after)
        }
        UrlPart::Path => {
            let after = if text.contains(['?', '#']) { UrlPart::Query } else { UrlPart::Path };
            (tidy(text), after)
        }
        UrlPart::Query => (encode(text), UrlPart::Query),
    }
}

/// Percent-encodes what cannot stand in an address at all, and leaves its structure alone.
pub(crate) fn tidy(text: &str) -> String {
    encode_unless(text, |b| b.is_ascii_graphic() && !b"\"'<>\\^`{|}".contains(&b))
}

/// Percent-encodes all but the unreserved characters of RFC 3986.
pub(crate) fn encode(text: &str) -> String {
    encode_unless(text, |b| b.is_ascii_alphanumeric() || b"-._~".contains(&b))
}

fn encode_unless(text: &str, keep: impl Fn(u8) -> bool) -> String {
    let mut out = String::with_capacity(text.len());
    for b in text.bytes() {
        if keep(b) {
            out.push(char::from(b));
        } else {
            out.push('%');
            for nibble in [b >> 4, b & 15] {
                out.push(char::from_digit(u32::from(nibble), 16).unwrap_or('0').to_ascii_uppercase());
            }
        }
    }
    out
}
