//! A real app for tests: real router, real database, fakes only at the outside edge.

pub mod database;
pub mod door;
pub mod flow;
pub mod logs;
pub mod passkey;
pub mod provider;
pub mod smtp;
pub mod socket;
pub mod store;
pub mod stripe;

use crate::{
    accounts::{
        MasterKey, Stores,
        mailbox::{self, Mail},
    },
    clock::{Env, SeededEntropy, TestClock},
    db::Db,
};
use cartwheel_entity::service_mail;
use sea_orm::QueryOrder;
use std::{
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

pub use store::TestStore;

/// Where every test begins: Monday, 2026-03-02, 10:00 UTC.
pub const START: i64 = 1_772_445_600_000;

/// An app on a database of its own, with a clock that moves when told.
#[derive(Clone)]
pub struct TestApp {
    db: Db,
    clock: TestClock,
    env: Env,
    stores: Stores,
    leftovers: Arc<AtomicBool>,
}

impl TestApp {
    /// Over an open database.
    pub fn new(db: Db) -> Self {
        let clock = TestClock::at(START);
        let env = Env::new(Arc::new(clock.clone()), Arc::new(SeededEntropy::new(1)));
        let stores = Stores::new(db.clone(), env.clone());
        Self { db, clock, env, stores, leftovers: Arc::new(AtomicBool::new(false)) }
    }

    /// The database, as the runtime role.
    pub fn db(&self) -> &Db {
        &self.db
    }

    /// The clock to move.
    pub fn clock(&self) -> &TestClock {
        &self.clock
    }

    /// Clock and entropy.
    pub fn env(&self) -> &Env {
        &self.env
    }

    /// The store look-up.
    pub fn stores(&self) -> &Stores {
        &self.stores
    }

    /// The key that seals credentials.
    pub fn master_key(&self) -> MasterKey {
        MasterKey::for_tests()
    }

    /// Runs a worker that dies at the `nth` passing of a crash point, and waits until the database has taken its
    /// transactions back, as it does when the connections of a killed process break.
    ///
    /// # Panics
    /// When the worker lives.
    pub async fn dies<T>(&self, point: &'static str, nth: u32, worker: impl Future<Output = T>) {
        let (fate, _) = crate::crash::armed(point, nth, worker).await;
        assert!(matches!(fate, crate::crash::Fate::Died), "{point} is never passed");
        database::await_idle(&self.db).await;
    }

    /// Says that unfinished work at the end is the point of this test.
    pub fn allow_leftovers(&self) {
        self.leftovers.store(true, Ordering::SeqCst);
    }

    /// Runs a test body on SQLite.
    pub fn run_sqlite<F: Future<Output = ()>>(body: impl FnOnce(Self) -> F) {
        run(async {
            let home = database::sqlite().await;
            let app = Self::new(home.db.clone());
            body(app.clone()).await;
            app.finish().await;
        });
    }

    /// Runs a test body on PostgreSQL.
    pub fn run_postgres<F: Future<Output = ()>>(body: impl FnOnce(Self) -> F) {
        run(async {
            let home = database::postgres().await;
            let app = Self::new(home.db.clone());
            body(app.clone()).await;
            app.finish().await;
            home.drop().await;
        });
    }

    async fn finish(&self) {
        if !self.leftovers.load(Ordering::SeqCst) {
            database::assert_nothing_left(&self.db, self.env.now()).await;
        }
    }
}

/// The service's own mails that wait to be handed over, oldest first.
pub async fn mails(app: &TestApp) -> Vec<Mail> {
    let mut tx = app.db().read().await.expect("a transaction");
    let system = tx.system().await.expect("all");
    let rows = system.find::<service_mail::Entity>().order_by_asc(service_mail::Column::Id);
    let rows = rows.all(system.on()).await.expect("mails");
    let mut mails = Vec::with_capacity(rows.len());
    for row in &rows {
        let mail = mailbox::open(&system, &app.master_key(), row).await.expect("read");
        mails.push(mail.expect("sealed by us"));
    }
    mails
}

fn run(body: impl Future<Output = ()>) {
    actix_web::rt::System::new().block_on(body);
}
