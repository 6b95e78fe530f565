//! What is sealed, and whether it opens.

use super::{Finding, finding};
use crate::{
    accounts::{
        KeyError, MasterKey,
        keys::survey::{Survey, survey},
    },
    app::given_keys,
    clock::Env,
    config::Config,
    db::Db,
};

/// Looks at the keys of the database; `None` in place of them when they cannot be had.
///
/// # Errors
/// What the database says.
pub(super) async fn keys(
    db: &Db,
    config: &Config,
    env: &Env,
) -> Result<(Vec<Finding>, Option<MasterKey>), KeyError> {
    let what = "the master key opens this database";
    let looked = match given_keys(config, db) {
        Ok(given) => MasterKey::look(db, env, &given).await,
        Err(error) => Err(error),
    };
    let ring = match looked {
        Ok(ring) => ring,
        Err(KeyError::Db(error)) => return Err(error.into()),
        Err(error) => return Ok((vec![finding(what, Some(error.to_string()))], None)),
    };
    let found = survey(db, &ring).await?;
    let findings = vec![
        finding(what, None),
        finding("what is sealed opens", unopened(&found)),
        finding("nothing is sealed by a key that was replaced", replaced(&found)),
    ];
    Ok((findings, Some(ring)))
}

fn unopened(found: &Survey) -> Option<String> {
    (found.lost > 0).then(|| {
        format!(
            "{} of {} do not: {}. Set these credentials anew, or restore their rows from a backup",
            found.lost,
            found.keys + found.values,
            found.named.join("; ")
        )
    })
}

fn replaced(found: &Survey) -> Option<String> {
    (found.old_keys + found.old_values > 0).then(|| {
        format!(
            "{} of {} keys are wrapped by an older master key, {} of {} values sealed by an older key: run `cartwheel keys \
             rotate`, and keep the older master key until this holds",
            found.old_keys, found.keys, found.old_values, found.values
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        accounts::{SecretKind, keys::rotate::rotate, secrets},
        config::Secret,
        doctor::examine,
        testing::TestApp,
    };
    use cartwheel_macros::db_test;

    const OLD: &str = "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=";
    const NEW: &str = "CAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAg=";

    async fn wrong(app: &TestApp, master_key: String) -> Vec<String> {
        let config = Config { master_key: Some(Secret::new(master_key)), ..Config::default() };
        let findings = examine(app.db(), &config).await.expect("examined");
        let told = |f: Finding| (!f.holds).then(|| format!("{}: {}", f.what, f.detail.unwrap_or_default()));
        findings.into_iter().filter_map(told).collect()
    }

    /// Until nothing is under the old key, it says so and what to do; and that the old one is missed.
    #[db_test]
    async fn an_old_key_is_named_until_it_can_go(app: TestApp) {
        let store = app.store("a").await;
        let config = Config { master_key: Some(Secret::new(OLD)), ..Config::default() };
        let first = crate::app::master_key(&config, app.db(), app.env()).await.expect("begun");
        let mut tx = app.db().write().await.expect("a transaction");
        let scoped = tx.enter(&store.scope()).await.expect("the store");
        secrets::put(&scoped, &first, app.env(), SecretKind::Shopify, "shpss").await.expect("kept");
        tx.commit().await.expect("committed");
        assert_eq!(wrong(&app, OLD.into()).await, Vec::<String>::new());

        let both = format!("{NEW} {OLD}");
        let said = wrong(&app, both.clone()).await;
        assert!(
            matches!(said.as_slice(), [one] if one.contains("3 of 3 keys") && one.contains("keys rotate")),
            "{said:?}"
        );
        let said = wrong(&app, NEW.into()).await;
        assert!(
            matches!(said.as_slice(), [one] if one.starts_with("the master key opens") && one.contains("add it")),
            "{said:?}"
        );

        let config = Config { master_key: Some(Secret::new(both.clone())), ..Config::default() };
        let ring = crate::app::master_key(&config, app.db(), app.env()).await.expect("opened");
        rotate(app.db(), app.env(), &ring, false).await.expect("rotated");
        assert_eq!(wrong(&app, both).await, Vec::<String>::new());
        assert_eq!(wrong(&app, NEW.into()).await, Vec::<String>::new());
    }
}
