//! What an operator does by hand.

use super::Outcome;
use crate::{clock::Env, config::Config, db::Db, messages::cancel};
use std::{
    io::{Read, Write},
    path::Path,
    process::ExitCode,
};

pub(super) fn print(text: &str) -> Outcome {
    writeln!(std::io::stdout().lock(), "{}", text.trim_end())?;
    Ok(ExitCode::SUCCESS)
}

pub(super) async fn migrate(config: &Config) -> Outcome {
    let db = Db::connect(config.database_url.expose()).await?;
    db.migrate().await?;
    writeln!(std::io::stdout().lock(), "the schema is up to date")?;
    Ok(ExitCode::SUCCESS)
}

pub(super) async fn seed_demo(config: &Config) -> Outcome {
    let db = Db::open(config.database_url.expose()).await?;
    let made = crate::seed::demo(&db, config).await?;
    let mut out = std::io::stdout().lock();
    writeln!(
        out,
        "address   {}/\ndemo shop {}/demo-shop/\nstore     {}\nemail     {}\npassword  {}",
        config.public_url, config.public_url, made.store_id, made.email, made.password
    )?;
    Ok(ExitCode::SUCCESS)
}

pub(super) async fn doctor(config: &Config) -> Outcome {
    let db = Db::connect(config.database_url.expose()).await?;
    let report = crate::doctor::examine(&db, config).await?;
    let mut out = std::io::stdout().lock();
    for finding in &report {
        writeln!(
            out,
            "{}  {}{}",
            if finding.holds { "ok  " } else { "FAIL" },
            finding.what,
            finding.detail.as_deref().map(|d| format!(": {d}")).unwrap_or_default()
        )?;
    }
    Ok(if report.iter().all(|f| f.holds) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// SQLite's own copy of a running database, whole and consistent.
pub(super) async fn backup(config: &Config, file: &Path) -> Outcome {
    let db = Db::connect(config.database_url.expose()).await?;
    crate::db::dialect::copy_to(&db, file).await?;
    writeln!(
        std::io::stdout().lock(),
        "written to {}. Keep the master key too, elsewhere: without it, what is sealed in there opens no more",
        file.display()
    )?;
    Ok(ExitCode::SUCCESS)
}

/// Puts a backup in place of a database that nobody serves. What the backup was about to send may have been sent since, so all of
/// it is stopped; noes said since are taken over from the database it replaces.
pub(super) async fn restore(config: &Config, file: &Path) -> Outcome {
    let place = crate::db::connect::restore(config.database_url.expose(), file)?;
    let db = Db::open(config.database_url.expose()).await?;
    let stopped = cancel::after_restore(&db, Env::system().now()).await?;
    let mut out = std::io::stdout().lock();
    writeln!(
        out,
        "{} now holds the backup. Stopped, since it may have been done after the backup was made: {} queued messages, {} runs of \
         journeys, the timers of {} open carts. Everybody is signed out; \
         members, keys, passwords and second factors are those of the backup.",
        place.display(),
        stopped.messages,
        stopped.runs,
        stopped.carts
    )?;
    let mut before = place.into_os_string();
    before.push(".before-restore");
    if Path::new(&before).exists() {
        let taken = async {
            let old = Db::connect(&format!("sqlite://{}", Path::new(&before).display())).await?;
            let taken = cancel::keep_noes(&old, &db).await;
            old.close().await;
            taken
        };
        match taken.await {
            Ok(noes) => writeln!(out, "{noes} opt-outs of the database before are in force.")?,
            Err(error) => writeln!(
                out,
                "The opt-outs of {} could not be taken over ({error}): suppress by hand whoever has said no since the backup \
                 was made, before you start.",
                Path::new(&before).display()
            )?,
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// `EX_TEMPFAIL` of sysexits.h: mail servers try again.
const TRY_AGAIN: u8 = 75;

/// Takes in one mail from standard input. What is no report is taken and forgotten: nothing is ever answered to a bounce.
pub(super) async fn mail_in(config: &Config, to: Option<&str>) -> Outcome {
    let mut bytes = Vec::new();
    std::io::stdin().lock().take(1024 * 1024).read_to_end(&mut bytes)?;
    let done = async {
        let url = config.database_url.expose();
        // Beside a service that runs: it neither migrates nor serves.
        let (db, env) = (Db::connect(url).await?.as_runtime(url).await?, Env::system());
        let master = crate::app::master_key(config, &db, &env).await?;
        let stores = crate::accounts::Stores::new(db.clone(), env.clone());
        let desk = crate::returns::Desk::new(config, db, env, master, stores);
        Ok::<_, Box<dyn std::error::Error>>(crate::returns::take_in(&desk, &bytes, to).await?)
    };
    match done.await {
        Ok(true) => tracing::info!("a report was taken in"),
        Ok(false) => tracing::info!("this was no report about a message of ours"),
        Err(error) => {
            eprintln!("cartwheel: {error}");
            return Ok(ExitCode::from(TRY_AGAIN));
        }
    }
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{cli::store::create, config::Secret, consent::suppression, db::StoreScope};
    use cartwheel_domain::{
        consent::{Channel, SuppressionReason},
        settings::StoreSettings,
    };

    /// A no that was said after the backup was made has been said.
    #[actix_web::test]
    async fn a_restored_database_keeps_the_noes_of_the_one_it_replaces() {
        let folder = tempfile::tempdir().expect("a folder");
        let url = format!("sqlite://{}", folder.path().join("live.db").display());
        let config = Config { database_url: Secret::new(url.clone()), ..Config::default() };
        let (backup_file, env) = (folder.path().join("backup.db"), Env::system());
        let db = Db::open(&url).await.expect("opened");
        let keys = create(&db, &env, newcomer(), &StoreSettings::default()).await.expect("a store");
        let scope = StoreScope::system(keys.store_id);
        let (ann, ben) = ((Channel::Email, "ann@example.com"), (Channel::Email, "ben@example.com"));
        let master = crate::accounts::MasterKey::for_tests();
        let say = async |whom: &[(Channel, &str)]| {
            let mut tx = db.write().await.expect("a transaction");
            let scoped = tx.enter(&scope).await.expect("the store");
            for one in whom {
                suppression::suppress(&scoped, &env, &master, *one, SuppressionReason::Unsubscribed, None)
                    .await
                    .expect("no");
            }
            tx.commit().await.expect("committed");
        };
        // Ann says no and takes it back, the backup is made, then she says it again, and Ben for the first time.
        say(&[ann]).await;
        let mut tx = db.write().await.expect("a transaction");
        let scoped = tx.enter(&scope).await.expect("the store");
        assert!(suppression::lift(&scoped, &env, &master, ann).await.expect("lifted"));
        tx.commit().await.expect("committed");
        backup(&config, &backup_file).await.expect("a backup");
        say(&[ann, ben]).await;
        // A store that the backup does not know has noes too.
        let owner = "cleo@example.com".parse().expect("an address");
        let new = crate::accounts::NewStore { owner, ..newcomer() };
        let later = create(&db, &env, new, &StoreSettings::default()).await.expect("a store");
        let mut tx = db.write().await.expect("a transaction");
        let elsewhere = tx.enter(&StoreScope::system(later.store_id)).await.expect("the store");
        suppression::suppress(&elsewhere, &env, &master, ben, SuppressionReason::Objected, None)
            .await
            .expect("no");
        tx.commit().await.expect("committed");
        db.close().await;

        restore(&config, &backup_file).await.expect("restored");
        let db = Db::open(&url).await.expect("opened");
        let mut tx = db.read().await.expect("a transaction");
        let scoped = tx.enter(&scope).await.expect("the store");
        for whom in [ann, ben] {
            let standing = suppression::standing(&scoped, &master, whom).await.expect("read");
            assert_eq!(standing, Some(SuppressionReason::Unsubscribed), "{}", whom.1);
        }
    }

    fn newcomer() -> crate::accounts::NewStore {
        crate::accounts::NewStore {
            organisation: "O".into(),
            name: "S".into(),
            owner: "ann@example.com".parse().expect("an address"),
            live: false,
            settings: StoreSettings::default(),
            password: None,
        }
    }
}
