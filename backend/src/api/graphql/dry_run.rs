//! Dry runs: a draft played over past events, with nothing sent.

use super::{
    access::Access,
    cart::{Cart, CartConnection, CartEdge},
    errors::{UserError, journey_errors},
    page,
    scalars::{Json, Money, Time, amount},
};
use crate::{
    billing::account,
    db::{Actor, DbError, OrganisationScope, Role},
    dry_run::{self, DryRunError, Status},
};
use async_graphql::{Context, Enum, ID, Object, Result, SimpleObject};
use cartwheel_domain::{
    dry_run::{ASSUMPTIONS, kinds},
    ids::{CartId, DryRunId, JourneyId, MemberId},
    journey::Definition,
};
use cartwheel_entity::{cart, dry_run as row, dry_run_number};
use std::collections::HashMap;

/// Where a dry run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
pub enum DryRunStatus {
    /// Nobody works on it yet.
    Queued,
    /// Somebody works on it.
    Running,
    /// Done.
    Done,
    /// A member cancelled it.
    Cancelled,
    /// It was begun several times and never came to its end.
    Failed,
}

impl From<Status> for DryRunStatus {
    fn from(status: Status) -> Self {
        match status {
            Status::Queued => Self::Queued,
            Status::Running => Self::Running,
            Status::Done => Self::Done,
            Status::Cancelled => Self::Cancelled,
            Status::Failed => Self::Failed,
        }
    }
}

/// A draft played over past events, with nothing sent. Kept for a day.
pub struct DryRun {
    access: Access,
    row: row::Model,
}

/// One number a dry run has come to.
#[derive(SimpleObject)]
pub struct DryRunNumber {
    /// By which its carts are asked for.
    place: i32,
    /// left, entered, not_entered, ended, still_in, node, sent, suppressed, cancelled, waiting or silenced.
    kind: String,
    /// At which node; of messages null for all nodes together.
    node: Option<ID>,
    /// By which way, of messages.
    channel: Option<String>,
    /// Why, or what: a stable word, or the rule that refuses.
    reason: Option<String>,
    /// How many.
    count: i64,
    /// Of how many carts. A thousand of them can be looked at.
    carts: i64,
}

/// What the messages of one channel would cost.
#[derive(SimpleObject)]
pub struct DryRunCost {
    /// The channel's name.
    channel: String,
    /// Messages that would have gone.
    messages: i64,
    /// What one beyond the included ones costs, minor units with decimals; null where no price is known.
    each_minor: Option<String>,
    /// What all of them cost if none is included in the plan's price; null where no price is known.
    at_most: Option<Money>,
}

impl DryRun {
    /// The newest of a journey.
    ///
    /// # Errors
    /// A fault.
    pub async fn latest(access: &Access, journey: JourneyId) -> Result<Option<Self>> {
        let row = access.read(async |scoped| dry_run::latest(scoped, journey).await).await?;
        Ok(row.map(|row| Self { access: access.clone(), row }))
    }

    async fn load(access: &Access, id: DryRunId) -> Result<Option<Self>> {
        let row = access.read(async |scoped| dry_run::find(scoped, id).await).await?;
        Ok(row.map(|row| Self { access: access.clone(), row }))
    }

    async fn rows(&self) -> Result<Vec<dry_run_number::Model>> {
        self.access.read(async |scoped| dry_run::numbers(scoped, DryRunId(self.row.id)).await).await
    }
}

#[Object]
impl DryRun {
    /// Id.
    async fn id(&self) -> ID {
        ID(DryRunId(self.row.id).to_string())
    }

    /// Where it stands.
    async fn status(&self) -> DryRunStatus {
        Status::of(&self.row).into()
    }

    /// Why it failed: a stable word.
    async fn reason(&self) -> Option<&str> {
        self.row.reason.as_deref()
    }

    /// How many days it goes back: 30 or 90.
    async fn days(&self) -> i32 {
        self.row.days
    }

    /// The first instant at which a cart that was left may enter.
    async fn since(&self) -> Time {
        Time(self.row.begins_at)
    }

    /// What is due later does not happen.
    async fn until(&self) -> Time {
        Time(self.row.ends_at)
    }

    /// When it was over.
    async fn finished_at(&self) -> Option<Time> {
        self.row.finished_at.map(Time)
    }

    /// Whose events are played; null until they are counted.
    async fn people(&self) -> Option<i64> {
        self.row.people
    }

    /// Of how many of them they have been.
    async fn done(&self) -> i64 {
        self.row.done
    }

    /// Events read.
    async fn events(&self) -> i64 {
        self.row.events
    }

    /// The draft that is played.
    async fn definition(&self) -> Json {
        Json(serde_json::from_str(&self.row.definition).unwrap_or_default())
    }

    /// What it takes for granted: stable words.
    async fn assumptions(&self) -> Vec<&'static str> {
        ASSUMPTIONS.to_vec()
    }

    /// What it has come to; empty until it is done.
    #[graphql(complexity = "100 * child_complexity + 1")]
    async fn numbers(&self) -> Result<Vec<DryRunNumber>> {
        let number = |n: dry_run_number::Model| DryRunNumber {
            place: n.place,
            kind: n.kind,
            node: n.node.map(ID),
            channel: n.channel,
            reason: n.reason,
            count: n.n,
            carts: n.of_carts,
        };
        Ok(self.rows().await?.into_iter().map(number).collect())
    }

    /// What its messages would cost, by channel, at the prices of the organisation's plan.
    #[graphql(complexity = "6 * child_complexity + 1")]
    async fn costs(&self) -> Result<Vec<DryRunCost>> {
        let rows = self.rows().await?;
        let sent: Vec<(String, i64)> = rows
            .into_iter()
            .filter(|n| n.kind == kinds::SENT && n.node.is_none())
            .filter_map(|n| Some((n.channel?, n.n)))
            .collect();
        let api = &self.access.api;
        let plan = match &api.billing {
            Some(billing) if !sent.is_empty() => {
                let scope = OrganisationScope::system(self.access.info.organisation_id);
                let look = async {
                    let mut tx = api.db.read().await?;
                    let organised = tx.organisation(&scope).await?;
                    account::look(&organised, &api.env).await
                };
                let row = look.await.map_err(|e: DbError| self.access.fault(&e))?;
                Some((account::plan(billing.book, &row), row.currency))
            }
            _ => None,
        };
        Ok(sent
            .into_iter()
            .map(|(channel, messages)| {
                let price = plan.as_ref().and_then(|(plan, currency)| {
                    let each = plan.beyond(&channel, currency)?;
                    Some((each.to_owned(), amount(times(each, messages)?, currency)))
                });
                let (each_minor, at_most) = price.unzip();
                DryRunCost { channel, messages, each_minor, at_most }
            })
            .collect())
    }

    /// The carts behind one of its numbers, by the number's `place`; a thousand of them at most.
    #[graphql(complexity = "usize::try_from(first.unwrap_or(25)).unwrap_or(100) * child_complexity + 1")]
    async fn carts(&self, place: i32, first: Option<i32>, after: Option<String>) -> Result<CartConnection> {
        let (first, from) = (page::size(first)?, page::place(after.as_deref())?);
        let skip = from.map_or(0, |(at, _)| usize::try_from(at).unwrap_or(usize::MAX));
        let read = self.access.read(async |scoped| {
            let behind = dry_run::carts_behind(scoped, DryRunId(self.row.id), place).await?;
            let wanted = usize::try_from(first).unwrap_or(usize::MAX);
            let ids: Vec<CartId> = behind.iter().copied().skip(skip).take(wanted.saturating_add(1)).collect();
            let rows = scoped
                .find_among::<cart::Entity, _>(cart::Column::Id, ids.iter().map(|id| id.uuid()))
                .await?;
            Ok::<_, DbError>((behind.len(), ids, rows))
        });
        let (total, ids, rows) = read.await?;
        let rows: HashMap<_, _> = rows.into_iter().map(|row| (row.id, row)).collect();
        // By their place in what is kept; one that is gone since keeps its place.
        let placed =
            ids.iter().enumerate().map(|(n, id)| (i64::try_from(skip + n + 1).unwrap_or(i64::MAX), *id));
        let (placed, page_info) =
            page::cut(placed.collect(), first, from.is_some(), |(n, id)| (*n, id.uuid()));
        let edges = placed.into_iter().filter_map(|(n, id)| {
            let row = rows.get(&id.uuid())?.clone();
            Some(CartEdge {
                cursor: page::cursor((n, id.uuid())),
                node: Cart { access: self.access.clone(), row },
            })
        });
        Ok(CartConnection { edges: edges.collect(), page_info, total_count: i32::try_from(total).ok() })
    }
}

/// So many times a price of minor units with decimals, whole minor units, the last one begun counted; `None` for no price.
fn times(each: &str, n: i64) -> Option<i64> {
    let (whole, part) = each.split_once('.').unwrap_or((each, ""));
    if part.len() > 6 || !part.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let millionths: i128 = format!("{part:0<6}").parse().ok()?;
    let each = i128::from(whole.parse::<u32>().ok()?) * 1_000_000 + millionths;
    i64::try_from((each * i128::from(n.max(0)) + 999_999) / 1_000_000).ok()
}

/// What can be changed about dry runs.
#[derive(Default)]
pub struct DryRunMutation;

/// A dry run that was begun or cancelled.
#[derive(Default, SimpleObject)]
pub struct DryRunPayload {
    dry_run: Option<DryRun>,
    user_errors: Vec<UserError>,
}

#[Object]
impl DryRunMutation {
    /// Plays a draft over the last 30 or 90 days of the store's events, with nothing sent. One at a time of each store. Needs the role
    /// editor.
    async fn start_dry_run(
        &self,
        ctx: &Context<'_>,
        store_id: ID,
        journey_id: ID,
        definition: Json,
        days: i32,
    ) -> Result<DryRunPayload> {
        let Some(access) = Access::open_to(ctx, &store_id, Role::Editor).await? else {
            return Ok(refused("journeyId", "not_found", "there is no such journey"));
        };
        let Ok(journey) = journey_id.parse::<JourneyId>() else {
            return Ok(refused("journeyId", "not_found", "there is no such journey"));
        };
        let definition = match Definition::from_json(&definition.0.to_string()) {
            Ok(definition) => definition,
            Err(problems) => {
                let at = problems.iter().map(|p| UserError::at(&["definition"], "unsound", p.to_string()));
                return Ok(DryRunPayload { dry_run: None, user_errors: at.collect() });
            }
        };
        let by = match access.scope.actor() {
            Actor::Member(id) => Some::<MemberId>(id),
            _ => None,
        };
        let mut tx = access.write().await?;
        let scoped = tx.enter(&access.scope).await.map_err(|e| access.fault(&e))?;
        let asked = dry_run::Asked { journey, definition, days, by };
        let id = match dry_run::start(&scoped, &access.api.env, asked).await {
            Ok(id) => id,
            Err(e) => {
                let user_errors = dry_run_errors(e).map_err(|e| access.fault(&e))?;
                return Ok(DryRunPayload { dry_run: None, user_errors });
            }
        };
        tx.commit().await.map_err(|e| access.fault(&e))?;
        Ok(DryRunPayload { dry_run: DryRun::load(&access, id).await?, user_errors: Vec::new() })
    }

    /// Cancels a dry run that is not over. Needs the role editor.
    async fn cancel_dry_run(&self, ctx: &Context<'_>, store_id: ID, dry_run_id: ID) -> Result<DryRunPayload> {
        let none = || refused("dryRunId", "not_found", "there is no such dry run");
        let Some(access) = Access::open_to(ctx, &store_id, Role::Editor).await? else { return Ok(none()) };
        let Ok(id) = dry_run_id.parse::<DryRunId>() else { return Ok(none()) };
        let now = access.api.env.now();
        let mut tx = access.write().await?;
        let scoped = tx.enter(&access.scope).await.map_err(|e| access.fault(&e))?;
        dry_run::cancel(&scoped, id, now).await.map_err(|e| access.fault(&e))?;
        tx.commit().await.map_err(|e| access.fault(&e))?;
        match DryRun::load(&access, id).await? {
            Some(found) => Ok(DryRunPayload { dry_run: Some(found), user_errors: Vec::new() }),
            None => Ok(none()),
        }
    }
}

fn refused(path: &str, code: &str, message: &str) -> DryRunPayload {
    DryRunPayload { dry_run: None, user_errors: vec![UserError::at(&[path], code, message)] }
}

/// What a refused dry run says to the caller; faults stay faults.
fn dry_run_errors(e: DryRunError) -> Result<Vec<UserError>, DbError> {
    let said = e.to_string();
    let (path, code) = match e {
        DryRunError::Journey(e) => return journey_errors(e),
        DryRunError::Days => ("days", "invalid"),
        DryRunError::Going => ("storeId", "going"),
        DryRunError::TooMany => ("storeId", "too_many"),
    };
    Ok(vec![UserError::at(&[path], code, said)])
}

#[cfg(test)]
mod tests {
    use super::times;

    #[test]
    fn prices_with_decimals_add_up_to_the_last_minor_unit() {
        assert_eq!(times("0.4", 1_000), Some(400));
        assert_eq!(times("0.4", 1), Some(1));
        assert_eq!(times("0.05", 41), Some(3));
        assert_eq!(times("120", 3), Some(360));
        assert_eq!(times("0.4", 0), Some(0));
        assert_eq!((times("", 1), times("a", 1), times("1.x", 1)), (None, None, None));
    }
}
