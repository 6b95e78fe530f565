//! PostgreSQL: the texts of mails by LZ4, where the server was built with it. Its own way, the default, took a quarter of the
//! database's time for a mail (`bench/README.md`, workload 7). Texts that are there stay as they are.

use sea_orm_migration::{prelude::*, sea_orm::DatabaseBackend};

pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m0005_mail_compression"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        if manager.get_database_backend() != DatabaseBackend::Postgres {
            return Ok(());
        }
        let columns = ["html", "text"].map(|name| format!("ALTER COLUMN {name} SET COMPRESSION lz4"));
        let sql = format!(
            "DO $$ BEGIN ALTER TABLE message_content {};
             EXCEPTION WHEN feature_not_supported THEN NULL; END $$;",
            columns.join(", ")
        );
        manager.get_connection().execute_unprepared(&sql).await.map(drop)
    }
}
