//! Builders: a store and its people, with few words.

use super::TestApp;
use crate::{
    accounts::{NewStore, StoreKeys, service},
    db::StoreScope,
};
use cartwheel_domain::{
    ids::{ContactId, StoreId},
    settings::StoreSettings,
};
use cartwheel_entity::{contact, contact_identity};
use sea_orm::ActiveValue::Set;

/// A store in a test.
#[derive(Clone)]
pub struct TestStore {
    app: TestApp,
    /// Its keys.
    pub keys: std::sync::Arc<StoreKeys>,
}

impl TestApp {
    /// A sandbox store with default settings.
    pub async fn store(&self, name: &str) -> TestStore {
        self.store_with(name, false, StoreSettings::default()).await
    }

    /// A store with settings of the test's own.
    pub async fn store_with(&self, name: &str, live: bool, settings: StoreSettings) -> TestStore {
        let mut tx = self.db().write().await.expect("a transaction");
        let system = tx.system().await.expect("all stores");
        let new = NewStore {
            organisation: format!("{name} org"),
            name: name.to_owned(),
            owner: format!("{name}@owner.example").parse().expect("an address"),
            live,
            settings,
            password: Some("correct horse battery".into()),
        };
        let keys = service::create_store(&system, self.env(), new).await.expect("a store");
        tx.commit().await.expect("committed");
        TestStore { app: self.clone(), keys: std::sync::Arc::new(keys) }
    }
}

impl TestStore {
    /// Its id.
    pub fn id(&self) -> StoreId {
        self.keys.store_id
    }

    /// Full rights in it.
    pub fn scope(&self) -> StoreScope {
        StoreScope::system(self.id())
    }

    /// A known contact.
    pub async fn contact(&self, email: &str) -> ContactId {
        let id: ContactId = self.app.env().id();
        let now = self.app.env().now();
        let row = contact::ActiveModel {
            store_id: Set(self.id().uuid()),
            id: Set(id.uuid()),
            email: Set(Some(email.to_owned())),
            traits: Set(serde_json::json!({})),
            tags: Set(serde_json::json!([])),
            bot: Set(false),
            test: Set(false),
            staff: Set(false),
            orders_count: Set(0),
            created_at: Set(now),
            last_seen_at: Set(now),
            ..Default::default()
        };
        let identity = contact_identity::ActiveModel {
            store_id: Set(self.id().uuid()),
            kind: Set("email".into()),
            value: Set(email.to_owned()),
            contact_id: Set(id.uuid()),
        };
        let mut tx = self.app.db().write().await.expect("a transaction");
        let scoped = tx.enter(&self.scope()).await.expect("the store");
        scoped.insert::<contact::Entity>(vec![row]).await.expect("a contact");
        scoped.insert::<contact_identity::Entity>(vec![identity]).await.expect("its identity");
        tx.commit().await.expect("committed");
        id
    }
}
