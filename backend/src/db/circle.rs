//! What the stores of a circle share, as types: a store reads the circles in which it has a seat, and writes its own seat's rows.
//!
//! A [`Circle`] is made from the store's own row in `circle_member`, and nowhere else. On PostgreSQL row-level security asks the
//! same of the same rows.

#![expect(clippy::disallowed_methods, reason = "the one place where shared rows get their circle")]

use super::{
    DbError, Scoped, System,
    dialect::{self, Hold},
    texts::{self, Conflict},
};
use cartwheel_domain::{
    ids::{OrganisationId, StoreId},
    time::Millis,
};
use cartwheel_entity::{Shared, circle_member, circle_seat};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, Condition, DeleteMany, QueryFilter, Select, Value, sea_query::OnConflict,
};
use std::collections::HashSet;
use uuid::Uuid;

/// A circle in which the store of the transaction has a seat.
pub struct Circle<'t> {
    scoped: Scoped<'t>,
    member: circle_member::Model,
    others: HashSet<Uuid>,
}

/// Seats that count at an instant: not given up, and not ended with the store's opening.
pub fn in_force(now: Millis) -> Condition {
    use circle_seat::Column as C;
    let open = Condition::any().add(C::EndsAt.is_null()).add(C::EndsAt.gt(now));
    Condition::all().add(C::LeftAt.is_null()).add(open)
}

impl<'t> Scoped<'t> {
    /// The circles the store is in at an instant, always in one order. One statement where it is in none.
    ///
    /// # Errors
    /// What the database says.
    pub async fn circles(&self, now: Millis) -> Result<Vec<Circle<'t>>, DbError> {
        use sea_orm::EntityTrait;
        let mut members = self.find::<circle_member::Entity>().all(self.on()).await?;
        if members.is_empty() {
            return Ok(Vec::new());
        }
        members.sort_by_key(|member| member.agency_id);
        let agencies = circle_seat::Column::AgencyId.is_in(members.iter().map(|member| member.agency_id));
        let seats = circle_seat::Entity::find().filter(agencies).filter(in_force(now)).all(self.on()).await?;
        let circles = members.into_iter().filter_map(|member| {
            let of_circle = seats.iter().filter(|seat| seat.agency_id == member.agency_id);
            let mut others: HashSet<Uuid> = of_circle.map(|seat| seat.id).collect();
            others.remove(&member.seat_id).then_some(Circle { scoped: *self, member, others })
        });
        Ok(circles.collect())
    }

    /// The same, to write to: nobody joins or leaves by this store meanwhile, and whoever hands messages over in these circles has
    /// committed before, or sees what is written here. Held until the transaction ends; PostgreSQL, SQLite has one writer.
    ///
    /// # Errors
    /// What the database says.
    pub async fn circles_alone(&self, now: Millis) -> Result<Vec<Circle<'t>>, DbError> {
        let door = dialect::door(self.store_id());
        dialect::hold(self.on(), self.dialect(), door, Hold::Together).await?;
        let circles = self.circles(now).await?;
        for circle in &circles {
            circle.hold(Hold::Alone).await?;
        }
        Ok(circles)
    }
}

impl System<'_> {
    /// Waits for those who write a store's noes, and keeps them out until the transaction ends: for whoever changes which circles it
    /// is in.
    ///
    /// # Errors
    /// What the database says.
    pub async fn close_door(&self, store: StoreId) -> Result<(), DbError> {
        dialect::hold(self.on(), self.dialect(), dialect::door(store), Hold::Alone).await.map(|_| ())
    }
}

impl Circle<'_> {
    /// The agency.
    pub fn agency(&self) -> OrganisationId {
        OrganisationId(self.member.agency_id)
    }

    /// The store's own seat.
    pub fn seat(&self) -> Uuid {
        self.member.seat_id
    }

    /// Whether a seat is another's, and counts.
    pub fn is_others(&self, seat: Uuid) -> bool {
        self.others.contains(&seat)
    }

    /// Keeps writers out until the transaction ends, unless one is there: then this says no, and does not wait, since whoever asks
    /// holds rows that a writer may be waiting for.
    ///
    /// # Errors
    /// What the database says.
    pub async fn still(&self) -> Result<bool, DbError> {
        self.hold(Hold::TogetherAtOnce).await
    }

    async fn hold(&self, how: Hold) -> Result<bool, DbError> {
        let key = dialect::circle(self.member.agency_id);
        dialect::hold(self.scoped.on(), self.scoped.dialect(), key, how).await
    }

    /// Rows of the circle.
    pub fn find<E: Shared>(&self) -> Select<E> {
        E::find().filter(E::agency_column().eq(self.member.agency_id))
    }

    /// Takes rows of the store's own seat out.
    pub fn delete<E: Shared>(&self) -> DeleteMany<E> {
        E::delete_many()
            .filter(E::agency_column().eq(self.member.agency_id))
            .filter(E::seat_column().eq(self.member.seat_id))
    }

    /// Adds rows of the store's own seat; `columns` are written over where a row is there, which is left as it is where none is named.
    ///
    /// # Errors
    /// A row of another seat, or what the database says.
    pub async fn put<E>(
        &self,
        rows: Vec<E::ActiveModel>,
        key: &[E::Column],
        columns: &[E::Column],
    ) -> Result<u64, DbError>
    where
        E: Shared,
        E::ActiveModel: Send,
    {
        let mine = [Value::from(self.member.agency_id), Value::from(self.member.seat_id)];
        let named = |row: &E::ActiveModel| {
            [E::agency_column(), E::seat_column()].map(|column| row.get(column).into_value())
        };
        if rows.iter().any(|row| named(row).iter().zip(&mine).any(|(has, own)| has.as_ref() != Some(own))) {
            let said = "a row of another seat was about to be written";
            return Err(DbError::Orm(sea_orm::DbErr::Custom(said.into())));
        }
        let mut clause = OnConflict::columns(key.iter().copied());
        if columns.is_empty() {
            clause.do_nothing();
        } else {
            clause.update_columns(columns.iter().copied());
        }
        let conflict = Conflict { name: None, clause: Some(clause) };
        texts::insert::<E>(self.scoped.on(), self.scoped.dialect(), rows, &conflict).await
    }
}
