//! From a left cart to a handed-over message, with real workers and a provider that a test scripts.

use super::{TestApp, TestStore};
use crate::{
    channels::{Channels, fake::Fake, sandbox::Sandbox},
    engine::Engine,
    journeys::{
        Left, Versions,
        service::{Whose, end_runs, publish, switch},
        start_runs,
    },
    mail::Providers,
    messages::{Dispatcher, dispatch::Tools, invariants, render::LinkMaker},
    templates::{Templates, service::install_default_set},
    wake::Wake,
};
use cartwheel_domain::{
    event::LineItem,
    ids::{CartId, ContactId},
    journey::{Definition, EndReason, JourneyState, default_recovery_journey_with},
    settings::StoreSettings,
};
use cartwheel_entity::{cart, contact, journey_run, message};
use sea_orm::{ActiveValue::Set, ColumnTrait, QueryFilter, QueryOrder, sea_query::Expr};
use std::sync::Arc;

/// A store with a journey that is on, texts, and workers.
#[derive(Clone)]
pub struct Flow {
    /// The app it lives in.
    pub app: TestApp,
    /// The store.
    pub store: TestStore,
    /// What takes its mail.
    pub fake: Arc<Fake>,
    /// What its workers work with.
    pub tools: Tools,
}

/// A store in the United States, where a reminder may go until somebody says no.
pub fn settings() -> StoreSettings {
    let mut settings = StoreSettings::default();
    for (key, value) in [
        ("country", "US"),
        ("time_zone", "America/New_York"),
        ("postal_address", "1 Main Street\nSpringfield"),
        ("sender_name", "Wheelhouse"),
        ("sender_email", "shop@wheelhouse.example"),
        ("shop_url", "https://wheelhouse.example"),
    ] {
        settings.set(key, value).expect(key);
    }
    settings
}

impl Flow {
    /// A live store with the default journey, nobody held out, over this provider.
    pub async fn new(app: &TestApp, fake: Fake) -> Self {
        Self::with(app, fake, settings(), &default_recovery_journey_with(0)).await
    }

    /// With settings and a journey of the test's own.
    pub async fn with(app: &TestApp, fake: Fake, settings: StoreSettings, definition: &Definition) -> Self {
        let store = app.store_with("wheelhouse", true, settings).await;
        let mut tx = app.db().write().await.expect("a transaction");
        let scoped = tx.enter(&store.scope()).await.expect("the store");
        install_default_set(&scoped, app.env()).await.expect("texts");
        let published = publish(&scoped, app.env(), None, definition, None).await.expect("published");
        switch(&scoped, app.env(), published.journey_id, JourneyState::Active).await.expect("on");
        tx.commit().await.expect("committed");
        let fake = Arc::new(fake);
        let tools = Tools {
            db: app.db().clone(),
            env: app.env().clone(),
            wake: Wake::default(),
            stores: app.stores().clone(),
            versions: Versions::default(),
            templates: Templates::default(),
            channels: Channels {
                email: Some(fake.clone()),
                sms: fake.clone(),
                push: fake.clone(),
                sandbox: Arc::new(Sandbox),
            },
            links: LinkMaker { public_url: "https://cartwheel.example".into(), key: app.master_key() },
            metered: true,
            providers: Providers::new(app.env().clone(), app.master_key(), true),
            usual_mail: true,
            return_domain: None,
        };
        Self { app: app.clone(), store, fake, tools }
    }

    /// A worker of the journeys.
    pub fn engine(&self) -> Engine {
        let tools = &self.tools;
        Engine::new(
            tools.db.clone(),
            tools.env.clone(),
            tools.wake.clone(),
            tools.stores.clone(),
            tools.versions.clone(),
            tools.key().clone(),
        )
    }

    /// A worker of the messages.
    pub fn dispatcher(&self) -> Dispatcher {
        Dispatcher::new(self.tools.clone())
    }

    /// A contact who left a cart just now; its run has begun.
    pub async fn left(&self, email: &str) -> (ContactId, CartId) {
        let contact = self.store.contact(email).await;
        let cart = self.leave(contact).await;
        (contact, cart)
    }

    /// A cart of a contact, left just now; its run has begun.
    pub async fn leave(&self, contact: ContactId) -> CartId {
        let (now, id): (_, CartId) = (self.app.env().now(), self.app.env().id());
        let line = LineItem {
            key: "1".into(),
            product_id: Some("p1".into()),
            variant_id: None,
            sku: Some("BELL".into()),
            title: "Brass bell & <bracket>".into(),
            variant: Some("M".into()),
            category: None,
            quantity: 2,
            unit_minor: 2_450,
            image_url: Some("https://wheelhouse.example/bell.png".into()),
            url: Some("https://wheelhouse.example/bell?a=1&b=2".into()),
        };
        let row = cart::ActiveModel {
            store_id: Set(self.store.id().uuid()),
            id: Set(id.uuid()),
            kind: Set("cart".into()),
            status: Set("abandoned".into()),
            contact_id: Set(Some(contact.uuid())),
            currency: Set("USD".into()),
            total_minor: Set(4_900),
            item_count: Set(2),
            items: Set(LineItem::text(&[line])),
            source_at: Set(now),
            last_activity_at: Set(now),
            abandoned_at: Set(Some(now)),
            recovery_url: Set(Some(format!("https://wheelhouse.example/cart/{id}"))),
            source: Set("api".into()),
            bot: Set(false),
            test: Set(false),
            staff: Set(false),
            entries: Set(0),
            created_at: Set(now),
            updated_at: Set(now),
            ..Default::default()
        };
        let info = self.tools.stores.by_id(self.store.id()).await.expect("asked").expect("the store");
        let lined = (info.lane, info.hooks);
        let mut tx = self.app.db().write().await.expect("a transaction");
        let scoped = tx.enter(&self.store.scope()).await.expect("the store");
        let american =
            scoped.update::<contact::Entity>().col_expr(contact::Column::Country, Expr::value("US"));
        american.filter(contact::Column::Id.eq(contact.uuid())).exec(scoped.on()).await.expect("a country");
        scoped.insert::<cart::Entity>(vec![row]).await.expect("a cart");
        let cart =
            scoped.find::<cart::Entity>().filter(cart::Column::Id.eq(id.uuid())).one(scoped.on()).await;
        let left = Left { cart: cart.expect("query").expect("the cart"), contact };
        start_runs(&scoped, &self.tools.versions, lined, &[left], now).await.expect("started");
        tx.commit().await.expect("committed");
        id
    }

    /// The address of whoever left a cart.
    pub async fn email_of(&self, cart: CartId) -> String {
        let mut tx = self.app.db().read().await.expect("a transaction");
        let scoped = tx.enter(&self.store.scope()).await.expect("the store");
        let row =
            scoped.find::<cart::Entity>().filter(cart::Column::Id.eq(cart.uuid())).one(scoped.on()).await;
        let who = row.expect("query").and_then(|row| row.contact_id);
        let row = scoped.find::<contact::Entity>().filter(contact::Column::Id.eq(who)).one(scoped.on()).await;
        row.expect("query").and_then(|row| row.email).expect("an address")
    }

    /// An order of this cart, with everything that belongs into its transaction.
    pub async fn order(&self, cart: CartId) {
        let now = self.app.env().now();
        let mut tx = self.app.db().write().await.expect("a transaction");
        let scoped = tx.enter(&self.store.scope()).await.expect("the store");
        scoped
            .update::<cart::Entity>()
            .col_expr(cart::Column::Status, Expr::value("converted"))
            .col_expr(cart::Column::FinishedAt, Expr::value(now))
            .col_expr(cart::Column::UpdatedAt, Expr::value(now))
            .filter(cart::Column::Id.eq(cart.uuid()))
            .exec(scoped.on())
            .await
            .expect("the cart is bought");
        end_runs(&scoped, Whose::Cart(cart), EndReason::Converted, now).await.expect("its runs end");
        tx.commit().await.expect("committed");
    }

    /// Works off everything that is due.
    pub async fn drain(&self) {
        let (engine, dispatcher) = (self.engine(), self.dispatcher());
        engine.rescue().await.expect("rescued");
        dispatcher.rescue().await.expect("rescued");
        loop {
            let stepped = engine.tick().await.expect("a pass").claimed;
            let sent = dispatcher.tick().await.expect("a pass").claimed;
            if stepped + sent == 0 {
                return;
            }
        }
    }

    /// All messages, oldest first.
    pub async fn messages(&self) -> Vec<message::Model> {
        let mut tx = self.app.db().read().await.expect("a transaction");
        let scoped = tx.enter(&self.store.scope()).await.expect("the store");
        let all = scoped.find::<message::Entity>().order_by_asc(message::Column::CreatedAt);
        all.order_by_asc(message::Column::Id).all(scoped.on()).await.expect("messages")
    }

    /// All runs.
    pub async fn runs(&self) -> Vec<journey_run::Model> {
        let mut tx = self.app.db().read().await.expect("a transaction");
        let scoped = tx.enter(&self.store.scope()).await.expect("the store");
        scoped.find::<journey_run::Entity>().all(scoped.on()).await.expect("runs")
    }

    /// Fails on any invariant that does not hold, the provider's ledger included.
    pub async fn assert_sound(&self) {
        let found = invariants::check(self.app.db(), self.app.env().now()).await.expect("the checks run");
        assert!(found.is_empty(), "{found:#?}");
        let keys: std::collections::HashSet<String> =
            self.messages().await.into_iter().map(|m| m.send_key).collect();
        for (key, n) in self.fake.accepted_per_key() {
            assert!(keys.contains(&key), "I3: the provider has a message nobody asked for");
            assert_eq!(n, 1, "I1: the provider accepted a key twice");
        }
    }
}
