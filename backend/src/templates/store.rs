//! Queries. Each looks up one row by the unique key (store, key, language, formality, version).

use crate::db::Scoped;
use cartwheel_domain::{
    ids::TemplateId,
    locale::{Formality, Language},
};
use cartwheel_entity::template::{Column, Entity, Model};
use sea_orm::{ColumnTrait, DbErr, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

pub(super) async fn by_id(scoped: &Scoped<'_>, id: TemplateId) -> Result<Option<Model>, DbErr> {
    scoped.find::<Entity>().filter(Column::Id.eq(id.uuid())).one(scoped.on()).await
}

/// Id of the newest version, without its texts.
pub(super) async fn newest_id(
    scoped: &Scoped<'_>,
    key: &str,
    language: Language,
    formality: Formality,
) -> Result<Option<TemplateId>, DbErr> {
    let found: Option<Uuid> = scoped
        .find::<Entity>()
        .select_only()
        .column(Column::Id)
        .filter(Column::Key.eq(key))
        .filter(Column::Language.eq(language.code()))
        .filter(Column::Formality.eq(formality.code()))
        .order_by_desc(Column::Version)
        .limit(1)
        .into_tuple()
        .one(scoped.on())
        .await?;
    Ok(found.map(TemplateId))
}

/// Keys, languages, forms and newest versions of all templates of the store, in order.
pub(super) async fn overview(scoped: &Scoped<'_>) -> Result<Vec<(String, String, String, i32)>, DbErr> {
    scoped
        .find::<Entity>()
        .select_only()
        .column(Column::Key)
        .column(Column::Language)
        .column(Column::Formality)
        .column_as(Column::Version.max(), "version")
        .group_by(Column::Key)
        .group_by(Column::Language)
        .group_by(Column::Formality)
        .order_by_asc(Column::Key)
        .order_by_asc(Column::Language)
        .order_by_asc(Column::Formality)
        .into_tuple()
        .all(scoped.on())
        .await
}
