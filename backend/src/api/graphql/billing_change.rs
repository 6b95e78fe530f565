//! What owners change about what their organisation pays for.

use super::{
    access::{self, OrganisationAccess},
    errors::UserError,
    organisation::Organisation,
};
use crate::{
    billing::{
        Billing as Desk,
        desk::{BillingError, Preview},
        plans::Cycle,
        stripe::object::PreviewLine,
    },
    db::Role,
};
use async_graphql::{Context, Enum, ID, Object, Result, SimpleObject};

/// How often a plan is paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
pub enum BillingCycle {
    /// Each month.
    Month,
    /// Each year.
    Year,
}

impl From<BillingCycle> for Cycle {
    fn from(cycle: BillingCycle) -> Self {
        match cycle {
            BillingCycle::Month => Self::Month,
            BillingCycle::Year => Self::Year,
        }
    }
}

/// A currency that plans are sold in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
pub enum BillingCurrency {
    /// Euro.
    #[graphql(name = "EUR")]
    Eur,
    /// Swiss franc.
    #[graphql(name = "CHF")]
    Chf,
    /// Pound sterling.
    #[graphql(name = "GBP")]
    Gbp,
    /// US dollar.
    #[graphql(name = "USD")]
    Usd,
}

impl BillingCurrency {
    const fn code(self) -> &'static str {
        match self {
            Self::Eur => "EUR",
            Self::Chf => "CHF",
            Self::Gbp => "GBP",
            Self::Usd => "USD",
        }
    }
}

/// One line of what a change would cost.
#[derive(SimpleObject)]
pub struct BillingPreviewLine {
    /// What for, in Stripe's words.
    description: String,
    /// Minor units; negative for what is given back.
    amount_minor: i64,
    /// Whether it makes up for a part of a period.
    proration: bool,
}

/// What a change would cost.
#[derive(SimpleObject)]
pub struct BillingPreview {
    /// ISO 4217.
    currency: String,
    /// To pay at once, before tax; negative for what is made up for later.
    now_minor: i64,
    /// What the plan costs each cycle from then on, before tax.
    cycle_minor: i64,
    /// Its parts.
    lines: Vec<BillingPreviewLine>,
    /// What it was worked out for: given to `changePlan`, it is that very sum.
    at: i64,
}

impl From<Preview> for BillingPreview {
    fn from(p: Preview) -> Self {
        let line = |l: PreviewLine| BillingPreviewLine {
            description: l.description,
            amount_minor: l.amount_minor,
            proration: l.proration,
        };
        Self {
            currency: p.currency,
            now_minor: p.now_minor,
            cycle_minor: p.cycle_minor,
            lines: p.lines.into_iter().map(line).collect(),
            at: p.at,
        }
    }
}

/// A page at Stripe to go to.
#[derive(Default, SimpleObject)]
pub struct BillingLinkPayload {
    /// Where it lies; it is good for one visit, soon.
    url: Option<String>,
    user_errors: Vec<UserError>,
}

/// What a change would cost.
#[derive(Default, SimpleObject)]
pub struct PreviewPlanPayload {
    preview: Option<BillingPreview>,
    user_errors: Vec<UserError>,
}

/// A changed plan.
#[derive(Default, SimpleObject)]
pub struct BillingPayload {
    organisation: Option<Organisation>,
    user_errors: Vec<UserError>,
}

/// What can be changed about what an organisation pays for.
#[derive(Default)]
pub struct BillingMutation;

/// What a refused change says to the caller; faults stay faults.
fn refusal(access: &OrganisationAccess, e: BillingError) -> Result<Vec<UserError>> {
    let (path, code): (&[&str], _) = match &e {
        BillingError::NoPlan(_) => (&["plan"], "not_found"),
        BillingError::Outdated => (&["at"], "outdated"),
        BillingError::Same => (&["plan"], "same"),
        BillingError::Subscribed => (&["plan"], "subscribed"),
        BillingError::NotSubscribed => (&[], "not_subscribed"),
        BillingError::Unreachable => (&[], "unreachable"),
        BillingError::Refused(_) => (&[], "refused"),
        BillingError::NotSynced(_) => (&["plan"], "not_synced"),
        BillingError::Team(_) => (&["organisationId"], "not_found"),
        BillingError::Db(e) => return Err(access.fault(e)),
    };
    Ok(vec![UserError::at(path, code, e.to_string())])
}

/// The desk and the proof, or what to say instead.
fn open(
    ctx: &Context<'_>,
    id: &ID,
) -> Result<std::result::Result<(OrganisationAccess, Desk), Vec<UserError>>> {
    let Some(access) = OrganisationAccess::open_to(ctx, id, Role::Owner)? else {
        return Ok(Err(vec![UserError::at(
            &["organisationId"],
            "not_found",
            "there is no such organisation",
        )]));
    };
    match access::api(ctx)?.billing.clone() {
        Some(desk) => Ok(Ok((access, desk))),
        None => Ok(Err(vec![UserError::at(&[], "off", "nobody pays here: billing is off")])),
    }
}

async fn finish(
    access: OrganisationAccess,
    outcome: std::result::Result<(), BillingError>,
) -> Result<BillingPayload> {
    match outcome {
        Ok(()) => {
            Ok(BillingPayload { organisation: Organisation::load(access).await?, user_errors: Vec::new() })
        }
        Err(e) => Ok(BillingPayload { organisation: None, user_errors: refusal(&access, e)? }),
    }
}

#[Object]
impl BillingMutation {
    /// The page at Stripe on which a first plan is bought. Needs the role owner.
    async fn start_checkout(
        &self,
        ctx: &Context<'_>,
        organisation_id: ID,
        plan: String,
        cycle: BillingCycle,
        currency: BillingCurrency,
    ) -> Result<BillingLinkPayload> {
        let (access, desk) = match open(ctx, &organisation_id)? {
            Ok(both) => both,
            Err(user_errors) => return Ok(BillingLinkPayload { url: None, user_errors }),
        };
        match desk.checkout(&access.scope, &plan, cycle.into(), currency.code()).await {
            Ok(url) => Ok(BillingLinkPayload { url: Some(url), user_errors: Vec::new() }),
            Err(e) => Ok(BillingLinkPayload { url: None, user_errors: refusal(&access, e)? }),
        }
    }

    /// The page at Stripe on which cards, addresses and tax ids are changed and invoices lie. Needs the role owner.
    async fn open_billing_portal(
        &self,
        ctx: &Context<'_>,
        organisation_id: ID,
    ) -> Result<BillingLinkPayload> {
        let (access, desk) = match open(ctx, &organisation_id)? {
            Ok(both) => both,
            Err(user_errors) => return Ok(BillingLinkPayload { url: None, user_errors }),
        };
        match desk.portal(&access.scope).await {
            Ok(url) => Ok(BillingLinkPayload { url: Some(url), user_errors: Vec::new() }),
            Err(e) => Ok(BillingLinkPayload { url: None, user_errors: refusal(&access, e)? }),
        }
    }

    /// What another plan would cost as of now; nothing changes. Needs the role owner.
    async fn preview_plan(
        &self,
        ctx: &Context<'_>,
        organisation_id: ID,
        plan: String,
        cycle: BillingCycle,
    ) -> Result<PreviewPlanPayload> {
        let (access, desk) = match open(ctx, &organisation_id)? {
            Ok(both) => both,
            Err(user_errors) => return Ok(PreviewPlanPayload { preview: None, user_errors }),
        };
        match desk.preview(&access.scope, &plan, cycle.into()).await {
            Ok(found) => Ok(PreviewPlanPayload { preview: Some(found.into()), user_errors: Vec::new() }),
            Err(e) => Ok(PreviewPlanPayload { preview: None, user_errors: refusal(&access, e)? }),
        }
    }

    /// Changes the plan at once, `at` for the very sum of a preview; to the free plan when the paid period ends. Needs the role
    /// owner.
    async fn change_plan(
        &self,
        ctx: &Context<'_>,
        organisation_id: ID,
        plan: String,
        cycle: BillingCycle,
        at: Option<i64>,
    ) -> Result<BillingPayload> {
        let (access, desk) = match open(ctx, &organisation_id)? {
            Ok(both) => both,
            Err(user_errors) => return Ok(BillingPayload { organisation: None, user_errors }),
        };
        let outcome = desk.change(&access.scope, &plan, cycle.into(), at).await;
        finish(access, outcome).await
    }

    /// Ends the subscription with the paid period; sending pauses then, and everything is kept for a while. Needs the role owner.
    async fn cancel_plan(&self, ctx: &Context<'_>, organisation_id: ID) -> Result<BillingPayload> {
        let (access, desk) = match open(ctx, &organisation_id)? {
            Ok(both) => both,
            Err(user_errors) => return Ok(BillingPayload { organisation: None, user_errors }),
        };
        let outcome = desk.end(&access.scope, false).await;
        finish(access, outcome).await
    }

    /// Takes such an end back before it has come. Needs the role owner.
    async fn resume_plan(&self, ctx: &Context<'_>, organisation_id: ID) -> Result<BillingPayload> {
        let (access, desk) = match open(ctx, &organisation_id)? {
            Ok(both) => both,
            Err(user_errors) => return Ok(BillingPayload { organisation: None, user_errors }),
        };
        let outcome = desk.resume(&access.scope).await;
        finish(access, outcome).await
    }

    /// Whether sending goes on beyond what the plan includes, up to its bound, for what a message costs then. Needs the role owner.
    async fn set_beyond(
        &self,
        ctx: &Context<'_>,
        organisation_id: ID,
        beyond: bool,
    ) -> Result<BillingPayload> {
        let (access, desk) = match open(ctx, &organisation_id)? {
            Ok(both) => both,
            Err(user_errors) => return Ok(BillingPayload { organisation: None, user_errors }),
        };
        let outcome = desk.go_beyond(&access.scope, beyond).await;
        finish(access, outcome).await
    }
}
