//! Every statement that must differ between the two databases, each with its reason.

use super::connect::{Db, DbError, execute};
use cartwheel_domain::ids::{OrganisationId, StoreId};
use sea_orm::{ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbErr, RuntimeErr, Statement};
use uuid::Uuid;

/// Which database is behind a handle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// Embedded, one process.
    Sqlite,
    /// PostgreSQL, several processes.
    Postgres,
}

impl Dialect {
    /// How many values one statement may bind: 32,766 and 65,535. `insert_many` does not chunk by itself.
    pub const fn max_binds(self) -> usize {
        match self {
            Self::Sqlite => 32_766,
            Self::Postgres => 65_535,
        }
    }

    /// The backend in the ORM's words, for raw statements.
    pub const fn backend(self) -> sea_orm::DatabaseBackend {
        match self {
            Self::Sqlite => sea_orm::DatabaseBackend::Sqlite,
            Self::Postgres => sea_orm::DatabaseBackend::Postgres,
        }
    }
}

/// Whose rows a transaction may see.
#[derive(Debug, Clone, Copy)]
pub(super) enum Whose {
    /// One store's.
    Store(StoreId),
    /// One organisation's: its members, keys and log.
    Organisation(OrganisationId),
    /// Everybody's: claims, and the tables above the stores.
    Everybody,
}

/// Names the store or the organisation that row-level security lets through, or opens all to the system.
/// SQLite has no row-level security; there the query layer stands alone and the sweep tests it.
pub(super) async fn set_tenant(
    tx: &DatabaseTransaction,
    dialect: Dialect,
    whose: Whose,
) -> Result<(), DbError> {
    if dialect == Dialect::Sqlite {
        return Ok(());
    }
    let (store, organisation, system) = match whose {
        Whose::Store(store) => (store.uuid().to_string(), String::new(), "off"),
        Whose::Organisation(organisation) => (String::new(), organisation.uuid().to_string(), "off"),
        Whose::Everybody => (String::new(), String::new(), "on"),
    };
    tx.execute_raw(Statement::from_sql_and_values(
        dialect.backend(),
        "SELECT set_config('cartwheel.store_id', $1, true), set_config('cartwheel.organisation_id', $2, true), \
         set_config('cartwheel.system', $3, true)",
        [store.into(), organisation.into(), system.into()],
    ))
    .await?;
    Ok(())
}

/// Takes the write lock of a store or an organisation until the transaction ends, so that two processes never project
/// the same person at once, nor number two entries alike. SQLite has one writer anyway.
pub(super) async fn lock(tx: &DatabaseTransaction, dialect: Dialect, whose: Uuid) -> Result<(), DbError> {
    if dialect == Dialect::Postgres {
        let key = i64::from_be_bytes(whose.as_bytes()[8..16].try_into().unwrap_or_default());
        tx.execute_raw(Statement::from_sql_and_values(
            dialect.backend(),
            "SELECT pg_advisory_xact_lock($1)",
            [key.into()],
        ))
        .await?;
    }
    Ok(())
}

/// How a lock is asked for that many may hold at once, or one alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hold {
    /// By one alone, after all who hold it.
    Alone,
    /// By many, after the one who holds it alone.
    Together,
    /// By many, or not at all when that would be to wait.
    TogetherAtOnce,
}

/// The lock of an agency's circle: its number beside the one that [`lock`] gives the organisation.
pub(super) fn circle(agency: Uuid) -> i64 {
    beside(agency, *b"circle\0\0")
}

/// The lock of a store's joining and leaving of circles.
pub(super) fn door(store: StoreId) -> i64 {
    beside(store.uuid(), *b"circdoor")
}

fn beside(whose: Uuid, purpose: [u8; 8]) -> i64 {
    let own: [u8; 8] = whose.as_bytes()[8..16].try_into().unwrap_or_default();
    i64::from_be_bytes(own) ^ i64::from_be_bytes(purpose)
}

/// Takes a lock until the transaction ends; says whether it has it. SQLite has one writer, and each reader one state.
pub(super) async fn hold(
    tx: &DatabaseTransaction,
    dialect: Dialect,
    key: i64,
    how: Hold,
) -> Result<bool, DbError> {
    if dialect == Dialect::Sqlite {
        return Ok(true);
    }
    let text = match how {
        Hold::Alone => "SELECT pg_advisory_xact_lock($1)",
        Hold::Together => "SELECT pg_advisory_xact_lock_shared($1)",
        Hold::TogetherAtOnce => "SELECT pg_try_advisory_xact_lock_shared($1)",
    };
    let row = tx.query_one_raw(Statement::from_sql_and_values(dialect.backend(), text, [key.into()])).await?;
    match (how, row) {
        (Hold::TogetherAtOnce, Some(row)) => Ok(row.try_get_by_index(0)?),
        (Hold::TogetherAtOnce, None) => Ok(false),
        _ => Ok(true),
    }
}

/// Runs migrations with other processes kept out: PostgreSQL by an advisory lock on one connection of its own,
/// SQLite by its single writer.
pub(super) async fn migrate_exclusively(
    db: &Db,
    run: impl AsyncFnOnce(&DatabaseConnection) -> Result<(), DbErr>,
) -> Result<(), DbError> {
    const LOCK: &str = "7232098001";
    if db.dialect() == Dialect::Sqlite {
        return Ok(run(db.writer()).await?);
    }
    use sea_orm::TransactionTrait;
    let holder = db.writer().begin().await?;
    holder.execute_unprepared(&format!("SELECT pg_advisory_xact_lock({LOCK})")).await?;
    run(db.writer()).await?;
    holder.commit().await?;
    Ok(())
}

/// Refuses a database that would acknowledge what it can lose.
///
/// # Errors
/// [`DbError::NotDurable`] with the setting.
pub async fn check_durable(db: &Db) -> Result<(), DbError> {
    let backend = db.dialect().backend();
    let ask = async |sql: &str| -> Result<String, DbError> {
        let row = db.writer().query_one_raw(Statement::from_string(backend, sql)).await?;
        let row = row.ok_or_else(|| DbErr::Custom(format!("no answer to {sql}")))?;
        Ok(match row.try_get_by_index::<String>(0) {
            Ok(text) => text,
            Err(_) => row.try_get_by_index::<i64>(0).map(|n| n.to_string())?,
        })
    };
    match db.dialect() {
        Dialect::Sqlite => {
            let (journal, synchronous) =
                (ask("PRAGMA journal_mode").await?, ask("PRAGMA synchronous").await?);
            if journal != "wal" || synchronous != "2" {
                return Err(DbError::NotDurable(format!(
                    "SQLite must run with journal_mode=wal and synchronous=FULL, not {journal} and {synchronous}"
                )));
            }
        }
        Dialect::Postgres => {
            for setting in ["fsync", "synchronous_commit", "full_page_writes"] {
                let value = ask(&format!("SELECT current_setting('{setting}')")).await?;
                if value == "off" {
                    return Err(DbError::NotDurable(format!(
                        "PostgreSQL runs with {setting} = off; switch it on"
                    )));
                }
            }
        }
    }
    Ok(())
}

/// Whether an error passes by itself: PostgreSQL serialisation failure, deadlock, shutdown or lost connection;
/// SQLite busy.
pub(super) fn retryable(error: &DbErr) -> bool {
    let sqlx_error = match error {
        DbErr::Exec(RuntimeErr::SqlxError(e))
        | DbErr::Query(RuntimeErr::SqlxError(e))
        | DbErr::Conn(RuntimeErr::SqlxError(e)) => e,
        DbErr::ConnectionAcquire(_) => return true,
        _ => return false,
    };
    match sqlx_error.as_ref() {
        sqlx::Error::Database(e) => {
            let code = e.code().unwrap_or_default();
            ["40001", "40P01", "57P01", "57P02", "57P03", "53300", "08006", "08003", "5", "517"]
                .contains(&code.as_ref())
        }
        sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed => true,
        _ => false,
    }
}

/// Whether the database answers, for readiness.
///
/// # Errors
/// What the database says.
pub async fn ping(db: &Db) -> Result<(), DbError> {
    execute(db.writer(), "SELECT 1").await
}

/// Copies a running SQLite database into a new file (`VACUUM INTO`: one consistent state). PostgreSQL has tools of its
/// own.
///
/// # Errors
/// The database is not SQLite, the file exists, or the disk is full.
pub async fn copy_to(db: &Db, file: &std::path::Path) -> Result<(), DbError> {
    if db.dialect() != Dialect::Sqlite {
        return Err(DbErr::Custom("this is PostgreSQL: use pg_dump or pg_basebackup".into()).into());
    }
    if file.exists() {
        return Err(DbErr::Custom(format!("{} exists already", file.display())).into());
    }
    let statement = Statement::from_sql_and_values(
        db.dialect().backend(),
        "VACUUM INTO ?",
        [file.display().to_string().into()],
    );
    db.writer().execute_raw(statement).await?;
    Ok(())
}
