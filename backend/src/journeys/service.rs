//! Publishing, switching on and off, and the journey each new store begins with.

use super::model::ENDED;
use crate::{
    clock::Env,
    db::{Among, DbError, Scoped},
    webhooks::endpoint,
};
use cartwheel_domain::{
    ids::{CartId, ContactId, JourneyId, MemberId, RunId, VersionId},
    journey::{
        Blueprint, Definition, EndReason, JourneyState, Node, Problem, default_recovery_journey_with, listed,
    },
    locale::Language,
    settings::StoreSettings,
    template::Template,
    time::Millis,
};
use cartwheel_entity::{journey, journey_run, journey_version, message, run_wait, template};
use ring::digest::{SHA256, digest};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, ExprTrait, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect, sea_query::Expr,
};

/// Why a journey could not be published or changed.
#[derive(Debug, thiserror::Error)]
pub enum JourneyError {
    /// The definition is not sound; each problem names its node.
    #[error("the journey cannot be published:\n{}", listed(.0))]
    Unsound(Vec<Problem>),
    /// There is no such journey in this store.
    #[error("there is no journey {0}")]
    NoJourney(JourneyId),
    /// It has never been published.
    #[error("the journey has no published version that could be switched on")]
    NotPublished,
    /// The store has as many as it may have.
    #[error("a store has {MOST} journeys at most")]
    TooMany,
    /// Somebody else was quicker.
    #[error("version {0} was published meanwhile; look at it, then make the change again")]
    Outdated(i32),
    /// The database said no.
    #[error(transparent)]
    Db(#[from] DbError),
}

impl From<sea_orm::DbErr> for JourneyError {
    fn from(e: sea_orm::DbErr) -> Self {
        Self::Db(e.into())
    }
}

/// Most journeys of a store: as many as its list shows.
pub const MOST: u64 = 200;

/// What was published.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Published {
    /// The journey.
    pub journey_id: JourneyId,
    /// Its current version.
    pub version_id: VersionId,
    /// Its number, from 1.
    pub number: i32,
    /// Whether it is new; the same definition twice in a row is one version.
    pub new: bool,
}

/// Whether every message of a definition can be written: the store has its text, and its subjects can be read. Else each of them
/// would be suppressed, one by one.
///
/// # Errors
/// [`JourneyError::Unsound`], naming the messages.
pub async fn check_texts(scoped: &Scoped<'_>, definition: &Definition) -> Result<(), JourneyError> {
    let keys: Vec<(String, String)> = scoped
        .find::<template::Entity>()
        .select_only()
        .columns([template::Column::Key, template::Column::Channel])
        .distinct()
        .into_tuple()
        .all(scoped.on())
        .await?;
    let mut problems = unknown_endpoints(scoped, definition).await?;
    for (id, node) in &definition.nodes {
        let Node::Message(n) = node else { continue };
        if !keys.iter().any(|(key, channel)| *key == n.template && channel == n.channel.as_str()) {
            let said = format!(
                "there is no template \"{}\" for the channel {} in this store",
                n.template, n.channel
            );
            problems.push(Problem::of_text(id, "template", said));
        }
        for (language, subject) in &n.subject {
            if let Err(fault) = Template::parse(subject) {
                problems.push(Problem::of_text(id, format!("subject.{language}"), fault));
            }
        }
    }
    if problems.is_empty() { Ok(()) } else { Err(JourneyError::Unsound(problems)) }
}

/// Webhooks of a definition that name an endpoint the store does not have.
async fn unknown_endpoints(scoped: &Scoped<'_>, definition: &Definition) -> Result<Vec<Problem>, DbError> {
    let named = definition.nodes.iter().filter_map(|(id, node)| match node {
        Node::Webhook(n) => n.endpoint.map(|endpoint| (id, endpoint)),
        _ => None,
    });
    let named: Vec<_> = named.collect();
    if named.is_empty() {
        return Ok(Vec::new());
    }
    let known = endpoint::known(scoped, named.iter().map(|(_, endpoint)| *endpoint)).await?;
    let gone = named.into_iter().filter(|(_, endpoint)| !known.contains(endpoint));
    let said = |endpoint| format!("there is no webhook endpoint \"{endpoint}\" in this store");
    Ok(gone.map(|(id, endpoint)| Problem::of_text(id, "endpoint", said(endpoint))).collect())
}

/// Checks that a journey's newest version is still the one a change was made to, and holds the store's journeys until the
/// transaction ends, so that two editors do not undo each other.
///
/// # Errors
/// [`JourneyError::Outdated`] with the number of the newest version.
pub async fn check_base(scoped: &Scoped<'_>, journey_id: JourneyId, base: i32) -> Result<(), JourneyError> {
    scoped.lock().await?;
    match newest(scoped, journey_id).await? {
        Some(newest) if newest.number != base => Err(JourneyError::Outdated(newest.number)),
        _ => Ok(()),
    }
}

async fn newest(
    scoped: &Scoped<'_>,
    journey_id: JourneyId,
) -> Result<Option<journey_version::Model>, JourneyError> {
    let query = scoped
        .find::<journey_version::Entity>()
        .filter(journey_version::Column::JourneyId.eq(journey_id.uuid()))
        .order_by_desc(journey_version::Column::Number)
        .limit(1);
    Ok(query.one(scoped.on()).await?)
}

/// Publishes a definition as the next version of a journey, or as a new journey that is switched off. Runs that have
/// begun stay on the version they began with.
///
/// # Errors
/// [`JourneyError::Unsound`] with every problem; [`JourneyError::NoJourney`].
pub async fn publish(
    scoped: &Scoped<'_>,
    env: &Env,
    journey_id: Option<JourneyId>,
    definition: &Definition,
    by: Option<MemberId>,
) -> Result<Published, JourneyError> {
    definition.validate().map_err(JourneyError::Unsound)?;
    // Versions are numbered one after another.
    scoped.lock().await?;
    let (store, now) = (scoped.store_id().uuid(), env.now());
    let journey_id = match journey_id {
        Some(id) => {
            let row =
                scoped.find::<journey::Entity>().filter(journey::Column::Id.eq(id.uuid())).one(scoped.on());
            row.await?.ok_or(JourneyError::NoJourney(id))?;
            id
        }
        None => {
            let id: JourneyId = env.id();
            let row = journey::ActiveModel {
                store_id: Set(store),
                id: Set(id.uuid()),
                name: Set(definition.name.clone()),
                status: Set("off".into()),
                current_version_id: Set(None),
                moves_to: Set(None),
                moves_before: Set(None),
                created_at: Set(now),
                updated_at: Set(now),
            };
            scoped.insert::<journey::Entity>(vec![row]).await?;
            id
        }
    };
    let text = definition.to_json();
    let hash = hex::encode(digest(&SHA256, text.as_bytes()));
    let latest = newest(scoped, journey_id).await?;
    if let Some(same) = latest.as_ref().filter(|v| v.hash == hash) {
        let version_id = VersionId(same.id);
        return Ok(Published { journey_id, version_id, number: same.number, new: false });
    }
    let version_id: VersionId = env.id();
    let number = latest.map_or(1, |v| v.number + 1);
    let row = journey_version::ActiveModel {
        store_id: Set(store),
        id: Set(version_id.uuid()),
        journey_id: Set(journey_id.uuid()),
        number: Set(number),
        definition: Set(text),
        hash: Set(hash),
        published_at: Set(now),
        published_by: Set(by.map(MemberId::uuid)),
    };
    scoped.insert::<journey_version::Entity>(vec![row]).await?;
    scoped
        .update::<journey::Entity>()
        .col_expr(journey::Column::CurrentVersionId, Expr::value(version_id.uuid()))
        .col_expr(journey::Column::Name, Expr::value(definition.name.clone()))
        .col_expr(journey::Column::UpdatedAt, Expr::value(now))
        .filter(journey::Column::Id.eq(journey_id.uuid()))
        .exec(scoped.on())
        .await?;
    Ok(Published { journey_id, version_id, number, new: true })
}

/// Lets people who are under way in earlier versions go on with the current one, each when they next move, where they can
/// (`domain::journey::takeover`); or, for `None`, lets whoever has not gone on yet finish with their own. One row is written, however
/// many are under way.
///
/// # Errors
/// [`JourneyError::Outdated`] where `to` is not the number of the current version; [`JourneyError::NoJourney`],
/// [`JourneyError::NotPublished`].
pub async fn move_runs(
    scoped: &Scoped<'_>,
    env: &Env,
    journey_id: JourneyId,
    to: Option<i32>,
) -> Result<(), JourneyError> {
    scoped.lock().await?;
    let row =
        scoped.find::<journey::Entity>().filter(journey::Column::Id.eq(journey_id.uuid())).one(scoped.on());
    row.await?.ok_or(JourneyError::NoJourney(journey_id))?;
    let current = newest(scoped, journey_id).await?.ok_or(JourneyError::NotPublished)?;
    if to.is_some_and(|to| to != current.number) {
        return Err(JourneyError::Outdated(current.number));
    }
    scoped
        .update::<journey::Entity>()
        .col_expr(journey::Column::MovesTo, Expr::value(to.map(|_| current.id)))
        .col_expr(journey::Column::MovesBefore, Expr::value(to))
        .col_expr(journey::Column::UpdatedAt, Expr::value(env.now()))
        .filter(journey::Column::Id.eq(journey_id.uuid()))
        .exec(scoped.on())
        .await?;
    Ok(())
}

/// Makes a journey from a blueprint, switched off, with the store's own size of the holdout.
///
/// # Errors
/// [`JourneyError::Unsound`], where the name is none or the store lacks a text; [`JourneyError::TooMany`].
pub async fn create(
    scoped: &Scoped<'_>,
    env: &Env,
    (blueprint, name): (Blueprint, &str),
    settings: &StoreSettings,
    by: Option<MemberId>,
) -> Result<Published, JourneyError> {
    let definition = blueprint.definition(name, i64::from(settings.holdout_percent));
    check_texts(scoped, &definition).await?;
    // Two who make one at a time see each other's.
    scoped.lock().await?;
    if scoped.find::<journey::Entity>().count(scoped.on()).await? >= MOST {
        return Err(JourneyError::TooMany);
    }
    publish(scoped, env, None, &definition, by).await
}

/// Switches a journey on, pauses it, or switches it off. Off ends its runs when they are next due, and the last look
/// lets none of its queued messages go; paused keeps both where they are.
///
/// # Errors
/// [`JourneyError::NoJourney`], [`JourneyError::NotPublished`].
pub async fn switch(
    scoped: &Scoped<'_>,
    env: &Env,
    journey_id: JourneyId,
    state: JourneyState,
) -> Result<(), JourneyError> {
    let row =
        scoped.find::<journey::Entity>().filter(journey::Column::Id.eq(journey_id.uuid())).one(scoped.on());
    let row = row.await?.ok_or(JourneyError::NoJourney(journey_id))?;
    if state == JourneyState::Active && row.current_version_id.is_none() {
        return Err(JourneyError::NotPublished);
    }
    let word = match state {
        JourneyState::Active => "on",
        JourneyState::Paused => "paused",
        JourneyState::Off => "off",
    };
    scoped
        .update::<journey::Entity>()
        .col_expr(journey::Column::Status, Expr::value(word))
        .col_expr(journey::Column::UpdatedAt, Expr::value(env.now()))
        .filter(journey::Column::Id.eq(journey_id.uuid()))
        .exec(scoped.on())
        .await?;
    Ok(())
}

/// Gives a store the journey everybody begins with, switched on; a store that has any journey keeps what it has.
///
/// # Errors
/// What the database says.
pub async fn install_default(
    scoped: &Scoped<'_>,
    env: &Env,
    settings: &StoreSettings,
) -> Result<Option<Published>, JourneyError> {
    if scoped.find::<journey::Entity>().count(scoped.on()).await? > 0 {
        return Ok(None);
    }
    let mut definition = default_recovery_journey_with(i64::from(settings.holdout_percent));
    definition.name = default_name(settings.locale).to_owned();
    let published = publish(scoped, env, None, &definition, None).await?;
    switch(scoped, env, published.journey_id, JourneyState::Active).await?;
    Ok(Some(published))
}

/// What the first journey of a store is called.
const fn default_name(language: Language) -> &'static str {
    match language {
        Language::En => "Recover what was left",
        Language::De => "Zurückholen, was liegen blieb",
        Language::Fr => "Relancer ce qui est resté en plan",
        Language::It => "Recuperare ciò che è rimasto in sospeso",
    }
}

/// Which runs an intervention is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose {
    /// One run.
    Run(RunId),
    /// All runs of a person.
    Contact(ContactId),
    /// All runs of a cart.
    Cart(CartId),
}

/// Ends runs from outside the step: somebody unsubscribed, asked to be forgotten, or a member ended it by hand.
/// In the caller's transaction: queued messages go, and the epoch grows, so that a worker that has a run in hand
/// writes nothing. A message that is already handed over stays what it is.
///
/// # Errors
/// What the database says.
pub async fn end_runs(
    scoped: &Scoped<'_>,
    whose: Whose,
    reason: EndReason,
    now: Millis,
) -> Result<u64, DbError> {
    let (runs, messages) = match whose {
        Whose::Run(id) => (journey_run::Column::Id.eq(id.uuid()), message::Column::RunId.eq(id.uuid())),
        Whose::Contact(id) => {
            (journey_run::Column::ContactId.eq(id.uuid()), message::Column::ContactId.eq(id.uuid()))
        }
        Whose::Cart(id) => (journey_run::Column::CartId.eq(id.uuid()), message::Column::CartId.eq(id.uuid())),
    };
    let moving = Condition::all().add(runs).add(journey_run::Column::Status.lt(ENDED));
    let ids: Vec<uuid::Uuid> = scoped
        .find::<journey_run::Entity>()
        .select_only()
        .column(journey_run::Column::Id)
        .filter(moving)
        .into_tuple()
        .all(scoped.on())
        .await?;
    let ended = scoped
        .update::<journey_run::Entity>()
        .col_expr(journey_run::Column::Status, Expr::value(ENDED))
        .col_expr(journey_run::Column::Epoch, Expr::col(journey_run::Column::Epoch).add(1))
        .col_expr(journey_run::Column::EndedAt, Expr::value(now))
        .col_expr(journey_run::Column::EndReason, Expr::value(reason.as_str()))
        .col_expr(journey_run::Column::LeaseOwner, Expr::value(Option::<String>::None))
        .col_expr(journey_run::Column::LeaseUntil, Expr::value(Option::<i64>::None))
        .filter(journey_run::Column::Id.among(ids.clone()))
        .filter(journey_run::Column::Status.lt(ENDED))
        .exec(scoped.on())
        .await?;
    scoped.delete_among::<run_wait::Entity, _>(run_wait::Column::RunId, ids).await?;
    // Runs first: a step that is being committed holds its run, so its message is there by now. Then messages: the last
    // look takes the same rows, so a hand-over is committed before this, or sees it.
    scoped
        .update::<message::Entity>()
        .col_expr(message::Column::Status, Expr::value(4))
        .col_expr(message::Column::Reason, Expr::value(reason.as_str()))
        .col_expr(message::Column::Epoch, Expr::col(message::Column::Epoch).add(1))
        .filter(messages)
        .filter(message::Column::Status.is_in([0, 1]))
        .exec(scoped.on())
        .await?;
    Ok(ended.rows_affected)
}

/// Waits for steps of these runs that are being committed at this very moment, and keeps new ones out until the
/// caller's transaction ends, without changing anything. For whoever is about to cancel messages and leaves the runs as
/// they are: what a step has queued by then is seen. SQLite has one writer anyway.
///
/// # Errors
/// What the database says.
pub async fn hold_runs(scoped: &Scoped<'_>, whose: Whose) -> Result<(), DbError> {
    let which = match whose {
        Whose::Run(id) => journey_run::Column::Id.eq(id.uuid()),
        Whose::Contact(id) => journey_run::Column::ContactId.eq(id.uuid()),
        Whose::Cart(id) => journey_run::Column::CartId.eq(id.uuid()),
    };
    scoped
        .update::<journey_run::Entity>()
        .col_expr(journey_run::Column::Attempt, Expr::col(journey_run::Column::Attempt))
        .filter(which)
        .filter(journey_run::Column::Status.lt(ENDED))
        .exec(scoped.on())
        .await?;
    Ok(())
}
