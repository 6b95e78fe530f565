//! What an organisation pays for: its row, its months, and what it may use in one.

use super::plans::{Book, FREE, Plan};
use crate::{
    clock::Env,
    db::{DbError, Organised},
    messages::usage::hour_of,
};
use cartwheel_domain::time::Millis;
use cartwheel_entity::{billing_account, usage_period};
use chrono::{DateTime, Datelike, Months, NaiveTime, Utc};
use sea_orm::{ActiveModelTrait, ColumnTrait, IntoActiveModel, QueryFilter, QuerySelect};
use std::collections::BTreeMap;
use uuid::Uuid;

/// How a subscription stands, in Stripe's words; `none` before there is one.
pub mod status {
    /// None yet.
    pub const NONE: &str = "none";
    /// It costs nothing yet.
    pub const TRIALING: &str = "trialing";
    /// Paid.
    pub const ACTIVE: &str = "active";
    /// A payment failed; Stripe tries again.
    pub const PAST_DUE: &str = "past_due";
    /// A payment failed, and Stripe has given up.
    pub const UNPAID: &str = "unpaid";
    /// Over.
    pub const CANCELED: &str = "canceled";
}

/// Why sending waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hold {
    /// The month's messages or contacts are used up.
    Cap,
    /// A payment has been missing for too long.
    Unpaid,
    /// The subscription ended.
    Ended,
}

impl Hold {
    /// As stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Cap => "cap",
            Self::Unpaid => "unpaid",
            Self::Ended => "ended",
        }
    }

    /// The hold of a stored word.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Cap, Self::Unpaid, Self::Ended].into_iter().find(|h| h.as_str() == name)
    }
}

/// A month of usage: from, until.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Month {
    /// Its first hour's beginning: messages are counted by the hour, and the hour in which it begins is its own.
    pub start: Millis,
    /// Where the next begins.
    pub end: Millis,
}

fn plus(at: DateTime<Utc>, months: i32) -> Option<DateTime<Utc>> {
    let by = Months::new(months.unsigned_abs());
    if months < 0 { at.checked_sub_months(by) } else { at.checked_add_months(by) }
}

/// The month that holds `at`, of those that begin with `anchor`: as Stripe counts them, each on the anchor's day, or on the month's last
/// where it has no such day.
pub fn month(anchor: Millis, at: Millis) -> Month {
    let day = |at| DateTime::<Utc>::from_timestamp_millis(at).unwrap_or_default();
    let (from, to) = (day(hour_of(anchor)), day(at));
    let mut n = (to.year() - from.year()) * 12 + i32::try_from(to.month()).unwrap_or(0)
        - i32::try_from(from.month()).unwrap_or(0);
    let start = |n| plus(from, n).map_or(anchor, |d| d.timestamp_millis());
    if start(n) > at {
        n -= 1;
    }
    Month { start: start(n), end: start(n + 1) }
}

/// Where calendar months begin, for whoever pays nothing.
fn calendar(at: Millis) -> Millis {
    let day = DateTime::<Utc>::from_timestamp_millis(at).unwrap_or_default();
    let first = day.date_naive().with_day(1).unwrap_or(day.date_naive());
    first.and_time(NaiveTime::MIN).and_utc().timestamp_millis()
}

/// A row as it is before anything was bought.
fn fresh(organisation: Uuid, now: Millis) -> billing_account::Model {
    billing_account::Model {
        organisation_id: organisation,
        customer_id: None,
        subscription_id: None,
        status: status::NONE.into(),
        plan: FREE.into(),
        cycle: "month".into(),
        currency: "EUR".into(),
        price_minor: 0,
        anchor: calendar(now),
        period_end: None,
        trial_end: None,
        cancel_at: None,
        past_due_since: None,
        ended_at: None,
        subscribed_at: None,
        next_plan: None,
        beyond: false,
        hold: None,
        hold_until: None,
        contacts: 0,
        judge_at: now,
        news: 0,
        ask_at: now,
        asked_at: None,
        attempts: 0,
        epoch: 0,
        created_at: now,
    }
}

/// The account of an organisation, made where there is none, and locked until the transaction ends.
///
/// # Errors
/// What the database says.
pub async fn lock(organised: &Organised<'_>, env: &Env) -> Result<billing_account::Model, DbError> {
    // Two that make it at once wait for each other here.
    organised.lock().await?;
    if let Some(row) =
        organised.find::<billing_account::Entity>().lock_exclusive().one(organised.on()).await?
    {
        return Ok(row);
    }
    let row = fresh(organised.organisation_id().uuid(), env.now());
    organised.insert::<billing_account::Entity>(row.clone().into_active_model().reset_all()).await?;
    Ok(row)
}

/// The account of an organisation as it is, or as it would be.
///
/// # Errors
/// What the database says.
pub async fn look(organised: &Organised<'_>, env: &Env) -> Result<billing_account::Model, DbError> {
    let row = organised.find::<billing_account::Entity>().one(organised.on()).await?;
    Ok(row.unwrap_or_else(|| fresh(organised.organisation_id().uuid(), env.now())))
}

/// The plan an account has.
pub fn plan<'b>(book: &'b Book, row: &billing_account::Model) -> &'b Plan {
    book.plan_or_free(&row.plan)
}

/// When a subscription's data may go.
pub fn retained_until(book: &Book, row: &billing_account::Model) -> Option<Millis> {
    row.ended_at.filter(|_| row.status == status::CANCELED).map(|at| at + book.retention())
}

/// Until when sending goes on though a payment is missing.
pub fn grace_ends(book: &Book, row: &billing_account::Model) -> Option<Millis> {
    row.past_due_since.filter(|_| row.status == status::PAST_DUE).map(|at| at + book.grace())
}

/// What was used in a month, by store and channel.
///
/// # Errors
/// What the database says.
pub async fn used(organised: &Organised<'_>, month: Month) -> Result<Vec<usage_period::Model>, DbError> {
    let query =
        organised.find::<usage_period::Entity>().filter(usage_period::Column::PeriodStart.eq(month.start));
    Ok(query.all(organised.on()).await?)
}

/// The same by channel alone.
pub fn by_channel(rows: &[usage_period::Model]) -> BTreeMap<&str, i64> {
    let mut sums = BTreeMap::new();
    for row in rows {
        *sums.entry(row.channel.as_str()).or_insert(0) += row.units;
    }
    sums
}

/// How much of a cap is used, in whole percent; more than all of it where there is none and something was used.
pub fn percent(used: i64, cap: u64) -> i64 {
    match i64::try_from(cap) {
        Ok(0) => 100 * i64::from(used > 0),
        Ok(cap) => used.saturating_mul(100) / cap,
        Err(_) => 0,
    }
}

/// What a month comes to if it goes on as it began. Of less than a day nothing is said.
pub fn forecast(used: i64, month: Month, now: Millis) -> Option<i64> {
    let (gone, whole) = (now - month.start, month.end - month.start);
    if gone < cartwheel_domain::time::DAY || whole <= 0 {
        return None;
    }
    let sum = i128::from(used) * i128::from(whole) / i128::from(gone.min(whole));
    i64::try_from(sum).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use cartwheel_domain::time::{DAY, HOUR, MINUTE, parse_rfc3339};

    fn day(text: &str) -> Millis {
        parse_rfc3339(text).expect("an instant")
    }

    #[test]
    fn months_begin_on_the_anchors_day_or_the_last() {
        let anchor = day("2026-01-31T10:30:00Z");
        for (at, start, end) in [
            ("2026-01-31T10:30:00Z", "2026-01-31T10:00:00Z", "2026-02-28T10:00:00Z"),
            ("2026-02-28T09:59:59Z", "2026-01-31T10:00:00Z", "2026-02-28T10:00:00Z"),
            ("2026-02-28T10:00:00Z", "2026-02-28T10:00:00Z", "2026-03-31T10:00:00Z"),
            ("2027-03-01T00:00:00Z", "2027-02-28T10:00:00Z", "2027-03-31T10:00:00Z"),
            ("2025-12-31T12:00:00Z", "2025-12-31T10:00:00Z", "2026-01-31T10:00:00Z"),
        ] {
            assert_eq!(month(anchor, day(at)), Month { start: day(start), end: day(end) }, "{at}");
        }
    }

    #[test]
    fn months_follow_one_another_without_a_gap() {
        let anchor = day("2024-01-31T23:30:00Z");
        let mut at = anchor;
        for _ in 0..400 {
            let this = month(anchor, at);
            assert!(this.start <= at && at < this.end, "{this:?}");
            assert_eq!(month(anchor, this.end - 1), this);
            at = this.end;
        }
        assert_eq!(calendar(day("2026-11-23T01:00:00Z")), day("2026-11-01T00:00:00Z"));
    }

    #[test]
    fn figures_are_whole_and_bounded() {
        assert_eq!((percent(79, 100), percent(80, 100), percent(1, 0), percent(0, 0)), (79, 80, 100, 0));
        let all = Month { start: 0, end: 30 * DAY };
        assert_eq!(forecast(10, all, DAY - MINUTE), None);
        assert_eq!(forecast(10, all, 3 * DAY), Some(100));
        assert_eq!(forecast(10, all, 31 * DAY + HOUR), Some(10));
    }
}
