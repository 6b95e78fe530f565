//! Queries.

use crate::db::{DbError, Scoped};
use cartwheel_domain::identity::IdentityKind;
use cartwheel_entity::{company, contact, contact_identity};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

pub(super) async fn identities(
    scoped: &Scoped<'_>,
    wanted: &BTreeMap<IdentityKind, BTreeSet<String>>,
) -> Result<Vec<contact_identity::Model>, DbError> {
    use contact_identity::Column as C;
    let pairs: BTreeSet<(&str, &str)> = wanted
        .iter()
        .flat_map(|(kind, values)| values.iter().map(|value| (kind.as_str(), value.as_str())))
        .collect();
    scoped.find_pairs::<contact_identity::Entity>((C::Kind, C::Value), &pairs).await
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
    scoped.find_among::<company::Entity, _>(company::Column::ExternalKey, keys).await
}
