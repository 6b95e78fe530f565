//! Adds up the hours that `messages::usage` counts, over months of each organisation's plan.

use super::{
    Billing,
    account::{self, month},
};
use crate::db::{Among, DbError, OrganisationScope, System};
use cartwheel_domain::ids::OrganisationId;
use cartwheel_entity::{billing_account, store, usage_hour, usage_period};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, Condition, ExprTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, LockBehavior, LockType},
};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use uuid::Uuid;

/// Hours taken up in one pass.
const PASS: u64 = 500;

/// Hours of which a watermark lags behind, locked; what another worker has in hand is left to it.
pub(super) async fn lagging(
    system: &System<'_>,
    watermark: usage_hour::Column,
    narrowed: Condition,
) -> Result<Vec<usage_hour::Model>, DbError> {
    let query = system
        .find::<usage_hour::Entity>()
        .filter(Expr::col(usage_hour::Column::Accepted).gt(Expr::col(watermark)))
        .filter(narrowed)
        .order_by_asc(usage_hour::Column::Hour)
        .limit(PASS)
        .lock_with_behavior(LockType::Update, LockBehavior::SkipLocked);
    Ok(query.all(system.on()).await?)
}

/// Whose stores these are.
pub(super) async fn owners(
    system: &System<'_>,
    rows: &[usage_hour::Model],
) -> Result<HashMap<Uuid, Uuid>, DbError> {
    let ids: BTreeSet<Uuid> = rows.iter().map(|r| r.store_id).collect();
    let query = system
        .find::<store::Entity>()
        .select_only()
        .columns([store::Column::Id, store::Column::OrganisationId])
        .filter(store::Column::Id.among(ids));
    Ok(query.into_tuple::<(Uuid, Uuid)>().all(system.on()).await?.into_iter().collect())
}

/// Sets a watermark to what the rows were read with.
pub(super) async fn mark(
    system: &System<'_>,
    watermark: usage_hour::Column,
    rows: &[usage_hour::Model],
) -> Result<(), DbError> {
    for row in rows {
        system
            .update::<usage_hour::Entity>()
            .col_expr(watermark, Expr::value(row.accepted))
            .filter(usage_hour::Column::StoreId.eq(row.store_id))
            .filter(usage_hour::Column::Channel.eq(&row.channel))
            .filter(usage_hour::Column::Hour.eq(row.hour))
            .exec(system.on())
            .await?;
    }
    Ok(())
}

impl Billing {
    /// Adds new hours to the months; says whose.
    ///
    /// # Errors
    /// What the database says.
    pub async fn fold(&self) -> Result<BTreeSet<OrganisationId>, DbError> {
        let mut tx = self.db.write().await?;
        let system = tx.system().await?;
        let rows = lagging(&system, usage_hour::Column::Counted, Condition::all()).await?;
        if rows.is_empty() {
            return Ok(BTreeSet::new());
        }
        let owners = owners(&system, &rows).await?;
        let mut groups: BTreeMap<OrganisationId, Vec<&usage_hour::Model>> = BTreeMap::new();
        for row in &rows {
            if let Some(owner) = owners.get(&row.store_id) {
                groups.entry(OrganisationId(*owner)).or_default().push(row);
            }
        }
        for (organisation, rows) in &groups {
            let organised = tx.organisation(&OrganisationScope::system(*organisation)).await?;
            let account: billing_account::Model = account::lock(&organised, &self.env).await?;
            let mut sums: BTreeMap<(i64, Uuid, &str), i64> = BTreeMap::new();
            for row in rows {
                let start = month(account.anchor, row.hour).start;
                *sums.entry((start, row.store_id, row.channel.as_str())).or_insert(0) +=
                    row.accepted - row.counted;
            }
            for ((start, store, channel), n) in sums {
                let done = organised
                    .update::<usage_period::Entity>()
                    .col_expr(usage_period::Column::Units, Expr::col(usage_period::Column::Units).add(n))
                    .filter(usage_period::Column::PeriodStart.eq(start))
                    .filter(usage_period::Column::StoreId.eq(store))
                    .filter(usage_period::Column::Channel.eq(channel))
                    .exec(organised.on())
                    .await?;
                if done.rows_affected == 0 {
                    let row = usage_period::ActiveModel {
                        organisation_id: Set(organisation.uuid()),
                        period_start: Set(start),
                        store_id: Set(store),
                        channel: Set(channel.to_owned()),
                        units: Set(n),
                    };
                    organised.insert::<usage_period::Entity>(row).await?;
                }
            }
        }
        mark(&tx.system().await?, usage_hour::Column::Counted, &rows).await?;
        tx.commit().await?;
        Ok(groups.into_keys().collect())
    }
}
