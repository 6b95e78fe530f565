//! Daily roll-ups: every figure of Home is a sum over days, whatever is stored beneath.
//!
//! Deltas are collected while a transaction runs and written once at its end, so that a batch of a thousand
//! events touches a handful of rows. They can be rebuilt from the rows they count.

use crate::db::{DbError, Scoped};
use cartwheel_domain::{
    ids::JourneyId,
    money::{Currency, Money},
    time::{Millis, utc_day},
};
use cartwheel_entity::metric_day;
use sea_orm::{
    ActiveValue::Set,
    ExprTrait,
    sea_query::{Expr, OnConflict},
};
use std::collections::BTreeMap;

/// What is counted. Carts of bots, tests and staff are in none of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Metric {
    /// Carts, checkouts and quotes that began, by the day they began.
    Carts,
    /// Of those, the ones that became known by an e-mail or phone, by the day they did.
    Identified,
    /// Judged left for the first time; value is the cart's.
    Abandoned,
    /// Left with an address to write to.
    Reachable,
    /// Carts that got their first message.
    Messaged,
    /// Carts with a first click by a person.
    Clicked,
    /// Orders placed (net of refunds and cancellations in value), by the day of the order.
    Orders,
    /// Orders after a click on a message.
    RecoveredByClick,
    /// Orders in the window of a message.
    RecoveredByWindow,
    /// Abandoned carts bought without our help.
    Converted,
    /// Messages handed over.
    Sent,
    /// Mails that a server took, by the day it did.
    Mailed,
    /// Of them, those that came back, by the day they were sent.
    Bounced,
    /// Of them, those that were reported as spam, by the day they were sent.
    Complained,
    /// Messages refused or suppressed by the last look.
    Suppressed,
    /// People who entered a journey and were not held out, by the day they entered; the experiment's one arm.
    TreatedEntered,
    /// People held out, by the day they entered; the other arm.
    HoldoutEntered,
    /// First orders of treated people, by the day they *entered*, so that a day is one cohort.
    TreatedOrders,
    /// First orders of held-out people, by the day they entered.
    HoldoutOrders,
}

impl Metric {
    /// As stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Carts => "carts",
            Self::Identified => "identified",
            Self::Abandoned => "abandoned",
            Self::Reachable => "reachable",
            Self::Messaged => "messaged",
            Self::Clicked => "clicked",
            Self::Orders => "orders",
            Self::RecoveredByClick => "recovered_by_click",
            Self::RecoveredByWindow => "recovered_by_window",
            Self::Converted => "converted",
            Self::Sent => "sent",
            Self::Mailed => "mailed",
            Self::Bounced => "bounced",
            Self::Complained => "complained",
            Self::Suppressed => "suppressed",
            Self::TreatedEntered => "treated_entered",
            Self::HoldoutEntered => "holdout_entered",
            Self::TreatedOrders => "treated_orders",
            Self::HoldoutOrders => "holdout_orders",
        }
    }
}

#[derive(Debug, Clone, Copy, Default)]
struct Sum {
    n: i64,
    minor: i64,
    squares: f64,
}

/// Changes of one store's roll-ups, waiting for the end of the transaction.
#[derive(Debug, Default)]
pub struct Deltas(BTreeMap<(i32, Metric, Option<JourneyId>, Option<Currency>), Sum>);

impl Deltas {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Counts `n` (negative takes back) without money.
    pub fn count(&mut self, at: Millis, metric: Metric, journey: Option<JourneyId>, n: i64) {
        self.0.entry((utc_day(at), metric, journey, None)).or_default().n += n;
    }

    /// Counts `n` with their value together; for one order `n` is 1, for a refund 0 and the value negative.
    /// `squares` is the change of the sum of squares: the square of the new value less that of the old.
    pub fn money(
        &mut self,
        at: Millis,
        metric: Metric,
        journey: Option<JourneyId>,
        n: i64,
        value: Money,
        squares: f64,
    ) {
        let sum = self.0.entry((utc_day(at), metric, journey, Some(value.currency))).or_default();
        sum.n += n;
        sum.minor += value.minor;
        sum.squares += squares;
    }

    /// Whether there is nothing to write.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds the changes to the roll-ups.
    ///
    /// # Errors
    /// What the database says.
    pub async fn write(self, scoped: &Scoped<'_>) -> Result<(), DbError> {
        use metric_day::Column as C;
        let rows: Vec<_> = self
            .0
            .into_iter()
            .filter(|(_, sum)| sum.n != 0 || sum.minor != 0 || sum.squares != 0.0)
            .map(|((day, metric, journey, currency), sum)| metric_day::ActiveModel {
                store_id: Set(scoped.store_id().uuid()),
                day: Set(day),
                metric: Set(metric.as_str().into()),
                journey: Set(journey.map(|j| j.to_string()).unwrap_or_default()),
                currency: Set(currency.map(|c| c.code().to_owned()).unwrap_or_default()),
                n: Set(sum.n),
                minor: Set(sum.minor),
                squares: Set(sum.squares),
            })
            .collect();
        let add = |column: C| Expr::col((metric_day::Entity, column)).add(Expr::col(("excluded", column)));
        let conflict = OnConflict::columns([C::StoreId, C::Day, C::Metric, C::Journey, C::Currency])
            .values([(C::N, add(C::N)), (C::Minor, add(C::Minor)), (C::Squares, add(C::Squares))])
            .to_owned();
        scoped.insert_with::<metric_day::Entity>(rows, conflict).await.map(|_| ())
    }
}
