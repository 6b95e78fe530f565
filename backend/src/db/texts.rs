//! Many rows in few statements, each text written once.
//!
//! The ORM writes a statement anew for each call, a thousand signs for a dozen rows, and a text with another number of rows is
//! another statement to prepare. Here rows go in powers of two, and the text of each is kept: what is done for
//! each row is to bind its values.

#![expect(
    clippy::disallowed_methods,
    reason = "the texts of scoped statements are made here; the store is their first value"
)]

use super::{
    DbError, Dialect,
    lists::{padded, portion},
    together::MakeText,
};
use cartwheel_entity::Tenant;
use sea_orm::{
    ActiveModelTrait, ActiveValue, ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait,
    IdenStatic, Insert, Iterable, QueryFilter, QueryTrait, Statement, Value, sea_query::OnConflict,
};
use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, LazyLock, PoisonError, RwLock},
};

/// Rows in one statement at most.
const MOST: usize = 64;
/// Values in one list at most.
const LONGEST_LIST: usize = 4_096;

/// What to do about a row whose key is there already.
pub(super) struct Conflict {
    /// What tells this clause from others of its entity; `None` for one whose text must not be kept.
    pub name: Option<String>,
    /// The clause.
    pub clause: Option<OnConflict>,
}

/// Which statement: for which database, of which entity, with how many rows or values, and what else tells it from others.
type Which = (Dialect, &'static str, usize, String);

static TEXTS: LazyLock<RwLock<HashMap<Which, Arc<str>>>> = LazyLock::new(RwLock::default);

/// A statement's text, made the first time.
fn text(which: Which, make: impl FnOnce() -> String) -> Arc<str> {
    let known = TEXTS.read().unwrap_or_else(PoisonError::into_inner).get(&which).cloned();
    known.unwrap_or_else(|| {
        let text: Arc<str> = make().into();
        TEXTS.write().unwrap_or_else(PoisonError::into_inner).insert(which, text.clone());
        text
    })
}

/// The rows of a store whose `column` is one of these; many values are asked for in several statements.
pub(super) async fn rows_with<E: Tenant>(
    on: &DatabaseTransaction,
    dialect: Dialect,
    store: Value,
    column: E::Column,
    values: Vec<Value>,
) -> Result<Vec<E::Model>, DbError> {
    if dialect == Dialect::Postgres && values.iter().all(|v| element(v).is_some()) {
        let rows = values.into_iter().map(|value| vec![value]).collect();
        return rows_of::<E>(on, store, &[column], rows).await;
    }
    let mut found = Vec::with_capacity(values.len());
    for part in values.chunks(LONGEST_LIST) {
        let part = padded(part.to_vec());
        let which = (dialect, std::any::type_name::<E>(), part.len(), column.as_str().to_owned());
        let text = text(which, || {
            let query = E::find().filter(E::store_column().eq(store.clone()));
            query.filter(column.is_in(part.iter().cloned())).build(dialect.backend()).sql
        });
        let values = std::iter::once(store.clone()).chain(part);
        let statement = Statement::from_sql_and_values(dialect.backend(), &*text, values);
        found.extend(E::find().from_raw_sql(statement).all(on).await?);
    }
    Ok(found)
}

/// What an element of a list is to PostgreSQL, and in JSON; `None` for a type that no list has had yet.
fn element(value: &Value) -> Option<(&'static str, String)> {
    match value {
        Value::String(Some(text)) => Some(("text", text.clone())),
        Value::Uuid(Some(id)) => Some(("uuid", id.to_string())),
        _ => None,
    }
}

/// PostgreSQL's text for [`rows_of`]. OFFSET 0 keeps the planner from turning the look-ups into a join: it does not know how
/// long the list is and takes all stores to be of the average size, and so it read all rows of a large one.
fn rows_text<E: Tenant>(names: &[&str], kinds: &[&str]) -> String {
    let all = E::find().build(Dialect::Postgres.backend()).sql;
    let (select, table) = all.rsplit_once(" FROM ").unwrap_or((&all, ""));
    let heads: Vec<String> = kinds.iter().enumerate().map(|(i, kind)| format!("c{i} {kind}")).collect();
    let pairs: Vec<String> =
        names.iter().enumerate().map(|(i, name)| format!(" AND {table}.\"{name}\" = v.c{i}")).collect();
    format!(
        "{select} FROM jsonb_to_recordset($2) AS v({}) CROSS JOIN LATERAL \
         (SELECT * FROM {table} WHERE {table}.\"{}\" = $1{} OFFSET 0) AS {table}",
        heads.join(", "),
        E::store_column().as_str(),
        pairs.concat()
    )
}

/// PostgreSQL: the rows of a store by lists of values of `columns`, all of which travel as one value. A list of a thousand
/// would be a thousand values, each of which is weighed against the column's statistics whenever the statement is planned, text
/// by text in the language of the database: dearer by far than the look-ups.
pub(super) async fn rows_of<E: Tenant>(
    on: &DatabaseTransaction,
    store: Value,
    columns: &[E::Column],
    rows: Vec<Vec<Value>>,
) -> Result<Vec<E::Model>, DbError> {
    let Some(first) = rows.first() else { return Ok(Vec::new()) };
    let kinds: Vec<&str> = first.iter().filter_map(|v| Some(element(v)?.0)).collect();
    let names: Vec<&str> = columns.iter().map(IdenStatic::as_str).collect();
    let which = (
        Dialect::Postgres,
        std::any::type_name::<E>(),
        0,
        format!("{} as {}", names.join(","), kinds.join(",")),
    );
    let text = text(which, || rows_text::<E>(&names, &kinds));
    // Each once: a row is found as often as it is asked for.
    let rows: BTreeSet<Vec<String>> =
        rows.iter().map(|row| row.iter().filter_map(|v| Some(element(v)?.1)).collect()).collect();
    let list = rows.into_iter().map(|row| {
        let fields = row.into_iter().enumerate().map(|(i, text)| (format!("c{i}"), text.into()));
        serde_json::Value::Object(fields.collect())
    });
    let list = Value::Json(Some(Box::new(list.collect())));
    let statement = Statement::from_sql_and_values(Dialect::Postgres.backend(), &*text, [store, list]);
    Ok(E::find().from_raw_sql(statement).all(on).await?)
}

/// PostgreSQL: takes the rows of a store out in which `column` is one of these. The store stands in the list too, behind an OFFSET 0, for
/// the same reason as in [`rows_text`].
pub(super) async fn delete_with<E: Tenant>(
    on: &DatabaseTransaction,
    store: Value,
    column: E::Column,
    values: Vec<Value>,
) -> Result<u64, DbError> {
    Ok(on.execute_raw(delete_statement::<E>(store, column, values)?).await?.rows_affected())
}

/// The statement of [`delete_with`].
pub(super) fn delete_statement<E: Tenant>(
    store: Value,
    column: E::Column,
    values: Vec<Value>,
) -> Result<Statement, DbError> {
    let Some((kind, _)) = values.first().and_then(element) else {
        return Err(sea_orm::DbErr::Custom(format!("no list of {} is known", column.as_str())).into());
    };
    let which = (Dialect::Postgres, std::any::type_name::<E>(), 0, format!("delete {}", column.as_str()));
    let text = text(which, || {
        let table = E::default().table_name().to_owned();
        format!(
            "DELETE FROM \"{table}\" USING \
             (SELECT $1::uuid AS store, c0 FROM jsonb_to_recordset($2) AS l(c0 {kind}) OFFSET 0) AS v \
             WHERE \"{table}\".\"{}\" = v.store AND \"{table}\".\"{}\" = v.c0",
            E::store_column().as_str(),
            column.as_str()
        )
    });
    let list: BTreeSet<String> = values.iter().filter_map(|v| Some(element(v)?.1)).collect();
    let list = list.into_iter().map(|text| serde_json::json!({ "c0": text })).collect();
    let list = Value::Json(Some(Box::new(list)));
    Ok(Statement::from_sql_and_values(Dialect::Postgres.backend(), &*text, [store, list]))
}

/// The look-up of rows of several stores by `columns`, for so many rows of values, each led by its store. A row of nothing
/// finds nothing. As a join with the values first, since SQLite reads a whole table for `(a, b) IN (VALUES …)`.
pub(super) fn look_up<E: Tenant>(dialect: Dialect, columns: &[E::Column], rows: usize) -> Arc<str> {
    let names: Vec<&str> = columns.iter().map(IdenStatic::as_str).collect();
    let which = (dialect, std::any::type_name::<E>(), rows, format!("look up {}", names.join(",")));
    text(which, || {
        let all = E::find().build(dialect.backend()).sql;
        let (select, table) = all.rsplit_once(" FROM ").unwrap_or((&all, ""));
        let store = E::store_column();
        let on = std::iter::once(store.as_str()).chain(names).enumerate();
        let on: Vec<String> = on.map(|(i, name)| format!("{table}.\"{name}\" = v.c{i}")).collect();
        let heads: Vec<String> = (0..on.len()).map(|i| format!("c{i}")).collect();
        let row = format!("({})", vec!["?"; on.len()].join(", "));
        format!(
            "WITH v({}) AS (VALUES {}) {select} FROM v CROSS JOIN {table} ON {}",
            heads.join(", "),
            vec![row; rows].join(", "),
            on.join(" AND ")
        )
    })
}

/// Text and values of an insert of several stores' rows, when its text may be kept.
pub(super) fn insert_parts<E>(
    dialect: Dialect,
    rows: &[E::ActiveModel],
    conflict: &Conflict,
) -> Option<(String, Vec<Vec<Value>>, MakeText)>
where
    E: EntityTrait,
    E::ActiveModel: Send,
{
    let name = conflict.name.clone()?;
    let values: Option<Vec<Vec<Value>>> =
        rows.iter().map(|row| values::<E>(std::slice::from_ref(row))).collect();
    let (sample, clause, key) = (rows.first()?.clone(), conflict.clause.clone(), name.clone());
    let make = move |n: usize| {
        let which = (dialect, std::any::type_name::<E>(), n, format!("insert {key}"));
        text(which, || {
            let insert = Insert::many(vec![sample.clone(); n]);
            match &clause {
                Some(clause) => insert.on_conflict(clause.clone()).build(dialect.backend()).sql,
                None => insert.build(dialect.backend()).sql,
            }
        })
    };
    Some((name, values?, Box::new(make)))
}

/// Adds rows and says how many were written.
pub(super) async fn insert<E>(
    on: &DatabaseTransaction,
    dialect: Dialect,
    rows: Vec<E::ActiveModel>,
    conflict: &Conflict,
) -> Result<u64, DbError>
where
    E: EntityTrait,
    E::ActiveModel: Send,
{
    let width = E::Column::iter().count().max(1);
    let most = (dialect.max_binds() / width).clamp(1, MOST);
    let mut written = 0;
    let mut rows = rows.into_iter();
    while rows.len() > 0 {
        let size = portion(rows.len(), most);
        let part: Vec<_> = rows.by_ref().take(size).collect();
        let statement = statement::<E>(dialect, part, conflict);
        written += on.execute_raw(statement).await?.rows_affected();
    }
    Ok(written)
}

fn statement<E>(dialect: Dialect, rows: Vec<E::ActiveModel>, conflict: &Conflict) -> Statement
where
    E: EntityTrait,
    E::ActiveModel: Send,
{
    let built = |rows: Vec<E::ActiveModel>| {
        let insert = Insert::many(rows);
        match &conflict.clause {
            Some(clause) => insert.on_conflict(clause.clone()).build(dialect.backend()),
            None => insert.build(dialect.backend()),
        }
    };
    let (Some(name), Some(values)) = (&conflict.name, values::<E>(&rows)) else { return built(rows) };
    let key = (dialect, std::any::type_name::<E>(), rows.len(), format!("insert {name}"));
    let text = text(key, || built(rows).sql);
    Statement::from_sql_and_values(dialect.backend(), &*text, values)
}

/// The values of rows, one row after another; `None` where a row leaves a column to the database.
fn values<E: EntityTrait>(rows: &[E::ActiveModel]) -> Option<Vec<Value>> {
    let mut values = Vec::with_capacity(rows.len() * E::Column::iter().count());
    for row in rows {
        for column in E::Column::iter() {
            match row.get(column) {
                ActiveValue::Set(value) | ActiveValue::Unchanged(value) => values.push(value),
                ActiveValue::NotSet => return None,
            }
        }
    }
    Some(values)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{TestApp, database};
    use cartwheel_entity::{company, store_signal};
    use cartwheel_macros::db_test;
    use sea_orm::ActiveValue::{NotSet, Set};
    use uuid::Uuid;

    fn company(n: u128) -> company::ActiveModel {
        company::ActiveModel {
            store_id: Set(Uuid::from_u128(1)),
            id: Set(Uuid::from_u128(n)),
            external_key: Set(format!("id:{n}")),
            name: Set(String::new()),
            created_at: Set(7),
        }
    }

    /// The kept text with the values bound here must be what the ORM would have sent.
    #[test]
    fn a_kept_text_is_the_orms_own() {
        for dialect in [Dialect::Sqlite, Dialect::Postgres] {
            for clause in [None, Some(OnConflict::new().do_nothing().to_owned())] {
                let name = Some(format!("{}", clause.is_some()));
                let conflict = Conflict { name, clause: clause.clone() };
                for round in 0..2 {
                    let rows = || (0..4).map(|n| company(n + round * 10)).collect::<Vec<_>>();
                    let ours = statement::<company::Entity>(dialect, rows(), &conflict);
                    let mut theirs = Insert::many(rows());
                    if let Some(clause) = &clause {
                        theirs = theirs.on_conflict(clause.clone());
                    }
                    assert_eq!(ours, theirs.build(dialect.backend()));
                }
            }
        }
    }

    /// However large the store and however short the list, each row is looked up by its key.
    #[db_test]
    async fn a_list_is_looked_up_by_key(app: TestApp) {
        if app.db().dialect() == Dialect::Sqlite {
            let find = "SELECT * FROM company WHERE store_id = x'00' AND external_key IN ('id:1', 'id:2')";
            let plan = plan(&app, &format!("EXPLAIN QUERY PLAN {find}"), "detail").await;
            assert!(plan.contains("SEARCH company USING") && plan.contains("external_key=?"), "{plan}");
            return;
        }
        let (large, small) = (app.store("a").await, app.store("b").await);
        for (store, n) in [(&large, 5_000), (&small, 10)] {
            let fill = format!(
                "INSERT INTO company (store_id, id, external_key, name, created_at) \
                 SELECT '{}', gen_random_uuid(), 'id:' || n, '', 0 FROM generate_series(1, {n}) AS n",
                store.id().uuid()
            );
            let mut tx = app.db().write().await.expect("a transaction");
            tx.system().await.expect("all").on().execute_unprepared(&fill).await.expect("filled");
            tx.commit().await.expect("committed");
        }
        database::analyze(app.db()).await;
        let text = rows_text::<company::Entity>(&["external_key"], &["text"]);
        let text = text.replace("$1", &format!("'{}'", large.id().uuid()));
        let text = text.replace("$2", r#"'[{"c0":"id:1"},{"c0":"id:2"}]'"#);
        let plan = plan(&app, &format!("EXPLAIN {text}"), "QUERY PLAN").await;
        assert!(
            plan.contains("Index Cond: ((store_id =") && plan.contains("(external_key = v.c0)"),
            "{plan}"
        );
        assert!(!plan.contains("Join Filter") && !plan.contains("Hash"), "{plan}");
    }

    async fn plan(app: &TestApp, explain: &str, column: &str) -> String {
        let mut tx = app.db().read().await.expect("a transaction");
        let system = tx.system().await.expect("all");
        let statement = Statement::from_string(app.db().dialect().backend(), explain);
        let rows = system.on().query_all_raw(statement).await.expect("a plan");
        rows.iter().map(|row| row.try_get::<String>("", column).expect("a line") + "\n").collect()
    }

    #[test]
    fn a_column_left_to_the_database_is_left_to_the_orm() {
        let row = store_signal::ActiveModel { store_id: Set(Uuid::nil()), name: Set("n".into()), at: NotSet };
        assert!(values::<store_signal::Entity>(&[row]).is_none());
    }
}
