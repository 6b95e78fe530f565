//! Many different changes in one statement: `UPDATE … FROM (VALUES …)`, which both databases know.
//!
//! Each row names the epoch it was read with. The answer says which rows still had it; what was decided for the
//! others is dropped.

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
                (1..=n).step_by(2).map(|i| format!("({sign}{i}, {sign}{})", i + 1)).collect();
            let text = format!(
                "WITH v(id, at) AS (VALUES {}) UPDATE {table} SET {column} = v.at FROM v \
                 WHERE {table}.store_id = {sign}{} AND {table}.id = v.id AND {table}.{column} IS NULL \
                 RETURNING {table}.id",
                rows.join(", "),
                n + 1
            );
            let mut values: Vec<Value> = Vec::with_capacity(n + 1);
            values.extend(part.into_iter().flat_map(|(id, at)| [Value::from(id), at.into()]));
            values.push(self.store_id().uuid().into());
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
        let _ = write!(sql, "WITH v(id, epoch, {}) AS (VALUES ", change.columns.join(", "));
        let mut values = Vec::with_capacity(rows.len() * (change.columns.len() + 2) + 2);
        for (i, row) in rows.into_iter().enumerate() {
            sql.push_str(if i == 0 { "(" } else { ", (" });
            for (j, value) in [row.id.into(), row.epoch.into()].into_iter().chain(row.values).enumerate() {
                values.push(value);
                let _ = write!(sql, "{}{sign}{}", if j == 0 { "" } else { ", " }, values.len());
            }
            sql.push(')');
        }
        let sets: Vec<String> = change.columns.iter().map(|c| format!("{c} = v.{c}")).collect();
        let n = values.len();
        let _ = write!(
            sql,
            ") UPDATE {table} SET {}{} FROM v WHERE {table}.store_id = {sign}{} \
             AND {table}.id = v.id AND {table}.epoch = v.epoch AND {table}.lease_owner = {sign}{} AND {table}.{} \
             RETURNING {table}.id",
            sets.join(", "),
            if change.keep_lease { "" } else { ", lease_owner = NULL, lease_until = NULL" },
            n + 1,
            n + 2,
            change.guard
        );
        values.push(self.store_id().uuid().into());
        values.push(change.owner.into());
        Statement::from_sql_and_values(self.dialect().backend(), sql, values)
    }
}
