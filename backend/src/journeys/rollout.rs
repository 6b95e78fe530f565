//! A journey of one store taken over into others: looked at first, then published there, local changes kept.
//!
//! What a store took over last is kept beside its copy. What differs from it there was changed there and stays
//! (`domain::journey::merge`), everything else follows the source.

use super::service::{self, JourneyError, Published};
use crate::{
    clock::Env,
    db::{DbError, Scoped},
};
use cartwheel_domain::{
    ids::{JourneyId, MemberId},
    journey::{
        Definition, Problem,
        merge::{Difference, Merged, differences, merge},
    },
};
use cartwheel_entity::{journey, journey_copy, journey_version};
use sea_orm::{ActiveValue::Set, ColumnTrait, QueryFilter, QueryOrder, QuerySelect};

/// What would become of a store's copy.
#[derive(Debug)]
pub struct Plan {
    /// The copy; `None`: it would be made.
    pub journey: Option<JourneyId>,
    /// The number of the version it was compared with; 0 where there is none.
    pub base: i32,
    /// What would be published, or why it cannot be.
    pub definition: Result<Definition, Vec<Problem>>,
    /// What would change in the store.
    pub differences: Vec<Difference>,
    /// What was changed there and would stay.
    pub kept: Vec<Difference>,
    /// Whether it is one of the same name that never came from here: everything there is replaced.
    pub replaces: bool,
}

async fn version(scoped: &Scoped<'_>, journey: JourneyId) -> Result<Option<journey_version::Model>, DbError> {
    let query = scoped
        .find::<journey_version::Entity>()
        .filter(journey_version::Column::JourneyId.eq(journey.uuid()))
        .order_by_desc(journey_version::Column::Number)
        .limit(1);
    Ok(query.one(scoped.on()).await?)
}

/// What a source gives away: its newest version, and that one's number.
///
/// # Errors
/// [`JourneyError::NoJourney`], [`JourneyError::NotPublished`].
pub async fn source(scoped: &Scoped<'_>, journey: JourneyId) -> Result<(Definition, i32), JourneyError> {
    let known = scoped.find::<journey::Entity>().filter(journey::Column::Id.eq(journey.uuid()));
    known.one(scoped.on()).await?.ok_or(JourneyError::NoJourney(journey))?;
    let newest = version(scoped, journey).await?.ok_or(JourneyError::NotPublished)?;
    let definition = Definition::from_json(&newest.definition).map_err(JourneyError::Unsound)?;
    Ok((definition, newest.number))
}

/// The copy of a source in a store: the one that was taken over, else the one of the same name.
async fn copy_of(
    scoped: &Scoped<'_>,
    source: JourneyId,
    name: &str,
) -> Result<Option<(JourneyId, Option<Definition>)>, DbError> {
    let taken = scoped
        .find::<journey_copy::Entity>()
        .filter(journey_copy::Column::SourceJourneyId.eq(source.uuid()))
        .one(scoped.on())
        .await?;
    if let Some(row) = taken {
        return Ok(Some((JourneyId(row.journey_id), Definition::from_json(&row.base).ok())));
    }
    // One that was taken over from elsewhere stays that one's.
    let others: Vec<uuid::Uuid> = scoped
        .find::<journey_copy::Entity>()
        .select_only()
        .column(journey_copy::Column::JourneyId)
        .into_tuple()
        .all(scoped.on())
        .await?;
    let named = scoped.find::<journey::Entity>().filter(journey::Column::Name.eq(name));
    let named = named.filter(journey::Column::Id.is_not_in(others));
    let row = named.order_by_asc(journey::Column::CreatedAt).limit(1).one(scoped.on()).await?;
    Ok(row.map(|row| (JourneyId(row.id), None)))
}

/// What would become of a store's copy if the source were taken over.
///
/// # Errors
/// What the database says.
pub async fn plan(
    scoped: &Scoped<'_>,
    (source, definition): (JourneyId, &Definition),
) -> Result<Plan, JourneyError> {
    let Some((journey, base)) = copy_of(scoped, source, &definition.name).await? else {
        let checked = check(scoped, Ok(definition.clone())).await?;
        return Ok(Plan {
            journey: None,
            base: 0,
            definition: checked,
            differences: Vec::new(),
            kept: Vec::new(),
            replaces: false,
        });
    };
    let newest = version(scoped, journey).await?;
    let number = newest.as_ref().map_or(0, |v| v.number);
    let own = newest.and_then(|v| Definition::from_json(&v.definition).ok());
    let Merged { definition, kept } = match (&base, &own) {
        (Some(base), Some(own)) => merge(base, definition, own),
        _ => Merged { definition: Ok(definition.clone()), kept: Vec::new() },
    };
    let definition = check(scoped, definition).await?;
    let differences = match (&own, &definition) {
        (Some(own), Ok(next)) => differences(own, next),
        _ => Vec::new(),
    };
    let replaces = base.is_none() && !differences.is_empty();
    Ok(Plan { journey: Some(journey), base: number, definition, differences, kept, replaces })
}

/// Whether the store has what the messages of a definition need.
async fn check(
    scoped: &Scoped<'_>,
    definition: Result<Definition, Vec<Problem>>,
) -> Result<Result<Definition, Vec<Problem>>, JourneyError> {
    let Ok(definition) = definition else { return Ok(definition) };
    match service::check_texts(scoped, &definition).await {
        Ok(()) => Ok(Ok(definition)),
        Err(JourneyError::Unsound(problems)) => Ok(Err(problems)),
        Err(e) => Err(e),
    }
}

/// Takes the source over, if the copy is still the version that was looked at; a new copy is switched off. Says under which name.
///
/// # Errors
/// [`JourneyError::Outdated`] when another version was published meanwhile, [`JourneyError::Unsound`].
pub async fn take(
    scoped: &Scoped<'_>,
    env: &Env,
    (source, definition): (JourneyId, &Definition),
    base: i32,
    by: Option<MemberId>,
) -> Result<(Published, String), JourneyError> {
    scoped.lock().await?;
    let plan = plan(scoped, (source, definition)).await?;
    if plan.base != base {
        return Err(JourneyError::Outdated(plan.base));
    }
    let next = plan.definition.map_err(JourneyError::Unsound)?;
    let published = service::publish(scoped, env, plan.journey, &next, by).await?;
    let row = journey_copy::ActiveModel {
        store_id: Set(scoped.store_id().uuid()),
        journey_id: Set(published.journey_id.uuid()),
        source_journey_id: Set(source.uuid()),
        base: Set(definition.to_json()),
        taken_at: Set(env.now()),
    };
    use journey_copy::Column::{Base, SourceJourneyId, TakenAt};
    scoped.upsert::<journey_copy::Entity>(vec![row], &[SourceJourneyId, Base, TakenAt]).await?;
    Ok((published, next.name))
}
