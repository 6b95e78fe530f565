//! A line for each store on the invoice of whoever pays for several: what it sent, so that an agency can pass its costs on. The lines cost
//! nothing by themselves; the price stands with the plan and the meters.

use super::{
    Billing,
    stripe::{
        Form, StripeError,
        object::{at, list, text},
    },
};
use crate::{
    db::{DbError, OrganisationScope},
    messages::usage::hour_of,
};
use cartwheel_domain::{
    ids::{OrganisationId, StoreId},
    time::MINUTE,
};
use cartwheel_entity::{billing_account, store, usage_period};
use sea_orm::{ColumnTrait, QueryFilter, QueryOrder, QuerySelect, sea_query::Expr};
use serde_json::Value;
use std::collections::BTreeMap;
use uuid::Uuid;

/// What marks an invoice that has its lines.
const MARK: &str = "cartwheel_stores";
/// Most lines: Stripe takes 250 on an invoice.
const MOST: u64 = 200;

impl Billing {
    /// Adds the lines to invoices that are being made. One that fails for now is looked at again soon: Stripe leaves an hour.
    ///
    /// # Errors
    /// What the database says.
    pub(super) async fn add_lines(&self, id: OrganisationId, customer: &str) -> Result<(), DbError> {
        let stores = self.paying_stores(id).await?;
        if stores.len() < 2 {
            return Ok(());
        }
        let Err(error) = self.lines_of_drafts(id, customer, &stores).await? else { return Ok(()) };
        tracing::warn!(organisation = %id, %error, "the stores' lines could not be added to an invoice");
        if matches!(error, StripeError::Later { .. }) {
            let mut tx = self.db.write().await?;
            let organised = tx.organisation(&OrganisationScope::system(id)).await?;
            organised
                .update::<billing_account::Entity>()
                .col_expr(billing_account::Column::AskAt, Expr::value(self.env.now() + MINUTE))
                .exec(organised.on())
                .await?;
            tx.commit().await?;
        }
        Ok(())
    }

    async fn paying_stores(&self, id: OrganisationId) -> Result<Vec<store::Model>, DbError> {
        let mut tx = self.db.read().await?;
        let system = tx.system().await?;
        let query = system
            .find::<store::Entity>()
            .filter(store::Column::OrganisationId.eq(id.uuid()))
            .filter(store::Column::Sandbox.eq(false))
            .order_by_asc(store::Column::Name)
            .limit(MOST);
        Ok(query.all(system.on()).await?)
    }

    async fn lines_of_drafts(
        &self,
        id: OrganisationId,
        customer: &str,
        stores: &[store::Model],
    ) -> Result<Result<(), StripeError>, DbError> {
        let query = Form::new().with("customer", customer).with("status", "draft").with("limit", 10);
        let drafts = match self.stripe.get("/v1/invoices", &query).await {
            Ok(drafts) => drafts,
            Err(e) => return Ok(Err(e)),
        };
        let marked = |invoice: &&Value| invoice.get("metadata").and_then(|m| text(m, MARK)).is_some();
        for invoice in list(&drafts).iter().filter(|i| !marked(i)) {
            let used = self.used_between(id, invoice).await?;
            if let Err(e) = self.lines_of(customer, invoice, stores, &used).await {
                return Ok(Err(e));
            }
        }
        Ok(Ok(()))
    }

    /// What each store used in the months that an invoice is about.
    async fn used_between(
        &self,
        id: OrganisationId,
        invoice: &Value,
    ) -> Result<BTreeMap<Uuid, BTreeMap<String, i64>>, DbError> {
        let from = at(invoice, "period_start").map_or(0, hour_of);
        let to = at(invoice, "period_end").unwrap_or(self.env.now());
        let mut tx = self.db.read().await?;
        let organised = tx.organisation(&OrganisationScope::system(id)).await?;
        let query = organised
            .find::<usage_period::Entity>()
            .filter(usage_period::Column::PeriodStart.gte(from))
            .filter(usage_period::Column::PeriodStart.lt(hour_of(to)));
        let mut sums: BTreeMap<Uuid, BTreeMap<String, i64>> = BTreeMap::new();
        for row in query.all(organised.on()).await? {
            *sums.entry(row.store_id).or_default().entry(row.channel).or_insert(0) += row.units;
        }
        Ok(sums)
    }

    async fn lines_of(
        &self,
        customer: &str,
        invoice: &Value,
        stores: &[store::Model],
        used: &BTreeMap<Uuid, BTreeMap<String, i64>>,
    ) -> Result<(), StripeError> {
        let (Some(id), Some(currency)) = (text(invoice, "id"), text(invoice, "currency")) else {
            return Ok(());
        };
        for store in stores {
            let sent: Vec<String> = used
                .get(&store.id)
                .into_iter()
                .flatten()
                .map(|(channel, n)| format!("{n} {channel}"))
                .collect();
            let sent = if sent.is_empty() { "nothing sent".to_owned() } else { sent.join(", ") };
            let name: String = store.name.chars().take(120).collect();
            let form = Form::new()
                .with("customer", customer)
                .with("invoice", id)
                .with("amount", 0)
                .with("currency", currency)
                .with("description", format!("{name}: {sent}"));
            // Told twice it is one line.
            self.stripe.post("/v1/invoiceitems", &form, &format!("line-{id}-{}", StoreId(store.id))).await?;
        }
        let form = Form::new().with(format!("metadata[{MARK}]"), stores.len());
        self.stripe.post(&format!("/v1/invoices/{id}"), &form, &format!("lines-{id}")).await.map(drop)
    }
}
