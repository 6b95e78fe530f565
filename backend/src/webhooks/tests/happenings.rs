//! What carts left, journeys and messages tell, in the transactions in which they do it.

use super::*;
use crate::{
    carts::abandon::Abandoner,
    channels::fake::{Act, Fake},
    consent::unsubscribe::{Choice, unsubscribe},
    crash,
    journeys::Versions,
    testing::flow::{Flow, settings},
    wake::Wake,
};
use cartwheel_domain::{
    ids::MessageId,
    journey::{Definition, default_recovery_journey_with},
    time::{HOUR, MINUTE},
};
use cartwheel_entity::{cart, hook_delivery};
use sea_orm::sea_query::Expr;
use serde_json::{Value, json};

async fn told(flow: &Flow) -> Vec<(String, Value)> {
    let mut tx = flow.app.db().read().await.expect("a transaction");
    let scoped = tx.enter(&flow.store.scope()).await.expect("the store");
    let rows = scoped.find::<hook_delivery::Entity>().order_by_asc(hook_delivery::Column::CreatedAt);
    let rows = rows.order_by_asc(hook_delivery::Column::Kind).all(scoped.on()).await.expect("rows");
    let body = |row: hook_delivery::Model| {
        let body: Value = serde_json::from_str(&row.body).expect("JSON");
        assert_eq!(body["type"], row.kind);
        (row.kind, body["data"].clone())
    };
    rows.into_iter().map(body).collect()
}

fn kinds(told: &[(String, Value)]) -> Vec<&str> {
    told.iter().map(|(kind, _)| kind.as_str()).collect()
}

/// From the cart to the no: what is told on the way, and that no address stands in any of it.
#[db_test]
async fn a_journey_is_told_from_beginning_to_end(app: TestApp) {
    let flow = Flow::new(&app, Fake::forgetful()).await;
    endpoint_of(&app, &flow.store, "http://127.0.0.1:9999/").await;
    flow.left("ann@canary.example").await;
    assert_eq!(kinds(&told(&flow).await), ["journey.run_started"]);
    flow.drain().await;
    app.clock().advance(HOUR + MINUTE);
    flow.drain().await;
    assert_eq!(kinds(&told(&flow).await), ["journey.run_started", "message.sent"]);
    flow.fake.script([Act::Reject]);
    app.clock().advance(24 * HOUR);
    flow.drain().await;
    let now = told(&flow).await;
    assert_eq!(kinds(&now)[2..], ["message.failed"]);
    assert_eq!(now[2].1["reason"], "refused");
    // The link in the first mail is pressed: the no is told, and what would have come is suppressed, or its run ends.
    let first = MessageId(flow.messages().await[0].id);
    let (db, env, key) = (app.db(), app.env(), app.master_key());
    let whose = (flow.store.id(), first);
    for _ in 0..2 {
        unsubscribe(db, env, &key, whose, Choice::Email, ("one_click", &|_| None)).await.expect("said");
    }
    let after_no = told(&flow).await;
    assert!(kinds(&after_no).contains(&"contact.unsubscribed"));
    let noes = after_no.iter().filter(|(kind, _)| kind == "contact.unsubscribed").count();
    assert_eq!(noes, 2, "one for each purpose, however often it is pressed");
    for _ in 0..3 {
        app.clock().advance(10 * 24 * HOUR);
        flow.drain().await;
    }
    let all = told(&flow).await;
    assert_eq!(
        kinds(&all).iter().filter(|kind| **kind == "message.suppressed").count(),
        1,
        "{:?}",
        kinds(&all)
    );
    assert_eq!(kinds(&all).iter().filter(|kind| **kind == "journey.run_ended").count(), 1);
    assert!(!format!("{all:?}").contains("canary"), "no address is told");
    flow.assert_sound().await;
}

#[db_test]
async fn a_cart_that_is_left_is_told_each_time(app: TestApp) {
    let flow = Flow::new(&app, Fake::forgetful()).await;
    let (_, cart) = flow.left("ann@example.com").await;
    endpoint_of(&app, &flow.store, "http://127.0.0.1:9999/").await;
    let abandoner = Abandoner::new(
        app.db().clone(),
        app.env().clone(),
        Wake::default(),
        app.stores().clone(),
        Versions::default(),
    );
    let idle = async |test: bool| {
        let mut tx = app.db().write().await.expect("a transaction");
        let scoped = tx.enter(&flow.store.scope()).await.expect("the store");
        scoped
            .update::<cart::Entity>()
            .col_expr(cart::Column::IdleAt, Expr::value(app.env().now()))
            .col_expr(cart::Column::Status, Expr::value("active"))
            .col_expr(cart::Column::Test, Expr::value(test))
            .filter(cart::Column::Id.eq(cart.uuid()))
            .exec(scoped.on())
            .await
            .expect("idle");
        tx.commit().await.expect("committed");
        abandoner.tick().await.expect("a round");
    };
    for _ in 0..2 {
        idle(false).await;
    }
    idle(true).await;
    let all = told(&flow).await;
    let left: Vec<_> = all.iter().filter(|(kind, _)| kind == "cart.abandoned").collect();
    assert_eq!(left.len(), 2, "what is marked as a test is not told");
    assert_eq!(left[0].1["total"], json!({"amount": "49.00", "currency": "USD"}));
    assert_eq!(left[0].1["cart_id"], cart.to_string());
    app.allow_leftovers();
}

fn telling(percent: i64, endpoint: Option<HookId>) -> Definition {
    let text = json!({"schema": 1, "name": "Tell", "start": "left", "nodes": {
        "left": {"type": "trigger", "on": ["cart"], "next": "control"},
        "control": {"type": "holdout", "percent": percent, "next": "tell"},
        "tell": {"type": "webhook", "endpoint": endpoint, "fields": {"list": "winback", "weight": 3}, "next": "pause"},
        "pause": {"type": "wait", "seconds": 3600, "next": "end"},
        "end": {"type": "exit"},
    }});
    let def = Definition::from_json(&text.to_string().replace("\"endpoint\":null,", "")).expect("read");
    def.validate().expect("sound");
    def
}

/// A run that comes to the node tells it once, whatever dies in between; whoever is held out is not told of.
#[db_test]
async fn a_node_tells_once_and_the_silent_group_not_at_all(app: TestApp) {
    for (percent, expected) in [(0, 1), (100, 0)] {
        let flow = Flow::with(&app, Fake::forgetful(), settings(), &telling(percent, None)).await;
        endpoint_of(&app, &flow.store, "http://127.0.0.1:9999/").await;
        let (contact, cart) = flow.left("ann@example.com").await;
        for point in ["engine.claimed", "engine.stepped", "engine.before_commit"] {
            app.dies(point, 1, flow.engine().tick()).await;
            app.clock().advance(HOUR);
            flow.engine().rescue().await.expect("rescued");
            assert!(!kinds(&told(&flow).await).contains(&"journey.webhook"), "{point}: nothing was visible");
        }
        let (fate, _) = crash::armed("engine.committed", 1, flow.engine().tick()).await;
        assert!(matches!(fate, crash::Fate::Died));
        flow.drain().await;
        app.clock().advance(2 * HOUR);
        flow.drain().await;
        let all = told(&flow).await;
        let node: Vec<_> = all.iter().filter(|(kind, _)| kind == "journey.webhook").collect();
        assert_eq!(node.len(), expected);
        for (_, data) in node {
            assert_eq!(data["fields"], json!({"list": "winback", "weight": 3}));
            assert_eq!(
                (data["node"].as_str(), data["cart_id"].as_str()),
                (Some("tell"), Some(cart.to_string().as_str()))
            );
            assert_eq!(data["contact_id"], contact.to_string());
        }
        let ended = all.iter().find(|(kind, _)| kind == "journey.run_ended").expect("it ended");
        assert_eq!(ended.1["held_out"], json!(percent == 100));
    }
}

/// A node that names an endpoint tells that one, whether it has chosen the kind or not, and no other; one that was taken away, nobody.
#[db_test]
async fn a_node_may_name_its_endpoint(app: TestApp) {
    let flow = Flow::with(&app, Fake::forgetful(), settings(), &default_recovery_journey_with(0)).await;
    let (all, _) = endpoint_of(&app, &flow.store, "http://127.0.0.1:9999/all").await;
    let (own, _) = endpoint_of(&app, &flow.store, "http://127.0.0.1:9999/own").await;
    let change = Change { kinds: Some(vec!["order.placed".into()]), ..Change::default() };
    let mut tx = app.db().write().await.expect("a transaction");
    endpoint::change(&mut tx, (&flow.store.scope(), app.env()), true, own, &change).await.expect("changed");
    let scoped = tx.enter(&flow.store.scope()).await.expect("the store");
    use crate::journeys::service::{publish, switch};
    for endpoint in [own, HookId(uuid::Uuid::nil())] {
        let made =
            publish(&scoped, app.env(), None, &telling(0, Some(endpoint)), None).await.expect("published");
        switch(&scoped, app.env(), made.journey_id, cartwheel_domain::journey::JourneyState::Active)
            .await
            .expect("on");
    }
    tx.commit().await.expect("committed");
    app.stores().forget(flow.store.id());
    flow.left("ann@example.com").await;
    flow.drain().await;
    let mut tx = app.db().read().await.expect("a transaction");
    let scoped = tx.enter(&flow.store.scope()).await.expect("the store");
    let query =
        scoped.find::<hook_delivery::Entity>().filter(hook_delivery::Column::Kind.eq("journey.webhook"));
    let rows = query.all(scoped.on()).await.expect("rows");
    let to: Vec<HookId> = rows.into_iter().map(|row| HookId(row.endpoint_id)).collect();
    assert_eq!((to, all != own), (vec![own], true));
    app.allow_leftovers();
}
