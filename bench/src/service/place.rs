//! Databases to measure in: made once with their stores by the operator's command, then copied for each workload.

use super::{
    keys,
    sql::{Kind, Sql},
};
use crate::Outcome;
use cartwheel_domain::ids::StoreId;
use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::Arc,
};

/// A store and its keys.
#[derive(Debug, Clone, serde::Deserialize)]
pub struct Store {
    /// Which.
    #[serde(rename = "store_id")]
    pub id: StoreId,
    /// For servers of the shop.
    pub write_key: String,
    /// For the snippet.
    pub public_key: String,
    /// The owner's, of the first store.
    pub password: Option<String>,
}

impl Store {
    /// The 32 hex digits of its id.
    pub fn hex(&self) -> String {
        self.id.uuid().simple().to_string()
    }
}

/// The owner of all stores.
pub const OWNER: &str = "owner@bench.example.org";

/// A database.
pub struct Place {
    /// Which kind.
    pub kind: Kind,
    /// As `CARTWHEEL_DATABASE_URL` takes it.
    pub url: String,
    /// A folder for what belongs to it: logs, the sink's list.
    pub folder: PathBuf,
    /// Its stores; the first holds half of everything.
    pub stores: Arc<Vec<Store>>,
    file: PathBuf,
    server: Option<(String, String)>,
}

impl Place {
    /// An empty one, its name unique in the run. `server` is the superuser's address for PostgreSQL.
    async fn empty(kind: Kind, folder: &Path, name: &str, server: Option<&str>) -> Outcome<Self> {
        let folder = folder.join(format!("{name}-{}", kind.as_str()));
        std::fs::create_dir_all(&folder)?;
        let file = folder.join("cartwheel.db");
        let (url, server) = match (kind, server) {
            (Kind::Sqlite, _) => (format!("sqlite://{}", file.display()), None),
            (Kind::Postgres, None) => return Err("CARTWHEEL_TEST_POSTGRES_URL is not set".into()),
            (Kind::Postgres, Some(server)) => {
                let name = format!("bench_{}_{name}", std::process::id());
                (other(server, &name)?, Some((server.to_owned(), name)))
            }
        };
        Ok(Self { kind, url, folder, stores: Arc::default(), file, server })
    }

    /// One with stores in it, made by the service's own command.
    ///
    /// # Errors
    /// What the command or the database says.
    pub async fn with_stores(
        program: &Path,
        kind: Kind,
        folder: &Path,
        server: Option<&str>,
        stores: usize,
    ) -> Outcome<Self> {
        let mut place = Self::empty(kind, folder, "base", server).await?;
        if let Some((server, name)) = &place.server {
            Sql::server(server).await?.run(&format!("CREATE DATABASE {name}")).await?;
        }
        let mut made: Vec<Store> = Vec::with_capacity(stores);
        for n in 0..stores {
            let name = format!("Shop {n:03}");
            let printed = place.call(
                program,
                &[
                    "store",
                    "create",
                    "--organisation",
                    "Bench",
                    "--name",
                    &name,
                    "--email",
                    OWNER,
                    "--live",
                    "--json",
                ],
            )?;
            made.push(serde_json::from_str(&printed)?);
        }
        let first = made.first().ok_or("at least one store is needed")?.id.to_string();
        place.call(
            program,
            &[
                "store",
                "set",
                &first,
                "country=US",
                "locale=en",
                "time_zone=America/New_York",
                "cap_messages=1000",
                "postal_address=Bench, 1 Main Street, Springfield",
                "shop_url=https://shop.example.com",
                "support_email=help@bench.example.org",
                "capture_mode=legitimate_interest",
            ],
        )?;
        place.stores = Arc::new(made);
        let mut sql = place.sql().await?;
        let first = sql.id(&place.stores[0].hex());
        sql.run(&format!("UPDATE store SET settings = (SELECT settings FROM store WHERE id = {first})"))
            .await?;
        sql.size().await?;
        sql.close().await?;
        Ok(place)
    }

    /// A copy, with a name of its own. Nobody may be connected to the original.
    ///
    /// # Errors
    /// The disk is full, or what the database says.
    pub async fn copy(&self, folder: &Path, name: &str) -> Outcome<Self> {
        let server = self.server.as_ref().map(|(server, _)| server.as_str());
        let mut copy = Self::empty(self.kind, folder, name, server).await?;
        copy.stores = Arc::clone(&self.stores);
        match (&self.server, &copy.server) {
            (Some((server, from)), Some((_, to))) => {
                Sql::server(server).await?.run(&format!("CREATE DATABASE {to} TEMPLATE {from}")).await?;
            }
            _ => drop(std::fs::copy(&self.file, &copy.file)?),
        }
        Ok(copy)
    }

    /// A connection beside the service's.
    ///
    /// # Errors
    /// What the database says.
    pub async fn sql(&self) -> Outcome<Sql> {
        match self.kind {
            Kind::Sqlite => Sql::file(&self.file, false).await,
            Kind::Postgres => Sql::server(&self.url).await,
        }
    }

    /// A connection that reads as the service's own do (`backend/src/db/connect.rs`): the same page cache, the same plans.
    ///
    /// # Errors
    /// What the database says.
    pub async fn reader(&self) -> Outcome<Sql> {
        let (mut sql, set) = match self.kind {
            Kind::Sqlite => (Sql::file(&self.file, true).await?, "PRAGMA cache_size = -6144"),
            Kind::Postgres => (Sql::server(&self.url).await?, "SET enable_seqscan = off"),
        };
        sql.script(set).await?;
        Ok(sql)
    }

    /// The SQLite file.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// Runs the service's command on this database and gives what it printed.
    fn call(&self, program: &Path, arguments: &[&str]) -> Outcome<String> {
        let output = self.command(program).args(arguments).stdin(Stdio::null()).output()?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            return Err(
                format!("cartwheel {} ended with {}:\n{said}", arguments.join(" "), output.status).into()
            );
        }
        Ok(String::from_utf8(output.stdout)?)
    }

    /// The service's program with the settings that name this database.
    pub fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command
            .current_dir(&self.folder)
            .env("CARTWHEEL_DATABASE_URL", &self.url)
            .env("CARTWHEEL_MASTER_KEY", keys::master());
        command
    }

    /// Removes the database. What cannot be removed goes with the temporary folder or the cluster.
    pub async fn remove(self) {
        if let Some((server, name)) = &self.server
            && let Ok(mut sql) = Sql::server(server).await
        {
            let _ = sql.run(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await;
        }
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// The same server with another database in the path.
fn other(url: &str, database: &str) -> Outcome<String> {
    let (scheme, rest) = url.split_once("://").ok_or("the address of PostgreSQL has no scheme")?;
    let (place, query) = rest.split_once('?').map_or((rest, ""), |(p, q)| (p, q));
    let server = place.split('/').next().unwrap_or(place);
    let query = if query.is_empty() { String::new() } else { format!("?{query}") };
    Ok(format!("{scheme}://{server}/{database}{query}"))
}

#[cfg(test)]
mod tests {
    #[test]
    fn another_database_of_the_same_server() {
        let other = |url| super::other(url, "b").expect("an address");
        assert_eq!(other("postgres://u:p@h:1/postgres"), "postgres://u:p@h:1/b");
        assert_eq!(other("postgres://h/a?sslmode=disable"), "postgres://h/b?sslmode=disable");
        assert!(super::other("nonsense", "b").is_err());
    }
}
