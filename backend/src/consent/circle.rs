//! Whom not to contact, shared by the stores of an agency whose merchants said so (decision 0019).
//!
//! A store that takes part puts its standing noes into the circle in the transaction that writes them, under a hash that only this
//! circle's key makes; the last look of the others asks for them. Who takes part is in `accounts::team::circles`.

use super::suppression;
use crate::{
    accounts::MasterKey,
    clock::Env,
    db::{Among, Circle, Db, DbError, Scoped, StoreScope, Tx},
};
use cartwheel_domain::{
    consent::{Channel, CircleNo, SuppressionReason},
    ids::StoreId,
    time::Millis,
};
use cartwheel_entity::{circle_entry, circle_member, circle_seat, contact, contact_identity};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, Condition, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect,
    QueryTrait, sea_query::Expr,
};
use std::collections::{BTreeSet, HashMap};
use uuid::Uuid;

/// Contacts whose addresses are looked up in one transaction, of a store that has joined.
const PAGE: u64 = 500;
/// Entries that are taken away in one transaction, of a store that has left.
const CLEARED: u64 = 2_000;

/// A standing no that a store shares.
#[derive(Debug, Clone)]
pub struct Shared<'a> {
    /// On which channel.
    pub channel: &'a str,
    /// The address in canonical form. It goes no further than its hash.
    pub address: &'a str,
    /// The word of a [`SuppressionReason`].
    pub reason: String,
    /// When the store wrote it down.
    pub at: Millis,
}

fn entry(key: &MasterKey, circle: &Circle<'_>, no: &Shared<'_>) -> circle_entry::ActiveModel {
    let agency = circle.agency();
    let entry = circle_entry::Model {
        agency_id: agency.uuid(),
        address_hash: key.circle_hash(agency, no.channel, no.address),
        seat_id: circle.seat(),
        reason: no.reason.clone(),
        said_at: no.at,
    };
    entry.into_active_model().reset_all()
}

const KEY: [circle_entry::Column; 3] =
    [circle_entry::Column::AgencyId, circle_entry::Column::AddressHash, circle_entry::Column::SeatId];

/// Puts noes that have just been written into the circles the store is in. From its commit on, no store of them hands a message over
/// to these addresses. One statement where it is in none.
///
/// # Errors
/// What the database says.
pub async fn share(
    scoped: &Scoped<'_>,
    env: &Env,
    key: &MasterKey,
    noes: &[Shared<'_>],
) -> Result<(), DbError> {
    if noes.is_empty() {
        return Ok(());
    }
    for circle in scoped.circles_alone(env.now()).await? {
        let rows = noes.iter().map(|no| entry(key, &circle, no)).collect();
        let columns = [circle_entry::Column::Reason, circle_entry::Column::SaidAt];
        circle.put::<circle_entry::Entity>(rows, &KEY, &columns).await?;
    }
    Ok(())
}

/// Takes a no of this store back that no longer stands.
///
/// # Errors
/// What the database says.
pub async fn take_back(
    scoped: &Scoped<'_>,
    env: &Env,
    key: &MasterKey,
    (channel, address): (Channel, &str),
) -> Result<(), DbError> {
    for circle in scoped.circles_alone(env.now()).await? {
        let hash = key.circle_hash(circle.agency(), channel.as_str(), address);
        circle
            .delete::<circle_entry::Entity>()
            .filter(circle_entry::Column::AddressHash.eq(hash))
            .exec(scoped.on())
            .await?;
    }
    Ok(())
}

/// Waits for the hand-overs that are under way in the circles of these stores, and keeps further ones out until the transaction ends.
/// For whoever will write noes of several stores among much else: with other rows in hand, to wait here could be to wait for
/// somebody who waits for those.
///
/// # Errors
/// What the database says.
pub async fn hold(tx: &mut Tx, env: &Env, stores: &[StoreId]) -> Result<(), DbError> {
    for store in stores {
        tx.enter(&StoreScope::system(*store)).await?.circles_alone(env.now()).await?;
    }
    Ok(())
}

/// What other stores of the circles say of a store's people.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Heard {
    /// Their noes, by address.
    pub noes: HashMap<String, Vec<CircleNo>>,
    /// Somebody is writing a no at this moment: it is to be asked again later.
    pub busy: bool,
}

/// Asks the circles of a store for noes to its own addresses. `last_look` says that messages are handed over on the answer, in this
/// transaction: no no is committed meanwhile.
///
/// # Errors
/// What the database says.
pub async fn heard(
    scoped: &Scoped<'_>,
    key: &MasterKey,
    now: Millis,
    channel: Channel,
    addresses: &BTreeSet<&str>,
    last_look: bool,
) -> Result<Heard, DbError> {
    let mut heard = Heard::default();
    if addresses.is_empty() {
        return Ok(heard);
    }
    for circle in scoped.circles(now).await? {
        if last_look && !circle.still().await? {
            heard.busy = true;
            return Ok(heard);
        }
        let by_hash: HashMap<String, &str> = addresses
            .iter()
            .map(|address| (key.circle_hash(circle.agency(), channel.as_str(), address), *address))
            .collect();
        let hashes = circle_entry::Column::AddressHash.among(by_hash.keys().cloned());
        let rows = circle.find::<circle_entry::Entity>().filter(hashes).all(scoped.on()).await?;
        for row in rows.into_iter().filter(|row| circle.is_others(row.seat_id)) {
            let Some(address) = by_hash.get(&row.address_hash) else { continue };
            // A word of a later version is still a no, and the gravest.
            let reason = SuppressionReason::from_name(&row.reason).unwrap_or(SuppressionReason::Complaint);
            let no = CircleNo { channel, reason, at: row.said_at };
            heard.noes.entry((*address).to_owned()).or_default().push(no);
        }
    }
    Ok(heard)
}

/// Adds what a store had suppressed before it joined, for some of its contacts: the addresses are known from them alone, a suppression
/// keeps a hash that no other key makes again. Says whether there is more to do.
///
/// # Errors
/// What the database says.
pub async fn fill(db: &Db, env: &Env, key: &MasterKey) -> Result<bool, DbError> {
    let mut tx = db.write().await?;
    let system = tx.system().await?;
    let waiting = system
        .find::<circle_member::Entity>()
        .filter(circle_member::Column::FilledAt.is_null())
        .order_by_asc(circle_member::Column::JoinedAt);
    let Some(member) = waiting.one(system.on()).await? else { return Ok(false) };
    let scoped = tx.enter(&StoreScope::system(StoreId(member.store_id))).await?;
    // Nobody takes a no back between its reading and its writing here.
    scoped.lock().await?;
    let circles = scoped.circles(env.now()).await?;
    let circle = circles.iter().find(|circle| circle.agency().uuid() == member.agency_id);
    let mut page: Vec<Uuid> = Vec::new();
    if let Some(circle) = circle {
        let mut query = scoped.find::<contact::Entity>().select_only().column(contact::Column::Id);
        if let Some(after) = member.filled_to {
            query = query.filter(contact::Column::Id.gt(after));
        }
        let query = query.order_by_asc(contact::Column::Id).limit(PAGE);
        page = query.into_tuple().all(scoped.on()).await?;
        fill_page(&scoped, key, circle, &page).await?;
    }
    use circle_member::Column as M;
    let full = u64::try_from(page.len()).is_ok_and(|n| n == PAGE);
    let query = scoped.update::<circle_member::Entity>().filter(M::AgencyId.eq(member.agency_id));
    let query = query.col_expr(M::FilledTo, Expr::value(page.last().copied().or(member.filled_to)));
    query.col_expr(M::FilledAt, Expr::value((!full).then(|| env.now()))).exec(scoped.on()).await?;
    tx.commit().await?;
    Ok(true)
}

async fn fill_page(
    scoped: &Scoped<'_>,
    key: &MasterKey,
    circle: &Circle<'_>,
    contacts: &[Uuid],
) -> Result<(), DbError> {
    let whose = contact_identity::Column::ContactId;
    let known = scoped.find_among::<contact_identity::Entity, _>(whose, contacts.iter().copied()).await?;
    let known: Vec<(&str, &str)> =
        known.iter().filter_map(|row| Some((channel_of(&row.kind)?, row.value.as_str()))).collect();
    let found = suppression::standing_among(scoped, key, &known).await?;
    let rows = found.iter().map(|no| entry(key, circle, no)).collect();
    // What was written since it joined is newer.
    circle.put::<circle_entry::Entity>(rows, &KEY, &[]).await.map(|_| ())
}

/// The channel that an identity of a contact is reached by.
pub fn channel_of(kind: &str) -> Option<&'static str> {
    match kind {
        "email" => Some(Channel::Email.as_str()),
        "phone" => Some(Channel::Sms.as_str()),
        _ => None,
    }
}

/// Takes entries of a seat away that was given up or has ended; they count no more already. Says whether there is more to do.
///
/// # Errors
/// What the database says.
pub async fn clear(db: &Db, env: &Env) -> Result<bool, DbError> {
    use circle_seat::Column as S;
    let mut tx = db.write().await?;
    let system = tx.system().await?;
    let over = Condition::any().add(S::LeftAt.is_not_null()).add(S::EndsAt.lte(env.now()));
    let seat = system.find::<circle_seat::Entity>().filter(over).one(system.on()).await?;
    let Some(seat) = seat else { return Ok(false) };
    use circle_entry::Column as E;
    let of_seat = || Condition::all().add(E::AgencyId.eq(seat.agency_id)).add(E::SeatId.eq(seat.id));
    let some = system.find::<circle_entry::Entity>().select_only().column(E::AddressHash).filter(of_seat());
    let query = system.delete::<circle_entry::Entity>().filter(of_seat());
    let query = query.filter(E::AddressHash.in_subquery(some.limit(CLEARED).into_query()));
    if query.exec(system.on()).await?.rows_affected < CLEARED {
        let member = circle_member::Column::AgencyId.eq(seat.agency_id);
        let query = system.delete::<circle_member::Entity>().filter(member);
        query.filter(circle_member::Column::SeatId.eq(seat.id)).exec(system.on()).await?;
        let query = system.delete::<circle_seat::Entity>().filter(S::AgencyId.eq(seat.agency_id));
        query.filter(S::Id.eq(seat.id)).exec(system.on()).await?;
    }
    tx.commit().await?;
    Ok(true)
}
