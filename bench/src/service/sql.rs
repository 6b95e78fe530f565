//! Straight to the database: standing rows in, and looks at what the service has written. Only literals of the
//! harness go into the text.

use crate::Outcome;
use sqlx::{
    AssertSqlSafe, ConnectOptions, Connection as _, Executor, PgConnection, Row, SqliteConnection,
    postgres::PgConnectOptions,
    sqlite::{SqliteConnectOptions, SqliteJournalMode},
};
use std::{path::Path, str::FromStr, time::Duration};

/// Which database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The embedded one.
    Sqlite,
    /// A server's.
    Postgres,
}

impl Kind {
    /// For the report.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
        }
    }
}

/// One connection.
pub enum Sql {
    /// To a file.
    Sqlite(SqliteConnection),
    /// To a server.
    Postgres(PgConnection),
}

impl Sql {
    /// Opens a file. `durable` as the service itself does; else for filling alone.
    ///
    /// # Errors
    /// What the database says.
    pub async fn file(path: &Path, durable: bool) -> Outcome<Self> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .busy_timeout(Duration::from_secs(60))
            .foreign_keys(false)
            .pragma("synchronous", if durable { "full" } else { "off" })
            .pragma("cache_size", if durable { "-32768" } else { "-524288" });
        Ok(Self::Sqlite(options.disable_statement_logging().connect().await?))
    }

    /// Opens a server's database.
    ///
    /// # Errors
    /// What the database says.
    pub async fn server(url: &str) -> Outcome<Self> {
        Ok(Self::Postgres(PgConnectOptions::from_str(url)?.disable_statement_logging().connect().await?))
    }

    /// Which database it is.
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Sqlite(_) => Kind::Sqlite,
            Self::Postgres(_) => Kind::Postgres,
        }
    }

    /// Runs one statement and says how many rows it touched.
    ///
    /// # Errors
    /// What the database says.
    pub async fn run(&mut self, text: &str) -> Outcome<u64> {
        Ok(match self {
            Self::Sqlite(c) => c.execute(sqlx::query(AssertSqlSafe(text))).await?.rows_affected(),
            Self::Postgres(c) => c.execute(sqlx::query(AssertSqlSafe(text))).await?.rows_affected(),
        })
    }

    /// Runs statements one after the other, without plans of their own.
    ///
    /// # Errors
    /// What the database says.
    pub async fn script(&mut self, text: &str) -> Outcome {
        match self {
            Self::Sqlite(c) => c.execute(sqlx::raw_sql(AssertSqlSafe(text))).await.map(|_| ())?,
            Self::Postgres(c) => c.execute(sqlx::raw_sql(AssertSqlSafe(text))).await.map(|_| ())?,
        }
        Ok(())
    }

    /// The whole numbers of the first row; NULL counts as 0.
    ///
    /// # Errors
    /// What the database says; no row.
    pub async fn numbers<const N: usize>(&mut self, text: &str) -> Outcome<[i64; N]> {
        let mut found = [0; N];
        match self {
            Self::Sqlite(c) => {
                let row = sqlx::query(AssertSqlSafe(text)).fetch_one(&mut *c).await?;
                for (n, slot) in found.iter_mut().enumerate() {
                    *slot = row.try_get::<Option<i64>, _>(n)?.unwrap_or(0);
                }
            }
            Self::Postgres(c) => {
                let row = sqlx::query(AssertSqlSafe(text)).fetch_one(&mut *c).await?;
                for (n, slot) in found.iter_mut().enumerate() {
                    *slot = row.try_get::<Option<i64>, _>(n)?.unwrap_or(0);
                }
            }
        }
        Ok(found)
    }

    /// The whole number of the first row.
    ///
    /// # Errors
    /// What the database says; no row.
    pub async fn number(&mut self, text: &str) -> Outcome<i64> {
        Ok(self.numbers::<1>(text).await?[0])
    }

    /// Reads all rows of a question and says how many there were.
    ///
    /// # Errors
    /// What the database says.
    pub async fn rows(&mut self, text: &str) -> Outcome<usize> {
        Ok(match self {
            Self::Sqlite(c) => sqlx::query(AssertSqlSafe(text)).fetch_all(&mut *c).await?.len(),
            Self::Postgres(c) => sqlx::query(AssertSqlSafe(text)).fetch_all(&mut *c).await?.len(),
        })
    }

    /// An id as a literal of this database, from its 32 hex digits.
    pub fn id(&self, hex: &str) -> String {
        match self.kind() {
            Kind::Sqlite => format!("x'{hex}'"),
            Kind::Postgres => format!("'{hex}'::uuid"),
        }
    }

    /// Bytes that the data takes, with indexes. On SQLite the write-ahead log is emptied into the file first.
    ///
    /// # Errors
    /// What the database says.
    pub async fn size(&mut self) -> Outcome<i64> {
        match self.kind() {
            Kind::Sqlite => {
                self.script("PRAGMA wal_checkpoint(TRUNCATE)").await?;
                let pages = self
                    .number(
                        "SELECT page_count - freelist_count FROM pragma_page_count, pragma_freelist_count",
                    )
                    .await?;
                Ok(pages * self.number("SELECT page_size FROM pragma_page_size").await?)
            }
            Kind::Postgres => self.number("SELECT pg_database_size(current_database())").await,
        }
    }

    /// Says goodbye.
    ///
    /// # Errors
    /// What the database says.
    pub async fn close(self) -> Outcome {
        match self {
            Self::Sqlite(c) => c.close().await?,
            Self::Postgres(c) => c.close().await?,
        }
        Ok(())
    }
}
