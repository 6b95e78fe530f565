//! What becomes of the people in a shop whose plan is over: they are kept for a while, the owners are told twice before that ends, and
//! then they are erased, as when a shop leaves its platform. Figures, orders without names and the audit log stay.
//!
//! Whoever chooses a plan before, the free one too, keeps everything. A shop that goes on sending events to an account nobody pays for is
//! emptied once a month.

use super::{Billing, account, notices::Notice};
use crate::{
    accounts::{
        audit::{self, Action, Entry},
        mailbox::BillingNews,
    },
    db::{Actor, DbError, OrganisationScope, StoreScope, Tx},
};
use cartwheel_domain::{
    ids::{OrganisationId, RequestId, StoreId},
    time::{DAY, Millis},
};
use cartwheel_entity::{billing_account, privacy_request, store};
use sea_orm::{ActiveValue::Set, ColumnTrait, QueryFilter, QueryOrder};
use serde_json::json;

/// How long before the end owners are told of it.
const TOLD: [(Millis, &str); 2] = [(3 * DAY, "erasure_3"), (14 * DAY, "erasure_14")];
/// How often it is done again where events still arrive.
const AGAIN: Millis = 30 * DAY;
/// By when an erasure is done, as the schedule counts it.
const DUE: Millis = 30 * DAY;

impl Billing {
    /// What owners are told before the end.
    pub(super) fn erasure_notice(&self, row: &billing_account::Model) -> Option<Notice> {
        let at = account::retained_until(self.book, row)?;
        let left = at - self.env.now();
        // One whose account was not looked at for long is told of the nearer alone.
        let (_, kind) = TOLD.into_iter().find(|(before, _)| (1..=*before).contains(&left))?;
        Some(Notice { since: row.ended_at?, kind: kind.into(), news: BillingNews::Erasure { at } })
    }

    /// Has the people in all stores of an account erased whose time is over; the account is held by the caller.
    ///
    /// # Errors
    /// What the database says.
    pub(super) async fn forget(&self, tx: &mut Tx, row: &billing_account::Model) -> Result<(), DbError> {
        let now = self.env.now();
        let Some(over) = account::retained_until(self.book, row).filter(|at| *at <= now) else {
            return Ok(());
        };
        let id = OrganisationId(row.organisation_id);
        let round = (now - over) / AGAIN;
        let system = tx.system().await?;
        let query = system
            .find::<store::Entity>()
            .filter(store::Column::OrganisationId.eq(id.uuid()))
            .order_by_asc(store::Column::Id);
        for shop in query.all(system.on()).await? {
            let shop = StoreId(shop.id);
            let request = privacy_request::ActiveModel {
                store_id: Set(shop.uuid()),
                id: Set(self.env.id::<RequestId>().uuid()),
                kind: Set("erase_store".into()),
                source: Set("retention".into()),
                source_id: Set(format!("{over}.{round}")),
                contact_id: Set(None),
                payload: Set(json!({})),
                received_at: Set(now),
                due_at: Set(now + DUE),
                completed_at: Set(None),
                outcome: Set(None),
            };
            let scoped = tx.enter(&StoreScope::system(shop)).await?;
            let new = scoped.insert_new::<privacy_request::Entity>(vec![request]).await? > 0;
            if new && round == 0 {
                let scope = OrganisationScope::system(id);
                let organised = tx.organisation(&scope).await?;
                let entry = Entry::new(Action::StoreErased, shop, json!({ "kept_until": over })).within(shop);
                audit::append(&organised, &self.env, Actor::System, entry).await?;
                tracing::info!(store = %shop, "the people of a store are erased: its plan is over for long");
            }
        }
        Ok(())
    }
}
