//! Queries.

use crate::db::{Among, DbError, Scoped};
use cartwheel_domain::identity::IdentityKind;
use cartwheel_entity::{company, contact, contact_identity};
use sea_orm::{ColumnTrait, QueryFilter};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// Values asked for in one statement; more are asked for in several.
const CHUNK: usize = 5_000;

pub(super) async fn identities(
    scoped: &Scoped<'_>,
    wanted: &BTreeMap<IdentityKind, BTreeSet<String>>,
) -> Result<Vec<contact_identity::Model>, DbError> {
    use contact_identity::Column as C;
    let kinds: Vec<&str> = wanted.keys().map(|kind| kind.as_str()).collect();
    let values: BTreeSet<&String> = wanted.values().flatten().collect();
    let values: Vec<&String> = values.into_iter().collect();
    let mut found = Vec::with_capacity(values.len());
    for part in values.chunks(CHUNK) {
        // Kinds and values as two lists, whatever of them was not asked for together: each pair is a look-up by the primary
        // key. For "this kind with these values, or that kind with those" SQLite reads all identities of the store.
        let query = scoped.find::<contact_identity::Entity>().filter(C::Kind.is_in(kinds.iter().copied()));
        found.extend(query.filter(C::Value.among(part.iter().copied())).all(scoped.on()).await?);
    }
    let asked = |row: &contact_identity::Model| {
        IdentityKind::from_name(&row.kind)
            .and_then(|kind| wanted.get(&kind))
            .is_some_and(|values| values.contains(&row.value))
    };
    found.retain(asked);
    Ok(found)
}

pub(super) async fn by_ids(scoped: &Scoped<'_>, ids: &[Uuid]) -> Result<Vec<contact::Model>, DbError> {
    scoped.find_among::<contact::Entity, _>(contact::Column::Id, ids.iter().copied()).await
}

pub(super) async fn companies(
    scoped: &Scoped<'_>,
    keys: &BTreeSet<String>,
) -> Result<Vec<company::Model>, DbError> {
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    let query = scoped.find::<company::Entity>().filter(company::Column::ExternalKey.among(keys.iter()));
    Ok(query.all(scoped.on()).await?)
}
