//! What Stripe says was bought: asked for when it told of news, and four times a day in case its telling was lost; written over what
//! was there, whole.

use super::{
    Billing,
    account::{self, status},
    plans::{Book, FREE},
    stripe::{
        Form, StripeError,
        object::{Subscription, list},
    },
};
use crate::db::{DbError, OrganisationScope};
use cartwheel_domain::{
    ids::OrganisationId,
    time::{HOUR, MINUTE, Millis},
};
use cartwheel_entity::billing_account;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, LockBehavior, LockType},
};

/// How often Stripe is asked though it told of nothing.
const RECONCILE: Millis = 6 * HOUR;
/// Longer than a question may take: one of a worker that died is asked again after this.
const LEASE: Millis = MINUTE;
/// How long to wait after each question in vain; the last again and again.
const PAUSES: [Millis; 4] = [MINUTE, 2 * MINUTE, 10 * MINUTE, 30 * MINUTE];

/// A question in hand.
struct Question {
    organisation: OrganisationId,
    customer: String,
    epoch: i64,
    news: i64,
    attempts: i32,
}

/// An account as a subscription makes it. Nothing of before stays but what Stripe does not know: since when a payment is missing, and
/// what the owner chose to follow.
pub fn overwritten(
    book: &Book,
    row: billing_account::Model,
    latest: Option<&Subscription>,
    now: Millis,
) -> billing_account::Model {
    let nothing = billing_account::Model {
        status: status::NONE.into(),
        plan: FREE.into(),
        cycle: "month".into(),
        price_minor: 0,
        period_end: None,
        trial_end: None,
        cancel_at: None,
        past_due_since: None,
        ended_at: None,
        subscribed_at: None,
        ..row.clone()
    };
    let Some(latest) = latest else { return billing_account::Model { subscription_id: None, ..nothing } };
    let nothing = billing_account::Model { subscription_id: Some(latest.id.clone()), ..nothing };
    if latest.status == status::CANCELED && row.next_plan.as_deref() == Some(FREE) {
        return nothing;
    }
    let missing = matches!(latest.status.as_str(), status::PAST_DUE | status::UNPAID | "paused");
    let bought = latest.bought.as_ref();
    if bought.is_none() {
        tracing::error!(
            subscription = latest.id,
            "no price of this subscription is one of ours: run cartwheel billing sync"
        );
    }
    billing_account::Model {
        status: latest.status.clone(),
        plan: bought.map_or_else(|| row.plan.clone(), |b| b.plan.clone()),
        cycle: bought.map_or_else(|| row.cycle.clone(), |b| b.cycle.as_str().into()),
        currency: bought.map_or_else(|| row.currency.clone(), |b| b.currency.clone()),
        price_minor: latest.price_minor,
        anchor: latest.anchor,
        period_end: Some(latest.period_end),
        trial_end: latest.trial_end,
        cancel_at: latest.cancel_at,
        past_due_since: missing.then(|| row.past_due_since.unwrap_or(now)),
        ended_at: latest.ended_at.or_else(|| latest.is_over().then_some(latest.period_end)),
        subscribed_at: Some(latest.started),
        // What should follow holds for the end that was asked for.
        next_plan: row.next_plan.filter(|_| latest.cancel_at.is_some() || latest.is_over()),
        ..nothing
    }
    .checked(book)
}

trait Checked {
    fn checked(self, book: &Book) -> Self;
}

impl Checked for billing_account::Model {
    /// A plan that is sold no more stays what it was; one that never was is the free one.
    fn checked(self, book: &Book) -> Self {
        if book.plan(&self.plan).is_some() { self } else { Self { plan: FREE.into(), ..self } }
    }
}

impl Billing {
    /// Asks Stripe of one account whose time has come; says whether there was one.
    ///
    /// # Errors
    /// What the database says. What Stripe says is asked for again later.
    pub async fn ask(&self) -> Result<bool, DbError> {
        let Some(question) = self.take_question(None).await? else { return Ok(false) };
        let answer = self.fetch(&question.customer).await;
        self.answered(question, answer).await?;
        Ok(true)
    }

    /// Asks Stripe of one account now, so that whoever changed something sees what came of it. A failure is mended by the job.
    ///
    /// # Errors
    /// What the database says.
    pub async fn ask_now(&self, id: OrganisationId) -> Result<(), DbError> {
        let Some(question) = self.take_question(Some(id)).await? else { return Ok(()) };
        let answer = self.fetch(&question.customer).await;
        self.answered(question, answer).await
    }

    async fn take_question(&self, one: Option<OrganisationId>) -> Result<Option<Question>, DbError> {
        use billing_account::Column as C;
        let now = self.env.now();
        let mut tx = self.db.write().await?;
        let system = tx.system().await?;
        let query = system.find::<billing_account::Entity>().filter(C::CustomerId.is_not_null());
        let query = match one {
            Some(id) => query.filter(C::OrganisationId.eq(id.uuid())).lock_exclusive(),
            None => query
                .filter(C::AskAt.lte(now))
                .order_by_asc(C::AskAt)
                .limit(1)
                .lock_with_behavior(LockType::Update, LockBehavior::SkipLocked),
        };
        let Some(row) = query.one(system.on()).await? else { return Ok(None) };
        system
            .update::<billing_account::Entity>()
            .col_expr(C::Epoch, Expr::value(row.epoch + 1))
            .col_expr(C::AskAt, Expr::value(now + LEASE))
            .filter(C::OrganisationId.eq(row.organisation_id))
            .exec(system.on())
            .await?;
        tx.commit().await?;
        Ok(row.customer_id.map(|customer| Question {
            organisation: OrganisationId(row.organisation_id),
            customer,
            epoch: row.epoch + 1,
            news: row.news,
            attempts: row.attempts,
        }))
    }

    async fn fetch(&self, customer: &str) -> Result<Option<Subscription>, StripeError> {
        let query = Form::new().with("customer", customer).with("status", "all").with("limit", 100);
        let found = match self.stripe.get("/v1/subscriptions", &query).await {
            // Deleted at Stripe by hand: nothing is bought.
            Err(e) if e.is_missing() => return Ok(None),
            found => found?,
        };
        let all: Vec<_> = list(&found).iter().filter_map(|v| Subscription::read(v, self.book)).collect();
        if all.iter().filter(|s| !s.is_over()).count() > 1 {
            tracing::error!(
                customer,
                "a customer has more than one subscription; the newest counts, cancel the others"
            );
        }
        Ok(Subscription::latest(all))
    }

    async fn answered(
        &self,
        question: Question,
        answer: Result<Option<Subscription>, StripeError>,
    ) -> Result<(), DbError> {
        let now = self.env.now();
        let mut tx = self.db.write().await?;
        let organised = tx.organisation(&OrganisationScope::system(question.organisation)).await?;
        let row = account::lock(&organised, &self.env).await?;
        if row.epoch != question.epoch || row.customer_id.as_deref() != Some(question.customer.as_str()) {
            // Somebody has asked since, and knows better.
            return Ok(());
        }
        let done = answer.is_ok();
        let row = match answer {
            Ok(latest) => {
                // Told of more while we asked: ask again at once.
                let ask_at = if row.news == question.news { now + RECONCILE } else { now };
                let row = overwritten(self.book, row, latest.as_ref(), now);
                billing_account::Model { ask_at, asked_at: Some(now), attempts: 0, ..row }
            }
            Err(error) => {
                tracing::warn!(organisation = %question.organisation, %error, "Stripe could not say what was bought");
                let nth = usize::try_from(question.attempts).unwrap_or(0);
                let own = PAUSES.get(nth).or(PAUSES.last()).copied().unwrap_or(HOUR);
                let asked = match error {
                    StripeError::Later { after, .. } => after.unwrap_or(0),
                    StripeError::Refused { .. } => HOUR,
                };
                let attempts = question.attempts.saturating_add(1);
                billing_account::Model { ask_at: now + own.max(asked), attempts, ..row }
            }
        };
        organised
            .update::<billing_account::Entity>()
            .set(row.into_active_model().reset_all())
            .exec(organised.on())
            .await?;
        tx.commit().await?;
        if !done {
            return Ok(());
        }
        self.judge(question.organisation).await?;
        self.add_lines(question.organisation, &question.customer).await
    }
}
