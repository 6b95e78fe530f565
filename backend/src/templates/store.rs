//! Queries. Each looks up one row by the unique key (store, key, language, formality, version).

use crate::db::Scoped;
use cartwheel_domain::{
    consent::Channel,
    ids::TemplateId,
    locale::{Formality, Language},
    time::Millis,
};
use cartwheel_entity::template::{Column, Entity, Model};
use sea_orm::{ColumnTrait, Condition, DbErr, ExprTrait, QueryFilter, QueryOrder, QuerySelect, Select};
use uuid::Uuid;

/// One version, whole.
pub async fn by_id(scoped: &Scoped<'_>, id: TemplateId) -> Result<Option<Model>, DbErr> {
    scoped.find::<Entity>().filter(Column::Id.eq(id.uuid())).one(scoped.on()).await
}

/// Id of the newest version, without its texts.
pub(super) async fn newest_id(
    scoped: &Scoped<'_>,
    key: &str,
    language: Language,
    formality: Formality,
) -> Result<Option<TemplateId>, DbErr> {
    let newest = versions(scoped, key, language, formality, 1).await?;
    Ok(newest.into_iter().next().map(|head| head.id))
}

/// A text without its two parts.
#[derive(Debug, Clone)]
pub struct Head {
    /// Its id.
    pub id: TemplateId,
    /// `recovery_1` and the like.
    pub key: String,
    /// How it reaches people.
    pub channel: Channel,
    /// Its language.
    pub language: Language,
    /// Its form of address.
    pub formality: Formality,
    /// From 1.
    pub version: i32,
    /// When it was saved.
    pub created_at: Millis,
}

const HEAD: [Column; 7] = [
    Column::Id,
    Column::Key,
    Column::Channel,
    Column::Language,
    Column::Formality,
    Column::Version,
    Column::CreatedAt,
];

type HeadRow = (Uuid, String, String, String, String, i32, Millis);

async fn heads(query: Select<Entity>, scoped: &Scoped<'_>) -> Result<Vec<Head>, DbErr> {
    let rows: Vec<HeadRow> = query.select_only().columns(HEAD).into_tuple().all(scoped.on()).await?;
    let head = |(id, key, channel, language, formality, version, created_at): HeadRow| {
        let (language, formality) = (language.parse().ok()?, formality.parse().ok()?);
        let channel = Channel::from_name(&channel)?;
        Some(Head { id: TemplateId(id), key, channel, language, formality, version, created_at })
    };
    Ok(rows.into_iter().filter_map(head).collect())
}

/// The newest version of each text of the store, or of those of a key: by key, language and form.
pub async fn newest(scoped: &Scoped<'_>, key: Option<&str>) -> Result<Vec<Head>, DbErr> {
    let mut query = scoped
        .find::<Entity>()
        .select_only()
        .columns([Column::Key, Column::Language, Column::Formality])
        .column_as(Column::Version.max(), "version")
        .group_by(Column::Key)
        .group_by(Column::Language)
        .group_by(Column::Formality);
    if let Some(key) = key {
        query = query.filter(Column::Key.eq(key));
    }
    let newest: Vec<(String, String, String, i32)> = query.into_tuple().all(scoped.on()).await?;
    if newest.is_empty() {
        return Ok(Vec::new());
    }
    let any = newest.into_iter().fold(Condition::any(), |any, (key, language, formality, version)| {
        any.add(
            Column::Key
                .eq(key)
                .and(Column::Language.eq(language))
                .and(Column::Formality.eq(formality))
                .and(Column::Version.eq(version)),
        )
    });
    let mut found = heads(scoped.find::<Entity>().filter(any), scoped).await?;
    found.sort_by(|a, b| (&a.key, a.language, a.formality).cmp(&(&b.key, b.language, b.formality)));
    Ok(found)
}

/// One version, without its texts.
pub async fn head(scoped: &Scoped<'_>, id: TemplateId) -> Result<Option<Head>, DbErr> {
    let found = heads(scoped.find::<Entity>().filter(Column::Id.eq(id.uuid())), scoped).await?;
    Ok(found.into_iter().next())
}

/// The versions of a text, newest first, so many at most.
pub async fn versions(
    scoped: &Scoped<'_>,
    key: &str,
    language: Language,
    formality: Formality,
    most: u64,
) -> Result<Vec<Head>, DbErr> {
    let query = of_text(scoped, key, language, formality).order_by_desc(Column::Version).limit(most);
    heads(query, scoped).await
}

/// A version by its number.
pub(super) async fn of_version(
    scoped: &Scoped<'_>,
    key: &str,
    language: Language,
    formality: Formality,
    version: i32,
) -> Result<Option<Model>, DbErr> {
    of_text(scoped, key, language, formality).filter(Column::Version.eq(version)).one(scoped.on()).await
}

fn of_text(scoped: &Scoped<'_>, key: &str, language: Language, formality: Formality) -> Select<Entity> {
    scoped
        .find::<Entity>()
        .filter(Column::Key.eq(key))
        .filter(Column::Language.eq(language.code()))
        .filter(Column::Formality.eq(formality.code()))
}
