//! Can a server be signed in at? Connects, makes the line private, greets, signs in, and says goodbye: no mail is sent. What is wrong is
//! a word that the console has a sentence for, with what was said beside it.

use super::ways::Provider;
use crate::{
    channels::{
        Fault,
        email::connection::{ConnectError, Connection, Limits, Stage},
    },
    db::{DbError, Scoped},
};
use cartwheel_domain::{mail::readable, time::Millis};
use cartwheel_entity::mail_provider;
use sea_orm::{ColumnTrait, QueryFilter, sea_query::Expr};
use std::time::Duration;
use tokio::time::timeout;

/// Whoever asked waits for the answer.
const PATIENCE: Duration = Duration::from_secs(20);
/// What one step may take of that.
const STEP: Duration = Duration::from_secs(10);

/// What a check came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// `fine`, or what is wrong: `unknown_host`, `address_refused`, `unreachable`, `tls`, `no_smtp`, `sign_in_refused`, `sign_in`,
    /// `timed_out`, `unusable`.
    pub word: &'static str,
    /// What was said.
    pub said: String,
}

impl Checked {
    /// Whether all is well.
    pub fn fine(&self) -> bool {
        self.word == "fine"
    }
}

fn word(error: &ConnectError) -> &'static str {
    match (error.stage, error.fault) {
        (Stage::Name, _) => "unknown_host",
        (Stage::Address, _) => "address_refused",
        (Stage::Connect, _) => "unreachable",
        (Stage::Tls, _) => "tls",
        (Stage::Greeting, _) => "no_smtp",
        (Stage::SignIn, Fault::Own) => "sign_in_refused",
        (Stage::SignIn, _) => "sign_in",
    }
}

/// Looks. Never fails otherwise than by saying so. A sign-in that does not open cannot be looked at: `None`.
pub async fn check(provider: Option<&Provider>) -> Checked {
    let Some(provider) = provider else {
        return Checked { word: "unusable", said: String::new() };
    };
    let mut url = provider.server.url.clone();
    url.limits = Limits { connect: STEP, greeting: STEP, command: STEP, ..Limits::default() };
    match timeout(PATIENCE, Connection::open(&url)).await {
        Ok(Ok(connection)) => {
            connection.quit().await;
            Checked { word: "fine", said: String::new() }
        }
        Ok(Err(error)) => Checked { word: word(&error), said: readable(&error.text) },
        Err(_) => Checked { word: "timed_out", said: String::new() },
    }
}

/// Writes down what was found.
///
/// # Errors
/// What the database says.
pub async fn keep(
    scoped: &Scoped<'_>,
    provider: uuid::Uuid,
    checked: &Checked,
    now: Millis,
) -> Result<(), DbError> {
    use mail_provider::Column as C;
    let mut update = scoped
        .update::<mail_provider::Entity>()
        .col_expr(C::CheckedAt, Expr::value(now))
        .col_expr(C::Checked, Expr::value(checked.word))
        .col_expr(C::CheckedSaid, Expr::value(Some(checked.said.clone()).filter(|said| !said.is_empty())));
    if checked.fine() {
        update = update.col_expr(C::DownUntil, Expr::value(None::<i64>));
    }
    update.filter(C::Id.eq(provider)).exec(scoped.on()).await?;
    Ok(())
}
