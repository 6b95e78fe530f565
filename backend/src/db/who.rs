//! Who a session speaks for, in one question: each request of a signed-in person begins with it.

use super::{Db, DbError, Dialect};
use cartwheel_domain::{
    ids::{MemberId, OrganisationId, SessionId, StoreId},
    time::Millis,
};
use sea_orm::{ConnectionTrait, QueryResult, Statement};
use uuid::Uuid;

/// What is known of a member whose session is alive.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Alive {
    /// Whether they have shown a code when they signed in.
    pub coded: bool,
    /// What they are in each of their organisations.
    pub seats: Vec<Seat>,
}

/// A member in one organisation. Words are as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seat {
    /// Which.
    pub organisation: OrganisationId,
    /// `merchant`, `agency` or `staff`.
    pub kind: String,
    /// The role in all of its stores, or a word that is none.
    pub role: String,
    /// Roles in single stores.
    pub stores: Vec<(StoreId, String)>,
}

/// On SQLite; the same as the function of `m0015_who`, which opens row-level security for this one question.
const SQLITE: &str = "SELECT s.second_factor, m.organisation_id, m.role, o.kind, r.store_id, r.role AS store_role \
    FROM session s LEFT JOIN membership m ON m.member_id = s.member_id \
    LEFT JOIN organisation o ON o.id = m.organisation_id \
    LEFT JOIN store_role r ON r.organisation_id = m.organisation_id AND r.member_id = m.member_id \
    WHERE s.id = ? AND s.member_id = ? AND s.ended_at IS NULL AND s.expires_at > ? ORDER BY m.organisation_id";
const POSTGRES: &str = "SELECT second_factor, organisation_id, role, kind, store_id, store_role \
    FROM cartwheel_who($1, $2, $3)";

impl Db {
    /// The member behind a session, if that is alive and theirs. One statement and no transaction.
    ///
    /// # Errors
    /// What the database says.
    pub async fn alive(
        &self,
        session: SessionId,
        member: MemberId,
        now: Millis,
    ) -> Result<Option<Alive>, DbError> {
        let dialect = self.dialect();
        let sql = if dialect == Dialect::Sqlite { SQLITE } else { POSTGRES };
        let values = [session.uuid().into(), member.uuid().into(), now.into()];
        let statement = Statement::from_sql_and_values(dialect.backend(), sql, values);
        let rows = self.reader().query_all_raw(statement).await?;
        let Some(first) = rows.first() else { return Ok(None) };
        let mut alive = Alive { coded: first.try_get("", "second_factor")?, seats: Vec::new() };
        for row in &rows {
            alive.add(row)?;
        }
        Ok(Some(alive))
    }
}

impl Alive {
    fn add(&mut self, row: &QueryResult) -> Result<(), DbError> {
        let Some(organisation) = row.try_get::<Option<Uuid>>("", "organisation_id")? else { return Ok(()) };
        let organisation = OrganisationId(organisation);
        if self.seats.last().is_none_or(|seat| seat.organisation != organisation) {
            let (kind, role) = (row.try_get("", "kind")?, row.try_get("", "role")?);
            self.seats.push(Seat { organisation, kind, role, stores: Vec::new() });
        }
        if let (Some(seat), Some(store)) =
            (self.seats.last_mut(), row.try_get::<Option<Uuid>>("", "store_id")?)
        {
            seat.stores.push((StoreId(store), row.try_get("", "store_role")?));
        }
        Ok(())
    }
}
