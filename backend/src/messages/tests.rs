use super::model::{CANCELLED, FAILED, QUEUED, SENT, SUPPRESSED, UNCERTAIN};
use crate::{
    channels::fake::{Act, Fake},
    consent::suppression,
    journeys::service::switch,
    recovery::restore,
    testing::{
        TestApp,
        flow::{Flow, settings},
    },
};
use cartwheel_domain::{
    consent::{Channel, SuppressionReason},
    ids::JourneyId,
    journey::{JourneyState, default_recovery_journey_with},
    time::{DAY, HOUR, MINUTE},
};
use cartwheel_entity::{message_attempt, message_content, message_link};
use cartwheel_macros::db_test;
use sea_orm::{ColumnTrait, PaginatorTrait, QueryFilter};

/// Past every lease.
const LEASES: i64 = HOUR;

/// What a backup was about to send may have been sent after it was made: nothing of it goes again.
#[db_test]
async fn nothing_a_backup_was_about_to_send_goes_after_it_is_put_in_place(app: TestApp) {
    let flow = Flow::new(&app, Fake::forgetful()).await;
    flow.left("ann@example.com").await;
    flow.drain().await;
    app.clock().advance(HOUR + MINUTE);
    flow.engine().tick().await.expect("a mail is queued");
    flow.left("ben@example.com").await;
    let stopped = crate::messages::cancel::after_restore(app.db(), app.env().now()).await.expect("stopped");
    assert_eq!((stopped.messages, stopped.runs), (1, 2));
    app.clock().advance(10 * DAY);
    flow.drain().await;
    assert!(flow.fake.ledger().is_empty());
    flow.assert_sound().await;
}

#[db_test]
async fn a_left_cart_gets_its_three_mails_with_all_that_belongs_to_them(app: TestApp) {
    let flow = Flow::new(&app, Fake::forgetful()).await;
    let (_, cart) = flow.left("ann@example.com").await;
    for _ in 0..4 {
        flow.drain().await;
        app.clock().advance(HOUR + MINUTE);
        flow.drain().await;
        app.clock().advance(DAY);
    }
    flow.drain().await;
    let all = flow.messages().await;
    assert_eq!(all.iter().map(|m| m.status).collect::<Vec<_>>(), [SENT, SENT, SENT]);
    let first = &all[0];
    assert!(
        first.evidence.as_ref().is_some_and(|e| e["rule"].as_str().is_some_and(|r| r.starts_with("us."))),
        "{:?}",
        first.evidence
    );
    let ledger = flow.fake.ledger();
    let out = &ledger[0].message;
    assert_eq!(
        (out.to.as_str(), out.from.as_str(), ledger[0].key.as_str()),
        ("ann@example.com", "shop@wheelhouse.example", first.send_key.as_str())
    );
    assert_eq!(first.subject.as_deref(), Some(out.subject.as_str()));
    assert!(out.html.contains("Brass bell &amp; &lt;bracket&gt;") && out.text.contains("Brass bell"));
    assert!(out.text.contains("1 Main Street"), "the postal address");
    let unsubscribe = out.unsubscribe.clone().expect("a link");
    assert!(
        unsubscribe.starts_with("https://cartwheel.example/u/")
            && out.html.contains(&unsubscribe)
            && out.text.contains(&unsubscribe)
    );
    assert!(!out.html.contains("href=\"https://wheelhouse.example"), "links are counted");
    let token = out
        .html
        .split("https://cartwheel.example/r/")
        .nth(1)
        .and_then(|t| t.split(['"', '?', '&']).next())
        .expect("a restore link");
    let mut tx = app.db().read().await.expect("a transaction");
    let scoped = tx.enter(&flow.store.scope()).await.expect("the store");
    let link = restore::find(&scoped, token, app.env().now()).await.expect("query").expect("the link");
    assert_eq!((link.cart_id, link.message_id), (cart.uuid(), Some(first.id)));
    assert!(
        restore::find(&scoped, token, app.env().now() + 31 * DAY).await.expect("query").is_none(),
        "it expires"
    );
    let content =
        scoped.find::<message_content::Entity>().filter(message_content::Column::MessageId.eq(first.id));
    assert_eq!(content.one(scoped.on()).await.expect("query").map(|c| c.html), Some(out.html.clone()));
    let links = scoped.find::<message_link::Entity>().filter(message_link::Column::MessageId.eq(first.id));
    let links = links.all(scoped.on()).await.expect("links");
    assert!(links.iter().any(|l| l.url == "https://wheelhouse.example"), "{links:?}");
    drop(tx);
    flow.assert_sound().await;
}

/// Every point of the hand-over, with a provider that knows keys and one that does not.
#[db_test]
async fn a_worker_may_die_anywhere(app: TestApp) {
    let points = [
        "dispatch.claimed",
        "dispatch.looked",
        "dispatch.before_commit",
        "dispatch.handed_over",
        "dispatch.called",
        "dispatch.recorded",
    ];
    for (knows_keys, fake) in [(true, Fake::idempotent()), (false, Fake::forgetful())] {
        let flow = Flow::new(&app, fake).await;
        for point in points {
            let (_, cart) = flow.left(&format!("{point}{knows_keys}@example.com")).await;
            flow.drain().await;
            app.clock().advance(HOUR + MINUTE);
            while flow.engine().tick().await.expect("a pass").claimed > 0 {}
            app.dies(point, 1, flow.dispatcher().tick()).await;
            app.clock().advance(LEASES);
            flow.drain().await;
            let mine: Vec<_> =
                flow.messages().await.into_iter().filter(|m| m.cart_id == Some(cart.uuid())).collect();
            assert_eq!(mine.len(), 1, "{point}");
            let accepted = flow.fake.accepted_per_key().get(&mine[0].send_key).copied().unwrap_or(0);
            let doubtful = !knows_keys && matches!(point, "dispatch.handed_over" | "dispatch.called");
            if doubtful {
                assert_eq!(mine[0].status, UNCERTAIN, "{point}");
                assert!(accepted <= 1, "{point}");
            } else {
                assert_eq!((mine[0].status, accepted), (SENT, 1), "{point} {knows_keys}");
            }
            flow.order(cart).await;
        }
        flow.assert_sound().await;
    }
}

/// A worker sleeps between its hand-over and its call, and the message is settled without it.
#[db_test]
async fn a_late_worker_does_not_begin_its_call(app: TestApp) {
    for (knows_keys, fake) in [(true, Fake::idempotent()), (false, Fake::forgetful())] {
        let flow = Flow::new(&app, fake).await;
        let (_, cart) = flow.left(&format!("{knows_keys}@example.com")).await;
        flow.drain().await;
        app.clock().advance(HOUR + MINUTE);
        while flow.engine().tick().await.expect("a pass").claimed > 0 {}
        let sleeper = flow.dispatcher();
        let batch = sleeper.take().await.expect("in hand");
        assert_eq!(batch.jobs.len(), 1);
        app.clock().advance(LEASES);
        flow.drain().await;
        let before = flow.fake.ledger().len();
        sleeper.call_all(batch.jobs).await.expect("no error");
        assert_eq!(flow.fake.ledger().len(), before, "it hears that it is late and calls nobody");
        let all = flow.messages().await;
        let mine = all.iter().find(|m| m.cart_id == Some(cart.uuid())).expect("the message");
        assert_eq!(mine.status, if knows_keys { SENT } else { UNCERTAIN });
        flow.order(cart).await;
        flow.assert_sound().await;
    }
}

#[db_test]
async fn an_order_between_any_two_steps_stops_what_is_not_yet_handed_over(app: TestApp) {
    let flow = Flow::new(&app, Fake::idempotent()).await;
    for point in [
        "engine.claimed",
        "engine.stepped",
        "engine.before_commit",
        "engine.committed",
        "dispatch.claimed",
        "dispatch.before_commit",
    ] {
        let (_, cart) = flow.left(&format!("{point}@example.com")).await;
        flow.drain().await;
        app.clock().advance(HOUR + MINUTE);
        if point.starts_with("engine") {
            app.dies(point, 1, flow.engine().tick()).await;
        } else {
            while flow.engine().tick().await.expect("a pass").claimed > 0 {}
            app.dies(point, 1, flow.dispatcher().tick()).await;
        }
        flow.order(cart).await;
        app.clock().advance(LEASES);
        flow.drain().await;
        assert!(
            flow.messages()
                .await
                .iter()
                .filter(|m| m.cart_id == Some(cart.uuid()))
                .all(|m| m.status == CANCELLED),
            "{point}"
        );
    }
    assert!(flow.fake.ledger().is_empty());
    flow.assert_sound().await;
}

#[db_test]
async fn a_no_is_kept_with_its_rule(app: TestApp) {
    let mut german = settings();
    german.set("country", "DE").expect("a country");
    let flow = Flow::with(&app, Fake::forgetful(), german, &default_recovery_journey_with(0)).await;
    let (ann, _) = flow.left("ann@example.com").await;
    let (bob, _) = flow.left("bob@example.com").await;
    let mut tx = app.db().write().await.expect("a transaction");
    let scoped = tx.enter(&flow.store.scope()).await.expect("the store");
    let country = scoped.update::<cartwheel_entity::contact::Entity>();
    let country =
        country.col_expr(cartwheel_entity::contact::Column::Country, sea_orm::sea_query::Expr::value("DE"));
    country
        .filter(cartwheel_entity::contact::Column::Id.eq(ann.uuid()))
        .exec(scoped.on())
        .await
        .expect("moved");
    let at = (Channel::Email, "bob@example.com");
    suppression::suppress(&scoped, app.env(), &app.master_key(), at, SuppressionReason::Complaint, None)
        .await
        .expect("suppressed");
    tx.commit().await.expect("committed");
    flow.drain().await;
    app.clock().advance(HOUR + MINUTE);
    flow.drain().await;
    let all = flow.messages().await;
    assert!(all.iter().all(|m| m.status == SUPPRESSED && m.attempt == 0), "{all:?}");
    let rule = |id| {
        all.iter().find(|m| m.contact_id == id).and_then(|m| m.refusal.clone()).map(|r| r["rule"].clone())
    };
    assert!(rule(ann.uuid()).is_some_and(|r| r.as_str().is_some_and(|r| r.starts_with("de."))));
    assert_eq!(rule(bob.uuid()), Some("any.suppressed-complaint".into()));
    assert!(flow.fake.ledger().is_empty());
    flow.assert_sound().await;
}

#[db_test]
async fn each_answer_has_its_consequence(app: TestApp) {
    let flow = Flow::new(&app, Fake::forgetful()).await;
    let step = async |acts: &[Act], email: &str| {
        flow.left(email).await;
        flow.drain().await;
        app.clock().advance(HOUR + MINUTE);
        flow.fake.script(acts.iter().cloned());
        flow.drain().await;
        flow.messages().await.pop().expect("a message")
    };
    let deferred = step(&[Act::Defer(Some(20 * MINUTE))], "deferred@example.com").await;
    assert_eq!(
        (deferred.status, deferred.attempt, deferred.reason.as_deref()),
        (QUEUED, 1, Some("deferred"))
    );
    assert_eq!(deferred.next_at, app.env().now() + 20 * MINUTE, "as asked for");
    app.clock().set(deferred.next_at);
    flow.drain().await;
    let again = flow.messages().await.into_iter().find(|m| m.id == deferred.id).expect("the message");
    assert_eq!((again.status, again.attempt), (SENT, 2));
    let rejected = step(&[Act::Reject], "rejected@example.com").await;
    assert_eq!((rejected.status, rejected.reason.as_deref()), (FAILED, Some("refused")));
    let gone = step(&[Act::NoSuchMailbox], "gone@example.com").await;
    assert_eq!((gone.status, gone.reason.as_deref()), (FAILED, Some("no_such_mailbox")));
    let lost = step(&[Act::AcceptSilently], "lost@example.com").await;
    assert_eq!((lost.status, lost.reason.as_deref()), (UNCERTAIN, Some("no_answer")));
    let mut tx = app.db().read().await.expect("a transaction");
    let scoped = tx.enter(&flow.store.scope()).await.expect("the store");
    let standing =
        suppression::standing(&scoped, &app.master_key(), (Channel::Email, "gone@example.com")).await;
    assert_eq!(standing.expect("query"), Some(SuppressionReason::HardBounce));
    let open = scoped.find::<message_attempt::Entity>().filter(message_attempt::Column::FinishedAt.is_null());
    assert_eq!(open.count(scoped.on()).await.expect("count"), 0);
    drop(tx);
    app.clock().advance(2 * DAY);
    flow.drain().await;
    assert_eq!(flow.fake.accepted_per_key().get(&lost.send_key), Some(&1), "never repeated");
    flow.assert_sound().await;
}

#[db_test]
async fn a_route_that_is_down_uses_up_no_attempts(app: TestApp) {
    let flow = Flow::new(&app, Fake::forgetful()).await;
    for n in 0..8 {
        flow.left(&format!("a{n}@example.com")).await;
    }
    flow.drain().await;
    app.clock().advance(HOUR + MINUTE);
    flow.fake.script(vec![Act::Unreachable; 8]);
    let (engine, dispatcher) = (flow.engine(), flow.dispatcher());
    while engine.tick().await.expect("a pass").claimed > 0 {}
    dispatcher.tick().await.expect("a pass");
    assert_eq!(dispatcher.breaker().open(app.env().now()).len(), 1);
    app.clock().advance(40_000);
    for _ in 0..5 {
        dispatcher.tick().await.expect("a pass");
    }
    app.clock().advance(2 * HOUR);
    flow.drain().await;
    let all = flow.messages().await;
    assert!(
        all.iter().all(|m| m.status == SENT && m.attempt <= 2),
        "{:?}",
        all.iter().map(|m| (m.status, m.attempt)).collect::<Vec<_>>()
    );
    flow.assert_sound().await;
}

#[db_test]
async fn caps_hours_and_a_paused_journey_put_off(app: TestApp) {
    let mut settings = settings();
    settings.set("cap_messages", "1").expect("set");
    settings.set("cap_window_seconds", "7200").expect("set");
    // The test begins at 10:00 UTC. Where in the country they live is not known, so it must be 8:00 in Hawaii too.
    settings.set("email_hours", r#"{"from":480,"to":1200}"#).expect("set");
    let flow = Flow::with(&app, Fake::forgetful(), settings, &default_recovery_journey_with(0)).await;
    let (ann, _) = flow.left("ann@example.com").await;
    flow.leave(ann).await;
    flow.drain().await;
    app.clock().advance(HOUR + MINUTE);
    flow.drain().await;
    let waiting = flow.messages().await;
    let opening = crate::testing::START + 8 * HOUR;
    assert!(
        waiting.iter().all(|m| m.status == QUEUED
            && m.next_at == opening
            && m.reason.as_deref() == Some("quiet_hours")),
        "{waiting:?}"
    );
    app.clock().set(opening);
    flow.drain().await;
    let all = flow.messages().await;
    assert_eq!(all.iter().filter(|m| m.status == SENT).count(), 1);
    let capped = all.iter().find(|m| m.status == QUEUED).expect("the other waits");
    assert_eq!((capped.next_at, capped.reason.as_deref()), (opening + 2 * HOUR, Some("frequency_cap")));
    let journey = JourneyId(capped.journey_id.expect("a journey"));
    let set = async |state| {
        let mut tx = app.db().write().await.expect("a transaction");
        let scoped = tx.enter(&flow.store.scope()).await.expect("the store");
        switch(&scoped, app.env(), journey, state).await.expect("switched");
        tx.commit().await.expect("committed");
    };
    set(JourneyState::Paused).await;
    app.clock().set(capped.next_at);
    flow.drain().await;
    assert_eq!(flow.messages().await.iter().filter(|m| m.reason.as_deref() == Some("paused")).count(), 1);
    set(JourneyState::Off).await;
    app.clock().advance(HOUR);
    flow.drain().await;
    assert_eq!(
        flow.messages()
            .await
            .iter()
            .filter(|m| m.reason.as_deref() == Some("journey_off") && m.status == CANCELLED)
            .count(),
        1
    );
    assert_eq!(flow.fake.ledger().len(), 1);
    flow.assert_sound().await;
}

#[db_test]
async fn two_dispatchers_share_the_work_and_send_each_once(app: TestApp) {
    let flow = Flow::new(&app, Fake::forgetful()).await;
    for n in 0..40 {
        flow.left(&format!("a{n}@example.com")).await;
    }
    flow.drain().await;
    app.clock().advance(HOUR + MINUTE);
    while flow.engine().tick().await.expect("a pass").claimed > 0 {}
    let work = async || {
        let dispatcher = flow.dispatcher();
        while dispatcher.tick().await.expect("a pass").claimed > 0 {}
    };
    futures_util::join!(work(), work(), work());
    assert_eq!(flow.fake.ledger().len(), 40);
    assert!(flow.messages().await.iter().all(|m| m.status == SENT));
    flow.assert_sound().await;
}

mod circle;
mod races;
