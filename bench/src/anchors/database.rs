//! What the databases do when nothing stands between them and the rows.

use crate::{
    Outcome,
    bench::Bench,
    harness::process,
    service::sql::{Kind, Sql},
};

/// Rows of one transaction.
const AT_ONCE: usize = 100;

/// Inserts rows of 430 bytes with one index beside the key, a hundred in a transaction, durably. Gives the seconds of
/// CPU that this took in this process: all of it with the embedded database, next to none with a server.
///
/// # Errors
/// What the database says.
pub async fn insert(bench: &Bench, kind: Kind, rows: usize) -> Outcome<f64> {
    let file = bench.folder().join("anchor.db");
    let mut sql = match (kind, &bench.postgres) {
        (Kind::Sqlite, _) => Sql::file(&file, true).await?,
        (Kind::Postgres, Some(url)) => Sql::server(url).await?,
        (Kind::Postgres, None) => return Err("CARTWHEEL_TEST_POSTGRES_URL is not set".into()),
    };
    sql.script(
        "DROP TABLE IF EXISTS anchor; \
         CREATE TABLE anchor (id BIGINT PRIMARY KEY, who BIGINT NOT NULL, at BIGINT NOT NULL, raw TEXT NOT NULL); \
         CREATE INDEX anchor_who ON anchor (who, at)",
    )
    .await?;
    let raw = "r".repeat(400);
    let before = process::own();
    for first in (0..rows).step_by(AT_ONCE) {
        let values: Vec<String> = (first..(first + AT_ONCE).min(rows))
            .map(|n| format!("({n},{},{},'{raw}')", n * 7_919 % 100_003, 1_700_000_000_000_u64 + n as u64))
            .collect();
        sql.script(&format!("INSERT INTO anchor VALUES {}", values.join(","))).await?;
    }
    let own = if kind == Kind::Sqlite { process::own() - before } else { 0.0 };
    sql.script("DROP TABLE anchor").await?;
    sql.close().await?;
    if kind == Kind::Sqlite {
        for ending in ["", "-wal", "-shm"] {
            let _ = std::fs::remove_file(format!("{}{ending}", file.display()));
        }
    }
    Ok(own)
}

/// Claims jobs that do nothing, a hundred at once, each claim and each completion durable: what a queue of rows costs.
///
/// # Errors
/// What the database says.
pub async fn skip_locked(bench: &Bench, jobs: usize) -> Outcome {
    let url = bench.postgres.as_deref().ok_or("CARTWHEEL_TEST_POSTGRES_URL is not set")?;
    let mut sql = Sql::server(url).await?;
    sql.script(&format!(
        "DROP TABLE IF EXISTS anchor_job; \
         CREATE TABLE anchor_job (id BIGINT PRIMARY KEY, due BIGINT NOT NULL, taken BOOLEAN NOT NULL DEFAULT FALSE); \
         CREATE INDEX anchor_job_due ON anchor_job (due) WHERE NOT taken; \
         INSERT INTO anchor_job (id, due) SELECT n, n FROM generate_series(1, {jobs}) AS n; ANALYZE anchor_job"
    ))
    .await?;
    loop {
        let claimed = sql
            .run(
                "UPDATE anchor_job SET taken = TRUE WHERE id IN (SELECT id FROM anchor_job WHERE NOT taken \
                 ORDER BY due LIMIT 100 FOR UPDATE SKIP LOCKED)",
            )
            .await?;
        if claimed == 0 {
            break;
        }
        sql.run("DELETE FROM anchor_job WHERE taken").await?;
    }
    sql.script("DROP TABLE anchor_job").await?;
    sql.close().await
}
