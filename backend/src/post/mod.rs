//! Hands over the mails of the service itself ([`crate::accounts::mailbox`]): invitations, links that make an account or choose
//! a password, news of a changed one.
//!
//! Unlike a store's messages they may be handed over twice: whoever reads one twice loses nothing, whoever never gets it cannot
//! sign in. So an uncertain hand-over is repeated, under the same Message-ID.

mod billing;
mod hooks;
mod sign_in;
mod words;

#[cfg(test)]
mod tests;

use crate::{
    accounts::{
        MasterKey,
        mailbox::{self, Letter, Mail},
    },
    channels::{Channel, Fault, Outcome, Outgoing, Route},
    clock::Env,
    db::{Db, DbError},
};
use cartwheel_domain::{
    contact_point::EmailAddress,
    ids::MailId,
    time::{HOUR, MINUTE, Millis},
};
use cartwheel_entity::service_mail;
use sea_orm::{
    ColumnTrait, ExprTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, LockBehavior, LockType},
};
use std::{fmt, str::FromStr, sync::Arc};

/// Mails taken up in one pass; few, since what a worker that died has taken up waits for its lease.
const PASS: u64 = 4;
/// Longer than a hand-over may take: a mail of a worker that died is taken up again after this.
const LEASE: Millis = 5 * MINUTE;
/// How long to wait after each failed hand-over; the last again and again.
const PAUSES: [Millis; 5] = [MINUTE, 2 * MINUTE, 5 * MINUTE, 15 * MINUTE, HOUR];

/// Whom the service's mails come from: `Cartwheel <no-reply@example.com>`, or the address alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sender {
    /// Name; may be empty.
    pub name: String,
    /// Address.
    pub address: EmailAddress,
}

/// Why a text names no sender.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a name and an address such as Cartwheel <no-reply@example.com>")]
pub struct NoSender;

impl FromStr for Sender {
    type Err = NoSender;

    fn from_str(text: &str) -> Result<Self, NoSender> {
        let (name, address) = match text.trim().strip_suffix('>') {
            Some(rest) => rest.split_once('<').ok_or(NoSender)?,
            None => ("", text),
        };
        let name = name.trim().trim_matches('"');
        if name.chars().any(|c| c.is_control() || matches!(c, '<' | '>' | '"')) {
            return Err(NoSender);
        }
        Ok(Self { name: name.to_owned(), address: address.parse().map_err(|_| NoSender)? })
    }
}

impl fmt::Display for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} <{}>", self.name, self.address.as_str())
    }
}

/// Hands queued mails over.
pub struct Postman {
    /// Database.
    pub db: Db,
    /// Clock and entropy.
    pub env: Env,
    /// Opens what is sealed.
    pub master: MasterKey,
    /// The way out.
    pub channel: Arc<dyn Channel>,
    /// Whom the mails come from.
    pub sender: Sender,
    /// Where their links lead.
    pub public_url: String,
}

impl Postman {
    /// Hands over what is due; says how many mails were taken up.
    ///
    /// # Errors
    /// What the database says.
    pub async fn tick(&self) -> Result<usize, DbError> {
        let due = self.claim().await?;
        for (row, mail) in &due {
            self.deliver(row, mail.as_ref()).await?;
        }
        Ok(due.len())
    }

    /// Takes due mails up, so that no other worker does before the lease is over, and opens them.
    async fn claim(&self) -> Result<Vec<(service_mail::Model, Option<Mail>)>, DbError> {
        let now = self.env.now();
        let mut tx = self.db.write().await?;
        let system = tx.system().await?;
        let query = system
            .find::<service_mail::Entity>()
            .filter(service_mail::Column::DueAt.lte(now))
            .order_by_asc(service_mail::Column::DueAt)
            .limit(PASS)
            .lock_with_behavior(LockType::Update, LockBehavior::SkipLocked);
        let rows = query.all(system.on()).await?;
        if !rows.is_empty() {
            system
                .update::<service_mail::Entity>()
                .col_expr(service_mail::Column::DueAt, Expr::value(now + LEASE))
                .col_expr(service_mail::Column::Attempts, Expr::col(service_mail::Column::Attempts).add(1))
                .filter(service_mail::Column::Id.is_in(rows.iter().map(|row| row.id)))
                .exec(system.on())
                .await?;
        }
        let mut taken = Vec::with_capacity(rows.len());
        for row in rows {
            let mail = mailbox::open(&system, &self.master, &row).await?;
            taken.push((row, mail));
        }
        tx.commit().await?;
        Ok(taken)
    }

    async fn deliver(&self, row: &service_mail::Model, mail: Option<&Mail>) -> Result<(), DbError> {
        let id = MailId(row.id);
        if row.expires_at <= self.env.now() {
            tracing::warn!(mail = %id, attempts = row.attempts, "a mail of the service was given up: it is of no use any more");
            return self.forget(id, "expired").await;
        }
        let Some(mail) = mail else {
            tracing::error!(mail = %id, "a mail of the service does not open: it was changed in the database");
            return self.forget(id, "sealed").await;
        };
        if mail.letter == Letter::Nothing {
            return self.forget(id, "nothing").await;
        }
        let words = words::of(mail, &self.public_url);
        let outgoing = Outgoing {
            from_name: self.sender.name.clone(),
            from: self.sender.address.as_str().to_owned(),
            reply_to: None,
            to_name: String::new(),
            to: mail.to.clone(),
            subject: words.subject.clone(),
            html: words.html(mail.language),
            text: words.text(),
            unsubscribe: None,
            date: row.created_at,
        };
        let route = Route { name: "service".into(), ..Route::default() };
        let outcome = self.channel.send(&route, &outgoing, &id.to_string()).await;
        match &outcome {
            Outcome::Accepted { .. } => self.forget(id, outcome.as_str()).await,
            // Of any other fault the next try may know nothing: a server that asks for a password, or a sender it does not take.
            Outcome::Refused { permanent: true, fault: Fault::Recipient, reply, .. } => {
                tracing::warn!(mail = %id, reply, "a mail of the service was refused for good");
                self.forget(id, outcome.as_str()).await
            }
            other => {
                tracing::warn!(mail = %id, reply = other.reply(), "a mail of the service waits for another try");
                let asked = match other {
                    Outcome::Refused { retry_after, .. } | Outcome::NotSent { retry_after, .. } => {
                        *retry_after
                    }
                    _ => None,
                };
                let nth = usize::try_from(row.attempts).unwrap_or(0);
                let own = PAUSES.get(nth).copied().unwrap_or(HOUR);
                // As long as the link inside works, there is a next try.
                let left = Ord::max((row.expires_at - self.env.now()) / 2, MINUTE);
                self.postpone(id, Ord::min(Ord::max(asked.unwrap_or(0), own), left)).await
            }
        }
    }

    async fn postpone(&self, id: MailId, pause: Millis) -> Result<(), DbError> {
        let mut tx = self.db.write().await?;
        let system = tx.system().await?;
        system
            .update::<service_mail::Entity>()
            .col_expr(service_mail::Column::DueAt, Expr::value(self.env.now() + pause))
            .filter(service_mail::Column::Id.eq(id.uuid()))
            .exec(system.on())
            .await?;
        tx.commit().await
    }

    async fn forget(&self, id: MailId, outcome: &'static str) -> Result<(), DbError> {
        metrics::counter!("cartwheel_service_mails_total", "outcome" => outcome).increment(1);
        let mut tx = self.db.write().await?;
        let system = tx.system().await?;
        let gone = system.delete::<service_mail::Entity>().filter(service_mail::Column::Id.eq(id.uuid()));
        gone.exec(system.on()).await?;
        tx.commit().await
    }

    /// Forgets tokens that have long stopped working.
    ///
    /// # Errors
    /// What the database says.
    pub async fn sweep(&self) -> Result<(), DbError> {
        let mut tx = self.db.write().await?;
        mailbox::sweep(&tx.system().await?, &self.env).await?;
        tx.commit().await
    }
}
