//! E-mail as a trade with those who carry it: what a returned mail means, how fast a domain may be written to, how a new sender warms
//! up, and when a store has to stop before it is stopped.

mod domains;
mod guard;
mod returned;
mod slots;
mod warm_up;

pub use domains::{Rates, domain_of, group_of, groups, slowed, too_many, usual};
pub use guard::{Counts, Judgement, WINDOW_DAYS, Why, judge};
pub use returned::{Bounce, classify, readable};
pub use slots::{Booked, Booking, Capacity};
pub use warm_up::{WarmUp, day_start};

/// What stands behind an SMTP address: which hook reports come by, and which header the provider gives back with them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    /// Any mail server.
    Smtp,
    /// Amazon SES.
    Ses,
    /// Postmark.
    Postmark,
    /// SendGrid.
    Sendgrid,
}

impl Service {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Smtp, Self::Ses, Self::Postmark, Self::Sendgrid];

    /// As stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Smtp => "smtp",
            Self::Ses => "ses",
            Self::Postmark => "postmark",
            Self::Sendgrid => "sendgrid",
        }
    }

    /// By its word.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.as_str() == name)
    }
}
