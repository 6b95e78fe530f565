//! Counts messages that their channel accepted, for what the organisation pays by: in the transaction that says so, by store, channel
//! and hour. A count is a sum over `message` rows whose `sent_at` lies in the hour, kept because a month of a million is not added
//! up at each look.

use crate::db::{DbError, Scoped};
use cartwheel_domain::time::{HOUR, Millis};
use cartwheel_entity::usage_hour;
use sea_orm::{
    ActiveValue::Set,
    ExprTrait,
    sea_query::{Expr, OnConflict},
};
use std::collections::BTreeMap;

/// The hour an instant lies in.
pub fn hour_of(at: Millis) -> Millis {
    at - at.rem_euclid(HOUR)
}

/// Accepted messages of one store, waiting for the end of the transaction.
#[derive(Debug, Default)]
pub struct Accepted(BTreeMap<(String, Millis), i64>);

impl Accepted {
    /// Counts one.
    pub fn add(&mut self, channel: &str, at: Millis) {
        *self.0.entry((channel.to_owned(), hour_of(at))).or_insert(0) += 1;
    }

    /// Adds them to what was counted before: one statement for all.
    ///
    /// # Errors
    /// What the database says.
    pub async fn write(self, scoped: &Scoped<'_>) -> Result<(), DbError> {
        use usage_hour::Column as C;
        let rows = self.0.into_iter().map(|((channel, hour), n)| usage_hour::ActiveModel {
            store_id: Set(scoped.store_id().uuid()),
            channel: Set(channel),
            hour: Set(hour),
            accepted: Set(n),
            counted: Set(0),
            reported: Set(0),
        });
        let more = Expr::col((usage_hour::Entity, C::Accepted)).add(Expr::col(("excluded", C::Accepted)));
        let conflict =
            OnConflict::columns([C::StoreId, C::Channel, C::Hour]).value(C::Accepted, more).to_owned();
        scoped.insert_with::<usage_hour::Entity>(rows.collect(), conflict).await.map(|_| ())
    }
}
