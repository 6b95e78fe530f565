//! How fast which mailboxes are written to. The table is data (`domains.txt`); a store may say otherwise.

use crate::time::{HOUR, MINUTE, Millis};
use std::collections::BTreeMap;

const TABLE: &str = include_str!("domains.txt");

/// What a store says otherwise: a group of the table or a domain, and messages a minute.
pub type Rates = BTreeMap<String, u32>;

/// A line of the table: its name, its rate, the domains it is about.
fn lines() -> impl Iterator<Item = (&'static str, u32, std::str::SplitWhitespace<'static>)> {
    TABLE.lines().filter(|line| !line.starts_with('#')).filter_map(|line| {
        let mut words = line.split_whitespace();
        Some((words.next()?, words.next()?.parse().ok()?, words))
    })
}

/// The domain of an address, in lower case; empty for what is none.
pub fn domain_of(address: &str) -> String {
    address.rsplit_once('@').map_or_else(String::new, |(_, domain)| domain.to_ascii_lowercase())
}

fn matches(pattern: &str, domain: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(beginning) => domain.strip_prefix(beginning).is_some_and(|rest| !rest.is_empty()),
        None => pattern == domain,
    }
}

/// Under which name a domain is counted: the mailboxes of one provider together, any other domain by itself.
pub fn group_of(domain: &str) -> String {
    let known = lines().find(|(_, _, patterns)| patterns.clone().any(|pattern| matches(pattern, domain)));
    known.map_or_else(|| domain.to_owned(), |(name, ..)| name.to_owned())
}

/// The groups of the table with their rates, and `*` for every other domain.
pub fn groups() -> impl Iterator<Item = (&'static str, u32)> {
    lines().map(|(name, rate, _)| (name, rate))
}

/// Messages a minute to a group (or to a domain by itself), where nothing has slowed it.
pub fn usual(group: &str, own: &Rates) -> u32 {
    let of = |name: &str| own.get(name).copied().or_else(|| lines().find(|l| l.0 == name).map(|l| l.1));
    of(group).or_else(|| of("*")).unwrap_or(60).max(1)
}

/// The rate after `level` answers that said "too many", each of which halves it; never less than one a minute. And how long the latest
/// of them is heeded.
pub fn slowed(rate: u32, level: u32) -> (u32, Millis) {
    let lasts = (15 * MINUTE).saturating_mul(1 << level.saturating_sub(1).min(6)).min(6 * HOUR);
    ((rate >> level.min(10)).max(1), if level == 0 { 0 } else { lasts })
}

/// Words by which servers say that they are written to too often (Gmail 4.7.28 and 4.2.1, Microsoft S77714 and RP-001, Yahoo TS01 to
/// TS04, GMX and web.de, Telekom, and what Postfix and Exim say by themselves).
const SAID: &[&str] = &[
    "too many",
    "too much",
    "too fast",
    "too frequent",
    "rate limit",
    "rate-limit",
    "ratelimit",
    "rate that",
    "throttl",
    "unusual rate",
    "temporarily deferred",
    "temporarily rate",
    "exceeded the rate",
    "exceeds the rate",
    "exceeded the limit",
    "slow down",
    "[ts0",
    "[tss0",
    "rp-001",
    "rp-002",
    "rp-003",
    "s77714",
    "4.7.28",
    "connection frequency",
    "maximum number of",
];

/// Whether a temporary no says that its domain is written to too often. `reply` begins with the code.
pub fn too_many(reply: &str) -> bool {
    let said = reply.to_ascii_lowercase();
    said.starts_with('4') && SAID.iter().any(|words| said.contains(words))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mailboxes_of_one_provider_are_one_group() {
        for (domain, group) in [
            ("gmail.com", "gmail"),
            ("googlemail.com", "gmail"),
            ("hotmail.co.uk", "microsoft"),
            ("outlook.de", "microsoft"),
            ("yahoo.fr", "yahoo"),
            ("web.de", "gmx"),
            ("gmx.net", "gmx"),
            ("outlook.", "outlook."),
            ("notgmail.com", "notgmail.com"),
            ("gmail.com.evil.example", "gmail.com.evil.example"),
            ("wheelhouse.example", "wheelhouse.example"),
        ] {
            assert_eq!(group_of(domain), group, "{domain}");
        }
        assert_eq!(domain_of("Ann@GMail.com"), "gmail.com");
        assert_eq!(domain_of("nobody"), "");
        assert!(groups().count() >= 10 && groups().any(|(name, _)| name == "*"), "the table is read");
    }

    #[test]
    fn a_store_may_say_otherwise() {
        let own = Rates::from([("gmail".into(), 7), ("wheelhouse.example".into(), 3), ("*".into(), 5)]);
        let none = Rates::new();
        assert_eq!((usual("gmail", &none), usual("gmail", &own)), (300, 7));
        assert_eq!((usual("wheelhouse.example", &none), usual("wheelhouse.example", &own)), (60, 3));
        assert_eq!(usual("other.example", &own), 5);
        assert_eq!(usual("x", &Rates::from([("x".into(), 0)])), 1, "never nothing: it would wait for ever");
    }

    #[test]
    fn each_answer_halves_the_rate_for_longer() {
        assert_eq!(slowed(300, 0), (300, 0));
        assert_eq!(slowed(300, 1), (150, 15 * MINUTE));
        assert_eq!(slowed(300, 3), (37, HOUR));
        assert_eq!(slowed(1, 40), (1, 6 * HOUR));
    }

    #[test]
    fn too_many_is_told_from_other_noes() {
        for said in [
            "421 4.7.28 Gmail has detected an unusual rate of unsolicited mail originating from your IP address",
            "450 4.2.1 The user you are trying to contact is receiving mail at a rate that prevents additional messages",
            "421 RP-001 (SNT004-MC1F43) Unfortunately, some messages from 192.0.2.1 weren't sent",
            "451 4.7.650 The mail server [192.0.2.1] has been temporarily rate limited due to IP reputation",
            "421 4.7.0 [TSS04] Messages from 192.0.2.1 temporarily deferred due to unexpected volume",
            "450 4.7.1 Error: too many recipients",
            "452 4.5.3 Too many messages in this session",
        ] {
            assert!(too_many(said), "{said}");
        }
        for said in [
            "450 4.2.0 Greylisted, see http://postgrey.example",
            "452 4.2.2 mailbox full",
            "550 5.7.1 too many complaints",
            "451 4.3.0 local error",
            "",
        ] {
            assert!(!too_many(said), "{said}");
        }
    }
}
