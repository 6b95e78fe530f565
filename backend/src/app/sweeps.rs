//! The loops that look after what is kept: what is over goes, and what went wrong too often is slowed.

use crate::{clock::Env, db::Db, dry_run, ingest, jobs::Workers, mail, push, webhooks};
use std::{sync::Arc, time::Duration};
use tokio::sync::Notify;

/// Starts them.
pub(super) fn start(workers: &mut Workers, db: &Db, env: &Env, quiet: &Arc<Notify>) {
    let here = || (db.clone(), env.clone());
    let (db, env) = here();
    workers.start_every("old dry runs", Duration::from_secs(600), quiet.clone(), move || {
        let (db, env) = (db.clone(), env.clone());
        async move { dry_run::sweep(&db, env.now()).await.map(|_| false) }
    });
    let (db, env) = here();
    workers.start_every("old pace", Duration::from_secs(3_600), quiet.clone(), move || {
        let (db, env) = (db.clone(), env.clone());
        async move { mail::pace::sweep(&db, &env).await.map(|_| false) }
    });
    let (db, env) = here();
    workers.start_every("mail guard", Duration::from_secs(600), quiet.clone(), move || {
        let (db, env) = (db.clone(), env.clone());
        async move { mail::guard::sweep(&db, &env).await }
    });
    let (db, env) = here();
    workers.start_every("old webhooks", Duration::from_secs(600), quiet.clone(), move || {
        let (db, env) = (db.clone(), env.clone());
        async move { Ok(webhooks::replay::sweep(&db, &env).await? > 0) }
    });
    let (db, env) = here();
    workers.start_every("old hints", Duration::from_secs(3_600), quiet.clone(), move || {
        let (db, env) = (db.clone(), env.clone());
        async move { ingest::catch_up::sweep(&db, &env).await.map(|_| false) }
    });
    let (db, env) = here();
    workers.start_every("old browsers", Duration::from_secs(3_600), quiet.clone(), move || {
        let (db, env) = (db.clone(), env.clone());
        async move { Ok(push::sweep(&db, &env).await? > 0) }
    });
}
