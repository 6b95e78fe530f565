//! What a returned mail means: for good, for now, or nothing at all. By the enhanced code (RFC 3463), and where servers use one code for
//! everything, by what they say with it.

/// Why a mail came back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Bounce {
    /// The mailbox is full, the server was down for days, policy of the moment: it may be otherwise next time.
    Soft,
    /// There is no such mailbox or domain.
    Hard,
}

impl Bounce {
    /// As stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Soft => "soft",
            Self::Hard => "hard",
        }
    }

    /// By its word.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Soft, Self::Hard].into_iter().find(|one| one.as_str() == name)
    }
}

/// What servers say of mailboxes that do not exist, whatever code they use.
const GONE: &[&str] = &[
    "user unknown",
    "unknown user",
    "no such user",
    "user does not exist",
    "does not exist",
    "doesn't exist",
    "no such recipient",
    "recipient not found",
    "unknown recipient",
    "address rejected: undeliverable",
    "invalid recipient",
    "invalid mailbox",
    "mailbox not found",
    "mailbox unavailable",
    "no mailbox here",
    "no such mailbox",
    "account has been disabled",
    "account is disabled",
    "account that you tried to reach is disabled",
    "mailbox disabled",
    "account has been deactivated",
    "host or domain name not found",
    "domain not found",
    "unrouteable address",
    "unrouteable mail domain",
    "recipientnotfound",
    "resolver.adr",
];

/// What they say when it is not for good, whatever code they use.
const LATER: &[&str] = &[
    "quota",
    "mailbox full",
    "mailbox is full",
    "mailboxfull",
    "over limit",
    "spam",
    "blocked",
    "blacklist",
    "blocklist",
    "block list",
    "listed",
    "policy",
    "greylist",
    "reputation",
    "dmarc",
    "dkim",
    "spf",
    "too many",
    "try again",
    "temporar",
    "too large",
    "message size",
    "timed out",
    "timeout",
    "virus",
    "content rejected",
];

fn code(status: &str) -> Option<(u8, u16, u16)> {
    let mut parts = status.trim().split('.');
    let (class, subject) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    let detail = parts.next()?.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()?;
    (parts.next().is_none() && (2..=5).contains(&class)).then_some((class, subject, detail))
}

/// Judges the final word on one recipient: action `failed`, its status and what the server said.
pub fn classify(status: &str, said: &str) -> Bounce {
    let said = said.to_ascii_lowercase();
    let has = |words: &[&str]| words.iter().any(|one| said.contains(one));
    match code(status) {
        // X.1.1 mailbox, X.1.2 domain, X.1.3 syntax, X.1.6 moved, X.1.10 null MX. 5.1.0 and 5.0.0 say nothing by themselves.
        Some((5, 1, 1 | 2 | 3 | 6 | 10)) if !has(&["quota", "mailbox full", "mailbox is full"]) => {
            Bounce::Hard
        }
        // X.2.1 disabled: for good with 5.
        Some((5, 2, 1)) if !has(LATER) => Bounce::Hard,
        // A host that is not found is found nowhere; after days of trying servers say so with 4.4.x as well, which stays soft.
        Some((5, 4, 1 | 4)) if has(GONE) => Bounce::Hard,
        Some((5, 0 | 1 | 7, _)) | None if has(GONE) && !has(LATER) => Bounce::Hard,
        _ => Bounce::Soft,
    }
}

/// What a server said, fit to be kept and shown: one line, without addresses, at most 300 characters.
pub fn readable(said: &str) -> String {
    let words = said.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty());
    let word = |word: &str| {
        // An address is a person's; what they said no to is not kept with their name.
        if word.contains('@') || word.contains("%40") { "…".to_owned() } else { word.to_owned() }
    };
    let text = words.map(word).collect::<Vec<_>>().join(" ");
    text.chars().filter(|c| !c.is_control()).take(300).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mailboxes_that_do_not_exist_are_told_from_those_that_are_full() {
        for (status, said, expected) in [
            ("5.1.1", "550 5.1.1 <ann@example.com>: Recipient address rejected: User unknown", Bounce::Hard),
            ("5.1.1", "The email account that you tried to reach does not exist.", Bounce::Hard),
            ("5.1.10", "RESOLVER.ADR.RecipientNotFound; not found", Bounce::Hard),
            ("5.4.4", "Host or domain name not found. Name service error", Bounce::Hard),
            ("5.0.0", "550 Unrouteable address", Bounce::Hard),
            ("5.2.1", "The email account that you tried to reach is disabled", Bounce::Hard),
            ("5.7.1", "550 5.7.1 recipient does not exist here", Bounce::Hard),
            ("", "550 no such user", Bounce::Hard),
            ("5.2.2", "552 5.2.2 mailbox is full", Bounce::Soft),
            ("5.1.1", "550 5.1.1 quota exceeded", Bounce::Soft),
            ("5.7.1", "550 5.7.1 blocked using a blocklist; mailbox unavailable", Bounce::Soft),
            ("5.7.26", "unauthenticated mail is prohibited", Bounce::Soft),
            ("4.4.1", "connect to mx.example.com: Connection timed out", Bounce::Soft),
            ("4.4.7", "message expired; host not found", Bounce::Soft),
            ("5.3.4", "message too large", Bounce::Soft),
            ("5.0.0", "rejected", Bounce::Soft),
            ("", "", Bounce::Soft),
            ("nonsense", "nonsense", Bounce::Soft),
        ] {
            assert_eq!(classify(status, said), expected, "{status} {said}");
        }
    }

    #[test]
    fn what_was_said_is_kept_without_addresses() {
        let said = "550 5.1.1\r\n <Ann.Smith@example.com>:\tuser\u{0} unknown";
        assert_eq!(readable(said), "550 5.1.1 … user unknown");
        assert_eq!(readable(&"x".repeat(999)).len(), 300);
    }
}
