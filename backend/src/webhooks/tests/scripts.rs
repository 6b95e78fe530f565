//! Receivers that misbehave by generated scripts: each delivery ends delivered, failed with its attempts told, or waiting; its receiver
//! sees one id; nothing hangs.

use super::*;
use crate::webhooks::{DELIVERED, FAILED, IN_HAND, WAITING};
use cartwheel_domain::time::HOUR;
use std::collections::BTreeMap;

/// Scripts in all, a fifth of them on PostgreSQL.
const SCRIPTS: usize = 500;
/// Attempts of the schedule.
const ATTEMPTS: usize = 8;

/// splitmix64: the same numbers each time.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % n as u64).unwrap_or(0)
    }
}

/// What a receiver does with one attempt, and whether that counts as delivered.
#[derive(Debug, Clone)]
struct Deed {
    answer: Answer,
    arrived: bool,
    /// The word of the attempt.
    word: &'static str,
}

fn deed(rng: &mut Numbers) -> Deed {
    let says = |bytes: Vec<u8>, arrived, word| Deed { answer: Answer::Says(bytes), arrived, word };
    let refused = |answer| Deed { answer, arrived: false, word: "refused" };
    let fine = b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 6\r\n\r\nthanks".to_vec();
    let head = fine.len() - 6;
    match rng.below(22) {
        0..=2 => Deed { answer: Answer::ok(), arrived: true, word: "delivered" },
        3 => says(b"HTTP/1.1 204 No Content\r\n\r\n".to_vec(), true, "delivered"),
        // Cut anywhere in the head: no answer. Cut in the body: the status was said.
        4..=6 => {
            let at = rng.below(head);
            says(fine[..at].to_vec(), false, "broken")
        }
        7 => {
            let at = head + rng.below(6);
            says(fine[..at].to_vec(), true, "delivered")
        }
        8 => Deed { answer: Answer::Slams, arrived: false, word: "broken" },
        9 => Deed { answer: Answer::Leaves, arrived: false, word: "broken" },
        10 => Deed { answer: Answer::Stares, arrived: false, word: "timed_out" },
        11 => {
            let at = rng.below(head);
            Deed { answer: Answer::SaysAndStays(fine[..at].to_vec()), arrived: false, word: "timed_out" }
        }
        12 => refused(Answer::status(429, &format!("retry-after: {}\r\n", rng.below(7_200)), "slower")),
        13 => refused(Answer::status([500, 502, 503, 504][rng.below(4)], "", "down")),
        14 => refused(Answer::status([400, 401, 403, 404, 422][rng.below(5)], "", "no")),
        15 => refused(Answer::status(
            [301, 302, 303, 307, 308][rng.below(5)],
            "location: http://127.0.0.1:1/\r\n",
            "",
        )),
        // A body without end: the status was said, and no more is read than is kept.
        16 => Deed {
            answer: Answer::Drips(b"HTTP/1.1 200 OK\r\n\r\nx".to_vec()),
            arrived: true,
            word: "delivered",
        },
        17 => Deed {
            answer: Answer::Says(
                [b"HTTP/1.1 500 No\r\ncontent-length: 9999999\r\n\r\n".to_vec(), vec![b'y'; 100_000]]
                    .concat(),
            ),
            arrived: false,
            word: "refused",
        },
        18 => {
            let noise = (0..1 + rng.below(400)).map(|_| u8::try_from(rng.below(256)).unwrap_or(0)).collect();
            says(noise, false, "broken")
        }
        19 => says(b"HTTP/1.1 999999 Ha\r\n\r\n".to_vec(), false, "broken"),
        // A head without end: more than is read in the time there is.
        20 => Deed {
            answer: Answer::Drips(b"HTTP/1.1 200 OK\r\nx: a".to_vec()),
            arrived: false,
            word: "timed_out",
        },
        _ => says(
            b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\ncontent-length: 4\r\n\r\nabcd".to_vec(),
            false,
            "broken",
        ),
    }
}

#[db_test]
async fn whatever_a_receiver_does_each_delivery_ends_or_waits(app: TestApp) {
    let count = if app.db().dialect() == crate::db::Dialect::Sqlite { SCRIPTS * 4 / 5 } else { SCRIPTS / 5 };
    let mut rng = Numbers(count as u64);
    let scripts: Vec<Vec<Deed>> =
        (0..count).map(|_| (0..ATTEMPTS).map(|_| deed(&mut rng)).collect()).collect();
    let shared = Arc::new(scripts.clone());
    let seen = Arc::<std::sync::Mutex<BTreeMap<String, usize>>>::default();
    let counted = Arc::clone(&seen);
    // The script of a delivery is told by its place in the path's query; its attempt by how often its id was seen.
    let receiver = Receiver::start(move |call, _| {
        let body: serde_json::Value = serde_json::from_str(&call.body).expect("JSON");
        let script: usize = body["data"]["purpose"].as_str().and_then(|n| n.parse().ok()).expect("a number");
        let mut counted = counted.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let attempt = counted.entry(call.header("webhook-id").to_owned()).or_insert(0);
        *attempt += 1;
        shared[script][*attempt - 1].answer.clone()
    })
    .await;
    let store = app.store("shop").await;
    let mut ids = Vec::new();
    let (id, secret) = endpoint_of(&app, &store, &receiver.url("/")).await;
    let hooked = Hooked { app: app.clone(), store, id, secret };
    let courier = hooked.courier();
    for (n, _) in scripts.iter().enumerate() {
        let mut tx = app.db().write().await.expect("a transaction");
        let scoped = tx.enter(&hooked.store.scope()).await.expect("the store");
        let (contact, entry) = (app.env().id(), app.env().uuid());
        let happening =
            Happening::unsubscribed(entry, contact, ("email", &n.to_string(), "withdrawn"), app.env().now());
        ids.push(happening.id(hooked.id));
        tell(&scoped, all(), app.env().now(), vec![happening]).await.expect("told");
        tx.commit().await.expect("committed");
    }
    // Longer than the longest schedule with rests: whatever is due is worked off, hour by hour.
    for _ in 0..24 * 8 {
        healthy(&hooked).await;
        loop {
            let pass = courier.tick().await.expect("a pass");
            healthy(&hooked).await;
            let in_hand = hooked.deliveries().await.iter().any(|row| row.status == IN_HAND);
            if pass.claimed == 0 && !in_hand {
                break;
            }
            tokio::task::yield_now().await;
        }
        if hooked.deliveries().await.iter().all(|row| row.status != WAITING) {
            break;
        }
        app.clock().advance(HOUR);
    }
    let rows: BTreeMap<_, _> =
        hooked.deliveries().await.into_iter().map(|row| (DeliveryId(row.id), row)).collect();
    let (mut delivered, mut failed, mut attempted) = (0, 0, 0);
    for (script, id) in scripts.iter().zip(&ids) {
        let (row, attempts) = (&rows[id], hooked.attempts(*id).await);
        let first = script.iter().position(|deed| deed.arrived);
        let expected = first.map_or(ATTEMPTS, |n| n + 1);
        let words: Vec<_> = attempts.iter().map(|a| a.outcome.clone().unwrap_or_default()).collect();
        let wanted: Vec<_> = script[..expected].iter().map(|deed| deed.word.to_owned()).collect();
        assert_eq!(words, wanted, "{script:?}");
        assert_eq!(row.status, if first.is_some() { DELIVERED } else { FAILED }, "{script:?}");
        assert!(
            attempts
                .iter()
                .all(|a| a.finished_at.is_some() && a.answer.as_ref().is_none_or(|t| t.len() <= 2_000))
        );
        let seen = seen.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        assert_eq!(seen.get(&id.to_string()).copied().unwrap_or(0), expected, "calls under its id");
        delivered += usize::from(first.is_some());
        failed += usize::from(first.is_none());
        attempted += expected;
    }
    assert!(receiver.calls().iter().all(|call| call.signed_by(&hooked.secret)));
    println!("{count} scripts, {attempted} attempts: {delivered} delivered, {failed} failed, nothing hangs");
    assert!(delivered > 0 && failed > 0);
}

/// Takes the circuit away: here each attempt of each schedule is of interest.
async fn healthy(hooked: &Hooked) {
    use cartwheel_entity::hook_endpoint::Column as C;
    let mut tx = hooked.app.db().write().await.expect("a transaction");
    let scoped = tx.enter(&hooked.store.scope()).await.expect("the store");
    scoped
        .update::<hook_endpoint::Entity>()
        .col_expr(C::Failures, sea_orm::sea_query::Expr::value(0))
        .col_expr(C::FailingSince, sea_orm::sea_query::Expr::value(Option::<i64>::None))
        .col_expr(C::FailedAt, sea_orm::sea_query::Expr::value(Option::<i64>::None))
        .col_expr(C::RestingUntil, sea_orm::sea_query::Expr::value(Option::<i64>::None))
        .exec(scoped.on())
        .await
        .expect("well");
    tx.commit().await.expect("committed");
}
