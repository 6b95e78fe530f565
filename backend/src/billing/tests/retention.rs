//! The end of the end: owners are told twice, then the people go.

use super::*;
use crate::{
    accounts::{audit, mailbox::BillingNews},
    privacy,
};
use cartwheel_entity::{audit_entry, contact, privacy_request};

async fn known(app: &TestApp, store: &TestStore) -> usize {
    let mut tx = app.db().read().await.expect("a transaction");
    let scoped = tx.enter(&store.scope()).await.expect("the store");
    let all = scoped.find::<contact::Entity>().all(scoped.on()).await.expect("contacts");
    all.into_iter().filter(|c| c.email.is_some()).count()
}

async fn requests(app: &TestApp, store: &TestStore) -> usize {
    let mut tx = app.db().read().await.expect("a transaction");
    let scoped = tx.enter(&store.scope()).await.expect("the store");
    scoped.find::<privacy_request::Entity>().all(scoped.on()).await.expect("requests").len()
}

async fn told(app: &TestApp) -> Vec<&'static str> {
    let all = mails(app).await.into_iter().filter_map(|mail| match mail.letter {
        Letter::Billing { news: BillingNews::Erasure { .. }, .. } => Some("erasure"),
        Letter::Billing { news: BillingNews::Ended { .. }, .. } => Some("ended"),
        _ => None,
    });
    all.collect()
}

/// An account that ended now, and when what it keeps goes.
async fn ended(app: &TestApp, (billing, fake): (&Billing, &FakeStripe), id: OrganisationId) -> i64 {
    let now = app.env().now() / SECOND;
    put(app, id, |row| billing_account::Model { customer_id: Some("cus_1".into()), ..row }).await;
    let over = json!({ "status": "canceled", "ended_at": now });
    fake.subscribe("sub_1", "cus_1", &["cartwheel_starter_month_eur"], now, over);
    billing.ask_now(id).await.expect("asked");
    settle(billing).await;
    account::retained_until(billing.book, &row(app, id).await).expect("an end")
}

async fn erase(app: &TestApp) -> u64 {
    privacy::work(app.db(), app.env(), &app.master_key()).await.expect("worked")
}

#[db_test]
async fn people_are_erased_when_the_time_of_a_cancelled_plan_is_over(app: TestApp) {
    let store = app.store_with("a", true, crate::testing::flow::settings()).await;
    let other = app.store_with("b", true, crate::testing::flow::settings()).await;
    for name in ["ann", "ben"] {
        store.contact(&format!("{name}@example.com")).await;
        other.contact(&format!("{name}@example.com")).await;
    }
    let (billing, fake) = desk(&app);
    let id = organisation(&store);
    let over = ended(&app, (&billing, &fake), id).await;
    assert_eq!(over, START + 60 * DAY);
    for (at, mails) in
        [(over - 15 * DAY, 1), (over - 14 * DAY, 2), (over - 4 * DAY, 2), (over - 3 * DAY, 3), (over - 1, 3)]
    {
        app.clock().set(at);
        settle(&billing).await;
        assert_eq!(told(&app).await.len(), mails, "{} days before", (over - at) / DAY);
        assert_eq!((erase(&app).await, known(&app, &store).await), (0, 2));
    }
    assert_eq!(told(&app).await, ["ended", "erasure", "erasure"]);

    app.clock().set(over);
    settle(&billing).await;
    settle(&billing).await;
    assert_eq!(requests(&app, &store).await, 1, "once");
    assert_eq!(erase(&app).await, 2);
    assert_eq!((known(&app, &store).await, known(&app, &other).await), (0, 2), "and no other's");
    let mut tx = app.db().read().await.expect("a transaction");
    let organised = tx.organisation(&OrganisationScope::system(id)).await.expect("the organisation");
    let entries = organised.find::<audit_entry::Entity>().all(organised.on()).await.expect("entries");
    assert_eq!(entries.iter().filter(|e| e.action == audit::Action::StoreErased.as_str()).count(), 1);
    drop(tx);

    // What arrives afterwards goes with the next round.
    store.contact("carl@example.com").await;
    app.clock().advance(29 * DAY);
    settle(&billing).await;
    assert_eq!(erase(&app).await, 0);
    app.clock().advance(DAY);
    settle(&billing).await;
    assert_eq!(erase(&app).await, 1);
    app.allow_leftovers();
}

/// Whoever comes back before, to the free plan too, keeps everything; whoever comes back as late as the last moment as well.
#[db_test]
async fn whoever_comes_back_keeps_everything(app: TestApp) {
    let store = app.store_with("a", true, crate::testing::flow::settings()).await;
    store.contact("ann@example.com").await;
    let (billing, fake) = desk(&app);
    let id = organisation(&store);
    let over = ended(&app, (&billing, &fake), id).await;
    app.clock().set(over);
    let scope = OrganisationScope::system(id);
    billing.change(&scope, "free", Cycle::Month, None).await.expect("free");
    settle(&billing).await;
    app.clock().advance(400 * DAY);
    settle(&billing).await;
    assert_eq!((requests(&app, &store).await, known(&app, &store).await), (0, 1));
    app.allow_leftovers();
}
