//! Connections and transactions.

use super::{Dialect, OrganisationScope, Organised, Scoped, StoreScope, System, Together, dialect::Whose};
use cartwheel_migration::{Migrator, MigratorTrait, RUNTIME_ROLE};
use sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DatabaseTransaction, DbErr,
    SqliteTransactionMode, SqlxSqliteConnector, TransactionOptions, TransactionTrait,
};
use std::{path::PathBuf, sync::Arc, time::Duration};

/// What can go wrong between us and the database.
#[derive(Debug, thiserror::Error)]
pub enum DbError {
    /// The address is no database address we know.
    #[error("CARTWHEEL_DATABASE_URL must start with sqlite:// or postgres://, not \"{0}\"")]
    Url(String),
    /// The address begins like one and goes on like none.
    #[error(
        "CARTWHEEL_DATABASE_URL: {0}; in user and password ?, #, @, / and : are written %3F, %23, %40, %2F and %3A"
    )]
    Address(String),
    /// The database is set up in a way that would lose acknowledged work.
    #[error("the database does not keep what it acknowledges: {0}")]
    NotDurable(String),
    /// Another process serves this SQLite file.
    #[error("{0} is in use by another Cartwheel process; SQLite carries one. Stop it, or use PostgreSQL")]
    InUse(PathBuf),
    /// A file could not be made or opened.
    #[error("cannot open {path}: {source}")]
    File {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The database said no.
    #[error(transparent)]
    Orm(#[from] DbErr),
}

impl DbError {
    /// Whether the same call may go through when tried again: a serialisation failure, a dead connection,
    /// a busy file.
    pub fn retryable(&self) -> bool {
        match self {
            Self::Orm(e) => super::dialect::retryable(e),
            _ => false,
        }
    }
}

/// A handle on the database; cheap to clone.
#[derive(Clone)]
pub struct Db {
    writer: DatabaseConnection,
    reader: DatabaseConnection,
    dialect: Dialect,
    file: Option<PathBuf>,
    // Held for the life of the process that serves an SQLite file.
    lock: Option<Arc<std::fs::File>>,
}

impl Db {
    /// Opens a database by its address: `sqlite://PATH` or `postgres://…`.
    ///
    /// # Errors
    /// [`DbError`] with what is wrong and, where the operator can mend it, how.
    pub async fn connect(url: &str) -> Result<Self, DbError> {
        if let Some(path) = url.strip_prefix("sqlite://").or_else(|| url.strip_prefix("sqlite:")) {
            return Self::sqlite(PathBuf::from(path.split('?').next().unwrap_or(path))).await;
        }
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            return Self::postgres(url, None).await;
        }
        Err(DbError::Url(url.split(':').next().unwrap_or_default().chars().take(20).collect()))
    }

    async fn sqlite(path: PathBuf) -> Result<Self, DbError> {
        if let Some(parent) = path.parent().filter(|p| !p.as_os_str().is_empty()) {
            std::fs::create_dir_all(parent)
                .map_err(|source| DbError::File { path: parent.to_owned(), source })?;
        }
        let writer = SqlxSqliteConnector::connect(sqlite_options(&path, 1, WRITER_CACHE)).await?;
        let reader = SqlxSqliteConnector::connect(sqlite_options(&path, 8, READER_CACHE)).await?;
        Ok(Self { writer, reader, dialect: Dialect::Sqlite, file: Some(path), lock: None })
    }

    async fn postgres(url: &str, role: Option<&'static str>) -> Result<Self, DbError> {
        // Read before the ORM reads it, which would repeat the whole address, password and all.
        url.parse::<sqlx::postgres::PgConnectOptions>().map_err(|e| DbError::Address(e.to_string()))?;
        let mut options = ConnectOptions::new(url.to_owned());
        options
            .max_connections(16)
            .min_connections(1)
            .acquire_timeout(Duration::from_secs(10))
            .idle_timeout(Duration::from_secs(300))
            // Asked whether it is there only after a pause: each transaction would begin with a message more.
            .test_before_acquire_if_idle_for(Duration::from_secs(5))
            .sqlx_logging(false);
        if let Some(role) = role {
            // Named when the session starts and never switched after, so no plan made for one role serves another.
            // Each statement of the service has an index; a plan made while a table was still small must not read all of it
            // when it has grown, until the statistics follow. What has no way but to read all of a small table then counts as dearer than
            // anything, for which PostgreSQL would compile the plan first: a tenth of a second and more for a few rows.
            options.map_sqlx_postgres_opts(move |o| {
                o.options([("role", role), ("enable_seqscan", "off"), ("jit", "off")])
                    .statement_cache_capacity(512)
            });
        }
        let connection = Database::connect(options).await?;
        Ok(Self {
            writer: connection.clone(),
            reader: connection,
            dialect: Dialect::Postgres,
            file: None,
            lock: None,
        })
    }

    /// Opens the database for serving: brings the schema up to date, then (PostgreSQL) comes back as the
    /// runtime role that owns nothing, and (SQLite) keeps a second process out.
    ///
    /// # Errors
    /// [`DbError::InUse`], [`DbError::NotDurable`], or what the database says.
    pub async fn open(url: &str) -> Result<Self, DbError> {
        let mut db = Self::connect(url).await?;
        if let Some(path) = &db.file {
            db.lock = Some(Arc::new(lock_file(path)?));
        }
        db.migrate().await?;
        let db = db.as_runtime(url).await?;
        super::dialect::check_durable(&db).await?;
        Ok(db)
    }

    /// The same database as the runtime role; a no-op on SQLite.
    ///
    /// # Errors
    /// What the database says, for example that the role is missing.
    pub async fn as_runtime(self, url: &str) -> Result<Self, DbError> {
        match self.dialect {
            Dialect::Sqlite => Ok(self),
            Dialect::Postgres => {
                self.writer.close().await?;
                Self::postgres(url, Some(RUNTIME_ROLE)).await
            }
        }
    }

    /// Brings the schema up to date. Several processes may call it at once; one does the work.
    ///
    /// # Errors
    /// What the database says.
    pub async fn migrate(&self) -> Result<(), DbError> {
        super::dialect::migrate_exclusively(self, async |connection| Migrator::up(connection, None).await)
            .await
    }

    /// The same database, telling of each statement after it was run; for tests that look at what is asked of it.
    #[cfg(any(test, feature = "testing"))]
    pub fn told(&self, tell: Arc<dyn Fn(&sea_orm::Statement) + Send + Sync>) -> Self {
        let mut told = self.clone();
        for connection in [&mut told.writer, &mut told.reader] {
            let tell = Arc::clone(&tell);
            connection.set_metric_callback(move |info| tell(info.statement));
        }
        told
    }

    /// Which of the two it is.
    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// The SQLite file, when it is one.
    pub fn file(&self) -> Option<&std::path::Path> {
        self.file.as_deref()
    }

    /// The connection that writes, for `db/` alone.
    pub(super) fn writer(&self) -> &DatabaseConnection {
        &self.writer
    }

    /// The connections that read, for `db/` alone.
    pub(super) fn reader(&self) -> &DatabaseConnection {
        &self.reader
    }

    /// Begins a transaction that will write. On SQLite it takes the write lock at once (`BEGIN IMMEDIATE`), so that
    /// it cannot fail half-way for having read first.
    ///
    /// # Errors
    /// What the database says.
    pub async fn write(&self) -> Result<Tx, DbError> {
        let inner = match self.dialect {
            Dialect::Sqlite => {
                let options = TransactionOptions {
                    sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
                    ..Default::default()
                };
                self.writer.begin_with_options(options).await?
            }
            Dialect::Postgres => self.writer.begin().await?,
        };
        Ok(Tx { inner, dialect: self.dialect })
    }

    /// Begins a transaction that only reads.
    ///
    /// # Errors
    /// What the database says.
    pub async fn read(&self) -> Result<Tx, DbError> {
        Ok(Tx { inner: self.reader.begin().await?, dialect: self.dialect })
    }

    /// Closes all connections, after the work in flight.
    pub async fn close(self) {
        // A failure to say goodbye loses nothing: what was acknowledged is committed.
        let _ = self.reader.close_by_ref().await;
        let _ = self.writer.close_by_ref().await;
    }
}

/// An open transaction. Dropped without [`Tx::commit`], nothing of it happened.
pub struct Tx {
    inner: DatabaseTransaction,
    dialect: Dialect,
}

impl Tx {
    /// Enters a store: from here on (PostgreSQL) the database itself shows no other store's rows.
    /// One store at a time; entering the next leaves the last.
    ///
    /// # Errors
    /// What the database says.
    pub async fn enter<'t>(&'t mut self, scope: &StoreScope) -> Result<Scoped<'t>, DbError> {
        super::dialect::set_tenant(&self.inner, self.dialect, Whose::Store(scope.store_id())).await?;
        Ok(Scoped::new(&self.inner, self.dialect, scope.store_id()))
    }

    /// Enters an organisation: its members, invitations, keys and log.
    ///
    /// # Errors
    /// What the database says.
    pub async fn organisation<'t>(&'t mut self, scope: &OrganisationScope) -> Result<Organised<'t>, DbError> {
        super::dialect::set_tenant(&self.inner, self.dialect, Whose::Organisation(scope.organisation_id()))
            .await?;
        Ok(Organised::new(&self.inner, self.dialect, scope.organisation_id()))
    }

    /// For parts of several stores that run side by side; `None` on PostgreSQL, where a transaction sees one store at a time.
    pub fn together(&mut self, parts: usize) -> Option<Together<'_>> {
        (self.dialect == Dialect::Sqlite).then(|| Together::new(&self.inner, self.dialect, parts))
    }

    /// Steps back from any store, for the claims that run over all of them and for the tables above the stores.
    ///
    /// # Errors
    /// What the database says.
    pub async fn system(&mut self) -> Result<System<'_>, DbError> {
        super::dialect::set_tenant(&self.inner, self.dialect, Whose::Everybody).await?;
        Ok(System::new(&self.inner, self.dialect))
    }

    /// Makes it so, durably.
    ///
    /// # Errors
    /// What the database says; the outcome is then unknown, and only a second look at the rows tells.
    pub async fn commit(self) -> Result<(), DbError> {
        Ok(self.inner.commit().await?)
    }
}

/// Pages that the one writing connection of an SQLite database keeps, KiB: it walks the large indexes.
const WRITER_CACHE: u32 = 64 * 1_024;
/// Pages that each of the reading connections keeps, KiB; what they miss is in the system's cache.
const READER_CACHE: u32 = 6 * 1_024;

fn sqlite_options(path: &std::path::Path, connections: u32, cache: u32) -> ConnectOptions {
    let mut options = ConnectOptions::new(format!("sqlite://{}?mode=rwc", path.display()));
    options
        .max_connections(connections)
        .min_connections(1)
        .acquire_timeout(Duration::from_secs(30))
        // A file does not hang up.
        .test_before_acquire(false)
        .sqlx_logging(false)
        .map_sqlx_sqlite_opts(move |o| {
            use sqlx::sqlite::{SqliteJournalMode, SqliteSynchronous};
            o.journal_mode(SqliteJournalMode::Wal)
                .synchronous(SqliteSynchronous::Full)
                .foreign_keys(true)
                .busy_timeout(Duration::from_secs(10))
                .pragma("cache_size", format!("-{cache}"))
                .pragma("temp_store", "memory")
                .pragma("wal_autocheckpoint", "4000")
                // Else the thread that reads rows and the one that takes them wake each other every fifty rows.
                .row_buffer_size(1_024)
                .statement_cache_capacity(512)
        })
        // A full disk makes SQLite take a transaction back by itself; the driver's own ROLLBACK then fails, and it goes on
        // counting a transaction that is none: all that follows would be acknowledged and kept by nobody. Such a connection is given up.
        .map_sqlx_sqlite_before_acquire(|connection, _| {
            Box::pin(async move { Ok(!sqlx::Connection::is_in_transaction(&*connection)) })
        });
    options
}

fn lock_file(path: &std::path::Path) -> Result<std::fs::File, DbError> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let lock = PathBuf::from(name);
    let file = std::fs::OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&lock)
        .map_err(|source| DbError::File { path: lock, source })?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(_) => Err(DbError::InUse(path.to_owned())),
    }
}

/// Runs one statement without parameters; for `db/` alone.
pub(super) async fn execute(connection: &impl ConnectionTrait, sql: &str) -> Result<(), DbError> {
    Ok(connection.execute_unprepared(sql).await.map(|_| ())?)
}

/// Puts a backup in the place of an SQLite file that nobody serves; the old file is kept beside it as `.before-restore`.
///
/// # Errors
/// [`DbError::InUse`] while a process serves the file; [`DbError::File`]; [`DbError::Url`] for PostgreSQL.
pub fn restore(url: &str, backup: &std::path::Path) -> Result<PathBuf, DbError> {
    let path = url.strip_prefix("sqlite://").or_else(|| url.strip_prefix("sqlite:"));
    let path =
        PathBuf::from(path.and_then(|p| p.split('?').next()).ok_or_else(|| DbError::Url("postgres".into()))?);
    let _held = lock_file(&path)?;
    let beside = |ending: &str| {
        let mut name = path.as_os_str().to_owned();
        name.push(ending);
        PathBuf::from(name)
    };
    let fail = |path: &std::path::Path| {
        let path = path.to_owned();
        move |source| DbError::File { path, source }
    };
    // Copied first, so that a full disk leaves the old database where it is.
    let fresh = beside(".restoring");
    std::fs::copy(backup, &fresh).map_err(fail(backup))?;
    for ending in ["-wal", "-shm"] {
        match std::fs::remove_file(beside(ending)) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(fail(&beside(ending))(e)),
            _ => {}
        }
    }
    if path.exists() {
        std::fs::rename(&path, beside(".before-restore")).map_err(fail(&path))?;
    }
    std::fs::rename(&fresh, &path).map_err(fail(&fresh))?;
    Ok(path)
}
