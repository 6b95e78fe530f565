//! Who may send: what is used against what was bought, and what Stripe says of payments. Reached, a cap puts messages off, never events.
//!
//! It is judged a moment after messages were accepted, not before each: what is in hand by then goes out, and what goes out is counted.

use super::{
    Billing,
    account::{self, Hold, Month, month, percent, status},
    notices::Notice,
    plans::{CHANNELS, CONTACTS, Plan},
};
use crate::{
    accounts::mailbox::BillingNews,
    db::{DbError, OrganisationScope, StoreScope, Tx},
    messages::hold,
};
use cartwheel_domain::{
    consent::Channel,
    ids::{OrganisationId, StoreId},
    time::{DAY, HOUR, MINUTE, Millis, SECOND},
};
use cartwheel_entity::{billing_account, contact, store};
use sea_orm::{
    ColumnTrait, ExprTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, LockBehavior, LockType},
};

/// Shares of a cap that owners are warned at.
pub const WARNINGS: [i64; 2] = [80, 100];
/// A worker that had a store in hand while it was let go puts messages off by what it knew: they are looked for once more.
const ONCE_MORE: Millis = 5 * SECOND;
/// How often each account is looked at, whatever happens.
const EVERY: Millis = HOUR;
/// How long before its end owners are told of a trial's.
const TRIAL_NEWS: Millis = 3 * DAY;

/// How much of one thing is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share {
    /// A channel's name, or `contacts`.
    pub measure: &'static str,
    /// So many.
    pub used: i64,
    /// So many are paid for with the plan.
    pub included: u64,
    /// At so many sending pauses.
    pub cap: u64,
}

impl Share {
    /// Whole percent of the cap.
    pub fn percent(&self) -> i64 {
        percent(self.used, self.cap)
    }
}

/// What of each is used, of a plan.
pub fn shares(plan: &Plan, beyond: bool, used: impl Fn(&str) -> i64) -> Vec<Share> {
    let measures = CHANNELS.iter().copied().map(Channel::as_str).chain([CONTACTS]);
    let share = |measure: &'static str| Share {
        measure,
        used: used(measure),
        included: plan.included.of(measure),
        cap: plan.cap(measure, beyond),
    };
    measures.map(share).collect()
}

impl Billing {
    /// Why sending waits, and until when.
    fn verdict(
        &self,
        row: &billing_account::Model,
        shares: &[Share],
        month: Month,
    ) -> Option<(Hold, Option<Millis>)> {
        let late = account::grace_ends(self.book, row).is_some_and(|ends| ends <= self.env.now());
        match row.status.as_str() {
            status::CANCELED => Some((Hold::Ended, None)),
            status::UNPAID | "paused" => Some((Hold::Unpaid, None)),
            _ if late => Some((Hold::Unpaid, None)),
            _ if shares.iter().any(|s| s.percent() >= 100) => Some((Hold::Cap, Some(month.end))),
            _ => None,
        }
    }

    fn notices(
        &self,
        row: &billing_account::Model,
        shares: &[Share],
        month: Month,
        hold: Option<Hold>,
    ) -> Vec<Notice> {
        let mut notices = Vec::new();
        let over = matches!(hold, Some(Hold::Ended | Hold::Unpaid));
        for share in shares.iter().filter(|_| !over) {
            // One who runs past both at once is told of the one that counts.
            let reached = WARNINGS.into_iter().filter(|w| share.percent() >= *w).max();
            notices.extend(reached.map(|percent| Notice {
                since: month.start,
                kind: format!("{percent}:{}", share.measure),
                news: BillingNews::Usage {
                    measure: share.measure.into(),
                    percent,
                    used: share.used,
                    cap: i64::try_from(share.cap).unwrap_or(i64::MAX),
                    until: month.end,
                },
            }));
        }
        let mut tell = |since: Option<Millis>, kind: &str, news| {
            notices.extend(since.map(|since| Notice { since, kind: kind.into(), news }));
        };
        if let Some(until) = account::grace_ends(self.book, row) {
            tell(row.past_due_since, "past_due", BillingNews::PaymentFailed { until });
        }
        match hold {
            Some(Hold::Unpaid) => tell(row.past_due_since, "unpaid", BillingNews::Unpaid),
            Some(Hold::Ended) => {
                let until = account::retained_until(self.book, row).unwrap_or(0);
                tell(row.ended_at, "ended", BillingNews::Ended { until });
            }
            _ => {}
        }
        notices.extend(self.erasure_notice(row));
        let mut tell = |since: Option<Millis>, kind: &str, news| {
            notices.extend(since.map(|since| Notice { since, kind: kind.into(), news }));
        };
        let ending = row.trial_end.filter(|end| {
            row.status == status::TRIALING && (end - TRIAL_NEWS..*end).contains(&self.env.now())
        });
        tell(ending, "trial", BillingNews::TrialEnds { at: ending.unwrap_or(0) });
        notices
    }

    /// Judges accounts whose time has come; says whether there were any.
    ///
    /// # Errors
    /// What the database says.
    pub async fn judge_due(&self) -> Result<bool, DbError> {
        let now = self.env.now();
        let mut tx = self.db.write().await?;
        let system = tx.system().await?;
        let query = system
            .find::<billing_account::Entity>()
            .filter(billing_account::Column::JudgeAt.lte(now))
            .order_by_asc(billing_account::Column::JudgeAt)
            .limit(16)
            .lock_with_behavior(LockType::Update, LockBehavior::SkipLocked);
        let due = query.all(system.on()).await?;
        if due.is_empty() {
            return Ok(false);
        }
        // Taken up, so that no other worker counts the same people.
        system
            .update::<billing_account::Entity>()
            .col_expr(billing_account::Column::JudgeAt, Expr::value(now + MINUTE))
            .filter(billing_account::Column::OrganisationId.is_in(due.iter().map(|r| r.organisation_id)))
            .exec(system.on())
            .await?;
        tx.commit().await?;
        for row in due {
            let id = OrganisationId(row.organisation_id);
            let contacts = self.active_contacts(id, month(row.anchor, now)).await?;
            self.judge_with(id, Some(contacts)).await?;
        }
        Ok(true)
    }

    /// Judges one account by what is known of it.
    ///
    /// # Errors
    /// What the database says.
    pub async fn judge(&self, id: OrganisationId) -> Result<(), DbError> {
        self.judge_with(id, None).await
    }

    async fn judge_with(&self, id: OrganisationId, contacts: Option<i64>) -> Result<(), DbError> {
        let now = self.env.now();
        let mut tx = self.db.write().await?;
        let organised = tx.organisation(&OrganisationScope::system(id)).await?;
        let mut row = account::lock(&organised, &self.env).await?;
        row.contacts = contacts.unwrap_or(row.contacts);
        let month = month(row.anchor, now);
        let rows = account::used(&organised, month).await?;
        let sums = account::by_channel(&rows);
        let used = |m: &str| if m == CONTACTS { row.contacts } else { sums.get(m).copied().unwrap_or(0) };
        let shares = shares(account::plan(self.book, &row), row.beyond, used);
        let hold = self.verdict(&row, &shares, month);
        let notices = self.notices(&row, &shares, month, hold.map(|(why, _)| why));
        let notices = self.first_time(&organised, notices).await?;
        let mut again = vec![now + EVERY, month.end];
        let ends = [account::grace_ends(self.book, &row), account::retained_until(self.book, &row)];
        again.extend(ends.into_iter().flatten().filter(|at| *at > now));
        if contacts.is_some() {
            row.judge_at = again.into_iter().min().unwrap_or(now + EVERY);
        }
        if row.hold.is_some() && hold.is_none() {
            row.judge_at = now + ONCE_MORE;
        }
        use billing_account::Column as C;
        organised
            .update::<billing_account::Entity>()
            .col_expr(C::Contacts, Expr::value(row.contacts))
            .col_expr(C::JudgeAt, Expr::value(row.judge_at))
            .col_expr(C::Hold, Expr::value(hold.map(|(why, _)| why.as_str())))
            .col_expr(C::HoldUntil, Expr::value(hold.and_then(|(_, until)| until)))
            .exec(organised.on())
            .await?;
        self.tell_owners(&mut tx, id, notices).await?;
        apply(&mut tx, id, hold, contacts.is_some(), now).await?;
        if contacts.is_some() {
            self.forget(&mut tx, &row).await?;
        }
        tx.commit().await
    }

    /// People known by an address who were seen in the month, over all live stores: by an index whose end is the present.
    async fn active_contacts(&self, id: OrganisationId, month: Month) -> Result<i64, DbError> {
        let mut tx = self.db.read().await?;
        let mut sum = 0;
        for row in live_stores(&mut tx, id).await? {
            let scoped = tx.enter(&StoreScope::system(StoreId(row.id))).await?;
            let seen = scoped
                .find::<contact::Entity>()
                .filter(contact::Column::LastSeenAt.gte(month.start))
                .filter(contact::Column::Email.is_not_null().or(contact::Column::Phone.is_not_null()))
                .filter(contact::Column::MergedInto.is_null())
                .filter(contact::Column::ErasedAt.is_null())
                .filter(contact::Column::Bot.eq(false))
                .filter(contact::Column::Test.eq(false))
                .filter(contact::Column::Staff.eq(false));
            sum += i64::try_from(seen.count(scoped.on()).await?).unwrap_or(i64::MAX);
        }
        Ok(sum)
    }
}

/// The stores of an organisation that really send.
async fn live_stores(tx: &mut Tx, id: OrganisationId) -> Result<Vec<store::Model>, DbError> {
    let system = tx.system().await?;
    let query = system
        .find::<store::Entity>()
        .filter(store::Column::OrganisationId.eq(id.uuid()))
        .filter(store::Column::Sandbox.eq(false))
        .order_by_asc(store::Column::Id);
    Ok(query.all(system.on()).await?)
}

/// Brings the stores in line with the account, and lets go what waited where nothing holds it any more.
async fn apply(
    tx: &mut Tx,
    id: OrganisationId,
    hold: Option<(Hold, Option<Millis>)>,
    thorough: bool,
    now: Millis,
) -> Result<(), DbError> {
    let wanted = (hold.map(|(why, _)| why.as_str()), hold.and_then(|(_, until)| until));
    let stores = live_stores(tx, id).await?;
    let system = tx.system().await?;
    for row in stores {
        let same = (row.hold.as_deref(), row.hold_until) == wanted;
        if wanted.0.is_none() && (thorough || !same) {
            let n = hold::release(&system, (row.id, row.lane), hold::HELD, now).await?;
            if n > 0 {
                tracing::info!(store = %StoreId(row.id), messages = n, "sending goes on");
            }
        }
        if same {
            continue;
        }
        system
            .update::<store::Entity>()
            .col_expr(store::Column::Hold, Expr::value(wanted.0))
            .col_expr(store::Column::HoldUntil, Expr::value(wanted.1))
            .filter(store::Column::Id.eq(row.id))
            .exec(system.on())
            .await?;
        if wanted.0.is_some() {
            tracing::info!(store = %StoreId(row.id), why = wanted.0, "sending waits");
        }
    }
    Ok(())
}
