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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        accounts::{NewStore, SecretKind, secrets},
        cli::store::create,
        config::Secret,
        db::{Db, StoreScope},
    };
    use cartwheel_domain::settings::StoreSettings;

    const OLD: &str = "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=";
    const NEW: &str = "CAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAg=";

    /// Beside a service that has the database open, as an operator does it.
    #[actix_web::test]
    async fn an_operator_replaces_the_keys_of_a_running_service() {
        let folder = tempfile::tempdir().expect("a folder");
        let url = format!("sqlite://{}", folder.path().join("live.db").display());
        let with = |keys: String| Config {
            database_url: Secret::new(url.clone()),
            master_key: Some(Secret::new(keys)),
            ..Config::default()
        };
        let (db, env) = (Db::open(&url).await.expect("opened"), Env::system());
        let new = NewStore {
            organisation: "O".into(),
            name: "S".into(),
            owner: "ann@example.com".parse().expect("an address"),
            live: false,
            settings: StoreSettings::default(),
            password: None,
        };
        let store = create(&db, &env, new, &StoreSettings::default()).await.expect("a store").store_id;
        let running = master_key(&with(OLD.into()), &db, &env).await.expect("keys");
        let mut tx = db.write().await.expect("a transaction");
        let scoped = tx.enter(&StoreScope::system(store)).await.expect("the store");
        secrets::put(&scoped, &running, &env, SecretKind::Shopify, "shpss").await.expect("kept");
        tx.commit().await.expect("committed");

        let refused = keys(&with(NEW.into()), KeysCommand::Rotate { data: true }).await;
        assert!(refused.expect_err("the old one is missing").to_string().contains("add it behind"));
        let done = keys(&with(format!("{NEW} {OLD}")), KeysCommand::Rotate { data: true }).await;
        assert_eq!(format!("{:?}", done.expect("rotated")), format!("{:?}", ExitCode::SUCCESS));
        let next = master_key(&with(NEW.into()), &db, &env).await.expect("the new one will do");
        let mut tx = db.read().await.expect("a transaction");
        let scoped = tx.enter(&StoreScope::system(store)).await.expect("the store");
        let opened = secrets::get(&scoped, &next, SecretKind::Shopify).await.expect("opened");
        assert_eq!(opened.expect("a credential").expose(), "shpss");
    }

    #[test]
    fn what_was_not_done_is_said() {
        let done =
            Rotated { resumed: Some(0), lost: vec!["dkim_key of a store".into()], ..Rotated::default() };
        let text = said(&done, true);
        for part in ["1970-01-01", "left alone: dkim_key", "`cartwheel doctor`"] {
            assert!(text.contains(part), "{part}: {text}");
        }
        assert!(!text.contains("nothing is left"), "{text}");
        assert!(said(&Rotated::default(), false).contains("nothing is left"));
    }
}
