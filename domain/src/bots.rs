//! Marks that keep a cart out of every rate and every mailing: bots, tests, staff.
//!
//! What is marked is kept and shown with its reason, never blocked: a shopper wrongly taken for a machine can still
//! buy, and the merchant can see what was filtered.

use crate::{contact_point::EmailAddress, event::Marks};
use serde::{Deserialize, Serialize};

/// Agents of programs, lower case, by what their `User-Agent` contains.
const AGENTS: &[&str] = &[
    "bot",
    "crawl",
    "spider",
    "slurp",
    "scanner",
    "headlesschrome",
    "phantomjs",
    "puppeteer",
    "playwright",
    "selenium",
    "lighthouse",
    "curl/",
    "wget/",
    "python-requests",
    "python-urllib",
    "aiohttp",
    "httpx/",
    "go-http-client",
    "java/",
    "okhttp",
    "apache-httpclient",
    "libwww-perl",
    "node-fetch",
    "axios/",
    "undici",
    "guzzlehttp",
    "facebookexternalhit",
    "whatsapp/",
    "skypeuripreview",
    "bingpreview",
    "google-safety",
    "google-read-aloud",
    "mediapartners-google",
    "storebot",
    "barracuda",
    "proofpoint",
    "mimecast",
    "symantec",
    "messagelabs",
    "trendmicro",
    "trend micro",
    "fortiguard",
    "ironport",
    "zscaler",
    "sophos",
    "urlscan",
    "virustotal",
    "mailscanner",
    "link-check",
    "linkcheck",
    "uptime",
    "pingdom",
    "statuscake",
    "monitor",
];

/// What contains a word of [`AGENTS`] and is none: Cubot makes telephones.
const NOT_AGENTS: &[&str] = &["cubot"];

/// Domains that only crawlers give as an address. Google's shopping crawler fills carts as a guest of this one.
const BOT_DOMAINS: &[&str] = &["storebotmail.joonix.net"];

/// Carts of one browser or address in an hour beyond which no person is behind them.
pub const CARTS_PER_HOUR: u32 = 30;

/// Whether a `User-Agent` names a program rather than somebody's browser. One longer than 1,000 characters does.
pub fn is_machine_agent(user_agent: &str) -> bool {
    if user_agent.len() > 1_000 {
        return true;
    }
    let mut lower = user_agent.to_ascii_lowercase();
    for not in NOT_AGENTS {
        lower = lower.replace(not, "");
    }
    AGENTS.iter().any(|agent| lower.contains(agent))
}

/// What is known of whoever filled a cart.
#[derive(Debug, Clone, Copy, Default)]
pub struct Visitor<'a> {
    /// Address given.
    pub email: Option<&'a EmailAddress>,
    /// `User-Agent`.
    pub user_agent: Option<&'a str>,
    /// Carts begun by the same browser or network address within the last hour, this one included.
    pub carts_last_hour: u32,
    /// Marks the source itself gave: a platform's test order, a staff account.
    pub given: Marks,
    /// Domains of the store's own people, `example.com`; their subdomains count too.
    pub staff_domains: &'a [String],
}

/// Why something was marked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The source said so.
    Source,
    /// The agent names a program.
    Agent,
    /// The address is of a crawler's domain.
    BotDomain,
    /// More carts in an hour than a person fills.
    Velocity,
    /// The address is under `.invalid`, which never exists (RFC 2606).
    InvalidDomain,
    /// The address is of the store's own people.
    StaffDomain,
}

/// Marks, and why.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Judgement {
    /// The marks.
    pub marks: Marks,
    /// One reason per finding.
    pub reasons: Vec<Reason>,
}

/// Marks a visitor. Marks the source gave stay.
pub fn judge(visitor: &Visitor<'_>) -> Judgement {
    let domain = visitor.email.map_or("", EmailAddress::domain);
    let under = |parent: &str| {
        let parent = parent.trim().trim_start_matches('@');
        !parent.is_empty()
            && domain.len() >= parent.len()
            && domain.is_char_boundary(domain.len() - parent.len())
            && domain[domain.len() - parent.len()..].eq_ignore_ascii_case(parent)
            && (domain.len() == parent.len() || domain[..domain.len() - parent.len()].ends_with('.'))
    };
    let given = visitor.given;
    let bot = [
        (visitor.user_agent.is_some_and(is_machine_agent), Reason::Agent),
        (BOT_DOMAINS.iter().any(|d| under(d)), Reason::BotDomain),
        (visitor.carts_last_hour > CARTS_PER_HOUR, Reason::Velocity),
    ];
    let test = [(under("invalid"), Reason::InvalidDomain)];
    let staff = [(visitor.staff_domains.iter().any(|d| under(d)), Reason::StaffDomain)];
    let found = |all: &[(bool, Reason)]| all.iter().any(|(holds, _)| *holds);
    let marks = Marks {
        bot: given.bot || found(&bot),
        test: given.test || found(&test),
        staff: given.staff || found(&staff),
    };
    let by_source = given.bot || given.test || given.staff;
    let findings =
        bot.into_iter().chain(test).chain(staff).filter(|(holds, _)| *holds).map(|(_, reason)| reason);
    Judgement { marks, reasons: by_source.then_some(Reason::Source).into_iter().chain(findings).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const CHROME: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36";

    fn judged(email: &str, agent: &str, carts: u32, staff: &[&str]) -> Judgement {
        let email: Option<EmailAddress> = email.parse().ok();
        let staff: Vec<String> = staff.iter().map(|s| (*s).to_owned()).collect();
        judge(&Visitor {
            email: email.as_ref(),
            user_agent: Some(agent),
            carts_last_hour: carts,
            given: Marks::default(),
            staff_domains: &staff,
        })
    }

    #[test]
    fn shoppers_are_not_marked() {
        let phones = [
            CHROME,
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1",
            "Mozilla/5.0 (Linux; Android 11; CUBOT NOTE 20) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Mobile Safari/537.36",
            "Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0",
            "",
        ];
        for agent in phones {
            assert_eq!(
                judged("ann@example.com", agent, CARTS_PER_HOUR, &["shop.example"]),
                Judgement::default(),
                "{agent}"
            );
        }
        assert_eq!(judge(&Visitor::default()), Judgement::default());
    }

    #[test]
    fn machines_are_marked_with_the_reason() {
        for agent in [
            "Mozilla/5.0 (compatible; Googlebot/2.1)",
            "curl/8.5.0",
            "python-requests/2.32",
            "Mozilla/5.0 HeadlessChrome/130.0",
            &"x".repeat(1_001),
        ] {
            let found = judged("ann@example.com", agent, 1, &[]);
            assert_eq!((found.marks.bot, found.reasons), (true, vec![Reason::Agent]), "{agent}");
        }
        for address in
            ["a@storebotmail.joonix.net", "x.y@sub.storebotmail.joonix.net", "A@STOREBOTMAIL.JOONIX.NET"]
        {
            assert_eq!(judged(address, CHROME, 1, &[]).reasons, [Reason::BotDomain], "{address}");
        }
        assert_eq!(judged("a@notstorebotmail.joonix.net", CHROME, 1, &[]), Judgement::default());
        assert_eq!(judged("ann@example.com", CHROME, CARTS_PER_HOUR + 1, &[]).reasons, [Reason::Velocity]);
    }

    #[test]
    fn staff_and_tests_are_marked() {
        for address in ["boss@wheelhouse.example", "boss@mail.wheelhouse.example"] {
            let found = judged(address, CHROME, 1, &["", " Wheelhouse.example "]);
            assert_eq!(
                (found.marks.staff, found.marks.bot, found.reasons),
                (true, false, vec![Reason::StaffDomain]),
                "{address}"
            );
        }
        assert!(judged("boss@wheelhouse.example", CHROME, 1, &["@wheelhouse.example"]).marks.staff);
        assert!(!judged("boss@otherwheelhouse.example", CHROME, 1, &["wheelhouse.example"]).marks.staff);
        assert_eq!(judged("x@nobody.invalid", CHROME, 1, &[]).reasons, [Reason::InvalidDomain]);
        assert!(!judged("x@invalid.example", CHROME, 1, &[]).marks.test);
    }

    #[test]
    fn what_the_source_says_stays() {
        let given = Marks { test: true, ..Marks::default() };
        let found = judge(&Visitor { given, ..Visitor::default() });
        assert_eq!((found.marks, found.reasons), (given, vec![Reason::Source]));
    }

    proptest! {
        #[test]
        fn never_panics(email in "[a-zé.]{1,8}@[a-zé.]{1,12}", agent in "\\PC{0,60}", staff in "\\PC{0,12}") {
            let _ = judged(&email, &agent, 0, &[&staff]);
        }
    }
}
