//! A journey, its versions and what passed through them.

use super::{
    access::Access,
    dry_run::DryRun,
    overview::{Incremental, Recovered, compared, recovered},
    rollout::{self, RollOutPlan},
    scalars::{Json, Time},
};
use crate::{
    analytics::{Metric, figures},
    db::{DbError, Role},
    journeys::{model::MOVED_OUT, timeline},
};
use async_graphql::{Context, Enum, ID, Object, Result, SimpleObject};
use cartwheel_domain::{
    ids::{JourneyId, MemberId, VersionId},
    journey::{Blueprint, Definition, WAYS},
};
use cartwheel_entity::{journey, journey_version, member};
use sea_orm::{ColumnTrait, QueryFilter, QueryOrder, QuerySelect};

/// Whether a journey runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
pub enum JourneyStatus {
    /// Takes entries and sends.
    On,
    /// Keeps everything where it is.
    Paused,
    /// Ends.
    Off,
}

/// What a new journey begins as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
pub enum JourneyBlueprint {
    /// Three mails after a cart, a checkout or a quote was left: what every store is given.
    Recovery,
    /// A checkout that was left: soon, and once more on a morning.
    Checkout,
    /// A quote without an answer: three mails at working hours.
    Quote,
    /// A beginning and an end.
    Empty,
}

impl From<JourneyBlueprint> for Blueprint {
    fn from(blueprint: JourneyBlueprint) -> Self {
        match blueprint {
            JourneyBlueprint::Recovery => Self::Recovery,
            JourneyBlueprint::Checkout => Self::Checkout,
            JourneyBlueprint::Quote => Self::Quote,
            JourneyBlueprint::Empty => Self::Empty,
        }
    }
}

/// A drawn graph.
#[derive(Clone)]
pub struct Journey {
    /// The store.
    pub access: Access,
    /// The row.
    pub row: journey::Model,
}

/// Figures of a journey over some days.
#[derive(SimpleObject)]
pub struct JourneyCounts {
    /// Entries.
    runs: i64,
    /// Standing in it now.
    waiting: i64,
    /// Messages handed over.
    messages: i64,
    /// Orders after a click on one of its messages.
    recovered_by_click: Recovered,
    /// Orders in the window of one of its messages.
    recovered_by_window: Recovered,
    /// What its messages earned beyond what would have come anyway.
    incremental: Incremental,
}

/// What passed a node.
#[derive(SimpleObject)]
pub struct NodeCount {
    /// The node.
    node: ID,
    /// How many came.
    entered: i64,
    /// How many stand there.
    waiting: i64,
    /// How many went on.
    left: i64,
    /// How many took each way of a question or of a wait for an event, by their answers.
    ways: Vec<WayCount>,
}

/// What would become of those who are under way.
#[derive(SimpleObject)]
pub struct Moving {
    /// How many could go on.
    moves: i64,
    /// How many wait at a step that is gone or has become another: they finish with their own version.
    stays: i64,
}

/// How many took one way of a node.
#[derive(SimpleObject)]
pub struct WayCount {
    /// The way, by the field that names its target.
    way: String,
    /// How many.
    n: i64,
}

impl Journey {
    /// One journey.
    ///
    /// # Errors
    /// A fault.
    pub async fn load(access: &Access, id: JourneyId) -> Result<Option<Self>> {
        let row = access.read(async |scoped| {
            Ok::<_, DbError>(
                scoped
                    .find::<journey::Entity>()
                    .filter(journey::Column::Id.eq(id.uuid()))
                    .one(scoped.on())
                    .await?,
            )
        });
        Ok(row.await?.map(|row| Self { access: access.clone(), row }))
    }

    async fn published(&self) -> Result<Vec<journey_version::Model>> {
        self.access
            .read(async |scoped| {
                let query = scoped
                    .find::<journey_version::Entity>()
                    .filter(journey_version::Column::JourneyId.eq(self.row.id));
                Ok::<_, DbError>(
                    query.order_by_desc(journey_version::Column::Number).limit(100).all(scoped.on()).await?,
                )
            })
            .await
    }
}

#[Object]
impl Journey {
    /// Id.
    async fn id(&self) -> ID {
        ID(JourneyId(self.row.id).to_string())
    }

    /// Name.
    async fn name(&self) -> &str {
        &self.row.name
    }

    /// What other stores would take over of its newest version. Needs the role editor here; a store in which the viewer is none is
    /// refused.
    #[graphql(complexity = "store_ids.len() * (child_complexity + 20)")]
    async fn roll_out(&self, ctx: &Context<'_>, store_ids: Vec<ID>) -> Result<Vec<RollOutPlan>> {
        self.access.needs(Role::Editor)?;
        rollout::plans(ctx, self, &store_ids).await
    }

    /// Whether it runs.
    async fn status(&self) -> JourneyStatus {
        match self.row.status.as_str() {
            "on" => JourneyStatus::On,
            "paused" => JourneyStatus::Paused,
            _ => JourneyStatus::Off,
        }
    }

    /// What new entries get. Needs the role analyst.
    async fn published_version(&self) -> Result<Option<JourneyVersion>> {
        self.access.needs(Role::Analyst)?;
        let Some(id) = self.row.current_version_id else { return Ok(None) };
        let row = self.access.read(async |scoped| {
            let query = scoped.find::<journey_version::Entity>().filter(journey_version::Column::Id.eq(id));
            Ok::<_, DbError>(query.one(scoped.on()).await?)
        });
        Ok(row.await?.map(|row| JourneyVersion { access: self.access.clone(), row }))
    }

    /// All versions, newest first. Needs the role analyst.
    #[graphql(complexity = "20 * child_complexity + 1")]
    async fn versions(&self) -> Result<Vec<JourneyVersion>> {
        self.access.needs(Role::Analyst)?;
        let rows = self.published().await?;
        Ok(rows.into_iter().map(|row| JourneyVersion { access: self.access.clone(), row }).collect())
    }

    /// One version by its number; null where there is none. Needs the role analyst.
    async fn version(&self, number: i32) -> Result<Option<JourneyVersion>> {
        self.access.needs(Role::Analyst)?;
        let row = self.access.read(async |scoped| {
            let query = scoped
                .find::<journey_version::Entity>()
                .filter(journey_version::Column::JourneyId.eq(self.row.id))
                .filter(journey_version::Column::Number.eq(number));
            Ok::<_, DbError>(query.one(scoped.on()).await?)
        });
        Ok(row.await?.map(|row| JourneyVersion { access: self.access.clone(), row }))
    }

    /// Number of the version that people under way in earlier ones go on with, each when they next move; null where they finish with their
    /// own.
    async fn moves_to(&self) -> Result<Option<i32>> {
        let Some(version) = self.row.moves_to else { return Ok(None) };
        let row = self.access.read(async |scoped| {
            let query = scoped.find::<journey_version::Entity>();
            let query = query.filter(journey_version::Column::Id.eq(version));
            Ok::<_, DbError>(query.one(scoped.on()).await?)
        });
        Ok(row.await?.map(|row| row.number))
    }

    /// How many of those under way in earlier versions could go on with a definition: with the published one, where none is given.
    /// Needs the role analyst.
    async fn moving(&self, definition: Option<Json>) -> Result<Moving> {
        self.access.needs(Role::Analyst)?;
        let drafted = definition.is_some();
        let versions = self.published().await?;
        let parse = |text: &str| Definition::from_json(text).ok();
        let next = match definition {
            Some(Json(definition)) => parse(&definition.to_string()),
            None => versions.first().and_then(|version| parse(&version.definition)),
        };
        // A draft would be one more version; people in the published one could go on with it too.
        let earlier =
            versions.into_iter().filter(|version| drafted || Some(version.id) != self.row.current_version_id);
        let mut moving = Moving { moves: 0, stays: 0 };
        for version in earlier {
            let rows =
                self.access.read(async |scoped| timeline::node_counts(scoped, VersionId(version.id)).await);
            let before = parse(&version.definition);
            for count in passed(&rows.await?) {
                let over = next.as_ref().zip(before.as_ref()).zip(count.node.parse().ok());
                let goes = over.is_some_and(|((next, before), node)| next.takes_over(before, &node));
                *(if goes { &mut moving.moves } else { &mut moving.stays }) += count.waiting;
            }
        }
        Ok(moving)
    }

    /// The newest dry run of the last day. Needs the role analyst.
    async fn dry_run(&self) -> Result<Option<DryRun>> {
        self.access.needs(Role::Analyst)?;
        DryRun::latest(&self.access, JourneyId(self.row.id)).await
    }

    /// Figures of the last so many days (30 by default, at most 366). Needs the role analyst.
    async fn counts(&self, days: Option<i32>) -> Result<JourneyCounts> {
        self.access.needs(Role::Analyst)?;
        let (access, id) = (&self.access, JourneyId(self.row.id));
        let now = access.api.env.now();
        let currency = access.info.settings.currency;
        access
            .read(async |scoped| {
                let sums = figures::since(scoped, now, days.unwrap_or(30), Some(id)).await?;
                let n = |metric| sums.total(metric, currency);
                Ok::<_, DbError>(JourneyCounts {
                    runs: n(Metric::TreatedEntered).n + n(Metric::HoldoutEntered).n,
                    waiting: standing(scoped, id).await?,
                    messages: n(Metric::Sent).n,
                    recovered_by_click: recovered(&sums, Metric::RecoveredByClick, currency),
                    recovered_by_window: recovered(&sums, Metric::RecoveredByWindow, currency),
                    incremental: compared(&sums, currency),
                })
            })
            .await
    }
}

/// The immutable published form of a journey.
pub struct JourneyVersion {
    access: Access,
    row: journey_version::Model,
}

#[Object]
impl JourneyVersion {
    /// Id.
    async fn id(&self) -> ID {
        ID(VersionId(self.row.id).to_string())
    }

    /// Number, from 1.
    async fn number(&self) -> i32 {
        self.row.number
    }

    /// When it was published.
    async fn published_at(&self) -> Time {
        Time(self.row.published_at)
    }

    /// By whom; null for ourselves.
    async fn published_by(&self) -> Result<Option<String>> {
        let Some(id) = self.row.published_by.map(MemberId) else { return Ok(None) };
        let look = async {
            let mut tx = self.access.api.db.read().await?;
            let system = tx.system().await?;
            Ok::<_, DbError>(
                system
                    .find::<member::Entity>()
                    .filter(member::Column::Id.eq(id.uuid()))
                    .one(system.on())
                    .await?,
            )
        };
        Ok(look.await.map_err(|e| self.access.fault(&e))?.map(|m| m.name))
    }

    /// The graph, `"schema": 1`.
    async fn definition(&self) -> Json {
        Json(serde_json::from_str(&self.row.definition).unwrap_or_default())
    }

    /// What passed each node.
    async fn node_counts(&self) -> Result<Vec<NodeCount>> {
        let rows = self
            .access
            .read(async |scoped| timeline::node_counts(scoped, VersionId(self.row.id)).await)
            .await?;
        Ok(passed(&rows))
    }
}

/// Words of the timeline that mean a run stands at a node, and those that mean it has gone on.
const ARRIVED: [&str; 3] = ["wait_started", "await_started", "moved_in"];
const GONE: [&str; 5] = ["wait_over", "event_happened", "event_timed_out", "ended", MOVED_OUT];

/// From counted decisions to what stands and what went on.
fn passed(rows: &[(String, String, i64)]) -> Vec<NodeCount> {
    let mut nodes: Vec<&String> = rows.iter().map(|(node, _, _)| node).collect();
    nodes.sort_unstable();
    nodes.dedup();
    let sum = |node: &str, words: &[&str]| -> i64 {
        rows.iter()
            .filter(|(n, word, _)| n == node && words.contains(&word.as_str()))
            .map(|(_, _, n)| n)
            .sum()
    };
    nodes
        .into_iter()
        .map(|node| {
            let entered = sum(node, &["entered"]);
            let arrived = sum(node, &ARRIVED);
            let waiting = if arrived > 0 { (arrived - sum(node, &GONE)).max(0) } else { 0 };
            let by_answer = WAYS
                .iter()
                .map(|(decision, way)| (*way, sum(node, &[decision.as_str()])))
                .filter(|(_, n)| *n > 0);
            let ways = by_answer.map(|(way, n)| WayCount { way: way.to_owned(), n }).collect();
            NodeCount { node: ID(node.clone()), entered, waiting, left: (entered - waiting).max(0), ways }
        })
        .collect()
}

/// How many runs of a journey stand somewhere in it, over all its versions.
async fn standing(scoped: &crate::db::Scoped<'_>, journey: JourneyId) -> Result<i64, DbError> {
    let query = scoped
        .find::<journey_version::Entity>()
        .filter(journey_version::Column::JourneyId.eq(journey.uuid()));
    let versions = query.order_by_desc(journey_version::Column::Number).limit(100).all(scoped.on()).await?;
    let mut n = 0;
    for version in versions {
        let rows = timeline::node_counts(scoped, VersionId(version.id)).await?;
        n += passed(&rows).iter().map(|c| c.waiting).sum::<i64>();
    }
    Ok(n)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_passed_a_node_is_told_with_the_ways_that_were_taken() {
        let row = |node: &str, word: &str, n: i64| (node.to_owned(), word.to_owned(), n);
        let rows = [
            row("ask", "entered", 9),
            row("ask", "condition_yes", 6),
            row("ask", "condition_no", 3),
            row("stay", "entered", 6),
            row("stay", "await_started", 6),
            row("stay", "event_happened", 1),
            row("stay", "event_timed_out", 2),
        ];
        let told = passed(&rows);
        let ways = |i: usize| told[i].ways.iter().map(|one| (one.way.as_str(), one.n)).collect::<Vec<_>>();
        assert_eq!((told[0].entered, told[0].waiting, told[0].left), (9, 0, 9));
        assert_eq!(ways(0), [("yes", 6), ("no", 3)]);
        assert_eq!((told[1].entered, told[1].waiting, told[1].left), (6, 3, 3));
        assert_eq!(ways(1), [("happened", 1), ("timed_out", 2)]);
    }
}
