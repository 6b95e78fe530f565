//! How many requests each caller of the GraphQL API may send, and the headers that say how they stand (IETF draft "RateLimit header
//! fields for HTTP", `RateLimit-Policy` and `RateLimit`): whoever writes a client sees the end coming instead of meeting it.

use crate::{
    auth::{Viewer, Who},
    ingest::limit::{Buckets, Rate, Standing, retry_after},
};
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use cartwheel_domain::{
    ids::{ApiKeyId, MemberId},
    time::Millis,
};
use std::{fmt, net::IpAddr};

/// Who has a bucket: a key, a person however many browsers they use, or the address of whoever shows neither.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Caller {
    /// A key of the API.
    Key(ApiKeyId),
    /// A signed-in member.
    Member(MemberId),
    /// Nobody that is known; `None` where not even an address is.
    Stranger(Option<IpAddr>),
}

impl Caller {
    /// Whoever a viewer is.
    pub fn of(viewer: &Viewer) -> Self {
        match viewer.who {
            Who::Key(id) => Self::Key(id),
            Who::Member(id) => Self::Member(id),
        }
    }
}

/// The buckets of all callers.
pub struct Rates {
    rate: Rate,
    buckets: Buckets<Caller>,
}

/// How a caller stands.
#[derive(Debug, Clone, Copy)]
pub struct Stand {
    rate: Rate,
    standing: Standing,
}

/// What somebody is told who has to wait.
#[derive(Debug, Clone, Copy)]
pub struct TooMany(i64);

impl fmt::Display for TooMany {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "too many requests; send the next one in {} seconds", self.0)
    }
}

impl Rates {
    /// So many requests a second for each, five seconds' worth of them at once.
    pub fn new(per_second: u32) -> Self {
        let rate = Rate { per_second, burst: per_second.saturating_mul(5) };
        Self { rate, buckets: Buckets::default() }
    }

    /// Counts a request. A stranger has a tenth: all there is for them is to be told to sign in.
    pub fn take(&self, caller: Caller, now: Millis) -> Stand {
        let Rate { per_second, burst } = self.rate;
        let rate = match caller {
            Caller::Stranger(_) => Rate { per_second: (per_second / 10).max(1), burst: (burst / 10).max(1) },
            Caller::Key(_) | Caller::Member(_) => self.rate,
        };
        Stand { rate, standing: self.buckets.take(caller, rate, 1, now) }
    }
}

impl Stand {
    /// That the request is one too many.
    pub fn refused(&self) -> Option<TooMany> {
        (self.standing.wait > 0).then(|| TooMany(retry_after(self.standing.wait)))
    }

    /// Says in an answer how the caller stands.
    pub fn tell(&self, headers: &mut HeaderMap) {
        let Rate { per_second, burst } = self.rate;
        let seconds = retry_after(self.standing.full_again);
        let mut say = |name: &'static str, value: String| {
            if let Ok(value) = HeaderValue::from_str(&value) {
                headers.insert(HeaderName::from_static(name), value);
            }
        };
        say("ratelimit-policy", format!("\"default\";q={burst};w={}", burst / per_second.max(1)));
        say("ratelimit", format!("\"default\";r={};t={seconds}", self.standing.left));
        if let Some(TooMany(wait)) = self.refused() {
            say("retry-after", wait.to_string());
        }
    }
}
