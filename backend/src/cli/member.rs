//! `member reset-second-factor`.

use super::{Outcome, store::open};
use crate::{
    app::master_key,
    auth::{Sessions, mailbox::Mailbox},
    clock::Env,
    config::Config,
};
use cartwheel_domain::contact_point::EmailAddress;
use cartwheel_entity::member;
use clap::Subcommand;
use sea_orm::{ColumnTrait, QueryFilter};
use std::{io::Write, process::ExitCode};

#[derive(Subcommand)]
pub(super) enum MemberCommand {
    /// Let somebody who has lost app and recovery codes sign in with the password alone, and end their sessions. Make sure first
    /// of whom you speak to. An owner of an agency sets up another app at the next sign-in.
    ResetSecondFactor {
        /// Their e-mail address.
        email: EmailAddress,
    },
}

pub(super) async fn member(config: &Config, command: MemberCommand) -> Outcome {
    let MemberCommand::ResetSecondFactor { email } = command;
    let (db, env) = (open(config).await?, Env::system());
    let master = master_key(config, &db, &env).await?;
    let found = {
        let mut tx = db.read().await?;
        let system = tx.system().await?;
        let query = system.find::<member::Entity>().filter(member::Column::Email.eq(email.as_str()));
        query.one(system.on()).await?
    };
    let row = found.ok_or_else(|| format!("there is no account with the address {email}"))?;
    let mut sessions = Sessions::new(db, env, master)?;
    if config.smtp_url.is_some() && config.mail_from.is_some() {
        sessions = sessions.with_mailbox(Mailbox { sign_up: false });
    }
    let there_was = sessions.reset_second_factor(&row).await?;
    let mut out = std::io::stdout().lock();
    if there_was {
        writeln!(out, "{email} signs in with the password alone; all their sessions are ended")?;
    } else {
        writeln!(out, "{email} has no second factor; nothing was changed")?;
    }
    Ok(ExitCode::SUCCESS)
}
