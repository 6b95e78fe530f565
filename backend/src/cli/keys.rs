//! `keys rotate`.

use super::{Outcome, store::open};
use crate::{
    accounts::keys::rotate::{Rotated, rotate},
    app::master_key,
    clock::Env,
    config::Config,
};
use cartwheel_domain::time::to_rfc3339;
use clap::Subcommand;
use std::{io::Write, process::ExitCode};

#[derive(Subcommand)]
pub(super) enum KeysCommand {
    /// Wrap all data keys by the master key that stands first in CARTWHEEL_MASTER_KEY or in its file, and seal anew what an older
    /// data key has sealed. The service may run meanwhile. After a kill, run it again. When it says that nothing is left,
    /// and `doctor` too, the older master keys can be taken out.
    Rotate {
        /// Replace the data keys too, and seal everything by the new ones.
        #[arg(long)]
        data: bool,
    },
}

pub(super) async fn keys(config: &Config, command: KeysCommand) -> Outcome {
    let KeysCommand::Rotate { data } = command;
    let (db, env) = (open(config).await?, Env::system());
    let ring = master_key(config, &db, &env).await?;
    let done = rotate(&db, &env, &ring, data).await?;
    write!(std::io::stdout().lock(), "{}", said(&done, data))?;
    Ok(if done.lost.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn said(done: &Rotated, data: bool) -> String {
    let mut lines = vec![format!(
        "{} keys were wrapped by the master key {}, {} values sealed anew",
        done.wrapped, done.master, done.sealed
    )];
    if data {
        lines.push(format!("the data keys of {} stores were replaced", done.replaced));
    }
    if let Some(begun) = done.resumed {
        let begun = to_rfc3339(begun);
        lines.push(format!(
            "this has finished the replacement of data keys begun at {begun}; keys made since then were left alone: for \
             new ones run it again"
        ));
    }
    for lost in &done.lost {
        lines.push(format!("left alone: {lost}"));
    }
    lines.push(if done.lost.is_empty() {
        "nothing is left under an older master key".to_owned()
    } else {
        "what was left alone does not open; `cartwheel doctor` says what to do".to_owned()
    });
    lines.join("\n") + "\n"
}
