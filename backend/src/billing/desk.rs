//! What owners do about their plan. Stripe is asked between transactions; what came of it is fetched, never assumed.

use super::{
    Billing, account,
    notices::page_of,
    plans::{CHANNELS, Cycle, FREE, Plan},
    stripe::{
        Form, StripeError,
        object::{Invoice, PreviewLine, Subscription, list, text},
    },
};
use crate::{
    accounts::{
        audit::{self, Action, Entry},
        team::{TeamError, still_there},
    },
    db::{Db, DbError, OrganisationScope, Organised},
};
use cartwheel_domain::{consent::Channel, time::SECOND};
use cartwheel_entity::{billing_account, member, organisation};
use sea_orm::{ActiveModelTrait, ColumnTrait, IntoActiveModel, QueryFilter, sea_query::Expr};
use serde_json::{Value, json};
use std::collections::HashMap;

/// How long, in seconds, a change costs what its preview said.
const PREVIEW_LASTS: i64 = 600;

/// Why nothing changed.
#[derive(Debug, thiserror::Error)]
pub enum BillingError {
    /// There is no such plan, or it is not sold so.
    #[error("there is no plan {0} for this currency and cycle")]
    NoPlan(String),
    /// There is a subscription already.
    #[error("there is a subscription already: change its plan instead")]
    Subscribed,
    /// There is none.
    #[error("there is no subscription yet: choose a plan first")]
    NotSubscribed,
    /// The preview is too old for its sum to hold, or there never was one of that instant.
    #[error("the preview is no longer good: look at what the change costs anew")]
    Outdated,
    /// It is what it would become.
    #[error("this is the plan already")]
    Same,
    /// Stripe could not be asked.
    #[error("Stripe cannot be reached now; try again in a minute")]
    Unreachable,
    /// Stripe said no.
    #[error("Stripe refuses: {0}")]
    Refused(String),
    /// A price is missing at Stripe.
    #[error("the price {0} is not at Stripe yet; whoever runs this service must run cartwheel billing sync")]
    NotSynced(String),
    /// Rights have changed meanwhile.
    #[error(transparent)]
    Team(TeamError),
    /// The database said no.
    #[error(transparent)]
    Db(#[from] DbError),
}

impl From<StripeError> for BillingError {
    fn from(e: StripeError) -> Self {
        match e {
            StripeError::Later { said, .. } => {
                tracing::warn!(said, "Stripe cannot be asked");
                Self::Unreachable
            }
            // A card that is declined, a tax id that is none: for the one who asks. A key that is wrong: for us.
            StripeError::Refused { status: 401 | 403, said, .. } => {
                tracing::error!(said, "Stripe does not take our key");
                Self::Unreachable
            }
            StripeError::Refused { code, said, .. } => {
                tracing::warn!(code, said, "Stripe refuses");
                Self::Refused(said)
            }
        }
    }
}

impl From<sea_orm::DbErr> for BillingError {
    fn from(e: sea_orm::DbErr) -> Self {
        Self::Db(e.into())
    }
}

impl From<TeamError> for BillingError {
    fn from(e: TeamError) -> Self {
        match e {
            TeamError::Db(e) => Self::Db(e),
            e => Self::Team(e),
        }
    }
}

type Outcome<T> = Result<T, BillingError>;

/// What a change would cost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preview {
    /// ISO 4217.
    pub currency: String,
    /// To pay at once, or (negative) to be made up for later: what is left of the period on both plans.
    pub now_minor: i64,
    /// Its parts.
    pub lines: Vec<PreviewLine>,
    /// What the plan costs each cycle from then on, before tax.
    pub cycle_minor: i64,
    /// The instant it was worked out for; the change uses the same, for the same sum.
    pub at: i64,
}

fn live(row: &billing_account::Model) -> bool {
    row.subscription_id.is_some()
        && !matches!(row.status.as_str(), account::status::NONE | account::status::CANCELED)
}

impl Billing {
    /// Opens the account for a change by somebody who still may, and writes down that they did.
    async fn begin(
        &self,
        scope: &OrganisationScope,
        what: Option<(Action, Value)>,
    ) -> Outcome<billing_account::Model> {
        let mut tx = self.db.write().await?;
        let organised = tx.organisation(scope).await?;
        still_there(&organised, scope).await?;
        let row = account::lock(&organised, &self.env).await?;
        if let Some((action, detail)) = what {
            let entry = Entry::new(action, scope.organisation_id(), detail);
            audit::append(&organised, &self.env, scope.actor(), entry).await?;
        }
        tx.commit().await?;
        Ok(row)
    }

    fn sold(&self, plan: &str, cycle: Cycle, currency: &str) -> Outcome<&'static Plan> {
        let found = self.book.plan(plan).filter(|p| p.price(cycle, currency).is_some());
        found.ok_or_else(|| BillingError::NoPlan(plan.chars().take(40).collect()))
    }

    /// Ids of a plan's prices at Stripe: its own first, then one for each channel.
    async fn prices(
        &self,
        plan: &Plan,
        cycle: Cycle,
        currency: &str,
    ) -> Outcome<Vec<(Option<&'static str>, String)>> {
        let channels = CHANNELS.map(Channel::as_str);
        let own = (None, plan.price_key(cycle, currency));
        let metered = channels.map(|c| (Some(c), plan.meter_key(cycle, currency, c)));
        let wanted: Vec<(Option<&'static str>, String)> = std::iter::once(own).chain(metered).collect();
        let mut query = Form::new().with("active", true).with("limit", 100);
        for (i, (_, key)) in wanted.iter().enumerate() {
            query = query.with(format!("lookup_keys[{i}]"), key);
        }
        let found = self.stripe.get("/v1/prices", &query).await?;
        let ids: HashMap<&str, &str> =
            list(&found).iter().filter_map(|p| Some((text(p, "lookup_key")?, text(p, "id")?))).collect();
        let id = |(channel, key): (Option<&'static str>, String)| match ids.get(key.as_str()) {
            Some(id) => Ok((channel, (*id).to_owned())),
            None => Err(BillingError::NotSynced(key)),
        };
        wanted.into_iter().map(id).collect()
    }

    /// Stripe's customer of an organisation, made where there is none.
    async fn customer(&self, scope: &OrganisationScope, row: &billing_account::Model) -> Outcome<String> {
        if let Some(id) = &row.customer_id {
            return Ok(id.clone());
        }
        let id = scope.organisation_id();
        let (name, mail) = {
            let mut tx = self.db.read().await?;
            let system = tx.system().await?;
            let named = system.find::<organisation::Entity>().filter(organisation::Column::Id.eq(id.uuid()));
            let name = named.one(system.on()).await?.map(|o| o.name).unwrap_or_default();
            let mail = match scope.actor() {
                crate::db::Actor::Member(who) => {
                    let one = system.find::<member::Entity>().filter(member::Column::Id.eq(who.uuid()));
                    one.one(system.on()).await?.map(|m| m.email)
                }
                _ => None,
            };
            (name, mail)
        };
        let form = Form::new().with("name", name).maybe("email", mail).with("metadata[organisation]", id);
        let made =
            self.stripe.post("/v1/customers", &form, &format!("customer-{id}-{}", row.created_at)).await;
        let made = match made {
            // Asked for before by somebody else, with another address in it: this one gets a customer of their own, and the first to be
            // written down below is the organisation's.
            Err(StripeError::Refused { code, .. }) if code == "idempotency_error" => {
                self.stripe.post("/v1/customers", &form, &format!("customer-{}", self.env.uuid())).await
            }
            made => made,
        }?;
        let customer = text(&made, "id").ok_or(BillingError::Unreachable)?;
        let mut tx = self.db.write().await?;
        let organised = tx.organisation(scope).await?;
        let now = account::lock(&organised, &self.env).await?;
        let kept = match now.customer_id {
            // Somebody else was quicker.
            Some(theirs) => theirs,
            None => {
                organised
                    .update::<billing_account::Entity>()
                    .col_expr(billing_account::Column::CustomerId, Expr::value(customer))
                    .exec(organised.on())
                    .await?;
                customer.to_owned()
            }
        };
        tx.commit().await?;
        Ok(kept)
    }

    /// The page at Stripe on which a first plan is bought.
    ///
    /// # Errors
    /// [`BillingError`].
    pub async fn checkout(
        &self,
        scope: &OrganisationScope,
        plan: &str,
        cycle: Cycle,
        currency: &str,
    ) -> Outcome<String> {
        let plan = self.sold(plan, cycle, currency)?;
        let detail = json!({ "plan": plan.key, "cycle": cycle.as_str(), "currency": currency });
        let row = self.begin(scope, Some((Action::CheckoutStarted, detail))).await?;
        if live(&row) {
            return Err(BillingError::Subscribed);
        }
        let customer = self.customer(scope, &row).await?;
        let page = self.page(scope).await?;
        let back = |how: &str| format!("{page}?checkout={how}");
        let mut form = Form::new()
            .with("mode", "subscription")
            .with("customer", customer)
            .with("client_reference_id", scope.organisation_id())
            .with("success_url", back("done"))
            .with("cancel_url", back("cancelled"))
            .with("billing_address_collection", "required")
            // The invoice of a business bears its tax id, and Stripe checks it.
            .with("tax_id_collection[enabled]", true)
            .with("customer_update[name]", "auto")
            .with("customer_update[address]", "auto")
            .with("subscription_data[metadata][organisation]", scope.organisation_id());
        // Whoever has had a subscription has had their trial.
        if row.subscription_id.is_none() && self.book.trial_days() > 0 {
            form = form.with("subscription_data[trial_period_days]", self.book.trial_days());
        }
        for (i, (channel, price)) in self.prices(plan, cycle, currency).await?.into_iter().enumerate() {
            form = form.with(format!("line_items[{i}][price]"), price);
            if channel.is_none() {
                form = form.with(format!("line_items[{i}][quantity]"), 1);
            }
        }
        let made = self.stripe.post("/v1/checkout/sessions", &form, &self.once()).await?;
        link(&made)
    }

    /// The page at Stripe on which cards, addresses and tax ids are changed and invoices lie.
    ///
    /// # Errors
    /// [`BillingError`].
    pub async fn portal(&self, scope: &OrganisationScope) -> Outcome<String> {
        let row = self.begin(scope, None).await?;
        let customer = row.customer_id.ok_or(BillingError::NotSubscribed)?;
        let back = self.page(scope).await?;
        let form = Form::new().with("customer", customer).with("return_url", back);
        link(&self.stripe.post("/v1/billing_portal/sessions", &form, &self.once()).await?)
    }

    /// The subscription as it is at Stripe now.
    async fn current(&self, row: &billing_account::Model) -> Outcome<Subscription> {
        let id = row.subscription_id.as_deref().filter(|_| live(row)).ok_or(BillingError::NotSubscribed)?;
        let found = self.stripe.get(&format!("/v1/subscriptions/{id}"), &Form::new()).await?;
        let found = Subscription::read(&found, self.book).ok_or(BillingError::Unreachable)?;
        if found.is_over() { Err(BillingError::NotSubscribed) } else { Ok(found) }
    }

    /// The items of a subscription with another plan's prices: each takes the place of its like, what is missing is added, and a second
    /// price for the same thing goes.
    fn items(
        &self,
        current: &Subscription,
        prices: Vec<(Option<&'static str>, String)>,
        path: &str,
        form: Form,
    ) -> Form {
        let mut form = form;
        let of = |channel: Option<&'static str>| {
            current.items.iter().filter(move |i| i.bought.as_ref().is_some_and(|b| b.channel == channel))
        };
        let mut n = 0;
        for (channel, price) in prices {
            let mut mine = of(channel);
            form = form
                .maybe(&format!("{path}[{n}][id]"), mine.next().map(|i| &i.id))
                .with(format!("{path}[{n}][price]"), price);
            n += 1;
            for more in mine {
                form = form
                    .with(format!("{path}[{n}][id]"), &more.id)
                    .with(format!("{path}[{n}][deleted]"), true);
                n += 1;
            }
        }
        form
    }

    /// What another plan would cost, to the cent as of this moment.
    ///
    /// # Errors
    /// [`BillingError`].
    pub async fn preview(&self, scope: &OrganisationScope, plan: &str, cycle: Cycle) -> Outcome<Preview> {
        let row = self.begin(scope, None).await?;
        let plan = self.sold(plan, cycle, &row.currency)?;
        let current = self.current(&row).await?;
        let prices = self.prices(plan, cycle, &row.currency).await?;
        let at = self.env.now() / SECOND;
        let form = Form::new()
            .maybe("customer", row.customer_id.as_ref())
            .with("subscription", &current.id)
            .with("subscription_details[proration_behavior]", "always_invoice")
            .with("subscription_details[proration_date]", at);
        let form = self.items(&current, prices, "subscription_details[items]", form);
        let found = self.stripe.post("/v1/invoices/create_preview", &form, &self.once()).await?;
        let lines: Vec<PreviewLine> =
            found.get("lines").map(list).unwrap_or_default().iter().filter_map(PreviewLine::read).collect();
        Ok(Preview {
            now_minor: lines.iter().filter(|l| l.proration).map(|l| l.amount_minor).sum(),
            cycle_minor: plan.price(cycle, &row.currency).unwrap_or(0),
            currency: row.currency,
            lines,
            at,
        })
    }

    /// Changes the plan at once; `at` is the instant of a preview, for its very sum. To the free plan it changes when the paid period ends.
    ///
    /// # Errors
    /// [`BillingError`].
    pub async fn change(
        &self,
        scope: &OrganisationScope,
        plan: &str,
        cycle: Cycle,
        at: Option<i64>,
    ) -> Outcome<()> {
        if plan == FREE {
            return self.end(scope, true).await;
        }
        // Whoever could name any instant of the period would choose what the change costs.
        let now = self.env.now() / SECOND;
        if at.is_some_and(|at| !(now - PREVIEW_LASTS..=now).contains(&at)) {
            return Err(BillingError::Outdated);
        }
        let row = self.begin(scope, None).await?;
        let plan = self.sold(plan, cycle, &row.currency)?;
        let current = self.current(&row).await?;
        if current.bought.as_ref().is_some_and(|b| b.plan == plan.key && b.cycle == cycle) {
            return Err(BillingError::Same);
        }
        let prices = self.prices(plan, cycle, &row.currency).await?;
        let detail = json!({ "plan": plan.key, "cycle": cycle.as_str(), "before": row.plan });
        self.begin(scope, Some((Action::PlanChanged, detail))).await?;
        let form = Form::new()
            .with("proration_behavior", "always_invoice")
            // More is there when it is paid for.
            .with("payment_behavior", "error_if_incomplete")
            .with("cancel_at_period_end", false)
            .maybe("proration_date", at);
        let form = self.items(&current, prices, "items", form);
        self.stripe.post(&format!("/v1/subscriptions/{}", current.id), &form, &self.once()).await?;
        Ok(self.ask_now(scope.organisation_id()).await?)
    }

    /// Ends the subscription with the period that is paid; `free` says that the free plan follows, else sending pauses then.
    ///
    /// # Errors
    /// [`BillingError`].
    pub async fn end(&self, scope: &OrganisationScope, free: bool) -> Outcome<()> {
        let row = self.begin(scope, None).await?;
        if free && row.status == account::status::CANCELED {
            // Over already: the free plan follows at once.
            self.note(scope, Action::PlanChanged, json!({ "plan": FREE, "before": row.plan }), Some(FREE))
                .await?;
            return Ok(self.ask_now(scope.organisation_id()).await?);
        }
        let current = self.current(&row).await?;
        let detail = json!({ "plan": row.plan, "then": if free { FREE } else { "nothing" } });
        self.note(scope, Action::PlanEnded, detail, free.then_some(FREE)).await?;
        self.set_end(&current.id, true).await?;
        Ok(self.ask_now(scope.organisation_id()).await?)
    }

    /// Takes an end back that has not come yet.
    ///
    /// # Errors
    /// [`BillingError`].
    pub async fn resume(&self, scope: &OrganisationScope) -> Outcome<()> {
        let row = self.begin(scope, None).await?;
        let current = self.current(&row).await?;
        self.note(scope, Action::PlanResumed, json!({ "plan": row.plan }), None).await?;
        self.set_end(&current.id, false).await?;
        Ok(self.ask_now(scope.organisation_id()).await?)
    }

    async fn set_end(&self, subscription: &str, ends: bool) -> Outcome<()> {
        let form = Form::new().with("cancel_at_period_end", ends);
        self.stripe.post(&format!("/v1/subscriptions/{subscription}"), &form, &self.once()).await?;
        Ok(())
    }

    async fn note(
        &self,
        scope: &OrganisationScope,
        action: Action,
        detail: Value,
        then: Option<&str>,
    ) -> Outcome<()> {
        let mut tx = self.db.write().await?;
        let organised = tx.organisation(scope).await?;
        still_there(&organised, scope).await?;
        set_next(&organised, then).await?;
        let entry = Entry::new(action, scope.organisation_id(), detail);
        audit::append(&organised, &self.env, scope.actor(), entry).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Lets sending go on beyond what the plan includes, up to its bound, or not.
    ///
    /// # Errors
    /// [`BillingError::NotSubscribed`] on the free plan, which has nothing to bill.
    pub async fn go_beyond(&self, scope: &OrganisationScope, beyond: bool) -> Outcome<()> {
        let mut tx = self.db.write().await?;
        let organised = tx.organisation(scope).await?;
        still_there(&organised, scope).await?;
        let row = account::lock(&organised, &self.env).await?;
        if beyond && !live(&row) {
            return Err(BillingError::NotSubscribed);
        }
        let changed = billing_account::Model { beyond, ..row };
        organised
            .update::<billing_account::Entity>()
            .set(changed.into_active_model().reset_all())
            .exec(organised.on())
            .await?;
        let entry = Entry::new(Action::BeyondChanged, scope.organisation_id(), json!({ "beyond": beyond }));
        audit::append(&organised, &self.env, scope.actor(), entry).await?;
        tx.commit().await?;
        Ok(self.judge(scope.organisation_id()).await?)
    }

    /// The invoices of an organisation, newest first.
    ///
    /// # Errors
    /// [`BillingError`].
    pub async fn invoices(&self, scope: &OrganisationScope, first: u64) -> Outcome<Vec<Invoice>> {
        let row = self.look(&self.db, scope).await?;
        let Some(customer) = row.customer_id else { return Ok(Vec::new()) };
        let query = Form::new().with("customer", customer).with("limit", first);
        let found = self.stripe.get("/v1/invoices", &query).await?;
        Ok(list(&found).iter().filter_map(Invoice::read).collect())
    }

    /// Where the console shows the plan.
    async fn page(&self, scope: &OrganisationScope) -> Result<String, DbError> {
        let mut tx = self.db.read().await?;
        let page = page_of(&tx.system().await?, scope.organisation_id()).await?;
        Ok(format!("{}{page}", self.public_url))
    }

    /// The account as it is.
    ///
    /// # Errors
    /// What the database says.
    pub async fn look(&self, db: &Db, scope: &OrganisationScope) -> Result<billing_account::Model, DbError> {
        let mut tx = db.read().await?;
        let organised = tx.organisation(scope).await?;
        account::look(&organised, &self.env).await
    }

    /// A key for a change that is asked for once: whoever asks again means it again.
    fn once(&self) -> String {
        self.env.uuid().to_string()
    }
}

async fn set_next(organised: &Organised<'_>, then: Option<&str>) -> Result<(), DbError> {
    organised
        .update::<billing_account::Entity>()
        .col_expr(billing_account::Column::NextPlan, Expr::value(then))
        .exec(organised.on())
        .await?;
    Ok(())
}

/// Where a page of Stripe's lies.
fn link(made: &Value) -> Outcome<String> {
    text(made, "url").map(str::to_owned).ok_or(BillingError::Unreachable)
}
