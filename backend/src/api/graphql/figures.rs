//! What many stores have earned, side by side.

use super::{
    access::Access,
    overview::{Attention, Recovered, attention_of, recovered},
    scalars::{Money, Time, amount},
    store::Store,
};
use crate::{
    analytics::{
        Figures, Metric, figures,
        signals::{self, Trouble},
    },
    db::Role,
};
use async_graphql::{Object, Result};
use cartwheel_domain::money::Currency;

/// What a store has earned in some days, and what needs a look there.
pub struct StoreFigures {
    access: Access,
    figures: Figures,
    trouble: Trouble,
    seen: Option<i64>,
}

impl StoreFigures {
    /// Of those stores that the viewer may look at as an analyst, in one transaction.
    ///
    /// # Errors
    /// `days` out of bounds, or a fault.
    pub async fn load(stores: Vec<Access>, days: i32) -> Result<Vec<Self>> {
        if !(1..=366).contains(&days) {
            return Err(async_graphql::Error::new("days: between 1 and 366"));
        }
        let Some(first) = stores.first().cloned() else { return Ok(Vec::new()) };
        let now = first.api.env.now();
        let mut tx = first.api.db.read().await.map_err(|e| first.fault(&e))?;
        let mut list = Vec::with_capacity(stores.len());
        for access in stores.into_iter().filter(|access| access.needs(Role::Analyst).is_ok()) {
            let read = async {
                let scoped = tx.enter(&access.scope).await?;
                let figures = figures::sums(&scoped, now, days).await?;
                let trouble = signals::trouble(&scoped, access.info.lane, now).await?;
                Ok::<_, crate::db::DbError>((figures, trouble, signals::last_seen(&scoped).await?))
            };
            let (figures, trouble, seen) = read.await.map_err(|e| access.fault(&e))?;
            list.push(Self { access, figures, trouble, seen });
        }
        Ok(list)
    }

    fn currency(&self) -> Currency {
        self.access.info.settings.currency
    }

    fn count(&self, metric: Metric) -> i64 {
        self.figures.total(metric, self.currency()).n
    }
}

#[Object]
impl StoreFigures {
    /// The store.
    async fn store(&self) -> Store {
        Store(self.access.clone())
    }

    /// Carts, checkouts and quotes that began.
    async fn carts(&self) -> i64 {
        self.count(Metric::Carts)
    }

    /// Of all carts, those judged left.
    async fn abandoned(&self) -> i64 {
        self.count(Metric::Abandoned)
    }

    /// Messages handed over.
    async fn sent(&self) -> i64 {
        self.count(Metric::Sent)
    }

    /// Orders, and their value in the store's currency net of what went back.
    async fn orders(&self) -> Recovered {
        recovered(&self.figures, Metric::Orders, self.currency())
    }

    /// Orders after a click on a message.
    async fn recovered_by_click(&self) -> Recovered {
        recovered(&self.figures, Metric::RecoveredByClick, self.currency())
    }

    /// Orders in the window of a message.
    async fn recovered_by_window(&self) -> Recovered {
        recovered(&self.figures, Metric::RecoveredByWindow, self.currency())
    }

    /// Value of orders after a click that is in other currencies than the store's, each by itself.
    async fn recovered_elsewhere(&self) -> Vec<Money> {
        let own = self.currency();
        let others = self.figures.currencies().filter(|code| *code != own.code());
        let sums = others.filter_map(|code| {
            let sum = self.figures.total(Metric::RecoveredByClick, code.parse().ok()?);
            (sum.minor != 0).then(|| amount(sum.minor, code))
        });
        sums.collect()
    }

    /// What needs a look.
    async fn attention(&self) -> Vec<Attention> {
        attention_of(&self.trouble, &self.access.info)
    }

    /// When an event last came in, to the minute; null: never.
    async fn last_event_at(&self) -> Option<Time> {
        self.seen.map(Time)
    }
}
