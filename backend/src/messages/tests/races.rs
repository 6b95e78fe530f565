//! What stops a message races a due one, in whatever order the database makes of it.
//!
//! `CARTWHEEL_INTERLEAVINGS` says how many races a test runs: 200 by default; where `CI` is set, 10,000 of orders and
//! 1,000 of noes. On PostgreSQL, where each takes longer, it is a fifth.

use super::{circle::Pair, *};
use crate::{
    consent::unsubscribe::{Choice, unsubscribe},
    db::Dialect,
};
use cartwheel_domain::ids::{CartId, MessageId};
use cartwheel_entity::message;
use futures_util::future::join_all;
use std::collections::HashMap;

/// Carts whose step is due at once.
const TOGETHER: usize = 25;

fn rounds(app: &TestApp, in_ci: usize) -> usize {
    let usual = if std::env::var_os("CI").is_some() { in_ci } else { 200 };
    let named = std::env::var("CARTWHEEL_INTERLEAVINGS").ok();
    let races: usize = named.and_then(|n| n.parse().ok()).unwrap_or(usual);
    let share = if app.db().dialect() == Dialect::Sqlite { 1 } else { 5 };
    (races / share).div_ceil(TOGETHER)
}

/// Lets many carts come due at once while each is stopped at a moment of its own, and finds no hand-over that began
/// after its stop was committed. In every other round the steps are taken before, so that only hand-overs race; then
/// `stop` is told the message.
async fn race(flow: &Flow, stop: impl AsyncFn(CartId, Option<MessageId>), only_queued: bool, in_ci: usize) {
    let (app, mut stopped_in_time) = (&flow.app, 0);
    let all = rounds(app, in_ci);
    for round in 0..all {
        let mut left = Vec::with_capacity(TOGETHER);
        for n in 0..TOGETHER {
            left.push(flow.left(&format!("r{round}n{n}@example.com")).await.1);
        }
        flow.drain().await;
        app.clock().advance(HOUR + MINUTE);
        let began = app.env().now();
        let queued = only_queued || round % 2 == 0;
        while queued && flow.engine().tick().await.expect("a pass").claimed > 0 {}
        let known: HashMap<_, _> =
            messages_of(flow, &left).await.into_iter().map(|m| (m.cart_id, m.id)).collect();
        assert_eq!(known.len(), if queued { TOGETHER } else { 0 });
        let stops = join_all(left.iter().map(|cart| async {
            // Each look at the database is a moment in which the others go on.
            for _ in 0..u16::from_be_bytes(app.env().random::<2>()) % 60 {
                drop(app.db().read().await.expect("a transaction"));
            }
            stop(*cart, known.get(&Some(cart.uuid())).copied().map(MessageId)).await;
            let committed = app.env().now();
            app.clock().advance(1);
            (cart.uuid(), committed)
        }));
        let (stops, ()) = futures_util::join!(stops, flow.drain());
        flow.drain().await;
        let stops: HashMap<_, _> = stops.into_iter().collect();

        let messages = messages_of(flow, &left).await;
        let mut tx = app.db().read().await.expect("a transaction");
        let scoped = tx.enter(&flow.store.scope()).await.expect("the store");
        let ids = messages.iter().map(|m| m.id);
        let attempts = scoped.find::<message_attempt::Entity>();
        let attempts = attempts.filter(message_attempt::Column::MessageId.is_in(ids)).all(scoped.on()).await;
        let attempts = attempts.expect("attempts");
        for attempt in &attempts {
            let of = messages.iter().find(|m| m.id == attempt.message_id).and_then(|m| m.cart_id);
            let stop = stops[&of.expect("a cart")];
            assert!(attempt.started_at >= began, "the first message was not due before");
            assert!(
                attempt.started_at <= stop,
                "round {round}: handed over at {}, stopped at {stop}",
                attempt.started_at
            );
        }
        stopped_in_time += TOGETHER - attempts.len();
    }
    // Both outcomes occur, or the race was none.
    assert!((1..all * TOGETHER).contains(&stopped_in_time), "{stopped_in_time} of {}", all * TOGETHER);
}

async fn messages_of(flow: &Flow, carts: &[CartId]) -> Vec<message::Model> {
    let mut tx = flow.app.db().read().await.expect("a transaction");
    let scoped = tx.enter(&flow.store.scope()).await.expect("the store");
    let theirs = message::Column::CartId.is_in(carts.iter().map(|cart| cart.uuid()));
    scoped.find::<message::Entity>().filter(theirs).all(scoped.on()).await.expect("messages")
}

#[db_test]
async fn an_order_and_a_due_step_at_once(app: TestApp) {
    let flow = Flow::new(&app, Fake::forgetful()).await;
    race(&flow, async |cart, _| flow.order(cart).await, false, 10_000).await;
    flow.assert_sound().await;
}

#[db_test]
async fn a_no_and_a_due_message_at_once(app: TestApp) {
    let flow = Flow::new(&app, Fake::forgetful()).await;
    app.allow_leftovers();
    let stop = async |_, message: Option<MessageId>| {
        let about = (flow.store.id(), message.expect("it is queued"));
        let key = app.master_key();
        unsubscribe(app.db(), app.env(), &key, about, Choice::Email, ("one_click", &|_| None))
            .await
            .expect("unsubscribed");
    };
    race(&flow, stop, true, 1_000).await;
}

/// A no at another store of the circle: no hand-over here begins after the person was told that it is done.
#[db_test]
async fn a_no_at_another_store_and_a_due_message_at_once(app: TestApp) {
    let pair = Pair::joined(&app).await;
    app.allow_leftovers();
    let stop = async |cart: CartId, _| {
        let email = pair.flow.email_of(cart).await;
        let about = (pair.told.id(), super::circle::old_message(&pair, &email).await);
        let key = app.master_key();
        unsubscribe(app.db(), app.env(), &key, about, Choice::Email, ("one_click", &|_| None))
            .await
            .expect("unsubscribed");
    };
    race(&pair.flow, stop, true, 1_000).await;
    // What was put off while a no was being written is judged by it.
    app.clock().advance(MINUTE);
    pair.flow.drain().await;
    let messages = pair.flow.messages().await;
    let by_the_circle = |m: &&message::Model| m.reason.as_deref() == Some("any.suppressed-circle");
    assert!(messages.iter().filter(by_the_circle).count() > 0, "the circle has stopped some");
}
