//! What both databases must do alike; each body runs on both.

use super::*;
use crate::testing::TestApp;
use cartwheel_domain::ids::StoreId;
use cartwheel_entity::{contact, contact_identity, store_signal};
use cartwheel_macros::db_test;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, ExprTrait, PaginatorTrait, QueryFilter,
    sea_query::Expr, sea_query::OnConflict,
};

fn signal(store: StoreId, name: &str, at: i64) -> store_signal::ActiveModel {
    store_signal::ActiveModel { store_id: Set(store.uuid()), name: Set(name.into()), at: Set(at) }
}

#[db_test]
async fn a_store_sees_only_its_own_rows(app: TestApp) {
    let (a, b) = (app.store("a").await, app.store("b").await);
    let mut tx = app.db().write().await.expect("a transaction");
    tx.enter(&a.scope())
        .await
        .expect("a")
        .insert::<store_signal::Entity>(vec![signal(a.id(), "seen", 1)])
        .await
        .expect("row");
    let mine = tx.enter(&b.scope()).await.expect("b");
    assert_eq!(mine.find::<store_signal::Entity>().count(mine.on()).await.expect("count"), 0);
    let touched = mine
        .update::<store_signal::Entity>()
        .col_expr(store_signal::Column::At, Expr::value(9))
        .exec(mine.on())
        .await;
    assert_eq!(touched.expect("update").rows_affected, 0);
    assert_eq!(mine.delete::<store_signal::Entity>().exec(mine.on()).await.expect("delete").rows_affected, 0);
}

#[db_test]
#[expect(clippy::disallowed_methods, reason = "takes the first fence away on purpose")]
async fn the_second_fence_holds_where_there_is_one(app: TestApp) {
    let (a, b) = (app.store("a").await, app.store("b").await);
    let mut tx = app.db().write().await.expect("a transaction");
    tx.enter(&a.scope())
        .await
        .expect("a")
        .insert::<store_signal::Entity>(vec![signal(a.id(), "seen", 1)])
        .await
        .expect("row");
    let mine = tx.enter(&b.scope()).await.expect("b");
    let seen = store_signal::Entity::find().count(mine.on()).await.expect("count");
    assert_eq!(seen, if app.db().dialect() == Dialect::Postgres { 0 } else { 1 });
}

#[db_test]
async fn a_row_of_another_store_is_refused(app: TestApp) {
    let (a, b) = (app.store("a").await, app.store("b").await);
    let theirs = b.contact("x@example.com").await;
    let mut tx = app.db().write().await.expect("a transaction");
    let mine = tx.enter(&a.scope()).await.expect("a");
    assert!(mine.insert::<store_signal::Entity>(vec![signal(b.id(), "seen", 1)]).await.is_err());
    // A key that points into another store is refused by the database itself.
    let stray = contact_identity::ActiveModel {
        store_id: Set(a.id().uuid()),
        kind: Set("email".into()),
        value: Set("x@example.com".into()),
        contact_id: Set(theirs.uuid()),
    };
    let mine = tx.enter(&a.scope()).await.expect("a");
    assert!(mine.insert::<contact_identity::Entity>(vec![stray]).await.is_err());
}

#[db_test]
async fn large_inserts_are_chunked_and_repeats_counted(app: TestApp) {
    let a = app.store("a").await;
    let rows =
        |from: i64| (from..from + 40_000).map(|n| signal(a.id(), &format!("s{n}"), n)).collect::<Vec<_>>();
    let mut tx = app.db().write().await.expect("a transaction");
    let mine = tx.enter(&a.scope()).await.expect("a");
    assert_eq!(mine.insert_new::<store_signal::Entity>(rows(0)).await.expect("first"), 40_000);
    assert_eq!(mine.insert_new::<store_signal::Entity>(rows(20_000)).await.expect("half known"), 20_000);
}

#[db_test]
async fn upserts_write_over_and_add_up(app: TestApp) {
    let a = app.store("a").await;
    let mut tx = app.db().write().await.expect("a transaction");
    let mine = tx.enter(&a.scope()).await.expect("a");
    mine.upsert::<store_signal::Entity>(vec![signal(a.id(), "n", 5)], &[store_signal::Column::At])
        .await
        .expect("insert");
    mine.upsert::<store_signal::Entity>(vec![signal(a.id(), "n", 7)], &[store_signal::Column::At])
        .await
        .expect("update");
    let add = OnConflict::columns([store_signal::Column::StoreId, store_signal::Column::Name])
        .value(
            store_signal::Column::At,
            Expr::col((store_signal::Entity, store_signal::Column::At))
                .add(Expr::col(("excluded", store_signal::Column::At))),
        )
        .to_owned();
    mine.insert_with::<store_signal::Entity>(vec![signal(a.id(), "n", 10)], add).await.expect("sum");
    let row =
        mine.find::<store_signal::Entity>().filter(store_signal::Column::Name.eq("n")).one(mine.on()).await;
    assert_eq!(row.expect("query").map(|r| r.at), Some(17));
}

/// The first time counts, in this store alone, and the answer says whose it was.
#[db_test]
async fn a_time_is_written_once(app: TestApp) {
    let (a, b) = (app.store("a").await, app.store("b").await);
    let mut ids = Vec::new();
    for n in 0..70 {
        ids.push(a.contact(&format!("{n}@example.com")).await.uuid());
    }
    let theirs = b.contact("x@example.com").await.uuid();
    let mut tx = app.db().write().await.expect("a transaction");
    let mine = tx.enter(&a.scope()).await.expect("a");
    assert_eq!(mine.set_once("contact", "erased_at", [(ids[0], 5)]).await.expect("one").len(), 1);
    let all = ids.iter().copied().chain([theirs]).map(|id| (id, 9));
    let new = mine.set_once("contact", "erased_at", all).await.expect("all");
    assert_eq!((new.len(), new.contains(&ids[0]), new.contains(&theirs)), (69, false, false));
    let rows = mine.find::<contact::Entity>().all(mine.on()).await.expect("rows");
    assert!(rows.iter().all(|r| r.erased_at == Some(if r.id == ids[0] { 5 } else { 9 })));
}

/// A full disk makes SQLite take a transaction back by itself, and the next one fails too. What is acknowledged after them must
/// be kept all the same.
#[db_test]
async fn transactions_the_database_took_back_leave_nothing_behind(app: TestApp) {
    let a = app.store("a").await;
    let write = async |name: &str, end: Option<&str>| {
        let mut tx = app.db().write().await.expect("a transaction");
        let mine = tx.enter(&a.scope()).await.expect("a");
        mine.insert::<store_signal::Entity>(vec![signal(a.id(), name, 1)]).await.expect("row");
        if let Some(end) = end {
            mine.on().execute_unprepared(end).await.expect("taken back");
        }
        tx
    };
    drop(write("taken back by the database", Some("ROLLBACK")).await);
    drop(write("given up", None).await);
    write("acknowledged", None).await.commit().await.expect("committed");
    let mut tx = app.db().read().await.expect("another connection");
    let mine = tx.enter(&a.scope()).await.expect("a");
    let rows = mine.find::<store_signal::Entity>().all(mine.on()).await.expect("rows");
    assert_eq!(rows.into_iter().map(|r| r.name).collect::<Vec<_>>(), ["acknowledged"]);
}

/// Parts of several stores that run side by side ask in the same statements, and each sees and writes its own rows alone,
/// whichever of them asks more, less, or nothing.
#[db_test]
async fn parts_side_by_side_keep_to_their_own_stores(app: TestApp) {
    let stores = [app.store("a").await, app.store("b").await, app.store("c").await];
    let mut people = Vec::new();
    for n in 0..40 {
        people.push(stores[n % 3].contact(&format!("{n}@example.com")).await.uuid());
    }
    let mut tx = app.db().write().await.expect("a transaction");
    let Some(together) = tx.together(stores.len()) else { return };
    let part = async |n: usize| {
        let scoped = together.enter(&stores[n].scope());
        let everybody = people.iter().copied();
        let found = scoped.find_among::<contact::Entity, _>(contact::Column::Id, everybody).await?;
        let mut pairs = std::collections::BTreeSet::new();
        if n > 0 {
            pairs.extend([("email", "0@example.com"), ("email", "1@example.com"), ("user", "1@example.com")]);
        }
        let columns = (contact_identity::Column::Kind, contact_identity::Column::Value);
        let known = scoped.find_pairs::<contact_identity::Entity>(columns, &pairs).await?;
        for round in 0..n {
            let rows = (0..70).map(|i| signal(stores[n].id(), &format!("{round}.{i}"), 1)).collect();
            scoped.upsert::<store_signal::Entity>(rows, &[store_signal::Column::At]).await?;
        }
        let stray =
            scoped.insert::<store_signal::Entity>(vec![signal(stores[(n + 1) % 3].id(), "x", 1)]).await;
        assert!(stray.is_err(), "a row of another store");
        Ok::<_, DbError>((
            found.len(),
            found.iter().all(|c| c.store_id == stores[n].id().uuid()),
            known.len(),
        ))
    };
    let done = futures_util::future::try_join_all((0..3).map(|n| together.run(part(n)))).await.expect("done");
    assert_eq!(done, [(14, true, 0), (13, true, 1), (13, true, 0)]);
    tx.commit().await.expect("committed");
    for (n, store) in stores.iter().enumerate() {
        let mut tx = app.db().read().await.expect("a transaction");
        let mine = tx.enter(&store.scope()).await.expect("the store");
        let rows = mine.find::<store_signal::Entity>().count(mine.on()).await.expect("count");
        assert_eq!(rows, 70 * n as u64);
    }
}

/// One part's fault is everybody's: nobody is left waiting, and nothing of the transaction is kept.
#[db_test]
async fn a_fault_of_one_part_ends_all(app: TestApp) {
    let stores = [app.store("a").await, app.store("b").await];
    let mut tx = app.db().write().await.expect("a transaction");
    let Some(together) = tx.together(stores.len()) else { return };
    let part = async |n: usize| {
        let scoped = together.enter(&stores[n].scope());
        // The second names a contact that is not there.
        let row = contact_identity::ActiveModel {
            store_id: Set(stores[n].id().uuid()),
            kind: Set("email".into()),
            value: Set(format!("{n}@example.com")),
            contact_id: Set(uuid::Uuid::from_u128(9)),
        };
        if n == 0 {
            scoped.insert::<store_signal::Entity>(vec![signal(stores[n].id(), "n", 1)]).await?;
        }
        scoped.insert::<contact_identity::Entity>(vec![row]).await
    };
    let done = futures_util::future::try_join_all((0..2).map(|n| together.run(part(n)))).await;
    assert!(done.is_err());
    drop(tx);
    let mut tx = app.db().read().await.expect("a transaction");
    let mine = tx.enter(&stores[0].scope()).await.expect("the store");
    assert_eq!(mine.find::<store_signal::Entity>().count(mine.on()).await.expect("count"), 0);
}

#[db_test]
async fn what_is_not_committed_did_not_happen(app: TestApp) {
    let a = app.store("a").await;
    {
        let mut tx = app.db().write().await.expect("a transaction");
        let mine = tx.enter(&a.scope()).await.expect("a");
        mine.insert::<store_signal::Entity>(vec![signal(a.id(), "gone", 1)]).await.expect("row");
    }
    let mut tx = app.db().read().await.expect("a transaction");
    let mine = tx.enter(&a.scope()).await.expect("a");
    assert_eq!(mine.find::<store_signal::Entity>().count(mine.on()).await.expect("count"), 0);
}

/// Else each statement with a bound `LIMIT` is prepared anew at each execution (`docs/decisions/0001`).
#[db_test]
async fn sqlite_keeps_the_plan_of_a_prepared_statement(app: TestApp) {
    if app.db().dialect() != Dialect::Sqlite {
        return;
    }
    let mut tx = app.db().read().await.expect("a transaction");
    let system = tx.system().await.expect("all stores");
    let asked = "SELECT sqlite_compileoption_used('ENABLE_QPSG') AS used";
    let statement = sea_orm::Statement::from_string(sea_orm::DatabaseBackend::Sqlite, asked);
    let row = system.on().query_one_raw(statement).await.expect("an answer").expect("a row");
    assert_eq!(row.try_get::<i32>("", "used").expect("a number"), 1);
}

#[db_test]
async fn text_json_and_large_numbers_come_back_as_they_were(app: TestApp) {
    let a = app.store("a").await;
    let id = a.contact("ann@example.com").await;
    let odd = serde_json::json!({"n": 9_007_199_254_740_993_i64, "t": "ü€😀'\"\\", "nul": null});
    let mut tx = app.db().write().await.expect("a transaction");
    let mine = tx.enter(&a.scope()).await.expect("a");
    let change =
        contact::ActiveModel { traits: Set(odd.clone()), last_seen_at: Set(i64::MAX), ..Default::default() };
    mine.update::<contact::Entity>()
        .set(change)
        .filter(contact::Column::Id.eq(id.uuid()))
        .exec(mine.on())
        .await
        .expect("update");
    let row = mine
        .find::<contact::Entity>()
        .filter(contact::Column::Id.eq(id.uuid()))
        .one(mine.on())
        .await
        .expect("query");
    let row = row.expect("the contact");
    assert_eq!((row.traits, row.last_seen_at), (odd, i64::MAX));
}
