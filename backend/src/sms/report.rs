//! What Twilio reports of a message (<https://www.twilio.com/docs/messaging/guides/track-outbound-message-status>).

use super::Desk;
use crate::{
    consent::{circle, suppression},
    db::{DbError, StoreScope},
    messages::receipt,
};
use cartwheel_domain::{
    consent::{Channel, SuppressionReason},
    contact_point::Phone,
    ids::{MessageId, StoreId},
};

/// One report.
#[derive(Debug, Clone, Copy)]
pub struct Report<'a> {
    /// Of which message, as the address says that Twilio was given with it.
    pub message: MessageId,
    /// Twilio's own id.
    pub sid: &'a str,
    /// `sent`, `delivered`, `undelivered`, `failed` and others.
    pub status: &'a str,
    /// Why it failed; 0 for no reason.
    pub code: i64,
    /// The number it went to.
    pub to: &'a str,
}

/// Why a number must not be written to again, by the error of a message that did not arrive.
fn suppressed(code: i64) -> Option<SuppressionReason> {
    match code {
        // No such handset; a landline; no number at all.
        30005 | 30006 | 21211 | 21614 => Some(SuppressionReason::HardBounce),
        21610 => Some(SuppressionReason::Unsubscribed),
        _ => None,
    }
}

/// Writes a report down. One about no message of this store, or with another id than the message has, changes nothing.
///
/// # Errors
/// What the database says.
pub async fn keep(desk: &Desk, store: StoreId, told: &Report<'_>) -> Result<(), DbError> {
    let what = match told.status {
        "sent" | "delivered" | "read" => receipt::What::Taken { delivered: told.status != "sent" },
        "undelivered" | "failed" => receipt::What::Failed { code: told.code },
        // On its way: nothing that the answer to the call did not say, or will not.
        _ => return Ok(()),
    };
    let mut tx = desk.db.write().await?;
    let no = suppressed(told.code).filter(|_| matches!(what, receipt::What::Failed { .. }));
    if no.is_some() {
        // Before any row is in hand, as whoever hands over does.
        circle::hold(&mut tx, &desk.env, &[store]).await?;
    }
    let scoped = tx.enter(&StoreScope::shop(store)).await?;
    let now = desk.env.now();
    let metered = desk.metered;
    let ours = receipt::keep(&scoped, (told.message, Channel::Sms, told.sid), what, (now, metered)).await?;
    if let (true, Some(reason), Ok(to)) = (ours, no, told.to.parse::<Phone>()) {
        let at = (Channel::Sms, to.as_str());
        suppression::suppress(&scoped, &desk.env, &desk.key, at, reason, Some(told.message)).await?;
    }
    tx.commit().await
}
