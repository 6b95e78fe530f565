//! When a store has to slow down or stop: before mailbox providers and the service that carries its mail do it for good. Amazon SES
//! reviews accounts at 5 % bounces and 0.1 % complaints and stops them at 10 % and 0.5 %; Gmail wants less than 0.1 % and turns mail away
//! from 0.3 % on.

/// Days that are counted: those before today and today.
pub const WINDOW_DAYS: i32 = 7;
/// Fewer messages say nothing about bounces: one of ten is chance.
const FOR_BOUNCES: u64 = 100;
/// Fewer messages say nothing about complaints.
const FOR_COMPLAINTS: u64 = 1_000;
/// A single complaint is somebody's mood.
const COMPLAINTS: u64 = 2;

/// Mail of a store in the window.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Accepted.
    pub sent: u64,
    /// Of them, came back for good or for want of room.
    pub bounced: u64,
    /// Of them, reported as spam.
    pub complained: u64,
}

/// What is too much.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// Mail that came back.
    Bounces,
    /// Reports of spam.
    Complaints,
}

impl Why {
    /// As stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Bounces => "bounces",
            Self::Complaints => "complaints",
        }
    }
}

/// What the counts come to, the mildest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Judgement {
    /// Go on.
    Fine,
    /// Complaints come near: tell people.
    Warn,
    /// Send slowly.
    Slow,
    /// Send nothing.
    Pause,
}

impl Judgement {
    /// As stored; nothing stands for [`Judgement::Fine`].
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Fine => "fine",
            Self::Warn => "warned",
            Self::Slow => "slow",
            Self::Pause => "paused",
        }
    }

    /// By its word.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Fine, Self::Warn, Self::Slow, Self::Pause].into_iter().find(|one| one.as_str() == name)
    }
}

/// Judges: bounces slow at 2 % and pause at 5 %, complaints warn at 0.08 % and pause at 0.1 %.
pub fn judge(counts: Counts) -> (Judgement, Why) {
    let Counts { sent, bounced, complained } = counts;
    // Whole numbers: parts in ten thousand.
    let parts = |n: u64| n.saturating_mul(10_000) / sent.max(1);
    let by_bounces = match parts(bounced) {
        _ if sent < FOR_BOUNCES => Judgement::Fine,
        500.. => Judgement::Pause,
        200.. => Judgement::Slow,
        _ => Judgement::Fine,
    };
    let by_complaints = match parts(complained) {
        _ if sent < FOR_COMPLAINTS || complained < COMPLAINTS => Judgement::Fine,
        10.. => Judgement::Pause,
        8.. => Judgement::Warn,
        _ => Judgement::Fine,
    };
    if by_complaints >= by_bounces && by_complaints > Judgement::Fine {
        (by_complaints, Why::Complaints)
    } else {
        (by_bounces, Why::Bounces)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(sent: u64, bounced: u64, complained: u64) -> (Judgement, Why) {
        judge(Counts { sent, bounced, complained })
    }

    #[test]
    fn the_limits_are_those_of_the_quality_document() {
        use Judgement::{Fine, Pause, Slow, Warn};
        for (sent, bounced, complained, expected) in [
            (10_000, 0, 0, Fine),
            (10_000, 199, 0, Fine),
            (10_000, 200, 0, Slow),
            (10_000, 499, 0, Slow),
            (10_000, 500, 0, Pause),
            (10_000, 0, 7, Fine),
            (10_000, 0, 8, Warn),
            (10_000, 0, 9, Warn),
            (10_000, 0, 10, Pause),
            (10_000, 200, 8, Slow),
            (10_000, 200, 10, Pause),
            (10_000, 500, 8, Pause),
        ] {
            assert_eq!(judged(sent, bounced, complained).0, expected, "{sent} {bounced} {complained}");
        }
        assert_eq!(judged(10_000, 500, 10), (Pause, Why::Complaints), "the graver to recipients is named");
        assert_eq!(judged(10_000, 500, 9).1, Why::Bounces);
    }

    #[test]
    fn a_few_messages_say_nothing() {
        assert_eq!(judged(10, 1, 0).0, Judgement::Fine);
        assert_eq!(judged(99, 99, 99).0, Judgement::Fine);
        assert_eq!(judged(100, 5, 0).0, Judgement::Pause);
        assert_eq!(judged(999, 0, 50).0, Judgement::Fine);
        assert_eq!(judged(1_000, 0, 1).0, Judgement::Fine, "one complaint stops nobody");
        assert_eq!(judged(1_000, 0, 2).0, Judgement::Pause);
        assert_eq!(judged(0, 3, 3).0, Judgement::Fine);
    }
}
