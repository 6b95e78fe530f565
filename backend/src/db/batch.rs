//! Many different changes in one statement: `UPDATE … FROM (VALUES …)`, which both databases know.
//!
//! Each row names the epoch it was read with. The answer says which rows still had it; what was decided for the
//! others is dropped. Each row names its store as well, though all name the same: were that a condition of its own, PostgreSQL, which
//! takes each store for the average one, would read all rows of a large store instead of looking up those that are named.

use super::{DbError, Dialect, Scoped, lists::portion};
use cartwheel_domain::time::Millis;
use sea_orm::{ConnectionTrait, Statement, Value};
use std::{collections::HashSet, fmt::Write};
use uuid::Uuid;

/// A change of rows of one table, all in the same columns.
pub struct Change<'a> {
    /// The table.
    pub table: &'static str,
    /// Columns to set, in the order of [`Row::values`].
    pub columns: &'a [&'static str],
    /// What must hold besides store, id and epoch: a literal condition such as `status = 1`.
    pub guard: &'static str,
    /// The lease that must still be ours.
    pub owner: &'a str,
    /// Whether the lease stays ours afterwards.
    pub keep_lease: bool,
}

/// One row's change.
pub struct Row {
    /// Which.
    pub id: Uuid,
    /// As it was read.
    pub epoch: i64,
    /// New values.
    pub values: Vec<Value>,
}

/// Sizes in which rows are sent: few, so that the statements stay prepared.
const SIZES: [usize; 4] = [64, 16, 4, 1];

impl Scoped<'_> {
    /// Changes rows that still have the epoch and the lease they were read with, and says which those were.
    ///
    /// # Errors
    /// What the database says.
    pub async fn change_fenced(&self, change: &Change<'_>, rows: Vec<Row>) -> Result<HashSet<Uuid>, DbError> {
        let mut touched = HashSet::with_capacity(rows.len());
        let mut rest = rows.into_iter().peekable();
        while rest.peek().is_some() {
            let size = SIZES.into_iter().find(|s| *s <= rest.len()).unwrap_or(1);
            let part: Vec<Row> = rest.by_ref().take(size).collect();
            let statement = self.statement(change, part);
            for row in self.on().query_all_raw(statement).await? {
                touched.insert(row.try_get_by_index::<Uuid>(0)?);
            }
        }
        Ok(touched)
    }

    /// Writes times into rows that have none in this column yet, and says which rows those were.
    ///
    /// # Errors
    /// What the database says.
    pub async fn set_once(
        &self,
        table: &'static str,
        column: &'static str,
        times: impl IntoIterator<Item = (Uuid, Millis)>,
    ) -> Result<HashSet<Uuid>, DbError> {
        let sign = if self.dialect() == Dialect::Sqlite { '?' } else { '$' };
        let mut rest: Vec<(Uuid, Millis)> = times.into_iter().collect();
        let mut touched = HashSet::with_capacity(rest.len());
        while !rest.is_empty() {
            let part = rest.split_off(rest.len() - portion(rest.len(), SIZES[0]));
            let n = part.len() * 2;
            let rows: Vec<String> =
                (2..n + 2).step_by(2).map(|i| format!("({sign}1, {sign}{i}, {sign}{})", i + 1)).collect();
            let text = format!(
                "WITH v(store_id, id, at) AS (VALUES {}) UPDATE {table} SET {column} = v.at FROM v \
                 WHERE {table}.store_id = v.store_id AND {table}.id = v.id AND {table}.{column} IS NULL \
                 RETURNING {table}.id",
                rows.join(", "),
            );
            let mut values: Vec<Value> = Vec::with_capacity(n + 1);
            values.push(self.store_id().uuid().into());
            values.extend(part.into_iter().flat_map(|(id, at)| [Value::from(id), at.into()]));
            let statement = Statement::from_sql_and_values(self.dialect().backend(), text, values);
            for row in self.on().query_all_raw(statement).await? {
                touched.insert(row.try_get_by_index::<Uuid>(0)?);
            }
        }
        Ok(touched)
    }

    fn statement(&self, change: &Change<'_>, rows: Vec<Row>) -> Statement {
        let table = change.table;
        let sign = if self.dialect() == Dialect::Sqlite { '?' } else { '$' };
        let mut sql = String::with_capacity(256 + rows.len() * (change.columns.len() + 2) * 5);
        let _ = write!(sql, "WITH v(store_id, id, epoch, {}) AS (VALUES ", change.columns.join(", "));
        let mut values: Vec<Value> = Vec::with_capacity(rows.len() * (change.columns.len() + 2) + 2);
        values.push(self.store_id().uuid().into());
        for (i, row) in rows.into_iter().enumerate() {
            let _ = write!(sql, "{}({sign}1", if i == 0 { "" } else { ", " });
            for value in [row.id.into(), row.epoch.into()].into_iter().chain(row.values) {
                values.push(value);
                let _ = write!(sql, ", {sign}{}", values.len());
            }
            sql.push(')');
        }
        let sets: Vec<String> = change.columns.iter().map(|c| format!("{c} = v.{c}")).collect();
        values.push(change.owner.into());
        // Inside a CASE PostgreSQL cannot take the index of what is leased for it, and read all that anybody has in hand.
        let guard = match self.dialect() {
            Dialect::Postgres => format!("CASE WHEN {table}.{} THEN TRUE ELSE FALSE END", change.guard),
            Dialect::Sqlite => format!("{table}.{}", change.guard),
        };
        let _ = write!(
            sql,
            ") UPDATE {table} SET {}{} FROM v WHERE {table}.store_id = v.store_id \
             AND {table}.id = v.id AND {table}.epoch = v.epoch AND {table}.lease_owner = {sign}{} AND {guard} \
             RETURNING {table}.id",
            sets.join(", "),
            if change.keep_lease { "" } else { ", lease_owner = NULL, lease_until = NULL" },
            values.len(),
        );
        Statement::from_sql_and_values(self.dialect().backend(), sql, values)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        db::texts,
        testing::{TestApp, database},
    };
    use cartwheel_domain::ids::StoreId;
    use cartwheel_entity::{contact, run_wait};
    use cartwheel_macros::db_test;
    use sea_orm::{ColumnTrait, QueryFilter};

    const RUNS: i64 = 30_000;

    /// Gives a store runs of one contact, all waiting, all leased by `w`.
    async fn runs(app: &TestApp, store: StoreId, contact: Uuid) {
        let (store, contact) = (store.uuid(), contact);
        let fill = format!(
            "INSERT INTO journey (store_id, id, name, status, created_at, updated_at) VALUES ('{store}', '{contact}', 'J', 'active', 0, 0);
             INSERT INTO journey_version (store_id, id, journey_id, number, definition, hash, published_at)
             VALUES ('{store}', '{contact}', '{contact}', 1, '{{}}', 'h', 0);
             INSERT INTO journey_run (store_id, id, journey_id, version_id, contact_id, entry, node, visit, status, wake_at, epoch,
             lease_owner, attempt, lane, entered_at)
             SELECT '{store}', ('00000000-0000-0000-0000-' || lpad(to_hex(n), 12, '0'))::uuid, '{contact}', '{contact}',
             '{contact}', n, 'hold', 1, 1, 0, 1, 'w', 0, 0, 0 FROM generate_series(1, {RUNS}) AS n;
             INSERT INTO run_wait (store_id, event, key, run_id) SELECT store_id, 'e', entry::text, id FROM journey_run"
        );
        let mut tx = app.db().write().await.expect("a transaction");
        tx.system().await.expect("all").on().execute_unprepared(&fill).await.expect("filled");
        tx.commit().await.expect("committed");
    }

    fn numbered(n: i64) -> Uuid {
        Uuid::from_u128(n as u128)
    }

    /// A store that has grown large since the tables were last analysed is still asked by key: PostgreSQL took it for one of a few rows
    /// and compared all of its runs with each row of the change.
    #[db_test]
    async fn a_change_looks_its_rows_up_by_key(app: TestApp) {
        if app.db().dialect() == Dialect::Sqlite {
            return;
        }
        let store = app.store("a").await;
        let contact = store.contact("x@example.com").await;
        database::analyze(app.db()).await;
        runs(&app, store.id(), contact.uuid()).await;
        let change = Change {
            table: "journey_run",
            columns: &["node", "wake_at"],
            guard: "status = 1",
            owner: "w",
            keep_lease: false,
        };
        let row = |n| Row { id: numbered(n), epoch: 1, values: vec!["next".into(), 7_i64.into()] };
        let mut tx = app.db().write().await.expect("a transaction");
        let scoped = tx.enter(&store.scope()).await.expect("in");
        let statements = [
            scoped.statement(&change, (1..=64).map(row).collect()),
            texts::delete_statement::<run_wait::Entity>(
                store.id().uuid().into(),
                run_wait::Column::RunId,
                (1..=64).map(|n| numbered(n).into()).collect(),
            )
            .expect("a statement"),
        ];
        for statement in statements {
            let key = if statement.sql.starts_with("DELETE") { "(run_id = " } else { "(id = " };
            let explain = Statement { sql: format!("EXPLAIN {}", statement.sql), ..statement };
            let rows = scoped.on().query_all_raw(explain).await.expect("a plan");
            let plan: String = rows
                .iter()
                .map(|row| row.try_get::<String>("", "QUERY PLAN").expect("a line") + "\n")
                .collect();
            let by_key = |line: &str| line.contains("Index Cond: ((store_id = ") && line.contains(key);
            assert!(plan.lines().any(by_key), "{plan}");
            assert!(!plan.contains("Join Filter"), "{plan}");
        }
        let touched = scoped.change_fenced(&change, (1..=70).map(row).collect()).await.expect("changed");
        assert_eq!(touched.len(), 70);
        let again = scoped.change_fenced(&change, (1..=70).map(row).collect()).await.expect("looked");
        assert!(again.is_empty(), "the lease was given back");
        app.allow_leftovers();
    }

    /// The store stands beside each row, and only its own rows are changed: the same ids in another store stay.
    #[db_test]
    async fn a_change_stays_in_its_store(app: TestApp) {
        let (a, b) = (app.store("a").await, app.store("b").await);
        let (now, theirs) = (app.env().now(), b.contact("x@example.com").await);
        let mut tx = app.db().write().await.expect("a transaction");
        let scoped = tx.enter(&a.scope()).await.expect("in");
        let touched = scoped.set_once("contact", "erased_at", [(theirs.uuid(), now)]).await.expect("asked");
        assert!(touched.is_empty());
        drop(scoped);
        drop(tx);
        let mut tx = app.db().read().await.expect("a transaction");
        let system = tx.system().await.expect("all");
        let row = system.find::<contact::Entity>();
        let row = row.filter(contact::Column::Id.eq(theirs.uuid()));
        assert_eq!(row.one(system.on()).await.expect("asked").expect("there").erased_at, None);
    }
}
