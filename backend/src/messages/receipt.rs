//! What a provider reports of a message later: that it took it, delivered it, or could not.

use super::{
    model::{ATTEMPTING, FAILED, SENT, UNCERTAIN},
    usage::Accepted,
};
use crate::{
    analytics::metrics::{Deltas, Metric},
    db::{DbError, Scoped},
};
use cartwheel_domain::{
    consent::Channel,
    ids::{JourneyId, MessageId},
    mail::Bounce,
    time::Millis,
};
use cartwheel_entity::{message, message_attempt};
use sea_orm::{ColumnTrait, PaginatorTrait, QueryFilter, sea_query::Expr};

/// What is reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// The provider has it; `delivered`: so has the recipient.
    Taken {
        /// Whether it has arrived.
        delivered: bool,
    },
    /// It did not arrive.
    Failed {
        /// The provider's reason.
        code: i64,
    },
}

/// Writes a report down and says whether it was about a message that the provider knows by this id. A message moves forward alone: what
/// has arrived does not fail any more. One of which nobody knew whether it was taken is settled; one whose answer is still on its way is left
/// to that.
///
/// # Errors
/// What the database says.
pub async fn keep(
    scoped: &Scoped<'_>,
    (id, channel, provider_id): (MessageId, Channel, &str),
    what: What,
    (now, metered): (Millis, bool),
) -> Result<bool, DbError> {
    use message::Column as C;
    // Two reports at once come one after the other.
    scoped.lock().await?;
    let row = scoped
        .find::<message::Entity>()
        .filter(C::Id.eq(id.uuid()))
        .filter(C::Channel.eq(channel.as_str()))
        .one(scoped.on())
        .await?;
    let known = |row: &message::Model| row.provider_id.as_deref().is_none_or(|known| known == provider_id);
    let Some(row) = row.filter(|row| [ATTEMPTING, SENT, UNCERTAIN].contains(&row.status) && known(row))
    else {
        return Ok(false);
    };
    if row.status == UNCERTAIN {
        settle(scoped, &row, provider_id, (now, metered)).await?;
    }
    let status = if row.status == UNCERTAIN { SENT } else { row.status };
    let settled = || {
        scoped
            .update::<message::Entity>()
            .filter(C::Id.eq(row.id))
            .filter(C::Status.eq(status))
            .filter(C::DeliveredAt.is_null())
    };
    match what {
        What::Taken { delivered: false } => {}
        What::Taken { delivered: true } => {
            let arrived = settled().col_expr(C::DeliveredAt, Expr::value(now));
            arrived.exec(scoped.on()).await?;
        }
        What::Failed { code } => {
            let mut failed = settled().col_expr(C::BouncedAt, Expr::value(now));
            if status == SENT {
                failed = failed
                    .col_expr(C::Status, Expr::value(FAILED))
                    .col_expr(C::Reason, Expr::value(format!("undelivered {code}")));
            }
            failed.exec(scoped.on()).await?;
        }
    }
    Ok(true)
}

/// What is reported of a mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailReport {
    /// The recipient's server has it.
    Delivered,
    /// It came back.
    Bounced(Bounce),
    /// It was reported as spam.
    Complained,
}

/// Writes a report of a mail down and says whether it told anything new. A mail moves forward alone: what the recipient's server took may
/// still come back, and what came back for now may come back for good, but never the other way round. It goes on counting as sent: its
/// server took it.
///
/// # Errors
/// What the database says.
pub async fn of_mail(
    scoped: &Scoped<'_>,
    row: &message::Model,
    report: MailReport,
    (now, metered): (Millis, bool),
) -> Result<bool, DbError> {
    use message::Column as C;
    if ![ATTEMPTING, SENT, UNCERTAIN].contains(&row.status) {
        return Ok(false);
    }
    if row.status == UNCERTAIN {
        let known = row.provider_id.as_deref().unwrap_or("reported");
        settle(scoped, row, known, (now, metered)).await?;
    }
    let this = scoped.update::<message::Entity>().filter(C::Id.eq(row.id));
    let update = match report {
        MailReport::Delivered => this
            .col_expr(C::DeliveredAt, Expr::value(now))
            .filter(C::DeliveredAt.is_null())
            .filter(C::BouncedAt.is_null()),
        MailReport::Complained => {
            this.col_expr(C::ComplainedAt, Expr::value(now)).filter(C::ComplainedAt.is_null())
        }
        MailReport::Bounced(bounce) => {
            let this = this.col_expr(C::Bounce, Expr::value(bounce.as_str()));
            if row.bounced_at.is_some() {
                let graver = bounce == Bounce::Hard;
                this.filter(C::Bounce.eq(if graver { Bounce::Soft.as_str() } else { "" }))
            } else {
                this.col_expr(C::BouncedAt, Expr::value(now)).filter(C::BouncedAt.is_null())
            }
        }
    };
    Ok(update.exec(scoped.on()).await?.rows_affected > 0)
}

/// It was taken after all, and counts as the answer would have counted it.
async fn settle(
    scoped: &Scoped<'_>,
    row: &message::Model,
    provider_id: &str,
    (now, metered): (Millis, bool),
) -> Result<(), DbError> {
    use message::Column as C;
    let first = match row.cart_id {
        Some(cart) => {
            let before =
                scoped.find::<message::Entity>().filter(C::CartId.eq(cart)).filter(C::Status.eq(SENT));
            before.count(scoped.on()).await? == 0
        }
        None => false,
    };
    scoped
        .update::<message::Entity>()
        .col_expr(C::Status, Expr::value(SENT))
        .col_expr(C::ProviderId, Expr::value(provider_id))
        .col_expr(C::SentAt, Expr::value(now))
        .col_expr(C::Reason, Expr::value(Option::<String>::None))
        .filter(C::Id.eq(row.id))
        .filter(C::Status.eq(UNCERTAIN))
        .exec(scoped.on())
        .await?;
    // What the call did not tell is known now.
    scoped
        .update::<message_attempt::Entity>()
        .col_expr(message_attempt::Column::Outcome, Expr::value("accepted"))
        .col_expr(message_attempt::Column::Reply, Expr::value("told by a later report"))
        .filter(message_attempt::Column::MessageId.eq(row.id))
        .filter(message_attempt::Column::Outcome.eq("uncertain"))
        .exec(scoped.on())
        .await?;
    let (mut deltas, journey) = (Deltas::new(), row.journey_id.map(JourneyId));
    deltas.count(now, Metric::Sent, journey, 1);
    if row.channel == Channel::Email.as_str() {
        deltas.count(now, Metric::Mailed, None, 1);
    }
    if first {
        deltas.count(now, Metric::Messaged, journey, 1);
    }
    deltas.write(scoped).await?;
    if metered {
        let mut accepted = Accepted::default();
        accepted.add(&row.channel, now);
        accepted.write(scoped).await?;
    }
    Ok(())
}
