//! Reading the roll-ups.

use super::Metric;
use crate::db::{DbError, Scoped};
use cartwheel_domain::{
    ids::JourneyId,
    money::Currency,
    time::{Millis, utc_day},
};
use cartwheel_entity::metric_day;
use sea_orm::{ColumnTrait, ExprTrait, QueryFilter, QuerySelect, sea_query::Expr};
use std::collections::{BTreeMap, BTreeSet};

/// A count with its value.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Sum {
    /// How many.
    pub n: i64,
    /// Minor units of one currency.
    pub minor: i64,
    /// Sum of the squares of the minor units.
    pub squares: f64,
}

impl Sum {
    fn add(&mut self, row: &metric_day::Model) {
        self.n += row.n;
        self.minor += row.minor;
        self.squares += row.squares;
    }
}

/// Daily sums of some days.
#[derive(Debug, Default)]
pub struct Figures(Vec<metric_day::Model>);

impl Figures {
    /// Over all days. Counts without money belong to every currency; money only to its own.
    pub fn total(&self, metric: Metric, currency: Currency) -> Sum {
        self.sum(|r| fits(r, metric, currency))
    }

    /// Of each day on which there was something.
    pub fn by_day(&self, metric: Metric, currency: Currency) -> BTreeMap<i32, Sum> {
        let mut days = BTreeMap::<i32, Sum>::new();
        for row in self.0.iter().filter(|r| fits(r, metric, currency)) {
            days.entry(row.day).or_default().add(row);
        }
        days
    }

    /// The codes of the currencies that occur, each once.
    pub fn currencies(&self) -> impl Iterator<Item = &str> {
        let codes: BTreeSet<&str> =
            self.0.iter().map(|r| r.currency.as_str()).filter(|c| !c.is_empty()).collect();
        codes.into_iter()
    }

    fn sum(&self, which: impl Fn(&metric_day::Model) -> bool) -> Sum {
        let mut sum = Sum::default();
        self.0.iter().filter(|r| which(r)).for_each(|row| sum.add(row));
        sum
    }
}

fn fits(row: &metric_day::Model, metric: Metric, currency: Currency) -> bool {
    row.metric == metric.as_str() && (row.currency.is_empty() || row.currency == currency.code())
}

/// Sums of the last `days` UTC days, today included: of one journey, or of the store as a whole. Both come from the
/// same rows: what belongs to a journey is stored under it, and the store's figure is the sum.
///
/// # Errors
/// What the database says.
pub async fn since(
    scoped: &Scoped<'_>,
    now: Millis,
    days: i32,
    journey: Option<JourneyId>,
) -> Result<Figures, DbError> {
    let mut query = scoped
        .find::<metric_day::Entity>()
        .filter(metric_day::Column::Day.gt(utc_day(now) - days.clamp(1, 366)));
    if let Some(journey) = journey {
        query = query.filter(metric_day::Column::Journey.eq(journey.to_string()));
    }
    Ok(Figures(query.all(scoped.on()).await?))
}

/// The same for a store as a whole, added up by the database: for many stores side by side. Days and journeys are gone.
///
/// # Errors
/// What the database says.
pub async fn sums(scoped: &Scoped<'_>, now: Millis, days: i32) -> Result<Figures, DbError> {
    use metric_day::Column as C;
    let whole = |column: C| Expr::col(column).sum().cast_as("bigint");
    let rows: Vec<(String, String, i64, i64)> = scoped
        .find::<metric_day::Entity>()
        .select_only()
        .column(C::Metric)
        .column(C::Currency)
        .column_as(whole(C::N), "n")
        .column_as(whole(C::Minor), "minor")
        .filter(C::Day.gt(utc_day(now) - days.clamp(1, 366)))
        .group_by(C::Metric)
        .group_by(C::Currency)
        .into_tuple()
        .all(scoped.on())
        .await?;
    let row = |(metric, currency, n, minor)| metric_day::Model {
        store_id: scoped.store_id().uuid(),
        day: 0,
        metric,
        journey: String::new(),
        currency,
        n,
        minor,
        squares: 0.0,
    };
    Ok(Figures(rows.into_iter().map(row).collect()))
}
