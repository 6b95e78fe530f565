//! A circle of very many noes.

use super::*;

/// However many noes a circle has, a look-up goes by their key.
#[db_test]
async fn a_million_noes_are_looked_up_by_key(app: TestApp) {
    let pair = Pair::joined(&app).await;
    let (agency, seat) = {
        let mut tx = app.db().read().await.expect("a transaction");
        let scoped = tx.enter(&pair.told.scope()).await.expect("the store");
        let circle = scoped.circles(app.env().now()).await.expect("asked").pop().expect("a circle");
        (circle.agency().uuid(), circle.seat())
    };
    let fill = match app.db().dialect() {
        Dialect::Postgres => format!(
            "INSERT INTO circle_entry (agency_id, address_hash, seat_id, reason, said_at) \
             SELECT '{agency}', md5(n::text) || md5(n::text), '{seat}', 'unsubscribed', n FROM generate_series(1, 1000000) AS n"
        ),
        Dialect::Sqlite => format!(
            "WITH RECURSIVE v(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM v WHERE n < 1000000) \
             INSERT INTO circle_entry (agency_id, address_hash, seat_id, reason, said_at) \
             SELECT x'{}', printf('%064x', n * 7919), x'{}', 'unsubscribed', n FROM v",
            agency.simple(),
            seat.simple()
        ),
    };
    let mut tx = app.db().write().await.expect("a transaction");
    tx.system().await.expect("all").on().execute_unprepared(&fill).await.expect("filled");
    tx.commit().await.expect("committed");
    if app.db().dialect() == Dialect::Postgres {
        database::analyze(app.db()).await;
    }
    let mut tx = app.db().read().await.expect("a transaction");
    let scoped = tx.enter(&pair.flow.store.scope()).await.expect("the store");
    let circle = scoped.circles(app.env().now()).await.expect("asked").pop().expect("a circle");
    let explained = async |query: sea_orm::Select<circle_entry::Entity>| {
        let statement = sea_orm::QueryTrait::build(&query, app.db().dialect().backend());
        let (word, column) = match app.db().dialect() {
            Dialect::Sqlite => ("EXPLAIN QUERY PLAN", "detail"),
            Dialect::Postgres => ("EXPLAIN", "QUERY PLAN"),
        };
        let values = statement.values.map(|v| v.0).unwrap_or_default();
        let statement = Statement::from_sql_and_values(
            app.db().dialect().backend(),
            format!("{word} {}", statement.sql),
            values,
        );
        let rows = scoped.on().query_all_raw(statement).await.expect("a plan");
        rows.iter().map(|row| row.try_get::<String>("", column).expect("a line") + "\n").collect::<String>()
    };
    let hashes: Vec<String> =
        (0..256).map(|n| app.master_key().circle_hash(pair.agency, "email", &n.to_string())).collect();
    let hashes = crate::db::Among::among(&circle_entry::Column::AddressHash, hashes);
    let plan = explained(circle.find::<circle_entry::Entity>().filter(hashes)).await;
    match app.db().dialect() {
        Dialect::Sqlite => assert!(
            plan.contains("SEARCH circle_entry USING PRIMARY KEY (agency_id=? AND address_hash=?)"),
            "{plan}"
        ),
        Dialect::Postgres => assert!(
            plan.contains("circle_entry_pkey")
                && plan.contains("(address_hash = ANY")
                && !plan.contains("Seq Scan on circle_entry"),
            "{plan}"
        ),
    }
    drop(tx);
    // A store that has left is cleared away in portions, and counts no more from the first on.
    leave(&app, &pair.told, pair.agency).await;
    assert!(circle::clear(app.db(), app.env()).await.expect("cleared"));
    let mut tx = app.db().read().await.expect("a transaction");
    let system = tx.system().await.expect("all");
    assert_eq!(system.find::<circle_entry::Entity>().count(system.on()).await.expect("count"), 998_000);
}
