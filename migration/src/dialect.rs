//! What differs between the two databases, for migrations.

use sea_orm_migration::{prelude::*, sea_orm::DatabaseBackend};

/// The role the service runs as on PostgreSQL. It owns nothing, so row-level security binds it.
pub const RUNTIME_ROLE: &str = "cartwheel_runtime";

/// Marks a table of small rows that are found by their key alone: SQLite keeps them in the key's own tree instead of in
/// a second one beside it.
const KEYED: &str = " {keyed}";

/// Runs table definitions, with column types and storage options in the words of the database at hand.
pub async fn run(manager: &SchemaManager<'_>, sql: &str) -> Result<(), DbErr> {
    let text = match manager.get_database_backend() {
        DatabaseBackend::Sqlite => {
            let sql =
                sql.replace(" UUID", " BLOB").replace(" JSON", " TEXT").replace(KEYED, " WITHOUT ROWID");
            without_fill(&sql, |_| String::new())
        }
        _ => without_fill(&sql.replace(" JSON", " JSONB").replace(KEYED, ""), |n| {
            format!(" WITH (fillfactor = {n}, autovacuum_vacuum_scale_factor = 0.01)")
        }),
    };
    manager.get_connection().execute_unprepared(&text).await.map(|_| ())
}

/// Fills `{fill:N}` marks: how full PostgreSQL packs a page of a table whose rows change often.
fn without_fill(sql: &str, option: impl Fn(&str) -> String) -> String {
    let mut out = String::with_capacity(sql.len());
    let mut rest = sql;
    while let Some((before, after)) = rest.split_once(" {fill:") {
        let (number, tail) = after.split_once('}').unwrap_or((after, ""));
        out.push_str(before);
        out.push_str(&option(number));
        rest = tail;
    }
    out.push_str(rest);
    out
}

/// Locks tenant tables to the store named in the transaction (PostgreSQL; on SQLite the query layer alone stands).
///
/// `cartwheel.store_id` is set by `set_config(…, true)` inside each transaction; it is '' and not NULL after its
/// first use in a session, hence the `nullif`. `cartwheel.system` opens all stores to the few cross-store
/// claims of the workers.
pub async fn protect(manager: &SchemaManager<'_>, tenant: &[&str], global: &[&str]) -> Result<(), DbErr> {
    if manager.get_database_backend() != DatabaseBackend::Postgres {
        return Ok(());
    }
    let db = manager.get_connection();
    db.execute_unprepared(&format!(
        "DO $$ BEGIN CREATE ROLE {RUNTIME_ROLE} NOLOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS;
         EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$;
         DO $$ BEGIN EXECUTE format('GRANT {RUNTIME_ROLE} TO %I', current_user);
         EXCEPTION WHEN others THEN NULL; END $$;
         GRANT USAGE ON SCHEMA public TO {RUNTIME_ROLE};"
    ))
    .await?;
    for table in tenant {
        db.execute_unprepared(&format!(
            "ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
             ALTER TABLE {table} FORCE ROW LEVEL SECURITY;
             CREATE POLICY tenant ON {table}
               USING (store_id = nullif(current_setting('cartwheel.store_id', true), '')::uuid
                      OR current_setting('cartwheel.system', true) = 'on')
               WITH CHECK (store_id = nullif(current_setting('cartwheel.store_id', true), '')::uuid
                      OR current_setting('cartwheel.system', true) = 'on');"
        ))
        .await?;
    }
    grant(manager, tenant).await?;
    grant(manager, global).await?;
    db.execute_unprepared(&format!("GRANT SELECT ON seaql_migrations TO {RUNTIME_ROLE};")).await.map(|_| ())
}

/// Gives the runtime role the rows of tables (PostgreSQL).
pub async fn grant(manager: &SchemaManager<'_>, tables: &[&str]) -> Result<(), DbErr> {
    if manager.get_database_backend() != DatabaseBackend::Postgres {
        return Ok(());
    }
    let db = manager.get_connection();
    for table in tables {
        db.execute_unprepared(&format!("GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO {RUNTIME_ROLE};"))
            .await?;
    }
    Ok(())
}

/// Locks tables of an organisation to the one named in the transaction, as [`protect`] does for stores: by
/// `cartwheel.organisation_id`.
pub async fn lock_to_organisation(manager: &SchemaManager<'_>, owned: &[&str]) -> Result<(), DbErr> {
    let own = "organisation_id = nullif(current_setting('cartwheel.organisation_id', true), '')::uuid
                      OR current_setting('cartwheel.system', true) = 'on'";
    lock(manager, owned, "organisation", own).await
}

/// Locks tables that nobody's scope reaches: only what the service does for itself reads and writes them.
pub async fn lock_to_service(manager: &SchemaManager<'_>, tables: &[&str]) -> Result<(), DbErr> {
    lock(manager, tables, "service", "current_setting('cartwheel.system', true) = 'on'").await
}

/// Locks tables to the stores of a circle (`circle_member`): each reads all rows of its circles, and writes those of its own seat. The
/// second name is the column that holds the seat. A store in no circle sees nothing.
pub async fn lock_to_circle(manager: &SchemaManager<'_>, tables: &[(&str, &str)]) -> Result<(), DbErr> {
    if manager.get_database_backend() != DatabaseBackend::Postgres {
        return Ok(());
    }
    for (table, seat) in tables {
        let mine = "m.store_id = nullif(current_setting('cartwheel.store_id', true), '')::uuid";
        let own = format!(
            "current_setting('cartwheel.system', true) = 'on' OR EXISTS (SELECT 1 FROM circle_member m
               WHERE {mine} AND m.agency_id = {table}.agency_id AND m.seat_id = {table}.{seat})"
        );
        lock(manager, &[*table], "own", &own).await?;
        manager
            .get_connection()
            .execute_unprepared(&format!(
                "CREATE POLICY circle ON {table} FOR SELECT USING (EXISTS (SELECT 1 FROM circle_member m
                   WHERE {mine} AND m.agency_id = {table}.agency_id));"
            ))
            .await?;
    }
    grant(manager, &tables.iter().map(|(table, _)| *table).collect::<Vec<_>>()).await
}

async fn lock(manager: &SchemaManager<'_>, tables: &[&str], name: &str, own: &str) -> Result<(), DbErr> {
    if manager.get_database_backend() != DatabaseBackend::Postgres {
        return Ok(());
    }
    for table in tables {
        manager
            .get_connection()
            .execute_unprepared(&format!(
                "ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
             ALTER TABLE {table} FORCE ROW LEVEL SECURITY;
             CREATE POLICY {name} ON {table} USING ({own}) WITH CHECK ({own});"
            ))
            .await?;
    }
    Ok(())
}
