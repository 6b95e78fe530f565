//! What an operator does by hand.

use super::Outcome;
use crate::{config::Config, db::Db};
use std::{io::Write, path::Path, process::ExitCode};

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
    writeln!(std::io::stdout().lock(), "written to {}", file.display())?;
    Ok(ExitCode::SUCCESS)
}

/// Puts a backup in place of a database that nobody serves. What was queued in the backup may have been sent since,
/// so sending is fenced until the operator says otherwise.
pub(super) async fn restore(config: &Config, file: &Path) -> Outcome {
    let place = crate::db::connect::restore(config.database_url.expose(), file)?;
    let db = Db::open(config.database_url.expose()).await?;
    let held = crate::messages::cancel::everything_queued(&db, "restored").await?;
    writeln!(
        std::io::stdout().lock(),
        "{} now holds the backup; {held} messages that were still queued in it were cancelled, since they may have been sent after it was made",
        place.display()
    )?;
    Ok(ExitCode::SUCCESS)
}
