//! Where what comes back is told: addresses that nobody else knows, until they are replaced.

use crate::{
    accounts::MasterKey,
    db::{DbError, Scoped},
};
use cartwheel_domain::{ids::StoreId, time::Millis};
use cartwheel_entity::mail_desk;
use ring::hmac;
use sea_orm::ActiveValue::Set;
use subtle::ConstantTimeEq;

/// The row of a store; one that has none yet has never replaced its addresses.
///
/// # Errors
/// What the database says.
pub async fn row(scoped: &Scoped<'_>) -> Result<mail_desk::Model, DbError> {
    let found = scoped.find::<mail_desk::Entity>().one(scoped.on()).await?;
    Ok(found.unwrap_or(mail_desk::Model {
        store_id: scoped.store_id().uuid(),
        hook_round: 0,
        reported_at: None,
        resumed_at: None,
        base_sent: 0,
        base_bounced: 0,
        base_complained: 0,
    }))
}

/// Writes the row.
///
/// # Errors
/// What the database says.
pub async fn write(scoped: &Scoped<'_>, row: mail_desk::Model) -> Result<(), DbError> {
    use mail_desk::Column as C;
    let columns = [C::HookRound, C::ReportedAt, C::ResumedAt, C::BaseSent, C::BaseBounced, C::BaseComplained];
    let row = mail_desk::ActiveModel {
        store_id: Set(row.store_id),
        hook_round: Set(row.hook_round),
        reported_at: Set(row.reported_at),
        resumed_at: Set(row.resumed_at),
        base_sent: Set(row.base_sent),
        base_bounced: Set(row.base_bounced),
        base_complained: Set(row.base_complained),
    };
    scoped.upsert::<mail_desk::Entity>(vec![row], &columns).await
}

/// What stands in the addresses of a store: derived, so that it is kept nowhere.
pub fn token(key: &MasterKey, store: StoreId, round: i32) -> String {
    let tag = hmac::sign(&key.derive("mail desk 1", store), &round.to_be_bytes());
    tag.as_ref().iter().take(20).map(|byte| format!("{byte:02x}")).collect()
}

/// Whether somebody knows it.
pub fn knows(key: &MasterKey, store: StoreId, round: i32, claimed: &str) -> bool {
    token(key, store, round).as_bytes().ct_eq(claimed.as_bytes()).into()
}

/// Replaces the addresses of a store; those of before are known to nobody any more.
///
/// # Errors
/// What the database says.
pub async fn replace(scoped: &Scoped<'_>) -> Result<(), DbError> {
    scoped.lock().await?;
    let mut row = row(scoped).await?;
    row.hook_round = row.hook_round.wrapping_add(1);
    write(scoped, row).await
}

/// Writes down that a report came.
///
/// # Errors
/// What the database says.
pub async fn reported(scoped: &Scoped<'_>, now: Millis) -> Result<(), DbError> {
    let mut row = row(scoped).await?;
    row.reported_at = Some(now);
    write(scoped, row).await
}
