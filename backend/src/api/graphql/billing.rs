//! What an organisation pays for and what it used. Looking needs the role admin, changing it the role owner; keys may do neither.

use super::{
    access::OrganisationAccess,
    page::{self, PageInfo},
    scalars::Time,
};
use crate::{
    billing::{
        self, Billing as Desk,
        account::{self, Month, forecast},
        caps::{Share, WARNINGS, shares},
        desk::BillingError,
        plans::{CHANNELS, CONTACTS, Cycle},
        stripe::object::Invoice,
    },
    db::{DbError, StoreScope},
};
use async_graphql::{ID, Object, Result, SimpleObject};
use cartwheel_domain::{
    consent::Channel,
    ids::{MessageId, StoreId},
};
use cartwheel_entity::{billing_account, message, meter_report, store, usage_period};
use sea_orm::{ColumnTrait, Condition, QueryFilter, QueryOrder, QuerySelect};

/// A plan there is.
#[derive(SimpleObject)]
pub struct BillingPlan {
    /// free, starter, growth or scale.
    key: String,
    /// What it costs, in each currency and cycle; none for the free plan.
    prices: Vec<BillingPrice>,
    /// What it includes each month, and where sending pauses.
    limits: Vec<BillingLimit>,
    /// What a message beyond the included ones costs, where that is allowed.
    beyond: Vec<BillingRate>,
}

/// A price of a plan.
#[derive(SimpleObject)]
pub struct BillingPrice {
    /// ISO 4217.
    currency: String,
    /// month or year.
    cycle: &'static str,
    /// Minor units, before tax.
    minor: i64,
}

/// What a plan includes of one thing, each month.
#[derive(SimpleObject)]
pub struct BillingLimit {
    /// A channel's name, or contacts.
    measure: &'static str,
    /// So many are in the price.
    included: i64,
    /// At so many sending pauses when it may go on beyond that.
    most: i64,
}

/// What a message beyond the included ones costs.
#[derive(SimpleObject)]
pub struct BillingRate {
    /// The channel's name.
    measure: &'static str,
    /// ISO 4217.
    currency: String,
    /// Minor units, a decimal number: 0.4 is four thousandths of a euro.
    minor: String,
}

/// Why sending waits.
#[derive(SimpleObject)]
pub struct BillingHold {
    /// cap, unpaid or ended.
    reason: String,
    /// Until when, where that is known.
    until: Option<Time>,
}

/// How much of one thing is used this month.
#[derive(SimpleObject)]
pub struct BillingUsage {
    /// A channel's name, or contacts.
    measure: &'static str,
    /// So many.
    used: i64,
    /// So many are in the price.
    included: i64,
    /// At so many sending pauses.
    cap: i64,
    /// Whole percent of the cap.
    percent: i64,
    /// What the month comes to if it goes on as it began; null in its first day, and for contacts.
    forecast: Option<i64>,
}

/// Something that is nearly or wholly used up.
#[derive(SimpleObject)]
pub struct BillingWarning {
    /// A channel's name, or contacts.
    measure: &'static str,
    /// 80 or 100.
    percent: i64,
}

/// An invoice at Stripe.
#[derive(SimpleObject)]
pub struct BillingInvoice {
    /// Stripe's id.
    id: String,
    /// Its number, once it has one.
    number: Option<String>,
    /// draft, open, paid, uncollectible or void.
    status: String,
    /// Its sum, minor units, tax included.
    total_minor: i64,
    /// What is left to pay, minor units.
    due_minor: i64,
    /// ISO 4217.
    currency: String,
    /// When it was made.
    created_at: Time,
    /// Its page at Stripe.
    url: Option<String>,
    /// The same as PDF.
    pdf: Option<String>,
}

impl From<Invoice> for BillingInvoice {
    fn from(i: Invoice) -> Self {
        Self {
            id: i.id,
            number: i.number,
            status: i.status,
            total_minor: i.total_minor,
            due_minor: i.due_minor,
            currency: i.currency,
            created_at: Time(i.created),
            url: i.url,
            pdf: i.pdf,
        }
    }
}

/// What was reported to one of Stripe's meters.
#[derive(SimpleObject)]
pub struct BillingReport {
    /// Its name at Stripe.
    identifier: String,
    /// The meter's event name.
    meter: String,
    /// The hour's beginning; its units are the messages accepted in it.
    hour: Time,
    /// How many.
    units: i64,
    /// waits, arrived, refused or unknown.
    status: &'static str,
}

impl From<meter_report::Model> for BillingReport {
    fn from(row: meter_report::Model) -> Self {
        let status = match row.status {
            billing::report::WAITS => "waits",
            billing::report::ARRIVED => "arrived",
            billing::report::REFUSED => "refused",
            _ => "unknown",
        };
        Self { identifier: row.identifier, meter: row.meter, hour: Time(row.hour), units: row.units, status }
    }
}

/// What an organisation pays for and what it used.
pub struct Billing {
    access: OrganisationAccess,
    desk: Desk,
    row: billing_account::Model,
    used: Vec<usage_period::Model>,
    month: Month,
}

fn whole(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

impl Billing {
    /// Of an organisation; `None` where nobody pays.
    ///
    /// # Errors
    /// A fault.
    pub async fn load(access: OrganisationAccess) -> Result<Option<Self>> {
        let Some(desk) = access.api.billing.clone() else { return Ok(None) };
        let env = access.api.env.clone();
        let read = access.read(async |organised| {
            let row = account::look(organised, &env).await?;
            let month = account::month(row.anchor, env.now());
            let used = account::used(organised, month).await?;
            Ok::<_, DbError>((row, used, month))
        });
        let (row, used, month) = read.await?;
        Ok(Some(Self { access, desk, row, used, month }))
    }

    fn shares(&self) -> Vec<Share> {
        let sums = account::by_channel(&self.used);
        let used =
            |m: &str| if m == CONTACTS { self.row.contacts } else { sums.get(m).copied().unwrap_or(0) };
        shares(account::plan(self.desk.book, &self.row), self.row.beyond, used)
    }
}

#[Object]
impl Billing {
    /// Key of the plan: free, starter, growth or scale.
    async fn plan(&self) -> &str {
        &account::plan(self.desk.book, &self.row).key
    }

    /// month or year.
    async fn cycle(&self) -> &str {
        &self.row.cycle
    }

    /// ISO 4217.
    async fn currency(&self) -> &str {
        &self.row.currency
    }

    /// What the plan costs each cycle, minor units, before tax.
    async fn price_minor(&self) -> i64 {
        self.row.price_minor
    }

    /// none, trialing, active, past_due, unpaid, paused or canceled.
    async fn status(&self) -> &str {
        &self.row.status
    }

    /// When the trial ends.
    async fn trial_ends_at(&self) -> Option<Time> {
        self.row.trial_end.map(Time)
    }

    /// When the paid period ends and the next is paid.
    async fn paid_until(&self) -> Option<Time> {
        self.row.period_end.map(Time)
    }

    /// When the subscription ends, by the owner's wish.
    async fn cancels_at(&self) -> Option<Time> {
        self.row.cancel_at.map(Time)
    }

    /// The plan that follows then: free, or null for none.
    async fn next_plan(&self) -> Option<&str> {
        self.row.next_plan.as_deref()
    }

    /// Since when a payment is missing.
    async fn past_due_since(&self) -> Option<Time> {
        self.row.past_due_since.map(Time)
    }

    /// Until when sending goes on nevertheless.
    async fn grace_ends_at(&self) -> Option<Time> {
        account::grace_ends(self.desk.book, &self.row).map(Time)
    }

    /// Until when everything is kept after the subscription ended.
    async fn retained_until(&self) -> Option<Time> {
        account::retained_until(self.desk.book, &self.row).map(Time)
    }

    /// Why sending waits; null while it goes on.
    async fn hold(&self) -> Option<BillingHold> {
        let reason = self.row.hold.clone()?;
        Some(BillingHold { reason, until: self.row.hold_until.map(Time) })
    }

    /// Whether sending goes on beyond what the plan includes, up to its bound.
    async fn beyond(&self) -> bool {
        self.row.beyond
    }

    /// Where this month of usage began.
    async fn period_start(&self) -> Time {
        Time(self.month.start)
    }

    /// Where the next begins.
    async fn period_end(&self) -> Time {
        Time(self.month.end)
    }

    /// What is used this month, by channel, and active contacts.
    async fn usage(&self) -> Vec<BillingUsage> {
        let now = self.access.api.env.now();
        let line = |s: Share| BillingUsage {
            measure: s.measure,
            used: s.used,
            included: whole(s.included),
            cap: whole(s.cap),
            percent: s.percent(),
            forecast: forecast(s.used, self.month, now).filter(|_| s.measure != CONTACTS),
        };
        self.shares().into_iter().map(line).collect()
    }

    /// What is nearly or wholly used up.
    async fn warnings(&self) -> Vec<BillingWarning> {
        let reached = |s: Share| {
            let percent = WARNINGS.into_iter().filter(|w| s.percent() >= *w).max()?;
            Some(BillingWarning { measure: s.measure, percent })
        };
        self.shares().into_iter().filter_map(reached).collect()
    }

    /// The stores, each with its part; the first 200 by name.
    #[graphql(complexity = "20 * child_complexity + 1")]
    async fn stores(&self) -> Result<Vec<BillingStore>> {
        let look = async {
            let mut tx = self.access.api.db.read().await?;
            let system = tx.system().await?;
            let mine = store::Column::OrganisationId.eq(self.row.organisation_id);
            let rows =
                system.find::<store::Entity>().filter(mine).order_by_asc(store::Column::Name).limit(200);
            Ok::<_, DbError>(rows.all(system.on()).await?)
        };
        let rows = look.await.map_err(|e| self.access.fault(&e))?;
        let line = |row: store::Model| BillingStore {
            used: self.used.iter().filter(|u| u.store_id == row.id).cloned().collect(),
            access: self.access.clone(),
            month: self.month,
            row,
        };
        Ok(rows.into_iter().map(line).collect())
    }

    /// What Stripe's meters were told of this month, newest first.
    #[graphql(complexity = "usize::try_from(first.unwrap_or(25)).unwrap_or(100) * child_complexity + 1")]
    async fn reports(&self, first: Option<i32>) -> Result<Vec<BillingReport>> {
        let (first, since) = (page::size(first)?, self.month.start);
        let rows = self.access.read(async |organised| {
            let query = organised
                .find::<meter_report::Entity>()
                .filter(meter_report::Column::Hour.gte(since))
                .order_by_desc(meter_report::Column::Hour)
                .order_by_desc(meter_report::Column::Identifier)
                .limit(first);
            Ok::<_, DbError>(query.all(organised.on()).await?)
        });
        Ok(rows.await?.into_iter().map(BillingReport::from).collect())
    }

    /// Invoices, newest first, as Stripe has them; null while Stripe cannot be asked.
    #[graphql(complexity = "usize::try_from(first.unwrap_or(25)).unwrap_or(100) * child_complexity + 10")]
    async fn invoices(&self, first: Option<i32>) -> Result<Option<Vec<BillingInvoice>>> {
        match self.desk.invoices(&self.access.scope, page::size(first)?).await {
            Ok(list) => Ok(Some(list.into_iter().map(BillingInvoice::from).collect())),
            Err(BillingError::Db(e)) => Err(self.access.fault(&e)),
            Err(_) => Ok(None),
        }
    }

    /// Everything there is to buy, the smallest first.
    async fn plans(&self) -> Vec<BillingPlan> {
        let plan = |p: &billing::plans::Plan| {
            let pairs = Cycle::ALL.into_iter().flat_map(|c| billing::plans::CURRENCIES.map(|m| (c, m)));
            let price = |(cycle, currency): (Cycle, &str)| {
                let minor = p.price(cycle, currency)?;
                Some(BillingPrice { currency: currency.into(), cycle: cycle.as_str(), minor })
            };
            let channels = CHANNELS.map(Channel::as_str);
            let limit = |measure| BillingLimit {
                measure,
                included: whole(p.included.of(measure)),
                most: whole(p.most.of(measure)),
            };
            let rates = channels.into_iter().flat_map(|c| billing::plans::CURRENCIES.map(|m| (c, m)));
            let rate = |(measure, currency): (&'static str, &str)| {
                let minor = p.beyond(measure, currency)?.to_owned();
                Some(BillingRate { measure, currency: currency.into(), minor })
            };
            BillingPlan {
                key: p.key.clone(),
                prices: pairs.filter_map(price).collect(),
                limits: channels.into_iter().chain([CONTACTS]).map(limit).collect(),
                beyond: rates.filter_map(rate).collect(),
            }
        };
        self.desk.book.plans().iter().map(plan).collect()
    }
}

/// A store's part of what is used.
pub struct BillingStore {
    access: OrganisationAccess,
    row: store::Model,
    used: Vec<usage_period::Model>,
    month: Month,
}

/// How much of one channel a store used.
#[derive(SimpleObject)]
pub struct BillingStoreUsage {
    /// The channel's name.
    measure: String,
    /// So many.
    used: i64,
}

#[Object]
impl BillingStore {
    /// The store's id.
    async fn id(&self) -> ID {
        ID(StoreId(self.row.id).to_string())
    }

    /// Its name.
    async fn name(&self) -> &str {
        &self.row.name
    }

    /// Whether it is a sandbox, whose messages cost nothing.
    async fn sandbox(&self) -> bool {
        self.row.sandbox
    }

    /// What it used this month, by channel.
    async fn usage(&self) -> Vec<BillingStoreUsage> {
        let line = |u: &usage_period::Model| BillingStoreUsage { measure: u.channel.clone(), used: u.units };
        self.used.iter().map(line).collect()
    }

    /// The messages behind the figures: those accepted this month, newest first.
    #[graphql(complexity = "usize::try_from(first.unwrap_or(25)).unwrap_or(100) * child_complexity + 1")]
    async fn units(&self, first: Option<i32>, after: Option<String>) -> Result<BilledUnitConnection> {
        let (first, place) = (page::size(first)?, page::place(after.as_deref())?);
        if self.row.sandbox {
            return Ok(BilledUnitConnection { edges: Vec::new(), page_info: PageInfo::default() });
        }
        let look = async {
            use message::Column as C;
            let mut tx = self.access.api.db.read().await?;
            // The store is one of the organisation whose rights were checked.
            let scope = StoreScope::granted(
                StoreId(self.row.id),
                self.access.scope.role(),
                self.access.scope.actor(),
            );
            let scoped = tx.enter(&scope).await?;
            let mut query = scoped
                .find::<message::Entity>()
                .filter(C::SentAt.gte(self.month.start))
                .filter(C::SentAt.lt(self.month.end));
            if let Some((at, id)) = place {
                let same = Condition::all().add(C::SentAt.eq(at)).add(C::Id.lt(id));
                query = query.filter(Condition::any().add(C::SentAt.lt(at)).add(same));
            }
            let query = query.order_by_desc(C::SentAt).order_by_desc(C::Id).limit(first + 1);
            Ok::<_, DbError>(query.all(scoped.on()).await?)
        };
        let rows = look.await.map_err(|e| self.access.fault(&e))?;
        let (rows, page_info) = page::cut(rows, first, place.is_some(), |r| (r.sent_at.unwrap_or(0), r.id));
        let edge = |row: message::Model| {
            let at = row.sent_at.unwrap_or(0);
            BilledUnitEdge {
                cursor: page::cursor((at, row.id)),
                node: BilledUnit {
                    message_id: ID(MessageId(row.id).to_string()),
                    accepted_at: Time(at),
                    measure: row.channel,
                    subject: row.subject,
                },
            }
        };
        Ok(BilledUnitConnection { edges: rows.into_iter().map(edge).collect(), page_info })
    }
}

/// Billed messages, a page of them.
#[derive(SimpleObject)]
pub struct BilledUnitConnection {
    /// Rows.
    pub edges: Vec<BilledUnitEdge>,
    /// Where the page stands.
    pub page_info: PageInfo,
}

/// One row of a page.
#[derive(SimpleObject)]
pub struct BilledUnitEdge {
    /// Its place.
    pub cursor: String,
    /// The unit.
    pub node: BilledUnit,
}

/// One billed message.
#[derive(SimpleObject)]
pub struct BilledUnit {
    /// The message; its page tells what it was about.
    message_id: ID,
    /// When its channel accepted it.
    accepted_at: Time,
    /// The channel's name.
    measure: String,
    /// Its subject; null once it was erased.
    subject: Option<String>,
}
