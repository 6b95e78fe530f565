//! Queries.

use crate::db::{DbError, Scoped};
use cartwheel_domain::identity::IdentityKind;
use cartwheel_entity::{company, contact, contact_identity};
use sea_orm::{ColumnTrait, Condition, ExprTrait, QueryFilter};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// Values asked for in one statement; more are asked for in several.
const CHUNK: usize = 5_000;

pub(super) async fn identities(
    scoped: &Scoped<'_>,
    wanted: &BTreeMap<IdentityKind, BTreeSet<String>>,
) -> Result<Vec<contact_identity::Model>, DbError> {
    use contact_identity::Column as C;
    let (mut found, mut any, mut asked) = (Vec::new(), Condition::any(), 0);
    for (kind, values) in wanted {
        let values: Vec<&String> = values.iter().collect();
        for part in values.chunks(CHUNK) {
            // One statement for all kinds; each is a look-up by the primary key.
            any = any.add(C::Kind.eq(kind.as_str()).and(C::Value.is_in(part.iter().copied())));
            asked += part.len();
            if asked >= CHUNK {
                let full = std::mem::replace(&mut any, Condition::any());
                found.extend(scoped.find::<contact_identity::Entity>().filter(full).all(scoped.on()).await?);
                asked = 0;
            }
        }
    }
    if asked > 0 {
        found.extend(scoped.find::<contact_identity::Entity>().filter(any).all(scoped.on()).await?);
    }
    Ok(found)
}

pub(super) async fn by_ids(scoped: &Scoped<'_>, ids: &[Uuid]) -> Result<Vec<contact::Model>, DbError> {
    let mut found = Vec::with_capacity(ids.len());
    for part in ids.chunks(CHUNK) {
        found.extend(
            scoped
                .find::<contact::Entity>()
                .filter(contact::Column::Id.is_in(part.iter().copied()))
                .all(scoped.on())
                .await?,
        );
    }
    Ok(found)
}

pub(super) async fn companies(
    scoped: &Scoped<'_>,
    keys: &BTreeSet<String>,
) -> Result<Vec<company::Model>, DbError> {
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    let query = scoped.find::<company::Entity>().filter(company::Column::ExternalKey.is_in(keys.iter()));
    Ok(query.all(scoped.on()).await?)
}
