//! What Stripe's meters are told of: each accepted message once.
//!
//! First a report is written, in the transaction that marks its messages as reported; then it is handed over under the name it was
//! written with, until Stripe has it. A name is one event there for a day at least: whoever dies between the two tells it again under the
//! same name. What could not be settled within that day is not told again by itself ([`UNKNOWN`]): rather a message too few on a bill than
//! one too many.

use super::{
    Billing,
    account::status,
    plans::meter,
    stripe::{Form, StripeError},
    usage::{lagging, mark, owners},
};
use crate::{
    crash::crash_point,
    db::{DbError, OrganisationScope},
    messages::usage::hour_of,
};
use cartwheel_domain::{
    ids::OrganisationId,
    time::{HOUR, MINUTE, Millis, SECOND},
};
use cartwheel_entity::{billing_account, meter_report, usage_hour};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, Condition, ExprTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, LockBehavior, LockType},
};
use std::collections::BTreeMap;

/// `status`: to be handed over.
pub const WAITS: i32 = 0;
/// Stripe has it.
pub const ARRIVED: i32 = 1;
/// Stripe does not take it.
pub const REFUSED: i32 = 2;
/// Nobody knows, and telling it again could count it twice.
pub const UNKNOWN: i32 = 3;

/// An hour is reported when it has been over for so long: answers that were late are in by then. Those that are later still make a
/// report of their own.
const SETTLED: Millis = 5 * MINUTE;
/// Reports handed over in one pass.
const PASS: u64 = 8;
/// Longer than a pass may take: 8 calls of 20 seconds.
const LEASE: Millis = 5 * MINUTE;
/// Stripe keeps names apart for 24 hours; a report older than this by its first try is settled by a person.
const CERTAIN: Millis = 23 * HOUR;
/// How long to wait after each try in vain; the last again and again.
const PAUSES: [Millis; 4] = [MINUTE, 5 * MINUTE, 15 * MINUTE, HOUR];

/// Whether Stripe meters the account, from which hour on; `None` while that is not known for sure.
fn metered_from(account: &billing_account::Model, now: Millis) -> Option<Option<Millis>> {
    let asked = account.asked_at.is_some() && account.ask_at > now && account.attempts == 0;
    match (&account.customer_id, account.status.as_str()) {
        (None, _) => Some(None),
        _ if !asked => None,
        (_, status::TRIALING | status::ACTIVE | status::PAST_DUE | status::UNPAID) => {
            Some(account.subscribed_at.map(hour_of))
        }
        _ => Some(None),
    }
}

impl Billing {
    /// Writes reports of hours that are over; says whether there were any.
    ///
    /// # Errors
    /// What the database says.
    pub async fn write_reports(&self) -> Result<bool, DbError> {
        let now = self.env.now();
        let over = Condition::all().add(usage_hour::Column::Hour.lte(now - HOUR - SETTLED));
        let mut tx = self.db.write().await?;
        let system = tx.system().await?;
        let rows = lagging(&system, usage_hour::Column::Reported, over).await?;
        if rows.is_empty() {
            return Ok(false);
        }
        let owners = owners(&system, &rows).await?;
        let mut groups: BTreeMap<OrganisationId, Vec<usage_hour::Model>> = BTreeMap::new();
        for row in rows {
            if let Some(owner) = owners.get(&row.store_id) {
                groups.entry(OrganisationId(*owner)).or_default().push(row);
            }
        }
        let mut done = Vec::new();
        for (organisation, rows) in groups {
            let organised = tx.organisation(&OrganisationScope::system(organisation)).await?;
            let account = super::account::lock(&organised, &self.env).await?;
            let Some(from) = metered_from(&account, now) else { continue };
            let mut sums: BTreeMap<(&str, Millis), i64> = BTreeMap::new();
            for row in rows.iter().filter(|row| from.is_some_and(|from| row.hour >= from)) {
                *sums.entry((row.channel.as_str(), row.hour)).or_insert(0) += row.accepted - row.reported;
            }
            for ((channel, hour), units) in sums {
                let meter = meter(channel);
                let before = organised
                    .find::<meter_report::Entity>()
                    .filter(meter_report::Column::Hour.eq(hour))
                    .filter(meter_report::Column::Meter.eq(&meter))
                    .count(organised.on())
                    .await?;
                let report = meter_report::ActiveModel {
                    organisation_id: Set(organisation.uuid()),
                    identifier: Set(format!("{organisation}.{meter}.{}.{before}", hour / SECOND)),
                    customer_id: Set(account.customer_id.clone().unwrap_or_default()),
                    meter: Set(meter),
                    hour: Set(hour),
                    units: Set(units),
                    status: Set(WAITS),
                    attempts: Set(0),
                    tried_at: Set(None),
                    due_at: Set(now),
                    said: Set(None),
                    created_at: Set(now),
                };
                organised.insert::<meter_report::Entity>(report).await?;
            }
            done.extend(rows);
        }
        mark(&tx.system().await?, usage_hour::Column::Reported, &done).await?;
        crash_point!("billing.written");
        tx.commit().await?;
        Ok(!done.is_empty())
    }

    /// Hands due reports over; says whether there were any.
    ///
    /// # Errors
    /// What the database says.
    pub async fn hand_over_reports(&self) -> Result<bool, DbError> {
        use meter_report::Column as C;
        let now = self.env.now();
        let mut tx = self.db.write().await?;
        let system = tx.system().await?;
        let query = system
            .find::<meter_report::Entity>()
            .filter(Expr::cust("status = 0"))
            .filter(C::DueAt.lte(now))
            .order_by_asc(C::DueAt)
            .limit(PASS)
            .lock_with_behavior(LockType::Update, LockBehavior::SkipLocked);
        let rows = query.all(system.on()).await?;
        if rows.is_empty() {
            return Ok(false);
        }
        for row in &rows {
            system
                .update::<meter_report::Entity>()
                .col_expr(C::DueAt, Expr::value(now + LEASE))
                .col_expr(C::Attempts, Expr::col(C::Attempts).add(1))
                .col_expr(C::TriedAt, Expr::value(row.tried_at.unwrap_or(now)))
                .filter(C::OrganisationId.eq(row.organisation_id))
                .filter(C::Identifier.eq(&row.identifier))
                .exec(system.on())
                .await?;
        }
        tx.commit().await?;
        crash_point!("billing.taken");
        for row in &rows {
            let (status, said, due) = self.hand_over(row).await;
            crash_point!("billing.told");
            let mut tx = self.db.write().await?;
            let organised =
                tx.organisation(&OrganisationScope::system(OrganisationId(row.organisation_id))).await?;
            organised
                .update::<meter_report::Entity>()
                .col_expr(C::Status, Expr::value(status))
                .col_expr(C::Said, Expr::value(said))
                .col_expr(C::DueAt, Expr::value(due))
                .filter(C::Identifier.eq(&row.identifier))
                .filter(Expr::cust("status = 0"))
                .exec(organised.on())
                .await?;
            tx.commit().await?;
        }
        Ok(true)
    }

    async fn hand_over(&self, row: &meter_report::Model) -> (i32, Option<String>, Millis) {
        let now = self.env.now();
        if row.tried_at.is_some_and(|first| now - first > CERTAIN) {
            tracing::error!(
                report = row.identifier,
                "nobody knows whether Stripe has a report of usage; look it up there"
            );
            return (UNKNOWN, row.said.clone(), row.due_at);
        }
        let form = Form::new()
            .with("event_name", &row.meter)
            .with("identifier", &row.identifier)
            // The hour's last second: the hour in which a period begins is that period's, here and there.
            .with("timestamp", (row.hour + HOUR - SECOND) / SECOND)
            .with("payload[stripe_customer_id]", &row.customer_id)
            .with("payload[value]", row.units);
        match self.stripe.post("/v1/billing/meter_events", &form, &row.identifier).await {
            Ok(_) => {
                metrics::counter!("cartwheel_billing_units_reported_total")
                    .increment(u64::try_from(row.units).unwrap_or(0));
                (ARRIVED, None, row.due_at)
            }
            // It has been told before, and Stripe says so.
            Err(StripeError::Refused { code, said, .. })
                if code == "resource_already_exists" || said.contains("already exists with identifier") =>
            {
                (ARRIVED, Some(said), row.due_at)
            }
            Err(StripeError::Refused { code, said, .. }) => {
                tracing::error!(
                    report = row.identifier,
                    code,
                    said,
                    "Stripe does not take a report of usage"
                );
                (REFUSED, Some(format!("{code}: {said}").chars().take(500).collect()), row.due_at)
            }
            Err(StripeError::Later { said, after }) => {
                tracing::warn!(report = row.identifier, said, "a report of usage waits for another try");
                let nth = usize::try_from(row.attempts).unwrap_or(0);
                let own = PAUSES.get(nth).or(PAUSES.last()).copied().unwrap_or(HOUR);
                (WAITS, Some(said.chars().take(500).collect()), now + Ord::max(own, after.unwrap_or(0)))
            }
        }
    }
}
