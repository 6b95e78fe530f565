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
