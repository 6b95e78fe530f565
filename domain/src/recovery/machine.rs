//! Which opens and clicks are people's.
//!
//! Gateways follow every link and proxies fetch every picture, so a hit says little by itself. All hits are kept as
//! they came and judged by what is known of them; figures show "human" first and "all" beside it, and nothing that
//! matters follows from a hit alone.

use crate::{
    bots::is_machine_agent,
    time::{Millis, SECOND},
};
use serde::{Deserialize, Serialize};

/// A click sooner after the hand-over than this is a gateway's: no person has read the mail yet.
pub const CLICK_TOO_SOON: Millis = 10 * SECOND;
/// An open sooner than this is a gateway's.
pub const OPEN_TOO_SOON: Millis = 3 * SECOND;
/// So many different links of one message within [`BURST_WITHIN`] are a gateway's walk through it.
pub const BURST: u32 = 3;
/// See [`BURST`].
pub const BURST_WITHIN: Millis = 10 * SECOND;

/// What was hit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HitKind {
    /// The open pixel.
    Open,
    /// A link.
    Click,
}

/// One request for a pixel or a link.
#[derive(Debug, Clone, Copy)]
pub struct Hit<'a> {
    /// Pixel or link.
    pub kind: HitKind,
    /// HTTP method.
    pub method: &'a str,
    /// `User-Agent`.
    pub user_agent: Option<&'a str>,
    /// `Sec-Purpose`, `Purpose`, `X-Purpose` or `X-Moz`, whichever was sent.
    pub purpose: Option<&'a str>,
    /// When it came.
    pub at: Millis,
    /// When the provider accepted the message.
    pub handed_over_at: Option<Millis>,
    /// Different links of the same message hit within [`BURST_WITHIN`], this one included.
    pub links_in_burst: u32,
}

/// Why a hit is a machine's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MachineReason {
    /// Not a GET or POST: a browser that follows a link sends one.
    Method,
    /// The request calls itself a prefetch or a preview.
    Prefetch,
    /// No `User-Agent`.
    NoAgent,
    /// The agent names a program or a gateway.
    Agent,
    /// Apple's privacy proxy fetches all pictures, whether the mail is read or not.
    AppleProxy,
    /// Sooner than a person can be.
    TooSoon,
    /// Several links at once.
    Burst,
}

impl MachineReason {
    /// As stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Method => "method",
            Self::Prefetch => "prefetch",
            Self::NoAgent => "no_agent",
            Self::Agent => "agent",
            Self::AppleProxy => "apple_proxy",
            Self::TooSoon => "too_soon",
            Self::Burst => "burst",
        }
    }
}

/// Whose hit it is, as far as one can tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Hitter {
    /// Nothing speaks against a person.
    Human,
    /// A machine.
    Machine(MachineReason),
}

impl Hitter {
    /// Whether it counts as a person's.
    pub const fn is_human(self) -> bool {
        matches!(self, Self::Human)
    }
}

/// Judges one hit. Gmail's picture proxy passes, since it fetches when the mail is opened; Apple's does not.
pub fn classify(hit: &Hit<'_>) -> Hitter {
    let agent = hit.user_agent.map(str::trim).unwrap_or_default();
    let soon = match hit.kind {
        HitKind::Open => OPEN_TOO_SOON,
        HitKind::Click => CLICK_TOO_SOON,
    };
    let too_soon = hit.handed_over_at.is_some_and(|sent| hit.at - sent < soon);
    let announced = |text: &str| {
        let lower = text.to_ascii_lowercase();
        ["prefetch", "prerender", "preview"].iter().any(|word| lower.contains(word))
    };
    let findings = [
        (!["GET", "POST"].contains(&hit.method), MachineReason::Method),
        (hit.purpose.is_some_and(announced), MachineReason::Prefetch),
        (agent.is_empty(), MachineReason::NoAgent),
        // Apple's proxy sends these eleven characters and nothing else.
        (hit.kind == HitKind::Open && agent == "Mozilla/5.0", MachineReason::AppleProxy),
        (is_machine_agent(agent), MachineReason::Agent),
        (too_soon, MachineReason::TooSoon),
        (hit.kind == HitKind::Click && hit.links_in_burst >= BURST, MachineReason::Burst),
    ];
    findings
        .into_iter()
        .find(|(holds, _)| *holds)
        .map_or(Hitter::Human, |(_, reason)| Hitter::Machine(reason))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHROME: &str =
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/130.0.0.0 Safari/537.36";
    const GMAIL: &str =
        "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)";

    fn hit(kind: HitKind) -> Hit<'static> {
        Hit {
            kind,
            method: "GET",
            user_agent: Some(CHROME),
            purpose: None,
            at: 60 * SECOND,
            handed_over_at: Some(0),
            links_in_burst: 1,
        }
    }

    #[test]
    fn people_open_and_click() {
        for kind in [HitKind::Open, HitKind::Click] {
            assert_eq!(classify(&hit(kind)), Hitter::Human);
            assert!(classify(&Hit { handed_over_at: None, ..hit(kind) }).is_human());
        }
        assert!(classify(&Hit { user_agent: Some(GMAIL), ..hit(HitKind::Open) }).is_human());
        assert!(
            classify(&Hit { method: "POST", links_in_burst: BURST - 1, ..hit(HitKind::Click) }).is_human()
        );
        assert!(classify(&Hit { purpose: Some("navigate"), ..hit(HitKind::Click) }).is_human());
    }

    #[test]
    fn machines_are_told_by_each_sign() {
        use MachineReason::{Agent, AppleProxy, Burst, Method, NoAgent, Prefetch, TooSoon};
        let (open, click) = (hit(HitKind::Open), hit(HitKind::Click));
        let rows = [
            (Hit { method: "HEAD", ..click }, Method),
            (Hit { method: "OPTIONS", ..click }, Method),
            (Hit { purpose: Some("prefetch;prerender"), ..click }, Prefetch),
            (Hit { purpose: Some("Preview"), ..open }, Prefetch),
            (Hit { user_agent: None, ..click }, NoAgent),
            (Hit { user_agent: Some("  "), ..open }, NoAgent),
            (Hit { user_agent: Some("Mozilla/5.0"), ..open }, AppleProxy),
            (Hit { user_agent: Some("Barracuda Sentinel (EE)"), ..click }, Agent),
            (Hit { user_agent: Some("python-requests/2.32.3"), ..click }, Agent),
            (Hit { at: CLICK_TOO_SOON - 1, ..click }, TooSoon),
            (Hit { at: -SECOND, ..click }, TooSoon),
            (Hit { at: OPEN_TOO_SOON - 1, ..open }, TooSoon),
            (Hit { links_in_burst: BURST, ..click }, Burst),
        ];
        for (hit, reason) in rows {
            assert_eq!(classify(&hit), Hitter::Machine(reason), "{hit:?}");
        }
        assert!(classify(&Hit { at: CLICK_TOO_SOON, ..click }).is_human());
        assert!(classify(&Hit { at: OPEN_TOO_SOON, ..open }).is_human());
        // A bare agent that presses a link is odd, but it is no picture proxy.
        assert!(classify(&Hit { user_agent: Some("Mozilla/5.0"), ..click }).is_human());
    }
}
