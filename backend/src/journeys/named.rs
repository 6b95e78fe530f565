//! Journeys as the operator's command and the store's settings speak of them.

use super::service::{JourneyError, publish};
use crate::{
    clock::Env,
    db::{Among, DbError, Scoped},
};
use cartwheel_domain::{
    ids::{JourneyId, MemberId},
    journey::{Change, Definition},
};
use cartwheel_entity::{journey, journey_version};
use sea_orm::{ColumnTrait, QueryFilter, QuerySelect};

/// The journey of this name, the oldest where several have it.
///
/// # Errors
/// What the database says.
pub async fn by_name(scoped: &Scoped<'_>, name: &str) -> Result<Option<JourneyId>, DbError> {
    let row =
        scoped.find::<journey::Entity>().filter(journey::Column::Name.eq(name)).one(scoped.on()).await?;
    Ok(row.map(|j| JourneyId(j.id)))
}

/// Whether a journey that is on holds anybody out, so that a control group grows.
///
/// # Errors
/// What the database says.
pub async fn holding_out(scoped: &Scoped<'_>) -> Result<bool, DbError> {
    let on = journey::Column::Status.eq("on");
    let rows = scoped.find::<journey::Entity>().filter(on).limit(1_000).all(scoped.on()).await?;
    let versions = journey_version::Column::Id.among(rows.iter().filter_map(|j| j.current_version_id));
    let current = scoped.find::<journey_version::Entity>().filter(versions).all(scoped.on()).await?;
    let holds = |text: &str| {
        Definition::from_json(text).ok().and_then(|d| d.holdout().map(|(_, percent)| percent)).unwrap_or(0)
            > 0
    };
    Ok(current.iter().any(|version| holds(&version.definition)))
}

/// Publishes each journey that has a holdout anew with another share, for those who enter from now on.
///
/// # Errors
/// [`JourneyError`].
pub async fn set_holdout(
    scoped: &Scoped<'_>,
    env: &Env,
    percent: u8,
    by: Option<MemberId>,
) -> Result<(), JourneyError> {
    let rows = scoped.find::<journey::Entity>().limit(1_000).all(scoped.on()).await.map_err(DbError::from)?;
    for row in rows {
        let Some(current) = row.current_version_id else { continue };
        let query = scoped.find::<journey_version::Entity>().filter(journey_version::Column::Id.eq(current));
        let Some(version) = query.one(scoped.on()).await.map_err(DbError::from)? else { continue };
        let definition = Definition::from_json(&version.definition).map_err(JourneyError::Unsound)?;
        if definition.holdout().is_none_or(|(_, now)| now == i64::from(percent)) {
            continue;
        }
        let next = definition
            .with(&[Change::SetHoldout { percent: percent.into() }])
            .map_err(JourneyError::Unsound)?;
        publish(scoped, env, Some(JourneyId(row.id)), &next, by).await?;
    }
    Ok(())
}
