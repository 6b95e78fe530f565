//! People who are under way going on with another version.

use super::*;
use crate::journeys::{
    model::{MOVED_OUT, WAITING},
    service::{Published, move_runs},
};
use cartwheel_domain::ids::{JourneyId, VersionId};

/// A trigger, a wait under a name, one under another, and a message to those who stay.
fn drawn(first: &str, second: &str, template: &str) -> Definition {
    let text = serde_json::json!({
        "schema": 1, "name": "Moves", "start": "t",
        "nodes": {
            "t": {"type": "trigger", "on": ["cart"], "next": first},
            (first): {"type": "wait", "seconds": 3600, "next": second},
            (second): {"type": "wait", "seconds": 3600, "next": "m"},
            "m": {"type": "message", "channel": "email", "template": template, "content_class": "informational", "purpose": "cart_email", "next": "end"},
            "end": {"type": "exit"}
        }
    });
    Definition::from_json(&text.to_string()).expect("a journey")
}

struct Shop {
    app: TestApp,
    store: TestStore,
    first: Published,
}

impl Shop {
    async fn new(app: &TestApp) -> Self {
        let store = app.store("shop").await;
        let shop = Self {
            app: app.clone(),
            store,
            first: Published {
                journey_id: app.env().id(),
                version_id: app.env().id(),
                number: 0,
                new: false,
            },
        };
        let first = shop.publish(None, &drawn("a", "b", "recovery_1")).await;
        let mut tx = app.db().write().await.expect("a transaction");
        let scoped = tx.enter(&shop.store.scope()).await.expect("the store");
        switch(&scoped, app.env(), first.journey_id, JourneyState::Active).await.expect("on");
        tx.commit().await.expect("committed");
        Self { first, ..shop }
    }

    async fn publish(&self, journey: Option<JourneyId>, definition: &Definition) -> Published {
        let mut tx = self.app.db().write().await.expect("a transaction");
        let scoped = tx.enter(&self.store.scope()).await.expect("the store");
        let published = publish(&scoped, self.app.env(), journey, definition, None).await.expect("published");
        tx.commit().await.expect("committed");
        published
    }

    async fn again(&self, definition: &Definition) -> Published {
        self.publish(Some(self.first.journey_id), definition).await
    }

    async fn moving(&self, to: Option<i32>) -> Result<(), JourneyError> {
        let mut tx = self.app.db().write().await.expect("a transaction");
        let scoped = tx.enter(&self.store.scope()).await.expect("the store");
        let done = move_runs(&scoped, self.app.env(), self.first.journey_id, to).await;
        tx.commit().await.expect("committed");
        done
    }

    async fn someone(&self, email: &str) {
        let one = left(&self.app, &self.store, email).await;
        start(&self.app, &self.store, &[one]).await;
        drain(&engine(&self.app)).await;
    }

    /// Lets an hour pass, and what is due then happen.
    async fn hour(&self) {
        self.app.clock().advance(HOUR + 1);
        drain(&engine(&self.app)).await;
    }

    async fn stands(&self) -> Vec<(uuid::Uuid, String)> {
        let mut all: Vec<_> =
            runs(&self.app, &self.store).await.into_iter().map(|r| (r.version_id, r.node)).collect();
        all.sort();
        all
    }

    async fn counts(&self, version: VersionId) -> Vec<(String, String, i64)> {
        let mut tx = self.app.db().read().await.expect("a transaction");
        let scoped = tx.enter(&self.store.scope()).await.expect("the store");
        timeline::node_counts(&scoped, version).await.expect("counts")
    }
}

#[db_test]
async fn who_is_under_way_goes_on_with_the_new_version_when_told_to(app: TestApp) {
    app.allow_leftovers();
    let shop = Shop::new(&app).await;
    shop.someone("ann@example.com").await;
    let second = shop.again(&drawn("a", "c", "recovery_2")).await;
    shop.moving(Some(2)).await.expect("told");
    assert_eq!(
        shop.stands().await,
        [(shop.first.version_id.uuid(), "a".into())],
        "nothing is written until they move"
    );
    shop.hour().await;
    assert_eq!(
        shop.stands().await,
        [(second.version_id.uuid(), "c".into())],
        "from where they waited, by the new drawing"
    );
    shop.hour().await;
    let sent = messages(&app, &shop.store).await;
    assert_eq!(sent.iter().map(|m| m.template_key.as_str()).collect::<Vec<_>>(), ["recovery_2"]);
    assert_eq!(sent[0].version_id, Some(second.version_id.uuid()));
    // Counted out there and in here, so that nobody stands in both.
    let has = |counts: &[(String, String, i64)], node: &str, word: &str| {
        counts.iter().find(|(n, w, _)| n == node && w == word).map_or(0, |(_, _, n)| *n)
    };
    let (old, new) = (shop.counts(shop.first.version_id).await, shop.counts(second.version_id).await);
    assert_eq!(
        (has(&old, "a", "wait_started"), has(&old, "a", MOVED_OUT), has(&old, "a", "wait_over")),
        (1, 1, 0)
    );
    assert_eq!(
        (has(&new, "a", "moved_in"), has(&new, "a", "wait_over"), has(&new, "m", "message_queued")),
        (1, 1, 1)
    );
}

#[db_test]
async fn who_waits_at_a_step_that_is_gone_finishes_with_their_own(app: TestApp) {
    app.allow_leftovers();
    let shop = Shop::new(&app).await;
    shop.someone("ann@example.com").await;
    shop.again(&drawn("other", "b", "recovery_2")).await;
    shop.moving(Some(2)).await.expect("told");
    shop.hour().await;
    // The first wait is gone in the new one, the second is there: from there they could go on.
    assert_eq!(shop.stands().await, [(shop.first.version_id.uuid(), "b".into())]);
    shop.moving(None).await.expect("told");
    shop.hour().await;
    let sent = messages(&app, &shop.store).await;
    assert_eq!(
        sent.iter().map(|m| m.template_key.as_str()).collect::<Vec<_>>(),
        ["recovery_1"],
        "called back in time"
    );
}

#[db_test]
async fn only_who_was_in_an_earlier_version_goes_on_and_only_to_the_current_one(app: TestApp) {
    app.allow_leftovers();
    let shop = Shop::new(&app).await;
    shop.someone("ann@example.com").await;
    let second = shop.again(&drawn("a", "b", "recovery_2")).await;
    assert!(matches!(shop.moving(Some(1)).await, Err(JourneyError::Outdated(2))));
    shop.moving(Some(2)).await.expect("told");
    // A third is published, and nobody is told to go on with it: Bob stays with the second, Ann comes to it, and Carol, who begins with
    // the third, does not go back.
    shop.someone("bob@example.com").await;
    let third = shop.again(&drawn("a", "b", "recovery_3")).await;
    shop.someone("carol@example.com").await;
    shop.hour().await;
    let [with_second, with_third] =
        [second, third].map(|version| (version.version_id.uuid(), "b".to_owned()));
    let mut all = vec![with_second.clone(), with_second, with_third];
    all.sort();
    assert_eq!(shop.stands().await, all);
    assert!(runs(&app, &shop.store).await.iter().all(|run| run.status == WAITING));
}

/// A worker that dies between the step and its commit leaves the run where it was.
#[db_test]
async fn a_death_on_the_way_moves_nobody_twice(app: TestApp) {
    app.allow_leftovers();
    let shop = Shop::new(&app).await;
    shop.someone("ann@example.com").await;
    let second = shop.again(&drawn("a", "b", "recovery_2")).await;
    shop.moving(Some(2)).await.expect("told");
    app.clock().advance(HOUR + 1);
    let (slow, quick) = (engine(&app), engine(&app));
    app.dies("engine.before_commit", 1, slow.tick()).await;
    assert_eq!(shop.stands().await, [(shop.first.version_id.uuid(), "a".into())]);
    app.clock().advance(LEASE + 1);
    quick.rescue().await.expect("rescued");
    drain(&quick).await;
    assert_eq!(shop.stands().await, [(second.version_id.uuid(), "b".into())]);
    let out = shop.counts(shop.first.version_id).await.into_iter().find(|(_, word, _)| word == MOVED_OUT);
    assert_eq!(out.map(|(node, _, n)| (node, n)), Some(("a".into(), 1)));
}
