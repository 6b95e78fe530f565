//! Mail by servers on real sockets, on both databases.

mod fallback;
mod guard;
mod pace;
mod providers;

use super::provider::{self, Change};
use crate::{
    channels::{email::Email, fake::Fake},
    config::Secret,
    messages::{Dispatcher, model::QUEUED},
    testing::{
        TestApp,
        flow::{Flow, settings},
        smtp::SmtpServer,
    },
};
use cartwheel_domain::{
    ids::ProviderId,
    journey::default_recovery_journey_with,
    settings::StoreSettings,
    time::{HOUR, MINUTE},
};
use cartwheel_entity::message;
use std::sync::Arc;

/// A live store whose mail goes by sockets, with one dispatcher, so that its circuits are remembered.
struct Post {
    flow: Flow,
    worker: Dispatcher,
}

impl Post {
    async fn new(app: &TestApp) -> Self {
        Self::with(app, settings()).await
    }

    async fn with(app: &TestApp, settings: StoreSettings) -> Self {
        let definition = default_recovery_journey_with(0);
        let mut flow = Flow::with(app, Fake::forgetful(), settings, &definition).await;
        flow.tools.channels.email = Some(Arc::new(Email::by_routes()));
        flow.tools.usual_mail = false;
        let worker = flow.dispatcher();
        Self { flow, worker }
    }

    /// Adds a server.
    async fn server(&self, server: &SmtpServer, change: Change) -> ProviderId {
        let change = Change {
            host: Some("127.0.0.1".into()),
            port: Some(i32::from(server.port)),
            security: Some("none".into()),
            ..change
        };
        self.save(None, change).await
    }

    async fn save(&self, id: Option<ProviderId>, change: Change) -> ProviderId {
        let (app, store) = (&self.flow.app, &self.flow.store);
        let mut tx = app.db().write().await.expect("a transaction");
        let with = (&store.scope(), app.env(), &app.master_key());
        let row = provider::save(&mut tx, with, true, id, &change).await.expect("saved");
        tx.commit().await.expect("committed");
        app.stores().forget(store.id());
        ProviderId(row.id)
    }

    /// Mails to these are due now.
    async fn due(&self, to: &[&str]) {
        for address in to {
            self.flow.left(address).await;
        }
        while self.flow.engine().tick().await.expect("a pass").claimed > 0 {}
        self.flow.app.clock().advance(HOUR + MINUTE);
        while self.flow.engine().tick().await.expect("a pass").claimed > 0 {}
    }

    /// Hands over what is due now.
    async fn send(&self) {
        while self.worker.tick().await.expect("a pass").claimed > 0 {}
    }

    /// Hands over, moving the clock to when the next is due, until nothing waits that is due within so long.
    async fn send_for(&self, span: i64) {
        let clock = self.flow.app.clock();
        let until = self.flow.app.env().now() + span;
        self.send().await;
        loop {
            let rows = self.flow.messages().await;
            let next = rows.iter().filter(|m| m.status == QUEUED).map(|m| m.next_at).min();
            match next.filter(|at| *at <= until) {
                Some(at) => clock.set(at.max(self.flow.app.env().now())),
                None => return,
            }
            self.send().await;
        }
    }

    async fn messages(&self) -> Vec<message::Model> {
        self.flow.messages().await
    }
}

fn named(name: &str) -> Change {
    Change { name: Some(name.into()), ..Change::default() }
}

fn with_password(name: &str, user: &str, password: &str) -> Change {
    Change { user: Some(user.into()), password: Some(Secret::new(password)), ..named(name) }
}
