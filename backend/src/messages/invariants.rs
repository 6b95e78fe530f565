//! What must always hold of runs and messages, asked of the database itself: by the rigs after each, and by
//! `cartwheel doctor` on a live one. Numbers are those of the quality document.

use crate::db::{Db, DbError};
use cartwheel_domain::time::{MINUTE, Millis};
use sea_orm::{ConnectionTrait, Statement};

/// Something that must not be.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Violation {
    /// `I1` and so on.
    pub invariant: &'static str,
    /// In words.
    pub what: &'static str,
    /// How many rows.
    pub count: i64,
}

/// Invariant, words, and a query that counts breaches. `:now` is the instant of the check, `:grace` twice a lease ago. Transactions
/// that overlap have read their clocks before either is committed: within a second, times do not tell which was first.
const CHECKS: &[(&str, &str, &str)] = &[
    (
        "I1",
        "a send key belongs to more than one message",
        "SELECT count(*) FROM (SELECT 1 FROM message GROUP BY store_id, send_key HAVING count(*) > 1) AS x",
    ),
    (
        "I1",
        "a message was accepted more than once",
        "SELECT count(*) FROM (SELECT 1 FROM message_attempt WHERE outcome = 'accepted' GROUP BY store_id, message_id, device_id HAVING count(*) > 1) AS x",
    ),
    (
        "I1",
        "a run handed over the same step twice",
        "SELECT count(*) FROM (SELECT s.run_id FROM run_step s WHERE s.decision = 'message_queued' GROUP BY s.store_id, s.run_id, s.node, s.visit HAVING count(*) > 1) AS x",
    ),
    (
        "I2",
        "a run is over without a reason",
        "SELECT count(*) FROM journey_run WHERE status = 2 AND (end_reason IS NULL OR ended_at IS NULL)",
    ),
    (
        "I2",
        "a message is closed without a reason",
        "SELECT count(*) FROM message WHERE status IN (4, 5, 6, 7) AND reason IS NULL",
    ),
    (
        "I2",
        "a message has an impossible status",
        "SELECT count(*) FROM message WHERE status < 0 OR status > 7",
    ),
    (
        "I2",
        "a step asked for a message and there is none",
        "SELECT count(*) FROM run_step s JOIN journey_run r ON r.store_id = s.store_id AND r.id = s.run_id WHERE s.decision = 'message_queued' AND NOT EXISTS (SELECT 1 FROM message m WHERE m.store_id = s.store_id AND m.run_id = s.run_id AND m.node = s.node)",
    ),
    (
        "I4",
        "a message counts as sent and no attempt was accepted",
        "SELECT count(*) FROM message m WHERE m.status = 3 AND NOT EXISTS (SELECT 1 FROM message_attempt a WHERE a.store_id = m.store_id AND a.message_id = m.id AND a.outcome = 'accepted')",
    ),
    (
        "I4",
        "what was handed over is not kept",
        "SELECT count(*) FROM message m WHERE m.status IN (2, 3, 7) AND NOT EXISTS (SELECT 1 FROM message_content c WHERE c.store_id = m.store_id AND c.message_id = m.id)",
    ),
    (
        "I5",
        "a message was handed over after its cart was bought",
        "SELECT count(*) FROM message_attempt a JOIN message m ON m.store_id = a.store_id AND m.id = a.message_id JOIN cart c ON c.store_id = m.store_id AND c.id = m.cart_id WHERE c.status IN ('converted', 'recovered') AND c.kind <> 'quote' AND a.started_at > c.updated_at + 1000 AND c.updated_at >= c.finished_at",
    ),
    (
        "I5",
        "a message was handed over after its recipient said no",
        "SELECT count(*) FROM message_attempt a JOIN message m ON m.store_id = a.store_id AND m.id = a.message_id JOIN consent_event e ON e.store_id = m.store_id AND e.contact_id = m.contact_id AND e.purpose = m.purpose WHERE e.action IN ('withdrawn', 'objected') AND e.recorded_at + 1000 < a.started_at AND NOT EXISTS (SELECT 1 FROM consent_event g WHERE g.store_id = e.store_id AND g.contact_id = e.contact_id AND g.purpose = e.purpose AND g.action IN ('given', 'confirmed') AND g.occurred_at >= e.occurred_at AND g.recorded_at <= a.started_at)",
    ),
    (
        "I8",
        "a message was handed over without a basis",
        "SELECT count(*) FROM message WHERE status IN (2, 3, 7) AND evidence IS NULL",
    ),
    (
        "I8",
        "a message was refused by law and its rule is not kept",
        "SELECT count(*) FROM message WHERE status = 5 AND refusal IS NULL AND reason LIKE '%.%' AND reason NOT LIKE 'template:%'",
    ),
    (
        "I9",
        "a message points to a run of another store, or to none",
        "SELECT count(*) FROM message m WHERE m.run_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM journey_run r WHERE r.store_id = m.store_id AND r.id = m.run_id)",
    ),
    (
        "I9",
        "a message and its run are about different people or carts",
        "SELECT count(*) FROM message m JOIN journey_run r ON r.store_id = m.store_id AND r.id = m.run_id WHERE r.cart_id <> m.cart_id",
    ),
    (
        "I11",
        "an hour's count of accepted messages is not what its messages say",
        // The very first hour may have begun before anything was counted.
        "SELECT count(*) FROM usage_hour u WHERE u.hour > (SELECT min(f.hour) FROM usage_hour f) AND u.accepted <> (SELECT count(*) FROM message m WHERE m.store_id = u.store_id AND m.channel = u.channel AND m.sent_at >= u.hour AND m.sent_at < u.hour + 3600000)",
    ),
    (
        "I11",
        "an hour is added up or reported beyond what was accepted",
        "SELECT count(*) FROM usage_hour WHERE counted > accepted OR reported > accepted",
    ),
    (
        "I13",
        "a run is held by a lease that ended long ago",
        "SELECT count(*) FROM journey_run WHERE status = 1 AND lease_until < :grace",
    ),
    (
        "I13",
        "a message is held by a lease that ended long ago",
        "SELECT count(*) FROM message WHERE (status = 1 OR status = 2) AND lease_until < :grace",
    ),
    (
        "I13",
        "a resting run is leased",
        "SELECT count(*) FROM journey_run WHERE status <> 1 AND lease_owner IS NOT NULL",
    ),
    (
        "I13",
        "a held run has no lease",
        "SELECT count(*) FROM journey_run WHERE status = 1 AND (lease_owner IS NULL OR lease_until IS NULL)",
    ),
];

/// Asks all of them. Empty is good.
///
/// # Errors
/// What the database says.
pub async fn check(db: &Db, now: Millis) -> Result<Vec<Violation>, DbError> {
    let mut tx = db.read().await?;
    let system = tx.system().await?;
    let mut found = Vec::new();
    for (invariant, what, sql) in CHECKS {
        // Numbers of our own, not input.
        let sql = sql.replace(":now", &now.to_string()).replace(":grace", &(now - 2 * MINUTE).to_string());
        let row = system.on().query_one_raw(Statement::from_string(db.dialect().backend(), sql)).await?;
        let count = row.map(|r| r.try_get_by_index::<i64>(0)).transpose()?.unwrap_or(0);
        if count > 0 {
            found.push(Violation { invariant, what, count });
        }
    }
    Ok(found)
}
