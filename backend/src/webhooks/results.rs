//! What receivers said, written under the epoch of the claim; many answers in one transaction.

use super::{DELIVERED, FAILED, GAVE_UP, GONE, WAITING, call::Said, courier::Tools, retry};
use crate::db::{DbError, Scoped, StoreScope, batch};
use cartwheel_domain::{
    ids::{AttemptId, DeliveryId, StoreId},
    time::Millis,
};
use cartwheel_entity::{hook_attempt, hook_delivery};
use sea_orm::{ColumnTrait, QueryFilter, sea_query::Expr};
use std::collections::BTreeMap;
use uuid::Uuid;

/// One call and its answer.
pub(super) struct Answered {
    /// The delivery as claimed.
    pub row: hook_delivery::Model,
    /// Which attempt.
    pub attempt: AttemptId,
    /// What was said; `None` when nothing was sent, since there was no time left.
    pub said: Option<Said>,
    /// A stable word for it.
    pub word: &'static str,
    /// When it began.
    pub begun_at: Millis,
    /// When the answer was there.
    pub at: Millis,
}

impl Answered {
    /// The status of the answer.
    pub fn status(&self) -> Option<u16> {
        match &self.said {
            Some(Said::Answer { status, .. }) => Some(*status),
            _ => None,
        }
    }

    /// Whether it arrived.
    pub fn arrived(&self) -> bool {
        self.status().is_some_and(|status| (200..300).contains(&status))
    }

    fn text(&self) -> &str {
        match &self.said {
            Some(Said::Answer { text, .. } | Said::None(_, text)) => text,
            None => "",
        }
    }

    /// Status, next time, rounds, reason, when it was done.
    fn next(&self) -> (i32, Millis, i32, Option<&'static str>, Option<Millis>) {
        let row = &self.row;
        if self.said.is_none() {
            // Not an attempt of the schedule.
            return (WAITING, self.at, row.round + 1, None, None);
        }
        if self.arrived() {
            return (DELIVERED, row.next_at, row.round, None, Some(self.at));
        }
        if self.status() == Some(410) {
            return (FAILED, row.next_at, row.round, Some(GONE), Some(self.at));
        }
        let number = row.attempt + 1 - row.round;
        match retry::wait(DeliveryId(row.id), number, self.said.as_ref().and_then(|said| said.asked(self.at)))
        {
            Some(pause) => (WAITING, self.at + pause, row.round, Some(self.word), None),
            None => (FAILED, row.next_at, row.round, Some(GAVE_UP), Some(self.at)),
        }
    }
}

/// Writes answers down.
pub(super) async fn record(tools: &Tools, answers: Vec<Answered>) -> Result<usize, DbError> {
    let mut groups: BTreeMap<Uuid, Vec<Answered>> = BTreeMap::new();
    for answer in answers {
        groups.entry(answer.row.store_id).or_default().push(answer);
    }
    let mut tx = tools.db.write().await?;
    let mut written = 0;
    for (store, answers) in groups {
        let scoped = tx.enter(&StoreScope::system(StoreId(store))).await?;
        written += of_store(&scoped, &tools.owner, answers).await?;
    }
    tx.commit().await?;
    Ok(written)
}

async fn of_store(scoped: &Scoped<'_>, owner: &str, answers: Vec<Answered>) -> Result<usize, DbError> {
    let change = batch::Change {
        table: "hook_delivery",
        columns: &["status", "next_at", "round", "reason", "done_at"],
        guard: "status = 1",
        owner,
        keep_lease: false,
    };
    let rows = answers.iter().map(|answer| {
        let (status, next_at, round, reason, done_at) = answer.next();
        let reason = reason.map(str::to_owned);
        let values = vec![status.into(), next_at.into(), round.into(), reason.into(), done_at.into()];
        batch::Row { id: answer.row.id, epoch: answer.row.epoch, values }
    });
    let touched = scoped.change_fenced(&change, rows.collect()).await?;
    // The attempt is a fact whoever has the delivery now; where its endpoint was taken away, it is gone with it.
    for answer in &answers {
        use hook_attempt::Column as C;
        scoped
            .update::<hook_attempt::Entity>()
            .col_expr(C::StartedAt, Expr::value(answer.begun_at))
            .col_expr(C::FinishedAt, Expr::value(answer.at))
            .col_expr(C::Outcome, Expr::value(answer.word))
            .col_expr(C::Status, Expr::value(answer.status().map(i32::from)))
            .col_expr(C::Answer, Expr::value(answer.text()))
            .filter(C::Id.eq(answer.attempt.uuid()))
            .exec(scoped.on())
            .await?;
    }
    Ok(touched.len())
}
