use super::*;
use crate::testing::TestApp;
use cartwheel_macros::db_test;

#[test]
fn shares_shrink_while_many_lanes_are_busy_and_grow_while_one_is() {
    let mut share = Share::default();
    for _ in 0..10 {
        let taken = share.per_lane();
        share.learn(512, (0..taken).map(|_| 7));
    }
    assert_eq!(share.per_lane(), 512, "one busy store gets everything");
    for _ in 0..10 {
        share.learn(512, (0..512).map(|n| n % LANES));
    }
    assert_eq!(share.per_lane(), 8, "64 busy lanes get an eighth of 64 each");
    share.learn(512, []);
    assert_eq!(share.per_lane(), 8, "nothing due teaches nothing");
}

/// The plan of a statement, as one text.
async fn plan(system: &System<'_>, statement: Statement) -> String {
    let explain = if system.dialect() == Dialect::Sqlite { "EXPLAIN QUERY PLAN " } else { "EXPLAIN " };
    let mut statement = statement;
    statement.sql = format!("{explain}{}", statement.sql);
    let column = if system.dialect() == Dialect::Sqlite { 3 } else { 0 };
    let rows = system.on().query_all_raw(statement).await.expect("a plan");
    let lines = rows.iter().map(|r| r.try_get_by_index::<String>(column).expect("a line"));
    lines.collect::<Vec<_>>().join("\n")
}

/// The cost of a claim must not grow with what is stored: due rows come from the partial index, lane by lane, and
/// nothing is scanned or sorted.
#[db_test]
async fn claims_read_the_partial_indexes(app: TestApp) {
    let mut tx = app.db().write().await.expect("a transaction");
    let system = tx.system().await.expect("all stores");
    if system.dialect() == Dialect::Postgres {
        // Empty tables are scanned whatever index there is.
        for sql in [
            "SET LOCAL enable_seqscan = off",
            "SET LOCAL enable_bitmapscan = off",
            "SET LOCAL plan_cache_mode = force_generic_plan",
        ] {
            system.on().execute_unprepared(sql).await.expect("set");
        }
    }
    let share = Share::default();
    let claim = Claim { now: 1, until: 2, owner: "o", limit: 10, share: &share };
    for (shape, index) in [(&RUNS, "journey_run_due"), (&MESSAGES, "message_due")] {
        let plan = plan(&system, shape.statement(system.dialect(), &claim)).await;
        assert!(plan.contains(index), "{plan}");
        let table = shape.table;
        let scans = match system.dialect() {
            Dialect::Sqlite => plan
                .lines()
                .any(|l| l.contains(&format!("SCAN {table}")) || l.contains("TEMP B-TREE FOR ORDER")),
            Dialect::Postgres => plan.contains(&format!("Seq Scan on {table}")) || plan.contains("Sort"),
        };
        assert!(!scans, "{plan}");
    }
}
