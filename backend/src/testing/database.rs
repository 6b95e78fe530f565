//! A database per test, cheap because it is copied from a migrated template.

use crate::db::{Db, Scoped};
use cartwheel_domain::time::Millis;
use cartwheel_entity::{journey_run, message};
use sea_orm::{
    ColumnTrait, ConnectionTrait, Database, DatabaseConnection, ExprTrait, PaginatorTrait, QueryFilter,
    QueryTrait,
};
use std::{
    path::PathBuf,
    sync::atomic::{AtomicU64, Ordering},
};
use tokio::sync::OnceCell;

/// A database that goes away with the test.
pub struct Home {
    /// Opened as the runtime role.
    pub db: Db,
    name: String,
    // Removes the file when the test ends.
    _folder: Option<tempfile::TempDir>,
}

static NEXT: AtomicU64 = AtomicU64::new(0);

/// A fresh SQLite file, copied from one that was migrated once per test binary.
pub async fn sqlite() -> Home {
    sqlite_in(tempfile::tempdir().expect("a folder for the test")).await
}

/// The same, in memory where the system keeps files there (Linux): for thousands of transactions in a test that is not about what a
/// disk keeps.
pub async fn sqlite_in_memory() -> Home {
    let folder = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir());
    sqlite_in(folder.expect("a folder for the test")).await
}

async fn sqlite_in(folder: tempfile::TempDir) -> Home {
    static TEMPLATE: OnceCell<(tempfile::TempDir, PathBuf)> = OnceCell::const_new();
    let (_, template) = TEMPLATE
        .get_or_init(|| async {
            let folder = tempfile::tempdir().expect("a folder for the template");
            let path = folder.path().join("template.db");
            let db = Db::connect(&format!("sqlite://{}", path.display())).await.expect("the template opens");
            db.migrate().await.expect("the template migrates");
            db.close().await;
            (folder, path)
        })
        .await;
    let path = folder.path().join("test.db");
    std::fs::copy(template, &path).expect("the template is copied");
    let db = Db::connect(&format!("sqlite://{}", path.display())).await.expect("the copy opens");
    Home { db, name: String::new(), _folder: Some(folder) }
}

fn server() -> String {
    std::env::var("CARTWHEEL_TEST_POSTGRES_URL").unwrap_or_else(|_| {
        panic!(
            "this test needs PostgreSQL: run it by `cargo xtask test`, or set CARTWHEEL_TEST_POSTGRES_URL to a \
             superuser's address such as postgres://postgres@127.0.0.1:5432/postgres"
        )
    })
}

fn address(database: &str) -> String {
    let server = server();
    let (base, query) =
        server.split_once('?').map_or((server.as_str(), String::new()), |(b, q)| (b, format!("?{q}")));
    let base = base.rsplit_once('/').map_or(base, |(b, _)| b);
    format!("{base}/{database}{query}")
}

async fn admin() -> DatabaseConnection {
    let mut options = sea_orm::ConnectOptions::new(server());
    options.max_connections(1).sqlx_logging(false);
    Database::connect(options).await.expect("the test server answers")
}

const TEMPLATE: &str = "cartwheel_template";

/// A fresh PostgreSQL database, made from one that was migrated once per test server.
pub async fn postgres() -> Home {
    static READY: OnceCell<String> = OnceCell::const_new();
    let template = READY
        .get_or_init(|| async {
            let admin = admin().await;
            // The name carries the schema, so that a change of it never meets an old template.
            let print = crate::accounts::service::key_hash(concat!(
                include_str!("../../../migration/src/m0001_first/tables.sql"),
                include_str!("../../../migration/src/m0002_accounts/tables.sql"),
                include_str!("../../../migration/src/m0003_mailbox/tables.sql"),
                include_str!("../../../migration/src/m0004_second_factor/tables.sql"),
                include_str!("../../../migration/src/m0005_mail_compression.rs"),
                include_str!("../../../migration/src/m0006_agencies/tables.sql"),
                include_str!("../../../migration/src/m0007_data_keys/tables.sql"),
                include_str!("../../../migration/src/m0008_billing/tables.sql"),
                include_str!("../../../migration/src/m0009_sign_in/tables.sql"),
                include_str!("../../../migration/src/m0010_circles/tables.sql"),
                include_str!("../../../migration/src/m0011_lists.rs"),
                include_str!("../../../migration/src/m0012_template_copies/tables.sql"),
                include_str!("../../../migration/src/m0013_dry_run/tables.sql"),
                include_str!("../../../migration/src/m0014_webhooks/tables.sql"),
                include_str!("../../../migration/src/m0015_who/who.sql"),
                include_str!("../../../migration/src/m0016_push/tables.sql"),
                include_str!("../../../migration/src/m0017_mail/tables.sql"),
                include_str!("../../../migration/src/m0018_platforms/tables.sql"),
                include_str!("../../../migration/src/m0019_moves.rs"),
                include_str!("../../../migration/src/m0022_accepted.rs"),
                include_str!("../../../migration/src/lib.rs"),
                include_str!("../../../migration/src/dialect.rs")
            ));
            let name = format!("{TEMPLATE}_{}", &print[..12]);
            admin.execute_unprepared("SELECT pg_advisory_lock(72320981)").await.expect("the lock");
            let found = admin
                .query_one_raw(sea_orm::Statement::from_string(
                    sea_orm::DatabaseBackend::Postgres,
                    format!("SELECT 1 FROM pg_database WHERE datname = '{name}' AND datistemplate"),
                ))
                .await
                .expect("the catalogue answers");
            if found.is_none() {
                admin
                    .execute_unprepared(&format!("DROP DATABASE IF EXISTS {name}"))
                    .await
                    .expect("a half-made one is dropped");
                admin
                    .execute_unprepared(&format!("CREATE DATABASE {name}"))
                    .await
                    .expect("the template is made");
                let db = Db::connect(&address(&name)).await.expect("the template opens");
                db.migrate().await.expect("the template migrates");
                db.close().await;
                admin
                    .execute_unprepared(&format!("ALTER DATABASE {name} IS_TEMPLATE true"))
                    .await
                    .expect("it is marked");
            }
            admin
                .execute_unprepared("SELECT pg_advisory_unlock(72320981)")
                .await
                .expect("the lock goes back");
            let _ = admin.close().await;
            name
        })
        .await;
    let name = format!("cartwheel_t{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::SeqCst));
    let admin = admin().await;
    admin
        .execute_unprepared(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
        .await
        .expect("an old one is dropped");
    admin
        .execute_unprepared(&format!("CREATE DATABASE {name} TEMPLATE {template} STRATEGY wal_log"))
        .await
        .expect("the copy is made");
    let _ = admin.close().await;
    let url = address(&name);
    let db =
        Db::connect(&url).await.expect("the copy opens").as_runtime(&url).await.expect("as the runtime role");
    Home { db, name, _folder: None }
}

/// Lets PostgreSQL count what is in the tables, as it does by itself sooner or later.
pub async fn analyze(db: &Db) {
    let mut tx = db.read().await.expect("a transaction");
    let system = tx.system().await.expect("all");
    let query =
        sea_orm::Statement::from_string(sea_orm::DatabaseBackend::Postgres, "SELECT current_database() AS n");
    let row = system.on().query_one_raw(query).await.expect("a name").expect("a row");
    let name: String = row.try_get("", "n").expect("a name");
    let owner = Database::connect(address(&name)).await.expect("the test server answers");
    owner.execute_unprepared("ANALYZE").await.expect("analysed");
    let _ = owner.close().await;
}

/// How the database would answer a question about a store, as one text. On PostgreSQL as it is answered when the tables are large: an
/// empty one is scanned whatever index there is.
pub async fn plan(scoped: &Scoped<'_>, question: impl QueryTrait) -> String {
    let (backend, explain) = match scoped.on().get_database_backend() {
        sea_orm::DatabaseBackend::Sqlite => (sea_orm::DatabaseBackend::Sqlite, "EXPLAIN QUERY PLAN"),
        other => {
            for off in ["enable_seqscan", "enable_bitmapscan", "enable_sort"] {
                let sql = format!("SET LOCAL {off} = off");
                scoped.on().execute_unprepared(&sql).await.expect("set");
            }
            (other, "EXPLAIN")
        }
    };
    let mut statement = question.build(backend);
    statement.sql = format!("{explain} {}", statement.sql);
    let column = if backend == sea_orm::DatabaseBackend::Sqlite { 3 } else { 0 };
    let rows = scoped.on().query_all_raw(statement).await.expect("a plan");
    let lines = rows.iter().map(|row| row.try_get_by_index::<String>(column).expect("a line"));
    lines.collect::<Vec<_>>().join("\n")
}

/// Everything in a database, as whoever has stolen it sees it: the files of SQLite, with what was deleted and lies in them still, or
/// the rows of all tables of PostgreSQL.
pub async fn dump(db: &Db) -> Vec<u8> {
    if let Some(file) = db.file() {
        let mut all = std::fs::read(file).expect("the database");
        let mut log = file.as_os_str().to_owned();
        log.push("-wal");
        all.extend(std::fs::read(PathBuf::from(log)).unwrap_or_default());
        return all;
    }
    let mut tx = db.read().await.expect("a transaction");
    let system = tx.system().await.expect("all");
    let ask = async |sql: String| {
        let statement = sea_orm::Statement::from_string(sea_orm::DatabaseBackend::Postgres, sql);
        let rows = system.on().query_all_raw(statement).await.expect("rows");
        rows.iter().map(|row| row.try_get::<String>("", "said").expect("text")).collect::<Vec<_>>()
    };
    let tables = ask("SELECT tablename AS said FROM pg_tables WHERE schemaname = 'public'".into()).await;
    let mut all = String::new();
    for table in tables {
        for row in ask(format!("SELECT row::text AS said FROM {table} AS row")).await {
            all.push_str(&row);
            all.push('\n');
        }
    }
    all.into_bytes()
}

impl Home {
    /// Takes the database away.
    pub async fn drop(self) {
        self.db.close().await;
        let admin = admin().await;
        let _ =
            admin.execute_unprepared(&format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name)).await;
        let _ = admin.close().await;
    }
}

/// Waits until nobody else has a transaction open: one whose future was dropped is rolled back a little later, and
/// its locks stand until then. SQLite's one writer cannot be had before that anyway.
pub async fn await_idle(db: &Db) {
    if db.dialect() == crate::db::Dialect::Sqlite {
        return;
    }
    // Not `pg_stat_activity`: it hides from the runtime role when others' transactions began.
    let query = "SELECT count(*) AS n FROM pg_locks JOIN pg_database d ON d.oid = database \
                 WHERE d.datname = current_database() AND pid <> pg_backend_pid() AND locktype = 'relation'";
    loop {
        let mut tx = db.read().await.expect("a transaction");
        let system = tx.system().await.expect("all stores");
        let statement = sea_orm::Statement::from_string(sea_orm::DatabaseBackend::Postgres, query);
        let row = system.on().query_one_raw(statement).await.expect("the activity").expect("a row");
        if row.try_get::<i64>("", "n").expect("a count") == 0 {
            return;
        }
        drop(tx);
        tokio::task::yield_now().await;
    }
}

/// Fails when a run or a message is due and was not worked off, or a lease was left behind.
pub async fn assert_nothing_left(db: &Db, now: Millis) {
    let mut tx = db.read().await.expect("a transaction");
    let system = tx.system().await.expect("all stores");
    let runs = system
        .find::<journey_run::Entity>()
        .filter(
            journey_run::Column::Status
                .eq(1)
                .or(journey_run::Column::Status.eq(0).and(journey_run::Column::WakeAt.lte(now))),
        )
        .count(system.on())
        .await
        .expect("runs");
    let messages = system
        .find::<message::Entity>()
        .filter(
            message::Column::Status
                .is_in([1, 2])
                .or(message::Column::Status.eq(0).and(message::Column::NextAt.lte(now))),
        )
        .count(system.on())
        .await
        .expect("messages");
    assert_eq!((runs, messages), (0, 0), "runs and messages left over");
}
