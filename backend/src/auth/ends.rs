//! The end of sessions, at once and everywhere.

use crate::db::{DbError, System};
use cartwheel_domain::{
    ids::{MemberId, SessionId},
    time::Millis,
};
use cartwheel_entity::session;
use sea_orm::{ColumnTrait, QueryFilter, sea_query::Expr};

/// Which sessions of a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// This one.
    One(SessionId),
    /// All but this one.
    But(SessionId),
    /// All.
    All,
}

pub(super) async fn end_sessions(
    system: &System<'_>,
    now: Millis,
    member: MemberId,
    which: Which,
) -> Result<u64, DbError> {
    let which = match which {
        Which::One(id) => session::Column::Id.eq(id.uuid()),
        Which::But(id) => session::Column::Id.ne(id.uuid()),
        Which::All => session::Column::Id.is_not_null(),
    };
    let done = system
        .update::<session::Entity>()
        .col_expr(session::Column::EndedAt, Expr::value(now))
        .filter(session::Column::MemberId.eq(member.uuid()))
        .filter(session::Column::EndedAt.is_null())
        .filter(which)
        .exec(system.on())
        .await?;
    Ok(done.rows_affected)
}
