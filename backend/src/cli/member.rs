//! `member reset-second-factor` and `member invite-staff`.

use super::{Outcome, store::open};
use crate::{
    accounts::{service::staff, team::invitations},
    app::master_key,
    auth::{Sessions, mailbox::Mailbox},
    clock::Env,
    config::Config,
    db::{OrganisationScope, Role},
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
    /// Ask somebody to join the staff of this service; prints the link, which works once, for a week. The staff may ask merchants
    /// to be let into a store for some hours, and signs in with a code.
    InviteStaff {
        /// Their e-mail address.
        email: EmailAddress,
        /// The most they may ask for: support, analyst, editor, admin; owner also decides who else is of the staff.
        #[arg(long, default_value = "admin")]
        role: String,
    },
}

pub(super) async fn member(config: &Config, command: MemberCommand) -> Outcome {
    match command {
        MemberCommand::ResetSecondFactor { email } => reset_second_factor(config, email).await,
        MemberCommand::InviteStaff { email, role } => invite_staff(config, email, &role).await,
    }
}

async fn invite_staff(config: &Config, email: EmailAddress, role: &str) -> Outcome {
    let role = Role::from_name(role).ok_or("--role: support, analyst, editor, admin or owner")?;
    let (db, env) = (open(config).await?, Env::system());
    let mut tx = db.write().await?;
    let organisation = staff(&tx.system().await?, &env).await?;
    let scope = OrganisationScope::system(organisation);
    let (_, token) = invitations::invite(&mut tx, &env, &scope, &email, role).await?;
    tx.commit().await?;
    writeln!(std::io::stdout().lock(), "{}/join#{token}", config.public_url)?;
    Ok(ExitCode::SUCCESS)
}

async fn reset_second_factor(config: &Config, email: EmailAddress) -> Outcome {
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
