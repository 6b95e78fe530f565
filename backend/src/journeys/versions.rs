//! Published versions, parsed once: they never change, so the cache never lies.

use crate::db::{Among, DbError, Scoped};
use cartwheel_domain::{
    ids::{JourneyId, StoreId, VersionId},
    journey::{Definition, Needs},
};
use cartwheel_entity::journey_version;
use moka::sync::Cache;
use sea_orm::QueryFilter;
use std::{collections::HashMap, sync::Arc};
use uuid::Uuid;

/// A version, and what its steps have to know.
#[derive(Debug)]
pub struct Version {
    /// Its id.
    pub id: VersionId,
    /// Whose version.
    pub journey_id: JourneyId,
    /// Which of the journey's, from 1.
    pub number: i32,
    /// The graph.
    pub definition: Definition,
    /// What has to be loaded for its steps.
    pub needs: Needs,
}

impl Version {
    fn read(row: &journey_version::Model) -> Result<Self, DbError> {
        let definition: Definition = serde_json::from_str(&row.definition).map_err(|e| {
            sea_orm::DbErr::Custom(format!("version {} cannot be read: {e}", VersionId(row.id)))
        })?;
        Ok(Self::of(VersionId(row.id), JourneyId(row.journey_id), row.number, definition))
    }

    /// From a definition that is already parsed.
    pub fn of(id: VersionId, journey_id: JourneyId, number: i32, definition: Definition) -> Self {
        let needs = definition.needs();
        Self { id, journey_id, number, definition, needs }
    }
}

/// The cache.
#[derive(Clone)]
pub struct Versions(Cache<(StoreId, Uuid), Arc<Version>>);

impl Default for Versions {
    fn default() -> Self {
        Self(Cache::new(2_000))
    }
}

impl Versions {
    /// The versions of these ids; one that does not exist is left out.
    ///
    /// # Errors
    /// What the database says, or that a stored definition is none.
    pub async fn get(
        &self,
        scoped: &Scoped<'_>,
        ids: impl IntoIterator<Item = Uuid>,
    ) -> Result<HashMap<Uuid, Arc<Version>>, DbError> {
        let store = scoped.store_id();
        let mut found = HashMap::new();
        let mut missing = Vec::new();
        for id in ids {
            match self.0.get(&(store, id)) {
                Some(version) => {
                    found.insert(id, version);
                }
                None => missing.push(id),
            }
        }
        missing.sort_unstable();
        missing.dedup();
        if !missing.is_empty() {
            let wanted =
                scoped.find::<journey_version::Entity>().filter(journey_version::Column::Id.among(missing));
            for row in wanted.all(scoped.on()).await? {
                let version = Arc::new(Version::read(&row)?);
                self.0.insert((store, row.id), version.clone());
                found.insert(row.id, version);
            }
        }
        Ok(found)
    }
}
