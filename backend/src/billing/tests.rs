//! Billing over a real database and a Stripe on this machine.

use super::{
    Billing,
    account::{self, month},
    plans::{Book, Cycle},
    report, setup,
    state::overwritten,
    stripe::object::Subscription,
    webhook::Taken,
};
use crate::{
    accounts::mailbox::{BillingNews, Letter},
    channels::fake::Fake,
    db::{OrganisationScope, StoreScope},
    messages::{hold::HELD, model::SENT},
    testing::{
        START, TestApp, TestStore,
        flow::Flow,
        mails,
        stripe::{FakeStripe, Fault, billing, event},
    },
};
use cartwheel_domain::{
    ids::{OrganisationId, StoreId},
    time::{DAY, HOUR, MINUTE, SECOND},
};
use cartwheel_entity::{billing_account, message, meter_report, usage_hour, usage_period};
use cartwheel_macros::db_test;
use sea_orm::{ActiveModelTrait, ColumnTrait, IntoActiveModel, QueryFilter, QueryOrder, sea_query::Expr};
use serde_json::json;

mod histories;
mod life;
mod localstripe;
mod retention;

/// The plans of a test, with few of each.
fn small() -> &'static Book {
    let text = include_str!("plans.toml").replacen("email = 500,", "email = 5,", 2);
    Box::leak(Box::new(Book::read(&text).expect("plans")))
}

/// Billing with small plans over a Stripe that answers.
fn desk(app: &TestApp) -> (Billing, FakeStripe) {
    let (fake, url) = FakeStripe::start();
    (Billing { book: small(), ..billing(app, &url) }, fake)
}

fn organisation(store: &TestStore) -> OrganisationId {
    store.keys.organisation_id
}

async fn row(app: &TestApp, id: OrganisationId) -> billing_account::Model {
    let mut tx = app.db().read().await.expect("a transaction");
    let organised = tx.organisation(&OrganisationScope::system(id)).await.expect("the organisation");
    account::look(&organised, app.env()).await.expect("an account")
}

/// Writes an account as it is to be.
async fn put(
    app: &TestApp,
    id: OrganisationId,
    change: impl FnOnce(billing_account::Model) -> billing_account::Model,
) {
    let mut tx = app.db().write().await.expect("a transaction");
    let organised = tx.organisation(&OrganisationScope::system(id)).await.expect("the organisation");
    let row = account::lock(&organised, app.env()).await.expect("an account");
    let change =
        organised.update::<billing_account::Entity>().set(change(row).into_active_model().reset_all());
    change.exec(organised.on()).await.expect("changed");
    tx.commit().await.expect("committed");
}

async fn settle(billing: &Billing) {
    while billing.tick().await.expect("a pass") {}
}

async fn reports(app: &TestApp) -> Vec<meter_report::Model> {
    let mut tx = app.db().read().await.expect("a transaction");
    let system = tx.system().await.expect("all");
    let all = system.find::<meter_report::Entity>().order_by_asc(meter_report::Column::Identifier);
    all.all(system.on()).await.expect("reports")
}

/// Messages that their channel accepted, as the messages themselves say.
async fn accepted(app: &TestApp, store: StoreId) -> i64 {
    let mut tx = app.db().read().await.expect("a transaction");
    let scoped = tx.enter(&StoreScope::system(store)).await.expect("the store");
    let all =
        scoped.find::<message::Entity>().filter(message::Column::Status.eq(SENT)).all(scoped.on()).await;
    i64::try_from(all.expect("messages").len()).expect("few")
}

async fn used(app: &TestApp, id: OrganisationId) -> i64 {
    let mut tx = app.db().read().await.expect("a transaction");
    let organised = tx.organisation(&OrganisationScope::system(id)).await.expect("the organisation");
    let all = organised.find::<usage_period::Entity>().all(organised.on()).await.expect("usage");
    all.iter().map(|u| u.units).sum()
}

/// People leave carts, and their first mails are due.
async fn carts_left(flow: &Flow, names: &[&str]) {
    for name in names {
        flow.left(&format!("{name}@example.com")).await;
    }
    flow.drain().await;
    flow.app.clock().advance(HOUR + MINUTE);
    flow.drain().await;
}

/// I11: what is billed is what channels accepted, by store, channel and hour; what was refused or went to a sandbox is not.
#[db_test]
async fn usage_is_what_was_accepted(app: TestApp) {
    use crate::channels::fake::Act;
    let flow = Flow::new(&app, Fake::forgetful()).await;
    let (billing, _) = desk(&app);
    flow.fake.script([Act::Reject, Act::NoSuchMailbox, Act::AcceptSilently]);
    carts_left(&flow, &["ann", "ben", "cyd", "dan", "eve"]).await;
    let (store, id) = (flow.store.id(), organisation(&flow.store));
    assert_eq!(accepted(&app, store).await, 2, "one refused, one without a mailbox, one nobody knows of");
    settle(&billing).await;
    assert_eq!(used(&app, id).await, 2);
    settle(&billing).await;
    assert_eq!(used(&app, id).await, 2, "added up once");

    let mut tx = app.db().write().await.expect("a transaction");
    let system = tx.system().await.expect("all");
    let row = system.find::<usage_hour::Entity>().one(system.on()).await.expect("asked").expect("an hour");
    assert_eq!((row.accepted, row.counted, row.hour % HOUR), (2, 2, 0));
    let sandbox = cartwheel_entity::store::Column::Sandbox;
    let play = system.update::<cartwheel_entity::store::Entity>().col_expr(sandbox, Expr::value(true));
    play.exec(system.on()).await.expect("a sandbox");
    tx.commit().await.expect("committed");
    app.clock().advance(DAY);
    carts_left(&flow, &["fay"]).await;
    assert!(accepted(&app, store).await > 2, "the sandbox took it");
    settle(&billing).await;
    assert_eq!(used(&app, id).await, 2, "and nobody pays for it");
    app.allow_leftovers();
}

/// Reached, the cap puts messages off and tells the owner once; with the next month they go, but not about carts that were bought.
#[db_test]
async fn a_cap_puts_messages_off_and_loses_none(app: TestApp) {
    let flow = Flow::new(&app, Fake::forgetful()).await;
    let (billing, _) = desk(&app);
    let id = organisation(&flow.store);
    settle(&billing).await;
    carts_left(&flow, &["ann", "ben", "cyd"]).await;
    settle(&billing).await;
    assert_eq!(row(&app, id).await.hold, None);
    assert!(mails(&app).await.is_empty(), "three of five are less than four fifths");
    carts_left(&flow, &["dan"]).await;
    settle(&billing).await;
    assert_eq!(row(&app, id).await.hold, None, "four fifths are a warning");
    assert_eq!(mails(&app).await.len(), 1);
    carts_left(&flow, &["gil"]).await;
    settle(&billing).await;
    let held = row(&app, id).await;
    let ends = month(held.anchor, app.env().now()).end;
    assert_eq!((held.hold.as_deref(), held.hold_until), (Some("cap"), Some(ends)));
    let told = mails(&app).await;
    let shares: std::collections::BTreeSet<(i64, i64, i64)> = told
        .iter()
        .filter_map(|m| match &m.letter {
            Letter::Billing { news: BillingNews::Usage { percent, used, cap, .. }, .. } => {
                Some((*percent, *used, *cap))
            }
            _ => None,
        })
        .collect();
    assert_eq!((told.len(), shares), (2, [(80, 4, 5), (100, 5, 5)].into()), "one owner, a mail for each");

    app.clock().advance(2 * SECOND);
    flow.left("eve@example.com").await;
    let (_, bought) = flow.left("fay@example.com").await;
    flow.drain().await;
    app.clock().advance(HOUR + MINUTE);
    flow.drain().await;
    settle(&billing).await;
    let count = |all: &[message::Model], reason: &str| {
        all.iter().filter(|m| m.reason.as_deref() == Some(reason)).count()
    };
    let waiting = flow.messages().await;
    assert!(count(&waiting, HELD) >= 2, "{waiting:#?}");
    assert!(
        waiting
            .iter()
            .filter(|m| m.reason.as_deref() == Some(HELD))
            .all(|m| m.status == 0 && m.next_at == ends)
    );
    assert_eq!(accepted(&app, flow.store.id()).await, 5);
    assert_eq!(mails(&app).await.len(), 2, "told once");
    flow.order(bought).await;
    while app.env().now() + DAY < ends {
        app.clock().advance(DAY);
        flow.drain().await;
    }

    app.clock().set(ends);
    settle(&billing).await;
    assert_eq!(row(&app, id).await.hold, None);
    app.clock().advance(2 * SECOND);
    flow.drain().await;
    let after = flow.messages().await;
    assert_eq!(count(&after, HELD), 0, "{after:#?}");
    let to = |name: &str| flow.fake.ledger().iter().filter(|a| a.message.to.starts_with(name)).count();
    assert_eq!(to("eve"), 1, "of what waited the latest goes");
    assert_eq!(to("fay"), 0, "what was bought meanwhile does not");
    flow.assert_sound().await;
    app.allow_leftovers();
}

/// A larger plan lets what waited go at once, and so does use beyond what is included.
#[db_test]
async fn a_larger_plan_lets_go_what_waits(app: TestApp) {
    let flow = Flow::new(&app, Fake::forgetful()).await;
    let (billing, fake) = desk(&app);
    let id = organisation(&flow.store);
    carts_left(&flow, &["ann", "ben", "cyd", "dan", "gil"]).await;
    settle(&billing).await;
    app.clock().advance(2 * SECOND);
    carts_left(&flow, &["eve"]).await;
    assert!(flow.messages().await.iter().any(|m| m.reason.as_deref() == Some(HELD)));
    put(&app, id, |r| billing_account::Model { customer_id: Some("cus_x".into()), ..r }).await;
    fake.subscribe("sub_1", "cus_x", &["cartwheel_starter_month_eur"], app.env().now() / SECOND, json!({}));
    assert_eq!(
        billing.receive(&event("evt_1", "customer.subscription.created", "cus_x")).await.expect("kept"),
        Some(Taken::News)
    );
    assert!(billing.ask().await.expect("asked"));
    let now = row(&app, id).await;
    assert_eq!((now.plan.as_str(), now.status.as_str(), now.hold), ("starter", "active", None));
    app.clock().advance(2 * SECOND);
    flow.drain().await;
    assert!(flow.fake.ledger().iter().any(|a| a.message.to.starts_with("eve")));
    app.allow_leftovers();
}

/// I11 to the end: whatever dies and whatever gets lost between us and Stripe, each accepted message is told of once.
#[db_test]
async fn each_message_is_reported_once(app: TestApp) {
    let flow = Flow::new(&app, Fake::forgetful()).await;
    let (billing, fake) = desk(&app);
    let id = organisation(&flow.store);
    put(&app, id, |r| billing_account::Model { customer_id: Some("cus_x".into()), ..r }).await;
    fake.subscribe("sub_1", "cus_x", &["cartwheel_starter_month_eur"], START / SECOND, json!({}));
    carts_left(&flow, &["ann", "ben", "cyd"]).await;
    assert!(!billing.write_reports().await.expect("asked"), "the hour is not over");
    app.clock().advance(HOUR + 5 * MINUTE);
    assert!(!billing.write_reports().await.expect("asked"), "nobody has asked Stripe yet what was bought");
    assert!(billing.ask().await.expect("asked"));
    app.dies("billing.written", 1, billing.write_reports()).await;
    assert!(reports(&app).await.is_empty());
    assert!(billing.write_reports().await.expect("written"));
    assert!(!billing.write_reports().await.expect("written"), "written once");
    app.dies("billing.taken", 1, billing.hand_over_reports()).await;
    assert!(!billing.hand_over_reports().await.expect("asked"), "its worker may live yet");
    assert!(fake.metered().is_empty());
    app.clock().advance(5 * MINUTE);
    app.dies("billing.told", 1, billing.hand_over_reports()).await;
    assert_eq!(fake.metered()["cartwheel_email"], 3, "told, and nobody wrote it down");
    for fault in [Fault::Lost, Fault::Status(429), Fault::Status(500)] {
        app.clock().advance(HOUR);
        fake.script([fault]);
        assert!(billing.hand_over_reports().await.expect("asked"), "{fault:?}");
        assert_eq!(reports(&app).await[0].status, report::WAITS);
    }
    app.clock().advance(HOUR);
    assert!(billing.hand_over_reports().await.expect("asked"));
    assert!(!billing.hand_over_reports().await.expect("asked"), "it has arrived");
    let all = reports(&app).await;
    assert_eq!((all.len(), all[0].units, all[0].status), (1, 3, report::ARRIVED));
    assert_eq!(fake.metered()["cartwheel_email"], accepted(&app, flow.store.id()).await);
    let told = fake.calls_to("POST /v1/billing/meter_events");
    assert!(told.iter().all(|c| c.key.as_deref() == Some(&*all[0].identifier) && c.form == told[0].form));
    let at: i64 = told[0].form["timestamp"].parse().expect("seconds");
    assert_eq!(at * SECOND, all[0].hour + HOUR - SECOND);

    // An answer that came late adds to an hour that was reported: a report of its own.
    let mut tx = app.db().write().await.expect("a transaction");
    let scoped = tx.enter(&flow.store.scope()).await.expect("the store");
    let mut late = crate::messages::usage::Accepted::default();
    late.add("email", all[0].hour + 1);
    late.write(&scoped).await.expect("counted");
    tx.commit().await.expect("committed");
    put(&app, id, |r| billing_account::Model { ask_at: i64::MAX, ..r }).await;
    assert!(
        billing.write_reports().await.expect("written") && billing.hand_over_reports().await.expect("told")
    );
    assert_eq!(reports(&app).await.len(), 2);
    assert_eq!(fake.metered()["cartwheel_email"], 4);
    app.allow_leftovers();
}

/// What could not be settled while Stripe keeps names apart is not told again; what Stripe refuses is not either. Both can be seen.
#[db_test]
async fn a_report_that_nobody_knows_of_is_left_to_people(app: TestApp) {
    let flow = Flow::new(&app, Fake::forgetful()).await;
    let (billing, fake) = desk(&app);
    let id = organisation(&flow.store);
    put(&app, id, |r| billing_account::Model {
        customer_id: Some("cus_x".into()),
        status: "active".into(),
        subscribed_at: Some(START),
        asked_at: Some(START),
        ask_at: i64::MAX,
        ..r
    })
    .await;
    carts_left(&flow, &["ann"]).await;
    app.clock().advance(2 * HOUR);
    fake.script([Fault::Lost]);
    assert!(
        billing.write_reports().await.expect("written") && billing.hand_over_reports().await.expect("told")
    );
    app.clock().advance(DAY);
    assert!(billing.hand_over_reports().await.expect("asked"));
    assert_eq!(reports(&app).await[0].status, report::UNKNOWN);
    assert_eq!(fake.calls_to("POST /v1/billing/meter_events").len(), 1);
    carts_left(&flow, &["ben"]).await;
    app.clock().advance(2 * HOUR);
    fake.script([Fault::Status(400)]);
    assert!(
        billing.write_reports().await.expect("written") && billing.hand_over_reports().await.expect("told")
    );
    assert!(reports(&app).await.iter().any(|r| r.status == report::REFUSED && r.said.is_some()));
    app.allow_leftovers();
}

/// The operator's command makes what is missing, and nothing twice; a price that differs gets a new object.
#[db_test]
async fn prices_are_made_once(app: TestApp) {
    let (billing, fake) = desk(&app);
    fake.script([Fault::Status(500)]);
    assert!(setup::sync(&billing.stripe, billing.book).await.is_err(), "busy: the next pass goes on");
    let made = setup::sync(&billing.stripe, billing.book).await.expect("made");
    assert_eq!((made.products.len(), made.meters.len(), made.prices.len()), (3, 4, 3 * 2 * 4 * 5));
    let again = setup::sync(&billing.stripe, billing.book).await.expect("looked");
    assert_eq!(again, setup::Made::default());
    fake.reprice("cartwheel_growth_year_chf", 1);
    let mended = setup::sync(&billing.stripe, billing.book).await.expect("mended");
    assert_eq!(mended.prices, ["cartwheel_growth_year_chf"]);
}

/// Whoever goes back to an older database tells Stripe nothing that it may have been told since.
#[db_test]
async fn a_restored_database_reports_nothing_again(app: TestApp) {
    let flow = Flow::new(&app, Fake::forgetful()).await;
    let (billing, fake) = desk(&app);
    let id = organisation(&flow.store);
    put(&app, id, |r| billing_account::Model {
        customer_id: Some("cus_x".into()),
        status: "active".into(),
        subscribed_at: Some(START),
        asked_at: Some(START),
        ask_at: i64::MAX,
        ..r
    })
    .await;
    carts_left(&flow, &["ann"]).await;
    app.clock().advance(2 * HOUR);
    assert!(billing.write_reports().await.expect("written"));
    carts_left(&flow, &["ben"]).await;
    crate::messages::cancel::after_restore(app.db(), app.env().now()).await.expect("stopped");
    app.clock().advance(2 * HOUR);
    put(&app, id, |r| billing_account::Model { ask_at: i64::MAX, ..r }).await;
    assert!(
        !billing.write_reports().await.expect("asked") && !billing.hand_over_reports().await.expect("asked")
    );
    assert!(fake.metered().is_empty());
    assert_eq!(reports(&app).await[0].status, report::UNKNOWN);
    app.allow_leftovers();
}
